use secrecy::ExposeSecret;

use super::*;

const SPEECH: &str = r#"
    name = "kokoro"
    stage = "narrate"
    kind = "openai-speech"
    base_url = "http://127.0.0.1:8880/v1"
    model = "kokoro"
    voice = "af_heart"
    tier = "simple"
    [price]
    characters = "0"
"#;

const CHAT: &str = r#"
    name = "writer"
    stage = "script"
    kind = "openai-chat"
    base_url = "https://api.openai.com/v1"
    model = "gpt-6-luna"
    api_key_env = "OPENAI_API_KEY"
    [price]
    input_tokens = "0.0000001"
    output_tokens = "0.0000005"
"#;

fn read(text: &str) -> Result<BackendTable, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

/// The table `text` with one line replaced or, where `key` is new, put before the prices.
fn with(text: &str, key: &str, line: &str) -> BackendTable {
    let (head, prices) = text.split_once("[price]").unwrap();
    let kept: Vec<_> = head
        .lines()
        .filter(|old| !old.trim_start().starts_with(&format!("{key} =")))
        .collect();
    let text = format!("{}\n{line}\n[price]{prices}", kept.join("\n"));
    read(&text).unwrap()
}

#[test]
fn the_tables_of_the_guide_become_backends() {
    let speech = read(SPEECH).unwrap().backend(None).unwrap();
    assert_eq!(
        (speech.name.as_str(), speech.voice.as_deref()),
        ("kokoro", Some("af_heart"))
    );
    assert_eq!(speech.prices.of("characters").unwrap().0, Decimal::ZERO);
    assert_eq!(speech.speed_percent, 100);

    let chat = read(CHAT).unwrap();
    assert_eq!(chat.tier, Tier::Complex);
    let chat = chat.backend(Some("sk-1".into())).unwrap();
    assert_eq!(chat.output_limit, OutputLimit::MaxCompletionTokens);
    assert_eq!(chat.api_key.unwrap().expose_secret(), "sk-1");
    assert_eq!(
        chat.prices.of("input_tokens").unwrap().0.to_string(),
        "0.0000001"
    );
}

#[test]
fn a_table_reads_back_as_it_was_written() {
    for text in [SPEECH, CHAT] {
        let table = read(text).unwrap();
        assert_eq!(read(&toml::to_string(&table).unwrap()).unwrap(), table);
    }
}

#[test]
fn unknown_keys_and_inexact_prices_are_refused() {
    let text = SPEECH.replace("voice =", "voise =");
    assert!(read(&text).unwrap_err().contains("voise"));
    let text = SPEECH.replace("characters = \"0\"", "characters = 0.000015");
    assert!(read(&text).is_err(), "a float is not an exact price");
    let text = SPEECH.replace("characters = \"0\"", "letters = \"0\"");
    assert!(read(&text).unwrap_err().contains("letters"));
}

/// A table, the key that is replaced, its new line, and how the complaint begins.
const WRONG: &[(&str, &str, &str, &str)] = &[
    (SPEECH, "name", "name = \"Ko koro\"", "name"),
    (SPEECH, "stage", "stage = \"script\"", "stage"),
    (SPEECH, "stage", "stage = \"compose\"", "stage"),
    (SPEECH, "voice", "", "voice is missing"),
    (SPEECH, "voice", "voice = \" \"", "voice is missing"),
    (SPEECH, "model", "model = \"\"", "model is missing"),
    (
        SPEECH,
        "base_url",
        "base_url = \"127.0.0.1:8880\"",
        "base_url",
    ),
    (
        SPEECH,
        "base_url",
        "base_url = \"ftp://h/v1\"",
        "base_url must begin",
    ),
    (
        SPEECH,
        "base_url",
        "base_url = \"file:///v1\"",
        "base_url must begin",
    ),
    (
        SPEECH,
        "base_url",
        "base_url = \"http://u:p@h/v1\"",
        "base_url must not hold",
    ),
    (
        SPEECH,
        "base_url",
        "base_url = \"http://h/v1?k=1\"",
        "base_url must end",
    ),
    (SPEECH, "speed", "speed = \"5\"", "speed must be"),
    (SPEECH, "speed", "speed = \"fast\"", "speed must be"),
    (
        SPEECH,
        "speed",
        "speed = \"99999999999999999999999999\"",
        "speed must be",
    ),
    (
        SPEECH,
        "characters_max",
        "characters_max = 5000",
        "characters_max must be",
    ),
    (SPEECH, "timeout_s", "timeout_s = 0", "timeout_s must be"),
    (
        SPEECH,
        "structured",
        "structured = \"plain\"",
        "structured means nothing",
    ),
    (CHAT, "voice", "voice = \"x\"", "voice means nothing"),
    (
        CHAT,
        "output_tokens_max",
        "output_tokens_max = 1",
        "output_tokens_max must be",
    ),
    (
        CHAT,
        "api_key_file",
        "api_key_file = \"/k\"",
        "api_key_env and api_key_file",
    ),
    (
        CHAT,
        "base_url",
        "base_url = \"http://api.example.org/v1\"",
        "base_url must begin",
    ),
    (CHAT, "tier", "tier = \"simple\"", "tier = \"simple\""),
];

