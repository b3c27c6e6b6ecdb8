//! `GET /docs`: the OpenAPI document as a page, without a network.
//!
//! RapiDoc's script comes with poem-openapi. Its page is not used, as that loads fonts from
//! elsewhere and needs scripts in the page, which our policy forbids.

use poem::endpoint::make_sync;
use poem::http::header;
use poem::{Response, Route, RouteMethod, get};
use poem_openapi::OpenApiService;

const PAGE: &str = include_str!("documentation_page/page.html");

/// The page runs only our own scripts and talks only to us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Everything below `/docs`.
pub(crate) fn endpoints() -> Route {
    Route::new()
        .at("/", file("text/html; charset=utf-8", PAGE.to_owned()))
        .at(
            "/start.js",
            file("text/javascript; charset=utf-8", START.to_owned()),
        )
        .at(
            "/rapidoc.js",
            file("text/javascript; charset=utf-8", rapidoc()),
        )
}

/// Puts the document into the page. RapiDoc offers no attribute for a document that it may not
/// load before it is defined.
const START: &str = include_str!("documentation_page/start.js");

/// The script out of poem-openapi's page, the first that there is.
fn rapidoc() -> String {
    let page = OpenApiService::new((), "", "").rapidoc_html();
    let script = page
        .split_once("<script charset=\"UTF-8\">")
        .and_then(|(_, rest)| rest.split_once("</script>\n</head>"))
        .map(|(script, _)| script.to_owned());
    script.expect("poem-openapi's page holds RapiDoc's script")
}

fn file(content_type: &'static str, text: String) -> RouteMethod {
    let text = bytes::Bytes::from(text);
    get(make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::CACHE_CONTROL, "max-age=3600")
            .body(text.clone())
    }))
}
