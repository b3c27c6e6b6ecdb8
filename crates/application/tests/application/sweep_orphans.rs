//! Jobs that bear our name and marks, and of which there is no record.

use batchway_application::loops::{Ending, SweepByHand, Verdict};
use batchway_domain::identity::JobId;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{MAX_ORPHANS, Orphan, Queue, SweepLedger};
use batchway_memory_adapters::{ComputeBackendCall, Fault, JobStoreCall, SweepLedgerCall};

use crate::job_types::REMOTE;
use crate::scene::{DAY, MINUTE, SECOND, Scene, Setup, World};
use crate::sweep_scene::{HOUR, SWEEP, TURN};

/// A gateway, a while after its store was made, and an orphan that a sweep has just found.
async fn found() -> (Scene, BackendId) {
    let scene = Scene::new();
    scene.world.clock.advance(DAY);
    let (_, copy) = scene.start(REMOTE).await;
    let orphan = scene.world.orphan(&copy, 1).await;
    scene.sweep().await;
    assert_eq!(
        scene.world.orphan_ids().await,
        std::slice::from_ref(&orphan)
    );
    (scene, orphan)
}

async fn noted(scene: &Scene) -> Orphan {
    let orphans = scene.world.jobs.orphans().await.unwrap();
    assert_eq!(orphans.len(), 1);
    orphans.into_iter().next().unwrap()
}

fn by_hand(scene: &Scene) -> SweepByHand {
    let mut sweeps = scene.gateway.application.sweeps_by_hand();
    assert_eq!(sweeps.len(), 1);
    sweeps.remove(0)
}

/// Sweeps and reviews, a round a minute, for so many minutes.
async fn let_pass(scene: &Scene, minutes: u32) {
    for _ in 0..minutes {
        scene.world.clock.advance(MINUTE);
        assert_eq!(scene.gateway.run(SWEEP).await.failure, None);
    }
}

#[tokio::test]
async fn it_is_held_for_a_day_and_then_ended() {
    let (scene, orphan) = found().await;
    let held_until = noted(&scene).await.noted_at.plus(DAY);
    while scene.world.now().plus(TURN) < held_until {
        scene.sweep().await;
        assert!(!scene.world.has_ended(&orphan).await);
    }
    scene.sweep().await;
    scene.sweep().await;
    assert!(scene.world.has_ended(&orphan).await);
    scene.sweep().await;
    assert!(scene.world.orphan_ids().await.is_empty());
    assert_eq!(scene.gateway.stops_sent(), 1);
}

#[tokio::test]
async fn the_wait_goes_on_when_the_gateways_change() {
    let (scene, orphan) = found().await;
    let since = noted(&scene).await.noted_at;
    let Scene { world, gateway } = scene;
    drop(gateway);
    for seed in 2..5 {
        let gateway = world.replica(Setup {
            seed,
            ..Setup::default()
        });
        assert!(!world.has_ended(&orphan).await);
        assert_eq!(world.jobs.orphans().await.unwrap()[0].noted_at, since);
        world.clock.advance(8 * HOUR);
        assert_eq!(gateway.sweep(&world).await.failure, None);
    }
    assert!(world.has_ended(&orphan).await);
}

#[tokio::test]
async fn one_that_is_older_than_the_store_is_ended_by_nobody_but_a_person() {
    let old = World::new(8);
    let gateway = old.replica(Setup::default());
    old.submit(&gateway, REMOTE).await;
    gateway.run("dispatch:aws-batch").await;
    let copy = old.batch.ids()[0].clone();
    old.batch.run(&copy);
    // The store was lost, and a new one is used from now on. Jobs that it sends are its own.
    old.clock.advance(HOUR);
    let new = old.with_new_store();
    let gateway = new.replica(Setup::default());
    let scene = Scene {
        world: new,
        gateway,
    };
    let (_, ours) = scene.start(REMOTE).await;
    let stray = scene.world.orphan(&ours, 1).await;
    for _ in 0..30 {
        scene.sweep().await;
        scene.world.clock.advance(HOUR);
    }
    assert!(
        scene.world.has_ended(&stray).await,
        "the store would know it"
    );
    assert!(
        !scene.world.has_ended(&copy).await,
        "the one before may know it"
    );
    let orphan = noted(&scene).await;
    assert_eq!(orphan.id, copy);
    let sweep = by_hand(&scene);
    let since = scene.world.jobs.kept_since().await.unwrap();
    let listed = sweep.orphans().await.unwrap();
    assert_eq!(listed, [(orphan.clone(), Verdict::OlderThanStore(since))]);
    assert_eq!(sweep.end(&orphan).await.unwrap(), Ending::Ended);
    assert!(scene.world.has_ended(&copy).await);
    assert!(scene.world.orphan_ids().await.is_empty());
}

