//! As much of XML as the answers of IAM, STS and S3 need: the texts of elements that hold nothing
//! but text. Attributes, comments and CDATA sections don't occur in them.

/// The texts of all elements of a name, in order.
pub(crate) fn texts<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let begin = format!("<{name}>");
    let end = format!("</{name}>");
    xml.match_indices(&begin.clone())
        .map(|(at, _)| at + begin.len())
        .collect::<Vec<_>>()
        .into_iter()
        .filter_map(move |from| {
            let text = xml[from..].split(&end).next()?;
            Some(unescaped(text))
        })
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_order() {
        let xml = "<a><EvalDecision>allowed</EvalDecision><b/><EvalDecision>x &amp;lt; y</EvalDecision></a>";
        let found: Vec<String> = texts(xml, "EvalDecision").collect();
        assert_eq!(found, ["allowed", "x &lt; y"]);
        assert_eq!(texts(xml, "Eval").count(), 0);
    }
}
