//! The documents agree with the house: links lead somewhere, and every variable
//! that the gateway reads is explained in `.env.example`.

mod links;
mod variables;

use std::path::Path;

use crate::failure::{Failure, Outcome};

pub(crate) fn check(root: &Path) -> Outcome {
    let mut complaints = links::complaints(root)?;
    complaints.extend(variables::complaints(root)?);
    if complaints.is_empty() {
        println!("links and variables of the documents are right");
        return Ok(());
    }
    Err(Failure::because(format!(
        "the documents are not right:\n  {}",
        complaints.join("\n  ")
    )))
}
