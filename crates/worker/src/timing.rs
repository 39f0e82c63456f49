//! When a schedule ticks: a pure function of what it says and of the present.
//!
//! Cron expressions are read as Vixie cron reads them, also where clocks are changed: what would tick
//! at a time that is skipped ticks right after the gap, what ticks at a fixed time that comes twice
//! ticks once, and what ticks every so often keeps its pace.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::{Deserialize, Serialize};
use ytempire_core::Timestamp;

/// Ticks that one step catches up with: with all that a year of missed hours leaves to do, nobody
/// is kept from claiming for long.
const CAUGHT_UP_MAX: usize = 20;

/// A tick is missed when it could not be started for so long. Nodes look every 2.5 s.
const MISSED: Duration = Duration::from_mins(1);

/// What becomes of ticks at which no node was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// The last of them is started late.
    #[default]
    Last,
    /// Each of them is started late.
    All,
    /// They are passed over.
    None,
}

/// When a schedule ticks, and what that means for its videos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Cron expressions of five fields: it ticks where any of them does.
    pub crons: Vec<String>,
    /// The IANA name of the time zone in which they are meant.
    pub zone: String,
    /// Seconds by which a video is begun before the tick.
    pub lead_s: u64,
    /// Seconds after its beginning at which a video is due.
    pub due_after_s: Option<u64>,
    /// What becomes of missed ticks.
    pub catch_up: CatchUp,
}

/// Why something is no timing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// An expression can't be read.
    #[error("{expression:?} is no cron expression of five fields, minute to weekday: {why}")]
    Cron {
        /// The expression.
        expression: String,
        /// What is wrong with it.
        why: String,
    },
    /// A slot can't be read.
    #[error(
        "{0:?} is no weekday and time, such as `mon,thu 18:00`, `daily 07:30`, `weekdays 12:00`"
    )]
    Slot(String),
    /// A zone isn't known.
    #[error("{0:?} is no time zone; use an IANA name such as Europe/Berlin, or UTC")]
    Zone(String),
    /// It would never tick.
    #[error("it would never tick")]
    Never,
}

/// One tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The time that the schedule names.
    pub at: Timestamp,
    /// When its video is begun.
    pub start_at: Timestamp,
    /// When its video is due.
    pub due_at: Option<Timestamp>,
}

/// What is to be done at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The ticks to start.
    pub ticks: Vec<Tick>,
    /// When the next one is to be started.
    pub next_at: Option<Timestamp>,
}

impl Timing {
    /// Refuses what can't be read and what would never tick after `now`.
    pub fn check(&self, now: Timestamp) -> Result<(), TimingError> {
        let (crons, zone) = self.parsed()?;
        let there = crons.iter().any(|cron| after(cron, zone, now).is_some());
        if there {
            Ok(())
        } else {
            Err(TimingError::Never)
        }
    }

    fn parsed(&self) -> Result<(Vec<Cron>, Tz), TimingError> {
        let unknown = |_| TimingError::Zone(self.zone.clone());
        let zone: Tz = self.zone.parse().map_err(unknown)?;
        let crons = self.crons.iter().map(|expression| parse(expression));
        Ok((crons.collect::<Result<_, _>>()?, zone))
    }

