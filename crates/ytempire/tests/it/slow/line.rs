//! The line: videos queued by one command and made by others, through deaths, halts and restarts.

use std::fs;
use std::os::unix::net::UnixListener;

use rustix::process::Signal;
use testkit::PostgresServer;

use super::TINY;
use crate::books::receipt;
use crate::place::{Place, Run, Running};

/// A place whose program uses a database of its own on `server`, if there is one.
struct Line {
    place: Place,
    url: Option<String>,
}

impl Line {
    fn new(server: Option<&PostgresServer>) -> Self {
        let place = Place::new();
        for name in ["whale", "shark", "squid"] {
            let text = TINY.replace("blue whale", &format!("{name} of the deep"));
            place.write(format!("{name}.toml"), text);
        }
        Self {
            place,
            url: server.map(PostgresServer::fresh),
        }
    }

    fn run(&self, line: &str) -> Run {
        let run = self.place.program(line.split_whitespace());
        match &self.url {
            Some(url) => run.env("YTEMPIRE_DATABASE", url),
            None => run,
        }
    }

    /// A node, once it has joined.
    fn node(&self) -> Running {
        self.node_with_a_clock_ahead_by(0)
    }

    fn node_with_a_clock_ahead_by(&self, seconds: i64) -> Running {
        let run = self.run("work --slots 1");
        let running = run.env("YTEMPIRE_CLOCK_SHIFT", seconds.to_string()).start();
        let joined = || {
            let listed = self.run("node list --json").end().good().stdout;
            listed.contains(&format!("(process {})", running.id()))
        };
        while !joined() {
            std::thread::yield_now();
        }
        running
    }

    fn states(&self) -> Vec<String> {
        let listed = self.run("video list --json").end().good();
        let state = |video: &serde_json::Value| video["state"].as_str().unwrap().to_owned();
        listed.json_lines().iter().map(state).collect()
    }

    /// Follows every video to its end.
    fn to_the_end(&self) {
        for video in self.run("video list --json").end().good().json_lines() {
            let id = video["id"].as_str().unwrap();
            self.run(&format!("video watch {id}")).end().good();
        }
    }
}

/// A node that starts before its database, as at a power cut of the whole house, waits for it.
#[test]
fn a_node_waits_for_a_database_that_is_away() {
    let server = PostgresServer::start();
    let line = Line::new(Some(&server));
    line.run("migrate").end().good();
    server.crash();
    let running = {
        let hangs_up = UnixListener::bind(server.socket()).unwrap();
        let running = line.run("work --slots 1").start();
        for _ in 0..3 {
            drop(hangs_up.accept().unwrap());
        }
        running
    };
    fs::remove_file(server.socket()).unwrap();
    server.restart();
    server.wait_for("SELECT count(*) = 1 FROM s0.nodes");
    running.signal(Signal::TERM);
    let ended = running.end().good();
    assert!(ended.stderr.contains("waiting for the database"), "{ended}");
    let locks = fs::read_dir(line.place.data().join("nodes")).unwrap();
    assert_eq!(locks.count(), 0);
}

/// All nodes go by the database's clock.
#[test]
fn nodes_whose_clocks_are_hours_wrong_take_nobodys_job_away() {
    let server = PostgresServer::start();
    let line = Line::new(Some(&server));
    let nodes = [7_200, -7_200].map(|seconds| line.node_with_a_clock_ahead_by(seconds));
    line.run("video submit whale.toml shark.toml").end().good();
    line.to_the_end();
    for node in nodes {
        node.signal(Signal::TERM);
        node.end().good();
    }
    assert_eq!(line.states(), ["ready"; 2]);
    let ends = server.sql("SELECT DISTINCT outcome FROM s0.attempts");
    assert_eq!(ends, "completed");
}

/// What the issue of a production line is about, small: three videos, two nodes, one of which is
/// killed, and a database that is restarted under both.
#[test]
fn videos_come_out_though_a_node_is_killed_and_the_database_restarted() {
    let server = PostgresServer::start();
    let line = Line::new(Some(&server));
    let submitted = line
        .run("video submit whale.toml shark.toml squid.toml --json")
        .end()
        .good();
    assert_eq!(submitted.json_lines().len(), 3);
    assert!(submitted.stderr.contains("ytempire work"), "{submitted}");
    let (doomed, survivor) = (line.node(), line.node());
    let first = submitted.json_lines()[0]["id"].as_str().unwrap().to_owned();
    let mut watching = line.run(&format!("video watch {first} --json")).start();
    watching.until("\"stage\":\"narrate\",\"kind\":\"job.completed\"");
    doomed.signal(Signal::KILL);
    assert_eq!(doomed.end().signal(), Some(9));
    server.crash_and_restart();
    watching.end();
    line.to_the_end();
    assert_eq!(line.states(), ["ready"; 3]);
    let exported = line.run("video export --out videos").end().good();
    for folder in exported.stdout.lines() {
        assert!(line.place.path(folder).join("video.mp4").is_file());
        assert!(receipt(&line.place.path(folder)).adds_up());
    }
    assert_eq!(exported.stdout.lines().count(), 3);
    survivor.signal(Signal::TERM);
    let left = survivor.end();
    assert!(left.status.success(), "{left}");
    let open = "SELECT count(*) FROM s0.transfers WHERE state IN ('pending', 'sent')";
    assert_eq!(server.sql(open), "0");
    assert_eq!(server.sql("SELECT count(*) FROM s0.nodes"), "0");
}

