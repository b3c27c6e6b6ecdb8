//! What is set and won't have the effect that someone may expect of it. It doesn't stop the
//! start: the log tells it.

use super::adapters::{Adapters, ArtifactsChoice, StoreChoice};
use super::{Variables, aws, mirror};

/// The file that explains every variable there is.
const EXAMPLE: &str = include_str!("../../../../.env.example");

pub(super) fn of(variables: &Variables, adapters: &Adapters) -> Vec<String> {
    let mut warnings = misspelt(variables);
    warnings.extend(adapters.mirror.as_ref().and_then(mirror::warning));
    if adapters.aws.is_some() {
        warnings.extend(aws::warnings(variables));
    }
    if adapters.batch.is_some() && !variables.is_set("BATCHWAY_PUBLIC_URL") {
        warnings.push(
            "BATCHWAY_PUBLIC_URL is not set: containers on AWS Batch can't reach this gateway, so \
             their progress will come through the bucket, and later"
                .to_owned(),
        );
    }
    let is_shared = matches!(adapters.store, StoreChoice::Redis(_));
    if is_shared && adapters.artifacts == ArtifactsChoice::Filesystem {
        warnings.push(
            "jobs are in Redis and artifacts on this machine alone: a gateway on another machine \
             would know the jobs and not find their results. Set AWS_S3_BUCKET for more than one"
                .to_owned(),
        );
    }
    warnings
}

/// Variables that look like ours and mean nothing to the gateway.
fn misspelt(variables: &Variables) -> Vec<String> {
    let explained: Vec<&str> = EXAMPLE
        .lines()
        .filter_map(|line| Some(line.trim_start_matches('#').split_once('=')?.0))
        .collect();
    variables
        .names()
        .filter(|name| name.starts_with("BATCHWAY_") && !explained.contains(name))
        .map(|name| {
            format!("{name} is set and means nothing to the gateway; .env.example has all names")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(pairs: &[(&str, &str)]) -> Vec<String> {
        let variables = Variables::of_pairs(pairs);
        of(&variables, &Adapters::select(&variables).unwrap())
    }

    fn the_only(pairs: &[(&str, &str)]) -> String {
        let warnings = warnings(pairs);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        warnings.into_iter().next().unwrap()
    }

    const BATCH: [(&str, &str); 3] = [
        ("AWS_BATCH_JOB_QUEUE", "live2-job-queue"),
        ("AWS_BATCH_JOB_DEFINITION", "live2-simulation"),
        ("AWS_S3_BUCKET", "live2-artifacts"),
    ];

    #[test]
    fn a_misspelt_variable_is_noticed() {
        let pairs = [
            ("BATCHWAY_DATADIR", "/srv"),
            ("BATCHWAY_DATA_DIR", "/srv"),
            ("PATH", "/bin"),
        ];
        assert!(the_only(&pairs).starts_with("BATCHWAY_DATADIR "));
    }

    #[test]
    fn a_mirror_without_encryption_is_told_of_and_its_key_is_not() {
        let key = ("SUPABASE_SERVICE_KEY", "hunter2");
        let told = the_only(&[("SUPABASE_URL", "http://supabase.example.org"), key]);
        assert!(told.starts_with("SUPABASE_URL is not https"), "{told}");
        assert!(!told.contains("hunter2"));
        let project = ("SUPABASE_URL", "https://project.supabase.co");
        assert_eq!(warnings(&[project, key]), [""; 0]);
    }

    #[test]
    fn containers_that_cannot_reach_the_gateway_are_told_of() {
        assert!(the_only(&BATCH).starts_with("BATCHWAY_PUBLIC_URL is not set"));
        let mut reachable = BATCH.to_vec();
        reachable.push(("BATCHWAY_PUBLIC_URL", "https://jobs.example.org"));
        assert_eq!(warnings(&reachable), [""; 0]);
    }

    #[test]
    fn a_shared_store_beside_a_folder_is_told_of() {
        assert!(the_only(&[("REDIS_HOST", "localhost")]).contains("AWS_S3_BUCKET"));
        assert_eq!(warnings(&BATCH[2..]), [""; 0]);
    }
}
