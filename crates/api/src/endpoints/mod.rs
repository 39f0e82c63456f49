//! One endpoint a file.

pub(crate) mod companion;
pub(crate) mod costs;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod line;
pub(crate) mod metrics;
pub(crate) mod videos;
