//! Whether requests can be served.

use batchway_memory_adapters::{ArtifactStoreCall, Fault, JobStoreCall};

use crate::scene::Scene;

#[tokio::test]
async fn every_cause_is_named() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    assert_eq!(application.check_readiness().await, Ok(()));
    let (jobs, artifacts) = (
        scene.gateway.jobs.faults(),
        scene.gateway.artifacts.faults(),
    );
    jobs.fail_next(JobStoreCall::Check, Fault::RequestLost);
    artifacts.fail_next(ArtifactStoreCall::Check, Fault::Declined);
    let reasons = application.check_readiness().await.unwrap_err().reasons;
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].contains("job store") && reasons[1].contains("artifact store"));
    assert_eq!(application.check_readiness().await, Ok(()));
    application.drain();
    let reasons = application.check_readiness().await.unwrap_err().reasons;
    assert_eq!(reasons, ["the gateway is about to stop"]);
}
