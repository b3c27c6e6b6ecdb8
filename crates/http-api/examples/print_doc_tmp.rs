#![expect(clippy::print_stdout, reason = "x")]
//! x
fn main() {
    print!("{}", batchway_http_api::openapi_document());
}
