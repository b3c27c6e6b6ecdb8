//! What an operator sets up at AWS, asked of moto by hand.

use serde_json::{Value, json};

/// moto, which takes any credentials and any signature.
pub(crate) struct Aws {
    url: String,
}

impl Aws {
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
        }
    }

    pub(crate) fn create_bucket(&self, name: &str) {
        let constraint = "<LocationConstraint>eu-central-1</LocationConstraint>";
        let body = format!("<CreateBucketConfiguration>{constraint}</CreateBucketConfiguration>");
        self.request("s3", "PUT", &format!("/{name}"), &body);
    }

    pub(crate) fn delete_bucket_with_all_in_it(&self, name: &str) {
        for key in self.keys(name) {
            self.request("s3", "DELETE", &format!("/{name}/{key}"), "");
        }
        self.request("s3", "DELETE", &format!("/{name}"), "");
    }

    /// At most a thousand.
    fn keys(&self, bucket: &str) -> Vec<String> {
        let list = self.request("s3", "GET", &format!("/{bucket}?list-type=2"), "");
        list.split("<Key>")
            .skip(1)
            .filter_map(|part| part.split("</Key>").next())
            .map(str::to_owned)
            .collect()
    }

    /// A definition whose containers reach moto as its jobs would reach AWS.
    pub(crate) fn register_definition(
        &self,
        name: &str,
        image: &str,
        command: &[&str],
        endpoint: &str,
    ) {
        let environment = [
            ("AWS_ACCESS_KEY_ID", "of-the-job-role"),
            ("AWS_SECRET_ACCESS_KEY", "of-the-job-role"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ENDPOINT_URL", endpoint),
        ];
        let environment: Vec<Value> = environment
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        self.batch(
            "registerjobdefinition",
            &json!({
                "jobDefinitionName": name,
                "type": "container",
                "containerProperties": {
                    "image": image,
                    "command": command,
                    "environment": environment,
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "1"},
                        {"type": "MEMORY", "value": "2048"},
                    ],
                },
            }),
        );
    }

    /// A job that no gateway asked for, with these tags; answers its id.
    pub(crate) fn submit_job(
        &self,
        name: &str,
        queue: &str,
        definition: &str,
        tags: &Value,
    ) -> String {
        let job = json!({
            "jobName": name, "jobQueue": queue, "jobDefinition": definition, "tags": tags,
        });
        let submitted = self.batch("submitjob", &job);
        submitted["jobId"].as_str().unwrap().to_owned()
    }

    /// The status of a job.
    pub(crate) fn status_of_job(&self, id: &str) -> String {
        let described = self.batch("describejobs", &json!({"jobs": [id]}));
        described["jobs"][0]["status"].as_str().unwrap().to_owned()
    }

    /// How many jobs a queue was ever given.
    pub(crate) fn jobs_in(&self, queue: &str) -> usize {
        let statuses = [
            "SUBMITTED",
            "PENDING",
            "RUNNABLE",
            "STARTING",
            "RUNNING",
            "SUCCEEDED",
            "FAILED",
        ];
        let in_status = |status| {
            let list = self.batch("listjobs", &json!({"jobQueue": queue, "jobStatus": status}));
            list["jobSummaryList"].as_array().unwrap().len()
        };
        statuses.into_iter().map(in_status).sum()
    }

    fn batch(&self, action: &str, body: &Value) -> Value {
        let answer = self.request("batch", "POST", &format!("/v1/{action}"), &body.to_string());
        serde_json::from_str(&answer).unwrap()
    }

    /// moto tells services apart by the scope of the signature.
    fn request(&self, service: &str, method: &str, path: &str, body: &str) -> String {
        let credential = format!("test/20260101/eu-central-1/{service}/aws4_request");
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
                ),
            )
            .header("content-type", "application/json")
            .body(body.to_owned())
            .unwrap();
        let mut answer = ureq::run(request)
            .unwrap_or_else(|error| panic!("{method} {path} of {service}: {error}"));
        answer.body_mut().read_to_string().unwrap()
    }
}
