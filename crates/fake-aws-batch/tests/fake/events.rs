//! Events on their way into a queue of SQS, which moto plays.

use aws_sdk_batch::types::JobStatus;
use aws_sdk_sqs::Client;
use batchway_fake_aws_batch::server::{EventQueue, Executor, Outcome, ServerSettings, Tampering};
use batchway_test_servers::Moto;
use serde_json::Value;

use crate::fixture::{Stage, sdk};

struct Scene {
    stage: Stage,
    sqs: Client,
    queue: String,
}

impl Scene {
    /// Jobs run until they are stopped.
    async fn new() -> Self {
        let moto = tokio::task::spawn_blocking(|| Moto::shared().url());
        let sdk = sdk(&moto.await.unwrap());
        let sqs = Client::new(&sdk);
        let folder = tempfile::tempdir().unwrap();
        let unique = folder.path().file_name().unwrap().to_str().unwrap();
        let name = format!("fake{}", unique.replace('.', "-"));
        let made = sqs.create_queue().queue_name(name).send().await.unwrap();
        let queue = made.queue_url.unwrap();
        let stage = Stage::with(ServerSettings {
            events: Some(EventQueue::new(&sdk, &queue)),
            executor: Executor::None(Outcome {
                run_time: None,
                exit_code: 0,
            }),
            ..ServerSettings::default()
        })
        .await;
        Self { stage, sqs, queue }
    }

    async fn received(&self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            let request = self.sqs.receive_message().queue_url(&self.queue);
            let request = request.max_number_of_messages(10).wait_time_seconds(1);
            for message in request.send().await.unwrap().messages.unwrap_or_default() {
                events.push(serde_json::from_str(&message.body.unwrap()).unwrap());
                let delete = self.sqs.delete_message().queue_url(&self.queue);
                let receipt = message.receipt_handle.unwrap();
                delete.receipt_handle(receipt).send().await.unwrap();
            }
        }
        events
    }

    /// Of a job that ran and was stopped.
    async fn run_a_job(&self) -> String {
        let id = self.stage.submit("simulation").await;
        self.stage.until(&id, &JobStatus::Running).await;
        self.stage.terminate(&id).await;
        self.stage.until(&id, &JobStatus::Failed).await;
        id
    }
}

fn statuses(events: &[Value]) -> Vec<&str> {
    let statuses = events.iter().map(|event| &event["detail"]["status"]);
    statuses.map(|status| status.as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_change_of_a_job_is_an_event_in_eventbridges_envelope() {
    let scene = Scene::new().await;
    let id = scene.run_a_job().await;
    let mut events = scene.received(1).await;
    while statuses(&events).last() != Some(&"FAILED") {
        events.extend(scene.received(1).await);
    }
    assert!(statuses(&events).contains(&"RUNNING"), "{events:?}");
    let last = events.last().unwrap();
    assert_eq!(last["source"], "aws.batch");
    assert_eq!(last["detail-type"], "Batch Job State Change");
    assert_eq!(last["region"], "eu-central-1");
    assert_eq!(last["account"], "123456789012");
    assert_eq!(last["detail"]["jobId"], id);
    assert_eq!(last["detail"]["isTerminated"], true);
    assert_eq!(last["resources"][0], last["detail"]["jobArn"]);
    let time = last["time"].as_str().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
}

#[tokio::test]
async fn events_are_lost_doubled_and_disordered_on_demand() {
    let scene = Scene::new().await;
    let fake = &scene.stage.fake;
    fake.tamper_with_events(Tampering {
        drop: 1,
        duplicate: 1,
        hold: true,
    });
    scene.run_a_job().await;
    fake.tamper_with_events(Tampering::default());
    let mut events = scene.received(1).await;
    let first = events[0]["detail"]["status"].clone();
    assert_eq!(first, "FAILED", "the newest comes first");
    while !is_doubled(&events) {
        events.extend(scene.received(1).await);
    }
}

fn is_doubled(events: &[Value]) -> bool {
    let ids = |event: &Value| event["id"].clone();
    let mut seen: Vec<Value> = events.iter().map(ids).collect();
    let all = seen.len();
    seen.sort_by_key(Value::to_string);
    seen.dedup();
    seen.len() < all
}
