//! The price book: dated prices, exact, never silently changed.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ytempire_core::{Timestamp, UnitPrice};

/// One price of one meter, for a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceVersion {
    /// Who is paid: `local` for our own machine.
    pub provider: String,
    /// The model or machine class: `cpu`, `gpt-…`.
    pub model: String,
    /// What is counted: `cpu_ms`, `disk_mib_month`, `characters`, `input_tokens`, …
    pub meter: String,
    /// US dollars for one unit of the meter.
    pub price: UnitPrice,
    /// First moment at which it holds.
    pub valid_from: Timestamp,
    /// First moment at which it no longer holds; `None`: until further notice.
    pub valid_to: Option<Timestamp>,
    /// Nobody is paid: our own machine's share, shown beside cash.
    pub imputed: bool,
    /// Where the figure is from.
    pub source: String,
}

impl PriceVersion {
    /// The version's name on a receipt: provider, model, meter and the day it began.
    pub fn version(&self) -> String {
        let day = self.valid_from.to_rfc3339();
        format!(
            "{}/{}/{}@{}",
            self.provider,
            self.model,
            self.meter,
            &day[..10]
        )
    }
}

/// What can be wrong with prices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// An unknown price is a refusal, never zero.
    #[error("no price for {meter} of {provider}/{model}; add a row to the price book")]
    Unknown {
        /// Who would be paid.
        provider: String,
        /// For which model.
        model: String,
        /// By which meter.
        meter: String,
    },
    /// The file isn't a price book.
    #[error("price book: {0}")]
    Malformed(String),
}

/// All known prices.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    versions: Vec<PriceVersion>,
}

/// A row as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: String,
    model: String,
    meter: String,
    price: String,
    valid_from: toml::value::Datetime,
    valid_to: Option<toml::value::Datetime>,
    #[serde(default)]
    imputed: bool,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    #[serde(default)]
    price: Vec<Row>,
}

impl PriceBook {
    /// The prices of our own parts, as shipped: `prices.toml` beside this file.
    pub fn shipped() -> Self {
        Self::from_toml(include_str!("../prices.toml")).expect("a test reads the shipped book")
    }

    /// Reads a book: `[[price]]` tables with the fields of [`PriceVersion`]; `price` is a
    /// decimal string, dates are TOML dates (UTC midnight).
    pub fn from_toml(text: &str) -> Result<Self, PriceError> {
        let book: Book = toml::from_str(text).map_err(|e| PriceError::Malformed(e.to_string()))?;
        let versions = book
            .price
            .into_iter()
            .map(Row::read)
            .collect::<Result<_, _>>()?;
        Ok(Self { versions })
    }

    /// Adds a price that comes from configuration: a backend's own `[backend.price]`.
    pub fn add(&mut self, version: PriceVersion) {
        self.versions.push(version);
    }

    /// The price in force at `at`; of several, the one that began last.
    pub fn find(
        &self,
        provider: &str,
        model: &str,
        meter: &str,
        at: Timestamp,
    ) -> Result<&PriceVersion, PriceError> {
        self.versions
            .iter()
            .filter(|v| v.provider == provider && v.model == model && v.meter == meter)
            .filter(|v| v.valid_from <= at && v.valid_to.is_none_or(|end| at < end))
            .max_by_key(|v| v.valid_from)
            .ok_or_else(|| PriceError::Unknown {
                provider: provider.to_owned(),
                model: model.to_owned(),
                meter: meter.to_owned(),
            })
    }
}

impl Row {
    fn read(self) -> Result<PriceVersion, PriceError> {
        let place = format!("{}/{}/{}", self.provider, self.model, self.meter);
        let price: Decimal = self.price.parse().map_err(|_| {
            PriceError::Malformed(format!("{place}: price {:?} is not a decimal", self.price))
        })?;
        if price.is_sign_negative() {
            return Err(PriceError::Malformed(format!(
                "{place}: price {price} is below zero"
            )));
        }
        Ok(PriceVersion {
            price: UnitPrice(price),
            valid_from: midnight(&place, &self.valid_from)?,
            valid_to: self
                .valid_to
                .map(|day| midnight(&place, &day))
                .transpose()?,
            provider: self.provider,
            model: self.model,
            meter: self.meter,
            imputed: self.imputed,
            source: self.source,
        })
    }
}

/// The first moment of a TOML date, in UTC.
fn midnight(place: &str, day: &toml::value::Datetime) -> Result<Timestamp, PriceError> {
    let date = day.date.filter(|_| day.time.is_none()).ok_or_else(|| {
        PriceError::Malformed(format!(
            "{place}: {day} must be a plain date like 2026-11-01"
        ))
    })?;
    Ok(Timestamp::from_micros(
        days_since_1970(i64::from(date.year), date.month.into(), date.day.into()) * 86_400_000_000,
    ))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's
/// `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
        [[price]]
        provider = "p"
        model = "m"
        meter = "characters"
        price = "0.00001"
        valid_from = 2026-01-01
        valid_to = 2026-06-01
        source = "test"
        [[price]]
        provider = "p"
        model = "m"
        meter = "characters"
        price = "0.00002"
        valid_from = 2026-06-01
        source = "test"
    "#;

    fn day(y: i64, m: i64, d: i64) -> Timestamp {
        Timestamp::from_micros(days_since_1970(y, m, d) * 86_400_000_000)
    }

    #[test]
    fn a_price_change_takes_effect_at_its_moment() {
        let book = PriceBook::from_toml(TWO).unwrap();
        let at = |t| {
            book.find("p", "m", "characters", t)
                .map(PriceVersion::version)
        };
        let before = Timestamp::from_micros(day(2026, 6, 1).as_micros() - 1);
        assert_eq!(at(before).unwrap(), "p/m/characters@2026-01-01");
        assert_eq!(at(day(2026, 6, 1)).unwrap(), "p/m/characters@2026-06-01");
        assert!(matches!(
            at(day(2025, 12, 31)),
            Err(PriceError::Unknown { .. })
        ));
    }

    #[test]
    fn the_shipped_book_prices_every_local_meter() {
        let book = PriceBook::shipped();
        for meter in ["cpu_ms", "disk_mib_month"] {
            let version = book.find("local", "cpu", meter, day(2026, 11, 24)).unwrap();
            assert!(
                version.imputed && version.price.0 > Decimal::ZERO,
                "{version:?}"
            );
        }
    }

    #[test]
    fn dates_agree_with_the_calendar() {
        assert_eq!(day(1970, 1, 1).as_micros(), 0);
        assert_eq!(day(2024, 2, 29).to_rfc3339(), "2024-02-29T00:00:00.000000Z");
        assert_eq!(
            day(2026, 11, 24).to_rfc3339(),
            "2026-11-24T00:00:00.000000Z"
        );
    }
}
