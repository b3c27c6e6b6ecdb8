//! The name of a request, in its answer, in its problem and in the log.

use batchway_domain::ports::Entropy;
use poem::http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a caller.
const MAX_LENGTH: usize = 128;

/// The id that the caller gave, where it is fit to be written to a log, and otherwise a new one.
pub(super) fn request_id(headers: &HeaderMap, entropy: &dyn Entropy) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    match given {
        Some(id) if is_sane(id) => id.to_owned(),
        _ => data_encoding::HEXLOWER.encode(&entropy.bytes::<16>()),
    }
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte))
}

/// The id as a header's value.
pub(super) fn header_value(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).expect("an id holds only visible ASCII characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn id_for(given: &[u8]) -> String {
        let value = HeaderValue::from_bytes(given).unwrap();
        request_id(&HeaderMap::from_iter([(REQUEST_ID, value)]), &Sevens)
    }

    #[test]
    fn only_a_sane_id_is_taken_over() {
        let fresh = "07".repeat(16);
        assert_eq!(id_for(b"trace-1:a/b+c=_.9"), "trace-1:a/b+c=_.9");
        assert_eq!(request_id(&HeaderMap::new(), &Sevens), fresh);
        let long = "x".repeat(129);
        for bad in [
            b"".as_slice(),
            b"a b",
            b"a\"b",
            "é".as_bytes(),
            b"\xff",
            long.as_bytes(),
        ] {
            assert_eq!(id_for(bad), fresh, "{}", String::from_utf8_lossy(bad));
        }
    }
}
