//! Who asks: the key that a request shows, and what it may be used for.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use signal::Take;
use store::{Access, KeyRow};
use ytempire_core::{AccountId, Code};

use crate::error::ApiError;
use crate::key;
use crate::parts::Api;

/// Whose key was shown, if it opens anything.
#[derive(Clone, Default)]
pub(crate) struct Shown(pub(crate) Option<Arc<KeyRow>>);

/// A scope, as a type.
pub(crate) trait Scope: Send + Sync {
    const ACCESS: Access;
}

macro_rules! scopes {
    ($($name:ident),*) => {
        $(
            pub(crate) struct $name;
            impl Scope for $name {
                const ACCESS: Access = Access::$name;
            }
        )*
    };
}

scopes!(Read, Write, Operate, Admin);

/// A caller whose key has the scope `S`. A handler that asks for one can't be reached without.
pub(crate) struct Caller<S> {
    pub(crate) key: Arc<KeyRow>,
    scope: PhantomData<S>,
}

impl<S> Caller<S> {
    /// Whose rows it sees.
    pub(crate) fn account(&self) -> AccountId {
        self.key.account
    }
}

impl<S: Scope> FromRequestParts<Api> for Caller<S> {
    type Rejection = ApiError;

    async fn from_request_parts(head: &mut Head, _: &Api) -> Result<Self, ApiError> {
        let shown = head.extensions.get::<Shown>().cloned().unwrap_or_default();
        let Some(key) = shown.0 else {
            let text = "show a key that is valid: Authorization: Bearer yt_…";
            return Err(ApiError::unauthorised(text));
        };
        if !key.scopes.contains(&S::ACCESS) {
            let scope = S::ACCESS.as_str();
            let text = format!("this key doesn't have the scope {scope:?}");
            return Err(ApiError::new(StatusCode::FORBIDDEN, Code::Forbidden, text));
        }
        Ok(Self {
            key,
            scope: PhantomData,
        })
    }
}

/// Looks up the key that a request shows, and counts the request against its rate.
pub(crate) async fn recognise(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(secret) = secret(request.headers()) else {
        return next.run(request).await;
    };
    let now = api.now();
    let key = match api.store().key_find(&key::hash(secret)).await {
        Ok(found) => found.filter(|key| key.is_valid(now)).map(Arc::new),
        Err(e) => return ApiError::from(e).into_response(),
    };
    if let Some(key) = &key {
        let (name, rate) = (format!("api:{}", key.id), api.parts.options.rate);
        let after = match api.parts.signal.take(now, &name, rate, 1).await {
            Take::Granted => None,
            Take::RetryAfter(after) => Some(after),
            Take::TooMany => Some(Duration::from_secs(1)),
        };
        if let Some(after) = after {
            return too_often(rate, after);
        }
    }
    request.extensions_mut().insert(Shown(key));
    next.run(request).await
}

/// A key in either of the two usual headers.
fn secret(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(rest.trim())
    });
    bearer.or_else(|| headers.get("x-api-key")?.to_str().ok())
}

fn too_often(rate: signal::Rate, after: Duration) -> Response {
    let text = format!(
        "a key may ask {} times in {} s, and {} times at once",
        rate.tokens,
        rate.per.as_secs(),
        rate.burst
    );
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, text);
    // Rounded up: who comes a little early is refused again.
    let seconds = Duration::from_secs(after.as_secs() + 1);
    let mut response = error.retry_after(seconds).into_response();
    let policy = format!("\"key\";q={};w={}", rate.tokens, rate.per.as_secs());
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert("ratelimit-policy", policy);
    }
    response
}
