//! Pictures: made, found, and what goes wrong with either.

use std::sync::Arc;
use std::time::Duration;

use providers::picture::{Hit, Pictures, Place, Wish};
use providers::{Backend, BaseUrl, Billed, Class, Kind, Prices};
use serde_json::json;
use testkit::{FakeModelServer, Fault, ModelServerOptions, png};
use ytempire_core::{Cancel, UnitPrice};

use crate::{backend, http};

fn wish(words: &str) -> Wish {
    Wish {
        words: words.to_owned(),
        prompt: format!("A photo of {words}."),
        width: 1920,
        height: 1080,
        seed: 7,
    }
}

/// A picture that fits this client's limits.
fn small() -> Vec<u8> {
    png(64, 36, [40, 90, 160])
}

fn server(options: ModelServerOptions) -> FakeModelServer {
    let server = FakeModelServer::start_with(options);
    server.paint_by(|_| small());
    server
}

fn price(text: &str) -> UnitPrice {
    UnitPrice(text.parse().unwrap())
}

fn images(server: &FakeModelServer, model: &str, prices: Prices) -> Pictures {
    let configured = Backend {
        model: model.to_owned(),
        prices,
        ..backend(Kind::OpenaiImages, server)
    };
    Pictures::new(http(), configured).unwrap()
}

fn each() -> Prices {
    Prices {
        images: Some(price("0.04")),
        ..Prices::default()
    }
}

fn tokens() -> Prices {
    Prices {
        input_tokens: Some(price("0.000005")),
        output_tokens: Some(price("0.00004")),
        ..Prices::default()
    }
}

#[tokio::test]
async fn a_picture_is_billed_by_the_piece_or_by_its_tokens() {
    let server = server(ModelServerOptions::default());
    let made = images(&server, "flux", each());
    let quote = made.quote(&wish("a delta"));
    let picture = made
        .make(&wish("a delta"), "charge-1", &Cancel::new())
        .await
        .unwrap();
    assert_eq!(picture.bytes, small());
    assert_eq!((picture.usage.images, picture.usage.output_tokens), (1, 0));
    assert_eq!(picture.usage, quote);
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.body["response_format"], "b64_json");
    assert_eq!(seen.body["size"], "1536x1024");

    let made = images(&server, "gpt-image-2", tokens());
    let quote = made.quote(&wish("a delta"));
    let picture = made
        .make(&wish("a delta"), "c", &Cancel::new())
        .await
        .unwrap();
    let bill = server.bill().pop().unwrap();
    assert_eq!(picture.usage.images, 0, "it has no price");
    assert_eq!(picture.usage.output_tokens, bill.output_tokens);
    assert!(picture.usage.within(quote));
    server.fail_next([Fault::NoUsage]);
    let picture = made
        .make(&wish("a delta"), "c", &Cancel::new())
        .await
        .unwrap();
    assert!(
        picture.usage.estimated,
        "nobody can count a picture's tokens"
    );
    assert_eq!(picture.usage.output_tokens, quote.output_tokens);
}

#[tokio::test]
async fn a_picture_at_an_address_is_fetched_and_one_that_is_lost_may_be_billed() {
    let server = server(ModelServerOptions::default());
    let made = images(&server, "flux", each());
    let answer = json!({ "data": [{ "url": format!("{}/files/1.png", server.origin()) }] });
    server.fail_next([Fault::Refuse(200, answer.clone())]);
    made.make(&wish("x"), "c", &Cancel::new()).await.unwrap();
    server.fail_next([Fault::Refuse(200, answer), Fault::FailBefore(404)]);
    let error = made
        .make(&wish("x"), "c", &Cancel::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Garbled, Billed::Unknown)
    );
    for (fault, class) in [
        (Fault::InsufficientQuota, Class::Quota),
        (Fault::FailAfter(500), Class::Transient),
        (Fault::Refuse(200, json!({ "data": [] })), Class::Garbled),
        (
            Fault::Refuse(200, json!({ "data": [{ "b64_json": "%" }] })),
            Class::Garbled,
        ),
        (
            Fault::Refuse(400, json!({ "error": { "code": "moderation_blocked" } })),
            Class::Input,
        ),
    ] {
        server.fail_next([fault.clone()]);
        let error = made
            .make(&wish("x"), "c", &Cancel::new())
            .await
            .unwrap_err();
        assert_eq!(error.class, class, "{fault:?}: {error}");
    }
}

