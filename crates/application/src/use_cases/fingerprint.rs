//! What makes two requests the same.

use batchway_domain::identity::JobTypeName;
use batchway_domain::job_type::JobType;
use batchway_domain::security::WebhookTarget;
use serde::Serialize;
use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// SHA-256 over the canonical form (RFC 8785) of what the caller asks for, so that neither the
/// order of fields nor white space makes another request. That form knows doubles alone, so the
/// whole numbers that are none, such as 64 random bits for a seed, follow by themselves: one that
/// differs in its last digit makes another request.
pub(super) fn fingerprint(
    kind: &JobType,
    params: &Value,
    webhook: Option<&WebhookTarget>,
) -> [u8; 32] {
    #[derive(Serialize)]
    struct Request<'a> {
        job_type: &'a JobTypeName,
        params: &'a Value,
        webhook_url: Option<&'a WebhookTarget>,
    }
    let request = Request {
        job_type: &kind.name,
        params,
        webhook_url: webhook,
    };
    let canonical = serde_json_canonicalizer::to_vec(&request)
        .expect("what was read as JSON can be written as JSON");
    let mut hash = Sha256::new();
    hash.update(canonical);
    for_each_inexact(params, &mut |number| {
        // No canonical form has a zero byte in it.
        hash.update([0]);
        hash.update(number.to_string());
    });
    hash.finalize().into()
}

/// Each whole number that is no double, in the order of fields' names and of places.
fn for_each_inexact(value: &Value, found: &mut impl FnMut(&Number)) {
    match value {
        Value::Number(number) if is_inexact(number) => found(number),
        Value::Array(items) => items.iter().for_each(|item| for_each_inexact(item, found)),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            for (_, value) in fields {
                for_each_inexact(value, found);
            }
        }
        _ => {}
    }
}

/// Whether it has more significant bits than a double.
fn is_inexact(number: &Number) -> bool {
    let negative = || number.as_i64().map(i64::unsigned_abs);
    number.as_u64().or_else(negative).is_some_and(|whole| {
        let outer_zeros = whole.leading_zeros() + whole.trailing_zeros();
        u64::BITS.saturating_sub(outer_zeros) > f64::MANTISSA_DIGITS
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_that_are_no_doubles_are_found_in_their_order() {
        let params = json!({
            "z": 9_007_199_254_740_993_i64,
            "a": [1, -9_007_199_254_740_993_i64, {"seed": u64::MAX}],
            "exact": [0, -1, 9_007_199_254_740_992_i64, 1_u64 << 63, i64::MIN, 1.5e300, 0.1],
            "text": "9007199254740993",
        });
        let mut found = Vec::new();
        for_each_inexact(&params, &mut |number| found.push(number.to_string()));
        assert_eq!(
            found,
            [
                "-9007199254740993",
                "18446744073709551615",
                "9007199254740993"
            ]
        );
    }
}
