//! `GET /v1/costs`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::SpentRow;
use utoipa::ToSchema;
use ytempire_core::{MicroUsd, Timestamp};

use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::Params;
use crate::parts::Api;

const DAY: Duration = Duration::from_hours(24);
const DAYS: u32 = 30;
const DAYS_MAX: u32 = 366;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of the last so many days in UTC, today included.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<u32>,
}

/// What an account spent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Costs {
    /// Paid to others, in micro-dollars.
    cash_micro_usd: i64,
    /// Our own machines' share.
    imputed_micro_usd: i64,
    /// What may have been billed and nobody knows, at its worst case.
    unknown_micro_usd: i64,
    /// By day, stage, backend and meter; deleted videos too.
    rows: Vec<Spent>,
}

/// What was spent on one thing on one day.
#[derive(Serialize, ToSchema)]
pub(crate) struct Spent {
    /// The day.
    #[schema(format = "date")]
    day: String,
    /// On which stage.
    stage: String,
    /// Who did the work.
    backend: String,
    /// What was counted.
    meter: String,
    /// Our own machine's share, not cash.
    imputed: bool,
    /// Units.
    quantity: u64,
    /// Spent, in micro-dollars.
    posted_micro_usd: i64,
    /// What may have been billed and nobody knows.
    unknown_micro_usd: i64,
}

/// Show what was spent by day
///
/// By all videos of the key's account, deleted ones too.
#[utoipa::path(get, path = "/v1/costs", tag = "money", operation_id = "showCosts",
    params(Asked), security(("key" = ["read"])),
    responses((status = 200, description = "The sums", body = Costs),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    Params(query): Params<Asked>,
) -> Result<Json<Costs>, ApiError> {
    let days = query.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::malformed(format!("days: 1 to {DAYS_MAX}")));
    }
    let today = day(api.now());
    let from = today.before(DAY * (days - 1));
    let mut rows = api.store().spent_list(from, today.after(DAY)).await?;
    rows.retain(|row| row.account == caller.account());
    let posted = |imputed: bool| {
        let of = rows.iter().filter(|row| row.imputed == imputed);
        MicroUsd::sum(of.map(|row| row.posted)).0
    };
    Ok(Json(Costs {
        cash_micro_usd: posted(false),
        imputed_micro_usd: posted(true),
        unknown_micro_usd: MicroUsd::sum(rows.iter().map(|row| row.unknown)).0,
        rows: rows.into_iter().map(Spent::of).collect(),
    }))
}

/// The beginning of its day in UTC.
fn day(moment: Timestamp) -> Timestamp {
    const MICROS: i64 = 86_400_000_000;
    let micros = moment.as_micros();
    Timestamp::from_micros(micros - micros.rem_euclid(MICROS))
}

impl Spent {
    fn of(row: SpentRow) -> Self {
        Self {
            day: row.day.to_rfc3339().chars().take(10).collect(),
            stage: row.stage.as_str().to_owned(),
            backend: row.backend,
            meter: row.meter,
            imputed: row.imputed,
            quantity: row.quantity,
            posted_micro_usd: row.posted.0,
            unknown_micro_usd: row.unknown.0,
        }
    }
}
