//! A script written by a language backend: topic in, [`studio::script::Script`] out.
//!
//! [`Draft`] holds the whole negotiation and sends nothing itself: it says what to ask, the
//! worker reserves, asks and settles each call, and hands the outcome back.

mod convert;
mod draft;
mod extract;
mod prompt;

pub use convert::{Limits, script};
pub(crate) use draft::REPAIR_BYTES_MAX;
pub use draft::{CALLS_MAX, Draft, Step};
pub use prompt::{Assignment, schema};
