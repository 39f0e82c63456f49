//! Statements about the price book.

use ledger::{PriceRow, RateRow};
use rusqlite::{Connection, Row, named_params};
use store::{Error, Result};
use ytempire_core::{Timestamp, UnitPrice};

use crate::sql;

pub(crate) fn import(
    tx: &Connection,
    now: Timestamp,
    prices: &[PriceRow],
    rates: &[RateRow],
) -> Result<u64> {
    let mut added = 0;
    for row in prices {
        let of = (
            &row.provider,
            &row.model,
            &row.meter,
            row.valid_from.as_micros(),
        );
        let fits = (
            row.price.0.normalize().to_string(),
            &row.currency,
            row.imputed,
        );
        let there = tx
            .prepare_cached(
                "SELECT price = ?5 AND currency = ?6 AND imputed = ?7
                 FROM prices
                 WHERE provider = ?1 AND model = ?2 AND meter = ?3 AND valid_from = ?4",
            )
            .and_then(|mut s| {
                let asked = (of.0, of.1, of.2, of.3, &fits.0, fits.1, fits.2);
                let mut rows = s.query(asked)?;
                rows.next()?.map(|row| row.get::<_, bool>(0)).transpose()
            })
            .map_err(sql::error)?;
        match there {
            Some(false) => return Err(Error::PriceTaken(row.name())),
            Some(true) => {}
            None => added += 1,
        }
        put(tx, now, row, &fits.0)?;
    }
    for rate in rates {
        added += u64::from(put_rate(tx, now, rate)?);
    }
    Ok(added)
}

fn put(tx: &Connection, now: Timestamp, row: &PriceRow, price: &str) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO prices (provider, model, meter, valid_from, valid_to, price, currency,
                             deprecated_at, imputed, source, imported_at)
         VALUES (:provider, :model, :meter, :from, :to, :price, :currency, :deprecated, :imputed,
                 :source, :now)
         ON CONFLICT (provider, model, meter, valid_from) DO UPDATE
         SET valid_to = excluded.valid_to, deprecated_at = excluded.deprecated_at,
             source = excluded.source",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":provider": row.provider,
            ":model": row.model,
            ":meter": row.meter,
            ":from": row.valid_from.as_micros(),
            ":to": row.valid_to.map(Timestamp::as_micros),
            ":price": price,
            ":currency": row.currency,
            ":deprecated": row.deprecated_at.map(Timestamp::as_micros),
            ":imputed": row.imputed,
            ":source": row.source,
            ":now": now.as_micros(),
        })
    })
    .map(drop)
    .map_err(sql::error)
}

/// Whether it was not there before.
fn put_rate(tx: &Connection, now: Timestamp, row: &RateRow) -> Result<bool> {
    let rate = row.rate.0.normalize().to_string();
    let added = tx
        .prepare_cached(
            "INSERT INTO rates (currency, valid_from, rate, source, imported_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (currency, valid_from) DO NOTHING",
        )
        .and_then(|mut s| {
            let from = row.valid_from.as_micros();
            s.execute((&row.currency, from, &rate, &row.source, now.as_micros()))
        })
        .map_err(sql::error)?;
    let there: String = tx
        .prepare_cached("SELECT rate FROM rates WHERE currency = ?1 AND valid_from = ?2")
        .and_then(|mut s| {
            let of = (&row.currency, row.valid_from.as_micros());
            s.query_row(of, |row| row.get(0))
        })
        .map_err(sql::error)?;
    if there != rate {
        return Err(Error::PriceTaken(format!("the rate of {}", row.currency)));
    }
    Ok(added == 1)
}

pub(crate) fn list(
    db: &Connection,
    provider: Option<&str>,
) -> Result<(Vec<PriceRow>, Vec<RateRow>)> {
    let mut statement = db
        .prepare_cached(
            "SELECT provider AS id, provider, model, meter, valid_from, valid_to, price, currency,
                    deprecated_at, imputed, source
             FROM prices
             WHERE ?1 IS NULL OR provider = ?1
             ORDER BY provider, model, meter, valid_from",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([provider]).map_err(sql::error)?;
    let mut prices = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        prices.push(decode(row)?);
    }
    let mut statement = db
        .prepare_cached(
            "SELECT currency AS id, currency, valid_from, rate, source
             FROM rates
             ORDER BY currency, valid_from",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let mut rates = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        rates.push(RateRow {
            currency: row.get("currency").map_err(sql::error)?,
            rate: UnitPrice(sql::parsed(row, "rates", "rate")?),
            valid_from: Timestamp::from_micros(row.get("valid_from").map_err(sql::error)?),
            source: row.get("source").map_err(sql::error)?,
        });
    }
    Ok((prices, rates))
}

fn decode(row: &Row<'_>) -> Result<PriceRow> {
    let text = |column| row.get::<_, String>(column).map_err(sql::error);
    Ok(PriceRow {
        provider: text("provider")?,
        model: text("model")?,
        meter: text("meter")?,
        price: UnitPrice(sql::parsed(row, "prices", "price")?),
        currency: text("currency")?,
        valid_from: Timestamp::from_micros(row.get("valid_from").map_err(sql::error)?),
        valid_to: sql::time_or_none(row, "valid_to")?,
        deprecated_at: sql::time_or_none(row, "deprecated_at")?,
        imputed: row.get("imputed").map_err(sql::error)?,
        source: text("source")?,
    })
}
