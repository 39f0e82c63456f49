//! A video whose words, voice and pictures come from five backends, two of which fail on the way.

use std::fs;

use testkit::{FakeModelServer, Fault, ModelServerOptions, ServerCharge, Voice, png};

use super::TINY;
use super::providers::{TOPIC, files_under, short_words, speaking};
use crate::books::{faults, receipt};
use crate::place::{Ended, Place};

const KEY: &str = "sk-canary-9e1f7730a2c4d586";

/// Micro-dollars of a thousand units of each meter.
struct Prices {
    input: u64,
    output: u64,
    characters: u64,
    images: u64,
    requests: u64,
    audio_seconds: u64,
}

const PRICES: Prices = Prices {
    input: 1_000,
    output: 5_000,
    characters: 40_000,
    images: 40_000_000,
    requests: 1_500_000,
    audio_seconds: 100_300,
};

/// What a server charged, each meter of each line rounded up.
fn charged(bill: &[ServerCharge]) -> i64 {
    let line = |line: &ServerCharge| {
        let meters = [
            (line.input_tokens, PRICES.input),
            (line.output_tokens, PRICES.output),
            (line.characters, PRICES.characters),
            (line.images, PRICES.images),
            (line.requests, PRICES.requests),
            (line.audio_seconds, PRICES.audio_seconds),
        ];
        let sums = meters
            .iter()
            .map(|(count, price)| (count * price).div_ceil(1000));
        sums.sum::<u64>() as i64
    };
    bill.iter().map(line).sum()
}

fn server() -> FakeModelServer {
    let server = FakeModelServer::start_with(ModelServerOptions {
        api_key: Some(KEY.to_owned()),
        ..ModelServerOptions::default()
    });
    server.speak_by(|asked| Voice { seed: 1 }.wav(&asked.input));
    server.paint_by(|name| png(1920, 1080, [200, 90, (name.len() * 8 % 200) as u8]));
    server
}

fn table(name: &str, stage: &str, kind: &str, rest: &str, price: &str) -> String {
    format!(
        "[[backend]]\nname = \"{name}\"\nstage = \"{stage}\"\nkind = \"{kind}\"\n\
         api_key_file = \"key\"\n{rest}\n[backend.price]\n{price}\n\n"
    )
}

const TOKENS: &str = "input_tokens = \"0.000001\"\noutput_tokens = \"0.000005\"";

/// The five, in the order of the work that they do.
fn configuration(servers: [&FakeModelServer; 5]) -> String {
    let [down, writer, voice, images, stock] = servers;
    let base = |server: &FakeModelServer, rest: &str| {
        format!("base_url = \"{}\"\n{rest}", server.base_url())
    };
    let model = "model = \"writer\"";
    let spoken = "model = \"kokoro\"\nvoice = \"af_heart\"";
    let character = "characters = \"0.00004\"";
    let (image, request) = ("images = \"0.04\"", "requests = \"0.0015\"");
    [
        table("down", "script", "openai-chat", &base(down, model), TOKENS),
        table(
            "writer",
            "script",
            "anthropic-messages",
            &base(writer, model),
            TOKENS,
        ),
        table(
            "voice",
            "narrate",
            "elevenlabs",
            &base(voice, spoken),
            character,
        ),
        table(
            "images",
            "illustrate",
            "openai-images",
            &base(images, model),
            image,
        ),
        table("stock", "illustrate", "pexels", &base(stock, ""), request),
    ]
    .concat()
}

#[track_caller]
fn no_key_shows(place: &Place, ended: &Ended) {
    let output = format!("{}{}", ended.stdout, ended.stderr).into_bytes();
    let mut told = vec![("output".to_owned(), output)];
    files_under(&place.path(""), &mut told);
    assert!(told.len() > 20);
    for (name, bytes) in told.iter().filter(|(name, _)| !name.ends_with("/key")) {
        let mut places = bytes.windows(KEY.len());
        assert!(
            !places.any(|window| window == KEY.as_bytes()),
            "the key is in {name}"
        );
    }
}