fn stock(kind: Kind, server: &FakeModelServer, base: &str) -> Pictures {
    let configured = Backend {
        base_url: BaseUrl::parse(base).unwrap(),
        api_key: Some("stock-key-0123".into()),
        ..backend(kind, server)
    };
    Pictures::new(http(), configured).unwrap()
}

#[tokio::test]
async fn stock_pictures_come_with_author_licence_and_page_and_their_files_without_any_key() {
    let server = server(ModelServerOptions {
        api_key: Some("stock-key-0123".to_owned()),
        ..Default::default()
    });
    let sites = [
        stock(Kind::Pexels, &server, &server.base_url()),
        stock(Kind::Pixabay, &server, &format!("{}/api", server.origin())),
    ];
    for site in sites {
        let found = site
            .search(&wish("a river's \"delta\" & more"), &Cancel::new())
            .await
            .unwrap();
        assert_eq!((found.hits.len(), found.usage.requests), (3, 1));
        assert_eq!(found.usage, site.quote(&wish("x")));
        let hit = &found.hits[1];
        assert!(hit.author.is_some() && hit.licence.is_some());
        assert!(hit.source.as_ref().unwrap().starts_with("https://"));
        let bytes = site.fetch(hit, &Cancel::new()).await.unwrap();
        assert_eq!(bytes, small());
        let seen = server.seen();
        let (search, file) = (&seen[seen.len() - 2], &seen[seen.len() - 1]);
        let query = search
            .body
            .get("query")
            .or_else(|| search.body.get("q"))
            .unwrap();
        assert_eq!(query, "a river's delta more");
        assert!(!format!("{file:?}").contains("stock-key"), "{file:?}");
        let none = site.search(&wish("nothing"), &Cancel::new()).await.unwrap();
        assert_eq!(none.hits, []);
    }
    assert_eq!(
        server.bill().iter().map(|line| line.requests).sum::<u64>(),
        4
    );
}

#[tokio::test]
async fn a_stock_site_that_fails_is_classified_and_its_files_are_limited() {
    let server = server(ModelServerOptions::default());
    let site = stock(Kind::Pexels, &server, &server.base_url());
    let moment = vec![
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", "120".to_owned()),
    ];
    for (fault, class) in [
        (Fault::RateLimited(moment), Class::RateLimited),
        (Fault::Html(200), Class::Garbled),
        (Fault::FailBefore(503), Class::Transient),
        (Fault::Refuse(401, json!({ "error": "no" })), Class::Input),
    ] {
        server.fail_next([fault.clone()]);
        let error = site.search(&wish("x"), &Cancel::new()).await.unwrap_err();
        assert_eq!(error.class, class, "{fault:?}");
        if class == Class::RateLimited {
            assert_eq!(error.retry_after, Some(Duration::from_mins(2)));
        }
    }
    let hit = |place: Place| Hit {
        id: "1".to_owned(),
        place,
        author: None,
        licence: None,
        source: None,
        credit: false,
    };
    let here = hit(Place::Url(format!("{}/files/1.png", server.origin())));
    for fault in [
        Fault::Huge(providers::picture::BYTES_MAX + 1),
        Fault::Cut,
        Fault::FailBefore(404),
        Fault::Redirect("http://127.0.0.1:1/".to_owned()),
    ] {
        server.fail_next([fault.clone()]);
        let error = site.fetch(&here, &Cancel::new()).await.unwrap_err();
        assert_eq!(error.billed, Billed::No, "{fault:?}: {error}");
    }
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/1.png", "1.png"] {
        let error = site
            .fetch(&hit(Place::Url(url.to_owned())), &Cancel::new())
            .await
            .unwrap_err();
        assert_eq!(error.class, Class::Garbled, "{url}");
    }
}

