//! Statements about reservations that are asked for.
//!
//! Three journeys to the server, however many are asked for: the video is locked and what is known is
//! read; the accounts are locked; reservations and accounts are written and committed.

use std::collections::HashMap;

use ledger::{DayScope, Hold, HoldRefused, Payer, Scope, Transfer, TransferState};
use store::{Error, Lease};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{AccountId, ChannelId, MicroUsd, MoneyError, Timestamp, VideoId};

use crate::books::Books;
use crate::connection::{Question, Tx};
use crate::job::Leased;
use crate::sql::{Cells, Fault, Result};
use crate::transfer::{decode, misuse, named, names};
use crate::{job, line};

/// Who pays for the video of a job.
const PAYER: &str = "\
    SELECT videos.id, videos.account_id, videos.channel_id, accounts.zone AS account_zone,
           channels.zone AS channel_zone
    FROM videos
    JOIN accounts ON accounts.id = videos.account_id
    LEFT JOIN channels ON channels.id = videos.channel_id
    WHERE videos.id = (SELECT video_id FROM jobs WHERE jobs.id = ANY ($1))";

/// Which videos hold most of what is reserved in a day.
const HOLDERS: &str = "\
    SELECT video_id AS id, sum(held)::bigint AS held
    FROM transfers
    WHERE days IS NOT NULL AND state IN ('pending', 'sent', 'unknown') AND $1 = ANY (days)
    GROUP BY video_id
    ORDER BY held DESC, video_id
    LIMIT 3";

/// Names of days stand in one text, with this between them: arrays of arrays don't unnest.
const BETWEEN: &str = "\u{1f}";

const INSERT: &str = "\
    INSERT INTO transfers (id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                           price_version, imputed, quantity_max, held, state, held_at, days)
    SELECT id, $1, $2, $3, $4, backend, meter, unit_price, price_version, imputed, quantity_max,
           held, 'pending', $5, string_to_array(days, U&'\\001F')
    FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[],
                $12::bigint[], $13::bigint[], $14::text[])
         AS new (id, backend, meter, unit_price, price_version, imputed, quantity_max, held, days)";

pub(crate) async fn hold(tx: &Tx, now: Timestamp, lease: Lease, holds: &[Hold]) -> Result<()> {
    let (ids, jobs) = (names(holds.iter().map(|hold| hold.id)), vec![lease.job.0]);
    let mut more: Vec<Question<'_>> = vec![line::spend(), named(&ids)];
    if holds.iter().any(Hold::is_paid) {
        more.push((PAYER, vec![&jobs]));
    }
    let (job, answers) = job::leased_and(tx, lease, more).await?;
    let off = line::may_spend(&answers[0])?;
    let known = answers[1].iter().map(decode).collect::<Result<Vec<_>>>()?;
    let payer = answers.get(2).and_then(|rows| rows.first());
    let payer = payer.map(payer_of).transpose()?;
    let asked = asked(&job, &known, holds)?;
    if let Some(hold) = asked
        .iter()
        .find(|h| h.is_paid() && off.contains(&h.backend))
    {
        return Err(Error::BackendOff(hold.backend.clone()).into());
    }
    let days_of = |hold: &Hold| payer.as_ref().map(|payer| payer.days_of(now, hold));
    let days = asked.iter().filter_map(|hold| days_of(hold)).flatten();
    let days: HashMap<String, DayScope> = days.map(|day| (day.scope.key(), day)).collect();
    let mut books = Books::locked(tx, (job.video, job.stage), &days).await?;
    let mut columns = Columns::default();
    for hold in asked {
        let amount = hold.amount()?;
        let mut of_days = days_of(hold).unwrap_or_default();
        of_days.sort_unstable_by_key(|day| day.scope.key());
        let scopes = of_days.iter().map(|day| day.scope.clone());
        let scopes = Scope::of(job.video, job.stage).into_iter().chain(scopes);
        if let Err(refused) = books.hold(scopes, amount) {
            return Err(explained(tx, now, refused, &days).await?.into());
        }
        columns.add(hold, amount, &of_days)?;
    }
    let changed = books.changed();
    let (now, attempt, stage) = (now.as_micros(), i64::from(job.attempt), job.stage.as_str());
    let of: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&job.video.0, &job.id.0, &stage, &attempt, &now];
    let questions: Vec<_> = columns
        .insert(&of)
        .into_iter()
        .chain(changed.save())
        .collect();
    tx.commit_with(&questions).await?;
    Ok(())
}

