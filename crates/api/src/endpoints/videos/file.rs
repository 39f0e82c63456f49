//! `GET /v1/videos/{id}/files/{name}`

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::ArtifactRow;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use ytempire_core::{Code, VideoId};

use super::files::place;
use super::of_account;
use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::{Params, Place};
use crate::link;
use crate::parts::Api;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Signed {
    /// Until when a link is good, in seconds since 1970.
    expires: Option<i64>,
    /// What makes it ours.
    signature: Option<String>,
}

/// The file that a key, or a link, opens.
pub(crate) struct Opened {
    id: VideoId,
    name: String,
}

impl FromRequestParts<Api> for Opened {
    type Rejection = ApiError;

    async fn from_request_parts(head: &mut Head, api: &Api) -> Result<Self, ApiError> {
        let Place((id, name)) = Place::<(VideoId, String)>::from_request_parts(head, api).await?;
        let Params(signed) = Params::<Signed>::from_request_parts(head, api).await?;
        let link = signed.expires.zip(signed.signature.as_deref());
        let by_link = link.is_some_and(|link| {
            link::is_good(&api.link_secret, &place(id, &name), link, api.now())
        });
        if !by_link {
            let caller = Caller::<Read>::from_request_parts(head, api).await?;
            of_account(api, caller.account(), id).await?;
        }
        Ok(Self { id, name })
    }
}

/// Fetch a file of a video
///
/// Whole, or a part of it (`Range`). Its `ETag` is the hash of what is in it. A signed link needs no
/// key.
#[utoipa::path(get, path = "/v1/videos/{id}/files/{name}", tag = "videos", operation_id = "fetchFile",
    params(("id" = String, Path, format = "uuid", description = "The video"),
           ("name" = String, Path, description = "The file's name"), Signed,
           ("Range" = Option<String>, Header, description = "A part: `bytes=FIRST-LAST`"),
           ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what you have")),
    security(("key" = ["read"])),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = 206, description = "A part of it", content_type = "application/octet-stream"),
              (status = 304, description = "You have it"),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    opened: Opened,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut files = api.parts.orders.files(opened.id).await?;
    let gone = || {
        let text = "there is no such file, or it was pruned from the cache; retry the video";
        ApiError::new(StatusCode::NOT_FOUND, Code::RouteUnknown, text)
    };
    let file = files.remove(&opened.name).ok_or_else(gone)?;
    let tag = format!("\"{}\"", file.id);
    let mut response = Response::new(Body::empty());
    if asked(&headers, header::IF_NONE_MATCH)
        .is_some_and(|known| known == "*" || known.split(',').any(|known| known.trim() == tag))
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let path = api.parts.orders.path(&file.id).await.ok_or_else(gone)?;
        let mut open = tokio::fs::File::open(path).await.map_err(|_| gone())?;
        let range = match span(&headers, &tag, file.bytes) {
            Span::Whole => None,
            Span::Part(first, last) => Some((first, last)),
            Span::Outside => return Ok(outside(&file)),
        };
        let (first, last) = range.unwrap_or_else(|| (0, file.bytes.saturating_sub(1)));
        let length = if file.bytes == 0 { 0 } else { last - first + 1 };
        let sought = open.seek(std::io::SeekFrom::Start(first)).await;
        sought.map_err(|_| gone())?;
        response = Body::from_stream(ReaderStream::with_capacity(open.take(length), 64 << 10))
            .into_response();
        set(&mut response, header::CONTENT_LENGTH, &length.to_string());
        if range.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let part = format!("bytes {first}-{last}/{}", file.bytes);
            set(&mut response, header::CONTENT_RANGE, &part);
        }
        set(&mut response, header::CONTENT_TYPE, kind(&opened.name));
        set(&mut response, header::ACCEPT_RANGES, "bytes");
    }
    set(&mut response, header::ETAG, &tag);
    set(&mut response, header::CACHE_CONTROL, "private, no-cache");
    Ok(response)
}

fn asked(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn outside(file: &ArtifactRow) -> Response {
    let text = format!("the file has {} bytes", file.bytes);
    let error = ApiError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        Code::RequestMalformed,
        text,
    );
    let mut response = error.into_response();
    let all = format!("bytes */{}", file.bytes);
    set(&mut response, header::CONTENT_RANGE, &all);
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Span {
    Whole,
    /// First and last byte.
    Part(u64, u64),
    Outside,
}

/// What is asked for: one part, as long as the caller's first part is of this very file. Several
/// parts at once are answered by the whole, which RFC 9110 allows.
fn span(headers: &HeaderMap, tag: &str, bytes: u64) -> Span {
    let stale = asked(headers, header::IF_RANGE).is_some_and(|known| known != tag);
    let range = asked(headers, header::RANGE).and_then(|range| range.strip_prefix("bytes="));
    let Some(range) = range.filter(|range| !stale && !range.contains(',')) else {
        return Span::Whole;
    };
    let Some((first, last)) = range.split_once('-') else {
        return Span::Whole;
    };
    let end = bytes.saturating_sub(1);
    let part = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(end)),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, end),
        // The last so many.
        (Err(_), Ok(count)) if first.trim().is_empty() => {
            if count == 0 {
                return Span::Outside;
            }
            (bytes.saturating_sub(count), end)
        }
        _ => return Span::Whole,
    };
    if part.0 >= bytes {
        return Span::Outside;
    }
    Span::Part(part.0, part.1)
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("mp4") => "video/mp4",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("srt") => "application/x-subrip",
        Some("vtt") => "text/vtt",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Span {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        span(&headers, "\"tag\"", 100)
    }

    #[test]
    fn parts_are_read_as_rfc_9110_has_them() {
        assert_eq!(of("bytes=0-0"), Span::Part(0, 0));
        assert_eq!(of("bytes=10-1000"), Span::Part(10, 99));
        assert_eq!(of("bytes=90-"), Span::Part(90, 99));
        assert_eq!(of("bytes=-10"), Span::Part(90, 99));
        assert_eq!(of("bytes=-1000"), Span::Part(0, 99));
        assert_eq!(of("bytes=100-"), Span::Outside);
        assert_eq!(of("bytes=-0"), Span::Outside);
        for whole in [
            "bytes=9-3",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "bits=0-1",
            "bytes=5",
        ] {
            assert_eq!(of(whole), Span::Whole, "{whole}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-1".parse().unwrap());
        headers.insert(header::IF_RANGE, "\"other\"".parse().unwrap());
        assert_eq!(span(&headers, "\"tag\"", 100), Span::Whole);
    }
}
