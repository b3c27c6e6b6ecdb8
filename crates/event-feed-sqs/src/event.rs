//! What is read out of a message: which job of AWS Batch it is about.
//!
//! An event says more, and none of it is looked at: events overtake each other, so that only a
//! description by AWS Batch tells the state that a job is in. Unknown fields and new kinds of
//! events are nobody's fault; only what has not the form of an event at all can't be read.

use batchway_domain::job::BackendId;
use batchway_domain::ports::ChangedJob;
use serde::Deserialize;

/// The service that is listened to.
const SOURCE: &str = "aws.batch";

/// The kind of event that is always about a job.
const STATE_CHANGE: &str = "Batch Job State Change";

/// Why a message can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is not an event of EventBridge")]
    NoEvent,
    #[error("it is a change of a job's state that does not say which job")]
    NoJob,
}

/// What stands in a message. The last two are what other ways into the queue make of an event.
#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Event(Envelope),
    /// A notification of SNS, where the rule's target is a topic without raw delivery.
    Notification {
        #[serde(rename = "Message")]
        message: String,
    },
    /// A JSON string, where the rule transforms its input to text.
    Text(String),
}

/// An event of EventBridge.
#[derive(Deserialize)]
struct Envelope {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: serde_json::Value,
}

/// The job that a message is about, where it bears a name of ours.
pub(crate) fn read(body: &str) -> Result<Option<ChangedJob>, Unreadable> {
    let event = match parse(body)? {
        Body::Event(event) => event,
        Body::Notification { message } | Body::Text(message) => match parse(&message)? {
            Body::Event(event) => event,
            Body::Notification { .. } | Body::Text(_) => return Err(Unreadable::NoEvent),
        },
    };
    if event.source != SOURCE {
        return Ok(None);
    }
    let text = |field| {
        event
            .detail
            .get(field)?
            .as_str()
            .filter(|text| !text.is_empty())
    };
    match (text("jobId"), text("jobName")) {
        (Some(id), Some(name)) => Ok(name.parse().ok().map(|name| ChangedJob {
            backend_id: BackendId(id.to_owned()),
            name,
        })),
        _ if event.detail_type == STATE_CHANGE => Err(Unreadable::NoJob),
        _ => Ok(None),
    }
}

fn parse(text: &str) -> Result<Body, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable::NoEvent)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SUCCEEDED: &str = include_str!("../tests/sqs/events/succeeded.json");
    const BLOCKED: &str = include_str!("../tests/sqs/events/queue_blocked.json");

    fn changed(body: &str) -> Option<ChangedJob> {
        read(body).unwrap()
    }

    fn edited(edit: impl FnOnce(&mut Value)) -> String {
        let mut event = serde_json::from_str(SUCCEEDED).unwrap();
        edit(&mut event);
        event.to_string()
    }

    #[test]
    fn a_change_of_state_names_its_job() {
        let job = changed(SUCCEEDED).unwrap();
        assert_eq!(job.backend_id.0, "8a3f6c1e-6f0b-4b7e-9d27-51c2f0a4be90");
        let name = job.name.to_string();
        assert_eq!(name, "bw-specimen-job_0000000000000000000000000000-1");
    }

    /// It has a new waiting reason, which AWS Batch tells when it is asked.
    #[test]
    fn a_job_that_blocks_its_queue_is_named_too() {
        assert_eq!(changed(BLOCKED), changed(SUCCEEDED));
    }

    #[test]
    fn what_is_new_in_an_event_does_no_harm() {
        let body = edited(|event| {
            event["detail-type"] = json!("Batch Job Something New");
            event["version"] = json!(7);
            event["detail"]["status"] = json!("DREAMING");
            event["detail"]["container"] = json!([1, 2, null]);
            event["more"] = json!({"deep": [[[]]]});
        });
        assert_eq!(changed(&body), changed(SUCCEEDED));
    }

    #[test]
    fn only_names_written_exactly_as_ours_are_ours() {
        for name in [
            "nightly",
            "BW-specimen-job_0000000000000000000000000000-1",
            "bw-specimen-job_0000000000000000000000000000-01",
            "bw-specimen-job_0000000000000000000000000000-1-copy",
        ] {
            let body = edited(|event| event["detail"]["jobName"] = json!(name));
            assert_eq!(changed(&body), None, "{name}");
        }
    }

    #[test]
    fn what_is_not_about_a_job_names_none() {
        let other_service = edited(|event| event["source"] = json!("aws.ecs"));
        let other_kind = edited(|event| {
            event["detail-type"] = json!("Batch Service Job Queue Blocked");
            event["detail"] = json!({"jobQueue": "queue"});
        });
        let without_detail = edited(|event| {
            event["source"] = json!("com.example");
            event["detail"] = json!("text");
        });
        for body in [other_service, other_kind, without_detail] {
            assert_eq!(changed(&body), None, "{body}");
        }
    }

    #[test]
    fn an_event_may_be_wrapped_once() {
        let notification = json!({
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-central-1:123456789012:batch",
            "Message": SUCCEEDED,
        });
        for body in [notification.to_string(), json!(SUCCEEDED).to_string()] {
            assert_eq!(changed(&body), changed(SUCCEEDED));
        }
        let twice = json!(json!(SUCCEEDED).to_string()).to_string();
        assert_eq!(read(&twice), Err(Unreadable::NoEvent));
    }

    #[test]
    fn what_has_not_the_form_of_an_event_cant_be_read() {
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "no json",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"source":"aws.batch"}"#,
            r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#,
            &SUCCEEDED[..SUCCEEDED.len() / 2],
            &deep,
        ] {
            assert_eq!(read(body), Err(Unreadable::NoEvent), "{:.80}", body);
        }
        for field in ["jobId", "jobName"] {
            for value in [json!(null), json!(""), json!(7)] {
                let body = edited(|event| event["detail"][field] = value);
                assert_eq!(read(&body), Err(Unreadable::NoJob));
            }
        }
    }
}
