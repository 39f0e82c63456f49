//! The price book: dated prices, exact, never silently changed.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ytempire_core::{Timestamp, UnitPrice};

use crate::import::{self, Format};

/// The currency of the ledger.
pub const USD: &str = "USD";

/// By how much a price may move without somebody saying that it is meant: a slip of the decimal point
/// is ten.
const JUMP: i64 = 5;

/// A row of the price book: one price of one meter, for a stretch of time, in its own currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRow {
    /// Who is paid: a backend's name, or `local` for our own machine.
    pub provider: String,
    /// The model or machine class: `cpu`, `gpt-…`.
    pub model: String,
    /// What is counted: `cpu_ms`, `disk_mib_month`, `characters`, `input_tokens`, …
    pub meter: String,
    /// What one unit of the meter costs, in `currency`.
    pub price: UnitPrice,
    /// The ISO code of its currency.
    pub currency: String,
    /// First moment at which it holds.
    pub valid_from: Timestamp,
    /// First moment at which it no longer holds; `None`: until further notice.
    pub valid_to: Option<Timestamp>,
    /// When the provider stops offering it, where that is known.
    pub deprecated_at: Option<Timestamp>,
    /// Nobody is paid: our own machine's share, shown beside cash.
    pub imputed: bool,
    /// Where the figure is from.
    pub source: String,
}

/// What a currency is worth, from some day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRow {
    /// The ISO code of the currency.
    pub currency: String,
    /// US dollars for one unit of it.
    pub rate: UnitPrice,
    /// First moment at which it holds; it holds until the next one does.
    pub valid_from: Timestamp,
    /// Where the figure is from.
    pub source: String,
}

/// A price in US dollars, as something is reserved and charged by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceVersion {
    /// Who is paid.
    pub provider: String,
    /// The model or machine class.
    pub model: String,
    /// What is counted.
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
    /// The rate by which it was turned into dollars, where it is in another currency.
    pub rate: Option<RateRow>,
}

impl PriceRow {
    /// The row's name: provider, model, meter and the day it began.
    pub fn name(&self) -> String {
        let (of, day) = ((&self.provider, &self.model, &self.meter), self.valid_from);
        name(of.0, of.1, of.2, day)
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.provider, &self.model, &self.meter) == (&other.provider, &other.model, &other.meter)
    }
}

fn name(provider: &str, model: &str, meter: &str, from: Timestamp) -> String {
    format!("{provider}/{model}/{meter}@{}", day(from))
}

/// The date of a moment in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_rfc3339()[..10].to_owned()
}

impl PriceVersion {
    /// The version's name on a receipt: that of its row; and the rate, where it is in another currency,
    /// as in `tts/v4/characters@2026-01-01;EUR*1.0842@2026-11-20`.
    pub fn version(&self) -> String {
        let name = name(&self.provider, &self.model, &self.meter, self.valid_from);
        match &self.rate {
            None => name,
            Some(rate) => format!(
                "{name};{}*{}@{}",
                rate.currency,
                rate.rate.0,
                day(rate.valid_from)
            ),
        }
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
    /// A price is in a currency of which nobody said what it is worth.
    #[error("{of} is in {currency}, and there is no rate for it; import one")]
    RateUnknown {
        /// The row's name.
        of: String,
        /// Its currency.
        currency: String,
    },
    /// The file isn't a price book.
    #[error("price book: {0}")]
    Malformed(String),
}

/// A price that moves by more than [`JUMP`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The new row's name.
    pub of: String,
    /// In dollars, before.
    pub before: UnitPrice,
    /// In dollars, from then on.
    pub after: UnitPrice,
}

/// All known prices.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    rows: Vec<PriceRow>,
    rates: Vec<RateRow>,
}

impl PriceBook {
    /// The prices of our own parts, as shipped: `prices.toml` beside this file.
    pub fn shipped() -> Self {
        Self::from_toml(include_str!("../prices.toml")).expect("a test reads the shipped book")
    }

    /// Reads a book: `[[price]]` and `[[rate]]` tables with the fields of [`PriceRow`] and
    /// [`RateRow`]; prices and rates are decimal strings, dates are days in UTC.
    ///
    /// # Errors
    /// [`PriceError::Malformed`] names the row.
    pub fn from_toml(text: &str) -> Result<Self, PriceError> {
        let (rows, rates) = import::read(text, Format::Toml)?;
        Ok(Self { rows, rates })
    }

    /// Adds rows.
    pub fn extend(&mut self, rows: Vec<PriceRow>, rates: Vec<RateRow>) {
        self.rows.extend(rows);
        self.rates.extend(rates);
    }

    /// All rows, by provider, model, meter and the moment from which they hold.
    pub fn rows(&self) -> Vec<&PriceRow> {
        let mut rows: Vec<&PriceRow> = self.rows.iter().collect();
        rows.sort_by_key(|row| {
            let of = (&row.provider, &row.model, &row.meter);
            (of, row.valid_from)
        });
        rows
    }

    /// The row that a version on a receipt names.
    pub fn named(&self, version: &str) -> Option<&PriceRow> {
        let name = version.split(';').next().unwrap_or(version);
        self.rows.iter().rev().find(|row| row.name() == name)
    }

    /// The row in force at `at`; of several, the one that began last, and of those the one that was
    /// added last.
    pub fn row(
        &self,
        provider: &str,
        model: &str,
        meter: &str,
        at: Timestamp,
    ) -> Option<&PriceRow> {
        self.rows
            .iter()
            .filter(|row| row.provider == provider && row.model == model && row.meter == meter)
            .filter(|row| row.valid_from <= at && row.valid_to.is_none_or(|end| at < end))
            .max_by_key(|row| row.valid_from)
    }

