//! Counting requests, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::parts::Api;

/// What this server answered since it started.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// By the first digit of the status, 1 to 5.
    answers: [AtomicU64; 5],
    /// Streams that are open.
    streams: AtomicU64,
}

impl Traffic {
    /// Answers by the first digit of their status, from 1.
    pub(crate) fn answers(&self) -> [u64; 5] {
        self.answers.each_ref().map(|n| n.load(Ordering::Relaxed))
    }

    pub(crate) fn streams(&self) -> u64 {
        self.streams.load(Ordering::Relaxed)
    }
}

pub(crate) async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let class = usize::from(response.status().as_u16() / 100);
    if let Some(answers) = api.traffic.answers.get(class.wrapping_sub(1)) {
        answers.fetch_add(1, Ordering::Relaxed);
    }
    response
}

/// A stream that is counted while it is held.
pub(crate) struct OpenStream(Api);

impl OpenStream {
    pub(crate) fn of(api: Api) -> Self {
        api.traffic.streams.fetch_add(1, Ordering::Relaxed);
        Self(api)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.traffic.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
