//! An error with all its causes in one line, as the operator needs it in the log.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// Shows an error and what caused it, from the outside in.
#[derive(Debug)]
pub(crate) struct WithCauses<'a>(pub(crate) &'a dyn Error);

impl Display for WithCauses<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some errors speak of their cause themselves.
            if !told.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            told = text;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use batchway_domain::ports::SubmitError;

    use super::*;

    #[test]
    fn the_last_cause_is_told_and_nothing_twice() {
        let error = SubmitError::Unknown {
            reason: "no answer".to_owned(),
            source: Some(io::Error::other("broken pipe").into()),
        };
        let told = WithCauses(&error).to_string();
        assert!(told.ends_with("no answer: broken pipe"), "{told}");
        let error = SubmitError::Unknown {
            reason: "no answer: broken pipe".to_owned(),
            source: Some(io::Error::other("broken pipe").into()),
        };
        let told = WithCauses(&error).to_string();
        assert_eq!(told.matches("broken pipe").count(), 1, "{told}");
    }
}
