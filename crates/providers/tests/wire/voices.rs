//! Voices that tell when each word is spoken, and one that doesn't; and an ear.

use providers::hearing::{Hearing, Recording};
use providers::speech::Speech;
use providers::{Backend, Billed, Class, Kind, WordTimes};
use serde_json::json;
use testkit::{FakeModelServer, Fault, ModelServerOptions, Voice};
use ytempire_core::Cancel;

use crate::{backend, http, speech};

const TEXT: &str = "One river, two banks.";

fn voice(kind: Kind, server: &FakeModelServer) -> Speech {
    Speech::new(http(), backend(kind, server)).unwrap()
}

fn kokoro(server: &FakeModelServer) -> Speech {
    let configured = Backend {
        word_timestamps: Some(WordTimes::Kokoro),
        ..backend(Kind::OpenaiSpeech, server)
    };
    Speech::new(http(), configured).unwrap()
}

#[tokio::test]
async fn engines_that_know_when_words_are_spoken_tell_it() {
    let server = FakeModelServer::start();
    let (_, truth) = Voice { seed: 1 }.speak(TEXT);
    for client in [voice(Kind::Elevenlabs, &server), kokoro(&server)] {
        let audio = client.speak(TEXT, None, "c", &Cancel::new()).await.unwrap();
        let words = audio.words.unwrap();
        assert_eq!(words.len(), truth.len());
        for (told, known) in words.iter().zip(&truth) {
            assert_eq!(told.text, known.text);
            assert!(told.start_ms.abs_diff(known.start_ms) <= 1);
            assert!(told.end_ms.abs_diff(known.end_ms) <= 1);
        }
        assert_eq!(audio.usage.characters, 21);
        assert_eq!(server.bill().pop().unwrap().characters, 21);
    }
    for client in [voice(Kind::GoogleTts, &server), speech(&server)] {
        let audio = client.speak(TEXT, None, "c", &Cancel::new()).await.unwrap();
        assert_eq!(audio.words, None);
        assert_eq!(audio.usage, client.quote(TEXT));
    }
}

#[tokio::test]
async fn each_engine_is_asked_in_its_own_shape() {
    let key = "key-0123456789";
    let server = FakeModelServer::start_with(ModelServerOptions {
        api_key: Some(key.to_owned()),
        voices: vec!["en-US-Chirp3-HD-Charon".to_owned()],
        ..Default::default()
    });
    let named = |kind| Backend {
        api_key: Some(key.into()),
        voice: Some("en-US-Chirp3-HD-Charon".to_owned()),
        ..backend(kind, &server)
    };
    for kind in [Kind::Elevenlabs, Kind::GoogleTts] {
        let client = Speech::new(http(), named(kind)).unwrap();
        client
            .speak("One.", None, "c", &Cancel::new())
            .await
            .unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen[0].headers["xi-api-key"], key);
    assert_eq!(
        seen[0].body,
        json!({ "text": "One.", "model_id": "kokoro" })
    );
    assert_eq!(seen[1].headers["x-goog-api-key"], key);
    assert_eq!(seen[1].body["voice"]["languageCode"], "en-US");
    assert_eq!(seen[1].body["audioConfig"]["audioEncoding"], "LINEAR16");
    assert!(
        seen.iter()
            .all(|call| !call.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn a_texts_bytes_are_kept_within_what_google_takes() {
    let server = FakeModelServer::start();
    server.speak_by(|_| Voice { seed: 1 }.wav("One."));
    let client = voice(Kind::GoogleTts, &server);
    let text = "Длинная река несёт песок. ".repeat(300);
    for piece in client.chunks(&text) {
        client
            .speak(piece, None, "c", &Cancel::new())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_bill_in_the_header_is_believed_and_one_that_is_missing_is_counted() {
    let server = FakeModelServer::start();
    let client = voice(Kind::Elevenlabs, &server);
    for (fault, characters) in [
        (Fault::Usage(json!(11)), 11),
        (Fault::Usage(json!(9_000)), 9_000),
        (Fault::Usage(json!(0)), 21),
        (Fault::NoUsage, 21),
    ] {
        server.fail_next([fault]);
        let audio = client.speak(TEXT, None, "c", &Cancel::new()).await.unwrap();
        assert_eq!(audio.usage.characters, characters);
    }
}

#[tokio::test]
async fn what_goes_wrong_with_a_voice_is_classified() {
    use Billed::{No, Unknown};
    use Class::{Garbled, Quota, RateLimited, Transient};
    let server = FakeModelServer::start();
    let clients = [
        voice(Kind::Elevenlabs, &server),
        voice(Kind::GoogleTts, &server),
        kokoro(&server),
    ];
    for client in clients {
        for (fault, class, billed) in [
            (Fault::RateLimited(vec![]), RateLimited, No),
            (Fault::InsufficientQuota, Quota, No),
            (Fault::FailAfter(500), Transient, Unknown),
            (Fault::Cut, Transient, Unknown),
            (Fault::Html(200), Garbled, Unknown),
            (Fault::Garbage, Garbled, Unknown),
            (
                Fault::Refuse(
                    200,
                    json!({ "audio": "%", "audio_base64": "%", "audioContent": "%" }),
                ),
                Garbled,
                Unknown,
            ),
            (
                Fault::Refuse(
                    200,
                    json!({ "audio": "QUJD", "audio_base64": "QUJD", "audioContent": "QUJD" }),
                ),
                Garbled,
                Unknown,
            ),
        ] {
            server.fail_next([fault.clone()]);
            let error = client
                .speak(TEXT, None, "c", &Cancel::new())
                .await
                .unwrap_err();
            assert_eq!(
                (error.class, error.billed),
                (class, billed),
                "{fault:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn an_ear_says_when_each_word_was_spoken_and_is_billed_by_the_second() {
    let server = FakeModelServer::start();
    let said = speech(&server)
        .speak(TEXT, None, "c", &Cancel::new())
        .await
        .unwrap();
    let ear = Hearing::new(http(), backend(Kind::OpenaiTranscription, &server)).unwrap();
    let recording = Recording {
        wav: &said.bytes,
        millis: 3_000,
        language: "en-GB",
    };
    let heard = ear
        .listen(&recording, "charge-2", &Cancel::new())
        .await
        .unwrap();
    let words: Vec<_> = heard.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["One", "river", "two", "banks"]);
    let bill = server.bill().pop().unwrap();
    assert_eq!(heard.usage.audio_seconds, bill.audio_seconds);
    assert!(heard.usage.within(ear.quote(&recording)));
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.body["response_format"], "verbose_json");
    assert_eq!(
        (&seen.body["granularity"], &seen.body["language"]),
        (&json!("word"), &json!("en"))
    );
    assert_eq!(seen.body["bytes"], said.bytes.len());

    server.fail_next([
        Fault::NoUsage,
        Fault::Refuse(200, json!({ "text": "One river" })),
    ]);
    let counted = ear.listen(&recording, "c", &Cancel::new()).await.unwrap();
    assert!(counted.usage.estimated && counted.usage.audio_seconds == 3);
    let error = ear
        .listen(&recording, "c", &Cancel::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Garbled, Billed::Unknown)
    );
}
