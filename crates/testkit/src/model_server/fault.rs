//! What can go wrong with a call.

use serde_json::Value;

/// One way to misbehave. Whether the call is charged stands with each.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Says nothing until released, then answers well. Charged only if the caller still waits.
    Hang,
    /// Says nothing until released; then charged, whether or not the caller still waits.
    ChargeLate,
    /// Promises a whole answer, sends half and breaks the connection. Charged.
    Cut,
    /// 429 `rate_limit_exceeded` with these headers. Not charged.
    RateLimited(Vec<(&'static str, String)>),
    /// 429 `insufficient_quota`. Not charged.
    InsufficientQuota,
    /// This status, before any work. Not charged.
    FailBefore(u16),
    /// This status, after the work. Charged.
    FailAfter(u16),
    /// The answer lacks its usage. Charged.
    NoUsage,
    /// The answer's usage is this. Charged by the truth.
    Usage(Value),
    /// A success of this many blanks, of unannounced length. Charged.
    Huge(usize),
    /// A page of HTML with this status, as proxies send. Not charged.
    Html(u16),
    /// A success that is not JSON, or not audio. Charged.
    Garbage,
    /// The assistant says this instead. Charged.
    Says(String),
    /// 307 to there. Not charged.
    Redirect(String),
    /// A good answer under another media type. Charged.
    MediaType(String),
    /// This status and body. Not charged.
    Refuse(u16, Value),
}
