//! Anthropic's messages: a forced tool holds the script, and the cache's tokens are counted.

use providers::chat::{Chat, Message, Request, Role};
use providers::writer::{Assignment, Draft, Step};
use providers::{Billed, Class, Kind, Structured};
use serde_json::json;
use testkit::{FakeModelServer, Fault, ModelServerOptions};
use ytempire_core::Cancel;

use crate::{backend, http};

fn client(server: &FakeModelServer) -> Chat {
    Chat::new(http(), backend(Kind::AnthropicMessages, server)).unwrap()
}

fn request() -> Request {
    let message = |role, content: &str| Message {
        role,
        content: content.to_owned(),
    };
    Request {
        messages: vec![
            message(Role::System, "Be brief."),
            message(Role::User, "Write 60 words about rivers."),
        ],
        schema_name: "script".to_owned(),
        schema: json!({ "type": "object" }),
        structured: Structured::JsonSchema,
        output_tokens_max: 4_000,
    }
}

#[tokio::test]
async fn a_script_is_the_input_of_a_forced_tool_and_billed_with_what_was_cached() {
    let server = FakeModelServer::start_with(ModelServerOptions {
        api_key: Some("sk-ant-0123456789".to_owned()),
        ..Default::default()
    });
    let mut configured = backend(Kind::AnthropicMessages, &server);
    configured.api_key = Some("sk-ant-0123456789".into());
    let chat = Chat::new(http(), configured.clone()).unwrap();
    let assignment = Assignment {
        topic: "Rivers".to_owned(),
        title: None,
        language: "en".to_owned(),
        words: 200,
    };
    let mut draft = Draft::new(&configured, assignment);
    server.fail_next([Fault::Says("{\"title\": \"no scenes\"}".to_owned())]);
    let quote = chat.quote(draft.request());
    let first = chat
        .complete(draft.request(), "charge-1", &Cancel::new())
        .await
        .unwrap();
    assert!(first.usage.within(quote) && !first.usage.estimated);
    assert_eq!(
        draft.take(Ok(first)).unwrap(),
        Step::Again,
        "it is repaired"
    );
    let second = chat
        .complete(draft.request(), "charge-2", &Cancel::new())
        .await;
    assert!(matches!(draft.take(second).unwrap(), Step::Done(_)));
    let seen = server.seen();
    assert_eq!(seen[0].headers["x-api-key"], "sk-ant-0123456789");
    assert_eq!(seen[0].headers["anthropic-version"], "2023-06-01");
    assert!(!seen[0].headers.contains_key("authorization"));
    assert_eq!(
        seen[0].body["tool_choice"],
        json!({ "type": "tool", "name": "script" })
    );
    assert!(seen[0].body["max_tokens"].as_u64().is_some());
    let bill = server.bill();
    assert_eq!(bill.len(), 2);
    assert_eq!(bill[0].key.as_deref(), Some("charge-1"));
}

#[tokio::test]
async fn usage_is_the_servers_count_and_missing_usage_is_counted_within_the_quote() {
    let server = FakeModelServer::start();
    let chat = client(&server);
    let quote = chat.quote(&request());
    server.fail_next([Fault::NoUsage]);
    for estimated in [true, false] {
        let answer = chat
            .complete(&request(), "c", &Cancel::new())
            .await
            .unwrap();
        let truth = server.bill().pop().unwrap();
        assert_eq!(answer.usage.estimated, estimated);
        assert!(answer.usage.within(quote));
        assert!(answer.usage.input_tokens >= truth.input_tokens);
        if !estimated {
            assert_eq!(
                (answer.usage.input_tokens, answer.usage.output_tokens),
                (truth.input_tokens, truth.output_tokens)
            );
        }
    }
    let filled = json!({ "input_tokens": 10, "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1, "output_tokens": 5 });
    server.fail_next([Fault::Usage(filled)]);
    let answer = chat
        .complete(&request(), "c", &Cancel::new())
        .await
        .unwrap();
    assert_eq!(
        answer.usage.input_tokens,
        10 + 125 + 1,
        "filling costs a quarter more"
    );
}

#[tokio::test]
async fn its_refusals_are_classified() {
    use Billed::{No, Unknown};
    use Class::{Garbled, Input, Quota, RateLimited, Transient};
    let poor = json!({ "type": "error", "error": { "type": "invalid_request_error",
        "message": "Your credit balance is too low to access the Anthropic API." } });
    let headers = vec![
        ("date", "Tue, 24 Nov 2026 07:00:00 GMT".to_owned()),
        ("anthropic-ratelimit-tokens-remaining", "0".to_owned()),
        (
            "anthropic-ratelimit-tokens-reset",
            "2026-11-24T07:00:30Z".to_owned(),
        ),
    ];
    let cases = [
        (Fault::FailBefore(529), Transient, No),
        (Fault::FailBefore(500), Transient, Unknown),
        (Fault::FailAfter(500), Transient, Unknown),
        (Fault::RateLimited(headers), RateLimited, No),
        (Fault::RateLimited(vec![]), RateLimited, No),
        (Fault::Refuse(400, poor), Quota, No),
        (Fault::Refuse(400, json!({ "type": "error" })), Input, No),
        (Fault::Cut, Transient, Unknown),
        (Fault::Html(502), Transient, Unknown),
        (Fault::Html(200), Garbled, Unknown),
        (Fault::Garbage, Garbled, Unknown),
        (Fault::Huge(2 * crate::BODY_BYTES_MAX), Garbled, Unknown),
    ];
    let server = FakeModelServer::start();
    let chat = client(&server);
    for (fault, class, billed) in cases {
        server.fail_next([fault.clone()]);
        let error = chat
            .complete(&request(), "c", &Cancel::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.class, error.billed),
            (class, billed),
            "{fault:?}: {error}"
        );
        if matches!(&fault, Fault::RateLimited(headers) if !headers.is_empty()) {
            assert_eq!(error.retry_after.map(|pause| pause.as_secs()), Some(30));
        }
    }
}
