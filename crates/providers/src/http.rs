//! The client: limits on time and size, no foreign redirects, secrets kept secret.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response, Url};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use ytempire_core::Cancel;

use crate::backend::Backend;
use crate::error::{Billed, Class, Error};
use crate::fetch::Fetcher;
use crate::kind::Auth;
use crate::refusal::{complaint, refusal};

/// Limits of every call.
#[derive(Clone, Debug)]
pub struct Options {
    /// Until a connection stands, name look-up and TLS included. Default 10 s. Below `total`:
    /// a call that ends at `total` counts as sent, which costs its reservation.
    pub connect: Duration,
    /// Between two reads of the answer, and from the request to the answer's first byte, where
    /// a model that doesn't stream spends all its time. Default 1 h, the longest that a backend
    /// may be given: see `timeout_s` in [`config`](crate::config).
    pub read: Duration,
    /// From the first to the last byte. Default 600 s. A backend may set its own.
    pub total: Duration,
    /// Most bytes of an answer, counted while they arrive. Default 64 MiB: a chunk of speech is
    /// at most 4,096 characters, about 5 minutes, 28 MB as 48 kHz mono.
    pub body_bytes_max: usize,
    /// Most bytes of an error's body. Default 64 KiB.
    pub error_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_hours(1),
            total: Duration::from_mins(10),
            body_bytes_max: 64 << 20,
            error_bytes_max: 64 << 10,
        }
    }
}

/// Makes ring the process's TLS provider. Call it once at start; again is harmless.
pub fn install_tls() {
    // An error means that somebody was first, and then there is a provider as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// The one HTTP client; cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    fetcher: Fetcher,
    options: Options,
}

/// How often a cancelled call is noticed, at the latest.
const CANCEL_POLL: Duration = Duration::from_millis(100);
/// Redirects followed within one origin.
const REDIRECTS_MAX: usize = 3;
/// Our name in other people's logs.
const USER_AGENT: &str = concat!("ytempire/", env!("CARGO_PKG_VERSION"));

/// What a request carries.
pub(crate) enum Body {
    None,
    Json(Value),
    /// Several parts, written as they travel.
    Form {
        content_type: String,
        bytes: Vec<u8>,
    },
}

/// One request to a backend.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below the base URL, without a slash in front; with one, below its host.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) accept: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Body,
    /// The charge's id: a provider that knows the header bills a repetition once.
    pub(crate) idempotency_key: Option<String>,
}

impl Call {
    /// `GET {path}`
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            query: Vec::new(),
            accept: "application/json",
            headers: Vec::new(),
            body: Body::None,
            idempotency_key: None,
        }
    }

    /// `POST {path}` with `body`, for `charge`.
    pub(crate) fn post(path: &str, body: Value, charge: &str) -> Self {
        Self {
            method: Method::POST,
            body: Body::Json(body),
            idempotency_key: Some(charge.to_owned()),
            ..Self::get(path)
        }
    }
}

/// A successful answer, whole.
pub(crate) struct Reply {
    /// The media type, lower case, without parameters.
    pub(crate) media_type: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The error of an answer that can't be used: `why`, and what the body itself complains of.
    pub(crate) fn garbled(&self, backend: &Backend, why: &str) -> Error {
        let detail = match without_secret(&complaint(&self.body), backend) {
            said if said.is_empty() => why.to_owned(),
            said => format!("{why}; the server says: {said}"),
        };
        Error::garbled(&backend.name, &detail)
    }

    /// The body as JSON of the shape that `what` has.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        backend: &Backend,
        what: &str,
    ) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let why = match error.classify() {
                Category::Eof => "it ends early",
                Category::Data => "fields are missing or of the wrong type",
                _ => "it is not JSON",
            };
            self.garbled(backend, &format!("the answer is no {what} ({why})"))
        })
    }
}

