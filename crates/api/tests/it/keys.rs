//! `/v1/keys`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::place::{Place, good, refused};

async fn opens(place: &Place, key: &Value) -> bool {
    let asked = place
        .request("GET", "/v1/videos")
        .header("x-api-key", key.as_str().unwrap());
    let answer = asked.send().await.unwrap();
    if answer.status().is_success() {
        return true;
    }
    refused(answer, 401, "YT0501").await;
    false
}

pub(crate) async fn a_key_is_made_used_rotated_and_revoked(place: &Place) {
    let new = json!({ "name": "n8n", "scopes": ["read", "write"] });
    let made = place.post("/v1/keys", &new).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with(made["prefix"].as_str().unwrap()));
    assert!(opens(place, &made["secret"]).await);
    let list = place.get("/v1/keys").await.to_string();
    assert!(list.contains(made["prefix"].as_str().unwrap()) && !list.contains(secret));
    let rows = place.store.key_list().await.unwrap();
    assert!(
        !format!("{rows:?}").contains(secret),
        "secrets are not kept"
    );

    let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
    let overlap = json!({ "overlap_s": 60 });
    let fresh = place.post(&format!("{path}/rotate"), &overlap).await;
    assert_eq!(
        (&fresh["name"], &fresh["scopes"]),
        (&made["name"], &made["scopes"])
    );
    assert!(opens(place, &made["secret"]).await && opens(place, &fresh["secret"]).await);
    place.clock.advance(Duration::from_mins(1));
    assert!(!opens(place, &made["secret"]).await && opens(place, &fresh["secret"]).await);
    let path = format!("/v1/keys/{}", fresh["id"].as_str().unwrap());
    let gone = place.ask("DELETE", &path).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert!(!opens(place, &fresh["secret"]).await);

    let nobody = "/v1/keys/019b7c01-03ff-73b7-ab37-22d5202fc0b4";
    let answer = place.ask("DELETE", nobody).send().await.unwrap();
    refused(answer, 404, "YT0509").await;
    for (key, value) in [
        ("scopes", json!([])),
        ("scopes", json!(["all"])),
        ("name", json!(" ")),
        ("days", json!(0)),
    ] {
        let mut odd = new.clone();
        odd[key] = value;
        let asked = place.ask("POST", "/v1/keys").json(&odd);
        refused(asked.send().await.unwrap(), 400, "YT0504").await;
    }
    let mut theirs = new;
    theirs["account"] = json!("nobody");
    let asked = place.ask("POST", "/v1/keys").json(&theirs);
    refused(asked.send().await.unwrap(), 422, "YT0504").await;
}

pub(crate) async fn a_key_ends_when_it_shall(place: &Place) {
    let new = json!({ "name": "week", "scopes": ["read"], "days": 7 });
    let made = place
        .ask("POST", "/v1/keys")
        .json(&new)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let made = good(made).await;
    place.clock.advance(Duration::from_secs(7 * 86_400 - 5));
    assert!(opens(place, &made["secret"]).await);
    place.clock.advance(Duration::from_secs(5));
    assert!(!opens(place, &made["secret"]).await);
}
