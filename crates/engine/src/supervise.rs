//! A loop that panics is told of and begins anew: one fault must not end all sending.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;

/// Before a loop begins anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a loop on `with` until it ends, beginning anew after a panic.
pub async fn supervise<C: Clone, F: Future<Output = ()>>(name: &'static str, with: C, begin: impl Fn(C) -> F) {
    while AssertUnwindSafe(begin(with.clone())).catch_unwind().await.is_err() {
        tracing::error!(name, "a loop of the engine panicked and begins anew");
        tokio::time::sleep(PAUSE).await;
    }
}
