//! What is posted: the rows as one JSON array.

use batchway_domain::ports::MirrorRow;
use bytes::Bytes;

/// The replacement character, as JSON may write it.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// An array of all rows. PostgreSQL has no zero byte in texts and refuses a row with one, which
/// what a program says of itself may well have: it becomes the replacement character.
pub(crate) fn of_rows(rows: &[MirrorRow]) -> Bytes {
    let size: usize = rows.iter().map(|row| row.columns.len() + 1).sum();
    let mut body = Vec::with_capacity(size + 2);
    body.push(b'[');
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        append_without_zeros(&mut body, &row.columns);
    }
    body.push(b']');
    body.into()
}

/// In JSON a zero byte is always written as an escape, and every backslash begins one.
fn append_without_zeros(body: &mut Vec<u8>, mut json: &[u8]) {
    while let Some(backslash) = json.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = json.split_at(backslash);
        body.extend(before);
        if let Some(rest) = escape.strip_prefix(b"\\u0000") {
            body.extend(REPLACEMENT);
            json = rest;
        } else {
            let (escape, rest) = escape.split_at(escape.len().min(2));
            body.extend(escape);
            json = rest;
        }
    }
    body.extend(json);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(columns: &Value) -> MirrorRow {
        MirrorRow {
            job: "job_0001k3m5z8a7q4x9c2v6b1n8d5f3".parse().unwrap(),
            version: 1,
            columns: columns.to_string().into(),
        }
    }

    fn sent(rows: &[Value]) -> Value {
        let rows: Vec<MirrorRow> = rows.iter().map(row).collect();
        serde_json::from_slice(&of_rows(&rows)).unwrap()
    }

    #[test]
    fn rows_are_one_array() {
        assert_eq!(sent(&[]), json!([]));
        let rows = [json!({"a": 1}), json!({"a": "é\n"})];
        assert_eq!(sent(&rows), json!(rows));
    }

    #[test]
    fn zero_bytes_become_something_that_a_table_can_hold() {
        let awkward = json!({"a": "x\0y", "b": "\\u0000", "c": "\\\0", "d": ["\0\0", "\\"]});
        let expected = json!([{
            "a": "x\u{fffd}y",
            "b": "\\u0000",
            "c": "\\\u{fffd}",
            "d": ["\u{fffd}\u{fffd}", "\\"],
        }]);
        assert_eq!(sent(&[awkward]), expected);
    }
}
