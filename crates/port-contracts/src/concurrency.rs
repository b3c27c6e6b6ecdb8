//! Many calls at the same time.

use std::future::Future;

use tokio::task::JoinSet;

/// Starts all of them before it waits for any, on all threads; the answers are in no order.
pub(crate) async fn all_at_once<T: Send + 'static>(
    calls: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    calls.into_iter().collect::<JoinSet<T>>().join_all().await
}
