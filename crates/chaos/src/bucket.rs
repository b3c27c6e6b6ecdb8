//! What jobs left in S3, asked of moto by hand.

use std::collections::BTreeMap;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::Outcome;
use crate::http;

/// A bucket of moto, which looks at the form of a signature and at nothing else in it.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    http: Client,
    url: String,
    name: &'static str,
}

/// What lies below one job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// Whom the gate of each try names; `None` where a cancel shut it.
    pub(crate) gates: BTreeMap<u32, Option<String>>,
    /// Tries with a manifest.
    pub(crate) manifests: Vec<u32>,
    /// Names of the results.
    pub(crate) results: Vec<String>,
}

impl Bucket {
    pub(crate) async fn create(url: &str, name: &'static str) -> Outcome<Self> {
        let bucket = Self {
            http: http::client()?,
            url: url.to_owned(),
            name,
        };
        let constraint = "<LocationConstraint>eu-central-1</LocationConstraint>";
        let body = format!("<CreateBucketConfiguration>{constraint}</CreateBucketConfiguration>");
        bucket.ask(Method::PUT, &format!("/{name}"), body).await?;
        Ok(bucket)
    }

    /// What is left of every job, by its id.
    pub(crate) async fn all(&self) -> Outcome<BTreeMap<String, Left>> {
        let mut all: BTreeMap<String, Left> = BTreeMap::new();
        for key in self.keys().await? {
            // ENV/USER/JOB/NAME
            let mut parts = key.splitn(4, '/');
            let (Some(job), Some(name)) = (parts.nth(2), parts.next()) else {
                return Err(format!("the bucket has an odd key: {key}").into());
            };
            let left = all.entry(job.to_owned()).or_default();
            match of_try(name) {
                Some((try_number, "gate.json")) => {
                    let named = self.read_gate(&key).await?;
                    left.gates.insert(try_number, named);
                }
                Some((try_number, "manifest.json")) => left.manifests.push(try_number),
                Some(_) => {}
                None if name.starts_with("_batchway/") => {}
                None => left.results.push(name.to_owned()),
            }
        }
        Ok(all)
    }

    async fn read_gate(&self, key: &str) -> Outcome<Option<String>> {
        let path = format!("/{}/{key}", self.name);
        let gate = self.ask(Method::GET, &path, String::new()).await?;
        let gate: Value = serde_json::from_str(&gate)?;
        Ok(find_text(&gate, "backend_id"))
    }

    async fn keys(&self) -> Outcome<Vec<String>> {
        let mut keys = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/{}?list-type=2&start-after={after}", self.name);
            let page = self.ask(Method::GET, &path, String::new()).await?;
            let found: Vec<String> = page
                .split("<Key>")
                .skip(1)
                .filter_map(|part| part.split("</Key>").next())
                .map(str::to_owned)
                .collect();
            match found.last() {
                Some(last) => after.clone_from(last),
                None => return Ok(keys),
            }
            keys.extend(found);
        }
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Outcome<String> {
        let credential = "test/20260101/eu-central-1/s3/aws4_request";
        let answer = self
            .http
            .request(method.clone(), format!("{}{path}", self.url))
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
                ),
            )
            .body(body)
            .send()
            .await?;
        if !answer.status().is_success() {
            return Err(format!("moto answers {} to {method} {path}", answer.status()).into());
        }
        Ok(answer.text().await?)
    }
}

/// The number of a try, and the name of its object.
fn of_try(name: &str) -> Option<(u32, &str)> {
    let (number, name) = name.strip_prefix("_batchway/try-")?.split_once('/')?;
    Some((number.parse().ok()?, name))
}

/// A text field, wherever it stands.
fn find_text(value: &Value, field: &str) -> Option<String> {
    match value {
        Value::Object(fields) => match &fields.get(field) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => fields.values().find_map(|value| find_text(value, field)),
        },
        _ => None,
    }
}
