//! Reading a JSON object field by field, so that every refusal names its field.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::Value;

/// A value that can't be used, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ParamsError {
    /// Path of the field, such as `params.simulation_config.config.steps`.
    pub field: String,
    /// What is wrong with it, such as `0 is below the minimum 1`.
    pub problem: String,
}

impl ParamsError {
    pub(super) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// Parses a whole params document.
///
/// # Errors
/// The text isn't JSON.
pub fn parse_document(text: &str) -> Result<Value, ParamsError> {
    serde_json::from_str(text)
        .map_err(|error| ParamsError::new("params", format!("not valid JSON: {error}")))
}

/// A JSON object that is being read. Fields nobody asked for are refused by
/// [`Fields::finish`].
#[derive(Debug)]
pub(super) struct Fields<'json> {
    path: String,
    unread: BTreeMap<&'json str, &'json Value>,
}

impl<'json> Fields<'json> {
    pub(super) fn of(path: impl Into<String>, value: &'json Value) -> Result<Self, ParamsError> {
        let path = path.into();
        match value.as_object() {
            Some(object) => Ok(Self {
                path,
                unread: object
                    .iter()
                    .map(|(name, value)| (name.as_str(), value))
                    .collect(),
            }),
            None => Err(ParamsError::new(
                path,
                format!("{} is not an object", shown(value)),
            )),
        }
    }

    /// The full path of a field of this object.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(super) fn optional(&mut self, name: &str) -> Option<&'json Value> {
        self.unread.remove(name)
    }

    pub(super) fn required(&mut self, name: &str) -> Result<&'json Value, ParamsError> {
        self.optional(name)
            .ok_or_else(|| ParamsError::new(self.path_of(name), "is missing"))
    }

    /// The object under `name`, empty where it is left out.
    pub(super) fn optional_object(&mut self, name: &str) -> Result<Option<Self>, ParamsError> {
        let path = self.path_of(name);
        self.optional(name)
            .map(|value| Self::of(path, value))
            .transpose()
    }

    pub(super) fn required_object(&mut self, name: &str) -> Result<Self, ParamsError> {
        Self::of(self.path_of(name), self.required(name)?)
    }

    pub(super) fn integer(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
        default: Option<u64>,
    ) -> Result<u64, ParamsError> {
        let value = match (self.optional(name), default) {
            (Some(value), _) => value,
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(ParamsError::new(self.path_of(name), "is missing")),
        };
        let path = self.path_of(name);
        let number = as_number(&path, value)?;
        within(&path, number, *range.start() as f64, *range.end() as f64)?;
        if number.fract() != 0.0 {
            return Err(ParamsError::new(
                path,
                format!("{value} is not a whole number"),
            ));
        }
        Ok(value.as_u64().unwrap_or(number as u64))
    }

    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
        default: Option<f64>,
    ) -> Result<f64, ParamsError> {
        let value = match (self.optional(name), default) {
            (Some(value), _) => value,
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(ParamsError::new(self.path_of(name), "is missing")),
        };
        let path = self.path_of(name);
        let number = as_number(&path, value)?;
        within(&path, number, *range.start(), *range.end())?;
        Ok(number)
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> Result<bool, ParamsError> {
        let Some(value) = self.optional(name) else {
            return Ok(default);
        };
        value.as_bool().ok_or_else(|| {
            ParamsError::new(
                self.path_of(name),
                format!("{} is not true or false", shown(value)),
            )
        })
    }

    /// One of a fixed list of words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
        default: Option<T>,
    ) -> Result<T, ParamsError> {
        let value = match (self.optional(name), default) {
            (Some(value), _) => value,
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(ParamsError::new(self.path_of(name), "is missing")),
        };
        choose(&self.path_of(name), value, choices)
    }

    /// Refuses the first field that nobody read.
    pub(super) fn finish(self) -> Result<(), ParamsError> {
        match self.unread.keys().next() {
            None => Ok(()),
            Some(name) => Err(ParamsError::new(self.path_of(name), "is not a known field")),
        }
    }
}

pub(super) fn choose<T: Copy>(
    path: &str,
    value: &Value,
    choices: &[(&str, T)],
) -> Result<T, ParamsError> {
    choices
        .iter()
        .find(|(word, _)| value.as_str() == Some(word))
        .map(|&(_, choice)| choice)
        .ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
            ParamsError::new(
                path,
                format!("{} is not one of {}", shown(value), words.join(", ")),
            )
        })
}

fn as_number(path: &str, value: &Value) -> Result<f64, ParamsError> {
    value
        .as_f64()
        .ok_or_else(|| ParamsError::new(path, format!("{} is not a number", shown(value))))
}

fn within(path: &str, number: f64, minimum: f64, maximum: f64) -> Result<(), ParamsError> {
    let refuse = |relation: &str, limit: &dyn Display| {
        Err(ParamsError::new(
            path,
            format!("{number} is {relation} {limit}"),
        ))
    };
    if number < minimum {
        refuse("below the minimum", &minimum)
    } else if number > maximum {
        refuse("above the maximum", &maximum)
    } else {
        Ok(())
    }
}

/// A value as quoted in a refusal: cut short, as it may be of any length.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        text
    } else {
        text.chars().take(LONGEST).chain("…".chars()).collect()
    }
}
