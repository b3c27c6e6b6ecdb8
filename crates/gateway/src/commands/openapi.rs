//! `batchway openapi`.

use std::io::Write;

use crate::failure::Failure;

/// Prints the document on standard output.
pub(crate) fn print() -> Result<(), Failure> {
    std::io::stdout()
        .write_all(batchway_http_api::openapi_document().as_bytes())
        .map_err(|error| Failure::failed(format!("the document could not be written: {error}")))
}
