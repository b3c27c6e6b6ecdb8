//! Numbers of AWS accounts in what AWS says, which are not for the owners of jobs.
//!
//! A reason that AWS Batch gives may name the registry of an image or the role that lacks a right,
//! and both bear the account's number. Operators read it in the AWS console.

/// How many digits the number of an account has.
const DIGITS: usize = 12;

/// The same, with an ellipsis in place of each number of an account.
pub(crate) fn without_accounts(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let length = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (number, after) = from.split_at(length);
        shown.push_str(before);
        let is_word = !joins(shown.chars().next_back()) && !joins(after.chars().next());
        shown.push_str(if length == DIGITS && is_word {
            "…"
        } else {
            number
        });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Whether a number beside it is part of something longer, such as a digest.
fn joins(character: Option<char>) -> bool {
    character.is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_account_is_left_out_and_nothing_else() {
        let table = [
            (
                "User: arn:aws:sts::123456789012:assumed-role/job/i-0a1b is not authorized",
                "User: arn:aws:sts::…:assumed-role/job/i-0a1b is not authorized",
            ),
            (
                "CannotPullContainerError: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sim:1",
                "CannotPullContainerError: ….dkr.ecr.eu-central-1.amazonaws.com/sim:1",
            ),
            ("123456789012", "…"),
            (
                "1234567890123 and 12345678901",
                "1234567890123 and 12345678901",
            ),
            (
                "sha256:ab123456789012cd, i-123456789012a",
                "sha256:ab123456789012cd, i-123456789012a",
            ),
            ("größer 123456789012€", "größer …€"),
            ("", ""),
        ];
        for (said, shown) in table {
            assert_eq!(without_accounts(said), shown);
        }
    }
}
