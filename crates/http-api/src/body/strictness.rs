//! Reads JSON once without keeping it, to find what a typed reader would let pass: names given
//! twice, of which programs see the first or the last, and nesting that exhausts a stack.

use std::collections::BTreeSet;
use std::fmt;

use batchway_application::Violation;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The most levels of objects and lists inside `params`, itself the first.
pub(crate) const MAX_PARAMS_DEPTH: usize = 32;

/// Levels of the whole body: `params` lies one below the top.
const MAX_DEPTH: usize = MAX_PARAMS_DEPTH + 1;

/// Why a body is not taken.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// Not JSON; the sentence says where.
    Syntax(String),
    /// JSON that programs read differently, or not at all.
    Ambiguous(Violation),
}

/// Checks that `bytes` are one JSON value in UTF-8, nested at most so deep and without a name
/// given twice.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut walk = Walk::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let outcome = walk
        .level()
        .deserialize(&mut reader)
        .and_then(|()| reader.end());
    match (outcome, walk.violation) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(violation)) => Err(Fault::Ambiguous(violation)),
        (Err(error), None) => Err(Fault::Syntax(error.to_string())),
    }
}

#[derive(Default)]
struct Walk {
    /// Names and indices from the top to here.
    path: Vec<String>,
    violation: Option<Violation>,
}

impl Walk {
    fn level(&mut self) -> Level<'_> {
        Level(self)
    }

    /// Notes what is wrong here and ends the walk.
    fn refuse<E: serde::de::Error>(&mut self, detail: String) -> E {
        let escaped = self
            .path
            .iter()
            .map(|part| part.replace('~', "~0").replace('/', "~1"));
        let pointer = escaped.fold(String::new(), |pointer, part| format!("{pointer}/{part}"));
        self.violation = Some(Violation { pointer, detail });
        E::custom("refused")
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.path.len() < MAX_DEPTH {
            return Ok(());
        }
        Err(self.refuse(format!("is nested deeper than {MAX_PARAMS_DEPTH} levels")))
    }
}

struct Level<'a>(&'a mut Walk);

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.enter()?;
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.0.path.push(name.clone());
            if !names.insert(name) {
                return Err(self
                    .0
                    .refuse("is given twice in the same object".to_owned()));
            }
            map.next_value_seed(self.0.level())?;
            self.0.path.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.enter()?;
        for index in 0_usize.. {
            self.0.path.push(index.to_string());
            let item = list.next_element_seed(self.0.level())?;
            self.0.path.pop();
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!(
            "{{\"params\":{}1{}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    }

    fn pointer_of(text: &str) -> String {
        match check(text.as_bytes()) {
            Err(Fault::Ambiguous(violation)) => violation.pointer,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn json_of_any_shape_passes() {
        for good in [
            "{}",
            "null",
            "[1, -2, 0.5, 1e3, true, \"\\u00e9\"]",
            &nested(32),
        ] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let bad: [&[u8]; 10] = [
            b"",
            b"{",
            b"{'a': 1}",
            b"{\"a\": 1,}",
            b"{} {}",
            b"\"\xff\"",
            b"\"a\0b\"",
            b"\"\\ud800\"",
            b"NaN",
            b"[1e999]",
        ];
        for text in bad {
            let verdict = check(text);
            assert!(
                matches!(&verdict, Err(Fault::Syntax(reason)) if reason.contains("line 1 column")),
                "{}: {verdict:?}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn a_name_given_twice_is_found_at_any_depth() {
        assert_eq!(pointer_of(r#"{"a": 1, "a": 1}"#), "/a");
        assert_eq!(
            pointer_of(r#"{"p": [{}, {"x/y~": 1, "x\/y~": 2}]}"#),
            "/p/1/x~1y~0"
        );
        assert_eq!(check(br#"{"a": {"b": 1}, "b": {"a": 1}}"#), Ok(()));
    }

    #[test]
    fn nesting_is_bounded_long_before_the_stack_is() {
        assert!(pointer_of(&nested(33)).starts_with("/params/0/0"));
        let endless = "[".repeat(200_000);
        assert!(matches!(
            check(endless.as_bytes()),
            Err(Fault::Ambiguous(_))
        ));
    }
}
