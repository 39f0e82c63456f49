//! `/v1/videos` and its other names.

use serde_json::json;

use crate::place::{Place, brief, good, refused};

pub(crate) async fn a_video_is_ordered_shown_listed_and_cancelled(place: &Place) {
    let mut order = brief("Whales");
    order["priority"] = json!(9);
    order["due_at"] = json!("2026-06-01T12:00:00+02:00");
    let asked = place.ask("POST", "/v1/videos").json(&order);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let accepted = good(answer).await;
    assert_eq!(accepted["fresh"], true);
    assert_eq!(accepted["quote_micro_usd"], 1_500_000);
    assert_eq!(accepted["notices"][0], "a word was left out");
    let id = accepted["id"].as_str().unwrap();
    assert_eq!(location, format!("/v1/videos/{id}"));

    let again = place.post("/pipeline/queue", &order).await;
    assert_eq!(
        (&again["id"], &again["fresh"]),
        (&accepted["id"], &json!(false))
    );
    place.claim().await;
    let shown = place.get(&location).await;
    assert_eq!(shown["state"], "running");
    assert_eq!(shown["jobs"][0]["stage"], "script");
    assert_eq!(shown["jobs"][0]["attempts"][0]["attempt"], 1);
    assert_eq!(shown["cost_micro_usd"], 0);
    assert_eq!(shown["created_at"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(place.get(&format!("/pipeline/status/{id}")).await, shown);
    let receipt = place.get(&format!("{location}/receipt")).await;
    assert_eq!(
        (&receipt["total"], &receipt["budget"]),
        (&json!(0), &json!(2_000_000))
    );
    assert_eq!(place.get(&format!("/costs/video/{id}")).await, receipt);

    let running = place.get("/v1/videos?state=running").await;
    assert_eq!(running["videos"][0]["id"], id);
    assert_eq!(
        place.get("/v1/videos?state=queued,ready").await["videos"],
        json!([])
    );
    let cancel = format!("{location}/cancel");
    let cancelled = place.post(&cancel, &json!({})).await;
    assert_eq!(
        (&cancelled["state"], &cancelled["cancelled"]),
        (&json!("cancelled"), &json!(true))
    );
    let again = place.post(&cancel, &json!({})).await;
    assert_eq!(again["cancelled"], false);
}

pub(crate) async fn pages_follow_each_other_without_gaps(place: &Place) {
    let mut wanted = Vec::new();
    for n in 0..7 {
        wanted.insert(0, place.order(&format!("Whale {n}")).await);
    }
    let (mut seen, mut path, mut pages) = (Vec::new(), "/v1/videos?limit=3".to_owned(), 0);
    loop {
        let page = place.get(&path).await;
        let videos = page["videos"].as_array().unwrap();
        seen.extend(videos.iter().map(|v| v["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/videos?limit=3&cursor={cursor}");
    }
    assert_eq!((pages, seen), (3, wanted));
    let exact = place.get("/v1/videos?limit=7").await;
    assert_eq!(exact["next_cursor"], json!(null));
}

pub(crate) async fn an_ended_video_is_retried_and_deleted(place: &Place) {
    let id = place.order("Whales").await;
    let path = format!("/v1/videos/{id}");
    let retry = format!("{path}/retry");
    let early = place.ask("POST", &retry).send().await.unwrap();
    refused(early, 409, "YT0016").await;
    let early = place.ask("DELETE", &path).send().await.unwrap();
    refused(early, 409, "YT0016").await;
    place.finish_one().await;
    assert_eq!(place.get(&path).await["state"], "ready");
    let odd = place.ask("POST", &retry).json(&json!({ "from": "draw" }));
    refused(odd.send().await.unwrap(), 400, "YT0504").await;
    let empty = place.ask("POST", &retry).send().await.unwrap();
    let second = good(empty).await;
    assert_ne!(second["id"], id.as_str());
    let third = place.post(&retry, &json!({ "from": "narrate" })).await;
    assert_eq!(third["fresh"], true);
    assert_ne!(third["id"], second["id"]);
    let gone = place.ask("DELETE", &path).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    refused(place.ask("GET", &path).send().await.unwrap(), 404, "YT0013").await;
    refused(
        place.ask("DELETE", &path).send().await.unwrap(),
        404,
        "YT0013",
    )
    .await;
}

pub(crate) async fn an_order_that_names_files_is_refused(place: &Place) {
    for (key, value) in [("assets", "/etc"), ("music", "/etc/passwd")] {
        let mut order = brief("Whales");
        order["brief"][key] = json!(value);
        let asked = place.ask("POST", "/v1/videos").json(&order);
        let problem = refused(asked.send().await.unwrap(), 422, "YT0004").await;
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("files of the server")
        );
    }
    let mut silent = brief("Whales");
    silent["brief"]["music"] = json!("none");
    place.post("/v1/videos", &silent).await;
}
