//! How a browser is to treat an artifact, which anyone's program may have written.

/// An artifact that is shown runs nothing, loads nothing and belongs to no site. The styles of
/// an SVG are its own.
pub(super) const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'";

const SHOWN: bool = true;
const SAVED: bool = false;

/// Content types by the end of the name, and whether a browser shows them.
const KINDS: [(&str, &str, bool); 11] = [
    ("h5", "application/x-hdf5", SAVED),
    ("hdf5", "application/x-hdf5", SAVED),
    ("parquet", "application/vnd.apache.parquet", SAVED),
    ("csv", "text/csv; charset=utf-8", SAVED),
    ("json", "application/json", SHOWN),
    ("jsonl", "text/plain; charset=utf-8", SHOWN),
    ("svg", "image/svg+xml", SHOWN),
    ("png", "image/png", SHOWN),
    ("txt", "text/plain; charset=utf-8", SHOWN),
    ("log", "text/plain; charset=utf-8", SHOWN),
    ("md", "text/plain; charset=utf-8", SHOWN),
];

/// What is said of an artifact's kind.
#[derive(Debug)]
pub(super) struct Presentation {
    pub(super) content_type: &'static str,
    pub(super) disposition: String,
}

impl Presentation {
    pub(super) fn of(file_name: &str) -> Self {
        let end = file_name
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        let known = KINDS
            .iter()
            .find(|(name, _, _)| Some(*name) == end.as_deref());
        let (_, content_type, shown) = *known.unwrap_or(&("", "application/octet-stream", SAVED));
        let kind = if shown { "inline" } else { "attachment" };
        Self {
            content_type,
            disposition: format!("{kind}; {}", file_name_parameters(file_name)),
        }
    }
}

/// The name as RFC 6266 wants it: once for all in ASCII, once in full (RFC 8187).
fn file_name_parameters(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .-_".contains(c);
    let ascii: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    if ascii == name {
        return format!("filename=\"{ascii}\"");
    }
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_kinds_are_shown() {
        let shown = |name| Presentation::of(name).disposition.starts_with("inline");
        assert!(shown("plot.SVG") && shown("summary.json") && shown("run.log"));
        for name in [
            "results.h5",
            "page.html",
            "x.js",
            "svg",
            ".svg/",
            "a.xhtml",
            "x.pdf",
        ] {
            assert!(!shown(name), "{name}");
        }
        assert_eq!(
            Presentation::of("page.html").content_type,
            "application/octet-stream"
        );
    }

    #[test]
    fn names_can_not_break_out_of_their_header() {
        let disposition = Presentation::of("ü \"x\";\\.h5").disposition;
        assert_eq!(
            disposition,
            "attachment; filename=\"_ _x___.h5\"; filename*=UTF-8''%C3%BC%20%22x%22%3B%5C.h5"
        );
        assert_eq!(
            Presentation::of("a b.png").disposition,
            "inline; filename=\"a b.png\""
        );
    }
}