#[tokio::test]
async fn one_that_has_a_record_by_then_is_not_ended() {
    let scene = Scene::new();
    scene.world.clock.advance(DAY);
    let (id, copy) = scene.start(REMOTE).await;
    let submission = scene.world.batch.submission(&copy).unwrap();
    // As if its record had not been there when the sweep looked.
    let orphan = Orphan {
        backend: "aws-batch".parse().unwrap(),
        id: copy.clone(),
        name: submission.name,
        queue: World::queue(),
        created_at: scene.world.now(),
        noted_at: scene.world.now(),
    };
    scene.world.jobs.note_orphan(&orphan).await.unwrap();
    scene.world.clock.advance(2 * DAY);
    scene.sweep().await;
    assert!(!scene.world.has_ended(&copy).await);
    assert!(scene.world.orphan_ids().await.is_empty());
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
}

#[tokio::test]
async fn nothing_is_ended_where_the_store_can_not_be_asked() {
    for (call, fault) in [
        (SweepLedgerCall::KeptSince, Fault::RequestLost),
        (SweepLedgerCall::Orphans, Fault::RequestLost),
        (SweepLedgerCall::Orphans, Fault::ReplyLost),
    ] {
        let (scene, orphan) = found().await;
        scene.world.clock.advance(2 * DAY);
        scene.gateway.ledger.faults().fail_next_of(call, 100, fault);
        assert!(scene.gateway.run(SWEEP).await.failure.is_some());
        assert!(!scene.world.has_ended(&orphan).await, "{call:?}");
        scene.gateway.ledger.faults().clear();
        scene.sweep().await;
        assert!(scene.world.has_ended(&orphan).await, "{call:?}");
    }
    let (scene, orphan) = found().await;
    scene.world.clock.advance(2 * DAY);
    let faults = scene.gateway.jobs.faults();
    faults.fail_next_of(JobStoreCall::Load, 100, Fault::RequestLost);
    assert!(scene.gateway.run(SWEEP).await.failure.is_some());
    assert!(!scene.world.has_ended(&orphan).await);
}

#[tokio::test]
async fn one_that_ends_by_itself_is_forgotten() {
    let (scene, orphan) = found().await;
    scene.world.batch.succeed(&orphan);
    scene.sweep().await;
    assert!(scene.world.orphan_ids().await.is_empty());
    assert_eq!(scene.gateway.stops_sent(), 0);
}

#[tokio::test]
async fn one_that_the_backend_does_not_tell_of_is_forgotten_only_after_an_hour() {
    let (scene, orphan) = found().await;
    scene.world.batch.vanish(&orphan);
    let_pass(&scene, 6).await;
    let_pass(&scene, 54).await;
    assert_eq!(scene.world.orphan_ids().await, [orphan]);
    let_pass(&scene, 10).await;
    assert!(scene.world.orphan_ids().await.is_empty());
}

#[tokio::test]
async fn its_stop_is_asked_for_until_it_is_seen_to_end() {
    let (scene, orphan) = found().await;
    scene.world.batch.hold_stops();
    scene.world.clock.advance(DAY);
    for round in 1..=3 {
        scene.sweep().await;
        assert_eq!(scene.gateway.stops_sent(), round);
    }
    scene.world.batch.finish_stops();
    scene.sweep().await;
    assert!(scene.world.has_ended(&orphan).await);
    assert_eq!(scene.gateway.stops_sent(), 3);
    assert!(scene.world.orphan_ids().await.is_empty());
}

#[tokio::test]
async fn a_stop_that_fails_keeps_no_other_orphan_alive() {
    let (scene, first) = found().await;
    let second = scene.world.orphan(&first, 2).await;
    scene.sweep().await;
    scene.world.clock.advance(DAY);
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::Terminate, Fault::Declined);
    scene.world.clock.advance(TURN);
    assert!(scene.gateway.run(SWEEP).await.failure.is_some());
    assert!(!scene.world.has_ended(&first).await);
    assert!(scene.world.has_ended(&second).await);
    scene.sweep().await;
    assert!(scene.world.has_ended(&first).await);
}

#[tokio::test]
async fn replicas_together_look_at_orphans_once_in_five_minutes() {
    let (scene, _) = found().await;
    let other = scene.world.replica(Setup {
        seed: 2,
        ..Setup::default()
    });
    let looks = || {
        let of = |replica: &crate::scene::Replica| {
            replica.batch.faults().calls(ComputeBackendCall::Describe)
        };
        of(&scene.gateway) + of(&other)
    };
    let before = looks();
    for _ in 0..60 {
        scene.world.clock.advance(MINUTE);
        scene.gateway.run(SWEEP).await;
        other.run(SWEEP).await;
    }
    assert!(
        (11..=13).contains(&(looks() - before)),
        "{}",
        looks() - before
    );
}

