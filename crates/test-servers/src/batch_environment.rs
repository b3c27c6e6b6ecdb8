//! What a job of AWS Batch needs to be there: a queue, and a definition.

use serde_json::{Value, json};

use crate::{LocalBatch, Moto};

/// The account that every emulator plays.
const ACCOUNT: &str = "123456789012";

/// A queue and a job definition with one container.
#[derive(Clone, Debug)]
pub struct BatchEnvironment {
    /// Name of the queue.
    pub queue: String,
    /// Name of the definition, without a revision.
    pub definition: String,
}

impl Moto {
    /// Makes a queue, with what lies below it, and a definition that runs this image. All of it
    /// bears the name: from 3 to 100 letters, digits, `_` and `-`, used by nobody else.
    ///
    /// # Panics
    ///
    /// Where moto does not take it.
    #[must_use]
    pub fn batch_environment(&self, region: &str, name: &str, image: &str) -> BatchEnvironment {
        let ask = |action: &str, body: &Value| post(&self.url(), region, action, body);
        self.create_role(name);
        ask(
            "createcomputeenvironment",
            &json!({
                "computeEnvironmentName": name,
                "type": "UNMANAGED",
                "state": "ENABLED",
                "serviceRole": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            }),
        );
        ask(
            "createjobqueue",
            &json!({
                "jobQueueName": name,
                "state": "ENABLED",
                "priority": 1,
                "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": name}],
            }),
        );
        ask("registerjobdefinition", &definition(name, image));
        BatchEnvironment {
            queue: name.to_owned(),
            definition: name.to_owned(),
        }
    }

    /// A role that nobody can take on; moto wants one to be there.
    fn create_role(&self, name: &str) {
        let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        let form = format!(
            "Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={policy}"
        );
        ureq::post(self.url())
            .header("authorization", signed_by_anybody("us-east-1", "iam"))
            .content_type("application/x-www-form-urlencoded")
            .send(form)
            .unwrap_or_else(|error| panic!("moto makes no role {name}: {error}"));
    }
}

impl LocalBatch {
    /// Makes a queue and a definition that runs this image. Both bear the name, used by nobody
    /// else.
    ///
    /// # Panics
    ///
    /// Where localbatch does not take it.
    #[must_use]
    pub fn batch_environment(&self, name: &str, image: &str) -> BatchEnvironment {
        let ask = |action: &str, body: &Value| post(&self.url(), "us-east-1", action, body);
        ask("createjobqueue", &json!({ "jobQueueName": name }));
        ask("registerjobdefinition", &definition(name, image));
        BatchEnvironment {
            queue: name.to_owned(),
            definition: name.to_owned(),
        }
    }
}

fn definition(name: &str, image: &str) -> Value {
    json!({
        "jobDefinitionName": name,
        "type": "container",
        "containerProperties": {
            "image": image,
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "512"},
            ],
        },
    })
}

fn post(url: &str, region: &str, action: &str, body: &Value) {
    ureq::post(format!("{url}/v1/{action}"))
        .header("authorization", signed_by_anybody(region, "batch"))
        .content_type("application/json")
        .send(body.to_string())
        .unwrap_or_else(|error| panic!("{url} does not take {action} {body}: {error}"));
}

/// Emulators look at region and service, and at nothing else.
fn signed_by_anybody(region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=none"
    )
}
