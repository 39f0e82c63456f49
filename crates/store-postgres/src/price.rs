//! Statements about the price book.

use ledger::{PriceRow, RateRow};
use store::Error;
use ytempire_core::{Timestamp, UnitPrice};

use crate::connection::{Connection, Tx};
use crate::sql::{self, Cells, Result};

/// In the order of the keys, so that two imports wait for each other in one direction. A row that is
/// there with another price isn't returned.
const PUT: &str = "\
    INSERT INTO prices AS there
        (provider, model, meter, valid_from, valid_to, price, currency, deprecated_at, imputed,
         source, imported_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (provider, model, meter, valid_from) DO UPDATE
    SET valid_to = excluded.valid_to, deprecated_at = excluded.deprecated_at,
        source = excluded.source
    WHERE there.price = excluded.price AND there.currency = excluded.currency
      AND there.imputed = excluded.imputed
    RETURNING there.provider, there.xmax = 0 AS added";

const PUT_RATE: &str = "\
    INSERT INTO rates AS there (currency, valid_from, rate, source, imported_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (currency, valid_from) DO UPDATE
    SET source = excluded.source
    WHERE there.rate = excluded.rate
    RETURNING there.currency, there.xmax = 0 AS added";

pub(crate) async fn import(
    tx: &Tx,
    now: Timestamp,
    prices: &[PriceRow],
    rates: &[RateRow],
) -> Result<u64> {
    let mut prices: Vec<&PriceRow> = prices.iter().collect();
    prices.sort_by_key(|row| ((&row.provider, &row.model, &row.meter), row.valid_from));
    let mut rates: Vec<&RateRow> = rates.iter().collect();
    rates.sort_by_key(|row| (&row.currency, row.valid_from));
    let mut added = 0;
    for row in prices {
        let put = tx
            .first(
                PUT,
                &[
                    &&*sql::words(&row.provider),
                    &&*sql::words(&row.model),
                    &&*sql::words(&row.meter),
                    &row.valid_from.as_micros(),
                    &row.valid_to.map(Timestamp::as_micros),
                    &row.price.0.normalize().to_string(),
                    &row.currency,
                    &row.deprecated_at.map(Timestamp::as_micros),
                    &row.imputed,
                    &&*sql::words(&row.source),
                    &now.as_micros(),
                ],
            )
            .await?;
        let put = put.ok_or_else(|| Error::PriceTaken(row.name()))?;
        added += u64::from(Cells::of("prices", &put).get::<bool>("added")?);
    }
    for row in rates {
        let rate = row.rate.0.normalize().to_string();
        let (from, now) = (row.valid_from.as_micros(), now.as_micros());
        let put = tx
            .first(
                PUT_RATE,
                &[
                    &row.currency,
                    &from,
                    &rate,
                    &&*sql::words(&row.source),
                    &now,
                ],
            )
            .await?;
        let put = put.ok_or_else(|| Error::PriceTaken(format!("the rate of {}", row.currency)))?;
        added += u64::from(Cells::of("rates", &put).get::<bool>("added")?);
    }
    Ok(added)
}

pub(crate) async fn list(
    db: &Connection,
    provider: Option<&str>,
) -> Result<(Vec<PriceRow>, Vec<RateRow>)> {
    let answers = db
        .all(&[
            (
                "SELECT provider, model, meter, valid_from, valid_to, price, currency,
                        deprecated_at, imputed, source
                 FROM prices
                 WHERE $1::text IS NULL OR provider = $1
                 ORDER BY provider, model, meter, valid_from",
                vec![&provider],
            ),
            (
                "SELECT currency, valid_from, rate, source
                 FROM rates
                 ORDER BY currency, valid_from",
                vec![],
            ),
        ])
        .await?;
    let price = |row| {
        let row = Cells::of("prices", row);
        Ok(PriceRow {
            provider: row.get("provider")?,
            model: row.get("model")?,
            meter: row.get("meter")?,
            price: UnitPrice(row.parsed("price")?),
            currency: row.get("currency")?,
            valid_from: row.time("valid_from")?,
            valid_to: row.time_or_none("valid_to")?,
            deprecated_at: row.time_or_none("deprecated_at")?,
            imputed: row.get("imputed")?,
            source: row.get("source")?,
        })
    };
    let rate = |row| {
        let row = Cells::of("rates", row);
        Ok(RateRow {
            currency: row.get("currency")?,
            rate: UnitPrice(row.parsed("rate")?),
            valid_from: row.time("valid_from")?,
            source: row.get("source")?,
        })
    };
    let prices = answers[0].iter().map(price).collect::<Result<_>>()?;
    Ok((prices, answers[1].iter().map(rate).collect::<Result<_>>()?))
}
