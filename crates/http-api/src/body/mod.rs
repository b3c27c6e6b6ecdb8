//! How request bodies are read: by one extractor, bounded in size, time and depth.

mod fields;
mod strictness;

use std::time::Duration;

use batchway_application::Violation;
use poem::error::ReadBodyError;
use poem::http::{HeaderMap, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::problem::{Problem, ProblemKind};

pub(crate) use fields::Fields;
#[cfg(test)]
pub(crate) use strictness::MAX_PARAMS_DEPTH;

/// The most bytes of a body.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// How long a body may take to arrive.
pub(crate) const BODY_DEADLINE: Duration = Duration::from_secs(20);

/// What can be read from the fields of a body.
pub(crate) trait FromFields: Type + Sized {
    /// Takes its fields.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    fn from_fields(fields: Fields<'_>) -> Result<Self, Vec<Violation>>;
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<'a, T: FromFields + Send> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType {
            content_type: "application/json",
            schema: T::schema_ref(),
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        expect_json(request.headers())?;
        let bytes = read(request.headers(), body).await?;
        Ok(Self(parse(&bytes)?))
    }
}

fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |detail| Problem::new(ProblemKind::UnsupportedMediaType, detail);
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    if !is_json(content_type) {
        return Err(unsupported(
            "Send the body as JSON in UTF-8, with the header Content-Type: application/json.",
        ));
    }
    match text(header::CONTENT_ENCODING) {
        None | Some("identity") => Ok(()),
        Some(_) => Err(unsupported(
            "Send the body as it is, without a Content-Encoding.",
        )),
    }
}

/// `application/json`, alone or with `charset=utf-8`.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

async fn read(headers: &HeaderMap, body: &mut RequestBody) -> Result<bytes::Bytes, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(too_large());
    }
    let body = body.take().map_err(|error| incomplete(&error))?;
    // What was announced is a promise; what arrives is counted.
    match tokio::time::timeout(BODY_DEADLINE, body.into_bytes_limit(MAX_BODY_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(too_large()),
        Ok(Err(error)) => Err(incomplete(&error)),
        Err(_) => Err(Problem::new(
            ProblemKind::RequestTimeout,
            format!(
                "The body did not arrive within {} seconds.",
                BODY_DEADLINE.as_secs()
            ),
        )),
    }
}

fn parse<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    strictness::check(bytes).map_err(|fault| match fault {
        strictness::Fault::Syntax(reason) => Problem::new(
            ProblemKind::MalformedJson,
            format!("The body is not JSON in UTF-8: {reason}."),
        ),
        strictness::Fault::Ambiguous(violation) => Problem::invalid(vec![violation]),
    })?;
    let text = str::from_utf8(bytes).expect("what was read as JSON is UTF-8");
    Fields::of(text)
        .and_then(T::from_fields)
        .map_err(Problem::invalid)
}

fn too_large() -> Problem {
    Problem::new(
        ProblemKind::PayloadTooLarge,
        format!("The body is larger than {} KiB.", MAX_BODY_BYTES / 1024),
    )
}

fn incomplete(error: &ReadBodyError) -> Problem {
    Problem::new(
        ProblemKind::IncompleteBody,
        format!("The body broke off: {error}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_declared_in_utf_8() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; profile=x",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/jsonx",
            "application/json; charset=latin1",
            "json",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
