//! Words every other crate shares: ids, money, time, the brief, states, events, error codes.
//!
//! Floor 0. No IO, no clock, no chance: both are parameters.

mod cancel;
mod code;
mod crash;
mod event;
mod id;
mod money;
mod plant;
mod stage;
mod state;
mod time;

pub mod brief;

pub use cancel::Cancel;
pub use code::{Class, Code};
pub use crash::CrashPlan;
pub use event::{Event, EventKind};
pub use id::{
    AccountId, ArtifactId, ChannelId, IdSource, JobId, KeyId, NodeId, ScheduleId, TransferId,
    VideoId,
};
pub use money::{MicroUsd, MoneyError, UnitPrice};
pub use plant::Plant;
pub use stage::Stage;
pub use state::{Decision, JobState, VideoState};
pub use time::{Clock, ManualClock, Timestamp};
