//! Lists of more than a page.

use batchway_domain::ports::{ArtifactError, ArtifactStore};

use crate::checking_server::CheckingServer;
use crate::stores::{content, key, store_on, store_over};
use crate::wire::{Answer, Fault, Sort, Wire};

const LIST: Sort = Sort("GET", "list-type=2");

#[tokio::test]
async fn fifteen_hundred_objects_are_two_pages_and_listed_whole() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let names: Vec<String> = (0..1500).map(|n| format!("job_1/{n:04} ü+%.h5")).collect();
    for name in &names {
        store.create(&key(name), "x".into()).await.unwrap();
    }
    store.create(&key("job_2/x"), "x".into()).await.unwrap();
    let listed = store.list("job_1/").await.unwrap();
    let listed: Vec<&str> = listed.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(listed, names);
    assert_eq!(wire.sent(LIST).len(), 2);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_no_list() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let page = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>\
                <IsTruncated>true</IsTruncated></ListBucketResult>";
    let answer = Answer {
        body: page.to_owned(),
        ..Answer::bare(200)
    };
    wire.next(LIST, Fault::Answer(answer));
    let listed = store.list("").await;
    assert!(
        matches!(listed, Err(ArtifactError::Unavailable { .. })),
        "{listed:?}"
    );
}

/// A console makes objects named `folder/`, and programs of others may use any characters.
#[tokio::test]
async fn what_no_artifact_can_be_named_is_left_out() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let object = |name: &str| format!("<Contents><Key>{name}</Key><Size>1</Size></Contents>");
    let page = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>\
         <EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{}{}{}</ListBucketResult>",
        object("a/"),
        object("a/b%01"),
        object("a/c+d")
    );
    let answer = Answer {
        body: page,
        ..Answer::bare(200)
    };
    wire.next(LIST, Fault::Answer(answer));
    let listed = store.list("a/").await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].key, key("a/c d"));
}

#[tokio::test]
async fn a_server_that_encodes_no_keys_is_understood() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    store.put(&key("a/%2e+b"), content("x")).await.unwrap();
    assert_eq!(store.list("a/%2e+").await.unwrap()[0].key, key("a/%2e+b"));
}
