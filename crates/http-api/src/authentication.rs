//! Who calls: the API key of a caller, the job token of a runner.

use batchway_domain::security::{ApiKey, KeyDigest};
use poem::http::{HeaderMap, HeaderValue, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::problem::{Problem, ProblemKind};

/// The header of the API key that older clients send.
const API_KEY_HEADER: &str = "x-api-key";

/// A caller whose key is well-formed. Whether it is known and not revoked is found by the store,
/// in the same step that does the caller's work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) KeyDigest);

/// The headers that may hold a key, kept aside while the request is served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    authorization: Option<HeaderValue>,
    api_key: Option<HeaderValue>,
}

impl Credentials {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            authorization: headers.get(header::AUTHORIZATION).cloned(),
            api_key: headers.get(API_KEY_HEADER).cloned(),
        }
    }

    /// The caller. `Authorization: Bearer` comes before `X-API-Key`.
    pub(crate) fn caller(&self) -> Result<Caller, Problem> {
        let key = match self.bearer() {
            Some(token) => token,
            None => self.api_key.as_ref().map(text).ok_or_else(no_key)?,
        };
        let key: ApiKey = key.parse().map_err(|_| {
            Problem::unauthorized("That is not an API key of this gateway: was it copied whole?")
        })?;
        Ok(Caller(key.digest()))
    }

    /// The token of a runner.
    pub(crate) fn runner_token(&self) -> Result<RunnerToken, Problem> {
        let token = self.bearer().ok_or_else(|| {
            let detail = "Send the job's token in the header Authorization: Bearer JOB_TOKEN.";
            Problem::new(ProblemKind::InvalidJobToken, detail)
                .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"batchway-runner\"")
        })?;
        Ok(RunnerToken(token.to_owned()))
    }

    fn bearer(&self) -> Option<&str> {
        let (scheme, token) = text(self.authorization.as_ref()?).split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

fn no_key() -> Problem {
    Problem::unauthorized("Send your API key in the header Authorization: Bearer API_KEY.")
}

/// What can't be text can't be a key either.
fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "ApiKey",
            MetaSecurityScheme {
                description: Some("An API key: `Authorization: Bearer API_KEY`."),
                scheme: Some("bearer"),
                ..scheme("http")
            },
        );
        registry.create_security_scheme(
            "ApiKeyHeader",
            MetaSecurityScheme {
                description: Some("An API key, as older clients send it."),
                name: Some("X-API-Key"),
                key_in: Some("header"),
                ..scheme("apiKey")
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["ApiKey", "ApiKeyHeader"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Credentials::of(request.headers()).caller()?)
    }
}

/// The token that a runner was given with its try.
pub(crate) struct RunnerToken(pub(crate) String);

impl<'a> ApiExtractor<'a> for RunnerToken {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "JobToken",
            MetaSecurityScheme {
                description: Some(
                    "The token of one try of one job: `Authorization: Bearer $BATCHWAY_JOB_TOKEN`.",
                ),
                scheme: Some("bearer"),
                ..scheme("http")
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["JobToken"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Credentials::of(request.headers()).runner_token()?)
    }
}

fn scheme(ty: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty,
        description: None,
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(headers: &[(&'static str, &str)]) -> Result<KeyDigest, ProblemKind> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        Credentials::of(&headers)
            .caller()
            .map(|caller| caller.0)
            .map_err(|problem| problem.kind)
    }

    #[test]
    fn a_key_is_taken_from_either_header() {
        let key = ApiKey::new(&"user123".parse().unwrap(), [7; 32]);
        let text = key.reveal();
        let bearer = format!("bearer  {text}");
        assert_eq!(caller(&[("authorization", &bearer)]), Ok(key.digest()));
        assert_eq!(caller(&[("x-api-key", text)]), Ok(key.digest()));
        let basic = [("authorization", "Basic dTpw"), ("x-api-key", text)];
        assert_eq!(
            caller(&basic),
            Ok(key.digest()),
            "a proxy's own credentials are not ours"
        );
        let both = [("authorization", "Bearer nonsense"), ("x-api-key", text)];
        assert_eq!(
            caller(&both),
            Err(ProblemKind::Unauthorized),
            "the bearer token decides"
        );
    }

    #[test]
    fn whatever_else_is_sent_is_no_key() {
        let unauthorized = Err(ProblemKind::Unauthorized);
        for headers in [
            vec![],
            vec![("authorization", "Bearer")],
            vec![("authorization", "Bearer ")],
            vec![("authorization", "bw_00_x")],
            vec![("x-api-key", "")],
            vec![("x-api-key", "ключ")],
        ] {
            assert_eq!(caller(&headers), unauthorized, "{headers:?}");
        }
    }
}
