//! `GET` and `HEAD` of `/artifacts/{key}?expires=…&signature=…`: signed links, for artifacts
//! that the gateway serves itself.

mod conditions;
mod presentation;
mod range;
mod signed_path;

use batchway_application::Application;
use batchway_application::use_cases::LinkRequest;
use batchway_domain::ports::{ArtifactMetadata, ArtifactRead, ByteRange};
use poem::http::{Method, StatusCode, header};
use poem::web::headers::LastModified;
use poem::{Body, Endpoint, Request, Response};

use crate::problem::Problem;

use conditions::{Verdict, Version};
use presentation::Presentation;
use range::Wanted;

/// Serves signed links.
pub(crate) struct ArtifactLinks(Application);

impl ArtifactLinks {
    pub(crate) fn new(application: Application) -> Self {
        Self(application)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let link = signed_path::read(request)?;
        let whole = self.open(&link, None).await?;
        let version = Version::of(&whole.metadata);
        match conditions::judge(request.headers(), request.method(), &version) {
            Verdict::NotModified => Ok(head_of(&whole.metadata, &version)
                .status(StatusCode::NOT_MODIFIED)
                .finish()),
            Verdict::Whole => Ok(whole_answer(request.method(), whole, &version)),
            Verdict::Part(wanted) => self.part_answer(&link, wanted, whole, &version).await,
        }
    }

    async fn part_answer(
        &self,
        link: &LinkRequest,
        wanted: Wanted,
        whole: ArtifactRead,
        version: &Version,
    ) -> Result<Response, Problem> {
        let range = wanted.within(whole.metadata.size)?;
        let part = self.open(link, Some(range)).await?;
        if part.metadata.etag != whole.metadata.etag {
            // It was replaced between the two looks; a part of the new one is not what was meant.
            return Ok(whole_answer(&Method::GET, whole, version));
        }
        let ByteRange { start, end } = part.range;
        let size = part.metadata.size;
        Ok(head_of(&part.metadata, version)
            .status(StatusCode::PARTIAL_CONTENT)
            .header(
                header::CONTENT_RANGE,
                format!("bytes {start}-{}/{size}", end.saturating_sub(1)),
            )
            .header(header::CONTENT_LENGTH, end - start)
            .body(Body::from_bytes_stream(part.content)))
    }

    async fn open(
        &self,
        link: &LinkRequest,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, Problem> {
        Ok(self
            .0
            .open_link(LinkRequest {
                range,
                ..link.clone()
            })
            .await?)
    }
}

impl Endpoint for ArtifactLinks {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.answer(&request).await?)
    }
}

fn whole_answer(method: &Method, whole: ArtifactRead, version: &Version) -> Response {
    let builder =
        head_of(&whole.metadata, version).header(header::CONTENT_LENGTH, whole.metadata.size);
    match *method {
        Method::HEAD => builder.finish(),
        _ => builder.body(Body::from_bytes_stream(whole.content)),
    }
}

/// What every answer says of an artifact, whichever part of it follows.
fn head_of(metadata: &ArtifactMetadata, version: &Version) -> poem::ResponseBuilder {
    let presentation = Presentation::of(metadata.key.file_name());
    Response::builder()
        .content_type(presentation.content_type)
        .header(header::CONTENT_DISPOSITION, presentation.disposition)
        .header(header::CONTENT_SECURITY_POLICY, presentation::POLICY)
        .header(header::CACHE_CONTROL, "private, no-cache")
        .header(header::ACCEPT_RANGES, "bytes")
        .typed_header(version.etag.clone())
        .typed_header(LastModified::from(version.last_modified))
}

#[cfg(test)]
mod tests;
