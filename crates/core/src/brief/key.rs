//! The keys of a brief and the values each of them takes.

use super::rule;
use super::{Brief, BriefError, Captions, Dollars, Format, Tier};
use crate::Code;

/// A value as it stands in the text, before anybody asked what it means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nothing,
    Text(String),
    Whole(i64),
    Number(f64),
    List(Vec<String>),
    /// Anything that no key takes, in words: `"a table"`.
    Other(&'static str),
}

impl Value {
    /// The value in words, for messages.
    fn found(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Text(text) => format!("the text {}", rule::quoted(text)),
            Self::Whole(n) => format!("the number {n}"),
            Self::Number(n) => format!("the number {n}"),
            Self::List(_) => "a list".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}

macro_rules! keys {
    ($($variant:ident = $name:literal,)*) => {
        /// A key of a brief.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Key { $($variant,)* }

        impl Key {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

keys! {
    Title = "title",
    Script = "script",
    Article = "article",
    Topic = "topic",
    Description = "description",
    Tags = "tags",
    Format = "format",
    Tier = "tier",
    Budget = "budget",
    Voice = "voice",
    Language = "language",
    Theme = "theme",
    Assets = "assets",
    Music = "music",
    Captions = "captions",
    Channel = "channel",
}

impl Key {
    /// The key of that exact name, or the refusal of the name with the nearest known one.
    pub(super) fn named(name: &str) -> Result<Self, BriefError> {
        if let Some(key) = Self::ALL.iter().find(|key| key.name() == name) {
            return Ok(*key);
        }
        let names = Self::ALL.iter().map(|key| key.name());
        let help = match rule::nearest(name, names.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the keys are {}", names.collect::<Vec<_>>().join(", ")),
        };
        let what = format!("unknown key {}", rule::quoted(name));
        Err(BriefError::new(Code::BriefUnknownKey, what, help).key(rule::shortened(name).as_ref()))
    }

    /// Checks `value` and puts it into `brief`. `Nothing` leaves the key out.
    pub(super) fn put(self, value: Value, brief: &mut Brief) -> Result<(), BriefError> {
        if value == Value::Nothing {
            return Ok(());
        }
        match self {
            Self::Tags => {
                let Value::List(tags) = value else {
                    return Err(self.mistyped("a list of texts", &value, "[\"sea\", \"whales\"]"));
                };
                rule::tags(&tags)?;
                brief.tags = tags;
            }
            Self::Budget => {
                let dollars = match value {
                    Value::Text(text) => Dollars::Text(text),
                    Value::Whole(n) => Dollars::Whole(n),
                    Value::Number(n) => Dollars::Number(n),
                    other => return Err(self.mistyped("an amount of dollars", &other, "\"2.50\"")),
                };
                rule::budget(&dollars)?;
                brief.budget = Some(dollars);
            }
            _ => {
                let Value::Text(text) = value else {
                    return Err(self.mistyped("text", &value, "\"…\""));
                };
                self.put_text(text, brief)?;
            }
        }
        Ok(())
    }

    fn put_text(self, text: String, brief: &mut Brief) -> Result<(), BriefError> {
        rule::text(self, &text)?;
        match self {
            Self::Title => brief.title = Some(text),
            Self::Script => brief.script = Some(text),
            Self::Article => brief.article = Some(text),
            Self::Topic => brief.topic = Some(text),
            Self::Description => brief.description = Some(text),
            Self::Voice => brief.voice = Some(text),
            Self::Language => brief.language = Some(text),
            Self::Theme => brief.theme = Some(text),
            Self::Assets => brief.assets = Some(text),
            Self::Music => brief.music = Some(text),
            Self::Channel => brief.channel = Some(text),
            Self::Format => brief.format = rule::choice(self, &text, Format::NAMES)?,
            Self::Tier => brief.tier = rule::choice(self, &text, Tier::NAMES)?,
            Self::Captions => brief.captions = rule::choice(self, &text, Captions::NAMES)?,
            Self::Tags | Self::Budget => {}
        }
        Ok(())
    }

    fn mistyped(self, expected: &str, value: &Value, example: &str) -> BriefError {
        let name = self.name();
        let what = format!("{name} must be {expected}, found {}", value.found());
        let help = match (expected, value) {
            ("text", Value::Whole(n)) => format!("put it in quotes: \"{n}\""),
            ("text", Value::Number(n)) => format!("put it in quotes: \"{n}\""),
            ("a list of texts", Value::Text(_)) => format!("write a list: {example}"),
            _ => format!("write {name} as {example}"),
        };
        BriefError::new(Code::BriefInvalid, what, help).key(name)
    }
}

impl Format {
    /// Every format with the name it has in a brief.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("16:9", Self::Landscape),
        ("9:16", Self::Portrait),
        ("1:1", Self::Square),
    ];
}

impl Tier {
    /// Every tier with the name it has in a brief.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("simple", Self::Simple),
        ("complex", Self::Complex),
        ("premium", Self::Premium),
    ];
}

impl Captions {
    /// Every place for captions with the name it has in a brief.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("burned", Self::Burned),
        ("sidecar", Self::Sidecar),
        ("both", Self::Both),
        ("none", Self::None),
    ];
}
