//! Lengths of time and sizes, as they stand in the file.

use std::time::Duration;

use bytesize::ByteSize;

pub(super) fn duration(name: &str, text: Option<&str>) -> Result<Option<Duration>, String> {
    text.map(|text| {
        humantime::parse_duration(text).map_err(|error| {
            format!("{name} = {text:?} is not a length of time such as \"24h\": {error}")
        })
    })
    .transpose()
}

pub(super) fn size(name: &str, text: Option<&str>) -> Result<Option<ByteSize>, String> {
    text.map(|text| match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() > 0 => Ok(size),
        _ => Err(format!(
            "{name} = {text:?} is not a size above 0 such as \"512MiB\""
        )),
    })
    .transpose()
}

/// A number of processors, whole or not.
pub(super) fn processors(name: &str, number: Option<f64>) -> Result<Option<f64>, String> {
    match number {
        Some(number) if !(number.is_finite() && number > 0.0) => {
            Err(format!("{name} = {number} must be a number above 0"))
        }
        number => Ok(number),
    }
}
