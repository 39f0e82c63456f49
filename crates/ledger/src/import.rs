//! Price books as files: TOML, CSV and JSON, with the same fields.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};
use ytempire_core::{Timestamp, UnitPrice};

use crate::price::{PriceError, PriceRow, RateRow, USD};

/// How a price book is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `[[price]]` and `[[rate]]` tables.
    Toml,
    /// A header and a line for each row; rates are a file of their own, with a column `rate`.
    Csv,
    /// An object with the lists `price` and `rate`, or a list of prices.
    Json,
}

impl Format {
    /// That of a file, by its name.
    pub fn of_file(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    #[serde(default)]
    price: Vec<PriceText>,
    #[serde(default)]
    rate: Vec<RateText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceText {
    provider: String,
    model: String,
    meter: String,
    price: String,
    currency: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    deprecated_at: Option<String>,
    #[serde(default)]
    imputed: bool,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateText {
    currency: String,
    rate: String,
    valid_from: String,
    source: String,
}

fn malformed(why: impl std::fmt::Display) -> PriceError {
    PriceError::Malformed(why.to_string())
}

/// Reads a price book.
///
/// # Errors
/// [`PriceError::Malformed`] says what is wrong, and in which row.
pub fn read(text: &str, format: Format) -> Result<(Vec<PriceRow>, Vec<RateRow>), PriceError> {
    let value = match format {
        Format::Toml => {
            let table: toml::Table = toml::from_str(text).map_err(malformed)?;
            plain(toml::Value::Table(table))
        }
        Format::Json => serde_json::from_str(text).map_err(malformed)?,
        Format::Csv => of_csv(text)?,
    };
    let value = match value {
        Value::Array(rows) => serde_json::json!({ "price": rows }),
        other => other,
    };
    let book: Book = serde_json::from_value(value).map_err(|e| {
        malformed(format!(
            "{e}; prices and rates are texts, such as \"0.000015\""
        ))
    })?;
    let prices = book.price.into_iter().map(PriceText::read);
    let rates = book.rate.into_iter().map(RateText::read);
    Ok((
        prices.collect::<Result<_, _>>()?,
        rates.collect::<Result<_, _>>()?,
    ))
}

/// A TOML value with its dates as texts.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(values) => values.into_iter().map(plain).collect(),
        toml::Value::Table(table) => {
            let pairs = table.into_iter().map(|(key, value)| (key, plain(value)));
            Value::Object(pairs.collect())
        }
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Integer(n) => n.into(),
        toml::Value::Float(n) => n.into(),
        toml::Value::String(text) => Value::String(text),
    }
}

/// Rows of a CSV file as objects; cells that are empty are left out.
fn of_csv(text: &str) -> Result<Value, PriceError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(malformed)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(malformed)?;
        let mut row = Map::new();
        for (name, cell) in header
            .iter()
            .zip(&record)
            .filter(|(_, cell)| !cell.is_empty())
        {
            let value = match (name, cell) {
                ("imputed", "true") => Value::Bool(true),
                ("imputed", "false") => Value::Bool(false),
                _ => Value::String(cell.to_owned()),
            };
            row.insert(name.to_owned(), value);
        }
        rows.push(Value::Object(row));
    }
    let what = if header.iter().any(|name| name == "rate") {
        "rate"
    } else {
        "price"
    };
    Ok(serde_json::json!({ what: rows }))
}

impl PriceText {
    fn read(self) -> Result<PriceRow, PriceError> {
        let place = format!("{}/{}/{}", self.provider, self.model, self.meter);
        let price = decimal(&place, "price", &self.price)?;
        let day = |text: &String| midnight(&place, text);
        let row = PriceRow {
            price: UnitPrice(price),
            currency: match self.currency {
                None => USD.to_owned(),
                Some(code) => currency(&place, code)?,
            },
            valid_from: day(&self.valid_from)?,
            valid_to: self.valid_to.as_ref().map(day).transpose()?,
            deprecated_at: self.deprecated_at.as_ref().map(day).transpose()?,
            provider: self.provider,
            model: self.model,
            meter: self.meter,
            imputed: self.imputed,
            source: self.source,
        };
        if row.valid_to.is_some_and(|end| end <= row.valid_from) {
            return Err(malformed(format!("{place}: it ends before it begins")));
        }
        Ok(row)
    }
}

