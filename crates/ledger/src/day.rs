//! Days: where they begin depends on the time zone.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use ytempire_core::Timestamp;

/// A day in some time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    date: NaiveDate,
    zone: Tz,
}

/// A name that no time zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone; use an IANA name such as Europe/Berlin, or UTC")]
pub struct ZoneUnknown(pub String);

impl Day {
    /// The day that it is at `at` in `zone`, an IANA name.
    ///
    /// # Errors
    /// [`ZoneUnknown`].
    pub fn of(at: Timestamp, zone: &str) -> Result<Self, ZoneUnknown> {
        let zone: Tz = zone.parse().map_err(|_| ZoneUnknown(zone.to_owned()))?;
        let at = DateTime::<Utc>::from_timestamp_micros(at.as_micros()).unwrap_or_default();
        let date = at.with_timezone(&zone).date_naive();
        Ok(Self { date, zone })
    }

    /// The day that it is at `at` in `zone`, or in UTC where the zone isn't known: names are checked
    /// when they are written, and a database may be older or newer than this program.
    pub fn of_or_utc(at: Timestamp, zone: &str) -> Self {
        Self::of(at, zone).unwrap_or_else(|_| Self::of(at, "UTC").expect("a test reads UTC"))
    }

    /// The first moment of the next day: when a budget for this one is over.
    pub fn ends_at(self) -> Timestamp {
        let next = self.date.checked_add_days(Days::new(1));
        let next = next.unwrap_or(self.date).and_time(NaiveTime::MIN);
        // Where clocks are set forward over midnight, the day begins with the first minute that is.
        let begun = (0..24 * 60).find_map(|minutes| {
            let local = next + chrono::TimeDelta::minutes(minutes);
            self.zone.from_local_datetime(&local).earliest()
        });
        let begun = begun.map_or_else(|| next.and_utc(), |begun| begun.to_utc());
        Timestamp::from_micros(begun.timestamp_micros())
    }
}

impl std::fmt::Display for Day {
    /// `2026-11-24`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.date.format("%Y-%m-%d"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: DateTime<Utc> = text.parse().unwrap();
        Timestamp::from_micros(at.timestamp_micros())
    }

    #[test]
    fn a_day_begins_and_ends_by_the_clocks_of_its_zone() {
        for (now, zone, day, end) in [
            (
                "2026-11-24T23:30:00Z",
                "UTC",
                "2026-11-24",
                "2026-11-25T00:00:00Z",
            ),
            (
                "2026-11-24T23:30:00Z",
                "Europe/Berlin",
                "2026-11-25",
                "2026-11-25T23:00:00Z",
            ),
            (
                "2026-11-24T07:59:59Z",
                "America/Los_Angeles",
                "2026-11-23",
                "2026-11-24T08:00:00Z",
            ),
            // A day of 23 hours and one of 25.
            (
                "2026-03-29T00:00:00Z",
                "Europe/Berlin",
                "2026-03-29",
                "2026-03-29T22:00:00Z",
            ),
            (
                "2026-10-25T00:00:00Z",
                "Europe/Berlin",
                "2026-10-25",
                "2026-10-25T23:00:00Z",
            ),
            // Clocks go from midnight to one.
            (
                "2026-09-05T12:00:00Z",
                "America/Santiago",
                "2026-09-05",
                "2026-09-06T04:00:00Z",
            ),
        ] {
            let of = Day::of(at(now), zone).unwrap();
            assert_eq!(of.to_string(), day, "{zone}");
            assert_eq!(of.ends_at(), at(end), "{zone}");
            assert_ne!(Day::of(of.ends_at(), zone).unwrap(), of, "{zone}");
            assert_eq!(
                Day::of(
                    of.ends_at().before(std::time::Duration::from_micros(1)),
                    zone
                ),
                Ok(of)
            );
        }
    }

    #[test]
    fn a_zone_that_is_not_known_is_told_and_stands_for_utc() {
        let now = at("2026-11-24T23:30:00Z");
        assert!(Day::of(now, "Mars/Olympus").is_err());
        assert_eq!(
            Day::of_or_utc(now, "Mars/Olympus"),
            Day::of(now, "UTC").unwrap()
        );
    }
}
