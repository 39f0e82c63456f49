//! Who gets in.

use store::Access;
use ytempire_core::{AccountId, Clock};

use crate::place::{Place, brief, good, refused};

/// What is open to everybody. All else must name a scope.
const OPEN: [&str; 6] = [
    "/livez",
    "/readyz",
    "/health",
    "/openapi.json",
    "/docs",
    "/docs/style.css",
];

/// Every operation: method, path with an id filled in, and the scope it names.
fn operations(id: &str) -> Vec<(String, String, Option<Access>)> {
    let document = serde_json::to_value(api::document()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let scope = operation["security"][0]["key"][0].as_str();
            let path = path.replace("{id}", id).replace("{name}", "video.mp4");
            let scope = scope.map(|name| Access::from_name(name).unwrap());
            all.push((method.to_uppercase(), path, scope));
        }
    }
    all
}

pub(crate) async fn nothing_opens_without_the_right_key(place: &Place) {
    let id = place.order("Whales").await;
    let all = operations(&id);
    assert!(all.len() > 30, "{}", all.len());
    let local = AccountId::LOCAL;
    let revoked = place.key_of(local, &Access::ALL).await;
    let row = place.store.key_list().await.unwrap().pop().unwrap();
    let now = place.clock.now();
    assert!(place.store.key_end(row.id, now).await.unwrap());
    let stranger = place.stranger().await;
    for (method, path, scope) in all {
        let Some(scope) = scope else {
            assert!(OPEN.contains(&path.as_str()), "{path} names no scope");
            continue;
        };
        let what = format!("{method} {path}");
        let none = place.request(&method, &path).send().await.unwrap();
        assert!(none.headers().contains_key("www-authenticate"), "{what}");
        refused(none, 401, "YT0501").await;
        for wrong in ["yt_wrong", &revoked, ""] {
            let asked = place.request(&method, &path).bearer_auth(wrong);
            refused(asked.send().await.unwrap(), 401, "YT0501").await;
        }
        let others: Vec<Access> = Access::ALL.into_iter().filter(|s| *s != scope).collect();
        let lacking = place.key_of(local, &others).await;
        let asked = place.request(&method, &path).bearer_auth(lacking);
        let problem = refused(asked.send().await.unwrap(), 403, "YT0502").await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(scope.as_str()), "{what}: {detail}");
        if path.contains(&id) {
            let asked = place.request(&method, &path).bearer_auth(&stranger);
            let status = asked.send().await.unwrap().status();
            assert_eq!(status, 404, "{what} of another account");
        }
    }
    let video = place.get(&format!("/v1/videos/{id}")).await;
    assert_eq!(video["state"], "queued", "nothing had an effect");
}

pub(crate) async fn an_account_sees_only_its_own(place: &Place) {
    place.order("Whales").await;
    let stranger = place.stranger().await;
    let theirs = async |path: &str| {
        let asked = place.request("GET", path).bearer_auth(&stranger);
        good(asked.send().await.unwrap()).await
    };
    assert_eq!(theirs("/v1/videos").await["videos"], serde_json::json!([]));
    let events = theirs("/v1/events?after=0").await;
    assert_eq!(events["events"], serde_json::json!([]));
    assert_eq!(theirs("/v1/costs").await["rows"], serde_json::json!([]));
    // The same order of another account is another video.
    let asked = place.request("POST", "/v1/videos").bearer_auth(&stranger);
    let asked = asked.json(&brief("Whales")).send().await.unwrap();
    let made = good(asked).await;
    assert_eq!(made["fresh"], true);
    assert_eq!(theirs("/v1/videos").await["videos"][0]["id"], made["id"]);
    assert_eq!(
        place.get("/v1/videos").await["videos"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        theirs("/v1/events?after=0").await["events"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

pub(crate) async fn a_key_may_ask_so_often_and_no_more(place: &Place) {
    let burst = api::Options::default().rate.burst;
    let greedy = place.key_of(AccountId::LOCAL, &[Access::Read]).await;
    let mut asked = 0;
    let refusal = loop {
        let ask = place
            .request("GET", "/v1/videos?limit=1")
            .bearer_auth(&greedy);
        let answer = ask.send().await.unwrap();
        if answer.status() == 429 {
            break answer;
        }
        asked += 1;
        assert!(asked < 8 * burst, "never refused");
    };
    assert!(asked >= burst, "refused after {asked}");
    let after = refusal.headers()["retry-after"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(refusal.headers().contains_key("ratelimit-policy"));
    let problem = refused(refusal, 429, "YT0508").await;
    assert_eq!(problem["retry_after_s"].to_string(), after);
    // Another key is not concerned.
    place.get("/v1/videos").await;
    place.clock.advance(std::time::Duration::from_secs(10));
    let asked = place.request("GET", "/v1/videos").bearer_auth(&greedy);
    good(asked.send().await.unwrap()).await;
}

pub(crate) async fn what_is_wrong_is_a_problem_with_a_code(place: &Place) {
    let send = async |method: &str, path: &str, body: &'static str| {
        let asked = place.ask(method, path).body(body);
        asked
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap()
    };
    refused(send("GET", "/v1/nothing", "").await, 404, "YT0503").await;
    refused(send("PUT", "/v1/videos", "{}").await, 405, "YT0504").await;
    refused(send("POST", "/v1/videos", "{").await, 400, "YT0504").await;
    refused(send("POST", "/v1/videos", "{}").await, 422, "YT0504").await;
    let odd = r#"{"brief": {"title": "T", "script": "S", "colour": "red"}}"#;
    refused(send("POST", "/v1/videos", odd).await, 422, "YT0003").await;
    let odd = r#"{"brief": {"title": "T", "script": "S"}, "priority": 11}"#;
    refused(send("POST", "/v1/videos", odd).await, 400, "YT0504").await;
    let odd = r#"{"brief": {"title": "T", "script": "S"}, "due_at": "tomorrow"}"#;
    refused(send("POST", "/v1/videos", odd).await, 400, "YT0504").await;
    refused(send("GET", "/v1/videos/not-an-id", "").await, 404, "YT0503").await;
    let nobody = "/v1/videos/019b7c01-03ff-73b7-ab37-22d5202fc0b4";
    refused(send("GET", nobody, "").await, 404, "YT0013").await;
    for query in [
        "limit=0",
        "limit=201",
        "state=done",
        "cursor=1",
        "colour=red",
    ] {
        let path = format!("/v1/videos?{query}");
        refused(send("GET", &path, "").await, 400, "YT0504").await;
    }
    let plain = place
        .ask("POST", "/v1/videos")
        .body("{}")
        .send()
        .await
        .unwrap();
    refused(plain, 415, "YT0504").await;
    let large = " ".repeat(5 << 20);
    for named in [None, Some("large")] {
        let mut asked = place.ask("POST", "/v1/videos").body(large.clone());
        asked = asked.header("content-type", "application/json");
        if let Some(name) = named {
            asked = asked.header("idempotency-key", name);
        }
        refused(asked.send().await.unwrap(), 413, "YT0505").await;
    }
}