#[test]
fn five_backends_make_a_video_though_two_fail_and_the_books_agree_to_the_micro_dollar() {
    let [down, writer, voice, images, stock] = [server(), server(), server(), server(), server()];
    down.fail_next(vec![Fault::RateLimited(vec![]); 20]);
    images.fail_next(vec![Fault::InsufficientQuota; 20]);
    writer.write_by(|asked| {
        assert_eq!(asked.format, "tool");
        short_words().to_string()
    });
    let place = Place::new();
    place.write("key", KEY);
    let servers = [&down, &writer, &voice, &images, &stock];
    place.write("ytempire.toml", configuration(servers));
    let ended = place
        .program(TOPIC)
        .arg("-vv")
        .arg("--tier=complex")
        .end()
        .good();
    let folder = place.path("out/topic");
    let quality = fs::read_to_string(folder.join("quality.json")).unwrap();
    assert!(quality.contains("\"verdict\": \"pass\""), "{quality}");
    let laid = receipt(&folder);
    assert!(laid.adds_up());
    let bill: i64 = servers.iter().map(|server| charged(&server.bill())).sum();
    assert_eq!((laid.cash.0, laid.unknown.0), (bill, 0), "{laid:#?}");
    for name in ["writer", "voice", "stock"] {
        let paid = laid
            .lines
            .iter()
            .any(|line| line.backend == name && !line.state.is_open());
        assert!(paid, "{name}: {laid:#?}");
    }
    assert!(
        charged(&stock.bill()) > 0 && images.bill().is_empty(),
        "{laid:#?}"
    );
    assert_eq!(faults(&place), Vec::<String>::new());
    let credits = fs::read_to_string(folder.join("credits.json")).unwrap();
    assert!(
        credits.contains("Pexels licence") && credits.contains("Photographer"),
        "{credits}"
    );
    let metadata = fs::read_to_string(folder.join("metadata.json")).unwrap();
    assert!(metadata.contains("Photographer 1"), "{metadata}");
    no_key_shows(&place, &ended);
    let asked: usize = servers.iter().map(|server| server.seen().len()).sum();
    place.program(TOPIC).arg("--tier=complex").end().good();
    let again: usize = servers.iter().map(|server| server.seen().len()).sum();
    assert_eq!(asked, again, "the same command pays for nothing twice");
}

#[test]
fn an_ear_times_the_words_and_a_library_shows_a_picture() {
    let speaker = speaking();
    let place = speaker.place();
    let library = place.path("library");
    fs::create_dir(&library).unwrap();
    fs::write(
        library.join("blue-whale.png"),
        png(1920, 1080, [20, 60, 200]),
    )
    .unwrap();
    fs::write(
        library.join("blue-whale.toml"),
        "tags = [\"whale\", \"sea\"]\nauthor = \"Ada\"\nlicence = \"CC-BY-4.0\"\n",
    )
    .unwrap();
    let listener = table(
        "ear",
        "narrate",
        "openai-transcription",
        &format!(
            "base_url = \"{}\"\nmodel = \"kokoro\"",
            speaker.0.base_url()
        ),
        "audio_seconds = \"0.0001003\"",
    );
    let shelf = format!(
        "[[backend]]\nname = \"shelf\"\nstage = \"illustrate\"\nkind = \"library\"\nfolder = {library:?}\n"
    );
    place.write(
        "ytempire.toml",
        format!("{}{listener}{shelf}", speaker.configuration()),
    );
    place
        .program(["make", "whale.toml", "--tier", "complex"])
        .end()
        .good();
    let laid = receipt(&place.path("out/whale"));
    let mut heard = speaker.0.bill();
    heard.retain(|line| line.audio_seconds > 0);
    assert_eq!(heard.len(), 1);
    assert_eq!(laid.cash.0, speaker.bill() + charged(&heard), "{laid:#?}");
    let credits = fs::read_to_string(place.path("out/whale/credits.json")).unwrap();
    assert!(
        credits.contains("Ada") && credits.contains("CC-BY-4.0"),
        "{credits}"
    );
}

#[test]
fn a_made_picture_is_billed_by_its_tokens_and_a_spoiled_one_gives_way_to_the_next() {
    let (spoiled, images) = (server(), server());
    // It is charged, and no picture.
    spoiled.paint_by(|_| b"#EXTM3U\nhttp://127.0.0.1/x".to_vec());
    let place = Place::new();
    place.write("key", KEY);
    let of = |server: &FakeModelServer, name: &str| {
        let rest = format!(
            "base_url = \"{}\"\nmodel = \"gpt-image-2\"\noutput_tokens_max = 2000",
            server.base_url()
        );
        table(name, "illustrate", "openai-images", &rest, TOKENS)
    };
    let tables = [of(&spoiled, "spoiled"), of(&images, "images")].concat();
    place.write("ytempire.toml", tables);
    place.write("whale.toml", TINY);
    let made = ["make", "whale.toml", "--tier", "complex"];
    place.program(made).end().good();
    let folder = place.path("out/whale");
    let laid = receipt(&folder);
    // These have no price by the piece.
    let mut bill = [spoiled.bill(), images.bill()].concat();
    for line in &mut bill {
        line.images = 0;
    }
    assert_eq!(bill.len(), 2);
    assert_eq!(
        (laid.cash.0, laid.unknown.0),
        (charged(&bill), 0),
        "{laid:#?}"
    );
    let metadata = fs::read_to_string(folder.join("metadata.json")).unwrap();
    assert!(
        metadata.contains("\"contains_synthetic_media\": true"),
        "{metadata}"
    );
    let credits = fs::read_to_string(folder.join("credits.json")).unwrap();
    assert!(credits.contains("made by gpt-image-2"), "{credits}");

    // A budget without room for one shows cards and says so.
    place.write(
        "small.toml",
        TINY.replace("The blue whale", "The small whale"),
    );
    let small = [
        "make",
        "small.toml",
        "--tier",
        "complex",
        "--budget",
        "0.02",
    ];
    let ended = place.program(small).end().good();
    assert!(
        ended.stderr.contains("pictures are bought for 0 scenes"),
        "{ended}"
    );
    assert_eq!(images.bill().len(), 1);
}