impl Http {
    /// A client within `options`. Needs a TLS provider: see [`install_tls`].
    ///
    /// # Errors
    /// [`Class::Input`] if no TLS provider is installed or the limits contradict each other.
    pub fn new(options: Options) -> Result<Self, Error> {
        let unusable = |why: &str| Error::new(Class::Input, "http client", Billed::No, why);
        if options.connect >= options.total {
            return Err(unusable(
                "the connect time-out must be shorter than the total one",
            ));
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(unusable("no TLS provider is installed"));
        }
        // A machine without root certificates can still reach plain http on its own net; https
        // then fails at the handshake with a reason.
        let client = builder(&options)
            .build()
            .or_else(|_| builder(&options).tls_certs_only([]).build())
            .map_err(|error| unusable(&chain(&error)))?;
        let fetcher = Fetcher::new(&options).map_err(|error| unusable(&chain(&error)))?;
        Ok(Self {
            client,
            fetcher,
            options,
        })
    }

    /// Sends `call` once and reads the whole answer.
    pub(crate) async fn send(
        &self,
        backend: &Backend,
        call: Call,
        cancel: &Cancel,
    ) -> Result<Reply, Error> {
        let path = call.path.clone();
        let outcome = self
            .until(backend, self.exchange(backend, call), cancel)
            .await;
        match &outcome {
            Ok(reply) => tracing::debug!(
                provider = backend.name,
                path,
                body.bytes = reply.body.len(),
                "provider answered"
            ),
            Err(error) => tracing::debug!(
                provider = backend.name, path, class = ?error.class, billed = ?error.billed,
                "provider call failed: {}", error.detail
            ),
        }
        outcome
    }

    /// What `work` gives, unless somebody wants it to stop.
    pub(crate) async fn until<T>(
        &self,
        backend: &Backend,
        work: impl Future<Output = Result<T, Error>>,
        cancel: &Cancel,
    ) -> Result<T, Error> {
        let stopped = |billed| {
            Err(Error::new(
                Class::Cancelled,
                &backend.name,
                billed,
                "the call was cancelled",
            ))
        };
        if cancel.is_cancelled() {
            return stopped(Billed::No);
        }
        let mut running = Box::pin(work);
        loop {
            match tokio::time::timeout(CANCEL_POLL, &mut running).await {
                Ok(outcome) => return outcome,
                Err(_) if cancel.is_cancelled() => return stopped(Billed::Unknown),
                Err(_) => {}
            }
        }
    }

    /// The file at an address that a backend gave: its bytes, at most `limit`. Costs nothing.
    ///
    /// No key travels along. `https` only, and nothing in a private net, unless the backend is on
    /// the own net itself.
    pub(crate) async fn fetch(
        &self,
        backend: &Backend,
        url: &str,
        limit: usize,
        cancel: &Cancel,
    ) -> Result<Vec<u8>, Error> {
        let work = self.fetcher.fetch(backend, url, limit);
        self.until(backend, work, cancel).await
    }

    async fn exchange(&self, backend: &Backend, call: Call) -> Result<Reply, Error> {
        let name = &backend.name;
        let headers = headers(backend, &call)?;
        let mut url = match call.path.strip_prefix('/') {
            Some(_) => backend.base_url.beside(&call.path),
            None => backend.base_url.join(&call.path),
        };
        query(backend, &call, &mut url);
        let mut request = self.client.request(call.method, url).headers(headers);
        if let Some(timeout) = backend.timeout {
            request = request.timeout(timeout);
        }
        request = match call.body {
            Body::None => request,
            Body::Json(body) => request.json(&body),
            Body::Form {
                content_type,
                bytes,
            } => request.header(CONTENT_TYPE, content_type).body(bytes),
        };
        let response = request.send().await.map_err(|error| broken(name, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let body = read_some(response, self.options.error_bytes_max).await;
            // Before the text is cut to length: half a key must not be left over.
            let body = without_secret(&String::from_utf8_lossy(&body), backend);
            return Err(refusal(name, status, &headers, body.as_bytes()));
        }
        let media_type = media_type(&headers);
        let body = read_all(name, response, self.options.body_bytes_max).await?;
        Ok(Reply {
            media_type,
            headers,
            body,
        })
    }
}

pub(crate) fn builder(options: &Options) -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(options.connect)
        .read_timeout(options.read)
        .timeout(options.total)
        .redirect(Policy::custom(stay_home))
        // A request on a connection that the server is just closing fails without anybody
        // knowing whether it was read. Calls take seconds; a fresh handshake each is cheaper
        // than a charge nobody can settle.
        .pool_max_idle_per_host(0)
        // The default repeats what HTTP/2 refused; our repetitions are reservations.
        .retry(reqwest::retry::never())
        // The environment is read by `ytempire` alone.
        .no_proxy()
        .referer(false)
}

