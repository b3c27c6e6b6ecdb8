//! How many orphans are kept in mind.

use std::time::Duration;

use batchway_domain::ports::{MAX_ORPHANS, StoreError};

use super::{SweepLedgerFixture, orphan};

/// Beyond the limit a new one is refused and nothing recorded; one that is known is still answered
/// as it was first, and one that is forgotten makes room.
pub async fn there_is_room_for_no_more_than_the_limit(fixture: &dyn SweepLedgerFixture) {
    let ledger = fixture.ledger();
    let now = fixture.now();
    for serial in (0..).take(MAX_ORPHANS) {
        let noted = ledger.note_orphan(&orphan(serial, now)).await;
        noted.expect("there is room");
    }
    let beyond = orphan(1_000_000, now);
    let refused = ledger.note_orphan(&beyond).await;
    assert!(
        matches!(refused, Err(StoreError::Full { .. })),
        "{refused:?}"
    );
    let kept = ledger.orphans().await.expect("the store is read");
    assert_eq!(kept.len(), MAX_ORPHANS);
    assert!(!kept.contains(&beyond));

    let first = orphan(0, now);
    let later = orphan(0, now.plus(Duration::from_secs(1)));
    let known = ledger.note_orphan(&later).await;
    assert_eq!(known.expect("it is known"), first);

    let forgotten = ledger.forget_orphan(&first.backend, &first.id).await;
    forgotten.expect("the store answers");
    let noted = ledger.note_orphan(&beyond).await;
    assert_eq!(noted.expect("there is room"), beyond);
}
