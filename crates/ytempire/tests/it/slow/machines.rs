//! Nodes on different machines: a database and a bucket are all that they share.

use rustix::process::Signal;
use testkit::{PostgresServer, S3Server};

use super::TINY;
use crate::place::{Place, Run};

/// Places with data folders of their own, as on machines of their own.
struct Fleet {
    server: PostgresServer,
    url: String,
    places: Vec<Place>,
}

impl Fleet {
    fn of(machines: usize, bucket: &S3Server) -> Self {
        let server = PostgresServer::start();
        let url = server.fresh();
        let configuration = format!(
            "[depot]\nurl = \"s3://{}/artifacts\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
             access_key_file = \"depot.key\"\n",
            S3Server::BUCKET,
            bucket.endpoint(),
            S3Server::KEY_ID
        );
        let place = || {
            let place = Place::new();
            place.write("depot.key", S3Server::KEY);
            place.write("ytempire.toml", &configuration);
            place
        };
        Self {
            server,
            url,
            places: (0..machines).map(|_| place()).collect(),
        }
    }

    fn run(&self, machine: usize, line: &str) -> Run {
        let run = self.places[machine].program(line.split_whitespace());
        run.env("YTEMPIRE_DATABASE", &self.url)
    }
}

#[test]
fn a_video_is_made_by_two_machines_and_exported_on_a_third() {
    let bucket = S3Server::start();
    let fleet = Fleet::of(3, &bucket);
    let scenes = "## A whale\n\nWhales sing in the deep.\n\n".repeat(6);
    let brief = TINY.replace("## The blue whale\n\nWhales sing in the deep.\n", &scenes);
    fleet.places[2].write("whale.toml", brief);
    fleet.run(2, "migrate").end().good();
    let nodes = [0, 1].map(|machine| fleet.run(machine, "work --slots 1").start());
    fleet.server.wait_for("SELECT count(*) = 2 FROM s0.nodes");
    fleet.run(2, "video submit whale.toml").end().good();
    fleet.run(2, "video watch last").end().good();
    let workers = "SELECT count(DISTINCT node_id) FROM s0.attempts WHERE outcome = 'completed'";
    assert_eq!(fleet.server.sql(workers), "2");
    let exported = fleet.run(2, "video export last --out videos").end().good();
    let folder = fleet.places[2].path(exported.stdout.trim());
    assert!(folder.join("video.mp4").is_file(), "{exported}");

    // A machine that comes later finds all of it in the bucket.
    for node in &nodes {
        node.signal(Signal::TERM);
    }
    for node in nodes {
        node.end().good();
    }
    let ends = fleet.server.sql("SELECT DISTINCT outcome FROM s0.attempts");
    assert_eq!(ends, "completed");
}

#[test]
fn a_bucket_that_is_away_is_told_and_what_was_made_is_not_lost() {
    let mut bucket = S3Server::start();
    let fleet = Fleet::of(1, &bucket);
    fleet.places[0].write("whale.toml", TINY);
    let doctor = fleet.run(0, "doctor --json").end();
    let verdict = |ended: &crate::place::Ended| -> serde_json::Value {
        let rows = ended.json_lines();
        rows.iter().find(|row| row["name"] == "depot").unwrap()["verdict"].clone()
    };
    assert_eq!(verdict(&doctor), "good", "{doctor}");
    bucket.stop();
    let doctor = fleet.run(0, "doctor --json").end();
    assert_eq!(verdict(&doctor), "bad", "{doctor}");
}
