use std::fmt;

use hyper::Uri;
use hyper::header::HeaderValue;
use url::Url;

/// Where PostgREST lies below a project's URL.
const REST: &str = "/rest/v1";

/// The most bytes of a name in PostgreSQL.
const LONGEST_NAME: usize = 63;

/// Which table to write to, and who we are there. `Debug` shows no key.
#[derive(Clone, PartialEq, Eq)]
pub struct SupabaseConfig {
    endpoint: Uri,
    host: String,
    table: String,
    key: HeaderValue,
    bearer: Option<HeaderValue>,
}

impl SupabaseConfig {
    /// * `url`: that of the project, such as `https://abc.supabase.co`.
    /// * `service_key`: its secret key (`sb_secret_…`), or the older JWT of the role
    ///   `service_role`.
    /// * `table`: in the schema that the API serves first, which is `public`.
    ///
    /// # Errors
    /// [`InvalidConfig`]. It repeats no key.
    pub fn new(url: &str, service_key: &str, table: &str) -> Result<Self, InvalidConfig> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let begins_well =
            table.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !begins_well || table.len() > LONGEST_NAME || !table.bytes().all(is_name) {
            return Err(InvalidConfig::Table);
        }
        let (endpoint, host) = endpoint(url, table).ok_or(InvalidConfig::Url)?;
        let key = secret(service_key).ok_or(InvalidConfig::Key)?;
        // A secret key of the newer kind is no JWT, and is refused where one is looked for.
        let bearer = is_jwt(service_key)
            .then(|| secret(&format!("Bearer {service_key}")))
            .flatten();
        Ok(Self {
            endpoint,
            host,
            table: table.to_owned(),
            key,
            bearer,
        })
    }

    /// The name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Where it is: scheme, host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the key goes over the network as it is, to another machine.
    pub fn is_in_the_clear(&self) -> bool {
        let is_near = matches!(
            self.endpoint.host(),
            Some("localhost" | "127.0.0.1" | "[::1]")
        );
        self.endpoint.scheme_str() == Some("http") && !is_near
    }

    pub(crate) const fn endpoint(&self) -> &Uri {
        &self.endpoint
    }

    /// For the header `apikey`.
    pub(crate) const fn key(&self) -> &HeaderValue {
        &self.key
    }

    /// For the header `Authorization`.
    pub(crate) const fn bearer(&self) -> Option<&HeaderValue> {
        self.bearer.as_ref()
    }

    /// A text of others', without the key if they should repeat it.
    pub(crate) fn without_key(&self, text: &str) -> String {
        match self.key.to_str() {
            Ok(key) => text.replace(key, "…"),
            Err(_) => text.to_owned(),
        }
    }
}

impl fmt::Debug for SupabaseConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SupabaseConfig")
            .field("host", &self.host)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// Why a configuration can't be used. None repeats what it was given: keys get into the wrong
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// Not the URL of a project.
    #[error("it must be the URL of the project, such as https://abc.supabase.co")]
    Url,
    /// Can't be sent as a header.
    #[error("it must be the project's secret key, or its service_role key, in one piece")]
    Key,
    /// Not a name that needs no quotes.
    #[error("it must be the name of a table: letters, digits and _, no digit first, at most 63")]
    Table,
}

/// The URL that rows are posted to, and what to call the host in a sentence.
fn endpoint(text: &str, table: &str) -> Option<(Uri, String)> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_plain {
        return None;
    }
    let host = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(REST).unwrap_or(path);
    let endpoint = format!("{host}{path}{REST}/{table}?on_conflict=job_id");
    Some((endpoint.parse().ok()?, host))
}

fn secret(text: &str) -> Option<HeaderValue> {
    if text.is_empty()
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        return None;
    }
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Three parts with dots between, the first of which is a JSON object in base64.
fn is_jwt(key: &str) -> bool {
    key.starts_with("eyJ") && key.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://abc.supabase.co";
    const JWT: &str = "eyJhbGciOi.eyJyb2xlIj.c2lnbmF0dXJl";

    fn endpoint_of(url: &str) -> String {
        let config = SupabaseConfig::new(url, JWT, "batchway_jobs").unwrap();
        config.endpoint().to_string()
    }

    #[test]
    fn rows_go_to_the_rest_api_of_the_project() {
        let expected = "https://abc.supabase.co/rest/v1/batchway_jobs?on_conflict=job_id";
        for url in [
            URL,
            "https://abc.supabase.co/",
            "https://abc.supabase.co/rest/v1/",
        ] {
            assert_eq!(endpoint_of(url), expected);
        }
        assert_eq!(
            endpoint_of("http://127.0.0.1:54321/supabase"),
            "http://127.0.0.1:54321/supabase/rest/v1/batchway_jobs?on_conflict=job_id"
        );
    }

    #[test]
    fn only_a_jwt_is_also_sent_as_one() {
        let config = SupabaseConfig::new(URL, JWT, "t").unwrap();
        assert_eq!(config.bearer().unwrap(), &format!("Bearer {JWT}"));
        let config = SupabaseConfig::new(URL, "sb_secret_abc", "t").unwrap();
        assert_eq!(config.bearer(), None);
        assert_eq!(config.key(), "sb_secret_abc");
    }

    #[test]
    fn what_can_not_be_used_is_refused_and_not_repeated() {
        let refused = |url, key, table| SupabaseConfig::new(url, key, table).unwrap_err();
        for url in [
            "",
            "abc.supabase.co",
            "postgres://abc",
            "https://u:hunter2@abc",
            "https://abc?apikey=hunter2",
            "https://abc#x",
        ] {
            assert_eq!(refused(url, JWT, "t"), InvalidConfig::Url, "{url}");
        }
        for key in ["", "hunter2\nx", "hünter2"] {
            assert_eq!(refused(URL, key, "t"), InvalidConfig::Key);
        }
        let long = "t".repeat(64);
        for table in ["", "1t", "public.t", "t?select=*", "t-1", "tä", &long] {
            assert_eq!(refused(URL, JWT, table), InvalidConfig::Table, "{table}");
        }
    }

    #[test]
    fn the_key_is_shown_nowhere() {
        let config = SupabaseConfig::new(URL, "sb_secret_hunter2", "t").unwrap();
        let debug = format!("{config:?} {:?}", config.key());
        assert!(!debug.contains("hunter2"), "{debug}");
        assert_eq!(
            config.without_key("what is sb_secret_hunter2?"),
            "what is …?"
        );
    }

    #[test]
    fn a_key_in_the_clear_is_noticed() {
        let in_the_clear = |url| {
            SupabaseConfig::new(url, JWT, "t")
                .unwrap()
                .is_in_the_clear()
        };
        assert!(in_the_clear("http://supabase.example.org"));
        for url in [
            URL,
            "http://localhost:54321",
            "http://127.0.0.1:1",
            "http://[::1]:1",
        ] {
            assert!(!in_the_clear(url), "{url}");
        }
    }
}
