//! Which addresses a target may be reached at.

use std::net::{IpAddr, SocketAddr};

use batchway_domain::ports::WebhookUnanswered;
use batchway_domain::security::WebhookPolicy;
use tokio::time::timeout;
use url::{Host, Url};

use crate::limits::Limits;
use crate::network::Network;
use crate::reason::Reason;

/// An address that the policy permits. There is no other way to get one than to be judged, and no
/// other address is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permitted(SocketAddr);

impl Permitted {
    fn judge(address: IpAddr, port: u16, policy: &WebhookPolicy) -> Option<Self> {
        // A mapped address is connected to as the IPv4 address that was judged.
        policy
            .permits(address)
            .then(|| Self(SocketAddr::new(address.to_canonical(), port)))
    }

    pub(crate) const fn address(self) -> SocketAddr {
        self.0
    }
}

/// At most so many addresses of a name are tried.
const MOST: usize = 6;

/// Where a URL may be connected to, in the order in which to try.
///
/// Of the addresses that a name has, those that are not permitted are as if there were none of
/// them.
pub(crate) async fn of_target(
    url: &Url,
    policy: &WebhookPolicy,
    network: &dyn Network,
    limits: &Limits,
) -> Result<Vec<Permitted>, WebhookUnanswered> {
    let port = url.port_or_known_default().ok_or(Reason::Unwritable)?;
    let found = match url.host().ok_or(Reason::Unwritable)? {
        Host::Ipv4(address) => vec![address.into()],
        Host::Ipv6(address) => vec![address.into()],
        Host::Domain(name) => look_up(name, network, limits).await?,
    };
    let permitted: Vec<_> = found
        .iter()
        .filter_map(|address| Permitted::judge(*address, port, policy))
        .collect();
    if permitted.is_empty() {
        return Err(Reason::Inside.because(format!("not permitted: {found:?}")));
    }
    Ok(in_turns(permitted))
}

async fn look_up(
    name: &str,
    network: &dyn Network,
    limits: &Limits,
) -> Result<Vec<IpAddr>, WebhookUnanswered> {
    let found = timeout(limits.lookup, network.resolve(name))
        .await
        .map_err(|_| Reason::UnresolvedWithin(limits.lookup))?
        .map_err(|error| Reason::Unresolved.because(error))?;
    if found.is_empty() {
        return Err(Reason::Unresolved.into());
    }
    Ok(found)
}

/// The two families by turns, that of the first address first, as RFC 8305 has it: where one of
/// them leads nowhere, the other comes soon.
fn in_turns(addresses: Vec<Permitted>) -> Vec<Permitted> {
    let Some(first) = addresses.first().copied() else {
        return addresses;
    };
    let is_of_first = |address: &Permitted| address.0.is_ipv4() == first.0.is_ipv4();
    let (one, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(is_of_first);
    let mut other = other.into_iter();
    let mut ordered = Vec::new();
    for address in one {
        ordered.push(address);
        ordered.extend(other.next());
    }
    ordered.extend(other);
    ordered.truncate(MOST);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_only_so_many_are_tried() {
        let order = |addresses: &[&str]| -> Vec<String> {
            let policy = WebhookPolicy::default();
            let judge = |text: &&str| Permitted::judge(text.parse().unwrap(), 1, &policy).unwrap();
            in_turns(addresses.iter().map(judge).collect())
                .into_iter()
                .map(|permitted| permitted.0.ip().to_string())
                .collect()
        };
        assert_eq!(
            order(&["2600::1", "2600::2", "2600::3", "1.1.1.1", "1.1.1.2"]),
            ["2600::1", "1.1.1.1", "2600::2", "1.1.1.2", "2600::3"]
        );
        assert_eq!(
            order(&["1.1.1.1", "2600::1", "2600::2"]),
            ["1.1.1.1", "2600::1", "2600::2"]
        );
        assert_eq!(order(&["1.1.1.1"; 20]).len(), MOST);
    }

    #[test]
    fn what_is_not_permitted_can_not_be_connected_to() {
        let policy = WebhookPolicy::default();
        for address in ["10.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(
                Permitted::judge(address.parse().unwrap(), 80, &policy),
                None
            );
        }
        let mapped = Permitted::judge("::ffff:8.8.8.8".parse().unwrap(), 80, &policy).unwrap();
        assert_eq!(mapped.address(), "8.8.8.8:80".parse().unwrap());
    }
}
