//! Options, configuration and what the machine lacks.

use super::{Case, brief, check, still_works};
use crate::place::Place;

#[test]
fn options() {
    let text = || brief("One short sentence.");
    let case = |what, options, code, says| Case::new(what, text(), code, says).options(options);
    check(
        &Place::new(),
        vec![
            case(
                "budget 0",
                "--budget 0",
                "YT0004",
                &["budget", "above zero", "0.01"],
            ),
            case("budget below zero", "--budget=-1", "YT0004", &["budget"]),
            case(
                "budget above the cap",
                "--budget 3.01",
                "YT0004",
                &["budget", "$3.01", "$3.00"],
            ),
            case(
                "budget of words",
                "--budget abc",
                "YT0004",
                &["budget", "abc", "2.50"],
            ),
            case(
                "budget too fine",
                "--budget 0.0000001",
                "YT0004",
                &["budget", "six"],
            ),
            case(
                "budget too small",
                "--budget 0.001",
                "YT0101",
                &["$0.001", "more than", "--budget 0."],
            ),
            case("theme", "--theme neon", "YT0004", &["neon", "midnight"]),
            case("voice", "--voice nobody", "YT0009", &["nobody", "slt"]),
            case(
                "language",
                "--language de",
                "YT0009",
                &["de", "speech backend", "docs/guide/backends.md"],
            ),
            case(
                "language, no tag",
                "--language english",
                "YT0004",
                &["english", "en-GB"],
            ),
            case(
                "no music file",
                "--music nowhere.mp3",
                "YT0011",
                &["nowhere.mp3", "No such file"],
            ),
            case(
                "no assets",
                "--assets nowhere",
                "YT0011",
                &["nowhere", "No such file"],
            ),
        ],
    );
}

#[test]
fn a_harness_that_says_nonsense_is_told() {
    let place = Place::new();
    for (variable, value) in [("CRASH_AT", "nowhere"), ("CLOCK_SHIFT", "soon")] {
        let variable = format!("YTEMPIRE_{variable}");
        let ended = place.program(["list"]).env(&variable, value).end();
        ended.refused(2, "YT0012", &[&variable, value]);
    }
}

#[test]
fn a_topic_needs_a_backend_and_the_message_configures_one() {
    let place = Place::new();
    let ended = place.run(["make", "--topic", "Bees"]).refused(
        2,
        "YT0010",
        &["ytempire.toml", "base_url", "article.md"],
    );
    // What it says can be pasted.
    let pasted = ended.stderr.split("\n\n").nth(1).unwrap();
    place.write("ytempire.toml", pasted);
    place.run(["list"]).good();
    place
        .run(["make", "--topic", "Bees", "--budget", "0.0001"])
        .refused(3, "YT0101", &["$0.0001"]);
    still_works(&place);
}

#[test]
fn configurations() {
    let place = Place::new();
    let backend = |more: &str| {
        format!(
            "[[backend]]\nname = \"writer\"\nstage = \"script\"\nkind = \"openai-chat\"\n\
             base_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n{more}"
        )
    };
    let price = "[backend.price]\ninput_tokens = \"0\"\noutput_tokens = \"0\"\n";
    place.write("brief.toml", brief("One short sentence."));
    for (what, text, says) in [
        ("unknown key", "slotz = 2".to_owned(), ["slotz", "slots"]),
        ("range", "slots = 0".to_owned(), ["slots", "1 to 64"]),
        ("type", "slots = \"two\"".to_owned(), ["slots", "line 1"]),
        ("syntax", "slots = ".to_owned(), ["line 1", "ytempire.toml"]),
        ("no price", backend(""), ["writer", "price.input_tokens"]),
        (
            "a key from nowhere",
            backend("api_key_env = \"NO_SUCH_KEY\"\n") + price,
            ["api_key_env", "NO_SUCH_KEY"],
        ),
        (
            "a key file from nowhere",
            backend("api_key_file = \"nowhere\"\n") + price,
            ["api_key_file", "nowhere"],
        ),
        (
            "a key in the clear",
            backend("api_key_env = \"HOME\"\n").replace("127.0.0.1", "example.org") + price,
            ["base_url", "https"],
        ),
        (
            "twice",
            (backend("") + price).repeat(2),
            ["writer", "twice"],
        ),
    ] {
        place.write("ytempire.toml", text);
        let ended = place.run(["make", "brief.toml"]);
        let refusal = ended.refusal(2, "YT0012", &says);
        assert_eq!(refusal, Ok(()), "{what}\n{ended}");
    }
    std::fs::remove_file(place.path("ytempire.toml")).unwrap();
    place
        .run(["list", "--config", "nowhere.toml"])
        .refused(2, "YT0012", &["nowhere.toml"]);
    still_works(&place);
}

#[test]
fn a_machine_without_the_programs() {
    let place = Place::new();
    place.write("brief.toml", brief("One short sentence."));
    place
        .make("brief.toml")
        .env("PATH", place.path("empty"))
        .end()
        .refused(4, "YT0201", &["ffmpeg", "dev/setup"]);
    // Without any voice, and with only an encoder.
    let some = place.path("some");
    std::fs::create_dir(&some).unwrap();
    for program in ["ffmpeg", "ffprobe", "setpriv", "prlimit"] {
        std::os::unix::fs::symlink(format!("/usr/bin/{program}"), some.join(program)).unwrap();
    }
    place
        .make("brief.toml")
        .env("PATH", &some)
        .end()
        .refused(4, "YT0201", &["festival"]);
}

#[test]
fn folders_that_can_not_be_used() {
    let place = Place::new();
    place.write("brief.toml", brief("One short sentence."));
    place.write("file", "");
    place.make("brief.toml --data-dir file/data").end().refused(
        4,
        "YT0204",
        &["file/data", "--data-dir"],
    );
    place
        .make("brief.toml --out file/out")
        .end()
        .refused(4, "YT0204", &["file/out", "--out"]);
    place.write(
        "other/ytempire.db",
        "this is no database, but a text of more than a few bytes",
    );
    place.make("brief.toml --data-dir other").end().refused(
        4,
        "YT0209",
        &["database", "other/ytempire.db", "--data-dir"],
    );
}
