//! Circuit breakers: a backend that fails is left alone for a while, and not asked again and again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use providers::{Backend, Class};
use ytempire_core::Timestamp;

/// Failures in a row after which a backend rests. Calls of a video are few, so a share of the last
/// hundred calls would come to that conclusion hours later.
const FAILURES_MAX: u32 = 3;

/// How long it rests at first; twice as long after each probe that fails.
const REST_FIRST: Duration = Duration::from_secs(10);

/// The longest rest, also where nobody has paid: somebody may have by then.
const REST_MAX: Duration = Duration::from_mins(5);

/// How long a backend that wants to be asked less often rests, where it doesn't say.
const BUSY_REST: Duration = Duration::from_secs(2);

/// A probe that is not heard of for so long has died with its process.
const PROBE_MAX: Duration = Duration::from_mins(10);

/// What a call earns and a repeated one costs: repetitions are a tenth of all calls in the long run,
/// so that a provider in trouble isn't kept there by us.
const EARNED: u32 = 10;
const SPENT: u32 = 100;

/// Repetitions that may come at once after a good time: ten.
const SAVED_MAX: u32 = 1_000;

/// How long a repetition waits that isn't earned yet.
const EARNING: Duration = Duration::from_secs(10);

/// What is known of one backend.
#[derive(Clone, Debug)]
struct Breaker {
    /// In a row.
    failures: u32,
    /// Since the first of them.
    since: Option<Timestamp>,
    /// Rests in a row.
    rests: u32,
    /// It rests until then.
    until: Option<Timestamp>,
    /// Since when a call tries whether it is well again.
    probe: Option<Timestamp>,
    /// For repetitions.
    saved: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: 0,
            since: None,
            rests: 0,
            until: None,
            probe: None,
            saved: SAVED_MAX,
        }
    }
}

impl Breaker {
    /// Whether it may be asked now, for how long not else. `again`: because a call failed before.
    fn enter(&mut self, now: Timestamp, again: bool) -> Result<(), Duration> {
        // A clock that was set back doesn't make a rest longer than any is.
        let left = self.until.map_or(Duration::ZERO, |until| until.since(now));
        if !left.is_zero() && left <= REST_MAX {
            return Err(left);
        }
        let resting = self.failures >= FAILURES_MAX;
        let probed = self.probe.is_some_and(|at| now.since(at) < PROBE_MAX);
        if resting && probed {
            return Err(BUSY_REST);
        }
        if again && self.saved < SPENT {
            return Err(EARNING);
        }
        self.saved = if again {
            self.saved - SPENT
        } else {
            SAVED_MAX.min(self.saved + EARNED)
        };
        self.probe = resting.then_some(now);
        Ok(())
    }

    fn succeeded(&mut self) {
        *self = Self {
            saved: self.saved,
            ..Self::default()
        };
    }

    fn failed(&mut self, now: Timestamp, class: Class, retry_after: Option<Duration>) {
        self.probe = None;
        // Its answer to this request; another request may do.
        if matches!(class, Class::Input | Class::Cancelled) {
            return;
        }
        self.since = self.since.or(Some(now));
        let rest = match class {
            Class::RateLimited => retry_after.unwrap_or(BUSY_REST),
            Class::Quota => {
                self.failures = FAILURES_MAX;
                REST_MAX
            }
            _ => {
                self.failures += 1;
                if self.failures < FAILURES_MAX {
                    return;
                }
                self.rests = (self.rests + 1).min(16);
                REST_FIRST * 2_u32.pow(self.rests - 1)
            }
        };
        self.until = Some(now.after(rest.min(REST_MAX)));
    }
}

/// Why none may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AllRest {
    /// How long until one may.
    pub(crate) wait: Duration,
    /// For how long the one that failed last has failed.
    pub(crate) failing: Duration,
}

/// The breakers of all backends that this process has asked.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<HashMap<String, Breaker>>);

