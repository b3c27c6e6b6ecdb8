//! What is recorded when a job is admitted.

use std::sync::Arc;

use batchway_domain::job::{EventKind, JobStatus};
use batchway_domain::ports::AdmitError;

use super::JobStoreFixture;
use super::scene::{Scene, dispatch};
use crate::specimens;

/// The record is the one that the domain makes of a new job and the key's user.
pub async fn the_record_is_the_domains(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admission = scene.admission(&ada);
    let expected = admission.job.admit(ada.name.clone()).job;
    let admitted = scene.submit(&ada, admission).await;
    assert!(!admitted.replayed);
    assert_eq!(admitted.job, expected);
    assert_eq!(scene.load(&expected.id).await, Some(expected.clone()));
    let found = scene.jobs().find(&ada.key, &expected.id).await;
    assert_eq!(found.expect("the store is read"), Some(expected));
}

/// A webhook, a fractional work and the rest of a record come back as they were.
pub async fn every_field_of_a_record_comes_back(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut admission = scene.admission(&ada);
    let webhook = "https://example.com/hook?a=%20b&c=\u{e4}";
    admission.job.webhook =
        Some(batchway_domain::security::WebhookTarget::parse(webhook).expect("a public host"));
    admission.job.work = 0.1 + 0.2;
    admission.job.estimated_seconds = u64::from(u32::MAX) + 1;
    let expected = admission.job.admit(ada.name.clone()).job;
    scene.submit(&ada, admission).await;
    assert_eq!(scene.load(&expected.id).await, Some(expected));
}

/// Params come back byte for byte, whatever JSON they are.
pub async fn params_are_kept_byte_for_byte(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let odd = [
        "{}",
        "[]",
        " {\t\"a\" :\r\n [ ] }  ",
        r#"{"b":1,"a":2,"a":3,"":null}"#,
        r#"{"n":1.0,"big":123456789012345678901234567890,"e":1E-7,"z":-0.0}"#,
        r#"{"quote":"\"\\\/\b","escaped":"\u00e9\ud83d\ude00","nul":"\u0000"}"#,
        "{\"raw\":\"é 日本 😀 \u{feff}\u{202e}\u{2028}\"}",
        r#"{"sql":"'; DROP TABLE jobs; --","percent":"%s%00"}"#,
    ];
    for params in odd {
        let mut admission = scene.admission(&ada);
        admission.params = Arc::from(params);
        let job = scene.submit(&ada, admission).await.job;
        let kept = scene.jobs().params(&job.id).await;
        assert_eq!(kept.expect("the store is read").as_deref(), Some(params));
    }
}

/// Params as large as a request may be are kept whole.
pub async fn params_of_256_kib_are_kept_whole(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut admission = scene.admission(&ada);
    let filler = "0123456789abcdeé".repeat(256 * 1024 / 17);
    admission.params = Arc::from(format!("{{\"filler\":\"{filler}\"}}"));
    let params = Arc::clone(&admission.params);
    let job = scene.submit(&ada, admission).await.job;
    let kept = scene.jobs().params(&job.id).await;
    assert!(kept.expect("the store is read") == Some(params));
}

/// There are no params of a job that is not there.
pub async fn unknown_jobs_are_absent(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let unknown = scene.new_job(&ada).id;
    assert_eq!(scene.load(&unknown).await, None);
    let params = scene.jobs().params(&unknown).await;
    assert_eq!(params.expect("the store is read"), None);
    let found = scene.jobs().find(&ada.key, &unknown).await;
    assert_eq!(found.expect("the store is read"), None);
}

/// The first event of a job is recorded with it.
pub async fn the_first_event_is_recorded(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admission = scene.admission(&ada);
    let expected = admission.job.admit(ada.name.clone()).events;
    scene.submit(&ada, admission).await;
    let events = scene.events(&ada.name).await;
    assert_eq!(events, [(1, expected[0].clone())]);
    assert_eq!(events[0].1.kind, EventKind::Queued);
}

/// An admitted job is due to be sent at once.
pub async fn the_job_is_due_to_be_sent(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    assert_eq!(job.status(), JobStatus::Queued);
    assert_eq!(scene.take(dispatch(), 10).await, [job.id]);
}

/// A refused admission leaves nothing behind: no record, params, event, due entry or key.
pub async fn a_refusal_records_nothing(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut admission = scene.admission(&ada);
    admission.limits.queued = 0;
    admission.idempotency = Some(specimens::idempotency("refused", 1));
    let refused = scene.jobs().admit(&ada.key, admission.clone()).await;
    assert!(
        matches!(refused, Err(AdmitError::BacklogFull { limit: 0 })),
        "{refused:?}"
    );
    let id = &admission.job.id;
    assert_eq!(scene.load(id).await, None);
    let params = scene.jobs().params(id).await;
    assert_eq!(params.expect("the store is read"), None);
    assert!(scene.events(&ada.name).await.is_empty());
    assert!(scene.take(dispatch(), 10).await.is_empty());

    admission.limits = specimens::AMPLE_LIMITS;
    let admitted = scene.submit(&ada, admission).await;
    assert!(!admitted.replayed, "the key was not used up by the refusal");
    assert_eq!(scene.events(&ada.name).await.len(), 1);
}
