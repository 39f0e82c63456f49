//! Channels: added, named by briefs and options, listed, removed.

use crate::place::{Ended, Place};

const BRIEF: &str = "title = \"The blue whale\"\nscript = '''\n## The blue whale\n\nWhales sing in \
                     the deep.\n'''\n";

/// Runs the program with the arguments of one line, parted by bars.
fn run(place: &Place, line: &str) -> Ended {
    place.run(line.split('|'))
}

#[test]
fn a_channel_is_named_by_brief_and_option_and_an_unknown_one_is_refused() {
    let place = Place::new();
    place.write("whale.toml", BRIEF);
    place.write("sea.toml", format!("channel = \"sea\"\n{BRIEF}"));
    let told = run(&place, "channel|list").good();
    assert!(told.stdout.contains("channel add"), "{told}");
    run(&place, "video|submit|sea.toml").refused(2, "YT0019", &["sea", "there are none"]);
    run(&place, "channel|add|sea|--zone|Asia/Tokyo").good();
    run(&place, "channel|add|space").good();
    run(&place, "channel|add|sea").refused(2, "YT0020", &["already"]);
    run(&place, "channel|add|mars|--zone|Mars/Olympus").refused(2, "YT0020", &["Berlin"]);
    run(&place, "channel|zone|Europe/Paris").good();
    let table = run(&place, "channel|list").good().stdout;
    assert!(
        table.contains("Asia/Tokyo") && table.contains("Europe/Paris, as its account"),
        "{table}"
    );
    let unknown = "video|submit|whale.toml|--channel|sae";
    run(&place, unknown).refused(2, "YT0019", &["\"sae\"", "\"sea\", \"space\""]);
    // The same video for another channel is another video.
    run(&place, "video|submit|sea.toml").good();
    run(&place, "video|submit|whale.toml").good();
    run(&place, "video|submit|whale.toml|--channel|space").good();
    run(
        &place,
        "schedule|add|whale.toml|--channel|space|--cron|0 3 * * *",
    )
    .good();
    let list = |filter: &str| {
        let line = format!("video|list|--json{filter}");
        run(&place, &line).good().json_lines().len()
    };
    assert_eq!((list(""), list("|--channel|sea")), (3, 1));
    run(&place, "channel|remove|space").good();
    run(&place, "video|list|--channel|space").refused(2, "YT0019", &["\"sea\""]);
    run(&place, "schedule|run-now|whale").refused(2, "YT0019", &["not there any more"]);
}