#[tokio::test]
async fn a_library_is_looked_through_by_names_and_what_stands_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("blue-whale.png", b"1");
    put("coast.jpg", b"2");
    put("coast.txt", b"whale whales deep sea");
    put("hall.webp", b"3");
    put(
        "hall.toml",
        b"tags = ['deep', 'sea', 'whale']\nauthor = 'A'\nlicence = 'CC-BY-4.0'",
    );
    put("sea.doc", b"4");
    let server = server(ModelServerOptions::default());
    let configured = Backend {
        folder: Some(folder.path().to_owned()),
        ..backend(Kind::Library, &server)
    };
    let library = Pictures::new(http(), configured).unwrap();
    assert!(library.is_folder());
    let found = library
        .search(&wish("Deep sea whales"), &Cancel::new())
        .await
        .unwrap();
    let names: Vec<_> = found.hits.iter().map(|hit| hit.id.as_str()).collect();
    assert_eq!(names, ["coast.jpg", "hall.webp", "blue-whale.png"]);
    assert_eq!(found.hits[1].author.as_deref(), Some("A"));
    assert_eq!(
        library.fetch(&found.hits[0], &Cancel::new()).await.unwrap(),
        b"2"
    );
    assert!(server.seen().is_empty());
}

fn comfy(server: &FakeModelServer) -> Pictures {
    let graph = json!({ "6": { "class_type": "CLIPTextEncode",
        "inputs": { "text": "{{prompt}}", "seed": "{{seed}}" } } });
    let configured = Backend {
        base_url: BaseUrl::parse(&server.origin()).unwrap(),
        graph: Some(Arc::new(graph)),
        timeout: Some(Duration::from_mins(1)),
        ..backend(Kind::Comfyui, server)
    };
    Pictures::new(http(), configured).unwrap()
}

#[tokio::test]
async fn comfyui_is_waited_for_and_billed_by_the_seconds_it_computed() {
    let server = server(ModelServerOptions::default());
    server.take_time(2);
    let comfy = comfy(&server);
    let made = comfy
        .make(&wish("a delta"), "c", &Cancel::new())
        .await
        .unwrap();
    assert_eq!(made.bytes, small());
    assert_eq!((made.usage.gpu_seconds, made.usage.estimated), (3, false));
    assert_eq!(server.bill()[0].gpu_seconds, 3);
    assert!(made.usage.within(comfy.quote(&wish("a delta"))));
    let seen = server.seen();
    let inputs = &seen[0].body["prompt"]["6"]["inputs"];
    assert_eq!(
        (&inputs["text"], &inputs["seed"]),
        (&json!("A photo of a delta."), &json!(7))
    );
    let view = seen.last().unwrap();
    assert_eq!(
        view.body["type"], "output",
        "not the one that was only shown"
    );
}

#[tokio::test]
async fn comfyui_is_given_the_picture_again_when_it_forgot() {
    let mut server = server(ModelServerOptions::default());
    server.take_time(1_000);
    let comfy = comfy(&server);
    let making = tokio::spawn(async move { comfy.make(&wish("x"), "c", &Cancel::new()).await });
    server.seen_at_least(1).await;
    server.stop();
    server.forget();
    server.take_time(0);
    server.restart();
    let made = making.await.unwrap().unwrap();
    assert!(made.usage.estimated, "what it computed before is not told");
    let prompts = server
        .seen()
        .iter()
        .filter(|call| call.path == "/prompt")
        .count();
    assert_eq!(prompts, 2);
}

#[tokio::test]
async fn a_stop_withdraws_the_picture_and_a_graph_that_fails_may_be_billed() {
    let server = server(ModelServerOptions::default());
    server.take_time(1_000_000);
    let (cancel, comfy_) = (Cancel::new(), comfy(&server));
    let theirs = cancel.clone();
    let making = tokio::spawn(async move { comfy_.make(&wish("x"), "c", &theirs).await });
    server.charged_at_least(1).await;
    cancel.cancel();
    let error = making.await.unwrap().unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Cancelled, Billed::Unknown)
    );
    assert!(!server.withdrawn().is_empty());

    server.take_time(0);
    server.fail_next([Fault::Garbage]);
    let error = comfy(&server)
        .make(&wish("x"), "c", &Cancel::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.billed),
        (Class::Garbled, Billed::Unknown)
    );
    assert!(error.detail.contains("out of memory"), "{error}");
    server.fail_next([Fault::Refuse(
        400,
        json!({ "error": { "message": "bad graph" } }),
    )]);
    let error = comfy(&server)
        .make(&wish("x"), "c", &Cancel::new())
        .await
        .unwrap_err();
    assert_eq!((error.class, error.billed), (Class::Input, Billed::No));
}
