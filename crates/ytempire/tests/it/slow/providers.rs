//! Remote backends, faked at the wire: what is asked, what is paid, what is told.

use std::fs;
use std::process::Command;

use rustix::process::Signal;
use testkit::{FakeModelServer, Fault, ModelServerOptions, script_json};

use super::TINY;
use crate::books::{books, faults, receipt};
use crate::place::{Ended, Place};

/// A key that must never be seen again.
const KEY: &str = "sk-canary-4b1d9f0c7a62e583";

/// Micro-dollars for a spoken character.
const CHARACTER: i64 = 15;
/// Micro-dollars for a thousand tokens read and written.
const TOKENS: (u64, u64) = (400, 1_600);

/// A model server that really speaks.
pub(super) struct Speaking(pub(super) FakeModelServer);

/// Starts one.
pub(super) fn speaking() -> Speaking {
    let server = FakeModelServer::start_with(ModelServerOptions {
        api_key: Some(KEY.to_owned()),
        ..ModelServerOptions::default()
    });
    server.speak_by(|asked| flite(&asked.input));
    Speaking(server)
}

/// `text`, spoken by flite in a hurry: a WAV file.
fn flite(text: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (words, sound) = (folder.path().join("text"), folder.path().join("sound.wav"));
    fs::write(&words, text).unwrap();
    let output = Command::new("flite")
        .args(["-voice", "slt", "-f"])
        .arg(&words)
        .arg("-o")
        .arg(&sound)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read(sound).unwrap()
}

impl Speaking {
    /// Both kinds of backend at this server.
    pub(super) fn configuration(&self) -> String {
        let base = self.0.base_url();
        format!(
            "[[backend]]\nname = \"voice\"\nstage = \"narrate\"\nkind = \"openai-speech\"\n\
             base_url = \"{base}\"\nmodel = \"kokoro\"\nvoice = \"af_heart\"\n\
             api_key_file = \"key\"\n[backend.price]\ncharacters = \"0.000015\"\n\n\
             [[backend]]\nname = \"writer\"\nstage = \"script\"\nkind = \"openai-chat\"\n\
             base_url = \"{base}\"\nmodel = \"writer\"\napi_key_file = \"key\"\n\
             [backend.price]\ninput_tokens = \"0.0000004\"\noutput_tokens = \"0.0000016\"\n"
        )
    }

    /// What it charged so far, in micro-dollars, each line rounded up.
    pub(super) fn bill(&self) -> i64 {
        let lines = self.0.bill().into_iter().map(|line| {
            let tokens = (line.input_tokens * TOKENS.0).div_ceil(1000)
                + (line.output_tokens * TOKENS.1).div_ceil(1000);
            tokens as i64 + line.characters as i64 * CHARACTER
        });
        lines.sum()
    }

    /// A place that is configured for it.
    pub(super) fn place(&self) -> Place {
        let place = Place::new();
        place.write("whale.toml", TINY);
        place.write("key", format!("{KEY}\n"));
        place.write("ytempire.toml", self.configuration());
        place
    }
}

/// The command that has a backend write and the embedded voice speak.
pub(super) const TOPIC: [&str; 8] = [
    "make",
    "--topic",
    "The blue whale",
    "--format",
    "1:1",
    "--json",
    "--out",
    "out/topic",
];

#[test]
fn a_topic_becomes_a_video_and_the_bill_is_booked_to_the_micro_dollar() {
    let server = speaking();
    let place = server.place();
    let text = server
        .configuration()
        .replace("api_key_file = \"key\"", "api_key_env = \"MY_KEY\"");
    place.write("ytempire.toml", text);
    fs::remove_file(place.path("key")).unwrap();
    server.0.write_by(|_| short_words().to_string());
    // The server charges neither of the two.
    server.0.fail_next([
        Fault::RateLimited(vec![("retry-after", "0".to_owned())]),
        Fault::FailBefore(503),
    ]);
    let ended = place
        .program(TOPIC)
        .arg("-vv")
        .arg("--tier=complex")
        .env("MY_KEY", KEY)
        .end()
        .good();
    let folder = place.path("out/topic");
    let quality = fs::read_to_string(folder.join("quality.json")).unwrap();
    assert!(quality.contains("\"verdict\": \"pass\""), "{quality}");
    let laid = receipt(&folder);
    assert!(laid.adds_up());
    assert_eq!(laid.cash.0, server.bill(), "{laid:#?}");
    // Nobody can know whether the 503 is charged, so its reservation stays: tokens in and out.
    let unknown = laid.lines.iter().filter(|line| line.state.is_open());
    assert_eq!(unknown.count(), 2, "{laid:#?}");
    assert_eq!(laid.title, "The slow river");
    assert_eq!(faults(&place), Vec::<String>::new());
    let asked = server.0.seen();
    let keys = asked
        .iter()
        .filter(|call| call.headers.get("authorization") == Some(&format!("Bearer {KEY}")));
    assert_eq!(keys.count(), asked.len(), "every call carried the key");
    let mut told = vec![(
        "output".to_owned(),
        format!("{}{}", ended.stdout, ended.stderr).into_bytes(),
    )];
    files_under(&place.path(""), &mut told);
    assert!(told.len() > 20);
    for (name, bytes) in told {
        let found = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!found, "the key is in {name}");
    }
    // Once more: nothing is asked, nothing is paid.
    place
        .program(TOPIC)
        .arg("--tier=complex")
        .env("MY_KEY", KEY)
        .end()
        .good();
    assert_eq!(server.0.seen().len(), asked.len());
}

