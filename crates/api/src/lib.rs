//! HTTP in: the router, keys, and one endpoint a file.
//!
//! Floor 4. Holds a `dyn Store` and never names a driver, and may not see `worker`, its own floor:
//! what it needs of it comes in as [`Orders`]. The listener, the clock and chance are given to it.
//!
//! All routes are on one page, [`routes`]; the document at `/openapi.json` is made from the same
//! lines, so that neither can forget what the other has.

mod caller;
mod endpoints;
mod error;
mod extract;
mod idempotency;
mod key;
mod link;
mod live;
mod orders;
mod parts;
mod routes;
mod serve;
mod show;
mod traffic;

pub use error::ApiError;
pub use key::{Secret, fresh as fresh_key};
pub use orders::{Ordered, Orders, Refused, Retry, Wish};
pub use parts::{Chance, Options, Parts};
pub use routes::document;
pub use serve::{DRAIN_MAX, serve};
