//! Everything that touches disk or runs a program: sandboxed children, the artifact folder,
//! encoding, muxing, users' files, measurements.
//!
//! Floor 3. The API blocks; callers with an event loop wrap it. What takes long also takes a
//! [`Cancel`](ytempire_core::Cancel) and obeys it within half a second.

mod ffmpeg;

pub mod align;
pub mod artifact;
pub mod boxes;
pub mod child;
pub mod depot;
pub mod encode;
pub mod ingest;
pub mod measure;
pub mod mux;
pub mod probe;
pub mod sniff;
pub mod tools;
pub mod voice;
