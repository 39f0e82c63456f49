//! What the API asks of whoever makes videos.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use store::{ArtifactRow, Promise, VideoRow};
use uuid::Uuid;
use ytempire_core::brief::Settings;
use ytempire_core::{AccountId, ArtifactId, Code, MicroUsd, Stage, Timestamp, VideoId};

/// Accepts orders and knows their files. `ytempire` hands in the worker; tests a small stand-in.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Accepts a video for an account. The same order is the same video.
    async fn submit(&self, account: AccountId, wish: Wish) -> Result<Ordered, Refused>;

    /// Orders again what a video was ordered for, for the same account.
    async fn retry(&self, video: &VideoRow, retry: Retry) -> Result<Ordered, Refused>;

    /// When a video is likely to end; `None` where nobody can say.
    async fn foresee(&self, video: VideoId) -> store::Result<Option<Promise>>;

    /// The files of a video by name: all of a ready one, the report of a rejected one.
    async fn files(&self, video: VideoId) -> store::Result<BTreeMap<String, ArtifactRow>>;

    /// Where a file lies on this machine, fetched if need be; `None` where it is gone.
    async fn path(&self, file: &ArtifactId) -> Option<PathBuf>;
}

/// A video that somebody wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is asked for; names no file.
    pub settings: Settings,
    /// How urgent it is: 1 can wait, 10 goes first.
    pub priority: u8,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Nothing of it is begun before.
    pub start_at: Option<Timestamp>,
}

/// How a video is wanted again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// From this stage on everything is made anew; else only what isn't there.
    pub from: Option<Stage>,
    /// How urgent it is; as before, if not said.
    pub priority: Option<u8>,
    /// Names this retry: the same token is the same new video.
    pub token: Uuid,
}

/// An accepted order.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// The video.
    pub video: VideoRow,
    /// Whether this order made it.
    pub fresh: bool,
    /// The worst case of what it costs.
    pub worst_case: MicroUsd,
    /// Until when it is promised, where somebody can say.
    pub promise: Option<Promise>,
    /// What whoever ordered should know.
    pub notices: Vec<String>,
}

/// Why an order isn't accepted. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    /// The stable code.
    pub code: Code,
    /// What is wrong and what to do.
    pub text: String,
    /// When it may be tried again.
    pub retry_after: Option<Duration>,
}
