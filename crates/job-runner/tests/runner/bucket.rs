//! A bucket of a server that speaks as S3 does, looked at without the code under test.

use std::collections::BTreeMap;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::runner::variables;
use batchway_test_servers::Moto;

use crate::stage::Stage;

/// Any will do: the server takes whatever is signed.
pub(crate) const ACCESS_KEY: &str = "the-access-key";
pub(crate) const SECRET_KEY: &str = "the-secret-access-key";
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
                             SignedHeaders=host, Signature=none";

/// A bucket of its own for each.
pub(crate) struct Bucket {
    moto: Moto,
    pub(crate) name: String,
    agent: ureq::Agent,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().rand_bytes(12).tempdir().unwrap();
        let random = folder.path().file_name().unwrap().to_str().unwrap();
        let random = random.trim_start_matches(".tmp").to_ascii_lowercase();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .new_agent();
        let bucket = Self {
            moto: Moto::shared(),
            name: format!("runner-{random}"),
            agent,
        };
        bucket.write(&bucket.url(), b"");
        bucket
    }

    /// What the runner finds in the environment of a container of AWS Batch.
    pub(crate) fn access(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            (variables::S3_BUCKET, self.name.clone()),
            ("AWS_ENDPOINT_URL", self.moto.url()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ])
    }

    /// The same, as it is reached out of a container of this machine's engine.
    pub(crate) fn access_in_containers(&self) -> BTreeMap<&'static str, String> {
        let mut access = self.access();
        access.insert("AWS_ENDPOINT_URL", self.moto.url_in_containers());
        access
    }

    /// A stage whose artifacts lie in this bucket.
    pub(crate) fn stage(&self) -> Stage {
        let stage = Stage::new().without(variables::ARTIFACTS_DIR);
        self.access()
            .into_iter()
            .fold(stage, |stage, (name, value)| stage.with(name, value))
    }

    pub(crate) fn put(&self, key: &ArtifactKey, content: &[u8]) {
        self.write(&self.url_of(key), content);
    }

    pub(crate) fn get(&self, key: &ArtifactKey) -> Option<Vec<u8>> {
        let request = self.agent.get(self.url_of(key));
        let mut answer = request
            .header("authorization", AUTHORIZATION)
            .call()
            .unwrap();
        let body = answer.body_mut().with_config().limit(1 << 30);
        let content = body.read_to_vec().unwrap();
        match answer.status().as_u16() {
            200 => Some(content),
            404 => None,
            status => panic!("{status}: {}", String::from_utf8_lossy(&content)),
        }
    }

    pub(crate) fn text(&self, key: &ArtifactKey) -> Option<String> {
        Some(String::from_utf8(self.get(key)?).unwrap())
    }

    fn write(&self, url: &str, content: &[u8]) {
        let request = self.agent.put(url).header("authorization", AUTHORIZATION);
        let answer = request.send(content).unwrap();
        assert_eq!(answer.status(), 200, "PUT {url}");
    }

    fn url(&self) -> String {
        format!("{}/{}", self.moto.url(), self.name)
    }

    fn url_of(&self, key: &ArtifactKey) -> String {
        format!("{}/{}", self.url(), key.as_str())
    }
}