/// Those that are not reserved yet, each once.
fn asked<'a>(job: &Leased, known: &[Transfer], holds: &'a [Hold]) -> Result<Vec<&'a Hold>> {
    let mut asked: Vec<&Hold> = Vec::new();
    for hold in holds {
        if let Some(known) = known.iter().find(|known| known.id == hold.id) {
            // Asked twice. One that has ended, or that is another attempt's, covers nothing.
            let covers = (known.job, known.attempt, known.state)
                == (job.id, job.attempt, TransferState::Pending);
            if covers {
                continue;
            }
            return Err(misuse(hold.id, "can't be reserved again").into());
        }
        if asked.iter().all(|other| other.id != hold.id) {
            asked.push(hold);
        }
    }
    Ok(asked)
}

/// A refusal, with what there is to say about its day.
async fn explained(
    tx: &Tx,
    now: Timestamp,
    refused: HoldRefused,
    days: &HashMap<String, DayScope>,
) -> Result<Error> {
    let Some(day) = days.get(&refused.scope) else {
        return Ok(refused.into());
    };
    let mut holders = Vec::new();
    for row in tx.query(HOLDERS, &[&refused.scope]).await? {
        let row = Cells::of("transfers", &row);
        holders.push((VideoId(row.get("id")?), row.money("held")?));
    }
    let refused = HoldRefused {
        day: Some((now, day.resets_at)),
        holders,
        ..refused
    };
    Ok(refused.into())
}

fn payer_of(row: &Row) -> Result<Payer> {
    let row = Cells::of("videos", row);
    let channel = row.get::<Option<_>>("channel_id")?;
    Ok(Payer {
        account: AccountId(row.get("account_id")?),
        account_zone: row.get("account_zone")?,
        channel: channel.map(ChannelId),
        channel_zone: row.get("channel_zone")?,
    })
}

/// Reservations to be written, column by column.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    backends: Vec<&'a str>,
    meters: Vec<&'a str>,
    prices: Vec<String>,
    versions: Vec<String>,
    imputed: Vec<bool>,
    most: Vec<i64>,
    held: Vec<i64>,
    days: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, hold: &'a Hold, amount: MicroUsd, days: &[DayScope]) -> Result<(), Fault> {
        let most = i64::try_from(hold.quantity_max).map_err(|_| MoneyError::Overflow)?;
        self.ids.push(hold.id.0);
        self.backends.push(&hold.backend);
        self.meters.push(&hold.price.meter);
        self.prices.push(hold.price.price.0.to_string());
        self.versions.push(hold.price.version());
        self.imputed.push(hold.price.imputed);
        self.most.push(most);
        self.held.push(amount.0);
        let keys: Vec<String> = days.iter().map(|day| day.scope.key()).collect();
        self.days
            .push((!keys.is_empty()).then(|| keys.join(BETWEEN)));
        Ok(())
    }

    /// Writes them, if there are any, of this video, job, stage, attempt and moment.
    fn insert<'q>(
        &'q self,
        of: &[&'q (dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Option<Question<'q>> {
        let mut params = of.to_vec();
        params.extend([
            &self.ids as &(dyn tokio_postgres::types::ToSql + Sync),
            &self.backends,
            &self.meters,
            &self.prices,
            &self.versions,
            &self.imputed,
            &self.most,
            &self.held,
            &self.days,
        ]);
        (!self.ids.is_empty()).then_some((INSERT, params))
    }
}
