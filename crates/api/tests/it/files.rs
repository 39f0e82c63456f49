//! Files of a video.

use std::time::Duration;

use crate::place::{FILE, Place, refused};

pub(crate) async fn a_file_is_fetched_whole_in_parts_and_not_at_all(place: &Place) {
    let id = place.order("Whales").await;
    let path = format!("/v1/videos/{id}/files/video.mp4");
    let whole = place.ask("GET", &path).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    let headers = whole.headers().clone();
    assert_eq!(
        (&headers["content-type"], &headers["accept-ranges"]),
        (&"video/mp4".parse().unwrap(), &"bytes".parse().unwrap())
    );
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(whole.bytes().await.unwrap(), FILE);
    let part = place
        .ask("GET", &path)
        .header("range", "bytes=4-7")
        .header("if-range", &tag);
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 4-7/16");
    assert_eq!(part.headers()["content-length"], "4");
    assert_eq!(part.bytes().await.unwrap(), &FILE[4..8]);
    let known = place
        .ask("GET", &path)
        .header("if-none-match", format!("\"x\", {tag}"));
    let known = known.send().await.unwrap();
    assert_eq!(known.status(), 304);
    assert!(known.bytes().await.unwrap().is_empty());
    let outside = place
        .ask("GET", &path)
        .header("range", "bytes=16-")
        .send()
        .await
        .unwrap();
    assert_eq!(outside.headers()["content-range"], "bytes */16");
    refused(outside, 416, "YT0504").await;
    let head = place.ask("HEAD", &path).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"16".parse().unwrap())
    );
    let none = place.ask("GET", &path.replace("video.mp4", "other.mp4"));
    refused(none.send().await.unwrap(), 404, "YT0503").await;
}

pub(crate) async fn a_link_opens_one_file_until_it_ends(place: &Place) {
    let id = place.order("Whales").await;
    let files = place.get(&format!("/v1/videos/{id}/files?link_s=60")).await;
    let file = &files["files"][0];
    assert_eq!(
        (&file["name"], &file["bytes"]),
        (&"video.mp4".into(), &16.into())
    );
    let link = file["link"].as_str().unwrap();
    let open = |link: String| place.request("GET", &link).send();
    let opened = open(link.to_owned()).await.unwrap();
    assert_eq!(opened.bytes().await.unwrap(), FILE);
    let other = place.order("Sharks").await;
    for forged in [
        link.replace(&id, &other),
        link.replace("expires=1", "expires=2"),
    ] {
        assert_ne!(forged, link);
        refused(open(forged).await.unwrap(), 401, "YT0501").await;
    }
    // Another server signs as this one does.
    let second = place.another().await;
    assert_eq!(
        second.request("GET", link).send().await.unwrap().status(),
        200
    );
    second.leave().await;
    place.clock.advance(Duration::from_secs(61));
    refused(open(link.to_owned()).await.unwrap(), 401, "YT0501").await;
}