#[test]
fn a_halted_line_is_obeyed_after_a_restart_and_goes_on_when_resumed() {
    let line = Line::new(None);
    line.run("queue halt --reason fire").end().good();
    let told = line.run("video submit whale.toml").end().good();
    assert!(told.stderr.contains("queue resume"), "{told}");
    let node = line.node();
    let status = line.run("queue status").end().good().stdout;
    assert!(status.contains("halted since"), "{status}");
    assert!(
        status.contains("fire") && status.contains("1 queued"),
        "{status}"
    );
    assert_eq!(line.states(), ["queued"]);
    line.run("queue resume").end().good();
    line.to_the_end();
    assert_eq!(line.states(), ["ready"]);
    // Told to leave by the store, not by a signal.
    line.run("queue drain").end().good();
    assert!(node.end().status.success());
    line.run("node drain 0")
        .end()
        .refused(2, "YT0014", &["node list"]);
}

#[test]
fn a_cancelled_video_stops_and_a_retry_makes_it() {
    let line = Line::new(None);
    line.run("video submit whale.toml").end().good();
    let node = line.node();
    let mut watching = line.run("video watch last --json").start();
    watching.until("\"stage\":\"narrate\",\"kind\":\"job.completed\"");
    line.run("video cancel last").end().good();
    watching.end();
    assert_eq!(line.states(), ["cancelled"]);
    line.run("video retry last --priority 9").end().good();
    line.run("video watch last").end().good();
    assert_eq!(line.states(), ["ready", "cancelled"]);
    let shown = line.run("video show last").end().good().stdout;
    assert!(
        shown.contains("priority 9") && shown.contains("compose"),
        "{shown}"
    );
    // What the cancelled one had narrated was not narrated again.
    let cost = line.run("cost last").end().good().stdout;
    assert!(
        cost.lines()
            .any(|l| l.contains("narrate") && l.contains("cache")),
        "{cost}"
    );
    node.signal(Signal::TERM);
    assert!(node.end().status.success());
}

#[test]
fn a_full_line_says_so_and_a_stranger_is_told() {
    let line = Line::new(None);
    line.run("video submit whale.toml shark.toml squid.toml --waiting-max 2")
        .end()
        .refused(8, "YT0216", &["2 videos wait"]);
    assert_eq!(line.states(), ["queued", "queued"]);
    for command in ["show", "watch", "cancel", "retry", "export"] {
        line.run(&format!("video {command} ffff"))
            .end()
            .refused(2, "YT0013", &["video list"]);
    }
    line.run("video retry last")
        .end()
        .refused(2, "YT0016", &["queued"]);
    let empty = line.run("node list").end().good();
    assert!(empty.stdout.contains("ytempire work"), "{empty}");
}

/// What comes before the stage is taken from the cache, what follows from it is done anew; a deleted
/// video's money stays in the sums.
#[test]
fn a_retry_from_a_stage_makes_what_follows_again_and_the_books_outlive_both() {
    let line = Line::new(None);
    line.run("video submit whale.toml").end().good();
    let node = line.node();
    line.run("video watch last").end().good();
    let first = line.run("cost --json").end().good().stdout;
    line.run("video retry last --from compose --json")
        .end()
        .good();
    line.run("video watch last").end().good();
    assert_eq!(line.states(), ["ready", "ready"]);
    let receipt: serde_json::Value = {
        let text = line.run("cost last --json").end().good().stdout;
        serde_json::from_str(&text).unwrap()
    };
    let from_cache = |stage: &str| {
        let lines = receipt["lines"].as_array().unwrap().iter();
        let of = lines.filter(|line| line["stage"] == stage);
        of.map(|line| line["backend"] == "cache")
            .collect::<Vec<_>>()
    };
    for (stage, cached) in [("narrate", true), ("illustrate", true), ("thumbnail", true)] {
        assert!(
            from_cache(stage).iter().all(|is| *is == cached),
            "{stage}: {receipt:#}"
        );
    }
    for stage in ["compose", "assemble"] {
        assert!(!from_cache(stage).is_empty(), "{first}");
        assert!(
            from_cache(stage).iter().all(|is| !is),
            "{stage}: {receipt:#}"
        );
    }
    let sums = || line.run("cost --days 2").end().good().stdout;
    let before = sums();
    let deleted = line.run("video delete --all --yes").end().good();
    assert_eq!(deleted.stdout.lines().count(), 2, "{deleted}");
    assert_eq!(sums(), before);
    assert!(line.states().is_empty());
    // What they made is still there for others.
    line.run("video submit whale.toml").end().good();
    line.run("video watch last").end().good();
    node.signal(Signal::TERM);
    assert!(node.end().status.success());
}
