//! Which webhook URLs are taken at POST. The literal host is judged here, without DNS; the
//! resolved address is judged again, by the same rule, by whoever connects.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::WebhookPolicy;

/// A URL that may be called: http or https, no credentials in it, and a host that is not, as
/// written, an address or name of the inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookTarget(String);

impl WebhookTarget {
    /// The longest URL taken, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// Judges a URL, where only public targets are taken.
    ///
    /// # Errors
    /// [`ForbiddenTarget`], with a sentence for the caller.
    pub fn parse(text: &str) -> Result<Self, ForbiddenTarget> {
        Self::judge(text, &WebhookPolicy::default())
    }

    /// Judges a URL.
    ///
    /// # Errors
    /// [`ForbiddenTarget`], with a sentence for the caller.
    pub fn judge(text: &str, policy: &WebhookPolicy) -> Result<Self, ForbiddenTarget> {
        // Parsers of URLs differ in what they do with these. So that nobody reads another host
        // than we do, there are none.
        if text.contains(|letter: char| letter.is_control() || letter == ' ' || letter == '\\') {
            return Err(ForbiddenTarget(
                "has a space or another character that URLs don't have",
            ));
        }
        let url = Url::parse(text).map_err(|_| ForbiddenTarget("is not an absolute URL"))?;
        if text.len().max(url.as_str().len()) > Self::MAX_BYTES {
            return Err(ForbiddenTarget("is longer than 2048 bytes"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ForbiddenTarget("has a scheme other than http and https"));
        }
        judge_beginning(text)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ForbiddenTarget("has a user name or a password in it"));
        }
        if url.port() == Some(0) {
            return Err(ForbiddenTarget("has the port 0, at which nothing listens"));
        }
        judge_host(url.host(), policy)?;
        Ok(Self(url.into()))
    }

    /// The URL as it will be called.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and, where it isn't the scheme's own, port: `https://example.com`.
    pub fn origin(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => url.origin().ascii_serialization(),
            // A record that was damaged is a receiver of its own.
            Err(_) => self.0.clone(),
        }
    }
}

impl fmt::Display for WebhookTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Browsers read `http:host`, `http:/host` and `http:///host` as `http://host`; RFC 3986, and with it
/// most programs, read them as URLs without a host.
fn judge_beginning(text: &str) -> Result<(), ForbiddenTarget> {
    let behind = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match behind {
        None => Err(ForbiddenTarget("does not begin with http:// or https://")),
        Some(behind) if behind.starts_with('/') => Err(ForbiddenTarget("has no host")),
        Some(_) => Ok(()),
    }
}

fn judge_host(host: Option<Host<&str>>, policy: &WebhookPolicy) -> Result<(), ForbiddenTarget> {
    const INSIDE: ForbiddenTarget = ForbiddenTarget("points to an address that is not public");
    match host {
        None => Err(ForbiddenTarget("has no host")),
        Some(Host::Ipv4(address)) if !policy.permits(address.into()) => Err(INSIDE),
        Some(Host::Ipv6(address)) if !policy.permits(address.into()) => Err(INSIDE),
        Some(Host::Domain(name)) if is_inside_name(name) && !policy.permits_inside_names() => {
            Err(ForbiddenTarget("has a host name that is not public"))
        }
        Some(_) => Ok(()),
    }
}

/// Last labels of names that never stand for a public host.
const INSIDE_NAMES: [&str; 16] = [
    // Special-use names: RFC 6761, RFC 6762, RFC 7686, RFC 9476.
    "alt",
    "example",
    "invalid",
    "local",
    "localhost",
    "onion",
    "test",
    // Infrastructure of the DNS, and the home network of RFC 8375.
    "arpa",
    // ICANN's name for private use.
    "internal",
    // What private networks use all the same: RFC 6762, appendix G, and ICANN's name collisions.
    "corp",
    "home",
    "intranet",
    "lan",
    "localdomain",
    "mail",
    "private",
];

/// Whether a name is one of the inside, as are all without a dot.
fn is_inside_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    match name.rsplit_once('.') {
        Some((_, last)) => INSIDE_NAMES.contains(&last),
        None => true,
    }
}

/// Why a URL can't be a webhook: the end of a sentence that begins with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ForbiddenTarget(pub &'static str);

#[cfg(test)]
mod tests;
