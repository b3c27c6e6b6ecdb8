//! What a link says: the key in its path, decoded exactly once, and the two parameters.

use batchway_application::RequestError;
use batchway_application::use_cases::LinkRequest;
use batchway_domain::security::{LinkMethod, LinkSigner};
use poem::Request;

use crate::problem::Problem;

/// Reads a link. What can't have been made here is refused like what was changed on the way.
pub(super) fn read(request: &Request) -> Result<LinkRequest, Problem> {
    let refused = || Problem::from(RequestError::LinkRefused);
    // Not the router's parameter: that is decoded too, and once is enough.
    let raw_path = request.uri().path();
    let raw_key = raw_path
        .strip_prefix(LinkSigner::PATH)
        .ok_or_else(refused)?;
    let query: Vec<(String, String)> = request.params().map_err(|_| refused())?;
    let parameter = |name| {
        query
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    };
    Ok(LinkRequest {
        method: LinkMethod::Get,
        key: percent_decoded(raw_key).ok_or_else(refused)?,
        expires: parameter("expires")
            .and_then(|text| text.parse().ok())
            .ok_or_else(refused)?,
        signature: parameter("signature").cloned().ok_or_else(refused)?,
        range: None,
    })
}

/// Decodes once. `None` where a `%` is not followed by two hex digits, or UTF-8 is not the outcome.
fn percent_decoded(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_exactly_once() {
        let decoded = |raw| percent_decoded(raw);
        assert_eq!(decoded("a/b%20c%C3%BC.h5").as_deref(), Some("a/b cü.h5"));
        assert_eq!(decoded("%252e%252e/x+y").as_deref(), Some("%2e%2e/x+y"));
        for bad in ["%", "%4", "%zz", "a%+1", "%ff", "%e2%28"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
