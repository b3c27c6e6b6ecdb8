//! Reading one queue from its newest job on, page by page.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::{Queue, QueuePage, QueuePosition};
use futures_util::future::join_all;

use super::{Sweep, SweepError};
use crate::calls::CallError;

/// How far a sweep goes back beyond the beginning of the last one that was completed: lists lag
/// behind, and clocks differ.
const OVERLAP: Duration = Duration::from_secs(3600);

/// One sweep of one queue, under way.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    began_at: Timestamp,
    /// What was taken before this was seen by an earlier sweep. `None`: to the end of the queue.
    back_to: Option<Timestamp>,
    from: Option<QueuePosition>,
    is_complete: bool,
}

impl Passage {
    /// To the end of the queue.
    pub(super) const fn whole(now: Timestamp) -> Self {
        Self {
            began_at: now,
            back_to: None,
            from: None,
            is_complete: false,
        }
    }

    /// Back to the last sweep that was completed. One that was recorded under a clock that was
    /// ahead hides nothing.
    pub(super) fn since(swept_until: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            back_to: swept_until.map(|until| until.min(now).minus(OVERLAP)),
            ..Self::whole(now)
        }
    }

    pub(super) const fn began_at(&self) -> Timestamp {
        self.began_at
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn turn(&mut self, page: QueuePage) {
        let is_far_enough = match (self.back_to, page.back_to) {
            (Some(wanted), Some(reached)) => reached < wanted,
            _ => false,
        };
        self.is_complete = is_far_enough || page.next.is_none();
        self.from = page.next;
    }
}

impl Sweep {
    /// Reads the next page and looks into every job on it. The page is read again where that
    /// could not be done for all. Answers how many there were.
    pub(super) async fn read_page(
        &self,
        queue: &Queue,
        passage: &mut Passage,
    ) -> Result<usize, SweepError> {
        let deployment = &self.application.settings().deployment;
        let from = passage.from.as_ref();
        let page = match self.calls.list_queue(queue, deployment, from).await {
            Ok(page) => page,
            Err(error) => {
                if matches!(&error, CallError::Backend(error) if !error.throttled) {
                    // Places in a list are good for minutes only.
                    passage.from = None;
                }
                return Err(error.into());
            }
        };
        let found = page.jobs.iter().map(|job| self.look_into(queue, job));
        join_all(found)
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        let count = page.jobs.len();
        passage.turn(page);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * 3_600_000)
    }

    fn page(back_to: Option<Timestamp>, is_last: bool) -> QueuePage {
        QueuePage {
            jobs: Vec::new(),
            back_to,
            next: (!is_last).then(|| QueuePosition("next".to_owned())),
        }
    }

    #[test]
    fn it_goes_back_an_hour_beyond_the_last_one() {
        let mut passage = Passage::since(Some(at(10)), at(11));
        passage.turn(page(Some(at(9)), false));
        assert!(!passage.is_complete(), "taken at that very time");
        passage.turn(page(None, false));
        assert!(!passage.is_complete(), "an empty page is no end");
        let before = Timestamp::from_millis(at(9).as_millis() - 1);
        passage.turn(page(Some(before), false));
        assert!(passage.is_complete());
    }

    #[test]
    fn the_first_one_goes_to_the_end() {
        let mut passage = Passage::since(None, at(11));
        passage.turn(page(Some(Timestamp::EPOCH), false));
        assert!(!passage.is_complete());
        passage.turn(page(Some(Timestamp::EPOCH), true));
        assert!(passage.is_complete());
    }

    #[test]
    fn one_that_was_recorded_under_a_clock_that_was_ahead_hides_nothing() {
        let mut passage = Passage::since(Some(at(100)), at(11));
        passage.turn(page(Some(at(10)), false));
        assert!(!passage.is_complete());
    }
}
