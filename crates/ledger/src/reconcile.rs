//! Our books against a provider's bill.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ytempire_core::{JobId, MicroUsd, Timestamp, TransferId, VideoId};

use crate::{PriceError, Transfer, TransferState};

/// What a provider billed otherwise than was booked, posted to its account of adjustments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The charge that it is about.
    pub transfer: TransferId,
    /// Whose video.
    pub video: VideoId,
    /// The provider.
    pub provider: String,
    /// More than was booked; below zero: less, or a refund.
    pub amount: MicroUsd,
    /// When it was posted.
    pub at: Timestamp,
    /// The bill.
    pub source: String,
}

/// A line of a provider's bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The request, by the id that we gave it.
    pub charge: String,
    /// What it costs; below zero is a refund.
    pub amount: MicroUsd,
}

/// Reads a provider's usage export: CSV with a header, or a JSON list of objects.
///
/// Columns `charge` (or
/// `request_id`, `idempotency_key`, `id`) and `amount` (or `cost`, `amount_usd`, in dollars) are used;
/// others are passed over.
///
/// # Errors
/// [`PriceError::Malformed`] names the line.
pub fn read_bills(text: &str, is_json: bool) -> Result<Vec<Bill>, PriceError> {
    let malformed = |why: String| PriceError::Malformed(why);
    let rows: Vec<Map<String, Value>> = if is_json {
        serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?
    } else {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let rows = reader.deserialize::<BTreeMap<String, String>>();
        let row = |row: Result<BTreeMap<String, String>, csv::Error>| {
            let row = row.map_err(|e| malformed(e.to_string()))?;
            let cells = row
                .into_iter()
                .map(|(name, cell)| (name, Value::String(cell)));
            Ok(cells.collect())
        };
        rows.map(row).collect::<Result<_, PriceError>>()?
    };
    let cell = |row: &Map<String, Value>, names: &[&str]| {
        let found = names.iter().find_map(|name| row.get(*name));
        found.map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let bill = |(line, row): (usize, &Map<String, Value>)| {
        let charge = cell(row, &["charge", "request_id", "idempotency_key", "id"]);
        let amount = cell(row, &["amount", "cost", "amount_usd"]);
        let (Some(charge), Some(amount)) = (charge, amount) else {
            return Err(malformed(format!(
                "row {line}: there is no charge, or no amount"
            )));
        };
        let amount = dollars(&amount)
            .ok_or_else(|| malformed(format!("row {line}: {amount:?} is no amount of dollars")))?;
        Ok(Bill { charge, amount })
    };
    (1..).zip(&rows).map(bill).collect()
}

/// Dollars as bills have them: with more decimals than six, which are rounded up.
fn dollars(text: &str) -> Option<MicroUsd> {
    use rust_decimal::prelude::ToPrimitive;
    let text = text.trim().trim_start_matches('$');
    let dollars = rust_decimal::Decimal::from_str_exact(text)
        .or_else(|_| rust_decimal::Decimal::from_scientific(text));
    let micros = dollars.ok()?.checked_mul(1_000_000.into())?;
    micros.ceil().to_i64().map(MicroUsd)
}

/// What was found about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Both sides say the same.
    Matched,
    /// Nobody knew what came of it here; the bill does.
    Settled,
    /// The two sides say different amounts.
    Differing,
    /// It is on the bill and not in our books.
    MissingHere,
    /// It is in our books and not on the bill.
    MissingThere,
    /// It is on its way: to be compared another time.
    Open,
}

/// A request, in our books and on the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The id that we gave it, or what the bill calls it.
    pub charge: String,
    /// What was found.
    pub finding: Finding,
    /// In our books, at its worst case where nobody knows; `None`: not there.
    pub ours: Option<MicroUsd>,
    /// On the bill; `None`: not there.
    pub theirs: Option<MicroUsd>,
    /// What each of its charges is billed by that.
    #[serde(skip)]
    pub billed: Vec<(TransferId, MicroUsd)>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Request by request: ours in the order in which they were made, then what is only on the bill.
    pub lines: Vec<Compared>,
    /// The bill.
    pub invoice: MicroUsd,
    /// Our books.
    pub books: MicroUsd,
}

