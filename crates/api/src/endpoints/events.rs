//! `GET /v1/events`: what happens, as a page or as a stream.
//!
//! A stream reads the store until it has caught up, then takes what the server's one reader passes
//! on. Where that leaves a gap it reads the store again, so it misses nothing; what it has already
//! told it doesn't tell again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event as Sse, KeepAlive};
use axum::response::{IntoResponse, Response, Sse as Stream};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use store::{EventFilter, EventPage};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;
use ytempire_core::{AccountId, Event, VideoId};

use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::Params;
use crate::live::{Batch, LOOK, PAGE};
use crate::parts::Api;
use crate::show::Happened;
use crate::traffic::OpenStream;

/// How often a stream that is silent says that it lives: proxies cut what says nothing for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// When a client that was cut off comes again.
const COME_AGAIN: Duration = Duration::from_secs(2);

/// How long a stream waits for a database that is away.
const AWAY: Duration = Duration::from_secs(1);

const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1000;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only what came after this place. Without it, what comes from now on; of one video, all.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// At most so many, in a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// Events in order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page {
    /// The events.
    events: Vec<Happened>,
    /// Where to go on: `after` of the next page.
    upto: i64,
}

/// Follow what happens
///
/// To all videos of the key's account. With `Accept: text/event-stream` a stream that goes on until
/// one of us leaves, with a heartbeat every 15 seconds; else a page. Who comes again with
/// `Last-Event-ID` misses nothing and gets nothing twice.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "follow",
    params(Asked, ("Last-Event-ID" = Option<String>, Header, description = "The last event that you have")),
    security(("key" = ["read"])),
    responses((status = 200, description = "What happened", content((Page = "application/json"), (String = "text/event-stream"))),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(query): Params<Asked>,
) -> Result<Response, ApiError> {
    answer(&api, (caller.account(), None), &headers, &query).await
}

/// A page, or a stream, of an account's events, or of one of its videos'.
pub(crate) async fn answer(
    api: &Api,
    (account, video): (AccountId, Option<VideoId>),
    headers: &HeaderMap,
    query: &Asked,
) -> Result<Response, ApiError> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::malformed(format!("limit: 1 to {LIMIT_MAX}")));
    }
    let last = headers.get("last-event-id").map(|id| {
        let id = id.to_str().ok().and_then(|id| id.parse().ok());
        id.ok_or_else(|| ApiError::malformed("Last-Event-ID: the id of an event of ours"))
    });
    let after = last.transpose()?.or(query.after);
    if after.is_some_and(|after| after < 0) {
        return Err(ApiError::malformed("after: 0 or more"));
    }
    let filter = EventFilter {
        account: Some(account),
        video,
        after: after.or_else(|| video.map(|_| 0)),
        limit,
    };
    let streams = headers
        .get(header::ACCEPT)
        .and_then(|kinds| kinds.to_str().ok())
        .is_some_and(|kinds| kinds.contains("text/event-stream"));
    if streams {
        return follow(api, filter).await;
    }
    let EventPage { events, upto } = api.store().event_follow(filter).await?;
    let shown = |(account, event): &(AccountId, Event)| Happened::of(*account, event);
    let events = events.iter().map(shown).collect();
    Ok(Json(Page { events, upto }).into_response())
}

/// Where a stream stands.
struct Follower {
    api: Api,
    live: Receiver<Arc<Batch>>,
    filter: EventFilter,
    /// All up to here was told, or is in `due`.
    place: i64,
    due: VecDeque<(AccountId, Event)>,
    /// The store has more than what was read.
    behind: bool,
    /// Up to here the store must be read before what is passed on follows without a gap.
    wanted: i64,
    _open: OpenStream,
}

async fn follow(api: &Api, filter: EventFilter) -> Result<Response, ApiError> {
    // Before the place is asked for: what comes in between is heard.
    let live = api.feed.listen();
    let place = match filter.after {
        Some(after) => after,
        None => api.store().event_follow(filter.clone()).await?.upto,
    };
    let follower = Follower {
        api: Api::clone(api),
        live,
        filter: EventFilter {
            limit: PAGE,
            ..filter
        },
        place,
        due: VecDeque::new(),
        behind: true,
        wanted: 0,
        _open: OpenStream::of(Api::clone(api)),
    };
    let events = stream::unfold(follower, next);
    let beat = KeepAlive::new().interval(HEARTBEAT).text("alive");
    let mut response = Stream::new(events).keep_alive(beat).into_response();
    // Proxies that buffer would hold events back.
    let plain = HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", plain);
    Ok(response)
}

/// The next event, or the end, as the server leaves.
async fn next(mut at: Follower) -> Option<(Result<Sse, Infallible>, Follower)> {
    loop {
        if let Some((account, event)) = at.due.pop_front() {
            let shown = Happened::of(account, &event);
            let text = serde_json::to_string(&shown).unwrap_or_default();
            let told = Sse::default()
                .id(shown.seq.to_string())
                .event(shown.kind)
                .retry(COME_AGAIN)
                .data(text);
            return Some((Ok(told), at));
        }
        let stop = at.api.stop.clone();
        tokio::select! {
            () = stop.cancelled() => return None,
            () = at.more() => {}
        }
    }
}

impl Follower {
    /// Gets more, from the store as long as we are behind, else from what is passed on.
    async fn more(&mut self) {
        if self.behind {
            self.catch_up().await;
            return;
        }
        match self.live.recv().await {
            Ok(batch) if batch.from > self.place => {
                self.behind = true;
                self.wanted = batch.upto;
            }
            Ok(batch) => {
                let ours = batch.events.iter().filter(|(account, event)| {
                    event.seq > self.place
                        && self.filter.account.is_none_or(|only| only == *account)
                        && self.filter.video.is_none_or(|only| only == event.video)
                });
                self.due.extend(ours.cloned());
                self.place = self.place.max(batch.upto);
            }
            Err(RecvError::Lagged(_)) => self.behind = true,
            // The server leaves; whoever selects sees that first.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    async fn catch_up(&mut self) {
        let filter = EventFilter {
            after: Some(self.place),
            ..self.filter.clone()
        };
        match self.api.store().event_follow(filter).await {
            Ok(page) => {
                let full = page.events.len() as u64 >= u64::from(PAGE);
                self.place = page.upto;
                // What was written at the same time may not be settled yet.
                let unsettled = self.place < self.wanted;
                self.behind = full || unsettled;
                self.due.extend(page.events);
                if unsettled && self.due.is_empty() {
                    pause(LOOK).await;
                }
            }
            Err(_) => pause(AWAY).await,
        }
    }
}

async fn pause(length: Duration) {
    let mut ticks = tokio::time::interval(length);
    ticks.tick().await;
    ticks.tick().await;
}
