//! The only HTTP client: language and speech backends that speak the `OpenAI` shape.
//!
//! Floor 3. Each call is **one** request: nothing here retries, because a retry is a new
//! reservation and reservations are the worker's. Every failure says whether the provider may
//! have billed for it ([`Billed`]), and every output says what it used ([`Usage`]). A further
//! backend kind is one more file beside [`chat`] and [`speech`].

mod backend;
mod error;
mod http;
mod refusal;
mod retry_after;
mod usage;

pub mod chat;
pub mod config;
pub mod probe;
pub mod speech;
pub mod writer;

pub use backend::{AudioFormat, Backend, BaseUrl, Kind, OutputLimit, Prices, Structured};
pub use error::{Billed, Class, Error};
pub use http::{Http, Options, install_tls};
pub use usage::Usage;
