//! Chat: every misbehaviour gives its class and says whether it may have been billed.

use std::time::Duration;

use providers::chat::{Answer, Message, Request, Role};
use providers::{Backend, BaseUrl, Billed, Class, Error, Kind, OutputLimit, Structured};
use serde_json::json;
use testkit::{FakeModelServer, Fault};
use ytempire_core::{Cancel, Code};

use crate::{BODY_BYTES_MAX, backend, chat, http};

fn request() -> Request {
    Request {
        messages: vec![Message {
            role: Role::User,
            content: "Say hello.".to_owned(),
        }],
        schema_name: "greeting".to_owned(),
        schema: json!({ "type": "object" }),
        structured: Structured::JsonSchema,
        output_tokens_max: 500,
    }
}

async fn ask(server: &FakeModelServer) -> Result<Answer, Error> {
    chat(server)
        .complete(&request(), "charge-1", &Cancel::new())
        .await
}

#[tokio::test]
async fn a_good_call_is_answered_and_used_as_billed() {
    let server = FakeModelServer::start();
    server.write_by(|_| "{\"hello\": true}".to_owned());
    let answer = ask(&server).await.unwrap();
    assert_eq!(answer.content, "{\"hello\": true}");
    assert!(!answer.cut && answer.refusal.is_none() && !answer.usage.estimated);

    let bill = server.bill();
    assert_eq!(bill.len(), 1);
    assert_eq!(bill[0].key.as_deref(), Some("charge-1"));
    assert_eq!(
        (bill[0].input_tokens, bill[0].output_tokens),
        (answer.usage.input_tokens, answer.usage.output_tokens)
    );
    assert!(answer.usage.within(chat(&server).quote(&request())));

    let seen = &server.seen()[0];
    assert!(seen.headers["user-agent"].starts_with("ytempire/"));
    assert_eq!(seen.body["stream"], json!(false));
    assert_eq!(seen.body["max_tokens"], json!(500));
    assert_eq!(
        seen.body["response_format"]["json_schema"]["strict"],
        json!(true)
    );
}

#[tokio::test]
async fn the_output_is_always_limited_by_the_field_that_the_server_knows() {
    let server = FakeModelServer::start();
    let limited = Backend {
        output_limit: OutputLimit::MaxCompletionTokens,
        output_tokens_max: 300,
        ..backend(Kind::OpenaiChat, &server)
    };
    let chat = providers::chat::Chat::new(http(), limited).unwrap();
    let answer = chat
        .complete(&request(), "c", &Cancel::new())
        .await
        .unwrap();
    assert!(answer.cut, "the fake writes more than 300 tokens");
    let body = &server.seen()[0].body;
    assert_eq!(body["max_completion_tokens"], json!(300));
    assert!(body["max_tokens"].is_null());
    assert_eq!(chat.quote(&request()).output_tokens, 300);
}

