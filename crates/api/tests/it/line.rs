//! The line, health and figures.

use serde_json::json;
use store::{Machine, NodeRow};
use ytempire_core::{Clock, NodeId};

use crate::place::{Place, refused};

pub(crate) async fn the_line_is_paused_halted_and_resumed(place: &Place) {
    let now = place.clock.now();
    let node = NodeId::fresh(&place.ids, now);
    let row = NodeRow {
        id: node,
        name: "host".to_owned(),
        machine: Machine::default(),
        joined_at: now,
    };
    place.store.node_join(now, row).await.unwrap();
    place.order("Whales").await;
    let queue = place.get("/v1/queue").await;
    assert_eq!(
        (&queue["mode"], &queue["videos_queued"], &queue["nodes"]),
        (&json!("running"), &json!(1), &json!(1))
    );
    for (path, mode) in [
        ("/v1/queue/pause", "paused"),
        ("/v1/queue/halt", "halted"),
        ("/v1/queue/resume", "running"),
        ("/pipeline/pause", "paused"),
        ("/pipeline/emergency/halt", "halted"),
        ("/pipeline/resume", "running"),
    ] {
        let queue = place.post(path, &json!({ "reason": path })).await;
        assert_eq!(
            (&queue["mode"], &queue["reason"]),
            (&json!(mode), &json!(path))
        );
        let kept = place.store.line_get().await.unwrap();
        assert_eq!(kept.mode.as_str(), mode);
    }
    let nodes = place.get("/v1/nodes").await;
    assert_eq!(nodes["nodes"][0]["id"], node.to_string());
    let drained = place
        .post(&format!("/v1/nodes/{node}/drain"), &json!({}))
        .await;
    assert_eq!(drained["nodes"], json!([node]));
    assert!(place.store.node_list().await.unwrap()[0].draining);
    assert_eq!(
        place.post("/v1/queue/drain", &json!({})).await["nodes"],
        json!([node])
    );
    let nobody = "/v1/nodes/019b7c01-03ff-73b7-ab37-22d5202fc0b4/drain";
    refused(
        place.ask("POST", nobody).send().await.unwrap(),
        404,
        "YT0014",
    )
    .await;
}

pub(crate) async fn figures_and_health_are_told(place: &Place) {
    let open = async |path: &str| place.request("GET", path).send().await.unwrap();
    for path in ["/livez", "/readyz"] {
        let answer = open(path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
    let health: serde_json::Value = open("/health").await.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["database"], &health["nodes"]),
        (&json!("degraded"), &json!(true), &json!(0))
    );
    place.order("Whales").await;
    let figures = place
        .ask("GET", "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        figures.contains("ytempire_videos{state=\"queued\"} 1\n"),
        "{figures}"
    );
    assert!(figures.contains("ytempire_line_mode{mode=\"running\"} 1\n"));
    assert!(figures.contains("ytempire_http_responses_total{class=\"2xx\"} "));
    for line in figures.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(figures.contains(&format!("# HELP {name} ")), "{line}");
        assert!(figures.contains(&format!("# TYPE {name} ")), "{line}");
    }
    place.tell_to_leave();
}