    /// The ticks whose videos are begun after `now`, in order.
    pub fn upcoming(&self, now: Timestamp, count: usize) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let mut at = later(now, self.lead());
        while ticks.len() < count
            && let Some(next) = self.after(at)
        {
            ticks.push(self.tick(next));
            at = next;
        }
        ticks
    }

    /// What is to be started at `now`, where the next tick was to be started at `was`.
    pub fn due(&self, was: Timestamp, now: Timestamp) -> Due {
        let mut ticks = match self.catch_up {
            CatchUp::All => self.between(was, now, CAUGHT_UP_MAX),
            CatchUp::Last | CatchUp::None => self.last(was, now).into_iter().collect(),
        };
        if self.catch_up == CatchUp::None {
            ticks.retain(|tick| now.since(tick.start_at) <= MISSED);
        }
        let done = match (self.catch_up, ticks.last()) {
            // More than a step takes: the next one goes on from here.
            (CatchUp::All, Some(last)) => last.at,
            _ => later(now, self.lead()),
        };
        let next = self.after(done);
        Due {
            ticks,
            next_at: next.map(|at| self.tick(at).start_at),
        }
    }

    /// The first ticks whose beginning lies from `was` to `now`.
    fn between(&self, was: Timestamp, now: Timestamp, most: usize) -> Vec<Tick> {
        let mut ticks = Vec::new();
        // Ticks are whole minutes. Not asked inclusively: what is moved out of a gap of the clocks
        // isn't found where it was moved to.
        let mut next = self.after(before(later(was, self.lead()), Duration::from_secs(1)));
        while let Some(tick) = next.map(|at| self.tick(at))
            && tick.start_at <= now
            && ticks.len() < most
        {
            ticks.push(tick);
            next = self.after(tick.at);
        }
        ticks
    }

    /// The last tick whose beginning lies from `was` to `now`. Looked for forwards, as all others
    /// are, from further and further back, so that few are passed on the way.
    fn last(&self, was: Timestamp, now: Timestamp) -> Option<Tick> {
        let spans = [1, 24, 24 * 31, 24 * 366, u64::MAX / 3600].map(Duration::from_hours);
        let found = |span| {
            let from = before(now, span).max(was);
            self.between(from, now, usize::MAX).pop()
        };
        spans.into_iter().find_map(found)
    }

    /// A moment as the clocks of its zone show it: `Thu 26 Nov 18:00 EST`.
    pub fn shown(&self, at: Timestamp) -> String {
        let zone = self.zone.parse().ok();
        let local = zone.and_then(|zone: Tz| zoned(at, zone));
        local.map_or_else(
            || at.to_rfc3339(),
            |local| local.format("%a %-d %b %H:%M %Z").to_string(),
        )
    }

    /// The first tick after `at`.
    fn after(&self, at: Timestamp) -> Option<Timestamp> {
        let (crons, zone) = self.parsed().ok()?;
        let next = |cron| after(cron, zone, at);
        crons.iter().filter_map(next).min()
    }

    fn tick(&self, at: Timestamp) -> Tick {
        let start_at = before(at, self.lead());
        let due = |seconds| start_at.after(Duration::from_secs(seconds));
        Tick {
            at,
            start_at,
            due_at: self.due_after_s.map(due),
        }
    }

    const fn lead(&self) -> Duration {
        Duration::from_secs(self.lead_s)
    }
}

/// The cron expression of a weekly slot: `mon,thu 18:00`, `daily 07:30`, `weekdays 12:00`,
/// `weekends 10:00`.
pub fn slot(text: &str) -> Result<String, TimingError> {
    let wrong = || TimingError::Slot(text.to_owned());
    let (days, time) = text.trim().rsplit_once(' ').ok_or_else(wrong)?;
    let (hour, minute) = time.split_once(':').ok_or_else(wrong)?;
    let number = |digits: &str, most: u8| {
        let short = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse::<u8>().ok().filter(|n| short && *n <= most);
        number.ok_or_else(wrong)
    };
    let (hour, minute) = (number(hour, 23)?, number(minute, 59)?);
    let days = match days.trim().to_ascii_lowercase().as_str() {
        "daily" => "*".to_owned(),
        "weekdays" => "1-5".to_owned(),
        "weekends" => "6,0".to_owned(),
        days => {
            let number = |day: &str| {
                let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
                let known = names.iter().position(|name| *name == day.trim());
                known.map(|n| n.to_string()).ok_or_else(wrong)
            };
            let days: Result<Vec<_>, _> = days.split(',').map(number).collect();
            days?.join(",")
        }
    };
    Ok(format!("{minute} {hour} * * {days}"))
}

fn parse(expression: &str) -> Result<Cron, TimingError> {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(expression).map_err(|e| TimingError::Cron {
        expression: expression.to_owned(),
        why: e.to_string(),
    })
}

fn after(cron: &Cron, zone: Tz, at: Timestamp) -> Option<Timestamp> {
    let found = cron.find_next_occurrence(&zoned(at, zone)?, false);
    found.ok().map(|found| stamp(&found))
}

fn zoned(at: Timestamp, zone: Tz) -> Option<DateTime<Tz>> {
    let utc = DateTime::<Utc>::from_timestamp_micros(at.as_micros())?;
    Some(utc.with_timezone(&zone))
}