impl Breakers {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first of `candidates` that may be asked now. `None` where there are none.
    pub(crate) fn first<'b>(
        &self,
        now: Timestamp,
        candidates: impl IntoIterator<Item = &'b Backend>,
        again: bool,
    ) -> Result<&'b Backend, Option<AllRest>> {
        let mut all = self.all();
        let mut rest: Option<AllRest> = None;
        for backend in candidates {
            let breaker = all.entry(backend.name.clone()).or_default();
            let Err(wait) = breaker.enter(now, again) else {
                return Ok(backend);
            };
            let failing = breaker.since.map_or(Duration::ZERO, |at| now.since(at));
            let least = rest.unwrap_or(AllRest { wait, failing });
            rest = Some(AllRest {
                wait: wait.min(least.wait),
                failing: failing.min(least.failing),
            });
        }
        Err(rest)
    }

    /// Learns how a call ended.
    pub(crate) fn heard(&self, now: Timestamp, backend: &str, failure: Option<&providers::Error>) {
        let mut all = self.all();
        let breaker = all.entry(backend.to_owned()).or_default();
        match failure {
            None => breaker.succeeded(),
            Some(error) => breaker.failed(now, error.class, error.retry_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000).after(Duration::from_secs(seconds))
    }

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn the_third_failure_in_a_row_brings_rest_and_one_probe_ends_it() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            breaker.failed(at(0), Class::Down, None);
            assert!(breaker.enter(at(0), false).is_ok());
        }
        breaker.succeeded();
        for _ in 0..3 {
            assert!(
                breaker.enter(at(0), false).is_ok(),
                "not three in a row yet"
            );
            breaker.failed(at(0), Class::Transient, None);
        }
        assert_eq!(breaker.enter(at(4), false), Err(6 * S));
        assert!(breaker.enter(at(10), false).is_ok(), "a probe");
        assert!(breaker.enter(at(10), false).is_err(), "but one at a time");
        breaker.succeeded();
        assert!(breaker.enter(at(10), false).is_ok());
        assert!(breaker.enter(at(10), false).is_ok());
    }

    #[test]
    fn each_probe_that_fails_doubles_the_rest_up_to_five_minutes() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(at(0), Class::Garbled, None);
        }
        let mut now = 0;
        for rest in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(breaker.enter(at(now), false), Err(rest * S));
            now += u64::from(rest);
            assert!(breaker.enter(at(now), false).is_ok());
            breaker.failed(at(now), Class::Down, None);
        }
    }

    #[test]
    fn a_probe_that_died_with_its_process_is_forgotten() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(at(0), Class::Down, None);
        }
        assert!(breaker.enter(at(10), false).is_ok());
        assert!(breaker.enter(at(11), false).is_err());
        assert!(breaker.enter(at(10 + 600), false).is_ok());
    }

    #[test]
    fn who_is_busy_says_how_long_and_who_is_out_of_credit_rests_longest() {
        let mut breaker = Breaker::default();
        breaker.failed(at(0), Class::RateLimited, Some(7 * S));
        assert_eq!(breaker.enter(at(0), false), Err(7 * S));
        assert!(breaker.enter(at(7), false).is_ok());
        breaker.failed(at(7), Class::Quota, None);
        assert_eq!(breaker.enter(at(7), false), Err(300 * S));
        // A wrong request says nothing about the backend.
        let mut other = Breaker::default();
        for _ in 0..9 {
            other.failed(at(0), Class::Input, None);
        }
        assert!(other.enter(at(0), false).is_ok());
    }

    #[test]
    fn a_clock_set_back_by_hours_doesnt_make_it_rest_for_hours() {
        let mut breaker = Breaker::default();
        breaker.failed(at(7_200), Class::Quota, None);
        assert!(breaker.enter(at(0), false).is_ok());
    }

    #[test]
    fn repetitions_are_a_tenth_of_calls_after_the_first_ten() {
        let mut breaker = Breaker::default();
        let repeated = |breaker: &mut Breaker| {
            (0..100)
                .filter(|_| breaker.enter(at(0), true).is_ok())
                .count()
        };
        assert_eq!(repeated(&mut breaker), 10);
        for _ in 0..50 {
            assert!(breaker.enter(at(0), false).is_ok());
        }
        assert_eq!(repeated(&mut breaker), 5);
    }

    #[test]
    fn the_next_backend_is_taken_while_the_first_rests() {
        let backend = |name: &str| {
            let url = providers::BaseUrl::parse("http://127.0.0.1:1/v1").unwrap();
            Backend::new(name, providers::Kind::OpenaiChat, url, "m")
        };
        let both = [backend("a"), backend("b")];
        let breakers = Breakers::default();
        let first = |now| {
            breakers
                .first(at(now), &both, false)
                .map(|b| b.name.as_str())
        };
        assert_eq!(first(0), Ok("a"));
        let class_down = down("a");
        for _ in 0..3 {
            breakers.heard(at(0), "a", Some(&class_down));
        }
        assert_eq!(first(1), Ok("b"));
        for _ in 0..3 {
            breakers.heard(at(5), "b", Some(&down("b")));
        }
        let rest = AllRest {
            wait: 4 * S,
            failing: S,
        };
        assert_eq!(first(6), Err(Some(rest)));
        assert_eq!(breakers.first(at(6), &[], false).map(drop), Err(None));
    }

    fn down(name: &str) -> providers::Error {
        providers::Error {
            class: Class::Down,
            code: ytempire_core::Code::ProviderDown,
            provider: name.to_owned(),
            detail: String::new(),
            retry_after: None,
            billed: providers::Billed::No,
        }
    }
}
