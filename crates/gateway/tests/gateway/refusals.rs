//! What is half said is refused before anything is done.

use crate::program::Installation;

#[test]
fn half_a_configuration_is_refused_with_all_that_is_missing() {
    let installation = Installation::new(&[
        ("AWS_BATCH_JOB_QUEUE", "live2-job-queue"),
        ("AWS_S3_BUCKET", "live2-artifacts"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("REDIS_PASSWORD", "hunter2"),
        ("SUPABASE_URL", "https://project.supabase.co"),
    ]);
    let (code, said) = installation.refusal();
    assert_eq!(code, Some(2));
    for missing in [
        "AWS_BATCH_JOB_DEFINITION",
        "AWS_SECRET_ACCESS_KEY",
        "REDIS_HOST",
        "SUPABASE_SERVICE_KEY",
    ] {
        assert!(said.contains(missing), "{missing}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    assert!(!installation.path().join("data").exists(), "it had begun");
}

#[test]
fn the_environment_comes_before_the_file() {
    let installation = Installation::new(&[("AWS_S3_BUCKET", "")]);
    installation.add_to_file("BATCHWAY_ARTIFACTS=s3\nAWS_S3_BUCKET=live2-artifacts\n");
    let (code, said) = installation.refusal();
    assert_eq!(code, Some(2));
    assert!(said.contains("AWS_S3_BUCKET is not"), "{said}");
}

#[test]
fn a_job_type_for_a_backend_that_is_not_there_is_named() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/own-image.toml");
    let installation = Installation::new(&[("BATCHWAY_JOB_TYPES", file)]);
    let (code, said) = installation.refusal();
    assert_eq!(code, Some(2));
    assert!(
        said.contains("generate_dataset") && said.contains("AWS_BATCH_JOB_QUEUE"),
        "{said}"
    );
}
