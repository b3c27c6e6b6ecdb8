//! What is told of a queue before it is relied on.

use batchway_event_feed_sqs::{QueueWarning, SqsEventFeed};

use crate::aws::{Aws, sdk_config};

fn feed(aws: &Aws, queue: &str) -> SqsEventFeed {
    SqsEventFeed::new(&sdk_config(&aws.endpoint), queue).unwrap()
}

#[tokio::test]
async fn a_queue_with_a_dead_letter_queue_is_well() {
    let aws = Aws::new().await;
    assert_eq!(feed(&aws, &aws.queue).check().await.unwrap(), None);
}

#[tokio::test]
async fn a_queue_without_one_is_warned_of() {
    let aws = Aws::new().await;
    let queue = aws.create_bare_queue().await;
    let warning = feed(&aws, &queue).check().await.unwrap();
    assert_eq!(warning, Some(QueueWarning::NoDeadLetterQueue { queue }));
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_named() {
    let aws = Aws::new().await;
    let error = feed(&aws, &format!("{}x", aws.queue)).check().await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("there is no queue http"), "{error}");
    assert!(error.contains("BATCHWAY_EVENTS_QUEUE_URL"), "{error}");
}
