//! An account of AWS with all that the doctor looks for, on moto, under names of its own.

use batchway_test_servers::Moto;
use serde_json::{Value, json};

use crate::gateway::Installation;

pub(crate) const REGION: &str = "eu-central-1";

/// Names of one test in the moto of all.
pub(crate) struct Account {
    moto: Moto,
    /// Of queue, definition, bucket, repository, roles and events queue.
    pub(crate) name: String,
}

impl Account {
    /// With everything in it.
    pub(crate) fn whole(test: &str) -> Self {
        let account = Self {
            moto: Moto::shared(),
            name: format!("doctor-{test}-{}", std::process::id()),
        };
        // Its queue; the definition comes below.
        let _ = account
            .moto
            .batch_environment(REGION, &account.name, "none");
        account.create_roles();
        account.push_image();
        account.create_log_group();
        account.register(&account.image("1"));
        account.create_bucket(REGION);
        account.create_events_queue();
        account.put_what_links_lead_to();
        account
    }

    pub(crate) fn image(&self, tag: &str) -> String {
        let registry = format!("123456789012.dkr.ecr.{REGION}.amazonaws.com");
        format!("{registry}/{}:{tag}", self.name)
    }

    pub(crate) fn installation(&self) -> Installation {
        let queue = format!("{}/123456789012/{}", self.moto.url(), self.name);
        Installation::new()
            .set("AWS_ACCESS_KEY_ID", "of-the-service")
            .set("AWS_SECRET_ACCESS_KEY", "hunter2-of-the-service")
            .set("AWS_REGION", REGION)
            .set("AWS_BATCH_JOB_QUEUE", &self.name)
            .set("AWS_BATCH_JOB_DEFINITION", &self.name)
            .set("AWS_S3_BUCKET", &self.name)
            .set("AWS_ENDPOINT_URL", &self.moto.url())
            .set("BATCHWAY_EVENTS_QUEUE_URL", &queue)
            .set("BATCHWAY_PUBLIC_URL", "http://gateway.example.org")
    }

    pub(crate) fn batch(&self, action: &str, body: &Value) -> Value {
        let path = format!("/v1/{action}");
        let answer = self.request("batch", "POST", &path, &[], &body.to_string());
        serde_json::from_str(&answer).unwrap_or_default()
    }

    pub(crate) fn register(&self, image: &str) {
        let role = |name: &str| format!("arn:aws:iam::123456789012:role/{}-{name}", self.name);
        self.batch(
            "registerjobdefinition",
            &json!({
                "jobDefinitionName": self.name,
                "type": "container",
                "platformCapabilities": ["FARGATE"],
                "containerProperties": {
                    "image": image,
                    "jobRoleArn": role("job"),
                    "executionRoleArn": role("execution"),
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {"awslogs-group": self.name},
                    },
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "1"},
                        {"type": "MEMORY", "value": "2048"},
                    ],
                },
            }),
        );
    }

    pub(crate) fn deregister_all(&self) {
        let found = self.batch(
            "describejobdefinitions",
            &json!({"jobDefinitionName": self.name}),
        );
        for definition in found["jobDefinitions"].as_array().unwrap() {
            let arn = &definition["jobDefinitionArn"];
            self.batch("deregisterjobdefinition", &json!({"jobDefinition": arn}));
        }
    }

    pub(crate) fn create_bucket(&self, region: &str) {
        let constraint = format!("<LocationConstraint>{region}</LocationConstraint>");
        let body = format!("<CreateBucketConfiguration>{constraint}</CreateBucketConfiguration>");
        let path = format!("/{}", self.name);
        self.request_in(region, "s3", "PUT", &path, &[], &body);
        let rules = "<LifecycleConfiguration><Rule><ID>uploads</ID><Filter><Prefix></Prefix></Filter>\
            <Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7\
            </DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
        let path = format!("/{}?lifecycle", self.name);
        self.request_in(region, "s3", "PUT", &path, &[], rules);
    }

    pub(crate) fn delete_bucket(&self) {
        let key = format!("/{}/prod/batchway-doctor/job_0/absent", self.name);
        self.request("s3", "DELETE", &key, &[], "");
        self.request("s3", "DELETE", &format!("/{}", self.name), &[], "");
    }

    /// Keys in the bucket, as a list of S3 has them.
    pub(crate) fn objects(&self) -> usize {
        let path = format!("/{}?list-type=2", self.name);
        self.request("s3", "GET", &path, &[], "")
            .matches("<Key>")
            .count()
    }

    /// Jobs that AWS Batch was given.
    pub(crate) fn jobs(&self) -> usize {
        let statuses = [
            "SUBMITTED",
            "PENDING",
            "RUNNABLE",
            "STARTING",
            "RUNNING",
            "SUCCEEDED",
            "FAILED",
        ];
        let number = |status: &str| {
            let asked = json!({"jobQueue": self.name, "jobStatus": status});
            let list = self.batch("listjobs", &asked);
            list["jobSummaryList"].as_array().map_or(0, Vec::len)
        };
        statuses.into_iter().map(number).sum()
    }

    fn create_roles(&self) {
        let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22\
            %3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D\
            %2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
        for role in ["job", "execution"] {
            let form = format!(
                "Action=CreateRole&Version=2010-05-08&RoleName={}-{role}\
                 &AssumeRolePolicyDocument={document}",
                self.name
            );
            let form_of = [("content-type", "application/x-www-form-urlencoded")];
            self.request("iam", "POST", "/", &form_of, &form);
        }
    }

    fn push_image(&self) {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                       "size": 1, "digest": "sha256:00"},
            "layers": [],
        });
        let name = &self.name;
        self.ecr("CreateRepository", &json!({"repositoryName": name}));
        self.ecr(
            "PutImage",
            &json!({"repositoryName": name, "imageTag": "1",
                    "imageManifest": manifest.to_string()}),
        );
    }

    /// Its own: that of AWS Batch is made by other tests, and kept for ever.
    fn create_log_group(&self) {
        self.logs("CreateLogGroup", &json!({"logGroupName": self.name}));
        let kept = json!({"logGroupName": self.name, "retentionInDays": 30});
        self.logs("PutRetentionPolicy", &kept);
    }

    fn logs(&self, operation: &str, body: &Value) {
        let target = format!("Logs_20140328.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        self.request("logs", "POST", "/", &headers, &body.to_string());
    }

    fn ecr(&self, operation: &str, body: &Value) {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        self.request("ecr", "POST", "/", &headers, &body.to_string());
    }

    /// moto refuses links to what is not there that say how it is to be shown.
    fn put_what_links_lead_to(&self) {
        let path = format!("/{}/prod/batchway-doctor/job_0/absent", self.name);
        self.request("s3", "PUT", &path, &[], "");
    }

    fn create_events_queue(&self) {
        let policy = json!({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": "*",
        }]});
        let body = json!({
            "QueueName": self.name, "Attributes": {"Policy": policy.to_string()},
        });
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "AmazonSQS.CreateQueue"),
        ];
        self.request("sqs", "POST", "/", &headers, &body.to_string());
    }

    fn request(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        self.request_in(REGION, service, method, path, headers, body)
    }

    /// moto tells services apart by the scope of the signature.
    fn request_in(
        &self,
        region: &str,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let credential = format!("test/20260101/{region}/{service}/aws4_request");
        let signature =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.moto.url()))
            .header("authorization", signature);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).unwrap();
        let mut answer = ureq::run(request)
            .unwrap_or_else(|error| panic!("{method} {path} of {service}: {error}"));
        answer.body_mut().read_to_string().unwrap()
    }
}