    /// The price in force at `at`, in dollars by the rate in force.
    ///
    /// # Errors
    /// [`PriceError::Unknown`], [`PriceError::RateUnknown`].
    pub fn find(
        &self,
        provider: &str,
        model: &str,
        meter: &str,
        at: Timestamp,
    ) -> Result<PriceVersion, PriceError> {
        let row = self.row(provider, model, meter, at);
        let row = row.ok_or_else(|| PriceError::Unknown {
            provider: provider.to_owned(),
            model: model.to_owned(),
            meter: meter.to_owned(),
        })?;
        self.in_dollars(row, at)
    }

    /// What a row means in dollars at `at`.
    ///
    /// # Errors
    /// [`PriceError::RateUnknown`].
    pub fn in_dollars(&self, row: &PriceRow, at: Timestamp) -> Result<PriceVersion, PriceError> {
        let (price, rate) = if row.currency == USD {
            (row.price, None)
        } else {
            let rate = self
                .rates
                .iter()
                .filter(|rate| rate.currency == row.currency);
            let rate = rate.filter(|rate| rate.valid_from <= at);
            let rate = rate.max_by_key(|rate| rate.valid_from);
            let price = rate.and_then(|rate| row.price.0.checked_mul(rate.rate.0));
            let price = price.ok_or_else(|| PriceError::RateUnknown {
                of: row.name(),
                currency: row.currency.clone(),
            })?;
            (UnitPrice(price.normalize()), rate.cloned())
        };
        Ok(PriceVersion {
            provider: row.provider.clone(),
            model: row.model.clone(),
            meter: row.meter.clone(),
            price,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            imputed: row.imputed,
            source: row.source.clone(),
            rate,
        })
    }

    /// The latest of the rates of each currency.
    pub fn rates(&self) -> &[RateRow] {
        &self.rates
    }

    /// Whether a new row moves its price more than fivefold, up or down, against the one that holds
    /// when it begins. What was free and costs something jumps; so does what is free from then on.
    ///
    /// # Errors
    /// [`PriceError::RateUnknown`] of either.
    pub fn jump(&self, new: &PriceRow) -> Result<Option<Jump>, PriceError> {
        let before = self.rows.iter().filter(|row| row.is_of(new));
        let before = before.filter(|row| row.valid_from < new.valid_from);
        let Some(before) = before.max_by_key(|row| row.valid_from) else {
            return Ok(None);
        };
        let before = self.in_dollars(before, new.valid_from)?.price;
        let after = self.in_dollars(new, new.valid_from)?.price;
        let most = Decimal::from(JUMP);
        let (low, high) = (before.0.min(after.0), before.0.max(after.0));
        // A product that is too large for a decimal is a jump as well.
        let jumps = low.checked_mul(most).is_none_or(|most| high > most);
        Ok(jumps.then(|| Jump {
            of: new.name(),
            before,
            after,
        }))
    }
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
        Timestamp::from_micros(import::days_since_1970(y, m, d) * 86_400_000_000)
    }

    #[test]
    fn a_price_change_takes_effect_at_its_moment() {
        let book = PriceBook::from_toml(TWO).unwrap();
        let at = |t| {
            book.find("p", "m", "characters", t)
                .map(|found| found.version())
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
    fn another_currency_is_booked_in_dollars_by_the_rate_of_the_day() {
        let text = r#"
            [[price]]
            provider = "p"
            model = "m"
            meter = "characters"
            price = "0.00003"
            currency = "EUR"
            valid_from = 2026-01-01
            source = "invoice"
            [[rate]]
            currency = "EUR"
            rate = "1.10"
            valid_from = 2026-02-01
            source = "ECB"
            [[rate]]
            currency = "EUR"
            rate = "1.0842"
            valid_from = 2026-11-20
            source = "ECB"
        "#;
        let book = PriceBook::from_toml(text).unwrap();
        let at = |t| book.find("p", "m", "characters", t);
        let found = at(day(2026, 3, 1)).unwrap();
        assert_eq!(found.price.0.to_string(), "0.000033");
        let found = at(day(2026, 11, 24)).unwrap();
        assert_eq!(found.price.0.to_string(), "0.000032526");
        let version = "p/m/characters@2026-01-01;EUR*1.0842@2026-11-20";
        assert_eq!(found.version(), version);
        assert_eq!(book.named(version).unwrap().currency, "EUR");
        // Before anybody said what it is worth, it is unknown, and not as many dollars.
        let refused = at(day(2026, 1, 15));
        assert!(matches!(refused, Err(PriceError::RateUnknown { .. })));
    }

    #[test]
    fn a_price_that_moves_more_than_fivefold_is_noticed() {
        let book = PriceBook::from_toml(TWO).unwrap();
        let jump = |price: &str, from| {
            let mut row = book.rows[1].clone();
            (row.price, row.valid_from) = (UnitPrice(price.parse().unwrap()), from);
            book.jump(&row).unwrap().is_some()
        };
        let later = day(2026, 9, 1);
        assert!(!jump("0.0001", later) && jump("0.00010001", later));
        assert!(!jump("0.000004", later) && jump("0.0000039", later));
        assert!(jump("0", later));
        // Against the one before it, not the one that holds today.
        assert!(jump("0.0001", day(2026, 3, 1)));
        assert!(!jump("77", day(2025, 1, 1)), "nothing holds before");
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
