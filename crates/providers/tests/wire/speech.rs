//! Speech: text in, audio out, and nothing else passes for audio.

use providers::speech::{Audio, Speech};
use providers::{AudioFormat, Backend, BaseUrl, Billed, Class, Error, Kind};
use serde_json::json;
use testkit::{FakeModelServer, Fault, ModelServerOptions, Voice};
use ytempire_core::Cancel;

use crate::{BODY_BYTES_MAX, backend, http, speech};

async fn say(speech: &Speech, text: &str) -> Result<Audio, Error> {
    speech.speak(text, None, "charge-1", &Cancel::new()).await
}

#[tokio::test]
async fn a_text_is_spoken_and_billed_by_its_characters() {
    let server = FakeModelServer::start();
    server.speak_by(|asked| Voice { seed: 7 }.wav(&asked.input));
    let speech = speech(&server);
    let text = "Zwölf Boxkämpfer jagen.";
    let audio = say(&speech, text).await.unwrap();
    assert_eq!(audio.bytes, Voice { seed: 7 }.wav(text));
    assert_eq!(audio.format, AudioFormat::Wav);
    assert_eq!(audio.usage.characters, 23);
    assert_eq!(audio.usage, speech.quote(text));
    let bill = server.bill();
    assert_eq!((bill.len(), bill[0].characters), (1, 23));
    assert_eq!(bill[0].key.as_deref(), Some("charge-1"));
}

#[tokio::test]
async fn what_is_configured_goes_over_the_wire() {
    let server = FakeModelServer::start();
    let configured = Backend {
        base_url: BaseUrl::parse(&format!("{}/", server.base_url())).unwrap(),
        format: AudioFormat::Mp3,
        speed_percent: 125,
        ..backend(Kind::OpenaiSpeech, &server)
    };
    let speech = Speech::new(http(), configured).unwrap();
    let other = Some("bm_george");
    let audio = speech
        .speak("One river.", other, "c", &Cancel::new())
        .await
        .unwrap();
    assert_eq!(audio.format, AudioFormat::Mp3);
    assert_eq!(
        server.seen()[0].body,
        json!({
            "model": "kokoro", "voice": "bm_george", "input": "One river.",
            "response_format": "mp3", "stream": false, "speed": 1.25,
        })
    );
}

#[tokio::test]
async fn audio_is_known_by_its_bytes_and_not_by_its_label() {
    let server = FakeModelServer::start();
    for label in ["application/octet-stream", "audio/mpeg", "text/plain"] {
        server.fail_next([Fault::MediaType(label.to_owned())]);
        assert_eq!(
            say(&speech(&server), "One.").await.unwrap().format,
            AudioFormat::Wav
        );
    }
}

#[tokio::test]
async fn every_refusal_and_spoiled_answer_is_classified() {
    use Billed::{No, Unknown};
    use Class::{Garbled, Input, Quota, RateLimited, Transient};
    let cases = [
        (Fault::RateLimited(vec![]), RateLimited, No, 0),
        (Fault::InsufficientQuota, Quota, No, 0),
        (Fault::FailBefore(500), Transient, Unknown, 0),
        (Fault::FailAfter(500), Transient, Unknown, 1),
        (Fault::Cut, Transient, Unknown, 1),
        (Fault::Html(200), Garbled, Unknown, 0),
        (Fault::Garbage, Garbled, Unknown, 1),
        (Fault::Huge(2 * BODY_BYTES_MAX), Garbled, Unknown, 1),
        (
            Fault::Refuse(400, json!({ "detail": "bad voice" })),
            Input,
            No,
            0,
        ),
    ];
    let server = FakeModelServer::start();
    let speech = speech(&server);
    let mut charges = 0;
    for (fault, class, billed, charged) in cases {
        server.fail_next([fault.clone()]);
        let error = say(&speech, "One river.")
            .await
            .expect_err("the call goes wrong");
        assert_eq!(
            (error.class, error.billed),
            (class, billed),
            "{fault:?}: {error}"
        );
        charges += charged;
        assert_eq!(server.bill().len(), charges, "{fault:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_spoken_never_leaves() {
    let server = FakeModelServer::start();
    let speech = speech(&server);
    for text in ["", " \n", &"long ".repeat(1_000)] {
        let error = say(&speech, text).await.unwrap_err();
        assert_eq!((error.class, error.billed), (Class::Input, Billed::No));
    }
    let mute = Backend {
        voice: None,
        ..backend(Kind::OpenaiSpeech, &server)
    };
    let error = say(&Speech::new(http(), mute).unwrap(), "One.")
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Input);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_voice_that_the_server_lacks_is_the_users_mistake() {
    let server = FakeModelServer::start();
    let speech = speech(&server);
    let error = speech
        .speak("One.", Some("nobody"), "c", &Cancel::new())
        .await
        .expect_err("no voice");
    assert_eq!((error.class, error.billed), (Class::Input, Billed::No));
    assert!(error.detail.contains("no such voice"), "{error}");
}

#[tokio::test]
async fn the_pieces_of_a_long_text_are_each_spoken_whole() {
    let server = FakeModelServer::start();
    let text = "The slow river carries sand. It carries stories, too. ".repeat(30);
    let small = Backend {
        characters_max: 300,
        ..backend(Kind::OpenaiSpeech, &server)
    };
    let speech = Speech::new(http(), small).unwrap();
    for piece in speech.chunks(&text) {
        say(&speech, piece).await.unwrap();
    }
    let spoken: String = server
        .seen()
        .iter()
        .map(|seen| seen.body["input"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(spoken, text);
    let billed: u64 = server.bill().iter().map(|charge| charge.characters).sum();
    assert_eq!(billed, text.chars().count() as u64);
}

#[tokio::test]
async fn a_probe_tells_which_models_there_are() {
    let models = vec!["b".to_owned(), "a:latest".to_owned()];
    let server = FakeModelServer::start_with(ModelServerOptions {
        models,
        ..Default::default()
    });
    let backend = backend(Kind::OpenaiSpeech, &server);
    let cancel = Cancel::new();
    let found = providers::probe::probe(&http(), &backend, &cancel)
        .await
        .unwrap();
    assert_eq!(found.names, ["a:latest", "b"]);
    assert!(found.has("a") && found.has("b") && !found.has("c"));

    server.fail_next([Fault::Html(200), Fault::FailBefore(503)]);
    let garbled = providers::probe::probe(&http(), &backend, &cancel)
        .await
        .unwrap_err();
    assert_eq!(garbled.class, Class::Garbled);
    let busy = providers::probe::probe(&http(), &backend, &cancel)
        .await
        .unwrap_err();
    assert_eq!(busy.class, Class::Transient);
    assert!(server.bill().is_empty());
}
