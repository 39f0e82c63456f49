//! Money: every transfer ended once, every account is the sum of its transfers, no cap passed.

use std::collections::{BTreeMap, HashMap};

use super::Finding;
use super::books::{Books, Transfer};

/// What a video may cost at the very most, in micro-dollars.
const VIDEO_CAP: i64 = 3_000_000;

/// What a transfer may become, written here a second time.
const STEPS: [(&str, &str); 6] = [
    ("pending", "sent"),
    ("pending", "posted"),
    ("pending", "voided"),
    ("sent", "posted"),
    ("sent", "voided"),
    ("sent", "unknown"),
];

/// Pending, posted, overrun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum(i64, i64, i64);

pub(super) fn check(books: &Books) -> Vec<Finding> {
    let mut found = late_writers(books);
    let attempts: HashMap<&str, i64> = books
        .jobs
        .iter()
        .map(|job| (job.id.as_str(), job.attempt))
        .collect();
    for transfer in &books.transfers {
        found
            .extend(badly_ended(transfer).map(|text| Finding::new("transfer", &transfer.id, text)));
        let attempt = attempts.get(transfer.job.as_str()).copied().unwrap_or(0);
        if transfer.attempt < 1 || transfer.attempt > attempt {
            let text = format!("is of attempt {} of {attempt}", transfer.attempt);
            found.push(Finding::new("transfer", &transfer.id, text));
        }
    }
    found.extend(accounts_of(books));
    found
}

/// Every account against the transfers that belong to it.
pub(super) fn accounts_of(books: &Books) -> Vec<Finding> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for transfer in &books.transfers {
        for scope in [
            format!("video:{}", transfer.video),
            format!("stage:{}:{}", transfer.video, transfer.stage),
        ] {
            let sum = sums.entry(scope).or_default();
            match transfer.state.as_str() {
                // What may have been billed stays counted at its worst case.
                "pending" | "sent" | "unknown" => sum.0 += transfer.held,
                _ => sum.1 += transfer.posted,
            }
            sum.2 += (transfer.posted - transfer.held).max(0);
        }
    }
    accounts(books, &sums)
}

fn badly_ended(transfer: &Transfer) -> Option<String> {
    let Transfer {
        held,
        posted,
        state,
        sent_at,
        settled_at,
        ..
    } = transfer;
    match state.as_str() {
        "posted" if posted <= held && settled_at.is_some() => None,
        "voided" if *posted == 0 && settled_at.is_some() => None,
        // Only what was sent can be in doubt.
        "unknown" if *posted == 0 && sent_at.is_some() => None,
        _ => Some(format!(
            "is {state}, {posted} of {held} posted, settled {settled_at:?}"
        )),
    }
}

/// Reservations by a worker that had no lease any more, and transfers that changed twice.
fn late_writers(books: &Books) -> Vec<Finding> {
    let mut found = Vec::new();
    for hold in books.changes("hold") {
        if hold.was.as_deref() != Some("running") || hold.was_attempt != hold.attempt {
            let text = format!(
                "attempt {:?} reserved while its job was {:?} at attempt {:?}",
                hold.attempt, hold.was, hold.was_attempt
            );
            found.push(Finding::new("one-writer", &hold.id, text));
        }
    }
    for change in books.changes("transfer") {
        let was = change.was.as_deref().unwrap_or_default();
        if !STEPS.contains(&(was, change.became.as_str())) {
            let text = format!("went from {was} to {}", change.became);
            found.push(Finding::new("transfer", &change.id, text));
        }
    }
    found
}

fn accounts(books: &Books, sums: &BTreeMap<String, Sum>) -> Vec<Finding> {
    let mut found = Vec::new();
    let budgets: HashMap<&str, i64> = books
        .videos
        .iter()
        .map(|video| (video.id.as_str(), video.budget))
        .collect();
    let mut videos = 0;
    for account in &books.accounts {
        let mut report = |text: String| found.push(Finding::new("ledger", &account.scope, text));
        let wanted = sums.get(&account.scope).copied().unwrap_or_default();
        let is = Sum(account.pending, account.posted, account.overrun);
        if is != wanted {
            report(format!(
                "says {is:?}, its transfers {wanted:?} (pending, posted, overrun)"
            ));
        }
        if account.posted + account.pending > account.cap + account.overrun {
            report(format!("{is:?} passes its cap {}", account.cap));
        }
        if let Some(video) = account.scope.strip_prefix("video:") {
            videos += 1;
            let budget = budgets.get(video).copied().unwrap_or(0);
            if account.cap > budget.min(VIDEO_CAP) {
                report(format!("may spend {} of a budget of {budget}", account.cap));
            }
        }
    }
    if videos != books.videos.len() {
        let text = format!("{videos} accounts for {} videos", books.videos.len());
        found.push(Finding::new("ledger", "accounts", text));
    }
    let known: Vec<&str> = books.accounts.iter().map(|a| a.scope.as_str()).collect();
    for scope in sums.keys().filter(|scope| !known.contains(&scope.as_str())) {
        found.push(Finding::new(
            "ledger",
            scope,
            "has transfers and no account",
        ));
    }
    found
}
