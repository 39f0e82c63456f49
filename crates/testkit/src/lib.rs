//! Fake worlds at the wire, for tests: whole small servers, not mock expectations.
//!
//! Each keeps its own bill, so that a test can compare what we booked with what was charged.

mod model_server;
mod script;
mod voice;

pub use model_server::{
    ChatAsked, FakeModelServer, Fault, ModelServerOptions, Seen, ServerCharge, SpeechAsked,
};
pub use script::{script_json, words_asked};
pub use voice::{SpokenWord, Voice};