#[tokio::test]
async fn more_than_can_be_kept_in_mind_stop_no_sweep() {
    let scene = Scene::new();
    let (_, copy) = scene.start(REMOTE).await;
    let stray = scene.world.stray(&copy, 7).await;
    let job = |serial: usize| {
        let mut entropy = [1; JobId::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&serial.to_be_bytes());
        JobId::new(scene.world.now(), "00".parse().unwrap(), entropy)
    };
    let like = scene.world.batch.submission(&copy).unwrap();
    for serial in 0..MAX_ORPHANS {
        let mut name = like.name.clone();
        name.job = job(serial);
        let orphan = Orphan {
            backend: "aws-batch".parse().unwrap(),
            id: BackendId(format!("elsewhere-{serial}")),
            name,
            queue: Queue("another".to_owned()),
            created_at: scene.world.now(),
            noted_at: scene.world.now(),
        };
        scene.world.jobs.note_orphan(&orphan).await.unwrap();
    }
    scene.world.orphan(&copy, 1).await;
    scene.sweep().await;
    assert_eq!(scene.world.orphan_ids().await.len(), MAX_ORPHANS);
    assert!(scene.world.swept_until().await.is_some());
    assert!(scene.world.has_ended(&stray).await);
}

#[tokio::test]
async fn a_ledger_that_is_full_for_want_of_room_stops_the_sweep() {
    let scene = Scene::new();
    let (_, copy) = scene.start(REMOTE).await;
    scene.world.orphan(&copy, 1).await;
    let faults = scene.gateway.ledger.faults();
    faults.fail_next(SweepLedgerCall::NoteOrphan, Fault::Declined);
    scene.world.clock.advance(TURN);
    assert!(scene.gateway.run(SWEEP).await.failure.is_some());
    assert_eq!(scene.world.swept_until().await, None);
    scene.sweep().await;
    assert_eq!(scene.world.orphan_ids().await.len(), 1);
}

#[tokio::test]
async fn by_hand_a_queue_is_swept_to_its_end_at_once() {
    let scene = Scene::new();
    scene.world.clock.advance(DAY);
    let (_, copy) = scene.start(REMOTE).await;
    let orphan = scene.world.orphan(&copy, 1).await;
    scene.world.clock.advance(DAY);
    let (_, last) = scene.send(REMOTE).await;
    let ledger: &dyn SweepLedger = &*scene.world.jobs;
    let swept = scene.world.now();
    ledger.record_sweep(&World::queue(), swept).await.unwrap();
    scene.world.clock.advance(SECOND);

    let sweep = by_hand(&scene);
    assert_eq!(sweep.backend().as_str(), "aws-batch");
    let (queues, open) = sweep.queues().await;
    assert_eq!((queues.as_slice(), open.len()), (&[World::queue()][..], 0));
    let before = sweep.swept_until(&queues[0]).await.unwrap();
    assert_eq!(before, Some(swept));
    assert_eq!(sweep.sweep(&queues[0]).await.unwrap(), 3);
    let until = sweep.swept_until(&queues[0]).await.unwrap();
    assert_eq!(until, Some(scene.world.now()));
    let noted = noted(&scene).await;
    let ends_at = scene.world.now().plus(DAY);
    let listed = sweep.orphans().await.unwrap();
    assert_eq!(listed, [(noted.clone(), Verdict::EndsAt(ends_at))]);

    assert_eq!(sweep.end(&noted).await.unwrap(), Ending::Ended);
    assert!(scene.world.has_ended(&orphan).await);
    assert!(scene.world.orphan_ids().await.is_empty());
    assert_eq!(sweep.end(&noted).await.unwrap(), Ending::NoOrphan);
    assert!(!scene.world.has_ended(&last).await);
    assert!(!scene.world.has_ended(&copy).await);
}

#[tokio::test(start_paused = true)]
async fn by_hand_a_stop_that_takes_long_is_not_called_an_end() {
    let (scene, orphan) = found().await;
    scene.world.batch.hold_stops();
    let sweep = by_hand(&scene);
    let noted = noted(&scene).await;
    assert_eq!(sweep.end(&noted).await.unwrap(), Ending::Asked);
    assert!(scene.world.batch.is_stopping(&orphan));
    assert_eq!(scene.world.orphan_ids().await, [orphan]);
}

#[tokio::test]
async fn by_hand_a_queue_that_is_not_known_is_told() {
    let scene = Scene::new();
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::ResolveTarget, Fault::Declined);
    let (queues, open) = by_hand(&scene).queues().await;
    assert_eq!(queues, [World::queue()], "the other type's");
    assert_eq!(open.len(), 1);
    assert!(open[0].reason.contains("a test lets"), "{}", open[0].reason);
}
