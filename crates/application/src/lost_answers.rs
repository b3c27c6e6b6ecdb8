//! Calls whose answer may be lost although they took effect.

use batchway_domain::ports::{CommitError, StoreError};

/// What is known of a call that failed.
pub(crate) trait Outcome {
    /// Whether the call may have taken effect all the same.
    fn is_unknown(&self) -> bool;
}

impl Outcome for StoreError {
    fn is_unknown(&self) -> bool {
        !self.certainly_did_nothing()
    }
}

impl Outcome for CommitError {
    fn is_unknown(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unknown())
    }
}

/// Calls, and once more where nobody knows what became of the first call. Only for what is the
/// same done twice.
pub(crate) async fn once_more_if_lost<T, E, F>(call: impl Fn() -> F) -> Result<T, E>
where
    E: Outcome,
    F: Future<Output = Result<T, E>>,
{
    match call().await {
        Err(error) if error.is_unknown() => call().await,
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn unavailable() -> CommitError {
        CommitError::Store(StoreError::Unavailable {
            reason: "gone".to_owned(),
            source: None,
        })
    }

    fn full() -> CommitError {
        CommitError::Store(StoreError::Full {
            reason: "full".to_owned(),
            source: None,
        })
    }

    async fn calls_and_answer(answers: Vec<Result<(), CommitError>>) -> (usize, bool) {
        let (made, answers) = (Cell::new(0), RefCell::new(answers.into_iter()));
        let answer = once_more_if_lost(async || {
            made.set(made.get() + 1);
            answers.borrow_mut().next().expect("at most two calls")
        });
        let is_ok = answer.await.is_ok();
        (made.get(), is_ok)
    }

    #[tokio::test]
    async fn only_a_call_whose_answer_was_lost_is_made_again_and_that_once() {
        let lost_and_found = vec![Err(unavailable()), Ok(())];
        assert_eq!(calls_and_answer(lost_and_found).await, (2, true));
        let lost_twice = vec![Err(unavailable()), Err(unavailable())];
        assert_eq!(calls_and_answer(lost_twice).await, (2, false));
        assert_eq!(calls_and_answer(vec![Ok(())]).await, (1, true));
        assert_eq!(calls_and_answer(vec![Err(full())]).await, (1, false));
        let conflict = vec![Err(CommitError::Conflict)];
        assert_eq!(calls_and_answer(conflict).await, (1, false));
    }
}
