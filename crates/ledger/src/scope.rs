//! Scopes: the accounts that a reservation must fit into, all or none.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ytempire_core::{MicroUsd, Stage, Timestamp, VideoId};

use crate::BudgetOf;

/// What one video may cost at the very most: $3.00, whatever its budget says.
pub const VIDEO_CAP: MicroUsd = MicroUsd(3_000_000);

/// Spending of a video that is announced, once each: warning, critical, cap.
pub const THRESHOLDS: [MicroUsd; 3] = [MicroUsd(2_500_000), MicroUsd(2_800_000), VIDEO_CAP];

/// Where money is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Everything a video costs.
    Video(VideoId),
    /// One stage's share of it, so that no stage eats another's.
    Stage(VideoId, Stage),
    /// What is paid to others on a day, such as `2026-11-24`.
    Day(BudgetOf, String),
}

impl Scope {
    /// The scope's stable name, as stored.
    pub fn key(&self) -> String {
        match self {
            Self::Video(video) => format!("video:{video}"),
            Self::Stage(video, stage) => format!("stage:{video}:{stage}"),
            Self::Day(of, date) => format!("day:{}:{date}", of.key()),
        }
    }

    /// The account of a day that has this name.
    pub fn day_from_key(key: &str) -> Option<Self> {
        let (of, date) = key.strip_prefix("day:")?.rsplit_once(':')?;
        Some(Self::Day(BudgetOf::from_key(of)?, date.to_owned()))
    }

    const fn is_day(&self) -> bool {
        matches!(self, Self::Day(..))
    }

    /// Every scope that a charge of `stage` of `video` is counted in.
    pub fn of(video: VideoId, stage: Stage) -> [Self; 2] {
        [Self::Video(video), Self::Stage(video, stage)]
    }
}

/// A scope's books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What may be spent.
    pub cap: MicroUsd,
    /// Reserved at worst case.
    pub pending: MicroUsd,
    /// Spent.
    pub posted: MicroUsd,
    /// How far bills went above their reservations; the only way past `cap`.
    pub overrun: MicroUsd,
}

/// A reservation that doesn't fit. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{scope} has {remaining} left of {cap}, and {asked} is asked{}", self.day_text())]
pub struct HoldRefused {
    /// The scope's name.
    pub scope: String,
    /// What is asked.
    pub asked: MicroUsd,
    /// What is left.
    pub remaining: MicroUsd,
    /// What the scope may spend.
    pub cap: MicroUsd,
    /// What is reserved in it.
    pub pending: MicroUsd,
    /// What is spent.
    pub posted: MicroUsd,
    /// Where it is a day's: when it was asked for, and when the day is over.
    pub day: Option<(Timestamp, Timestamp)>,
    /// Where it is a day's: which videos hold most of what is reserved.
    pub holders: Vec<(VideoId, MicroUsd)>,
}

impl HoldRefused {
    /// How long until its day is over; `None` where it is no day's.
    pub fn resets_in(&self) -> Option<Duration> {
        self.day.map(|(asked_at, ends_at)| ends_at.since(asked_at))
    }

    fn day_text(&self) -> String {
        let Some((_, ends_at)) = self.day else {
            return String::new();
        };
        let of = |(video, amount): &(VideoId, MicroUsd)| format!("{amount} by {video}");
        let holders: Vec<String> = self.holders.iter().map(of).collect();
        let held = if holders.is_empty() {
            String::new()
        } else {
            format!(" ({})", holders.join(", "))
        };
        format!(
            "; {} is spent and {} reserved{held}; it begins anew at {}",
            self.posted,
            self.pending,
            ends_at.to_rfc3339()
        )
    }
}

/// Which of `thresholds` were passed when spending rose to `posted`, if those up to `announced` were
/// announced before.
pub fn passed(
    thresholds: &[MicroUsd],
    announced: MicroUsd,
    posted: MicroUsd,
) -> impl Iterator<Item = MicroUsd> + '_ {
    let passed = move |t: &&MicroUsd| **t > announced && **t <= posted;
    thresholds.iter().filter(passed).copied()
}

impl Account {
    /// An account that may spend `cap`.
    pub const fn with_cap(cap: MicroUsd) -> Self {
        Self {
            cap,
            pending: MicroUsd::ZERO,
            posted: MicroUsd::ZERO,
            overrun: MicroUsd::ZERO,
        }
    }

    /// What may still be reserved; zero after an overrun, which stops the video.
    pub fn remaining(&self) -> MicroUsd {
        if self.overrun > MicroUsd::ZERO {
            return MicroUsd::ZERO;
        }
        MicroUsd((self.cap.0 - self.pending.0 - self.posted.0).max(0))
    }

    /// What may still be reserved in `scope`. A bill above its reservation stops its video, but not
    /// everything that is paid on the same day.
    fn remaining_in(&self, scope: &Scope) -> MicroUsd {
        if scope.is_day() {
            return MicroUsd((self.cap.0 - self.pending.0 - self.posted.0).max(0));
        }
        self.remaining()
    }

