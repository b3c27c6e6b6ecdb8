//! How AWS is reached. The SDK reads the environment by itself, and not `.env`: what it shall
//! know of either is gathered here and given to it.

use std::collections::BTreeMap;

use super::secrets::Secret;
use super::{Variables, is_http_url};

/// The region of the bucket, the queue and everything else, unless another is named.
const DEFAULT_REGION: &str = "eu-central-1";

/// Variables of the AWS SDKs that hold in `.env` as they do in the environment.
const READ: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
];

/// `AWS_ENDPOINT_URL` and those of single services, such as `AWS_ENDPOINT_URL_S3`.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// How names begin that are no setting of the SDK: our own, and what AWS Batch sets for a job.
const NOT_OF_THE_SDK: [&str; 2] = ["AWS_BATCH_", "AWS_S3_BUCKET"];

/// Region, credentials and endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsSettings {
    pub(crate) region: String,
    /// `None`: by the SDK's own chain, such as a profile, or the role of the machine.
    pub(crate) credentials: Option<AccessKey>,
    /// Name of a profile in the SDK's files.
    pub(crate) profile: Option<String>,
    /// Values of `AWS_ENDPOINT_URL` and of `AWS_ENDPOINT_URL_{SERVICE}`, by these names.
    pub(crate) endpoints: BTreeMap<String, String>,
    /// What else of the environment the SDK reads by itself, such as `AWS_ROLE_ARN`.
    others: BTreeMap<String, Secret>,
}

/// A key of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) session_token: Option<Secret>,
}

impl AwsSettings {
    /// Reads them. Every half of a key that stands alone goes to `problems`, and what can't be a
    /// region or an endpoint.
    pub(super) fn read(variables: &Variables, problems: &mut Vec<String>) -> Self {
        Self {
            region: region(variables, problems),
            credentials: access_key(variables, problems),
            profile: variables.get("AWS_PROFILE").map(str::to_owned),
            endpoints: endpoints(variables, problems),
            others: others(variables)
                .filter(|name| !variables.is_only_in_file(name))
                .filter_map(|name| Some((name.to_owned(), Secret::new(variables.get(name)?))))
                .collect(),
        }
    }

    /// The endpoint of a service, where it is not AWS's own.
    pub(crate) fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints
            .get(&format!("{ENDPOINT}_{service}"))
            .or_else(|| self.endpoints.get(ENDPOINT))
            .map(String::as_str)
    }

    /// The same as variables, for a program that shall reach AWS as we do.
    pub(crate) fn to_variables(&self) -> BTreeMap<String, String> {
        let key = self.credentials.as_ref();
        let token = key.and_then(|key| key.session_token.as_ref());
        let named = [
            ("AWS_REGION", Some(self.region.as_str())),
            ("AWS_ACCESS_KEY_ID", key.map(|key| key.id.as_str())),
            ("AWS_SECRET_ACCESS_KEY", key.map(|key| key.secret.reveal())),
            ("AWS_SESSION_TOKEN", token.map(Secret::reveal)),
            ("AWS_PROFILE", self.profile.as_deref()),
        ];
        let others = self.others.iter().map(|(name, value)| {
            let value = value.reveal().to_owned();
            (name.clone(), value)
        });
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .chain(self.endpoints.clone())
            .chain(others)
            .collect()
    }
}

fn region(variables: &Variables, problems: &mut Vec<String>) -> String {
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .find_map(|name| Some((name, variables.get(name)?)));
    let Some((name, region)) = named else {
        return DEFAULT_REGION.to_owned();
    };
    // It becomes part of host names. Which regions there are is for AWS to know.
    let in_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !region.chars().all(in_region) {
        problems.push(format!(
            "{name}={region:?} can't be used: it must be a region such as {DEFAULT_REGION}"
        ));
    }
    region.to_owned()
}

fn endpoints(variables: &Variables, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let set: BTreeMap<String, String> = variables
        .names()
        .filter(|name| is_endpoint(name))
        .filter_map(|name| Some((name.to_owned(), variables.get(name)?.to_owned())))
        .collect();
    let unusable = set.iter().filter(|(_, url)| !is_http_url(url));
    problems.extend(unusable.map(|(name, url)| {
        format!("{name}={url:?} can't be used: it must be a URL such as http://127.0.0.1:5000")
    }));
    set
}

fn access_key(variables: &Variables, incomplete: &mut Vec<String>) -> Option<AccessKey> {
    let [id, secret, token] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ]
    .map(|name| variables.get(name));
    match (id, secret) {
        (Some(id), Some(secret)) => {
            return Some(AccessKey {
                id: id.to_owned(),
                secret: Secret::new(secret),
                session_token: token.map(Secret::new),
            });
        }
        (Some(_), None) => {
            incomplete.push("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not".to_owned())
        }
        (None, Some(_)) => {
            incomplete.push("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not".to_owned())
        }
        (None, None) if token.is_some() => incomplete.push(
            "AWS_SESSION_TOKEN is set, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not"
                .to_owned(),
        ),
        (None, None) => {}
    }
    None
}

