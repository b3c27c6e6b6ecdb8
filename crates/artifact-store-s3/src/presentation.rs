//! How a browser is to treat what a link leads to, which anyone's program may have written.

use batchway_domain::ports::Disposition;

const SAFE: bool = true;
const SAVED: bool = false;

/// Content types by the end of the name, and whether a browser may show them in a tab of its
/// own. S3 can't put what it delivers into a sandbox, so what can hold scripts is not shown; an
/// SVG still is where a page includes it as an image.
const KINDS: [(&str, &str, bool); 13] = [
    ("h5", "application/x-hdf5", SAVED),
    ("hdf5", "application/x-hdf5", SAVED),
    ("parquet", "application/vnd.apache.parquet", SAVED),
    ("csv", "text/csv; charset=utf-8", SAVED),
    ("svg", "image/svg+xml", SAVED),
    ("json", "application/json", SAFE),
    ("jsonl", "text/plain; charset=utf-8", SAFE),
    ("png", "image/png", SAFE),
    ("jpg", "image/jpeg", SAFE),
    ("jpeg", "image/jpeg", SAFE),
    ("txt", "text/plain; charset=utf-8", SAFE),
    ("log", "text/plain; charset=utf-8", SAFE),
    ("md", "text/plain; charset=utf-8", SAFE),
];

/// What a link makes S3 say of its object, whatever its writer said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Presentation {
    pub(crate) content_type: &'static str,
    /// The value of `Content-Disposition`.
    pub(crate) content_disposition: String,
}

impl Presentation {
    pub(crate) fn of(file_name: &str, disposition: Disposition) -> Self {
        let end = file_name.rsplit_once('.').map(|(_, end)| end);
        let kind = KINDS
            .iter()
            .find(|(name, _, _)| end.is_some_and(|end| end.eq_ignore_ascii_case(name)));
        let (_, content_type, is_safe) = *kind.unwrap_or(&("", "application/octet-stream", SAVED));
        let manner = match disposition {
            Disposition::Inline if is_safe => "inline",
            Disposition::Inline | Disposition::Attachment => "attachment",
        };
        Self {
            content_type,
            content_disposition: format!("{manner}; {}", file_name_parameters(file_name)),
        }
    }
}

/// The name as RFC 6266 wants it: in ASCII for all, and where that is not the whole of it also
/// in full (RFC 8187).
fn file_name_parameters(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .-_".contains(c);
    let plain = name.replace(|c| !is_plain(c), "_");
    if plain == name {
        return format!("filename=\"{plain}\"");
    }
    let encoded: String = name
        .bytes()
        .map(|byte| match char::from(byte) {
            plain if plain.is_ascii_alphanumeric() || ".-_".contains(plain) => plain.to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_kinds_are_shown() {
        let manner = |name, disposition| {
            let told = Presentation::of(name, disposition).content_disposition;
            told.split_once(';').unwrap().0.to_owned()
        };
        for name in ["summary.json", "run.LOG", "plot.png"] {
            assert_eq!(manner(name, Disposition::Inline), "inline", "{name}");
            assert_eq!(manner(name, Disposition::Attachment), "attachment");
        }
        for name in [
            "results.h5",
            "page.html",
            "x.js",
            "plot.svg",
            "svg",
            "x.pdf",
        ] {
            assert_eq!(manner(name, Disposition::Inline), "attachment", "{name}");
        }
        let page = Presentation::of("page.html", Disposition::Inline);
        assert_eq!(page.content_type, "application/octet-stream");
    }

    #[test]
    fn names_can_not_break_out_of_their_header() {
        let odd = Presentation::of("ü \"x\";\\.h5", Disposition::Attachment);
        assert_eq!(
            odd.content_disposition,
            "attachment; filename=\"_ _x___.h5\"; filename*=UTF-8''%C3%BC%20%22x%22%3B%5C.h5"
        );
        let plain = Presentation::of("a b.png", Disposition::Inline);
        assert_eq!(plain.content_disposition, "inline; filename=\"a b.png\"");
    }
}
