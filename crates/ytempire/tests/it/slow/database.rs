//! A video whose store is `PostgreSQL`.

use testkit::PostgresServer;

use super::TINY;
use crate::books::receipt;
use crate::place::{Place, Run};

#[test]
fn a_video_is_made_listed_and_accounted_for_in_postgresql() {
    let server = PostgresServer::start();
    let url = server.fresh();
    let place = Place::new();
    place.write("whale.toml", TINY);
    let on = |line: &str| -> Run {
        let run = place.program(line.split_whitespace());
        run.env("YTEMPIRE_DATABASE", &url)
    };
    on("migrate --check")
        .end()
        .refused(6, "YT0214", &["ytempire migrate"]);
    on("migrate").end().good();
    let checked = on("migrate --check").end().good();
    assert!(checked.stdout.contains("up to date"), "{checked}");

    let made = on("make whale.toml --json").end().good();
    assert_eq!(made.json_lines().pop().unwrap()["state"], "ready");
    assert!(receipt(&place.path("out/whale")).adds_up());
    let cost = on("cost last").end().good();
    assert!(cost.stdout.contains("compose"), "{cost}");
    let listed = on("list").end().good();
    assert!(listed.stdout.contains("The blue whale"), "{listed}");
    let cache = on("cache").end().good();
    assert!(!cache.stdout.starts_with("0 results"), "{cache}");
    let doctor = on("doctor --json").end();
    let rows = doctor.json_lines();
    let verdict =
        |name: &str| rows.iter().find(|row| row["name"] == name).unwrap()["verdict"].clone();
    for name in ["database", "server", "fsync", "clock", "libx264"] {
        assert_eq!(verdict(name), "good", "{doctor}");
    }
    // The same command finds the same video, in the database alone.
    on("make whale.toml --json --out again").end().good();
    assert_eq!(server.sql("SELECT count(*) FROM s0.videos"), "1");
    assert!(!place.data().join("ytempire.db").exists());
}