#[tokio::test]
async fn every_refusal_and_spoiled_answer_is_classified() {
    use Billed::{No, Unknown};
    use Class::{Garbled, Input, Quota, RateLimited, Transient};
    let field = json!({ "detail": [{ "loc": ["body", "model"], "msg": "field required" }] });
    let cases = [
        (Fault::RateLimited(vec![]), RateLimited, No, 0),
        (Fault::InsufficientQuota, Quota, No, 0),
        (Fault::FailBefore(500), Transient, Unknown, 0),
        (Fault::FailBefore(503), Transient, Unknown, 0),
        (Fault::FailAfter(500), Transient, Unknown, 1),
        (Fault::FailAfter(504), Transient, Unknown, 1),
        (Fault::Cut, Transient, Unknown, 1),
        (Fault::Html(502), Transient, Unknown, 0),
        (Fault::Html(404), Input, No, 0),
        (Fault::Html(200), Garbled, Unknown, 0),
        (Fault::Garbage, Garbled, Unknown, 1),
        (Fault::Huge(2 * BODY_BYTES_MAX), Garbled, Unknown, 1),
        (Fault::Refuse(422, field), Input, No, 0),
        (
            Fault::Refuse(200, json!({ "choices": [] })),
            Garbled,
            Unknown,
            0,
        ),
        (Fault::Refuse(200, json!([1])), Garbled, Unknown, 0),
        (
            Fault::Redirect("http://127.0.0.1:1/v1/chat/completions".to_owned()),
            Input,
            No,
            0,
        ),
    ];
    let server = FakeModelServer::start();
    let mut charges = 0;
    for (fault, class, billed, charged) in cases {
        server.fail_next([fault.clone()]);
        let error = ask(&server).await.expect_err("the call goes wrong");
        assert_eq!(
            (error.class, error.billed),
            (class, billed),
            "{fault:?}: {error}"
        );
        charges += charged;
        assert_eq!(server.bill().len(), charges, "{fault:?}");
        assert!(
            charged == 0 || error.billed == Unknown,
            "{fault:?}: a bill would be lost"
        );
        assert_eq!(error.provider, "writer-1");
    }
    // And afterwards the server is well, as if nothing had been.
    ask(&server).await.unwrap();
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_cap_and_no_byte_larger() {
    let server = FakeModelServer::start();
    let size = |content: String| json!({ "choices": [{ "message": { "content": content } }] });
    let around = size(String::new()).to_string().len();
    for (bytes, fits) in [(BODY_BYTES_MAX, true), (BODY_BYTES_MAX + 1, false)] {
        let body = size("x".repeat(bytes - around));
        server.fail_next([Fault::Refuse(200, body)]);
        assert_eq!(ask(&server).await.is_ok(), fits);
    }
    // The same without an announced length: the bytes are counted while they come.
    server.fail_next([Fault::Huge(BODY_BYTES_MAX + 1)]);
    let error = ask(&server).await.unwrap_err();
    assert!(error.detail.contains("larger than"), "{error}");
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let server = FakeModelServer::start();
    let cases = [
        (vec![("retry-after", "20".to_owned())], Some(20)),
        (
            vec![("x-ratelimit-reset-requests", "1m30s".to_owned())],
            Some(90),
        ),
        (vec![("retry-after", "-1".to_owned())], Some(1)),
        (vec![], None),
    ];
    for (headers, seconds) in cases {
        server.fail_next([Fault::RateLimited(headers)]);
        let error = ask(&server).await.unwrap_err();
        assert_eq!(error.retry_after, seconds.map(Duration::from_secs));
        assert_eq!(error.code, Code::ProviderBusy);
    }
}

#[tokio::test]
async fn a_time_out_may_still_be_billed_later() {
    let server = FakeModelServer::start();
    for (fault, charged) in [(Fault::Hang, 0), (Fault::ChargeLate, 1)] {
        let before = server.seen().len();
        server.fail_next([fault]);
        let chat = chat(&server);
        let call =
            tokio::spawn(async move { chat.complete(&request(), "late", &Cancel::new()).await });
        server.seen_at_least(before + 1).await;
        tokio::time::pause(); // nothing else happens: the clock runs to the time-out
        let error = call.await.unwrap().unwrap_err();
        tokio::time::resume();
        assert_eq!(
            (error.class, error.billed),
            (Class::Transient, Billed::Unknown),
            "{error}"
        );
        if charged == 1 {
            server.release();
            server.charged_at_least(1).await;
            assert_eq!(server.bill()[0].key.as_deref(), Some("late"));
        }
    }
    assert_eq!(server.bill().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_down_and_costs_nothing() {
    let mut server = FakeModelServer::start();
    server.stop();
    let error = ask(&server).await.unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Down, Billed::No),
        "{error}"
    );
    assert_eq!(error.code, Code::ProviderDown);
    server.restart();
    ask(&server).await.unwrap();
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_down_and_costs_nothing() {
    // Two dots in a row: refused by the resolver itself, no name server is asked.
    let base_url = BaseUrl::parse("http://no..such.host:1/v1").unwrap();
    let backend = Backend::new("nowhere", Kind::OpenaiChat, base_url, "m");
    let chat = providers::chat::Chat::new(http(), backend).unwrap();
    let error = chat
        .complete(&request(), "c", &Cancel::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Down, Billed::No),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_down_for_https_and_costs_nothing() {
    let server = FakeModelServer::start();
    let base_url = BaseUrl::parse(&server.base_url().replace("http:", "https:")).unwrap();
    let backend = Backend {
        base_url,
        ..backend(Kind::OpenaiChat, &server)
    };
    let chat = providers::chat::Chat::new(http(), backend).unwrap();
    let error = chat
        .complete(&request(), "c", &Cancel::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Down, Billed::No),
        "{error}"
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_error_under_a_good_status_is_repeated_to_the_user() {
    let server = FakeModelServer::start();
    let body = json!({ "error": { "message": "upstream is asleep", "code": 502 } });
    server.fail_next([Fault::Refuse(200, body)]);
    let error = ask(&server).await.unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Garbled, Billed::Unknown)
    );
    assert!(error.detail.contains("upstream is asleep"), "{error}");
}

#[tokio::test]
async fn a_server_that_dies_during_the_call_may_have_billed() {
    let mut server = FakeModelServer::start();
    server.fail_next([Fault::Hang]);
    let chat = chat(&server);
    let call = tokio::spawn(async move { chat.complete(&request(), "c", &Cancel::new()).await });
    server.seen_at_least(1).await;
    server.stop();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Transient, Billed::Unknown),
        "{error}"
    );
}

