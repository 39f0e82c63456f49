//! `ytempire serve` and `ytempire key`, before a frame is drawn.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::place::{Ended, Place, Running};

fn run(place: &Place, line: &str) -> Ended {
    place.run(line.split_whitespace())
}

/// Starts a server, and says where it is.
fn serve(place: &Place) -> (Running, String) {
    let line = "serve --no-work --listen 127.0.0.1:0";
    let mut running = place.program(line.split_whitespace()).start();
    running.until("serving on http://");
    let (_, rest) = running.said().split_once("http://").unwrap();
    let address = rest.split(';').next().unwrap().to_owned();
    (running, address)
}

/// Asks, and gives the status and the body.
fn ask(address: &str, (method, path): (&str, &str), key: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn a_video_is_ordered_over_http_and_is_the_one_of_the_command_line() {
    let place = Place::new();
    let (running, address) = serve(&place);
    assert_eq!(ask(&address, ("GET", "/readyz"), "", "").0, 200);
    let key = run(&place, "key add test --days 1").good().stdout;
    let key = key.trim();
    let order = json!({ "priority": 9, "brief": {
        "title": "The blue whale",
        "script": "## The blue whale\n\nWhales sing in the deep.\n" } });
    let order = order.to_string();
    let (status, accepted) = ask(&address, ("POST", "/v1/videos"), key, &order);
    assert_eq!(status, 202, "{accepted}");
    let quote = accepted["quote_micro_usd"].as_i64().unwrap();
    assert!((1..=3_000_000).contains(&quote), "{accepted}");
    let again = ask(&address, ("POST", "/v1/videos"), key, &order).1;
    assert_eq!(
        (&again["id"], &again["fresh"]),
        (&accepted["id"], &json!(false))
    );
    let listed = run(&place, "video list --json").good().json_lines();
    assert_eq!(listed[0]["id"], accepted["id"]);
    assert_eq!((listed.len(), &listed[0]["priority"]), (1, &json!(9)));

    let odd = order.replace("Whales", "\u{12000}");
    let (status, problem) = ask(&address, ("POST", "/v1/videos"), key, &odd);
    assert_eq!(
        (status, &problem["code"]),
        (422, &json!("YT0008")),
        "{problem}"
    );
    run(&place, &format!("key revoke {}", &key[..11])).good();
    assert_eq!(ask(&address, ("GET", "/v1/videos"), key, "").0, 401);
    run(&place, "key revoke yt_nobody").refused(2, "YT0509", &["key list"]);
    let taken = run(&place, &format!("serve --no-work --listen {address}"));
    taken.refused(4, "YT0510", &["--listen"]);
    running.signal(Signal::TERM);
    running.end().good();
}

#[test]
fn the_first_start_gives_a_key_once() {
    let place = Place::new();
    let mut keys: Vec<String> = Vec::new();
    for _ in 0..2 {
        let (running, address) = serve(&place);
        if let Some(key) = keys.first() {
            assert_eq!(ask(&address, ("GET", "/v1/queue"), key, "").0, 200);
            assert_eq!(ask(&address, ("GET", "/v1/keys"), key, "").0, 200);
        }
        running.signal(Signal::TERM);
        let told = running.end().good().stderr;
        let words = told.split_whitespace();
        keys.extend(
            words
                .filter(|word| word.starts_with("yt_"))
                .map(str::to_owned),
        );
    }
    assert_eq!(keys.len(), 1, "{keys:?}");
    let listed = run(&place, "key list").good().stdout;
    assert!(
        listed.contains("first start") && !listed.contains(&keys[0]),
        "{listed}"
    );
}
