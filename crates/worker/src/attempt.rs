//! One attempt at one job: what a stage is handed, and what it hands back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use media::child::CpuMeter;
use media::ingest::Ingest;
use media::tools::Tools;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use store::{ArtifactRow, CacheEntry, LeasedJob, NewJob};
use ytempire_core::{ArtifactId, Cancel, JobId, Stage};

use crate::error::StageError;
use crate::meter::LocalHold;
use crate::submit::hex;
use crate::{Parts, Request, carry};

/// What a stage works with.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) parts: Parts,
    pub(crate) job: LeasedJob,
    pub(crate) request: std::sync::Arc<Request>,
    pub(crate) cancel: Cancel,
    /// The programs, metered: what they take is charged to this attempt.
    pub(crate) tools: Tools,
    pub(crate) children: CpuMeter,
    /// A scratch folder of its own; gone afterwards.
    pub(crate) folder: PathBuf,
}

/// What a stage made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// For the jobs that follow.
    pub(crate) output: serde_json::Value,
    /// Files that belong to it.
    pub(crate) files: Vec<ArtifactRow>,
}

/// What follows a completed stage.
#[derive(Debug, Default)]
pub(crate) struct Follow {
    pub(crate) jobs: Vec<NewJob>,
    /// The title, where the stage decided it.
    pub(crate) title: Option<String>,
}

impl Attempt {
    /// The job's arguments.
    pub(crate) fn args<T: DeserializeOwned>(&self) -> Result<T, StageError> {
        Ok(serde_json::from_value(self.job.args.clone())?)
    }

    /// What the `index`-th job before this one gave.
    pub(crate) fn input<T: DeserializeOwned>(&self, index: usize) -> Result<T, StageError> {
        let value = self.job.inputs.get(index).ok_or_else(|| {
            StageError::bug(format!("{} job lacks its input {index}", self.job.stage))
        })?;
        Ok(serde_json::from_value(value.clone())?)
    }

    /// The key under which this work is cached: a hash of all that goes into it.
    pub(crate) fn key(&self, inputs: &impl Serialize) -> Result<String, StageError> {
        let takes = self.request.takes_of(self.job.stage);
        let json = if takes.is_empty() {
            serde_json::to_vec(&(self.request.renderer, inputs))
        } else {
            serde_json::to_vec(&(self.request.renderer, inputs, takes))
        }?;
        Ok(format!(
            "{}:{}",
            self.job.stage,
            hex(&Sha256::digest(&json))
        ))
    }

    /// What was cached under `key`, if all its files are still here.
    pub(crate) async fn cached(&self, key: &str) -> Result<Option<CacheEntry>, StageError> {
        let found = self.parts.store.cache_get(self.parts.now(), key).await?;
        if let (Some(entry), true) = (&found, self.parts.depot.is_some()) {
            for file in &entry.artifacts {
                carry::fetch(&self.parts, &file.id).await?;
            }
        }
        let whole = |entry: &CacheEntry| {
            entry.artifacts.iter().all(|file| {
                matches!(self.parts.artifacts.size(&file.id), Ok(Some(bytes)) if bytes == file.bytes)
            })
        };
        Ok(found.filter(whole))
    }

    /// Runs blocking work on a thread of its own, and counts the CPU time of the thread and of
    /// the children that it ran. Work that fails is charged for what it took as well.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        hold: &LocalHold,
        work: impl FnOnce(&Self) -> Result<T, StageError> + Send + 'static,
    ) -> Result<(T, Duration), StageError> {
        let attempt = self.clone();
        let run = move || {
            let before = (thread_cpu(), attempt.children.total());
            let made = work(&attempt);
            let own = thread_cpu().saturating_sub(before.0);
            (
                made,
                own + attempt.children.total().saturating_sub(before.1),
            )
        };
        let (made, cpu) = tokio::task::spawn_blocking(run)
            .await
            .map_err(|panic| StageError::bug(format!("the stage panicked: {panic}")))?;
        match made {
            Ok(made) => Ok((made, cpu)),
            Err(error) => {
                let (store, now) = (&self.parts.store, self.parts.now());
                let postings = hold.postings(cpu, 0);
                // The failure itself matters more than one to book it.
                drop(
                    store
                        .transfer_settle(now, self.job.lease, postings, vec![])
                        .await,
                );
                Err(error)
            }
        }
    }

    /// Keeps a file of the scratch folder as an artifact.
    pub(crate) fn keep(&self, path: &Path) -> Result<ArtifactRow, StageError> {
        let stored = self.parts.artifacts.put_file(path, &self.cancel)?;
        Ok(ArtifactRow {
            id: stored.id,
            bytes: stored.bytes,
        })
    }

    /// Keeps bytes as an artifact.
    pub(crate) fn keep_bytes(&self, bytes: &[u8]) -> Result<ArtifactRow, StageError> {
        let stored = self.parts.artifacts.put_bytes(bytes)?;
        Ok(ArtifactRow {
            id: stored.id,
            bytes: stored.bytes,
        })
    }

    /// Where an artifact is.
    pub(crate) fn artifact(&self, id: &ArtifactId) -> Result<PathBuf, StageError> {
        self.parts.artifacts.path(id)?.ok_or_else(|| {
            let text = format!("artifact {id} is missing; run the same command again");
            StageError::discard(ytempire_core::Code::ArtifactDamaged, anyhow::anyhow!(text))
        })
    }

    /// The door through which users' files come in.
    pub(crate) fn ingest(&self) -> Ingest<'_> {
        Ingest::new(&self.tools, &self.folder, &self.cancel)
    }

    /// Tells how much of the job is done.
    pub(crate) fn progress(&self, share: f32) {
        self.parts
            .progress
            .set(self.job.lease.job, self.job.stage, share);
    }

    /// Fails if somebody wants the work to stop.
    pub(crate) fn go_on(&self) -> Result<(), StageError> {
        if self.cancel.is_cancelled() {
            Err(StageError::interrupted())
        } else {
            Ok(())
        }
    }

    /// Fresh ids for jobs that follow.
    pub(crate) fn fresh_job(&self) -> impl Fn() -> JobId {
        let now = self.parts.now();
        move || JobId::fresh(&self.parts.ids, now)
    }

    /// The stage, for messages.
    pub(crate) const fn stage(&self) -> Stage {
        self.job.stage
    }
}

/// CPU time of the calling thread.
fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
