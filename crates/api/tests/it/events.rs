//! `/v1/events` and `/v1/videos/{id}/events`, as streams.

use std::time::Duration;

use reqwest::Response;

use crate::place::{Place, refused};

/// A stream, read event by event.
pub(crate) struct Stream {
    response: Response,
    text: String,
}

/// What was told: its id, its kind, and about which video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    id: String,
    kind: String,
    video: String,
}

impl Stream {
    async fn open(place: &Place, path: &str, last: Option<&str>) -> Self {
        let mut ask = place.ask("GET", path).header("accept", "text/event-stream");
        if let Some(last) = last {
            ask = ask.header("last-event-id", last);
        }
        let response = ask.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = String::new();
        Self { response, text }
    }

    /// The next event; `None` where the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::to_owned)
                };
                let Some(data) = field("data: ") else {
                    continue;
                };
                let data: serde_json::Value = serde_json::from_str(&data).unwrap();
                assert_eq!(data["seq"].to_string(), field("id: ").unwrap());
                return Some(Told {
                    id: field("id: ").unwrap(),
                    kind: field("event: ").unwrap(),
                    video: data["video"].as_str().unwrap().to_owned(),
                });
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk());
            let chunk = chunk
                .await
                .expect("a stream that should tell is silent")
                .unwrap()?;
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
    }

    async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(self.next().await.unwrap().kind);
        }
        kinds
    }
}

pub(crate) async fn a_stream_tells_what_happens(place: &Place) {
    let mut all = Stream::open(place, "/v1/events", None).await;
    let id = place.order("Whales").await;
    let mut one = Stream::open(place, &format!("/v1/videos/{id}/events"), None).await;
    let other = place.order("Sharks").await;
    let first = all.next().await.unwrap();
    assert_eq!(
        (first.kind.as_str(), first.video.as_str()),
        ("video.queued", id.as_str())
    );
    assert_eq!(all.next().await.unwrap().video, other);
    assert_eq!(
        one.next().await.unwrap(),
        first,
        "of a video from its beginning"
    );
    place.finish_one().await;
    let rest = ["video.running", "job.completed", "video.ready"];
    assert_eq!(all.kinds(3).await, rest);
    assert_eq!(one.kinds(3).await, rest);
    let page = place.get("/v1/events?after=0&limit=2").await;
    assert_eq!(page["events"].as_array().unwrap().len(), 2);
    assert_eq!(page["events"][0]["seq"].to_string(), first.id);
    let rest = place
        .get(&format!("/v1/events?after={}", page["upto"]))
        .await;
    assert_eq!(rest["events"].as_array().unwrap().len(), 3);
    let odd = place.ask("GET", "/v1/events").header("last-event-id", "x");
    refused(odd.send().await.unwrap(), 400, "YT0504").await;
}

pub(crate) async fn whoever_comes_again_misses_nothing_and_hears_nothing_twice(place: &Place) {
    let mut wanted = Vec::new();
    for n in 0..4 {
        wanted.push(place.order(&format!("Before {n}")).await);
    }
    let mut heard: Vec<Told> = Vec::new();
    let mut stream = Stream::open(place, "/v1/events?after=0", None).await;
    for n in 0..20 {
        wanted.push(place.order(&format!("Whale {n}")).await);
        if n % 3 == 2 {
            // Cut off in the middle of what comes; it comes again with what it heard last.
            heard.push(stream.next().await.unwrap());
            let last = heard.last().unwrap().id.clone();
            stream = Stream::open(place, "/v1/events", Some(&last)).await;
        }
    }
    while heard.len() < wanted.len() {
        heard.push(stream.next().await.unwrap());
    }
    let videos: Vec<String> = heard.into_iter().map(|told| told.video).collect();
    assert_eq!(videos, wanted);
    place.finish_one().await;
    assert_eq!(stream.next().await.unwrap().kind, "video.running");
}

pub(crate) async fn many_streams_hear_the_same(place: &Place) {
    let mut streams = Vec::new();
    for _ in 0..40 {
        streams.push(Stream::open(place, "/v1/events", None).await);
    }
    let id = place.order("Whales").await;
    let first = streams[0].next().await.unwrap();
    assert_eq!(first.video, id);
    for stream in &mut streams[1..] {
        assert_eq!(stream.next().await.unwrap(), first);
    }
}

pub(crate) async fn a_stream_ends_when_the_server_leaves(place: &Place) {
    let mut stream = Stream::open(place, "/v1/events", None).await;
    place.order("Whales").await;
    assert!(stream.next().await.is_some());
    place.tell_to_leave();
    assert_eq!(stream.next().await, None);
}
