//! Fake worlds at the wire, for tests: whole small servers, not mock expectations.
//!
//! Those that cost money keep their own bill, so that a test can compare what we booked with what
//! was charged. `PostgreSQL` and Redis are the real ones, in private folders.

mod model_server;
mod picture;
mod postgres;
mod proxy;
mod redis;
mod s3;
mod script;
mod voice;

pub use model_server::{
    ChatAsked, FakeModelServer, Fault, ModelServerOptions, Seen, ServerCharge, SpeechAsked,
};
pub use picture::png;
pub use postgres::{PostgresServer, PostgresSession};
pub use proxy::{Proxy, Wire};
pub use redis::RedisServer;
pub use s3::S3Server;
pub use script::{script_json, words_asked};
pub use voice::{SpokenWord, Voice};