impl RateText {
    fn read(self) -> Result<RateRow, PriceError> {
        let place = format!("rate of {}", self.currency);
        let rate = decimal(&place, "rate", &self.rate)?;
        if rate.is_zero() || self.currency == USD {
            return Err(malformed(format!(
                "{place}: a rate is above zero, and not of USD"
            )));
        }
        Ok(RateRow {
            currency: currency(&place, self.currency)?,
            rate: UnitPrice(rate),
            valid_from: midnight(&place, &self.valid_from)?,
            source: self.source,
        })
    }
}

fn currency(place: &str, code: String) -> Result<String, PriceError> {
    if code.len() == 3 && code.chars().all(|c| c.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(malformed(format!(
        "{place}: {code:?} is no ISO code such as EUR"
    )))
}

fn decimal(place: &str, what: &str, text: &str) -> Result<Decimal, PriceError> {
    let number = Decimal::from_str_exact(text.trim())
        .map_err(|_| malformed(format!("{place}: {what} {text:?} is not a decimal")))?;
    if number.is_sign_negative() {
        return Err(malformed(format!("{place}: {what} {number} is below zero")));
    }
    Ok(number)
}

/// The first moment of a day such as `2026-11-01`, in UTC.
fn midnight(place: &str, text: &str) -> Result<Timestamp, PriceError> {
    let date: Option<chrono::NaiveDate> = text.parse().ok();
    let date = date.filter(|_| text.len() == 10);
    let date = date.ok_or_else(|| {
        malformed(format!(
            "{place}: {text} must be a plain date like 2026-11-01"
        ))
    })?;
    let at = date.and_time(chrono::NaiveTime::MIN).and_utc();
    Ok(Timestamp::from_micros(at.timestamp_micros()))
}

/// Days from 1970-01-01.
#[cfg(test)]
pub(crate) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let date = chrono::NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32).unwrap();
    date.signed_duration_since(chrono::NaiveDate::default())
        .num_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_are_read_from_each_format() {
        let toml = "[[price]]\nprovider = \"p\"\nmodel = \"m\"\nmeter = \"characters\"\n\
                    price = \"0.00003\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n\
                    deprecated_at = 2027-01-06\nsource = \"a, b\"\n";
        let json = r#"[{"provider":"p","model":"m","meter":"characters","price":"0.00003",
            "currency":"EUR","valid_from":"2026-01-01","deprecated_at":"2027-01-06",
            "source":"a, b"}]"#;
        let csv = "\u{feff}provider,model,meter,price,currency,valid_from,valid_to,deprecated_at,\
                   imputed,source\r\np, m,characters,0.00003,EUR,2026-01-01,,2027-01-06,false,\
                   \"a, b\"\r\n";
        let of_toml = read(toml, Format::Toml).unwrap();
        assert_eq!(of_toml.0.len(), 1);
        assert_eq!(read(json, Format::Json).unwrap(), of_toml);
        assert_eq!(read(csv, Format::Csv).unwrap(), of_toml);
        let rates = "currency,rate,valid_from,source\nEUR,1.0842,2026-11-20,ECB\n";
        let (prices, rates) = read(rates, Format::Csv).unwrap();
        assert!(prices.is_empty() && rates[0].rate.0.to_string() == "1.0842");
        assert_eq!(Format::of_file("a/Prices.CSV"), Some(Format::Csv));
        assert_eq!(Format::of_file("prices"), None);
    }

    #[test]
    fn what_can_not_be_meant_is_refused_by_its_row() {
        let row = |change: (&str, &str)| {
            let text = "provider,model,meter,price,currency,valid_from,valid_to,source\n\
                        p,m,characters,0.1,EUR,2026-01-01,2026-02-01,s\n";
            assert!(text.contains(change.0));
            read(&text.replacen(change.0, change.1, 1), Format::Csv)
                .unwrap_err()
                .to_string()
        };
        for (change, said) in [
            (("0.1", "-0.1"), "below zero"),
            (("0.1", "cheap"), "not a decimal"),
            (("EUR", "euro"), "ISO code"),
            (("2026-01-01", "2026-01-01T00:00"), "plain date"),
            (("2026-02-01", "2026-01-01"), "ends before"),
            (("valid_to", "valid_until"), "valid_until"),
            (("p,m", ",m"), "provider"),
        ] {
            assert!(row(change).contains(said), "{}", row(change));
        }
        let number = r#"[{"provider":"p","model":"m","meter":"c","price":0.00003,
            "valid_from":"2026-01-01","source":"s"}]"#;
        let refused = read(number, Format::Json).unwrap_err().to_string();
        assert!(refused.contains("are texts"), "{refused}");
    }
}
