//! The only HTTP client: backends that write, speak, make or find pictures, and listen.
//!
//! Floor 3. Each call is **one** request (`ComfyUI` and stock sites need a few that cost nothing
//! after it): nothing here retries, because a retry is a new reservation and reservations are the
//! worker's. Every failure says whether the provider may have billed for it ([`Billed`]), and
//! every output says what it used ([`Usage`]). A further kind is one more file beside the others
//! of its role, and a row of [`KINDS`].

mod backend;
mod error;
mod fetch;
mod http;
mod kind;
mod refusal;
mod retry_after;
mod usage;

pub mod chat;
pub mod config;
pub mod hearing;
pub mod picture;
pub mod probe;
pub mod speech;
pub mod writer;

pub use backend::{AudioFormat, Backend, BaseUrl, OutputLimit, Prices, Structured, WordTimes};
pub use error::{Billed, Class, Error};
pub use http::{Http, Options, install_tls};
pub use kind::{KINDS, Kind, Quote, Role, Spec, Work};
pub use usage::Usage;
