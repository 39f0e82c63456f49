//! Failures: a stage's carry their decision, a node's end the command.

use std::time::Duration;

use ytempire_core::{Code, Decision};

/// Why an attempt failed, and what shall happen to its job.
#[derive(Debug)]
pub struct StageError {
    /// Try again or give up.
    pub decision: Decision,
    /// The stable code.
    pub code: Code,
    /// What happened.
    pub source: anyhow::Error,
}

/// A pause before a local program is tried again: its failure may have been a full machine.
const LOCAL_PAUSE: Duration = Duration::from_secs(1);

impl StageError {
    /// A failure that another attempt would meet again.
    pub fn discard(code: Code, source: impl Into<anyhow::Error>) -> Self {
        Self {
            decision: Decision::Discard,
            code,
            source: source.into(),
        }
    }

    /// A failure that another attempt may escape.
    pub fn retry(code: Code, after: Duration, source: impl Into<anyhow::Error>) -> Self {
        Self {
            decision: Decision::Retry { after },
            code,
            source: source.into(),
        }
    }

    /// A broken promise between our own parts.
    pub fn bug(text: impl std::fmt::Display) -> Self {
        Self::discard(Code::Bug, anyhow::anyhow!("{text}"))
    }

    /// The wish to stop was obeyed.
    pub fn interrupted() -> Self {
        Self::discard(Code::Interrupted, anyhow::anyhow!("stopped on request"))
    }

    /// Tells whether the attempt ended on request: its job is given back, not failed.
    pub fn is_interruption(&self) -> bool {
        self.code == Code::Interrupted
    }

    /// The chain of causes on one line.
    pub fn text(&self) -> String {
        format!("{:#}", self.source)
    }
}

impl From<media::child::Error> for StageError {
    fn from(e: media::child::Error) -> Self {
        use media::child::Error;
        match e {
            Error::Cancelled { .. } => Self::interrupted(),
            Error::Missing { .. } => Self::discard(Code::ToolMissing, e),
            Error::DiskFull { .. } => Self::discard(Code::DiskFull, e),
            Error::TimedOut { .. } => Self::discard(Code::TimedOut, e),
            Error::Failed { .. } | Error::TooMuchOutput { .. } | Error::Start { .. } => {
                Self::retry(Code::ToolFailed, LOCAL_PAUSE, e)
            }
        }
    }
}

impl From<media::encode::Error> for StageError {
    fn from(e: media::encode::Error) -> Self {
        match e {
            media::encode::Error::Child(child) => child.into(),
            media::encode::Error::Output { .. } => Self::discard(Code::FolderUnwritable, e),
            other => Self::discard(Code::Bug, other),
        }
    }
}

impl From<media::artifact::Error> for StageError {
    fn from(e: media::artifact::Error) -> Self {
        use media::artifact::Error;
        let code = match &e {
            Error::Cancelled => return Self::interrupted(),
            Error::DiskFull { .. } => Code::DiskFull,
            Error::Unwritable { .. } => Code::FolderUnwritable,
            _ => Code::ArtifactDamaged,
        };
        Self::discard(code, e)
    }
}

impl From<store::Error> for StageError {
    fn from(e: store::Error) -> Self {
        match e {
            store::Error::LeaseLost => Self::discard(Code::LeaseLost, e),
            // Nobody's fault: the job is given back until the line is resumed.
            store::Error::Halted => Self::interrupted(),
            store::Error::BudgetExceeded(_) => Self::discard(Code::BudgetExceeded, e),
            store::Error::DiskFull => Self::discard(Code::DiskFull, e),
            other => Self::retry(Code::StoreFailed, LOCAL_PAUSE, other),
        }
    }
}

impl From<ledger::PriceError> for StageError {
    fn from(e: ledger::PriceError) -> Self {
        Self::discard(Code::PriceUnknown, e)
    }
}

impl From<serde_json::Error> for StageError {
    fn from(e: serde_json::Error) -> Self {
        Self::bug(e)
    }
}

impl From<std::io::Error> for StageError {
    fn from(e: std::io::Error) -> Self {
        let code = match e.kind() {
            std::io::ErrorKind::StorageFull => Code::DiskFull,
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Code::FolderUnwritable
            }
            _ => Code::ToolFailed,
        };
        Self::discard(code, e)
    }
}

/// Why a node stopped before its video ended.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Somebody wanted it to stop; what was begun is given back or kept by segment.
    #[error("interrupted")]
    Interrupted,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The data folder can't be used.
    #[error("the data folder can't be used")]
    Folder(#[from] std::io::Error),
    /// No such video.
    #[error("no such video")]
    VideoUnknown,
}
