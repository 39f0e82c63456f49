//! Why a call failed, and whether it may have cost something.

use std::time::Duration;

use ytempire_core::Code;

/// What kind of failure it was: the worker chooses retry, wait, fallback or stop by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The server failed, the connection broke or a time-out passed: trying again may help.
    Transient,
    /// Too many calls at once: trying again after [`Error::retry_after`] will help.
    RateLimited,
    /// Credit or quota is used up: no retry helps, somebody has to pay or wait for a reset.
    Quota,
    /// The request or the configuration is wrong: the same request will fail again.
    Input,
    /// The answer can't be used: not the promised type, damaged, too large.
    Garbled,
    /// Nobody answered: no such host, connection refused, TLS failed. Another backend may.
    Down,
    /// The caller asked to stop.
    Cancelled,
}

/// Whether the provider may have billed for a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Billed {
    /// Certainly not: nothing was sent, or the request was refused unprocessed.
    No,
    /// It may have been: the reservation stays at its worst case until reconciled.
    Unknown,
}

/// A failed call. Neither `Debug` nor `Display` ever shows a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {detail}")]
pub struct Error {
    /// What kind of failure it was.
    pub class: Class,
    /// The stable code, for the user.
    pub code: Code,
    /// The backend's name in the configuration.
    pub provider: String,
    /// What happened, as one line of at most 400 characters.
    pub detail: String,
    /// When to try again, where the server said so; between 1 second and 10 minutes.
    pub retry_after: Option<Duration>,
    /// Whether the call may have cost something.
    pub billed: Billed,
}

/// Most characters of [`Error::detail`]: enough for a server's reason, too few for a page of HTML.
pub(crate) const DETAIL_CHARS_MAX: usize = 400;

impl Error {
    pub(crate) fn new(class: Class, provider: &str, billed: Billed, detail: &str) -> Self {
        let code = match class {
            Class::Transient | Class::Down => Code::ProviderDown,
            Class::RateLimited => Code::ProviderBusy,
            Class::Quota => Code::ProviderQuota,
            Class::Input => Code::ProviderRefused,
            Class::Garbled => Code::ProviderGarbled,
            Class::Cancelled => Code::Interrupted,
        };
        Self {
            class,
            code,
            provider: provider.to_owned(),
            detail: one_line(detail),
            retry_after: None,
            billed,
        }
    }

    pub(crate) fn garbled(provider: &str, detail: &str) -> Self {
        Self::new(Class::Garbled, provider, Billed::Unknown, detail)
    }
}

/// `text` on one line, without control characters, cut at [`DETAIL_CHARS_MAX`].
pub(crate) fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    // No more than four times the limit is looked at: a hostile body may be megabytes of blanks.
    let head: String = visible.take(4 * DETAIL_CHARS_MAX).collect();
    let words = head.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= DETAIL_CHARS_MAX {
        return words;
    }
    words
        .chars()
        .take(DETAIL_CHARS_MAX - 1)
        .chain(['…'])
        .collect()
}