/// Follows only what keeps method, body and origin.
fn stay_home(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps_body = matches!(attempt.status().as_u16(), 307 | 308);
    let home = attempt
        .previous()
        .first()
        .is_some_and(|from| from.origin() == attempt.url().origin());
    if keeps_body && home && attempt.previous().len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// The query of the address, the key in it where that is the provider's way.
fn query(backend: &Backend, call: &Call, url: &mut Url) {
    let key = match (backend.kind.spec().auth, &backend.api_key) {
        (Auth::Query(name), Some(key)) => Some((name, key.expose_secret())),
        _ => None,
    };
    if call.query.is_empty() && key.is_none() {
        return;
    }
    let pairs = call
        .query
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    url.query_pairs_mut().extend_pairs(pairs.chain(key));
}

fn headers(backend: &Backend, call: &Call) -> Result<HeaderMap, Error> {
    let refuse = |what: &str| Error::new(Class::Input, &backend.name, Billed::No, what);
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(call.accept));
    for (name, value) in &call.headers {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    let auth = match backend.kind.spec().auth {
        Auth::Bearer => Some((AUTHORIZATION, "Bearer ")),
        Auth::Header(name) => Some((HeaderName::from_static(name), "")),
        Auth::Query(_) | Auth::None => None,
    };
    if let (Some(key), Some((name, before))) = (&backend.api_key, auth) {
        // The parse error would not show the key, but nothing is safer than not asking it.
        let mut value = HeaderValue::try_from(format!("{before}{}", key.expose_secret()))
            .map_err(|_| refuse("the API key holds characters that no header may have"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some(key) = &call.idempotency_key {
        let value = HeaderValue::try_from(key)
            .map_err(|_| refuse("the idempotency key holds characters that no header may have"))?;
        headers.insert("idempotency-key", value);
    }
    Ok(headers)
}

fn media_type(headers: &HeaderMap) -> String {
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    text.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

pub(crate) async fn read_all(
    name: &str,
    mut response: Response,
    limit: usize,
) -> Result<Vec<u8>, Error> {
    let too_large = || Error::garbled(name, &format!("the answer is larger than {limit} bytes"));
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(part) = response
        .chunk()
        .await
        .map_err(|error| broken(name, &error))?
    {
        if body.len() + part.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The beginning of an error's body; what can't be read doesn't matter, the status is known.
async fn read_some(mut response: Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(part)) = response.chunk().await {
        let room = limit - body.len();
        body.extend_from_slice(&part[..part.len().min(room)]);
        if body.len() == limit {
            break;
        }
    }
    body
}

/// The error behind a call that ended without a whole answer.
pub(crate) fn broken(name: &str, error: &reqwest::Error) -> Error {
    let reason = chain(error);
    if error.is_connect() {
        let what = if error.is_timeout() {
            "could not be reached in time"
        } else {
            "can't be reached"
        };
        return Error::new(Class::Down, name, Billed::No, &format!("{what}: {reason}"));
    }
    if error.is_builder() {
        return Error::new(Class::Input, name, Billed::No, &reason);
    }
    let what = if error.is_timeout() {
        "no whole answer in time"
    } else {
        "the connection broke"
    };
    Error::new(
        Class::Transient,
        name,
        Billed::Unknown,
        &format!("{what}: {reason}"),
    )
}

/// The causes of an error on one line, without the URL.
fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    if causes.is_empty() {
        "the client failed".to_owned()
    } else {
        causes.join(": ")
    }
}

/// A key shorter than this is a placeholder such as `none`, which is also a word.
const KEY_BYTES_MIN: usize = 8;

/// `text` with the backend's key blotted out: servers repeat it in their refusals.
pub(crate) fn without_secret(text: &str, backend: &Backend) -> String {
    match backend.api_key.as_ref().map(ExposeSecret::expose_secret) {
        Some(key) if key.len() >= KEY_BYTES_MIN => text.replace(key, "[key]"),
        _ => text.to_owned(),
    }
}
