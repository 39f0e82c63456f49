//! `/v1/keys`: who may ask. With the scope `admin`, which sees the keys of all accounts.

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{Access, KeyRow};
use utoipa::ToSchema;
use ytempire_core::{AccountId, Code, KeyId, Timestamp};

use crate::error::ApiError;
use crate::idempotency::KeptAs;
use crate::key;
use crate::parts::Api;
use crate::show::at;

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Whose it is.
    #[schema(format = "uuid")]
    account: String,
    /// For people.
    name: String,
    /// How its secret begins.
    #[schema(example = "yt_1f0a9c3e")]
    prefix: String,
    /// What it may be used for: `read`, `write`, `operate`, `admin`.
    scopes: Vec<String>,
    /// When it was made.
    #[schema(format = "date-time")]
    created_at: String,
    /// Since when, or from when on, it opens nothing.
    #[schema(format = "date-time")]
    ends_at: Option<String>,
    /// Whether it opens anything now.
    valid: bool,
}

impl Key {
    fn of(row: &KeyRow, now: Timestamp) -> Self {
        Self {
            id: row.id.to_string(),
            account: row.account.to_string(),
            name: row.name.clone(),
            prefix: row.prefix.clone(),
            scopes: row.scopes.iter().map(|s| s.as_str().to_owned()).collect(),
            created_at: at(row.created_at),
            ends_at: row.ends_at.map(at),
            valid: row.is_valid(now),
        }
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshKey {
    #[serde(flatten)]
    key: Key,
    /// The secret, which is shown this once. `null` in the repeated answer to a repeated request.
    secret: Option<String>,
}

/// Makes a key and answers with it.
async fn make(
    api: &Api,
    (id, account): (KeyId, AccountId),
    (name, scopes): (&str, BTreeSet<Access>),
    ends_at: Option<Timestamp>,
) -> Result<Response, ApiError> {
    let now = api.now();
    let chance = &api.parts.chance;
    let (row, secret) = key::fresh(id, account, (name, scopes), (now, ends_at), |bytes| {
        chance(bytes);
    });
    api.store().key_put(row.clone()).await?;
    let answer = |secret: Option<&str>| FreshKey {
        key: Key::of(&row, now),
        secret: secret.map(str::to_owned),
    };
    let kept = serde_json::to_string(&answer(None)).unwrap_or_default();
    let shown = Json(answer(Some(secret.reveal())));
    let mut response = (StatusCode::CREATED, shown).into_response();
    response.extensions_mut().insert(KeptAs(kept));
    Ok(response)
}

async fn found(api: &Api, id: KeyId) -> Result<KeyRow, ApiError> {
    let keys = api.store().key_list().await?;
    let found = keys.into_iter().find(|key| key.id == id);
    found.ok_or_else(|| {
        let text = "there is no such key";
        ApiError::new(StatusCode::NOT_FOUND, Code::KeyUnknown, text)
    })
}