/// What is said of a topic is not what was said of it last week.
#[test]
fn a_scheduled_topic_is_written_about_anew_at_each_start() {
    let server = speaking();
    let place = server.place();
    server.0.write_by(|_| short_words().to_string());
    let add = [
        "schedule",
        "add",
        "--topic",
        "Whales",
        "--cron",
        "0 3 * * *",
    ];
    place.run(add).good();
    let start = || {
        let started = place
            .run(["schedule", "run-now", "whales", "--json"])
            .good();
        started.json_lines()[0]["id"].as_str().unwrap().to_owned()
    };
    let videos = [start(), start()];
    let node = place.program(["work", "--slots", "2"]).start();
    for video in &videos {
        let mut watching = place.program(["video", "watch", video, "--json"]).start();
        watching.until("\"stage\":\"script\",\"kind\":\"job.completed\"");
        place.run(["video", "cancel", video]).good();
        watching.end();
    }
    node.signal(Signal::TERM);
    node.end().good();
    let calls = server.0.seen();
    let written = calls.iter().filter(|call| call.path.contains("chat"));
    assert_eq!(written.count(), 2);
}

/// A script of the fewest words that are accepted, and short ones.
pub(super) fn short_words() -> serde_json::Value {
    let mut script = script_json(6, 52);
    for scene in script["scenes"].as_array_mut().unwrap() {
        let said = "We go to the sea to see it, as it is by day. ".repeat(4);
        scene["narration"] = said.trim_end().into();
    }
    script
}

pub(super) fn files_under(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, found);
        } else {
            // A database takes its side files away when it is closed.
            match fs::read(&path) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                bytes => found.push((path.display().to_string(), bytes.unwrap())),
            }
        }
    }
}

#[test]
fn what_backends_do_wrong_is_told_and_nothing_is_lost_from_the_books() {
    let bad_key = serde_json::json!({ "error": { "message": format!("Incorrect API key: {KEY}"),
        "type": "invalid_request_error", "code": "invalid_api_key" } });
    let calls = 30;
    for (what, faults, code, says) in [
        (
            "quota",
            vec![Fault::InsufficientQuota; calls],
            "YT0219",
            ["writer", "quota"],
        ),
        (
            "key",
            vec![Fault::Refuse(401, bad_key); calls],
            "YT0205",
            ["writer", "401"],
        ),
        (
            "garbage",
            vec![Fault::Garbage; calls],
            "YT0207",
            ["writer", "answer"],
        ),
        (
            "nonsense",
            vec![Fault::Says("Sure! Here it is.".into()); calls],
            "YT0207",
            ["writer", "JSON"],
        ),
        (
            "proxy",
            vec![Fault::Html(404); calls],
            "YT0205",
            ["writer", "404"],
        ),
    ] {
        let server = speaking();
        server.0.fail_next(faults);
        let place = server.place();
        let ended = place.program(TOPIC).end();
        assert_eq!(ended.refusal(4, code, &says), Ok(()), "{what}\n{ended}");
        assert!(
            !format!("{}{}", ended.stdout, ended.stderr).contains(KEY),
            "{what}\n{ended}"
        );
        books_hold(&place, &server, &ended);
    }
}

/// A failed video has a receipt, too: everything that was charged stands on it.
#[track_caller]
fn books_hold(place: &Place, server: &Speaking, ended: &Ended) {
    assert_eq!(faults(place), Vec::<String>::new(), "{ended}");
    let laid = receipt(&place.path("out/topic"));
    let booked = laid.cash.0 + laid.unknown.0;
    assert!(
        server.bill() <= booked,
        "billed {}, booked {booked}\n{ended}",
        server.bill()
    );
    let last = ended.json_lines().pop().unwrap();
    assert_eq!(
        (&last["kind"], &last["state"]),
        (&"receipt".into(), &"failed".into())
    );
}

#[test]
fn a_backend_that_is_down_ends_the_video_and_one_that_is_back_makes_it() {
    let mut server = speaking();
    server.0.stop();
    let place = server.place();
    let ended = place
        .program(TOPIC)
        .end()
        .refused(4, "YT0206", &["writer", "same command"]);
    books_hold(&place, &server, &ended);
    server.0.restart();
    // Far enough: the script was written and paid for.
    let mut going = place.program(TOPIC).start();
    going.until("\"stage\":\"script\",\"kind\":\"job.completed\"");
    going.signal(Signal::KILL);
    going.end();
}

#[test]
fn a_written_script_is_paid_once_though_the_program_dies() {
    let server = speaking();
    let place = server.place();
    let dead = place
        .program(TOPIC)
        .env("YTEMPIRE_CRASH_AT", "call.after_response")
        .end();
    assert_eq!(dead.signal(), Some(6), "{dead}");
    for stage in ["script", "narrate"] {
        let mut going = place.program(TOPIC).start();
        going.until(&format!("\"stage\":\"{stage}\",\"kind\":\"job.completed\""));
        going.signal(Signal::KILL);
        going.end();
        // The answer that was lost with the process, and the one that was kept.
        assert_eq!(server.0.seen().len(), 2, "at the end of {stage}");
    }
    let books = books(&place);
    let remote = books[0].transfers.iter().filter(|t| t.backend == "writer");
    let (kept, lost): (Vec<_>, Vec<_>) = remote.partition(|t| t.posted.0 > 0);
    let booked: i64 = kept.iter().map(|t| t.posted.0).sum::<i64>()
        + lost.iter().map(|t| t.counted().0).sum::<i64>();
    assert!(!kept.is_empty() && !lost.is_empty() && server.bill() <= booked);
}
