//! `POST /v1/keys`

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use store::Access;
use utoipa::ToSchema;
use ytempire_core::{AccountId, Code, KeyId};

use super::{FreshKey, make};
use crate::caller::{Admin, Caller};
use crate::error::{ApiError, Problem};
use crate::extract::Body;
use crate::idempotency::Token;
use crate::parts::Api;

const NAME_CHARS_MAX: usize = 100;

/// Days that a key may be made to last at most: ten years.
const DAYS_MAX: u32 = 3650;

/// A key that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// For people.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may be used for: `read`, `write`, `operate`, `admin`.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// Whose it is; the caller's own account, if not said.
    #[schema(format = "uuid")]
    account: Option<String>,
    /// After how many days it ends; never, if not said.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// Make a key
///
/// Its secret is in the answer, this once.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", operation_id = "addKey",
    request_body = NewKey, security(("key" = ["admin"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats of this request make one key; only the first answer has its secret")),
    responses((status = 201, description = "The key", body = FreshKey),
              (status = "4XX", description = "Refused, and nothing was done", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Admin>,
    State(api): State<Api>,
    Token(token): Token,
    Body(new): Body<NewKey>,
) -> Result<Response, ApiError> {
    let chars = new.name.trim().chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&chars) || new.name.chars().any(char::is_control) {
        let text = format!("name: a line of 1 to {NAME_CHARS_MAX} characters");
        return Err(ApiError::malformed(text));
    }
    if new.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        return Err(ApiError::malformed(format!("days: 1 to {DAYS_MAX}")));
    }
    let scope = |name: &String| {
        Access::from_name(name)
            .ok_or_else(|| ApiError::malformed(format!("scopes: there is no scope {name:?}")))
    };
    let scopes: BTreeSet<Access> = new.scopes.iter().map(scope).collect::<Result<_, _>>()?;
    if scopes.is_empty() {
        return Err(ApiError::malformed("scopes: at least one"));
    }
    let account = match &new.account {
        Some(id) => known(&api, id).await?,
        None => caller.account(),
    };
    let day = Duration::from_hours(24);
    let ends_at = new.days.map(|days| api.now().after(day * days));
    let name = (new.name.trim(), scopes);
    make(&api, (KeyId(token), account), name, ends_at).await
}

async fn known(api: &Api, id: &str) -> Result<AccountId, ApiError> {
    let accounts = api.store().account_list().await?;
    let asked = id.parse().ok();
    let found = accounts.iter().find(|row| Some(row.id) == asked);
    found.map(|row| row.id).ok_or_else(|| {
        let text = format!("account: there is no account {id:?}");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        ApiError::new(status, Code::RequestMalformed, text)
    })
}