fn stamp(at: &DateTime<Tz>) -> Timestamp {
    Timestamp::from_micros(at.timestamp_micros())
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.after(by)
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.as_micros().saturating_sub(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at = DateTime::parse_from_rfc3339(text).unwrap();
        Timestamp::from_micros(at.timestamp_micros())
    }

    fn said(at: Timestamp) -> String {
        at.to_rfc3339()[..16].to_owned()
    }

    fn timing(cron: &str, zone: &str) -> Timing {
        Timing {
            crons: vec![cron.to_owned()],
            zone: zone.to_owned(),
            lead_s: 0,
            due_after_s: None,
            catch_up: CatchUp::Last,
        }
    }

    fn upcoming(timing: &Timing, now: &str, count: usize) -> Vec<String> {
        let ticks = timing.upcoming(at(now), count);
        ticks.iter().map(|tick| said(tick.at)).collect()
    }

    #[test]
    fn a_time_of_day_stays_where_it_is_though_clocks_change() {
        // Berlin goes from UTC+1 to UTC+2 on 29 March 2026 and back on 25 October.
        let daily = timing("0 9 * * *", "Europe/Berlin");
        assert_eq!(
            upcoming(&daily, "2026-03-27T12:00:00Z", 3),
            ["2026-03-28T08:00", "2026-03-29T07:00", "2026-03-30T07:00"]
        );
        assert_eq!(
            upcoming(&daily, "2026-10-23T12:00:00Z", 3),
            ["2026-10-24T07:00", "2026-10-25T08:00", "2026-10-26T08:00"]
        );
    }

    #[test]
    fn a_time_that_is_skipped_comes_right_after_the_gap_and_one_that_comes_twice_ticks_once() {
        // 02:30 does not exist on 29 March, and is there twice on 25 October.
        let nightly = timing("30 2 * * *", "Europe/Berlin");
        assert_eq!(
            upcoming(&nightly, "2026-03-28T00:00:00Z", 3),
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
        );
        assert_eq!(
            upcoming(&nightly, "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30", "2026-10-26T01:30"]
        );
        // What ticks every so often keeps its pace through both.
        let hourly = timing("0 * * * *", "Europe/Berlin");
        for now in ["2026-03-28T23:30:00Z", "2026-10-24T22:30:00Z"] {
            let ticks = hourly.upcoming(at(now), 5);
            let steps = ticks.windows(2).map(|two| two[1].at.since(two[0].at));
            assert!(
                steps.into_iter().all(|s| s == Duration::from_hours(1)),
                "{now}"
            );
        }
    }

    #[test]
    fn of_missed_ticks_the_last_is_started_or_all_or_none() {
        let mut hourly = timing("0 * * * *", "UTC");
        let (was, now) = (at("2026-01-01T10:00:00Z"), at("2026-01-01T13:20:00Z"));
        let due = |timing: &Timing, now| {
            let due = timing.due(was, now);
            let ticks: Vec<_> = due.ticks.iter().map(|tick| said(tick.at)).collect();
            (ticks, said(due.next_at.unwrap()))
        };
        let next = "2026-01-01T14:00".to_owned();
        assert_eq!(
            due(&hourly, now),
            (vec!["2026-01-01T13:00".to_owned()], next.clone())
        );
        hourly.catch_up = CatchUp::All;
        let (ticks, then) = due(&hourly, now);
        assert_eq!((ticks.len(), then), (4, next.clone()));
        hourly.catch_up = CatchUp::None;
        assert_eq!(due(&hourly, now), (vec![], next));
        // One that is on time is no missed one, whatever the policy.
        for policy in [CatchUp::Last, CatchUp::All, CatchUp::None] {
            hourly.catch_up = policy;
            let (ticks, then) = due(&hourly, at("2026-01-01T10:00:02Z"));
            assert_eq!(ticks, ["2026-01-01T10:00"], "{policy:?}");
            assert_eq!(then, "2026-01-01T11:00", "{policy:?}");
        }
    }

    #[test]
    fn what_was_missed_for_long_is_caught_up_with_in_steps_and_nothing_twice() {
        let mut hourly = timing("0 * * * *", "UTC");
        hourly.catch_up = CatchUp::All;
        let (mut was, now) = (at("2026-01-01T00:00:00Z"), at("2026-01-03T00:00:30Z"));
        let mut seen = Vec::new();
        while was <= now {
            let due = hourly.due(was, now);
            assert!(due.ticks.len() <= CAUGHT_UP_MAX);
            seen.extend(due.ticks.iter().map(|tick| tick.at));
            was = due.next_at.unwrap();
        }
        assert_eq!(seen.len(), 49);
        assert!(seen.windows(2).all(|two| two[0] < two[1]));
    }

    /// Nodes that look every five minutes start each tick once, through every change of clocks, also
    /// one by half an hour.
    #[test]
    fn who_looks_often_starts_each_tick_once_whatever_clocks_do() {
        let changes = [
            ("Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-10-25T01:00:00Z"),
            ("America/New_York", "2026-03-08T07:00:00Z"),
            ("America/New_York", "2026-11-01T06:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ];
        let crons = [
            "30 2 * * *",
            "15 1 * * *",
            "0 * * * *",
            "*/20 * * * *",
            "0 18 * * *",
        ];
        for (zone, change) in changes {
            for (cron, lead_s) in crons.iter().flat_map(|cron| [(cron, 0), (cron, 3 * 3600)]) {
                let mut timing = timing(cron, zone);
                timing.lead_s = lead_s;
                let start = Timestamp::from_micros(at(change).as_micros() - 30 * 3_600_000_000);
                let minutes = |n: u64| start.after(Duration::from_mins(n));
                let end = minutes(60 * 60);
                let all = timing.upcoming(start, 1000);
                let all: Vec<_> = all.iter().filter(|t| t.start_at <= end).copied().collect();
                for policy in [CatchUp::Last, CatchUp::All] {
                    timing.catch_up = policy;
                    let mut next = timing.upcoming(start, 1)[0].start_at;
                    let mut started = Vec::new();
                    for now in (0..=60 * 12).map(|n| minutes(n * 5)) {
                        if next <= now {
                            let due = timing.due(next, now);
                            started.extend(due.ticks);
                            next = due.next_at.unwrap();
                        }
                    }
                    assert_eq!(started, all, "{cron} in {zone}, {policy:?}, lead {lead_s}");
                }
            }
        }
    }

    #[test]
    fn a_slot_is_begun_early_enough_and_is_when_the_video_is_due() {
        let calendar = Timing {
            crons: vec![slot("mon,thu 18:00").unwrap(), slot("sat 10:30").unwrap()],
            lead_s: 3 * 3600,
            due_after_s: Some(3 * 3600),
            ..timing("", "America/New_York")
        };
        // Monday 9 March 2026, a day after New York's clocks went forward.
        let ticks = calendar.upcoming(at("2026-03-09T00:00:00Z"), 3);
        let said: Vec<_> = ticks
            .iter()
            .map(|t| (said(t.start_at), said(t.due_at.unwrap())))
            .collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            said,
            [
                pair("2026-03-09T19:00", "2026-03-09T22:00"),
                pair("2026-03-12T19:00", "2026-03-12T22:00"),
                pair("2026-03-14T11:30", "2026-03-14T14:30"),
            ]
        );
        let slot = calendar.shown(ticks[0].at);
        assert_eq!(slot, "Mon 9 Mar 18:00 EDT");
        // Due between its beginning and the slot, and once.
        let start = ticks[0].start_at;
        let due = calendar.due(start, start);
        assert_eq!(due.ticks, [ticks[0]]);
        assert_eq!(due.next_at, Some(ticks[1].start_at));
    }

    #[test]
    fn slots_are_read_and_nonsense_is_told() {
        for (text, cron) in [
            ("mon 18:00", "0 18 * * 1"),
            ("Sun, Sat 9:05", "5 9 * * 0,6"),
            ("daily 07:30", "30 7 * * *"),
            ("weekdays 12:00", "0 12 * * 1-5"),
            ("weekends 23:59", "59 23 * * 6,0"),
        ] {
            assert_eq!(slot(text).as_deref(), Ok(cron));
            timing(cron, "UTC").check(Timestamp::default()).unwrap();
        }
        for text in [
            "",
            "mon",
            "18:00",
            "mon 24:00",
            "mon 18:60",
            "mon 18",
            "someday 18:00",
            "mon +8:00",
        ] {
            assert_eq!(slot(text), Err(TimingError::Slot(text.to_owned())));
        }
    }

    #[test]
    fn what_can_not_be_read_or_never_comes_is_refused() {
        let check = |cron: &str, zone: &str| timing(cron, zone).check(at("2026-01-01T00:00:00Z"));
        for cron in [
            "",
            "* * * *",
            "61 * * * *",
            "* * * * * *",
            "0 0 * * * 2027",
            "words",
        ] {
            let refused = check(cron, "UTC");
            assert!(
                matches!(refused, Err(TimingError::Cron { .. })),
                "{cron}: {refused:?}"
            );
        }
        assert!(matches!(
            check("0 9 * * *", "Berlin"),
            Err(TimingError::Zone(_))
        ));
        assert_eq!(check("0 0 30 2 *", "UTC"), Err(TimingError::Never));
        check("@hourly", "UTC").unwrap();
        let mut none = timing("", "UTC");
        none.crons.clear();
        assert_eq!(
            none.check(at("2026-01-01T00:00:00Z")),
            Err(TimingError::Never)
        );
    }
}
