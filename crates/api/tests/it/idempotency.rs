//! `Idempotency-Key`.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::place::{Place, brief, good, refused};

pub(crate) async fn of_two_hundred_at_once_one_has_an_effect(place: &Place) {
    let id = place.order("Whales").await;
    place.finish_one().await;
    let before = place.orders.load(Ordering::Relaxed);
    let path = format!("/v1/videos/{id}/retry");
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let ask = place
            .ask("POST", &path)
            .header("idempotency-key", "again-1");
        let ask = ask.json(&json!({ "from": "narrate" }));
        asked.spawn(async move { ask.send().await.unwrap() });
    }
    let mut answers: Vec<Value> = Vec::new();
    let mut replayed = 0;
    while let Some(answer) = asked.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 202);
        replayed += u32::from(answer.headers().contains_key("idempotency-replayed"));
        assert!(answer.headers().contains_key("location"));
        answers.push(good(answer).await);
    }
    assert_eq!(place.orders.load(Ordering::Relaxed) - before, 1);
    assert_eq!((answers.len(), replayed), (200, 199));
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

pub(crate) async fn a_repetition_is_answered_alike_by_another_server(place: &Place) {
    let ask = async |to: &Place| {
        let ask = to.request("POST", "/v1/videos").bearer_auth(&place.key);
        let ask = ask
            .header("idempotency-key", "\"order-1\"")
            .json(&brief("Whales"));
        good(ask.send().await.unwrap()).await
    };
    let first = ask(place).await;
    let other = place.another().await;
    assert_eq!(ask(&other).await, first);
    assert_eq!(other.orders.load(Ordering::Relaxed), 0);
    other.leave().await;
    place.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(
        ask(place).await["fresh"],
        false,
        "it is asked anew after a day"
    );
}

pub(crate) async fn the_same_name_for_something_else_is_refused(place: &Place) {
    let ask = |path: &str, order: &Value| {
        let ask = place.ask("POST", path).header("idempotency-key", "order-1");
        ask.json(order).send()
    };
    good(ask("/v1/videos", &brief("Whales")).await.unwrap()).await;
    for (path, order) in [
        ("/v1/videos", brief("Sharks")),
        ("/pipeline/queue", brief("Whales")),
    ] {
        let answer = ask(path, &order).await.unwrap();
        refused(answer, 422, "YT0507").await;
    }
    // A refusal is an answer, too.
    let wrong = place
        .ask("POST", "/v1/videos")
        .header("idempotency-key", "order-2");
    refused(wrong.json(&json!({})).send().await.unwrap(), 422, "YT0504").await;
    let mended = place
        .ask("POST", "/v1/videos")
        .header("idempotency-key", "order-2");
    refused(
        mended.json(&brief("Sharks")).send().await.unwrap(),
        422,
        "YT0507",
    )
    .await;
    let long = "n".repeat(256);
    for name in ["", long.as_str()] {
        let odd = place
            .ask("POST", "/v1/videos")
            .header("idempotency-key", name);
        refused(
            odd.json(&brief("Rays")).send().await.unwrap(),
            400,
            "YT0504",
        )
        .await;
    }
    // Another key's request of that name is another request.
    let stranger = place.stranger().await;
    let theirs = place.request("POST", "/v1/videos").bearer_auth(stranger);
    let theirs = theirs
        .header("idempotency-key", "order-1")
        .json(&brief("Sharks"));
    good(theirs.send().await.unwrap()).await;
}

pub(crate) async fn a_secret_is_not_kept_with_its_answer(place: &Place) {
    let ask = async || {
        let ask = place
            .ask("POST", "/v1/keys")
            .header("idempotency-key", "key-1");
        let ask = ask.json(&json!({ "name": "n8n", "scopes": ["read"] }));
        good(ask.send().await.unwrap()).await
    };
    let before = place.store.key_list().await.unwrap().len();
    let (first, second) = (ask().await, ask().await);
    assert!(first["secret"].as_str().unwrap().starts_with("yt_"));
    assert_eq!(second["secret"], json!(null));
    assert_eq!(first["id"], second["id"]);
    assert_eq!(place.store.key_list().await.unwrap().len(), before + 1);
}