#[test]
fn every_wrong_value_is_told_by_its_key() {
    for &(text, key, line, expected) in WRONG {
        let problem = with(text, key, line)
            .validate()
            .expect_err(line)
            .to_string();
        assert!(problem.starts_with(expected), "{line}: {problem}");
    }
}

#[test]
fn an_unknown_price_is_not_free() {
    let problem = |text: &str| read(text).unwrap().validate().unwrap_err();
    let without = SPEECH.split("[price]").next().unwrap();
    assert_eq!(problem(without), Problem::PriceMissing("characters"));
    let half = CHAT.replace("output_tokens = \"0.0000005\"", "");
    assert_eq!(problem(&half), Problem::PriceMissing("output_tokens"));
    let negative = SPEECH.replace("\"0\"", "\"-1\"");
    assert_eq!(problem(&negative), Problem::PriceNegative("characters"));
    let foreign = format!("{SPEECH}\ninput_tokens = \"0\"");
    assert_eq!(problem(&foreign), Problem::UselessPrice("input_tokens"));
}

#[test]
fn the_simple_tier_stays_on_the_own_net() {
    let line = "base_url = \"https://tts.example.org/v1\"";
    let problem = with(SPEECH, "base_url", line).validate();
    assert_eq!(problem, Err(Problem::TierCosts));
}

#[test]
fn a_name_is_given_once() {
    let (speech, chat) = (read(SPEECH).unwrap(), read(CHAT).unwrap());
    assert_eq!(validate_all(&[speech.clone(), chat.clone()]), Ok(()));
    let (name, problem) = validate_all(&[speech.clone(), chat, speech]).unwrap_err();
    assert_eq!(name, "kokoro");
    assert!(matches!(problem, Problem::Twice { .. }));
}

#[test]
fn every_example_of_the_guide_is_valid() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        backend: Vec<BackendTable>,
    }
    let guide = include_str!("../../../../docs/guide/backends.md");
    let examples: Vec<_> = guide.split("```toml\n").skip(1).collect();
    assert!(examples.len() >= 6);
    for example in examples {
        let example = example.split("```").next().unwrap();
        let file: File = toml::from_str(example).unwrap();
        assert_eq!(validate_all(&file.backend), Ok(()), "{example}");
    }
}

#[test]
fn a_key_that_is_named_must_be_there_and_one_that_is_not_is_not_sent() {
    let chat = read(CHAT).unwrap();
    assert_eq!(chat.backend(None).unwrap_err(), Problem::KeyMissing);
    assert_eq!(
        chat.backend(Some("".into())).unwrap_err(),
        Problem::KeyMissing
    );
    let speech = read(SPEECH).unwrap().backend(Some("stray".into())).unwrap();
    assert!(speech.api_key.is_none());
}

#[test]
fn a_key_travels_in_the_clear_on_the_own_net_only() {
    let hosts = [
        "127.0.0.1",
        "[::1]",
        "10.1.2.3",
        "192.168.1.7",
        "gpu",
        "gpu.lan",
        "localhost",
    ];
    for host in hosts {
        let line = format!("base_url = \"http://{host}:8000/v1\"");
        assert_eq!(with(CHAT, "base_url", &line).validate(), Ok(()), "{host}");
    }
    for host in ["8.8.8.8", "[2001:db8::1]", "gpu.example.org", "lan.example"] {
        let line = format!("base_url = \"http://{host}:8000/v1\"");
        let problem = with(CHAT, "base_url", &line).validate();
        assert!(
            matches!(problem, Err(Problem::KeyInTheClear { .. })),
            "{host}"
        );
    }
}

