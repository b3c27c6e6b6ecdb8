//! URLs, as out of a store that nobody judged: refused before anything is looked up or connected
//! to, or harmless.

use batchway_domain::security::WebhookTarget;

use crate::receiver::answers;
use crate::scene::Scene;
use crate::special::{V4, V6, embedded, notations};

const PORT: &str = "{port}";

/// Each must be refused. `{port}` stands for the port of the canary.
pub(crate) fn forbidden() -> Vec<String> {
    let hosts = V4
        .into_iter()
        .flat_map(notations)
        .chain(
            V4.into_iter()
                .flat_map(embedded)
                .chain(V6.map(str::to_owned))
                .map(|address| format!("[{address}]")),
        )
        .chain(NAMES.map(str::to_owned));
    let plain = hosts.flat_map(|host| {
        ["http", "https"].map(|scheme| format!("{scheme}://{host}:{PORT}/latest/meta-data"))
    });
    plain.chain(TRICKS.map(str::to_owned)).collect()
}

const NAMES: [&str; 16] = [
    "localhost",
    "localhost.",
    "LocalHost",
    "ｌｏｃａｌｈｏｓｔ",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "local\u{ad}host",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "a.b.localhost",
    "localhost.localdomain",
    "metadata.google.internal",
    "db.default.svc.cluster.local",
    "printer",
    "router.lan",
    "box.home.arpa",
    "wiki.corp",
    "x.test",
];

const TRICKS: [&str; 37] = [
    "",
    "/hook",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}/",
    "http:",
    "http://",
    "http:127.0.0.1:{port}/",
    "http:hooks.example.com:{port}/",
    "http:/hooks.example.com:{port}/",
    "http:///hooks.example.com:{port}/",
    "HTTP://HOOKS.EXAMPLE.COM:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:////127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http://hooks.example.com@127.0.0.1:{port}/",
    "http://hooks.example.com:80@127.0.0.1:{port}/",
    "http://hooks.example.com%40127.0.0.1:{port}/",
    "http://hooks.example.com\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@hooks.example.com/",
    "http://127.0.0.1:{port}#@hooks.example.com/",
    "http://127.0.0.1:{port}?@hooks.example.com/",
    "http://127.0.0.1:{port};@hooks.example.com/",
    "http://user@hooks.example.com/",
    "http://:secret@hooks.example.com/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.\n0.1:{port}/",
    "\u{1}http://127.0.0.1:{port}/",
    "http://hooks.example.com:{port}\r\nHost: 127.0.0.1/",
    "http://hooks.example.com:0/",
    "http://hooks.example.com:99999/",
    "http://[::1%25lo]:{port}/",
    "http://[::ffff:127.0.0.1%lo]:{port}/",
    "http://hooks.example.com\u{0}.127.0.0.1/",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_POST",
    "file:///etc/passwd",
    "unix:///var/run/docker.sock",
];

/// Each goes to the receiver `hooks.example.com`, and nowhere else.
pub(crate) fn harmless() -> Vec<String> {
    const HARMLESS: [&str; 13] = [
        "http://hooks.example.com",
        "http://hooks.example.com:{port}/",
        "http://%68ooks.example.com:{port}/",
        "http://ｈooks.example。com:{port}/",
        "http://@hooks.example.com:{port}/",
        "http://hooks.example.com:{port}/@127.0.0.1",
        "http://hooks.example.com:{port}/http://127.0.0.1:{port}/",
        "http://hooks.example.com:{port}?url=http://127.0.0.1:{port}/",
        "http://hooks.example.com:{port}#@127.0.0.1:{port}/",
        "http://hooks.example.com:{port}//127.0.0.1:{port}/",
        "http://hooks.example.com:{port}/../../127.0.0.1",
        "http://hooks.example.com:{port}/%0d%0aHost:%20127.0.0.1",
        "http://hooks.example.com:{port}/;@127.0.0.1:{port}/",
    ];
    HARMLESS.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn forbidden_urls_touch_nobody() {
    let scene = Scene::new().await;
    let port = scene.world.canary.port.to_string();
    for case in forbidden() {
        let url = case.replace(PORT, &port);
        assert!(
            WebhookTarget::parse(&url).is_err(),
            "{url} is taken at POST"
        );
        let refused = scene.send(&url).await.expect_err(&url);
        assert!(refused.starts_with("The webhook URL "), "{url}: {refused}");
        let seen = scene.world.seen();
        assert_eq!(
            (seen.lookups.len(), seen.connections.len()),
            (0, 0),
            "{url}"
        );
        scene.assert_canary_untouched(&url).await;
    }
}

#[tokio::test]
async fn harmless_urls_go_to_their_host_alone() {
    let (scene, receiver) = Scene::with_receiver(answers("204 No Content")).await;
    let port = scene.world.canary.port.to_string();
    for (index, case) in harmless().into_iter().enumerate() {
        let url = case.replace(PORT, &port);
        assert!(
            WebhookTarget::parse(&url).is_ok(),
            "{url} is refused at POST"
        );
        assert_eq!(scene.send(&url).await, Ok(204), "{url}");
        assert_eq!(scene.world.seen().lookups, ["hooks.example.com"], "{url}");
        let received = receiver.received();
        assert_eq!(received.len(), index + 1, "{url}");
        let host = received[index].header("host");
        assert!(host.starts_with("hooks.example.com"), "{url}: {host}");
        scene.assert_canary_untouched(&url).await;
    }
}

/// Any printable text after the host can be written as an HTTP request.
#[tokio::test]
async fn paths_and_queries_of_any_letters_arrive() {
    let (scene, receiver) = Scene::with_receiver(answers("204 No Content")).await;
    let mut sent = 0;
    for letter in ('!'..='~')
        .chain(['ä', '中', '🦀'])
        .filter(|one| *one != '\\')
    {
        for url in [
            format!("http://hooks.example.com/a{letter}b"),
            format!("http://hooks.example.com/?a{letter}b"),
        ] {
            assert_eq!(scene.send(&url).await, Ok(204), "{url}");
            sent += 1;
        }
    }
    assert_eq!(receiver.received().len(), sent);
}
