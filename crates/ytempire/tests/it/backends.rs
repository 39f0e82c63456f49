//! `ytempire backend`: what is configured, whether it answers, and a first small call.

use testkit::{FakeModelServer, Fault, ModelServerOptions, png};

use crate::place::Place;

const KEY: &str = "sk-canary-5d21c07be9a3f846";

fn place(server: &FakeModelServer) -> Place {
    let place = Place::new();
    place.write("key", KEY);
    let base = server.base_url();
    place.write(
        "ytempire.toml",
        format!(
            "[[backend]]\nname = \"claude\"\nstage = \"script\"\nkind = \"anthropic-messages\"\n\
             base_url = \"{base}\"\nmodel = \"writer\"\napi_key_file = \"key\"\n[backend.price]\n\
             input_tokens = \"0.000001\"\noutput_tokens = \"0.000005\"\n\n\
             [[backend]]\nname = \"pictures\"\nstage = \"illustrate\"\nkind = \"openai-images\"\n\
             base_url = \"{base}\"\nmodel = \"gone\"\napi_key_file = \"key\"\nquality = 81\n\
             [backend.price]\nimages = \"0.04\"\n\n\
             [[backend]]\nname = \"voice\"\nstage = \"narrate\"\nkind = \"elevenlabs\"\n\
             base_url = \"{base}\"\nmodel = \"kokoro\"\nvoice = \"af_heart\"\napi_key_file = \"key\"\n\
             [backend.price]\ncharacters = \"0\"\n"
        ),
    );
    place
}

fn server() -> FakeModelServer {
    let server = FakeModelServer::start_with(ModelServerOptions {
        api_key: Some(KEY.to_owned()),
        ..ModelServerOptions::default()
    });
    server.paint_by(|_| png(64, 36, [9, 9, 9]));
    server
}

#[test]
fn a_list_shows_what_is_configured_and_no_key() {
    let server = server();
    let place = place(&server);
    let listed = place.run(["backend", "list", "--json"]).good();
    let lines = listed.json_lines();
    assert_eq!(lines[0]["kind"], "anthropic-messages");
    assert_eq!(lines[0]["price"]["output_tokens"], "0.000005");
    assert_eq!(
        (&lines[0]["quality"], &lines[1]["quality"]),
        (&75.into(), &81.into())
    );
    let table = place.run(["backend", "list"]).good();
    assert!(table.stdout.contains("$0.04 images"), "{table}");
    assert!(!format!("{listed}{table}").contains("canary"));
    assert!(server.seen().is_empty());
}

#[test]
fn a_check_asks_each_for_nothing_and_tells_who_is_not_ready() {
    let mut server = server();
    let place = place(&server);
    place.run(["backend", "check", "claude"]).good();
    // The fake has no list of models in the shape of ElevenLabs.
    let checked = place.run(["backend", "check", "claude", "pictures"]);
    assert!(checked.stdout.contains("ok   claude"), "{checked}");
    assert!(checked.stdout.contains("no model \"gone\""), "{checked}");
    checked.refused(4, "YT0206", &["pictures"]);
    assert!(server.bill().is_empty());
    place.write("key", "sk-wrong-0123456789");
    let refused = place.run(["backend", "check", "claude"]);
    assert!(
        refused.stdout.contains("401") && !refused.stdout.contains("wrong"),
        "{refused}"
    );
    server.stop();
    let down = place.run(["backend", "check", "claude", "--json"]);
    assert_eq!(down.json_lines()[0]["ok"], false);
}

#[test]
fn a_test_says_its_price_first_and_pays_only_when_told_to() {
    let server = server();
    let place = place(&server);
    let asked = place.run(["backend", "test", "pictures"]);
    assert!(
        asked.stdout.contains("$0.04") && asked.stdout.contains("at worst"),
        "{asked}"
    );
    assert!(server.seen().is_empty(), "nobody said yes");
    let made = place.run(["backend", "test", "pictures", "--yes"]).good();
    assert!(made.stdout.contains("it cost $0.04"), "{made}");
    server.fail_next([Fault::Says("{}".to_owned())]);
    place.run(["backend", "test", "claude", "--yes"]).good();
    assert_eq!(server.bill().len(), 2);
    // Free: nobody has to be asked.
    let spoken = place.run(["backend", "test", "voice"]).good();
    assert!(
        spoken.stdout.contains("when 2 words are spoken"),
        "{spoken}"
    );
    server.fail_next([Fault::InsufficientQuota]);
    place
        .run(["backend", "test", "pictures", "--yes"])
        .refused(4, "YT0219", &["quota"]);
    place
        .run(["backend", "test", "nobody"])
        .refused(2, "YT0012", &["nobody", "claude"]);
}
