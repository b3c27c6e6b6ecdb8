//! What the gateway itself sends: the events of a job, to the `webhook_url` of its request.

use poem_openapi::registry::Registry;
use poem_openapi::types::Type;
use serde_json::{Value, json};

use crate::delivery_object::EXAMPLE_DELIVERY_ID;
use crate::job_examples::{cancelled_job, completed_job, failed_job, running_job};
use crate::webhook_event::WebhookEventObject;

/// The expression by which the document finds the receiver in the request.
const RECEIVER: &str = "{$request.body#/webhook_url}";

/// The group of what has to do with webhooks.
const TAG: &str = "Webhooks";

const DESCRIPTION: &str = "\
Where a job has a `webhook_url`, it is sent what happens to the job: `job.running`, \
`job.completed`, `job.failed` and `job.cancelled`, each as a `WebhookEvent` (see the callback of \
`POST /api/v1/jobs`), signed as Standard Webhooks \
(https://www.standardwebhooks.com) has it, so that its libraries verify it. The secret is that \
of the job's owner: `batchway webhook-secret show --user NAME`.

Delivered at least once: `webhook-id` is the same each time an event is sent, so remember it and \
pass over what you have seen. Events of one job may arrive out of order; `data.version` says which \
is newer.

Any 2xx within 15 seconds means that you have it. Everything else is tried again: ten times over \
three days, at growing distances, later where `Retry-After` asks for it. 410 ends it. Redirects \
are not followed.";

/// Only what operations take and answer enters poem-openapi's draft.
pub(super) fn add_schemas(document: &mut Value) {
    let mut registry = Registry::new();
    WebhookEventObject::register(&mut registry);
    for (name, schema) in registry.schemas {
        let schema = serde_json::to_value(schema).expect("a schema can be written as JSON");
        document["components"]["schemas"][name] = schema;
    }
}

pub(super) fn add(document: &mut Value) {
    // Pages made from the document show what a group is about, and no description of callbacks.
    for tag in document["tags"].as_array_mut().into_iter().flatten() {
        if tag["name"] == TAG
            && let Some(Value::String(description)) = tag.get_mut("description")
        {
            *description = format!("{description}\n\n{DESCRIPTION}");
        }
    }
    document["paths"]["/api/v1/jobs"]["post"]["callbacks"] =
        json!({"job_event": {RECEIVER: {"post": operation()}}});
}

fn operation() -> Value {
    json!({
        "operationId": "receive_job_event",
        "tags": [TAG],
        "summary": "Receive an event of a job",
        "description": DESCRIPTION,
        "security": [],
        "parameters": headers(),
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/WebhookEvent"},
                "examples": examples()
            }}
        },
        "responses": {
            "2XX": {"description": "You have the event. The body is not read."},
            "410": {"description": "You don't want this event: it is not tried again."},
            "default": {
                "description": "The event is tried again later, until its tenth attempt.",
                "headers": {"Retry-After": {
                    "description": "When to try again, in seconds or as an HTTP date; at most a \
                                    day later counts.",
                    "schema": {"type": "string"},
                    "example": "120"
                }}
            }
        }
    })
}

fn headers() -> Value {
    let header = |name: &str, description: &str, schema: Value, example: Value| {
        json!({
            "name": name, "in": "header", "required": true,
            "description": description, "schema": schema, "example": example
        })
    };
    json!([
        header(
            "webhook-id",
            "Names the event, the same for each attempt.",
            json!({"type": "string", "pattern": "^msg_[0-9a-z_]+$"}),
            json!(EXAMPLE_DELIVERY_ID),
        ),
        header(
            "webhook-timestamp",
            "When this attempt was signed, in seconds since 1970. Refuse what is more than five \
             minutes away from your clock.",
            json!({"type": "integer", "format": "int64", "minimum": 0}),
            json!(1_772_366_471),
        ),
        header(
            "webhook-signature",
            "`v1,` and the Base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`; \
             several, with a space between, for a day after the secret was rotated. One that fits \
             is enough.",
            json!({"type": "string", "pattern": "^v1,[A-Za-z0-9+/]+={0,2}( v1,[A-Za-z0-9+/]+={0,2})*$"}),
            json!("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        ),
    ])
}

fn examples() -> Value {
    let example = |kind: &str, summary: &str, timestamp: &str, job: Value| {
        let value = json!({"type": kind, "timestamp": timestamp, "data": job});
        (kind.to_owned(), json!({"summary": summary, "value": value}))
    };
    let all = [
        example(
            "job.running",
            "The program runs",
            "2026-03-01T12:00:01.000Z",
            running_job(),
        ),
        example(
            "job.completed",
            "The job is done",
            "2026-03-01T12:00:44.000Z",
            completed_job(),
        ),
        example(
            "job.failed",
            "The job failed",
            "2026-03-01T12:00:44.000Z",
            failed_job(),
        ),
        example(
            "job.cancelled",
            "The job was stopped",
            "2026-03-01T12:00:31.200Z",
            cancelled_job(),
        ),
    ];
    Value::Object(all.into_iter().collect())
}
