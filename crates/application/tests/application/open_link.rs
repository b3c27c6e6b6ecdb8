//! Links that the gateway serves itself.

use batchway_application::RequestError;
use batchway_application::use_cases::LinkRequest;
use batchway_domain::ports::ByteRange;
use batchway_domain::security::{LinkClaims, LinkMethod, LinkSigner};
use futures_util::TryStreamExt;

use crate::scene::{SECOND, Scene};
use crate::settings::secrets;

const KEY: &str = "prod/ada/job_00000000000000000000000000ab/results.h5";

/// The link to [`KEY`], good for a minute.
fn link(scene: &Scene) -> LinkRequest {
    let expires_at = scene.world.now().plus(60 * SECOND);
    let url = LinkSigner::new(secrets(), "http://gateway.example").sign(&LinkClaims {
        key: KEY.parse().unwrap(),
        method: LinkMethod::Get,
        expires_at,
    });
    let (_, signature) = url.rsplit_once("signature=").unwrap();
    LinkRequest {
        method: LinkMethod::Get,
        key: KEY.to_owned(),
        expires: expires_at.as_secs(),
        signature: signature.to_owned(),
        range: None,
    }
}

#[tokio::test]
async fn a_genuine_link_opens_its_artifact_whole_or_in_part() {
    let scene = Scene::new();
    scene.world.artifacts.insert(KEY, "0123456789");
    let part = ByteRange { start: 2, end: 5 };
    for (range, expected) in [(None, "0123456789"), (Some(part), "234")] {
        let request = LinkRequest {
            range,
            ..link(&scene)
        };
        let read = scene.gateway.application.open_link(request).await.unwrap();
        assert_eq!(read.metadata.size, 10);
        let pieces: Vec<_> = read.content.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), expected.as_bytes());
    }
}

#[tokio::test]
async fn what_a_link_does_not_open() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let gone = application.open_link(link(&scene)).await;
    assert!(
        matches!(gone, Err(RequestError::ArtifactNotFound)),
        "{gone:?}"
    );

    scene.world.artifacts.insert(KEY, "0123456789");
    let other = LinkRequest {
        key: KEY.replace("ada", "bob"),
        ..link(&scene)
    };
    let longer = LinkRequest {
        expires: link(&scene).expires + 1,
        ..link(&scene)
    };
    for tampered in [other, longer] {
        let answer = application.open_link(tampered).await;
        assert!(
            matches!(answer, Err(RequestError::LinkRefused)),
            "{answer:?}"
        );
    }
    let beyond = LinkRequest {
        range: Some(ByteRange { start: 10, end: 11 }),
        ..link(&scene)
    };
    let answer = application.open_link(beyond).await;
    assert!(
        matches!(answer, Err(RequestError::RangeNotSatisfiable { size: 10 })),
        "{answer:?}"
    );

    let old = link(&scene);
    scene.world.clock.advance(60 * SECOND);
    let answer = application.open_link(old).await;
    assert!(
        matches!(answer, Err(RequestError::LinkExpired { expired_at }) if expired_at == scene.world.now()),
        "{answer:?}"
    );
}
