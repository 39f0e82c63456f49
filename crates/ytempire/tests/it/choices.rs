//! What stages use: the best that the budget allows, and told why.

use serde_json::Value;

use crate::place::Place;

const BACKENDS: &str = r#"
[[backend]]
name = "small-writer"
stage = "script"
kind = "openai-chat"
base_url = "http://127.0.0.1:1/v1"
model = "small"
quality = 50
price = { input_tokens = "0.0000001", output_tokens = "0.0000005" }

[[backend]]
name = "large-writer"
stage = "script"
kind = "openai-chat"
base_url = "http://127.0.0.1:1/v1"
model = "large"
quality = 90
price = { input_tokens = "0.000004", output_tokens = "0.00002" }

[[backend]]
name = "plain-voice"
stage = "narrate"
kind = "openai-speech"
base_url = "http://127.0.0.1:1/v1"
model = "tts"
voice = "alloy"
quality = 60
price = { characters = "0.000015" }

[[backend]]
name = "rich-voice"
stage = "narrate"
kind = "openai-speech"
base_url = "http://127.0.0.1:1/v1"
model = "tts-hd"
voice = "alloy"
tier = "premium"
quality = 95
price = { characters = "0.00004" }

[[backend]]
name = "painter"
stage = "illustrate"
kind = "openai-images"
base_url = "http://127.0.0.1:1/v1"
model = "image"
quality = 80
price = { images = "0.0103" }
"#;

/// The plan of the video that is submitted by these options.
fn plan(place: &Place, options: &str) -> Value {
    let line = format!("video submit --topic whales {options}");
    place.run(line.split_whitespace()).good();
    let shown = place.run(["video", "show", "last", "--json"]).good();
    serde_json::from_str::<Value>(&shown.stdout).unwrap()["plan"].take()
}

fn chosen(plan: &Value) -> Vec<String> {
    let stages = plan["stages"].as_array().unwrap().iter();
    stages
        .map(|of| of["chosen"]["name"].as_str().unwrap().to_owned())
        .collect()
}

fn why(plan: &Value, name: &str) -> String {
    let stages = plan["stages"].as_array().unwrap().iter();
    let rejected = stages.flat_map(|of| of["rejected"].as_array().unwrap());
    let mut named = rejected.filter(|way| way["name"] == name);
    let way = named
        .next()
        .unwrap_or_else(|| panic!("{name} isn't rejected: {plan:#}"));
    way["why"].as_str().unwrap().to_owned()
}

#[test]
fn money_buys_quality_and_the_plan_says_why() {
    let place = Place::new();
    place.write("ytempire.toml", BACKENDS);

    let simple = plan(&place, "--tier simple");
    assert_eq!(chosen(&simple)[1..], ["embedded voice", "drawn cards"]);
    assert!(why(&simple, "plain-voice").contains("for tier complex"));

    let premium = plan(&place, "--tier premium");
    let names = chosen(&premium);
    assert_eq!(names[..2], ["large-writer", "rich-voice"], "{premium:#}");
    assert!(
        why(&premium, "small-writer").contains("less good"),
        "{premium:#}"
    );

    let complex = plan(&place, "--tier complex");
    assert_eq!(chosen(&complex)[1], "plain-voice");
    assert!(why(&complex, "rich-voice").contains("for tier premium"));

    let poor = plan(&place, "--tier premium --budget 1.40");
    assert_ne!(chosen(&poor), names, "less money buys less");
    for plan in [&simple, &premium, &complex, &poor] {
        let amount = |key: &str| plan[key].as_i64().unwrap();
        assert!(
            amount("worst") + amount("reserve") <= amount("budget"),
            "{plan:#}"
        );
        assert!(amount("expected") <= amount("aim"), "{plan:#}");
    }
    assert!(poor["expected"].as_i64() < premium["expected"].as_i64());

    let table = place.run(["video", "show", "last", "--plan"]).good().stdout;
    for word in ["rich-voice", "painter", "why not", "kept back", "$1.40"] {
        assert!(table.contains(word), "{word} is missing:\n{table}");
    }
}

/// Scenes whose texts differ.
fn script(scenes: usize) -> String {
    let scene = |n: usize| format!("## Whale number {n}\n\nWhale {n} sings in the deep sea.\n\n");
    let scenes: String = (1..=scenes).map(scene).collect();
    format!("title = \"Whales\"\ntier = \"complex\"\nscript = '''\n{scenes}'''\n")
}

#[test]
fn as_many_pictures_are_bought_as_there_is_money_for() {
    let place = Place::new();
    place.write("ytempire.toml", BACKENDS);
    place.write("whales.toml", script(12));
    let pictures = |options: &str| {
        let line = format!("video submit whales.toml {options}");
        place.run(line.split_whitespace()).good();
        let shown = place.run(["video", "show", "last", "--json"]).good();
        let plan = serde_json::from_str::<Value>(&shown.stdout).unwrap()["plan"].take();
        chosen(&plan)[1].clone()
    };
    assert_eq!(pictures(""), "painter, for up to 12 scenes");
    assert_eq!(pictures("--budget 0.33"), "painter, for up to 9 scenes");
    assert_eq!(pictures("--budget 0.20"), "drawn cards");
}

#[test]
fn what_fits_in_no_way_is_refused_with_the_amounts() {
    let place = Place::new();
    place.write("ytempire.toml", BACKENDS);
    let line = "video submit --topic whales --tier premium --budget 0.01";
    place
        .run(line.split_whitespace())
        .refused(3, "YT0101", &["$0.01", "--budget"]);
    let listed = place.run(["video", "list", "--json"]).good();
    assert!(listed.json_lines().is_empty(), "nothing was accepted");
}
