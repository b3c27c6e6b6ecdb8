//! What an answer means. The codes are PostgREST's (`PGRST…`) and PostgreSQL's (SQLSTATE), which
//! say more than the status:
//! <https://docs.postgrest.org/en/stable/references/errors.html>,
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use std::time::Duration;

use batchway_domain::ports::MirrorError;
use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use hyper::http::response::Parts;
use serde::Deserialize;

use crate::SupabaseConfig;

/// The most that is repeated of what the other side says, in characters.
const LONGEST_QUOTE: usize = 300;

/// An answer as far as it matters.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    code: String,
    message: String,
}

/// The body of an error. PostgREST has all of them, what stands before it at least a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Option<String>,
    message: Option<String>,
}

/// Whose fault it is that nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Away,
    Key,
    Rights,
    Table,
    Columns,
    Row,
    Other,
}

impl Answer {
    pub(crate) fn new(head: &Parts, body: &[u8]) -> Self {
        // Whoever stands in between may answer in HTML, which says nothing.
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let seconds = head.headers.get(RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Self {
            status: head.status,
            retry_after: seconds.map(Duration::from_secs),
            code: body.code.unwrap_or_default(),
            message: body.message.unwrap_or_default(),
        }
    }

    /// Whether the rows were written, and otherwise why not.
    pub(crate) fn judged(self, config: &SupabaseConfig) -> Result<(), MirrorError> {
        if self.status.is_success() {
            return Ok(());
        }
        let (host, table) = (config.host(), config.table());
        let said = self.said(config);
        let refused = |what: String| {
            let reason = format!("{what}. It said: {said}");
            Err(MirrorError::Refused { reason })
        };
        match self.fault() {
            Fault::Away => Err(MirrorError::Unavailable {
                reason: format!("Supabase at {host} can't serve now: {said}"),
                retry_after: self.retry_after,
                source: None,
            }),
            Fault::Row => Err(MirrorError::RowRefused { reason: said }),
            Fault::Key => refused(format!(
                "Supabase at {host} does not take SUPABASE_SERVICE_KEY: copy the project's secret \
                 key, or its service_role key, anew"
            )),
            Fault::Rights => refused(format!(
                "SUPABASE_SERVICE_KEY may not write to the table {table} of Supabase at {host}: it \
                 has to be the secret or service_role key, not the publishable or anon key, and \
                 that role needs the grants of infra/supabase/migrations"
            )),
            Fault::Table => refused(format!(
                "Supabase at {host} has no table {table}: apply infra/supabase/migrations, or name \
                 the right one in SUPABASE_TABLE"
            )),
            Fault::Columns => refused(format!(
                "the table {table} of Supabase at {host} is not as this version of Batchway needs \
                 it: apply what is new in infra/supabase/migrations"
            )),
            Fault::Other => refused(format!(
                "Supabase at {host} takes nothing for the table {table}: check SUPABASE_URL and \
                 the project"
            )),
        }
    }

    fn fault(&self) -> Fault {
        match (self.code.as_str(), self.status.as_u16()) {
            ("42501", _) => Fault::Rights,
            ("42P01" | "PGRST205", _) => Fault::Table,
            ("42703" | "42804" | "42P10" | "PGRST204", _) => Fault::Columns,
            (code, _) if code.starts_with("PGRST3") => Fault::Key,
            // Without a connection to its database.
            (code, _) if code.starts_with("PGRST00") => Fault::Away,
            (code, _) if is_of_class(code, &["25", "28", "42"]) => Fault::Other,
            // Values, constraints, limits of size, and what a trigger raises.
            (code, _) if is_of_class(code, &["21", "22", "23", "54", "P0"]) => Fault::Row,
            (_, 401) => Fault::Key,
            (_, 403) => Fault::Rights,
            (_, 408 | 425 | 429 | 500..=599) => Fault::Away,
            (_, 400 | 409 | 413 | 422) => Fault::Row,
            _ => Fault::Other,
        }
    }

    /// Status, code and words of the other side, as short as they may be.
    fn said(&self, config: &SupabaseConfig) -> String {
        let words: String = config
            .without_key(&self.message)
            .chars()
            .map(|one| if one.is_control() { ' ' } else { one })
            .take(LONGEST_QUOTE)
            .collect();
        let code: String = self
            .code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(10)
            .collect();
        let parts = [self.status.as_u16().to_string(), code, words];
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// The first two characters of a SQLSTATE are its class.
fn is_of_class(code: &str, classes: &[&str]) -> bool {
    code.len() == 5 && classes.iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(status: u16, code: &str) -> Fault {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.to_owned(),
            ..Answer::default()
        };
        answer.fault()
    }

    #[test]
    fn codes_say_more_than_the_status() {
        for (status, code, expected) in [
            (401, "", Fault::Key),
            (401, "PGRST301", Fault::Key),
            (401, "42501", Fault::Rights),
            (403, "42501", Fault::Rights),
            (404, "PGRST205", Fault::Table),
            (404, "42P01", Fault::Table),
            (404, "", Fault::Other),
            (400, "PGRST204", Fault::Columns),
            (400, "42P10", Fault::Columns),
            (400, "23502", Fault::Row),
            (400, "22P05", Fault::Row),
            (409, "23505", Fault::Row),
            (500, "54000", Fault::Row),
            (413, "", Fault::Row),
            (405, "25006", Fault::Other),
            (307, "", Fault::Other),
            (503, "PGRST001", Fault::Away),
            (504, "PGRST003", Fault::Away),
            (500, "57014", Fault::Away),
            (503, "53300", Fault::Away),
            (500, "40001", Fault::Away),
            (429, "", Fault::Away),
            (522, "", Fault::Away),
        ] {
            assert_eq!(fault(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn what_is_said_is_short_and_holds_no_key() {
        let config = SupabaseConfig::new("https://abc.supabase.co", "sb_secret_hunter2", "jobs");
        let answer = Answer {
            status: StatusCode::NOT_FOUND,
            code: "PGRST205".to_owned(),
            message: format!("no\ntable for sb_secret_hunter2 {}", "x".repeat(10_000)),
            retry_after: None,
        };
        let error = answer.judged(&config.unwrap()).unwrap_err().to_string();
        assert!(
            error.contains("no table jobs") && error.contains("infra/supabase"),
            "{error}"
        );
        assert!(error.contains("404 PGRST205 no table for …"), "{error}");
        assert!(!error.contains("hunter2") && error.len() < 700, "{error}");
    }

    #[test]
    fn who_is_busy_may_say_for_how_long() {
        let (mut head, ()) = hyper::Response::new(()).into_parts();
        head.status = StatusCode::TOO_MANY_REQUESTS;
        head.headers.insert(RETRY_AFTER, "7".parse().unwrap());
        let answer = Answer::new(&head, b"<html>slow down</html>");
        let config = SupabaseConfig::new("https://abc.supabase.co", "sb_secret_x", "jobs").unwrap();
        let error = answer.judged(&config).unwrap_err();
        let seven = Some(Duration::from_secs(7));
        assert!(
            matches!(error, MirrorError::Unavailable { retry_after, .. } if retry_after == seven),
            "{error:?}"
        );
    }
}
