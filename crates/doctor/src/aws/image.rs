//! The image of a definition: whether it is in ECR.

use serde::Deserialize;
use serde_json::json;

use super::Configured;
use super::call::{AwsServices, Call, Service, ask_json};
use crate::check::{About, Check, Mend};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    image_details: Vec<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    image_digest: String,
    image_size_in_bytes: u64,
}

/// An image in a repository of ECR.
#[derive(Debug, PartialEq, Eq)]
struct InEcr<'a> {
    account: &'a str,
    region: &'a str,
    repository: &'a str,
    /// Tag or digest; `None`: `latest`.
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> InEcr<'a> {
    /// `{account}.dkr.ecr.{region}.amazonaws.com/{repository}:{tag}@{digest}`.
    fn parse(image: &'a str) -> Option<Self> {
        let (host, path) = image.split_once('/')?;
        let mut labels = host.split('.');
        let account = labels.next()?;
        let is_ecr =
            labels.next() == Some("dkr") && matches!(labels.next(), Some("ecr" | "ecr-fips"));
        let region = labels.next().filter(|_| is_ecr)?;
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) => (path, Some(digest)),
            None => (path, None),
        };
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        Some(Self {
            account,
            region,
            repository,
            tag,
            digest,
        })
    }

    fn id(&self) -> serde_json::Value {
        match self.digest {
            Some(digest) => json!({"imageDigest": digest}),
            None => json!({"imageTag": self.tag.unwrap_or("latest")}),
        }
    }
}

pub(crate) async fn examine(aws: &dyn AwsServices, configured: &Configured, image: &str) -> Check {
    let about = About::new("batch.image", format!("image {image}"));
    let Some(in_ecr) = InEcr::parse(image) else {
        return about
            .skipped("it lies outside ECR, where its registry alone can say whether it is");
    };
    if in_ecr.region != configured.region {
        return about.skipped(format!(
            "it lies in {}, and this looks at {} only",
            in_ecr.region, configured.region
        ));
    }
    let question = json!({
        "registryId": in_ecr.account,
        "repositoryName": in_ecr.repository,
        "imageIds": [in_ecr.id()],
    });
    let call = Call::json(Service::Ecr, "DescribeImages", &question);
    match ask_json::<Answer>(aws, call).await {
        Ok(answer) => match answer.image_details.first() {
            Some(details) => judge(&about, &in_ecr, details),
            None => missing(&about, &in_ecr, image, "there is none of this name"),
        },
        Err(trouble) if trouble.is_denied() => about.may_not_look("ecr:DescribeImages"),
        Err(trouble) => match trouble.refusal().map(|refusal| refusal.code.as_str()) {
            Some("ImageNotFoundException") => {
                missing(&about, &in_ecr, image, "the repository has no such image")
            }
            Some("RepositoryNotFoundException") => {
                missing(&about, &in_ecr, image, "there is no such repository")
            }
            _ => about.skipped(trouble.to_string()),
        },
    }
}

fn judge(about: &About, in_ecr: &InEcr<'_>, details: &Details) -> Check {
    let mib = details.image_size_in_bytes / (1024 * 1024);
    let seen = format!("{mib} MiB, {}", details.image_digest);
    let moves = in_ecr.digest.is_none() && matches!(in_ecr.tag, None | Some("latest"));
    if moves {
        return about.warning(
            seen,
            "latest moves: attempts of one job may run different programs",
            Mend::by("give each build a tag of its own, and register a revision with it"),
        );
    }
    about.passed(seen)
}

fn missing(about: &About, in_ecr: &InEcr<'_>, image: &str, seen: &str) -> Check {
    about.failed(
        seen,
        "every job fails at once (CannotPullContainerError)",
        Mend::by("push it, or register a revision with an image that is there").command(format!(
            "docker push {image} || aws ecr describe-images --region {} --repository-name {}",
            in_ecr.region, in_ecr.repository
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::check::Verdict;

    const IMAGE: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/live2/simulation";

    async fn examined(image: &str, status: u16, body: &str) -> Check {
        let configured = Configured {
            region: "eu-central-1".to_owned(),
            ..Configured::default()
        };
        let aws = Aws::default().answers("ecr:DescribeImages", status, body);
        examine(&aws, &configured, image).await
    }

    #[test]
    fn names_of_images_are_taken_apart() {
        let full = format!("{IMAGE}:7@sha256:abc");
        let parsed = InEcr::parse(&full).unwrap();
        assert_eq!(
            (parsed.account, parsed.region, parsed.repository),
            ("123456789012", "eu-central-1", "live2/simulation")
        );
        assert_eq!((parsed.tag, parsed.digest), (Some("7"), Some("sha256:abc")));
        assert_eq!(InEcr::parse(IMAGE).unwrap().tag, None);
        for elsewhere in ["ubuntu:24.04", "ghcr.io/a/b:1", "public.ecr.aws/a/b:1"] {
            assert_eq!(InEcr::parse(elsewhere), None);
        }
    }

    #[tokio::test]
    async fn an_image_that_is_there_or_not() {
        let there =
            r#"{"imageDetails": [{"imageDigest": "sha256:abc", "imageSizeInBytes": 104857600}]}"#;
        let tagged = format!("{IMAGE}:7");
        let check = examined(&tagged, 200, there).await;
        assert_eq!(
            (check.verdict, &*check.seen),
            (Verdict::Passed, "100 MiB, sha256:abc")
        );
        assert_eq!(examined(IMAGE, 200, there).await.verdict, Verdict::Warning);
        for code in ["ImageNotFoundException", "RepositoryNotFoundException"] {
            let check = examined(&tagged, 400, &format!(r#"{{"__type": "{code}"}}"#)).await;
            assert_eq!(check.verdict, Verdict::Failed);
            assert!(check.mend.unwrap().command.unwrap().contains("docker push"));
        }
        let denied = r#"{"__type": "AccessDeniedException"}"#;
        assert_eq!(
            examined(&tagged, 400, denied).await.verdict,
            Verdict::Skipped
        );
    }
}
