//! The documents agree with the house: links lead somewhere, every variable that the gateway
//! reads is explained in `.env.example`, and programs that are shown are files that are run.

mod examples;
mod links;
mod variables;

use std::path::Path;

use crate::failure::{Failure, Outcome};

pub(crate) fn check(root: &Path) -> Outcome {
    let mut complaints = links::complaints(root)?;
    complaints.extend(variables::complaints(root)?);
    complaints.extend(examples::complaints(root, &links::documents_below(root)?)?);
    if complaints.is_empty() {
        println!("links, variables and programs of the documents are right");
        return Ok(());
    }
    Err(Failure::because(format!(
        "the documents are not right:\n  {}",
        complaints.join("\n  ")
    )))
}
