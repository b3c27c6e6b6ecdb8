//! Where the gateway is, and what to do where it is not.

use std::net::SocketAddr;

use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::wiring::reachable;

/// The address of a gateway, and who says so.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) url: String,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Origin {
    Argument,
    /// Beside it, where the gateway listens on this machine.
    PublicUrl {
        listens_at: String,
    },
    Listen,
}

impl Address {
    /// The one that was typed; otherwise the one that clients use; otherwise the one that is
    /// listened on.
    pub(super) fn choose(
        typed: Option<String>,
        configuration: &Configuration,
    ) -> Result<Self, Failure> {
        let listens_at = format!("http://{}", reachable(configuration.listen));
        let (url, origin) = match (typed, &configuration.public_url) {
            (Some(url), _) => (url.trim_end_matches('/').to_owned(), Origin::Argument),
            (None, Some(url)) => (url.clone(), Origin::PublicUrl { listens_at }),
            (None, None) if is_any_port(configuration.listen) => {
                return Err(Failure::misconfigured(format!(
                    "BATCHWAY_LISTEN={} says nothing of the port that the gateway took: give its \
                     address with --url",
                    configuration.listen
                )));
            }
            (None, None) => (listens_at, Origin::Listen),
        };
        Ok(Self { url, origin })
    }

    /// Where else the same gateway may answer, if what lies before it does not.
    pub(super) fn behind(&self) -> Option<&str> {
        match &self.origin {
            Origin::PublicUrl { listens_at } if *listens_at != self.url => Some(listens_at),
            _ => None,
        }
    }

    /// What to do where nothing answers.
    pub(super) fn advice(&self, answers_behind: bool) -> String {
        match &self.origin {
            Origin::PublicUrl { listens_at } if answers_behind => format!(
                "the gateway itself answers at {listens_at}: look at what lies between, which is \
                 DNS, the reverse proxy and its certificate, and at BATCHWAY_PUBLIC_URL. To go past \
                 it: batchway smoke --url {listens_at}"
            ),
            Origin::PublicUrl { .. } => {
                "start the gateway: batchway serve. Where it runs, see whether \
                 BATCHWAY_PUBLIC_URL is its address"
                    .to_owned()
            }
            Origin::Listen => "start the gateway: batchway serve. Where it runs elsewhere, give \
                               its address with --url, or set BATCHWAY_PUBLIC_URL"
                .to_owned(),
            Origin::Argument => {
                "see whether --url is the gateway's address, and start it: batchway serve"
                    .to_owned()
            }
        }
    }
}

/// Port 0 takes a free one.
const fn is_any_port(address: SocketAddr) -> bool {
    address.port() == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Variables;

    fn choose(typed: Option<&str>, pairs: &[(&str, &str)]) -> Result<Address, Failure> {
        let configuration = Configuration::read(&Variables::of_pairs(pairs)).unwrap();
        Address::choose(typed.map(str::to_owned), &configuration)
    }

    #[test]
    fn what_was_typed_wins_over_what_clients_use_and_that_over_what_is_listened_on() {
        let public = ("BATCHWAY_PUBLIC_URL", "https://jobs.example.org");
        let listen = ("BATCHWAY_LISTEN", "0.0.0.0:9000");
        for (typed, pairs, url) in [
            (Some("http://a:1/"), &[public, listen][..], "http://a:1"),
            (None, &[public, listen], "https://jobs.example.org"),
            (None, &[listen], "http://127.0.0.1:9000"),
            (None, &[], "http://127.0.0.1:8000"),
        ] {
            assert_eq!(choose(typed, pairs).unwrap().url, url);
        }
    }

    #[test]
    fn any_port_is_none() {
        let refused = choose(None, &[("BATCHWAY_LISTEN", "127.0.0.1:0")]).unwrap_err();
        assert!(refused.to_string().contains("--url"), "{refused}");
    }

    #[test]
    fn a_proxy_that_does_not_answer_is_told_from_a_gateway_that_does_not() {
        let public = choose(None, &[("BATCHWAY_PUBLIC_URL", "https://jobs.example.org")]).unwrap();
        assert_eq!(public.behind(), Some("http://127.0.0.1:8000"));
        assert!(public.advice(true).contains("reverse proxy"));
        assert!(public.advice(false).contains("batchway serve"));
        let itself = choose(None, &[("BATCHWAY_PUBLIC_URL", "http://127.0.0.1:8000")]).unwrap();
        assert_eq!(itself.behind(), None);
    }
}
