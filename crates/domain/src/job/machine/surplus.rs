//! | from | observation | to |
//! |---|---|---|
//! | any live | a copy under the name of another of its tries | same; terminated |
//! | any | the backend answers without copies that must not go on | same; after three such answers over 10 minutes they count as ended |

use super::{Change, Next};
use crate::job::{Absence, BackendId, Rules};

/// What was accepted a moment ago need not be seen yet, so that an answer without it proves
/// nothing.
pub(super) fn absent(next: &mut Next<'_>, ids: &[BackendId]) -> Option<Change> {
    let missing = |id: &BackendId| ids.contains(id);
    if !next.job.surplus.iter().any(missing) {
        return next.job.surplus_absence.take().map(|_| Change::Silent);
    }
    let now = next.now;
    let seen = next.job.surplus_absence.get_or_insert(Absence {
        since: now,
        answers: 0,
    });
    seen.answers = seen.answers.saturating_add(1);
    let are_gone =
        seen.answers >= Rules::LOST_AFTER_ANSWERS && now.since(seen.since) >= Rules::LOST_AFTER;
    if are_gone {
        next.job.surplus_absence = None;
        next.job.surplus.retain(|id| !missing(id));
    }
    next.job.next_check_at = next.job.next_look(next.rules.pace, now);
    Some(Change::Silent)
}

impl Next<'_> {
    /// This copy must not go on. How long others have been missing says nothing of it.
    pub(super) fn give_up_copy(&mut self, id: BackendId) {
        if !self.job.surplus.contains(&id) {
            self.job.surplus.push(id);
            self.job.surplus_absence = None;
        }
    }

    /// Whether a copy that must not go on could still work: no gate keeps it from that, or the
    /// gate of an earlier try had let it in.
    pub(super) fn surplus_may_work(&self) -> bool {
        let mut surplus = self.job.surplus.iter();
        surplus.any(|id| !self.rules.gated || self.is_of_earlier_try(id))
    }
}