#[tokio::test]
async fn a_cancelled_call_ends_and_says_whether_it_had_left() {
    let server = FakeModelServer::start();
    let early = Cancel::new();
    early.cancel();
    let error = chat(&server)
        .complete(&request(), "c", &early)
        .await
        .unwrap_err();
    assert_eq!((error.class, error.billed), (Class::Cancelled, Billed::No));
    assert!(server.seen().is_empty());

    server.fail_next([Fault::Hang]);
    let (cancel, chat) = (Cancel::new(), chat(&server));
    let theirs = cancel.clone();
    let call = tokio::spawn(async move { chat.complete(&request(), "c", &theirs).await });
    server.seen_at_least(1).await;
    cancel.cancel();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Cancelled, Billed::Unknown)
    );
    assert_eq!(error.code, Code::Interrupted);
}

#[tokio::test]
async fn redirects_stay_with_the_host_that_was_configured() {
    let (server, other) = (FakeModelServer::start(), FakeModelServer::start());
    server.fail_next([Fault::Redirect(format!(
        "{}/chat/completions",
        other.base_url()
    ))]);
    let error = ask(&server).await.unwrap_err();
    assert_eq!((error.class, error.billed), (Class::Input, Billed::No));
    assert!(error.detail.contains("redirect"), "{error}");
    assert!(
        other.seen().is_empty(),
        "the request and its key must not travel on"
    );

    server.fail_next([Fault::Redirect(format!(
        "{}/chat/completions",
        server.base_url()
    ))]);
    ask(&server).await.unwrap();
    assert_eq!(server.bill().len(), 1);
}

#[tokio::test]
async fn missing_and_impossible_usage_is_counted_here_within_the_quote() {
    let server = FakeModelServer::start();
    let quote = chat(&server).quote(&request());
    let wrong = [
        json!(null),
        json!({}),
        json!({ "prompt_tokens": 0, "completion_tokens": 0 }),
        json!({ "prompt_tokens": -3, "completion_tokens": "many" }),
        json!({ "prompt_tokens": 1.5e300, "completion_tokens": u64::MAX }),
        json!("free"),
    ];
    let faults = wrong.into_iter().map(Fault::Usage).chain([Fault::NoUsage]);
    for fault in faults {
        server.fail_next([fault.clone()]);
        let usage = ask(&server).await.unwrap().usage;
        assert!(usage.estimated, "{fault:?}");
        assert!(usage.within(quote), "{fault:?}: {usage:?} above {quote:?}");
        let truth = server.bill().pop().unwrap();
        assert!(usage.input_tokens >= truth.input_tokens, "{fault:?}");
        assert!(
            usage.output_tokens >= truth.output_tokens.min(quote.output_tokens),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn content_in_parts_and_no_content_at_all_are_answers() {
    let server = FakeModelServer::start();
    let part = |text: &str| json!({ "type": "text", "text": text });
    for (content, expected) in [
        (json!([part("{\"a\""), part(": 1}")]), "{\"a\": 1}"),
        (json!(null), ""),
    ] {
        let body = json!({ "choices": [{ "message": { "content": content } }] });
        server.fail_next([Fault::Refuse(200, body)]);
        assert_eq!(ask(&server).await.unwrap().content, expected);
    }
}

#[tokio::test]
async fn a_bill_above_the_quote_is_reported_as_it_is() {
    let server = FakeModelServer::start();
    server.fail_next([Fault::Usage(
        json!({ "prompt_tokens": 40, "completion_tokens": 9_000 }),
    )]);
    let usage = ask(&server).await.unwrap().usage;
    assert_eq!((usage.output_tokens, usage.estimated), (9_000, false));
    assert!(!usage.within(chat(&server).quote(&request())));
}

#[tokio::test]
async fn a_backend_of_another_kind_is_refused_at_once() {
    let server = FakeModelServer::start();
    let speaker = backend(Kind::OpenaiSpeech, &server);
    assert_eq!(
        providers::chat::Chat::new(http(), speaker)
            .unwrap_err()
            .class,
        Class::Input
    );
}
