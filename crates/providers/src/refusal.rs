//! What a status other than success means.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::error::{Billed, Class, Error, one_line};
use crate::retry_after::retry_after;

/// The error behind a status that is not a success.
pub(crate) fn refusal(
    provider: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Error {
    let reason = Reason::read(body);
    let (class, billed) = classify(status, &reason);
    // What the provider's support asks for; it stands in front, where nothing cuts it off.
    let request = ["x-request-id", "request-id"]
        .iter()
        .find_map(|name| headers.get(*name));
    let request = request.and_then(|id| id.to_str().ok());
    let request = request.filter(|id| (1..=64).contains(&id.len()));
    let request = request.map_or_else(String::new, |id| format!(" to request {id}"));
    let said = match reason.text.as_str() {
        "" => format!("the server answered {status}{request}"),
        text => format!("the server answered {status}{request}: {text}"),
    };
    let detail = match headers.get("location") {
        Some(_) if status.is_redirection() => {
            format!("{said}; it redirects elsewhere, which is not followed: correct base_url")
        }
        _ => said,
    };
    let mut error = Error::new(class, provider, billed, &detail);
    if matches!(class, Class::RateLimited | Class::Transient) {
        error.retry_after = retry_after(headers);
    }
    error
}

/// What a body says went wrong although its status was a success, as some proxies send it; on
/// one line, empty if it says nothing.
pub(crate) fn complaint(body: &[u8]) -> String {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return String::new();
    };
    let told = ["error", "detail"].iter().find_map(|key| object.get(*key));
    told.map_or_else(String::new, |told| one_line(&message(told, 0)))
}

/// Refused before any work (4xx validation, 429, redirects): certainly not billed. A server
/// error, or a time-out that some proxy reports, may come after the work was done.
fn classify(status: StatusCode, reason: &Reason) -> (Class, Billed) {
    match status.as_u16() {
        402 => (Class::Quota, Billed::No),
        // Anthropic turns calls away before any work with a status of its own.
        529 if reason.has("overloaded_error") => (Class::Transient, Billed::No),
        // `OpenAI` has two 429s: one passes with time, the other with money.
        429 if reason.is_quota() => (Class::Quota, Billed::No),
        429 => (Class::RateLimited, Billed::No),
        // 408 and 499 are also what gateways answer when the model behind them was too slow.
        408 | 409 | 425 | 499 => (Class::Transient, Billed::Unknown),
        400..=499 if reason.is_quota() => (Class::Quota, Billed::No),
        // 501: a server that doesn't know the method; no time will teach it.
        300..=499 | 501 => (Class::Input, Billed::No),
        _ => (Class::Transient, Billed::Unknown),
    }
}

/// What an error body says, whatever its shape.
#[derive(Debug, Default)]
struct Reason {
    /// For people.
    text: String,
    /// `error.code`, `error.type` and `error.status`, for programs.
    codes: Vec<String>,
}

impl Reason {
    /// Reads `{"error":{"message","type","code"}}` (`OpenAI`), `{"error":"…"}` (LM Studio,
    /// Ollama), `{"detail":…}` (`FastAPI`: a text, an object or a list of them), `{"message"}`;
    /// of anything else only the first words count, and of HTML its title.
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self {
                text: bare_text(body),
                codes: Vec::new(),
            };
        };
        let inner = ["error", "detail"]
            .iter()
            .find_map(|key| value.get(key))
            .unwrap_or(&value);
        let codes = ["code", "type", "status"]
            .iter()
            .filter_map(|key| inner.get(key).and_then(Value::as_str))
            .map(str::to_ascii_lowercase)
            .collect();
        Self {
            text: message(inner, 0),
            codes,
        }
    }

    fn is_quota(&self) -> bool {
        const CODES: [&str; 7] = [
            "billing_error",
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
            "insufficient_balance",
            "insufficient_credits",
            "quota_exceeded",
        ];
        // Anthropic tells an empty account by words alone.
        let poor = self.text.contains("credit balance is too low");
        poor || CODES.iter().any(|code| self.has(code))
    }

    fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|known| known == code)
    }
}

