//! Limits as pure arithmetic: token buckets and permits.

use std::time::Duration;

use ytempire_core::Timestamp;

/// A limit of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that flow in during [`Rate::per`], 1 or more.
    pub tokens: u32,
    /// At least a microsecond.
    pub per: Duration,
    /// Tokens that fit in the bucket, 1 or more: what may be taken at once after a pause.
    pub burst: u32,
}

/// An answer to taking tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// They are taken.
    Granted,
    /// Nothing was taken; not before this time is over will there be enough.
    RetryAfter(Duration),
    /// Nothing was taken, and so many never fit in the bucket (or its name is none).
    TooMany,
}

/// A right to use something of which there is a limited number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// What of.
    pub name: String,
    /// Whose.
    pub holder: u128,
    /// When it ends unless renewed.
    pub until: Timestamp,
}

/// An answer to asking for a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermitAnswer {
    /// Here it is.
    Granted(Permit),
    /// All are in use; the first of them runs out after this time unless renewed.
    RetryAfter(Duration),
}

/// A rate in microseconds. The state of a bucket is one number, the moment at which it will be
/// full (GCRA): the same arithmetic here and in the server's script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    /// What the take costs in time of inflow, rounded up.
    pub(crate) cost: i64,
    /// The time in which an empty bucket fills.
    pub(crate) room: i64,
}

/// A hundred years: amounts are cut there, so sums never overflow and are exact in the server's
/// floating point numbers (below 2^53).
const FOREVER: u128 = 3_155_760_000_000_000;

impl Rate {
    /// `cost` tokens under this rate; `None` where they never fit.
    pub(crate) fn flow(self, cost: u32) -> Option<Flow> {
        (cost <= self.burst).then(|| Flow {
            cost: self.micros(cost, 1),
            room: self.micros(self.burst, 1),
        })
    }

    /// The same under one of `nodes` equal shares: a take as large as the whole bucket still fits
    /// when the share is full.
    pub(crate) fn share(self, cost: u32, nodes: u32) -> Flow {
        let cost = self.micros(cost, nodes);
        // A share of the burst under a share of the rate takes as long to fill as the whole.
        let room = self.micros(self.burst, 1);
        Flow {
            cost,
            room: room.max(cost),
        }
    }

    fn micros(self, tokens: u32, nodes: u32) -> i64 {
        // Cut before it is multiplied: two counts of 32 bits times a hundred years fit.
        let per = self.per.as_micros().clamp(1, FOREVER);
        let time = u128::from(tokens) * u128::from(nodes.max(1)) * per;
        let micros = time.div_ceil(u128::from(self.tokens.max(1)));
        micros.min(FOREVER) as i64
    }
}

impl Flow {
    /// The bucket's state after the take, or how long to wait. `full_at` is its state before.
    pub(crate) fn after(self, now: Timestamp, full_at: i64) -> Result<i64, Duration> {
        let now = now.as_micros();
        // What lies further ahead than an empty bucket was written under another clock or limit.
        let full_at = full_at.clamp(now, now.saturating_add(self.room));
        let next = full_at + self.cost;
        match next - now - self.room {
            ..=0 => Ok(next),
            wait => Err(Duration::from_micros(wait as u64)),
        }
    }

    /// The bucket's state after a take that others granted: at worst it is empty.
    pub(crate) fn charged(self, now: Timestamp, full_at: i64) -> i64 {
        let now = now.as_micros();
        let next = full_at.max(now).saturating_add(self.cost);
        next.min(now.saturating_add(self.room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        tokens: 10,
        per: Duration::from_secs(1),
        burst: 5,
    };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(ms * 1_000)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let flow = RATE.flow(1).unwrap();
        let mut state = 0;
        for _ in 0..5 {
            state = flow.after(at(1_000), state).unwrap();
        }
        assert_eq!(
            flow.after(at(1_000), state),
            Err(Duration::from_millis(100))
        );
        assert_eq!(flow.after(at(1_099), state), Err(Duration::from_millis(1)));
        state = flow.after(at(1_100), state).unwrap();
        assert!(flow.after(at(1_100), state).is_err());
        // A clock that is set back gives nothing and takes no longer than an empty bucket.
        assert_eq!(flow.after(at(0), state), Err(Duration::from_millis(100)));
        assert!(RATE.flow(6).is_none());
    }

    #[test]
    fn shares_add_up_to_the_whole_and_let_a_large_take_through() {
        // Four shares of a burst of 5: one token each at once, and one more as long as it is full.
        let small = RATE.share(1, 4);
        let state = small.after(at(0), 0).unwrap();
        assert!(small.after(at(0), state).is_err());
        let large = RATE.share(5, 4);
        let state = large.after(at(0), 0).unwrap();
        // Paid for at a quarter of the rate: 5 tokens take 2 s.
        assert!(large.after(at(1_900), state).is_err());
        assert!(large.after(at(2_000), state).is_ok());
    }

    #[test]
    fn odd_limits_neither_overflow_nor_divide_by_zero() {
        let odd = Rate {
            tokens: 0,
            per: Duration::MAX,
            burst: u32::MAX,
        };
        let flow = odd.flow(u32::MAX).unwrap();
        assert!(
            flow.after(Timestamp::from_micros(i64::MAX / 4), i64::MAX / 2)
                .is_err()
        );
        assert!(odd.share(u32::MAX, u32::MAX).after(at(0), i64::MIN).is_ok());
    }
}
