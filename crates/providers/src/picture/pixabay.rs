//! `pixabay`: `GET {base}/?q=…`. Its terms want answers kept for 24 hours, and pictures copied
//! instead of linked to; the worker keeps both.

use serde::Deserialize;
use serde_json::Value;

use super::{HITS_MAX, Hit, Place, Wire, Wish, search_words, searches, told};
use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec};
use crate::usage::Usage;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::Pixabay,
    name: "pixabay",
    meters: &[&[Usage::REQUESTS]],
    quality: 60,
    base_url: Some("https://pixabay.com/api"),
    keys: &["base_url", "timeout_s"],
    required: &[],
    auth: Auth::Query("key"),
    probe: Some(Probe {
        path: "",
        query: &[("per_page", "3")],
        names: found,
        lists_models: false,
    }),
    wire: kind::Wire::Pictures(Wire::Finds { ask, hits }),
    worst: searches,
    expected: searches,
};

fn found(value: &Value) -> Option<Vec<String>> {
    value.get("hits")?.as_array().map(|_| Vec::new())
}

fn ask(_: &Backend, wish: &Wish) -> Call {
    let mut call = Call::get("");
    call.query = vec![
        ("q", search_words(&wish.words)),
        ("image_type", "photo".to_owned()),
        (
            "orientation",
            wish.shape("horizontal", "vertical", "all").to_owned(),
        ),
        ("safesearch", "true".to_owned()),
        ("per_page", HITS_MAX.to_string()),
    ];
    call
}

fn hits(backend: &Backend, _: &Wish, reply: &Reply) -> Result<Vec<Hit>, Error> {
    let wire: Answer = reply.json(backend, "list of pictures")?;
    Ok(wire.hits.into_iter().take(HITS_MAX).map(hit).collect())
}

fn hit(picture: Picture) -> Hit {
    // The larger ones are there for keys with full access.
    let larger = picture.full_hd.or(picture.original);
    Hit {
        id: picture.id.to_string(),
        place: Place::Url(larger.unwrap_or(picture.large)),
        author: picture.user.as_deref().and_then(told),
        licence: Some("Pixabay content licence".to_owned()),
        source: picture.page.as_deref().and_then(told),
        credit: false,
    }
}

#[derive(Deserialize)]
struct Answer {
    hits: Vec<Picture>,
}

#[derive(Deserialize)]
struct Picture {
    id: u64,
    #[serde(default, rename = "pageURL")]
    page: Option<String>,
    #[serde(rename = "largeImageURL")]
    large: String,
    #[serde(default, rename = "fullHDURL")]
    full_hd: Option<String>,
    #[serde(default, rename = "imageURL")]
    original: Option<String>,
    #[serde(default)]
    user: Option<String>,
}
