//! A canary for a key: it must never come out anywhere but in its own header.

use providers::chat::{Chat, Message, Request, Role};
use providers::config::BackendTable;
use providers::speech::Speech;
use providers::{Backend, Class, Kind, Structured};
use serde_json::json;
use testkit::{FakeModelServer, Fault, ModelServerOptions};
use ytempire_core::Cancel;

use crate::{backend, http, log};

const CANARY: &str = "sk-canary-0123456789abcdef";

fn keyed(kind: Kind, server: &FakeModelServer) -> Backend {
    Backend {
        api_key: Some(CANARY.into()),
        ..backend(kind, server)
    }
}

fn request() -> Request {
    Request {
        messages: vec![Message {
            role: Role::User,
            content: "Hello.".to_owned(),
        }],
        schema_name: "x".to_owned(),
        schema: json!({ "type": "object" }),
        structured: Structured::Plain,
        output_tokens_max: 50,
    }
}

#[tokio::test]
async fn a_key_never_shows_in_errors_debug_texts_or_logs() {
    let log = log();
    let options = ModelServerOptions {
        api_key: Some("another".to_owned()),
        ..Default::default()
    };
    let mut server = FakeModelServer::start_with(options);
    let chat = Chat::new(http(), keyed(Kind::OpenaiChat, &server)).unwrap();
    let speech = Speech::new(http(), keyed(Kind::OpenaiSpeech, &server)).unwrap();
    let cancel = Cancel::new();
    let mut errors = vec![
        chat.complete(&request(), "c", &cancel).await.unwrap_err(),
        speech.speak("One.", None, "c", &cancel).await.unwrap_err(),
        providers::probe::probe(&http(), chat.backend(), &cancel)
            .await
            .unwrap_err(),
    ];
    for error in &errors {
        // The fake repeats the key in its refusal, so this is worth something.
        assert_eq!(error.class, Class::Input);
        assert!(error.detail.contains("[key]"), "{error}");
    }
    server.stop();
    errors.push(chat.complete(&request(), "c", &cancel).await.unwrap_err());

    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let shown = format!("{chat:?} {speech:?} {errors:?} {told:?}");
    let logged = log.text();
    assert!(
        logged.contains("[key]"),
        "the log must have been written: {logged}"
    );
    for text in [shown, logged] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[tokio::test]
async fn no_kind_shows_its_key() {
    let log = log();
    let mut server = FakeModelServer::start_with(ModelServerOptions {
        api_key: Some("another".to_owned()),
        ..Default::default()
    });
    let cancel = Cancel::new();
    let mut told = Vec::new();
    for stopped in [false, true] {
        if stopped {
            server.stop();
        }
        for spec in providers::KINDS {
            let mut backend = keyed(spec.kind, &server);
            if matches!(spec.kind, Kind::Pixabay | Kind::Comfyui) {
                let base = format!("{}/api", server.origin());
                backend.base_url = providers::BaseUrl::parse(&base).unwrap();
            }
            let probed = providers::probe::probe(&http(), &backend, &cancel).await;
            told.push(format!("{backend:?} {probed:?}"));
            let Err(error) = probed else {
                panic!("{}: another key is wanted", spec.name);
            };
            assert!(!error.detail.is_empty());
        }
    }
    for text in [told.join("\n"), log.text()] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[tokio::test]
async fn a_key_is_not_cut_in_half_where_a_long_reason_is_cut() {
    let server = FakeModelServer::start();
    let chat = Chat::new(http(), keyed(Kind::OpenaiChat, &server)).unwrap();
    for padding in 320..400 {
        let why = json!({ "error": format!("{}{CANARY}", "x".repeat(padding)) });
        server.fail_next([Fault::Refuse(400, why.clone()), Fault::Refuse(200, why)]);
        for _ in 0..2 {
            let asked = chat.complete(&request(), "c", &Cancel::new()).await;
            let error = asked.unwrap_err();
            assert!(!error.detail.contains("sk-"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_key_goes_into_its_header() {
    let options = ModelServerOptions {
        api_key: Some(CANARY.to_owned()),
        ..Default::default()
    };
    let server = FakeModelServer::start_with(options);
    let chat = Chat::new(http(), keyed(Kind::OpenaiChat, &server)).unwrap();
    chat.complete(&request(), "c", &Cancel::new())
        .await
        .unwrap();
    assert_eq!(
        server.seen()[0].headers["authorization"],
        format!("Bearer {CANARY}")
    );
}

#[test]
fn a_configuration_never_repeats_a_password_from_its_address() {
    let table = r#"
        name = "x"
        stage = "script"
        kind = "openai-chat"
        base_url = "https://user:sk-canary-0123456789abcdef@example.org/v1"
        model = "m"
    "#;
    let table: BackendTable = toml::from_str(table).unwrap();
    let problem = table.validate().unwrap_err();
    assert!(!format!("{problem} {problem:?}").contains(CANARY));
}