fn message(value: &Value, depth: u8) -> String {
    const KEYS: [&str; 4] = ["message", "msg", "error", "detail"];
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if depth < 4 => {
            let texts = list.iter().take(3).map(|inner| message(inner, depth + 1));
            texts
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join("; ")
        }
        Value::Object(object) if depth < 4 => KEYS
            .iter()
            .find_map(|key| object.get(*key))
            .map_or_else(String::new, |inner| message(inner, depth + 1)),
        _ => String::new(),
    }
}

/// The first words of a body that is not JSON; of a page, its title.
fn bare_text(body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let lower = head.to_ascii_lowercase();
    if !lower.trim_start().starts_with('<') {
        return head;
    }
    let title = lower.find("<title>").map(|at| at + "<title>".len());
    let range = title.and_then(|from| lower[from..].find('<').map(|length| from..from + length));
    match range {
        Some(range) => format!("an HTML page titled {:?}", head[range].trim()),
        None => "an HTML page".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        refusal("p", status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn error_bodies_of_every_shape_give_their_reason() {
        for body in [
            r#"{"error":{"message":"no such voice","type":"invalid_request_error"}}"#,
            r#"{"error":"no such voice"}"#,
            r#"{"detail":"no such voice"}"#,
            r#"{"detail":{"error":"validation_error","message":"no such voice"}}"#,
            r#"{"detail":[{"loc":["body","voice"],"msg":"no such voice"}]}"#,
            r#"{"message":"no such voice"}"#,
            "no such voice",
            "<html><head><title>no such voice</title></head></html>",
        ] {
            let error = of(400, body);
            assert!(
                error.detail.contains("no such voice"),
                "{body}: {}",
                error.detail
            );
            assert_eq!((error.class, error.billed), (Class::Input, Billed::No));
        }
    }

    #[test]
    fn bodies_made_to_hurt_give_a_short_line() {
        let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let long = "x\n".repeat(100_000);
        for body in [
            nested.as_str(),
            long.as_str(),
            "<title>",
            "\u{0}\u{1b}[31m",
            "",
        ] {
            let error = of(500, body);
            assert!(error.detail.chars().count() <= crate::error::DETAIL_CHARS_MAX);
            assert!(!error.detail.contains(char::is_control));
        }
    }

    #[test]
    fn only_money_or_time_make_429_pass() {
        let quota =
            r#"{"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        let rate = r#"{"error":{"message":"x","code":"rate_limit_exceeded"}}"#;
        assert_eq!(of(429, quota).class, Class::Quota);
        assert_eq!(of(429, rate).class, Class::RateLimited);
        assert_eq!(of(429, "").class, Class::RateLimited);
        assert_eq!(of(402, "").class, Class::Quota);
        assert_eq!(of(403, quota).class, Class::Quota);
    }

    #[test]
    fn a_busy_server_may_say_when_it_will_be_free_and_a_wrong_request_never_waits() {
        let headers = HeaderMap::from_iter([(
            reqwest::header::RETRY_AFTER,
            reqwest::header::HeaderValue::from_static("30"),
        )]);
        let pause = |status| {
            let status = StatusCode::from_u16(status).unwrap();
            refusal("p", status, &headers, b"")
                .retry_after
                .map(|pause| pause.as_secs())
        };
        assert_eq!((pause(503), pause(429)), (Some(30), Some(30)));
        assert_eq!((pause(400), pause(402)), (None, None));
    }

    #[test]
    fn the_requests_id_is_told() {
        let id = "req_0123";
        let headers = HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static("x-request-id"),
            reqwest::header::HeaderValue::from_static(id),
        )]);
        let error = refusal("p", StatusCode::BAD_GATEWAY, &headers, b"");
        assert!(error.detail.contains(id), "{error}");
    }

    #[test]
    fn a_server_error_may_have_been_billed_and_a_refusal_not() {
        for status in [500, 502, 503, 504, 520, 529, 408] {
            let error = of(status, "");
            assert_eq!(
                (error.class, error.billed),
                (Class::Transient, Billed::Unknown),
                "{status}"
            );
        }
        for status in [400, 401, 403, 404, 413, 422, 501, 302, 307] {
            let error = of(status, "");
            assert_eq!(
                (error.class, error.billed),
                (Class::Input, Billed::No),
                "{status}"
            );
        }
    }
}
