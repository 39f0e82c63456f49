//! Money around work: reserve the worst case, settle what it took.

use std::time::Duration;

use ledger::{Hold, Outcome, Posting, PriceBook, PriceVersion};
use providers::{Backend, Usage};
use ytempire_core::{Timestamp, TransferId};

use crate::error::StageError;
use crate::parts::Parts;

/// Worst cases of a local act: what it may take before it counts as an overrun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalMax {
    /// CPU milliseconds, user and system.
    pub(crate) cpu_ms: u64,
    /// MiB stored for a month.
    pub(crate) disk_mib: u64,
}

/// The reservation of a local act.
#[derive(Debug)]
pub(crate) struct LocalHold {
    cpu: TransferId,
    disk: TransferId,
}

/// The backend's name of everything that our own machine does.
const LOCAL: &str = "local";

impl LocalHold {
    /// The reservations of a local act: to be held together with any others of the job.
    pub(crate) fn ask(parts: &Parts, max: LocalMax) -> Result<(Self, Vec<Hold>), StageError> {
        let now = parts.now();
        let prices = parts.prices.book();
        let hold = |meter: &str, quantity_max| -> Result<Hold, StageError> {
            let price = prices.find(LOCAL, "cpu", meter, now)?;
            let id = TransferId::fresh(&parts.ids, now);
            Ok(Hold {
                id,
                backend: LOCAL.to_owned(),
                price,
                quantity_max,
                day_zone: "UTC".to_owned(),
            })
        };
        let (cpu, disk) = (
            hold("cpu_ms", max.cpu_ms)?,
            hold("disk_mib_month", max.disk_mib)?,
        );
        Ok((
            Self {
                cpu: cpu.id,
                disk: disk.id,
            },
            vec![cpu, disk],
        ))
    }

    /// How it ends after `cpu` of work left `bytes` on disk.
    pub(crate) fn postings(&self, cpu: Duration, bytes: u64) -> Vec<Posting> {
        let cpu_ms = u64::try_from(cpu.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        let mib = bytes.div_ceil(1 << 20);
        vec![
            Posting {
                id: self.cpu,
                outcome: Outcome::Post { quantity: cpu_ms },
            },
            Posting {
                id: self.disk,
                outcome: Outcome::Post { quantity: mib },
            },
        ]
    }
}

/// The price of one meter of a backend: as it was imported, else as its configuration states it.
pub(crate) fn backend_price(
    book: &PriceBook,
    backend: &Backend,
    meter: &str,
    now: Timestamp,
) -> Result<PriceVersion, ledger::PriceError> {
    if let Some(row) = book.row(&backend.name, &backend.model, meter, now) {
        return book.in_dollars(row, now);
    }
    let price = backend
        .prices
        .of(meter)
        .ok_or_else(|| ledger::PriceError::Unknown {
            provider: backend.name.clone(),
            model: backend.model.clone(),
            meter: meter.to_owned(),
        })?;
    Ok(PriceVersion {
        provider: backend.name.clone(),
        model: backend.model.clone(),
        meter: meter.to_owned(),
        price,
        // A configured price is in force for as long as it is configured.
        valid_from: now,
        valid_to: None,
        imputed: false,
        source: "configuration".to_owned(),
        rate: None,
    })
}

/// The reservations of one call to a backend.
#[derive(Debug)]
pub(crate) struct CallHold {
    meters: Vec<(&'static str, TransferId)>,
}

impl CallHold {
    /// The reservations for `quote`, the most that the call can use.
    pub(crate) fn ask(
        parts: &Parts,
        book: &PriceBook,
        backend: &Backend,
        quote: Usage,
    ) -> Result<(Self, Vec<Hold>), StageError> {
        let now = parts.now();
        let mut meters = Vec::new();
        let mut holds = Vec::new();
        for (meter, quantity_max) in quote.meters() {
            let price = backend_price(book, backend, meter, now)?;
            let id = TransferId::fresh(&parts.ids, now);
            meters.push((meter, id));
            holds.push(Hold {
                id,
                backend: backend.name.clone(),
                price,
                quantity_max,
                day_zone: backend.day_zone.clone(),
            });
        }
        Ok((Self { meters }, holds))
    }

    /// The reservations' names.
    pub(crate) fn ids(&self) -> Vec<TransferId> {
        self.meters.iter().map(|(_, id)| *id).collect()
    }

    /// How the call ends that used `usage`.
    pub(crate) fn posted(&self, usage: Usage) -> Vec<Posting> {
        let used = |meter: &str| {
            usage
                .meters()
                .find(|(m, _)| *m == meter)
                .map_or(0, |(_, n)| n)
        };
        let post = |(meter, id): &(&'static str, TransferId)| Posting {
            id: *id,
            outcome: Outcome::Post {
                quantity: used(meter),
            },
        };
        self.meters.iter().map(post).collect()
    }

    /// How the call ends that failed.
    pub(crate) fn failed(&self, billed: providers::Billed) -> Vec<Posting> {
        let outcome = match billed {
            providers::Billed::No => Outcome::Void,
            providers::Billed::Unknown => Outcome::Unknown,
        };
        self.meters
            .iter()
            .map(|(_, id)| Posting { id: *id, outcome })
            .collect()
    }
}
