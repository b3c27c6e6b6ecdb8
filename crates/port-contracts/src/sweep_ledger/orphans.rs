//! Jobs without a record, kept in mind.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{Orphan, Queue};

use super::{SweepLedgerFixture, orphan};
use crate::concurrency::all_at_once;

const HOUR: Duration = Duration::from_secs(3600);

/// An empty ledger knows no orphans.
pub async fn a_ledger_begins_without_orphans(fixture: &dyn SweepLedgerFixture) {
    assert!(orphans(fixture).await.is_empty());
}

/// An orphan comes back in every field, times to the millisecond, the latest of all among them.
pub async fn a_noted_orphan_is_told_in_every_field(fixture: &dyn SweepLedgerFixture) {
    let known = orphan(1, fixture.now().plus(Duration::from_millis(123)));
    let mut undated = orphan(2, fixture.now().plus(HOUR));
    undated.name.number = u32::MAX;
    undated.created_at = Timestamp::MAX;
    for wanted in [&known, &undated] {
        assert_eq!(note(fixture, wanted).await, *wanted);
    }
    assert_eq!(orphans(fixture).await, [known, undated]);
}

/// Noted again, whatever else is said of it, it is answered as it was first, and stays so.
pub async fn noted_again_it_is_answered_as_it_was_first(fixture: &dyn SweepLedgerFixture) {
    let first = orphan(1, fixture.now());
    note(fixture, &first).await;
    fixture.advance(HOUR);
    let later = Orphan {
        backend: first.backend.clone(),
        id: first.id.clone(),
        ..orphan(2, fixture.now())
    };
    assert_eq!(note(fixture, &later).await, first);
    let earlier = Orphan {
        noted_at: first.noted_at.minus(HOUR),
        ..first.clone()
    };
    assert_eq!(note(fixture, &earlier).await, first);
    assert_eq!(orphans(fixture).await, [first]);
}

/// Those who note the same one at the same time are all answered with the one that stays.
pub async fn concurrent_notes_agree_on_the_first(fixture: &dyn SweepLedgerFixture) {
    let notes: Vec<_> = (0..20)
        .map(|minute| {
            let ledger = fixture.ledger();
            let noted = orphan(1, fixture.now().plus(Duration::from_secs(60 * minute)));
            async move { ledger.note_orphan(&noted).await }
        })
        .collect();
    let answers = all_at_once(notes).await;
    let kept = orphans(fixture).await;
    assert_eq!(kept.len(), 1);
    for answer in answers {
        assert_eq!(answer.expect("the store answers"), kept[0]);
    }
}

/// An id is unique at its backend alone.
pub async fn equal_ids_of_two_backends_are_two_orphans(fixture: &dyn SweepLedgerFixture) {
    let here = orphan(1, fixture.now());
    let there = Orphan {
        backend: "aws-batch".parse().expect("a valid name"),
        noted_at: here.noted_at.plus(HOUR),
        ..here.clone()
    };
    note(fixture, &here).await;
    assert_eq!(note(fixture, &there).await, there);
    assert_eq!(orphans(fixture).await, [here.clone(), there.clone()]);
    forget(fixture, &here).await;
    assert_eq!(orphans(fixture).await, [there]);
}

/// Whichever was noted first comes first, in whatever order they are told; of equal times, the
/// lesser id.
pub async fn the_first_noted_comes_first(fixture: &dyn SweepLedgerFixture) {
    let now = fixture.now();
    let in_order: Vec<Orphan> = [(5, 0), (1, 1), (2, 1), (3, 1), (0, 10), (4, 20)]
        .map(|(serial, millis)| orphan(serial, now.plus(Duration::from_millis(millis))))
        .into();
    for place in [3, 0, 4, 2, 5, 1] {
        note(fixture, &in_order[place]).await;
    }
    assert_eq!(orphans(fixture).await, in_order);
}

/// A forgotten orphan is gone, and no other.
pub async fn a_forgotten_orphan_is_gone(fixture: &dyn SweepLedgerFixture) {
    let [first, second] = [1, 2].map(|serial| orphan(serial, fixture.now()));
    note(fixture, &first).await;
    note(fixture, &second).await;
    forget(fixture, &first).await;
    assert_eq!(orphans(fixture).await, [second]);
}

/// Forgetting what is not there, or twice, is a success.
pub async fn what_is_not_there_is_forgotten_without_a_word(fixture: &dyn SweepLedgerFixture) {
    let [kept, other] = [1, 2].map(|serial| orphan(serial, fixture.now()));
    forget(fixture, &kept).await;
    note(fixture, &kept).await;
    forget(fixture, &other).await;
    assert_eq!(orphans(fixture).await, std::slice::from_ref(&kept));
    forget(fixture, &kept).await;
    forget(fixture, &kept).await;
    assert!(orphans(fixture).await.is_empty());
}

/// What was forgotten and is noted again begins anew.
pub async fn a_forgotten_orphan_can_be_noted_anew(fixture: &dyn SweepLedgerFixture) {
    let first = orphan(1, fixture.now());
    note(fixture, &first).await;
    forget(fixture, &first).await;
    let again = orphan(1, fixture.now().plus(HOUR));
    assert_eq!(note(fixture, &again).await, again);
    assert_eq!(orphans(fixture).await, [again]);
}

/// Ids that differ in a character are different; what separates fields elsewhere separates
/// nothing here; a queue may have 512 bytes.
pub async fn ids_and_queues_are_kept_to_the_letter(fixture: &dyn SweepLedgerFixture) {
    let mut noted = Vec::new();
    let texts = ["", "a", "A", "a ", "a:b", "a/b", "a\nb", "a\0b", "{a}", "é"];
    for (serial, text) in (0..).zip(texts) {
        let wanted = Orphan {
            id: BackendId(text.to_owned()),
            queue: Queue(format!("{text}{}", "q".repeat(512 - text.len()))),
            ..orphan(serial, fixture.now().plus(Duration::from_secs(serial)))
        };
        assert_eq!(note(fixture, &wanted).await, wanted);
        noted.push(wanted);
    }
    assert_eq!(orphans(fixture).await, noted);
    for wanted in &noted {
        forget(fixture, wanted).await;
    }
    assert!(orphans(fixture).await.is_empty());
}

async fn orphans(fixture: &dyn SweepLedgerFixture) -> Vec<Orphan> {
    fixture.ledger().orphans().await.expect("the store is read")
}

async fn note(fixture: &dyn SweepLedgerFixture, orphan: &Orphan) -> Orphan {
    let noted = fixture.ledger().note_orphan(orphan).await;
    noted.expect("the store answers")
}

async fn forget(fixture: &dyn SweepLedgerFixture, orphan: &Orphan) {
    let ledger = fixture.ledger();
    let forgotten = ledger.forget_orphan(&orphan.backend, &orphan.id).await;
    forgotten.expect("the store answers");
}
