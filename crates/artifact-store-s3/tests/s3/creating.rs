//! Who is first, when the network is not at its best.

use batchway_domain::ports::{ArtifactError, ArtifactStore, Created};

use crate::checking_server::CheckingServer;
use crate::stores::{content, key, read, store_over};
use crate::wire::{Answer, Fault, Sort, Wire};

const CREATE: Sort = Sort("PUT", "gate.json");

fn conflict() -> Fault {
    Fault::Answer(Answer::error(
        409,
        "ConditionalRequestConflict",
        "The conditional request cannot succeed due to a conflicting operation.",
    ))
}

/// Were it sent again, the winner would find its own object and be told that it lost.
#[tokio::test]
async fn a_create_whose_reply_is_lost_is_not_sent_again() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let gate = key("try-1/gate.json");
    wire.next(CREATE, Fault::LoseReply);
    let created = store.create(&gate, "mine".into()).await;
    assert!(
        matches!(created, Err(ArtifactError::Unavailable { .. })),
        "{created:?}"
    );
    assert_eq!(wire.sent(CREATE).len(), 1);
    assert_eq!(
        read(&store, &gate).await,
        "mine",
        "as the error says it may be"
    );
}

#[tokio::test]
async fn a_server_error_may_hide_a_success_and_is_not_tried_again() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    for status in [500, 502, 503, 504] {
        wire.next(
            CREATE,
            Fault::Answer(Answer::error(status, "InternalError", "?")),
        );
        let created = store.create(&key("gate.json"), "mine".into()).await;
        assert!(
            matches!(created, Err(ArtifactError::Unavailable { .. })),
            "{created:?}"
        );
    }
    assert_eq!(wire.sent(CREATE).len(), 4);
}

#[tokio::test]
async fn a_create_that_was_in_conflict_or_throttled_is_sent_again() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let gate = key("try-1/gate.json");
    wire.next(CREATE, conflict());
    wire.next(
        CREATE,
        Fault::Answer(Answer::error(503, "SlowDown", "Slow down.")),
    );
    wire.next(CREATE, conflict());
    assert_eq!(
        store.create(&gate, "mine".into()).await.unwrap(),
        Created::Won
    );
    wire.next(CREATE, conflict());
    assert_eq!(
        store.create(&gate, "other".into()).await.unwrap(),
        Created::AlreadyThere
    );
    assert_eq!(read(&store, &gate).await, "mine");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_without_end_is_said_to_be_one() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    for _ in 0..8 {
        wire.next(CREATE, conflict());
    }
    let created = store.create(&key("gate.json"), "mine".into()).await;
    assert!(
        matches!(&created, Err(ArtifactError::Unavailable { reason, .. }) if reason.contains("conflict")),
        "{created:?}"
    );
    assert_eq!(wire.sent(CREATE).len(), 8);
}

#[tokio::test]
async fn a_put_whose_reply_is_lost_is_sent_again() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    wire.next(Sort("PUT", "/a"), Fault::LoseReply);
    let written = store.put(&key("a"), content("content")).await.unwrap();
    assert_eq!(written.size, 7);
    assert_eq!(wire.sent(Sort("PUT", "/a")).len(), 2);
}

#[tokio::test]
async fn a_server_that_heeds_no_condition_is_found_out() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let probe = key("gate.json");
    store.prove_creation(&probe).await.unwrap();
    store.prove_creation(&probe).await.unwrap();
    assert!(store.list("").await.unwrap().is_empty());
    wire.next(CREATE, Fault::Answer(Answer::bare(200)));
    wire.next(CREATE, Fault::Answer(Answer::bare(200)));
    let error = store.prove_creation(&probe).await.unwrap_err();
    assert!(
        matches!(&error, ArtifactError::Forbidden { reason, .. } if reason.contains("If-None-Match")),
        "{error:?}"
    );
}
