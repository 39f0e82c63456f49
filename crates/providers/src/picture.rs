//! Pictures, made or found.

pub(crate) mod comfyui;
pub(crate) mod library;
pub(crate) mod openai;
pub(crate) mod pexels;
pub(crate) mod pixabay;

use std::path::PathBuf;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use ytempire_core::Cancel;

use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Call, Http, Reply};
use crate::kind::{Quote, Role, Work};
use crate::usage::Usage;

/// Most bytes of one picture.
pub const BYTES_MAX: usize = 32 << 20;

/// Pictures of one search that are looked at.
pub(crate) const HITS_MAX: usize = 40;

/// A picture that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What it shows: a few words, to search by.
    pub words: String,
    /// What it shows, in whole sentences, for those that make pictures.
    pub prompt: String,
    /// Pixels across that it is shown with.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Chance, for those that make pictures.
    pub seed: u64,
}

impl Wish {
    /// Wider than high, higher than wide, or neither.
    pub(crate) const fn shape<T: Copy>(&self, wide: T, high: T, square: T) -> T {
        if self.width > self.height {
            wide
        } else if self.width < self.height {
            high
        } else {
            square
        }
    }
}

/// Where a found picture's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// At an address that the server named.
    Url(String),
    /// In a file of ours.
    File(PathBuf),
}

/// A picture that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Its name at the provider.
    pub id: String,
    /// Where its bytes are.
    pub place: Place,
    /// Who made it.
    pub author: Option<String>,
    /// Under which licence it may be used.
    pub licence: Option<String>,
    /// The page that shows it.
    pub source: Option<String>,
    /// Whether the licence wants its author named.
    pub credit: bool,
}

/// What a search gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The pictures, the best first; none is no failure.
    pub hits: Vec<Hit>,
    /// What is billed.
    pub usage: Usage,
}

/// A picture that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// The file, as the server sent it: hostile until it is let in.
    pub bytes: Vec<u8>,
    /// What is billed.
    pub usage: Usage,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made")
            .field("bytes", &self.bytes.len())
            .field("usage", &self.usage)
            .finish()
    }
}

/// A picture in the making, of a kind that takes more than one call.
pub(crate) type Making<'a> = Pin<Box<dyn Future<Output = Result<Made, Error>> + Send + 'a>>;

/// What those that make pictures are handed.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) http: &'a Http,
    pub(crate) backend: &'a Backend,
    pub(crate) wish: &'a Wish,
    pub(crate) charge: &'a str,
    pub(crate) cancel: &'a Cancel,
}

/// The functions of a kind that gives pictures.
pub(crate) enum Wire {
    /// It makes them.
    Makes {
        make: for<'a> fn(Order<'a>) -> Making<'a>,
        quote: fn(&Backend, &Wish) -> Usage,
    },
    /// It has them.
    Finds {
        ask: fn(&Backend, &Wish) -> Call,
        hits: fn(&Backend, &Wish, &Reply) -> Result<Vec<Hit>, Error>,
    },
    /// They are files.
    Has(fn(&Backend, &Wish) -> Result<Vec<Hit>, Error>),
}

/// A backend that gives pictures.
#[derive(Clone, Debug)]
pub struct Pictures {
    http: Http,
    backend: Backend,
}

impl Pictures {
    /// A client of `backend`.
    ///
    /// # Errors
    /// [`Class::Input`](crate::Class::Input) if the backend is of another kind.
    pub fn new(http: Http, backend: Backend) -> Result<Self, Error> {
        if backend.role() != Role::Pictures {
            return Err(backend.refuse("gives no pictures"));
        }
        Ok(Self { http, backend })
    }

    /// The backend.
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    fn wire(&self) -> Result<&'static Wire, Error> {
        match &self.backend.kind.spec().wire {
            crate::kind::Wire::Pictures(wire) => Ok(wire),
            _ => Err(self.backend.refuse("gives no pictures")),
        }
    }

    /// Whether it makes pictures: ask it by [`Pictures::make`], any other by [`Pictures::search`].
    pub fn makes(&self) -> bool {
        matches!(self.wire(), Ok(Wire::Makes { .. }))
    }

    /// Whether nothing leaves the machine and nothing is billed.
    pub fn is_folder(&self) -> bool {
        matches!(self.wire(), Ok(Wire::Has(_)))
    }

    /// The most that one picture can use: what has to be reserved.
    pub fn quote(&self, wish: &Wish) -> Usage {
        match self.wire() {
            Ok(Wire::Makes { quote, .. }) => self.backend.billed(quote(&self.backend, wish)),
            Ok(Wire::Finds { .. }) => Usage {
                requests: 1,
                ..Usage::default()
            },
            _ => Usage::default(),
        }
    }

    /// Makes a picture. `charge` is the charge's id, sent as `Idempotency-Key`.
    pub async fn make(&self, wish: &Wish, charge: &str, cancel: &Cancel) -> Result<Made, Error> {
        let Wire::Makes { make, .. } = self.wire()? else {
            return Err(self.backend.refuse("makes no pictures"));
        };
        let order = Order {
            http: &self.http,
            backend: &self.backend,
            wish,
            charge,
            cancel,
        };
        let made = make(order).await?;
        let usage = self.backend.billed(made.usage);
        Ok(Made { usage, ..made })
    }

    /// Looks for pictures. Stock sites want their answers kept for a day: see to it.
    pub async fn search(&self, wish: &Wish, cancel: &Cancel) -> Result<Found, Error> {
        let usage = self.quote(wish);
        let hits = match self.wire()? {
            Wire::Has(look) => look(&self.backend, wish)?,
            Wire::Finds { ask, hits } => {
                let call = ask(&self.backend, wish);
                let reply = self.http.send(&self.backend, call, cancel).await?;
                hits(&self.backend, wish, &reply)?
            }
            Wire::Makes { .. } => return Err(self.backend.refuse("has no pictures to look for")),
        };
        Ok(Found { hits, usage })
    }

    /// The bytes of a picture that was found; costs nothing. They are hostile until let in.
    pub async fn fetch(&self, hit: &Hit, cancel: &Cancel) -> Result<Vec<u8>, Error> {
        match &hit.place {
            Place::Url(url) => self.http.fetch(&self.backend, url, BYTES_MAX, cancel).await,
            Place::File(path) => library::read(&self.backend, path),
        }
    }
}

/// The most that pictures for all scenes use, by the quote of one.
fn for_scenes(one: Usage, work: Work) -> Quote {
    let usage = one.times(work.scenes);
    let calls = work.scenes;
    Quote { usage, calls }
}

/// What looking for pictures uses: one search a scene.
pub(crate) fn searches(_: &Backend, work: Work) -> Quote {
    let one = Usage {
        requests: 1,
        ..Usage::default()
    };
    for_scenes(one, work)
}

/// A text of a stock site's, on one line and short; `None` if there is nothing.
pub(crate) fn told(text: &str) -> Option<String> {
    let text = crate::error::one_line(text);
    (!text.is_empty()).then_some(text)
}

/// What stock sites search by: `words` without what they don't know, at most 100 characters.
pub(crate) fn search_words(words: &str) -> String {
    let mut kept = String::new();
    for word in words.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        let length = kept.chars().count() + 1 + word.chars().count();
        if !word.is_empty() && length <= 100 {
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(word);
        }
    }
    kept
}
