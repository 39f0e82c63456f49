//! The worker: accepts briefs, claims jobs, runs their stages, settles.
//!
//! Floor 4. Holds an `Arc<dyn Store>` and never names a driver. No transaction is open while a
//! stage runs. The life of a video, in functions: [`prepare`] and [`submit()`] accept it,
//! [`Node::work`] or [`Node::serve`] claims and runs its jobs ([`stages`]), `job_settle` ends each, and [`export()`]
//! lays the finished video into a folder.

mod alive;
mod asset;
mod attempt;
mod backends;
mod breaker;
mod call;
mod carry;
mod checks;
mod choose;
mod clock;
mod dispatch;
mod encoders;
mod error;
mod export;
pub mod machine;
mod memory;
mod meter;
mod node;
mod pace;
mod package;
mod parts;
mod plan;
mod prices;
mod progress;
mod report;
mod request;
mod retention;
mod run;
mod submit;
mod timing;

pub mod schedules;
pub mod stages;
mod unknown;

pub use asset::{Asset, AssetKind};
pub use backends::Backends;
pub use carry::{bring_own_files, path_of};
pub use choose::{Choices, StageChoice, Told};
pub use dispatch::{foresee, promise};
pub use encoders::{EncoderChoice, Encoders};
pub use error::{StageError, WorkError};
pub use export::{ExportError, Exported, export, files};
pub use memory::Memory;
pub use node::Node;
pub use parts::Parts;
pub use plan::{Plan, PlanError};
pub use prices::Prices;
pub use progress::{Progress, StageProgress};
pub use report::{Check, Finding, QualityReport, Verdict};
pub use request::{Illustrator, Music, Narrator, Request, Source, Take};
pub use retention::Retention;
pub use submit::{
    Order, Prepared, RefusedOrder, Terms, prepare, prepare_again, prepare_take, submit,
};
pub use timing::{CatchUp, Due, Tick, Timing, TimingError, slot};
pub use unknown::UnknownMax;