impl Comparison {
    /// How far the two sides are apart, over the bill, in millionths: what tells how much books can be
    /// trusted.
    pub fn difference_ppm(&self) -> u64 {
        let apart = u128::from(self.invoice.0.abs_diff(self.books.0));
        let bill = u128::from(self.invoice.0.unsigned_abs()).max(1);
        u64::try_from(apart * 1_000_000 / bill).unwrap_or(u64::MAX)
    }
}

/// Compares the transfers of a provider with its bill.
///
/// Charges of one request are those of one attempt
/// of a job that were reserved together; the bill knows it by any of their ids. Several lines of a bill
/// for one request add up.
pub fn compare(transfers: &[Transfer], bills: &[Bill]) -> Comparison {
    let mut of_charge: BTreeMap<&str, MicroUsd> = BTreeMap::new();
    for bill in bills {
        let sum = of_charge.entry(&bill.charge).or_default();
        *sum = MicroUsd(sum.0.saturating_add(bill.amount.0));
    }
    let mut requests: Vec<Vec<&Transfer>> = Vec::new();
    let mut place: BTreeMap<(JobId, u32, Timestamp), usize> = BTreeMap::new();
    for transfer in transfers {
        let key = (transfer.job, transfer.attempt, transfer.held_at);
        let at = *place.entry(key).or_insert(requests.len());
        if at == requests.len() {
            requests.push(Vec::new());
        }
        requests[at].push(transfer);
    }
    let mut comparison = Comparison::default();
    for request in &requests {
        let ids = request.iter().map(|transfer| transfer.id.to_string());
        let billed = ids.filter_map(|id| of_charge.remove(id.as_str()));
        let billed = billed.reduce(|a, b| MicroUsd(a.0.saturating_add(b.0)));
        comparison.lines.push(compared(request, billed));
    }
    let rest = of_charge.into_iter().map(|(charge, amount)| Compared {
        charge: charge.to_owned(),
        finding: Finding::MissingHere,
        ours: None,
        theirs: Some(amount),
        billed: Vec::new(),
    });
    comparison.lines.extend(rest);
    let sum = |of: fn(&Compared) -> Option<MicroUsd>| {
        MicroUsd::sum(comparison.lines.iter().filter_map(of))
    };
    (comparison.books, comparison.invoice) = (sum(|line| line.ours), sum(|line| line.theirs));
    // What certainly cost nothing, and isn't on the bill either, is no news.
    let nothing = |line: &Compared| line.ours == Some(MicroUsd::ZERO) && line.theirs.is_none();
    comparison.lines.retain(|line| !nothing(line));
    comparison
}

