//! What Redis and its client say, in the words of the port.

use batchway_domain::ports::StoreError;
use fred::error::{Error, ErrorKind};

/// What an error of Redis means, by the word that it begins with, and what to do about it.
const MEANINGS: [(&str, &str); 15] = [
    (
        "READONLY",
        "it is a read-only replica; if it was failed over, point the gateway at the new primary",
    ),
    (
        "LOADING",
        "it is reading its data after a start; this passes",
    ),
    (
        "MASTERDOWN",
        "it is a replica that has lost its primary; point the gateway at the primary",
    ),
    (
        "CLUSTERDOWN",
        "the cluster does not serve all slots; look at CLUSTER INFO and bring its nodes back",
    ),
    (
        "TRYAGAIN",
        "a slot of the cluster is being moved; this passes",
    ),
    ("MOVED", "a slot of the cluster is being moved; this passes"),
    ("ASK", "a slot of the cluster is being moved; this passes"),
    (
        "CROSSSLOT",
        "the keys of a call lie in different slots of the cluster; this is a mistake in the gateway",
    ),
    (
        "NOAUTH",
        "it wants a password; set REDIS_PASSWORD or REDIS_URL",
    ),
    (
        "WRONGPASS",
        "it refuses the user name or password; check REDIS_USERNAME and REDIS_PASSWORD",
    ),
    (
        "NOPERM",
        "its ACL forbids a command; allow the gateway's user ~{bw* and +@all",
    ),
    ("NOSCRIPT", "it forgot a script right after it was given it"),
    (
        "MISCONF",
        "it can't write its data to disk and so refuses changes; look at its log and disk",
    ),
    (
        "NOREPLICAS",
        "it has fewer good replicas than its min-replicas-to-write; bring them back",
    ),
    (
        "BUSY",
        "it is busy with a long script; SCRIPT KILL ends one that only reads",
    ),
];

/// A failure by what it means to who waits for an answer.
pub(crate) fn store_error(address: &str, error: &Error) -> StoreError {
    let source = Some(error.clone().into());
    match code(error) {
        Some("OOM") => StoreError::Full {
            reason: format!(
                "Redis at {address} has reached its maxmemory; give it more, or remove jobs earlier"
            ),
            source,
        },
        _ => StoreError::Unavailable {
            reason: format!("Redis at {address}: {}", sentence(error)),
            source,
        },
    }
}

/// What is wrong and what to do.
pub(crate) fn sentence(error: &Error) -> String {
    let known = code(error).and_then(|code| {
        let meaning = MEANINGS.iter().find(|(known, _)| *known == code);
        meaning.map(|(_, sentence)| (*sentence).to_owned())
    });
    known.unwrap_or_else(|| match error.kind() {
        ErrorKind::Timeout => "it did not answer in time".to_owned(),
        ErrorKind::IO | ErrorKind::Canceled => format!("no connection ({})", error.details()),
        ErrorKind::Auth => format!("it refuses us ({})", error.details()),
        _ => error.details().to_owned(),
    })
}

/// The word that an error of the server begins with; none for an error of the client. That the
/// client didn't follow a redirection is the server's `MOVED` or `ASK`.
pub(crate) fn code(error: &Error) -> Option<&str> {
    if *error.kind() == ErrorKind::Routing && error.details().contains("redirections") {
        return Some("MOVED");
    }
    let word = error.details().split_whitespace().next()?;
    let is_code = word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code.then_some(word)
}

/// Whether the client had just no connection to send it by.
pub(crate) fn is_unsent(error: &Error) -> bool {
    error.details().starts_with("Failed to route command")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_server(text: &'static str) -> StoreError {
        store_error("db:6379", &Error::new(ErrorKind::Unknown, text))
    }

    #[test]
    fn out_of_memory_is_full_and_certainly_did_nothing() {
        let error = of_server("OOM command not allowed when used memory > 'maxmemory'.");
        assert!(error.certainly_did_nothing());
        assert!(error.to_string().contains("maxmemory"), "{error}");
    }

    #[test]
    fn every_error_of_the_server_has_its_sentence() {
        for (code, sentence) in MEANINGS {
            let text: &'static str = Box::leak(format!("{code} said Redis").into_boxed_str());
            let error = of_server(text);
            assert!(!error.certainly_did_nothing(), "{code}");
            assert_eq!(
                error.to_string(),
                format!("the job store does not answer: Redis at db:6379: {sentence}")
            );
        }
    }

    #[test]
    fn what_is_not_known_is_told_as_it_is() {
        let error = of_server("ERR unknown command 'EVALSHA'");
        assert!(error.to_string().ends_with("ERR unknown command 'EVALSHA'"));
        let timeout = Error::new(ErrorKind::Timeout, "Request timed out.");
        assert_eq!(code(&timeout), None);
        assert_eq!(sentence(&timeout), "it did not answer in time");
        let redirected = Error::new(ErrorKind::Routing, "Too many redirections.");
        assert_eq!(code(&redirected), Some("MOVED"));
        let io = Error::new(ErrorKind::IO, "Connection refused");
        assert_eq!(sentence(&io), "no connection (Connection refused)");
    }
}