fn is_endpoint(name: &str) -> bool {
    name.strip_prefix(ENDPOINT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Variables that the SDK may know and that are not gathered here.
fn others(variables: &Variables) -> impl Iterator<Item = &str> {
    variables.names().filter(|name| {
        name.starts_with("AWS_")
            && !READ.contains(name)
            && !is_endpoint(name)
            && !NOT_OF_THE_SDK.iter().any(|start| name.starts_with(start))
    })
}

/// Variables that won't have the effect that someone may expect of them.
pub(super) fn warnings(variables: &Variables) -> Vec<String> {
    others(variables)
        .filter(|name| variables.is_set(name))
        .filter_map(|name| {
            if name == "AWS_CA_BUNDLE" {
                Some(
                    "AWS_CA_BUNDLE is set, and the AWS SDK for Rust does not read it: name the \
                     file in SSL_CERT_FILE, in the environment and not in .env"
                        .to_owned(),
                )
            } else {
                variables.is_only_in_file(name).then(|| {
                    format!(
                        "{name} stands in .env, where the AWS SDK does not look for it: put it \
                         into the environment"
                    )
                })
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (AwsSettings, Vec<String>) {
        let mut incomplete = Vec::new();
        let settings = AwsSettings::read(&Variables::of_pairs(pairs), &mut incomplete);
        (settings, incomplete)
    }

    #[test]
    fn the_region_is_that_of_the_requirements_unless_named() {
        assert_eq!(read(&[]).0.region, "eu-central-1");
        let both = [
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_REGION", "eu-west-1"),
        ];
        assert_eq!(read(&both).0.region, "eu-west-1");
        assert_eq!(read(&both[..1]).0.region, "us-east-1");
    }

    #[test]
    fn what_can_not_be_a_region_or_an_endpoint_is_refused() {
        for (name, value) in [
            ("AWS_REGION", "eu central 1"),
            ("AWS_REGION", "Frankfurt"),
            ("AWS_DEFAULT_REGION", "eu-central-1."),
            ("AWS_ENDPOINT_URL", "127.0.0.1:5000"),
            ("AWS_ENDPOINT_URL_S3", "http://"),
        ] {
            let (_, problems) = read(&[(name, value)]);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(&format!("{name}=")), "{problems:?}");
        }
        let overridden = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "E U")];
        assert!(read(&overridden).1.is_empty());
    }

    #[test]
    fn the_endpoint_of_a_service_comes_before_that_of_all() {
        let (settings, _) = read(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
            ("AWS_ENDPOINT_URL_SQS", ""),
            ("AWS_ENDPOINT_URLS", "http://nobody"),
        ]);
        assert_eq!(settings.endpoint("S3"), Some("http://127.0.0.1:9000"));
        assert_eq!(settings.endpoint("BATCH"), Some("http://127.0.0.1:5000"));
        assert_eq!(settings.endpoint("SQS"), Some("http://127.0.0.1:5000"));
        assert_eq!(settings.endpoints.len(), 2);
    }

    #[test]
    fn a_program_that_gets_the_variables_reaches_aws_as_we_do() {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
            ("AWS_PROFILE", "jobs"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/jobs"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter3"),
        ];
        let mut all = pairs.to_vec();
        all.push(("AWS_BATCH_JOB_ID", "ours, if we run there"));
        let (settings, incomplete) = read(&all);
        assert!(incomplete.is_empty());
        let given = settings.to_variables();
        let given: Vec<(&str, &str)> = given
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(given, pairs);
    }

    #[test]
    fn what_the_sdk_will_not_see_is_told_and_not_passed_on() {
        let file = [
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/jobs"),
            ("AWS_S3_BUCKET", "live2-artifacts"),
            ("AWS_ENDPOINT_URL_BATCH", "http://127.0.0.1:5000"),
            ("AWS_MAX_ATTEMPTS", "3"),
            ("AWS_CA_BUNDLE", "/etc/ca.pem"),
        ];
        let owned = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let variables = Variables::of(owned(&[("AWS_MAX_ATTEMPTS", "5")]), owned(&file));
        let given = AwsSettings::read(&variables, &mut Vec::new()).to_variables();
        assert_eq!(given["AWS_MAX_ATTEMPTS"], "5");
        assert!(
            !given.contains_key("AWS_ROLE_ARN"),
            "a program would have more than we"
        );
        let told = warnings(&variables);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("SSL_CERT_FILE"), "{told:?}");
        assert!(told[1].starts_with("AWS_ROLE_ARN "), "{told:?}");
    }
}
