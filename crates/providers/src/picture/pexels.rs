//! `pexels`: `GET {base}/search`.

use serde::Deserialize;
use serde_json::Value;

use super::{HITS_MAX, Hit, Place, Wire, Wish, search_words, searches, told};
use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec};
use crate::usage::Usage;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::Pexels,
    name: "pexels",
    meters: &[&[Usage::REQUESTS]],
    quality: 70,
    base_url: Some("https://api.pexels.com/v1"),
    keys: &["base_url", "timeout_s"],
    required: &[],
    auth: Auth::Header("authorization"),
    probe: Some(Probe {
        path: "curated",
        query: &[("per_page", "1")],
        names: photos,
        lists_models: false,
    }),
    wire: kind::Wire::Pictures(Wire::Finds { ask, hits }),
    worst: searches,
    expected: searches,
};

fn photos(value: &Value) -> Option<Vec<String>> {
    value.get("photos")?.as_array().map(|_| Vec::new())
}

fn ask(_: &Backend, wish: &Wish) -> Call {
    let mut call = Call::get("search");
    call.query = vec![
        ("query", search_words(&wish.words)),
        (
            "orientation",
            wish.shape("landscape", "portrait", "square").to_owned(),
        ),
        ("per_page", HITS_MAX.to_string()),
    ];
    call
}

fn hits(backend: &Backend, wish: &Wish, reply: &Reply) -> Result<Vec<Hit>, Error> {
    let wire: Answer = reply.json(backend, "list of photos")?;
    let photos = wire.photos.into_iter().take(HITS_MAX);
    Ok(photos.map(|photo| hit(photo, wish)).collect())
}

fn hit(photo: Photo, wish: &Wish) -> Hit {
    // The original may have a hundred megapixels; the site scales what it is asked for.
    let url = if photo.src.original.contains('?') {
        photo.src.original
    } else {
        let width = wish.width.max(wish.height) * 5 / 4;
        format!("{}?auto=compress&cs=tinysrgb&w={width}", photo.src.original)
    };
    Hit {
        id: photo.id.to_string(),
        place: Place::Url(url),
        author: photo.photographer.as_deref().and_then(told),
        licence: Some("Pexels licence".to_owned()),
        source: photo.url.as_deref().and_then(told),
        credit: true,
    }
}

#[derive(Deserialize)]
struct Answer {
    photos: Vec<Photo>,
}

#[derive(Deserialize)]
struct Photo {
    id: u64,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    photographer: Option<String>,
    src: Source,
}

#[derive(Deserialize)]
struct Source {
    original: String,
}
