//! Reading what Redis answers.

use batchway_domain::ports::StoreError;
use bytes::Bytes;
use fred::types::Value;

/// An answer that no script of ours gives.
pub(crate) fn unexpected(what: &str) -> StoreError {
    StoreError::Unreadable {
        reason: format!(
            "Redis answered {what} in a form that this gateway doesn't know; is another program \
             writing to the same keys?"
        ),
        source: None,
    }
}

pub(crate) fn array(value: Value, what: &str) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(unexpected(what)),
    }
}

/// Nothing where there is nothing.
pub(crate) fn optional_bytes(value: Value, what: &str) -> Result<Option<Bytes>, StoreError> {
    match value {
        Value::Null => Ok(None),
        value => bytes(value, what).map(Some),
    }
}

pub(crate) fn bytes(value: Value, what: &str) -> Result<Bytes, StoreError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::String(text) => Ok(text.into_inner()),
        _ => Err(unexpected(what)),
    }
}

pub(crate) fn text(value: Value, what: &str) -> Result<String, StoreError> {
    let bytes = bytes(value, what)?;
    String::from_utf8(bytes.into()).map_err(|_| unexpected(what))
}

pub(crate) fn parsed<T: std::str::FromStr>(value: Value, what: &str) -> Result<T, StoreError> {
    text(value, what)?.parse().map_err(|_| unexpected(what))
}

/// A number, also one that Redis writes as text.
pub(crate) fn integer(value: Value, what: &str) -> Result<i64, StoreError> {
    match value {
        Value::Integer(number) => Ok(number),
        value => parsed(value, what),
    }
}

/// The elements two by two.
pub(crate) fn pairs(values: Vec<Value>) -> impl Iterator<Item = (Value, Value)> {
    let mut values = values.into_iter();
    std::iter::from_fn(move || Some((values.next()?, values.next()?)))
}
