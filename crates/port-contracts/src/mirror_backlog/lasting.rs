//! What is behind outlives the store's process.

use super::MirrorBacklogFixture;
use super::stage::{LEASE, Stage};

/// A store that is opened anew still knows what is behind, if it knows anything.
pub async fn what_is_behind_outlives_the_store(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let admitted = stage.scene.admit_many(&ada, 2).await;
    let sent = stage.scene.send(&admitted[0]).await;
    fixture.reopen().await;
    // Whoever had taken something before died with the store.
    fixture.advance(LEASE);
    let expected = if fixture.capabilities().durable {
        vec![sent, admitted[1].clone()]
    } else {
        Vec::new()
    };
    assert_eq!(stage.take_all().await, expected);
}
