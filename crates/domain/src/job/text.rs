//! Words of outsiders, made fit to be kept and shown.

/// The text on one line, without control characters, cut at the end of a character so that it
/// takes at most `max_bytes` in a JSON string. What is cut off shows as `…`.
pub(super) fn fit(text: &str, max_bytes: usize) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    if clean.chars().map(bytes_in_json).sum::<usize>() <= max_bytes {
        return clean;
    }
    let mut left = max_bytes.saturating_sub('…'.len_utf8());
    let mut cut: String = clean
        .chars()
        .take_while(|c| {
            let fits = bytes_in_json(*c) <= left;
            left = left.saturating_sub(bytes_in_json(*c));
            fits
        })
        .collect();
    cut.push('…');
    cut
}

/// Quotes and backslashes are escaped; control characters, which take most, are not there.
fn bytes_in_json(c: char) -> usize {
    if matches!(c, '"' | '\\') {
        2
    } else {
        c.len_utf8()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_fits_is_kept_and_what_does_not_is_cut(text in ".{0,80}", max in 3..100_usize) {
            let fitted = fit(&text, max);
            let json = serde_json::to_string(&fitted).unwrap();
            prop_assert!(json.len() - 2 <= max, "{json}");
            prop_assert!(!fitted.chars().any(char::is_control));
            let plain = text.chars().all(|c| !c.is_control() && (c == ' ' || !c.is_whitespace()));
            if plain && serde_json::to_string(&text).unwrap().len() - 2 <= max {
                prop_assert_eq!(fitted, text);
            }
        }
    }
}