    /// The account after reserving `amount`. A free act always fits: local work that costs
    /// nothing isn't blocked by an exhausted budget.
    pub fn hold(self, scope: &Scope, amount: MicroUsd) -> Result<Self, HoldRefused> {
        let remaining = self.remaining_in(scope);
        if amount > remaining {
            return Err(HoldRefused {
                scope: scope.key(),
                asked: amount,
                remaining,
                cap: self.cap,
                pending: self.pending,
                posted: self.posted,
                day: None,
                holders: Vec::new(),
            });
        }
        Ok(Self {
            pending: MicroUsd(self.pending.0 + amount.0),
            ..self
        })
    }

    /// The account after `held` of it is settled at `posted`.
    #[must_use]
    pub fn settle(self, held: MicroUsd, posted: MicroUsd) -> Self {
        Self {
            pending: MicroUsd(self.pending.0 - held.0),
            posted: MicroUsd(self.posted.0 + posted.0),
            overrun: MicroUsd(self.overrun.0 + (posted.0 - held.0).max(0)),
            ..self
        }
    }

    /// What the database checks too: never more reserved and spent than allowed, save for
    /// bills above their reservation.
    pub const fn is_sound(&self) -> bool {
        self.pending.0 >= 0
            && self.posted.0 >= 0
            && self.posted.0 + self.pending.0 <= self.cap.0 + self.overrun.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ytempire_core::{IdSource, Timestamp};

    use super::*;

    fn scope() -> Scope {
        Scope::Video(VideoId::fresh(
            &IdSource::seeded([1; 32]),
            Timestamp::default(),
        ))
    }

    proptest! {
        #[test]
        fn honest_bills_never_pass_the_cap(
            calls in prop::collection::vec((0_i64..400_000, 0_i64..=100), 0..200),
        ) {
            let mut account = Account::with_cap(VIDEO_CAP);
            let mut open = Vec::new();
            for (amount, share) in calls {
                let amount = MicroUsd(amount);
                if let Ok(next) = account.hold(&scope(), amount) {
                    account = next;
                    open.push((amount, MicroUsd(amount.0 * share / 100)));
                }
                if open.len() > 5 {
                    let (held, posted) = open.remove(0);
                    account = account.settle(held, posted);
                }
                prop_assert!(account.is_sound());
                prop_assert!(account.posted.0 + account.pending.0 <= VIDEO_CAP.0);
            }
        }

        #[test]
        fn hold_then_void_changes_nothing(amount in 0_i64..3_000_000) {
            let before = Account::with_cap(VIDEO_CAP);
            let held = before.hold(&scope(), MicroUsd(amount)).unwrap();
            prop_assert_eq!(held.settle(MicroUsd(amount), MicroUsd::ZERO), before);
        }
    }

    #[test]
    fn one_micro_dollar_too_much_is_refused_and_named() {
        let account = Account::with_cap(MicroUsd(10))
            .hold(&scope(), MicroUsd(4))
            .unwrap();
        let refused = account.hold(&scope(), MicroUsd(7)).unwrap_err();
        assert_eq!(
            (refused.asked, refused.remaining),
            (MicroUsd(7), MicroUsd(6))
        );
        assert!(account.hold(&scope(), MicroUsd(6)).is_ok());
    }

    #[test]
    fn an_overrun_stops_its_video_but_not_its_day() {
        let day = Scope::Day(BudgetOf::Global, "2026-11-24".to_owned());
        assert_eq!(Scope::day_from_key(&day.key()), Some(day.clone()));
        let account = Account::with_cap(MicroUsd(30)).hold(&day, MicroUsd(4));
        let after = account.unwrap().settle(MicroUsd(4), MicroUsd(25));
        assert!(after.hold(&day, MicroUsd(5)).unwrap().is_sound());
        assert!(after.hold(&day, MicroUsd(6)).is_err());
        assert!(after.hold(&scope(), MicroUsd(1)).is_err());
        // Beyond its cap it has nothing left, and stays sound.
        let beyond = Account::with_cap(MicroUsd(10)).hold(&day, MicroUsd(4));
        let beyond = beyond.unwrap().settle(MicroUsd(4), MicroUsd(25));
        assert!(beyond.is_sound() && beyond.hold(&day, MicroUsd(1)).is_err());
    }

    #[test]
    fn each_threshold_is_passed_once() {
        let of = |announced, posted| -> Vec<i64> {
            let passed = passed(&THRESHOLDS, MicroUsd(announced), MicroUsd(posted));
            passed.map(|t| t.0).collect()
        };
        assert!(of(0, 2_499_999).is_empty());
        assert_eq!(of(0, 2_800_000), [2_500_000, 2_800_000]);
        assert_eq!(of(2_800_000, 3_100_000), [3_000_000]);
        assert!(of(3_100_000, 3_100_000).is_empty());
    }

    #[test]
    fn an_overrun_is_booked_in_full_and_stops_further_holds() {
        let account = Account::with_cap(MicroUsd(10))
            .hold(&scope(), MicroUsd(4))
            .unwrap();
        let after = account.settle(MicroUsd(4), MicroUsd(25));
        assert_eq!((after.posted, after.overrun), (MicroUsd(25), MicroUsd(21)));
        assert!(after.is_sound());
        assert!(after.hold(&scope(), MicroUsd(1)).is_err());
        assert!(after.hold(&scope(), MicroUsd::ZERO).is_ok());
    }
}