fn compared(request: &[&Transfer], theirs: Option<MicroUsd>) -> Compared {
    let ours = MicroUsd::sum(request.iter().map(|transfer| transfer.counted()));
    let unknown = request.iter().any(|t| t.state == TransferState::Unknown);
    let open = [TransferState::Pending, TransferState::Sent];
    let finding = match theirs {
        _ if request.iter().any(|t| open.contains(&t.state)) => Finding::Open,
        None => Finding::MissingThere,
        Some(_) if unknown => Finding::Settled,
        Some(theirs) if theirs == ours => Finding::Matched,
        Some(_) => Finding::Differing,
    };
    // Each charge gets what it counts, as far as the bill goes; the first one gets the rest.
    let mut left = theirs.unwrap_or_default();
    let mut billed: Vec<(TransferId, MicroUsd)> = Vec::new();
    for transfer in request {
        let part = MicroUsd(transfer.counted().0.min(left.0.max(0)));
        left = MicroUsd(left.0 - part.0);
        billed.push((transfer.id, part));
    }
    if let Some((_, first)) = billed.first_mut() {
        first.0 += left.0;
    }
    let charge = request
        .first()
        .map_or_else(String::new, |t| t.id.to_string());
    Compared {
        charge,
        finding,
        ours: Some(ours),
        theirs,
        billed: if theirs.is_some() { billed } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::{IdSource, Stage};

    use super::Finding::{Differing, Matched, MissingHere, MissingThere, Open, Settled};
    use super::*;
    use crate::transfer::tests::transfer;

    /// A charge of another request each, of 1,500 micro-dollars, in this state.
    fn charge(n: u8, state: TransferState) -> Transfer {
        let mut charge = transfer(Stage::Narrate, 100, false);
        let ids = IdSource::seeded([n; 32]);
        charge.id = TransferId::fresh(&ids, Timestamp::from_micros(i64::from(n)));
        charge.held_at = Timestamp::from_micros(i64::from(n));
        charge.state = state;
        if state == TransferState::Posted {
            charge.posted = charge.held;
        }
        charge
    }

    fn bill(charge: &Transfer, amount: i64) -> Bill {
        Bill {
            charge: charge.id.to_string(),
            amount: MicroUsd(amount),
        }
    }

    #[test]
    fn each_request_is_found_and_the_difference_is_told() {
        let (same, other) = (
            charge(1, TransferState::Posted),
            charge(2, TransferState::Posted),
        );
        let (lost, absent) = (
            charge(3, TransferState::Unknown),
            charge(4, TransferState::Posted),
        );
        let (sent, free) = (
            charge(5, TransferState::Sent),
            charge(6, TransferState::Voided),
        );
        let all = [&same, &other, &lost, &absent, &sent, &free].map(Clone::clone);
        let mut bills = vec![bill(&same, 1_500), bill(&other, 1_700), bill(&lost, 900)];
        // A refund of part of it.
        bills.push(bill(&other, -500));
        bills.push(Bill {
            charge: "req_77".to_owned(),
            amount: MicroUsd(40),
        });
        let found = compare(&all, &bills);
        let findings: Vec<Finding> = found.lines.iter().map(|line| line.finding).collect();
        let wanted = [Matched, Differing, Settled, MissingThere, Open, MissingHere];
        assert_eq!(findings, wanted);
        assert_eq!(found.lines[1].billed, [(other.id, MicroUsd(1_200))]);
        assert_eq!(found.lines[2].billed, [(lost.id, MicroUsd(900))]);
        assert_eq!(
            (found.invoice, found.books),
            (MicroUsd(3_640), MicroUsd(7_500))
        );
        assert_eq!(found.difference_ppm(), 1_060_439);
    }

    #[test]
    fn a_request_of_two_charges_is_one_and_is_split() {
        let mut first = charge(1, TransferState::Unknown);
        let mut second = charge(2, TransferState::Unknown);
        second.held_at = first.held_at;
        let both = [first.clone(), second.clone()];
        let found = compare(&both, &[bill(&first, 2_000)]);
        assert_eq!(found.lines.len(), 1);
        let wanted = [(first.id, MicroUsd(1_500)), (second.id, MicroUsd(500))];
        assert_eq!(found.lines[0].billed, wanted);
        // More than both were held for.
        let found = compare(&both, &[bill(&second, 3_100)]);
        let wanted = [(first.id, MicroUsd(1_600)), (second.id, MicroUsd(1_500))];
        assert_eq!(found.lines[0].billed, wanted);
        first.attempt = 2;
        assert_eq!(compare(&[first, second], &[]).lines.len(), 2);
    }

    #[test]
    fn exports_are_read_in_both_formats() {
        let csv = "time,request_id,cost\n2026-11-24,a,$0.0000451\n2026-11-24,b,-0.5\n";
        let json = r#"[{"id":"a","amount":0.0000451},{"id":"b","amount":"-0.50"}]"#;
        let bills = read_bills(csv, false).unwrap();
        let amounts: Vec<i64> = bills.iter().map(|bill| bill.amount.0).collect();
        assert_eq!(amounts, [46, -500_000]);
        assert_eq!(read_bills(json, true).unwrap(), bills);
        assert!(read_bills("id,price\na,1\n", false).is_err());
        assert!(read_bills("id,amount\na,much\n", false).is_err());
    }
}
