//! Named places where a test may end the process, as a power cut or an OOM kill would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where, and at which visit, this process ends itself. Empty in production.
///
/// Crash points are enumerated by [`CrashPlan::POINTS`], so that the kill test can prove that
/// it visited every one of them.
#[derive(Clone, Debug, Default)]
pub struct CrashPlan(Option<Arc<Armed>>);

#[derive(Debug)]
struct Armed {
    point: String,
    left: AtomicU32,
}

impl CrashPlan {
    /// Every crash point of the product, in the order in which a video passes them.
    pub const POINTS: &'static [&'static str] = &[
        "submit.before_commit",
        "submit.after_commit",
        "claim.after_commit",
        "hold.before_commit",
        "hold.after_commit",
        "sent.after_commit",
        "call.after_response",
        "script.after_write",
        "narrate.after_voice",
        "narrate.after_artifact",
        "illustrate.after_artifact",
        "compose.first_frame",
        "compose.mid_segment",
        "compose.after_encoder",
        "compose.after_artifact",
        "artifact.before_rename",
        "artifact.after_rename",
        "assemble.after_mix",
        "assemble.after_mux",
        "thumbnail.after_artifact",
        "validate.after_measure",
        "settle.before_commit",
        "settle.after_commit",
        "export.before_rename",
        "export.after_rename",
        "receipt.after_write",
    ];

    /// Arms `point`: the process is killed when the point is passed for the `visit`-th time
    /// (1 is the first). Unknown points are refused, so that a renamed point can't make a
    /// kill test pass by never firing.
    pub fn armed(point: &str, visit: u32) -> Option<Self> {
        Self::POINTS.contains(&point).then(|| {
            Self(Some(Arc::new(Armed {
                point: point.to_owned(),
                left: AtomicU32::new(visit),
            })))
        })
    }

    /// Passes `point`. Ends the process with `SIGABRT`-like abruptness if it is armed and due:
    /// no destructor runs, no buffer is flushed.
    pub fn pass(&self, point: &'static str) {
        debug_assert!(
            Self::POINTS.contains(&point),
            "crash point {point} is not listed"
        );
        let Some(armed) = &self.0 else { return };
        if armed.point == point && armed.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            std::process::abort();
        }
    }
}