/// A table of a kind, with what only that kind needs.
fn of_kind(kind: &str, stage: &str, rest: &str, price: &str) -> String {
    format!("name = \"x\"\nstage = \"{stage}\"\nkind = \"{kind}\"\n{rest}\n[price]\n{price}")
}

#[test]
fn pictures_are_priced_by_the_piece_or_by_tokens_and_never_by_half() {
    let images = |price: &str| {
        let base = "base_url = \"http://localhost:1/v1\"\nmodel = \"m\"";
        let table = read(&of_kind("openai-images", "illustrate", base, price)).unwrap();
        table.validate()
    };
    assert_eq!(images("images = \"0.04\""), Ok(()));
    let both = "input_tokens = \"0\"\noutput_tokens = \"0\"";
    assert_eq!(images(both), Ok(()));
    for wrong in [
        "",
        "output_tokens = \"0\"",
        "images = \"0\"\noutput_tokens = \"0\"",
        "images = \"0\"\ninput_tokens = \"0\"\noutput_tokens = \"0\"",
    ] {
        assert!(matches!(images(wrong), Err(Problem::Meters(_))), "{wrong}");
    }
}

#[test]
fn each_kind_has_its_own_address_and_wants_what_it_needs() {
    let price = "requests = \"0\"";
    let pexels = read(&of_kind("pexels", "illustrate", "", price)).unwrap();
    let backend = pexels.backend(None).unwrap();
    assert_eq!(backend.base_url.to_string(), "https://api.pexels.com/v1");
    assert_eq!((backend.quality, backend.role()), (70, Role::Pictures));
    let rated = read(&of_kind("pexels", "illustrate", "quality = 12", price)).unwrap();
    assert_eq!(rated.backend(None).unwrap().quality, 12);

    let library = read(&of_kind("library", "illustrate", "folder = \"/p\"", "")).unwrap();
    assert!(library.backend(None).unwrap().folder.is_some());
    let key = "folder = \"/p\"\nbase_url = \"http://localhost\"";
    let library = read(&of_kind("library", "illustrate", key, "")).unwrap();
    assert_eq!(library.validate(), Err(Problem::Useless("base_url")));

    let comfy = "base_url = \"http://localhost:8188\"\ngraph_file = \"g.json\"";
    let comfy = read(&of_kind(
        "comfyui",
        "illustrate",
        comfy,
        "gpu_seconds = \"0\"",
    ))
    .unwrap();
    assert!(matches!(comfy.backend(None), Err(Problem::Graph(_))));
    assert!(matches!(
        comfy.backend_with(None, Some("{}")),
        Err(Problem::Graph(_))
    ));
    let graph = r#"{"1":{"class_type":"T","inputs":{"text":"{{prompt}}"}}}"#;
    assert!(
        comfy
            .backend_with(None, Some(graph))
            .unwrap()
            .graph
            .is_some()
    );
}

#[test]
fn an_expected_quote_is_never_above_the_worst() {
    let work = crate::Work {
        words: 1_200,
        characters: 7_000,
        scenes: 27,
        seconds: 480,
    };
    let price = Some(ytempire_core::UnitPrice(Decimal::ONE));
    let all = Prices {
        input_tokens: price,
        output_tokens: price,
        characters: price,
        images: price,
        audio_seconds: price,
        gpu_seconds: price,
        requests: price,
    };
    for spec in crate::KINDS {
        let base_url = BaseUrl::parse("http://localhost/v1").unwrap();
        let mut backend = Backend::new("x", spec.kind, base_url, "m");
        backend.prices = all;
        let (worst, expected) = (backend.worst(work), backend.expected(work));
        assert!(expected.usage.within(worst.usage), "{}", spec.name);
        assert!(expected.calls <= worst.calls, "{}", spec.name);
        assert!(
            spec.meters.is_empty() || worst.usage.meters().count() > 0,
            "{}",
            spec.name
        );
    }
}
