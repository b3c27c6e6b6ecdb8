//! The outer object of a body, taken apart field by field, so that every field that is wrong is
//! named, not only the first.

use std::collections::BTreeMap;

use batchway_application::Violation;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The fields of a body that have not been taken yet, and what was wrong with those that have.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    rest: BTreeMap<String, &'a RawValue>,
    known: Vec<&'static str>,
    violations: Vec<Violation>,
}

impl<'a> Fields<'a> {
    /// Takes an object apart. Anything else is one violation of the whole body.
    pub(super) fn of(text: &'a str) -> Result<Self, Vec<Violation>> {
        let rest = serde_json::from_str(text)
            .map_err(|_| vec![violation("", "The body must be a JSON object.")])?;
        Ok(Self {
            rest,
            known: Vec::new(),
            violations: Vec::new(),
        })
    }

    /// A field that must be there. `what` says what it is to be, as the end of a sentence.
    pub(crate) fn required<T: Deserialize<'a>>(
        &mut self,
        name: &'static str,
        what: &str,
    ) -> Option<T> {
        if !self.rest.contains_key(name) {
            self.violations.push(violation(
                &format!("/{name}"),
                &format!("is missing: {what}"),
            ));
        }
        self.take(name, what)
    }

    /// A field that may be left out; null is the same as left out.
    pub(crate) fn optional<T: Deserialize<'a>>(
        &mut self,
        name: &'static str,
        what: &str,
    ) -> Option<T> {
        self.take::<Option<T>>(name, what).flatten()
    }

    fn take<T: Deserialize<'a>>(&mut self, name: &'static str, what: &str) -> Option<T> {
        self.known.push(name);
        let raw = self.rest.remove(name)?;
        let value = serde_json::from_str(raw.get()).ok();
        if value.is_none() {
            let detail = format!("is {}: {what}", kind_of(raw));
            self.violations
                .push(violation(&format!("/{name}"), &detail));
        }
        value
    }

    /// The fields nobody asked for are ignored, as a newer sender may know more.
    pub(crate) fn ignore_rest(&mut self) {
        self.rest.clear();
    }

    /// The end: refuses what nobody asked for, and answers all that was wrong.
    pub(crate) fn finish(mut self) -> Vec<Violation> {
        let detail = format!(
            "is not a field of this request; there are {}",
            self.known.join(", ")
        );
        for name in self.rest.keys() {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            self.violations.push(violation(&pointer, &detail));
        }
        self.violations
    }
}

fn violation(pointer: &str, detail: &str) -> Violation {
    Violation {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}

fn kind_of(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string that it can't be",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(violations: &[Violation]) -> Vec<&str> {
        violations
            .iter()
            .map(|violation| violation.pointer.as_str())
            .collect()
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let text = r#"{"a": 1, "c": null, "d": null, "odd/name": 2}"#;
        let mut fields = Fields::of(text).unwrap();
        assert_eq!(fields.required::<String>("a", "a string"), None);
        assert_eq!(fields.required::<String>("b", "a string"), None);
        assert_eq!(fields.optional::<String>("c", "a string"), None);
        assert_eq!(fields.required::<String>("d", "a string"), None);
        assert_eq!(pointers(&fields.finish()), ["/a", "/b", "/d", "/odd~1name"]);
    }

    #[test]
    fn only_an_object_has_fields() {
        for text in ["[]", "1", "null", "\"x\""] {
            assert_eq!(pointers(&Fields::of(text).unwrap_err()), [""], "{text}");
        }
    }
}
