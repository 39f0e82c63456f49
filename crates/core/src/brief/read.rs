//! One reader for all three syntaxes: a visitor that checks each key and value where it
//! stands, so that every error knows its place.

use std::cell::RefCell;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::position;
use super::key::{Key, Value};
use super::rule;
use super::{Brief, BriefError, Syntax};
use crate::Code;

/// Reads the keys of a brief from `text`; what must hold between keys is checked elsewhere.
pub(super) fn read(text: &str, syntax: Syntax) -> Result<Brief, BriefError> {
    let refusal = RefCell::new(None);
    let whole = Whole(&refusal);
    let result = match syntax {
        Syntax::Toml => toml::Deserializer::parse(text)
            .and_then(|d| whole.deserialize(d))
            .map_err(|e| {
                let at = e.span().map(|span| position(text, span.start));
                (e.message().to_owned(), at)
            }),
        Syntax::Json => {
            let mut d = serde_json::Deserializer::from_str(text);
            whole
                .deserialize(&mut d)
                .and_then(|brief| d.end().map(|()| brief))
                .map_err(|e| {
                    let at = (e.line() > 0).then(|| (e.line() as u32, e.column().max(1) as u32));
                    (without_place(&e.to_string()), at)
                })
        }
        Syntax::Yaml => {
            let d = serde_yaml_ng::Deserializer::from_str(text);
            whole.deserialize(d).map_err(|e| {
                let at = e
                    .location()
                    .map(|l| (l.line().max(1) as u32, l.column().max(1) as u32));
                (without_place(&e.to_string()), at)
            })
        }
        Syntax::Article => return Ok(Brief::from_article(text)),
    };
    result.map_err(|(message, at)| match refusal.take() {
        Some(refusal) => refusal.at(at),
        None => malformed(syntax, &message, at),
    })
}

fn malformed(syntax: Syntax, message: &str, at: Option<(u32, u32)>) -> BriefError {
    let line = message
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>();
    let what = format!(
        "not valid {}: {}",
        syntax.name(),
        one_line(&line.join(", "))
    );
    let help = match syntax {
        Syntax::Toml => {
            "write each key as key = \"value\", and long texts between two lines of '''"
        }
        Syntax::Yaml => "write each key as key: value, and long texts indented under key: |",
        _ => "write one object, each key and text in double quotes",
    };
    BriefError::new(Code::BriefMalformed, what, help).at(at)
}

/// A parser may quote the text it stumbled over: keep its message to a line.
fn one_line(message: &str) -> String {
    let clean: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match clean.char_indices().nth(160) {
        None => clean,
        Some((end, _)) => format!("{}…", &clean[..end]),
    }
}

/// Drops the place that a parser appends to its message; it is told apart.
fn without_place(message: &str) -> String {
    message
        .split(" at line ")
        .next()
        .unwrap_or(message)
        .to_owned()
}

type Refusal = RefCell<Option<BriefError>>;

/// Keeps the refusal and stops the parser, whose own error then tells the place.
fn refuse<E: de::Error>(refusal: &Refusal, error: BriefError) -> E {
    refusal.replace(Some(error));
    E::custom("refused")
}

/// The whole brief: a map.
struct Whole<'r>(&'r Refusal);

impl Whole<'_> {
    fn not_a_map<E: de::Error>(&self, found: &str) -> E {
        let what = format!("a brief is keys and values, found {found}");
        let help = "write at least a title and a script; an article goes into a .md, .txt or \
                    .html file";
        refuse(self.0, BriefError::new(Code::BriefMalformed, what, help))
    }
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Brief;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Brief, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Brief;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Brief, A::Error> {
        let mut brief = Brief::default();
        let mut seen = Vec::new();
        while let Some(key) = map.next_key_seed(KeySeed {
            refusal: self.0,
            seen: &seen,
        })? {
            seen.push(key);
            let refusal = self.0;
            map.next_value_seed(ValueSeed {
                refusal,
                key,
                brief: &mut brief,
            })?;
        }
        Ok(brief)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Brief, E> {
        Err(self.not_a_map("a text"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Brief, A::Error> {
        Err(self.not_a_map("a list"))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Brief, E> {
        Err(self.not_a_map("nothing"))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Brief, E> {
        Err(self.not_a_map("true or false"))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Brief, E> {
        Err(self.not_a_map("a number"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Brief, E> {
        Err(self.not_a_map("a number"))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Brief, E> {
        Err(self.not_a_map("a number"))
    }
}

/// A key: known, and not seen before.
struct KeySeed<'r> {
    refusal: &'r Refusal,
    seen: &'r [Key],
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Key, D::Error> {
        d.deserialize_any(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a key")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
        let key = Key::named(name).map_err(|error| refuse(self.refusal, error))?;
        if self.seen.contains(&key) {
            let what = format!("the key \"{name}\" is there twice");
            let error = BriefError::new(Code::BriefMalformed, what, "remove one of the two");
            return Err(refuse(self.refusal, error.key(name)));
        }
        Ok(key)
    }
}

/// The value of `key`, put into `brief`. Nothing nested is ever walked into, so depth and
/// repeated aliases cost nothing.
struct ValueSeed<'r> {
    refusal: &'r Refusal,
    key: Key,
    brief: &'r mut Brief,
}

impl ValueSeed<'_> {
    fn put<E: de::Error>(self, value: Value) -> Result<(), E> {
        self.key
            .put(value, self.brief)
            .map_err(|error| refuse(self.refusal, error))
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.put(Value::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.put(Value::Nothing)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.put(Value::Other(if value { "true" } else { "false" }))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.put(Value::Whole(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        // Above every limit that a number can have here, so saturating loses nothing.
        self.put(Value::Whole(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.put(Value::Number(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.put(Value::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<(), E> {
        self.put(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.key != Key::Tags {
            return self.put(Value::List(Vec::new()));
        }
        let mut tags = Vec::new();
        while let Some(tag) = seq.next_element_seed(TagSeed(self.refusal))? {
            tags.push(tag);
            // Checked at each step: a list of a million aliases ends at its 500th character.
            if rule::tags_chars(&tags) > rule::TAGS_CHARS_MAX {
                break;
            }
        }
        self.put(Value::List(tags))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.put(Value::Other("a table"))
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.put(Value::Other("a tagged value"))
    }
}

/// One tag of the list.
struct TagSeed<'r>(&'r Refusal);

impl TagSeed<'_> {
    fn mistyped<E: de::Error>(&self, found: &str) -> E {
        let what = format!("each tag must be text, found {found}");
        let error = rule::invalid(
            Key::Tags,
            what,
            "put each tag in quotes: [\"sea\", \"1960\"]",
        );
        refuse(self.0, error)
    }
}

impl<'de> DeserializeSeed<'de> for TagSeed<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<String, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TagSeed<'_> {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a tag")
    }

    fn visit_str<E: de::Error>(self, tag: &str) -> Result<String, E> {
        Ok(tag.to_owned())
    }

    fn visit_unit<E: de::Error>(self) -> Result<String, E> {
        Err(self.mistyped("nothing"))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<String, E> {
        Err(self.mistyped(if value { "true" } else { "false" }))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<String, E> {
        Err(self.mistyped(&format!("the number {value}")))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<String, E> {
        Err(self.mistyped(&format!("the number {value}")))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<String, E> {
        Err(self.mistyped(&format!("the number {value}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        Err(self.mistyped("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        Err(self.mistyped("a table"))
    }
}
