//! Following the outbox over all videos, although its numbers are committed out of order.
//!
//! A number that is missing may be of a transaction that goes on, or of one that was undone. Whoever
//! appends has an id of transaction before it takes numbers. So all numbers that were taken before
//! we took an id of our own are settled once no transaction with a smaller one goes on. A page ends
//! there. Another program's long transaction on the same server holds events back; it loses none.

use std::sync::{Mutex, PoisonError};

use store::{EventFilter, EventPage};
use tokio_postgres::Row;
use ytempire_core::AccountId;

use crate::connection::Connection;
use crate::event::decode;
use crate::sql::{Cells, Result};

/// Up to where the numbers are settled, as far as this process knows.
#[derive(Debug, Default)]
pub(crate) struct Horizon(Mutex<Known>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// All numbers up to this one are committed or will never be.
    settled: i64,
    /// Numbers up to the first are settled once no transaction before the second goes on.
    next: Option<(i64, i64)>,
}

impl Horizon {
    /// Learns that numbers up to `taken` had been taken before `ours` became the id of a transaction,
    /// and that `oldest` is the oldest one that goes on. Gives up to where numbers are settled.
    fn learn(&self, taken: i64, ours: i64, oldest: i64) -> i64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((upto, before)) = known.next
            && oldest >= before
        {
            known.settled = known.settled.max(upto);
            known.next = None;
        }
        if oldest >= ours {
            known.settled = known.settled.max(taken);
            known.next = None;
        } else if known.next.is_none() && taken > known.settled {
            known.next = Some((taken, ours));
        }
        // A database that was restored begins where it was.
        known.settled = known.settled.min(taken);
        known.settled
    }
}

pub(crate) async fn follow(
    db: &Connection,
    horizon: &Horizon,
    filter: &EventFilter,
) -> Result<EventPage> {
    // One after the other: the server begins none of them before the one before it has ended.
    let answers = db
        .all(&[
            (
                "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS taken FROM outbox_seq_seq",
                vec![],
            ),
            ("SELECT pg_current_xact_id()::text::bigint AS ours", vec![]),
            (
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest",
                vec![],
            ),
        ])
        .await?;
    let number = |at: usize, column| {
        let row = answers.get(at).and_then(|rows| rows.first());
        row.map_or(Ok(0), |row| Cells::of("outbox", row).get(column))
    };
    let taken = number(0, "taken")?;
    let end = horizon.learn(taken, number(1, "ours")?, number(2, "oldest")?);
    let events = Vec::new();
    let Some(after) = filter.after else {
        return Ok(EventPage {
            events,
            upto: taken,
        });
    };
    if after >= end {
        let upto = after.min(taken);
        return Ok(EventPage { events, upto });
    }
    let rows = db
        .query(
            "SELECT seq, at, video_id, job_id, stage, kind, detail, account_id
             FROM outbox
             JOIN videos ON videos.id = outbox.video_id
             WHERE seq > $1 AND seq <= $2
               AND ($3::uuid IS NULL OR video_id = $3)
               AND ($4::uuid IS NULL OR account_id = $4)
             ORDER BY seq
             LIMIT $5",
            &[
                &after,
                &end,
                &filter.video.map(|id| id.0),
                &filter.account.map(|id| id.0),
                &i64::from(filter.limit),
            ],
        )
        .await?;
    let told = |row: &Row| {
        let account = AccountId(Cells::of("videos", row).get("account_id")?);
        Ok((account, decode(row)?))
    };
    let events: Vec<_> = rows.iter().map(told).collect::<Result<_>>()?;
    let full = events.len() as u64 >= u64::from(filter.limit);
    let upto = events.last().filter(|_| full).map_or(end, |(_, e)| e.seq);
    Ok(EventPage { events, upto })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_settled_when_those_who_could_have_taken_them_have_ended() {
        let horizon = Horizon::default();
        // Nobody writes.
        assert_eq!(horizon.learn(5, 100, 100), 5);
        // 101 goes on, and may have taken 6 or 7.
        assert_eq!(horizon.learn(7, 103, 101), 5);
        assert_eq!(horizon.learn(9, 110, 102), 5);
        // It has ended; 105 goes on, and may have taken 8 or 9, but neither 6 nor 7.
        assert_eq!(horizon.learn(9, 111, 105), 7);
        assert_eq!(horizon.learn(9, 112, 112), 9);
        // An older database was put in its place.
        assert_eq!(horizon.learn(3, 113, 113), 3);
    }
}
