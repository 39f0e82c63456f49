//! The kinds of backend: one file each, one row each in the table here.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ytempire_core::Stage;

use crate::backend::Backend;
use crate::usage::Usage;
use crate::{chat, hearing, picture, speech};

/// The wire protocol of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// `POST {base}/chat/completions`
    #[serde(rename = "openai-chat")]
    OpenaiChat,
    /// `POST {base}/messages`
    #[serde(rename = "anthropic-messages")]
    AnthropicMessages,
    /// `POST {base}/audio/speech`
    #[serde(rename = "openai-speech")]
    OpenaiSpeech,
    /// `POST {base}/text-to-speech/{voice}/with-timestamps`
    #[serde(rename = "elevenlabs")]
    Elevenlabs,
    /// `POST {base}/text:synthesize`
    #[serde(rename = "google-tts")]
    GoogleTts,
    /// `POST {base}/images/generations`
    #[serde(rename = "openai-images")]
    OpenaiImages,
    /// `POST {base}/prompt`, then `/history` and `/view`
    #[serde(rename = "comfyui")]
    Comfyui,
    /// `GET {base}/search`
    #[serde(rename = "pexels")]
    Pexels,
    /// `GET {base}/?q=…`
    #[serde(rename = "pixabay")]
    Pixabay,
    /// A folder of pictures.
    #[serde(rename = "library")]
    Library,
    /// `POST {base}/audio/transcriptions`
    #[serde(rename = "openai-transcription")]
    OpenaiTranscription,
}

/// What a backend is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Writes: [`chat::Chat`].
    Language,
    /// Speaks: [`speech::Speech`].
    Speech,
    /// Makes or finds pictures: [`picture::Pictures`].
    Pictures,
    /// Says when each word is spoken: [`hearing::Hearing`].
    Transcription,
}

/// How a key travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// The key alone in a header of that name.
    Header(&'static str),
    /// In the query, under that name.
    Query(&'static str),
    /// There is none.
    None,
}

/// Work that a backend may be asked to do for a video, or a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Words to be written.
    pub words: u64,
    /// Characters to be spoken.
    pub characters: u64,
    /// Scenes: stretches to be spoken apart, pictures to be found or made.
    pub scenes: u64,
    /// Seconds of speech to be heard.
    pub seconds: u64,
}

/// What work uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Quantities, all calls together.
    pub usage: Usage,
    /// Calls. Each rounds each of its meters up to a micro-dollar.
    pub calls: u64,
}

/// How a server is looked at for nothing.
pub(crate) struct Probe {
    /// Below the base URL.
    pub(crate) path: &'static str,
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The names of its models in the answer; `None`: it doesn't look like one. A server without
    /// models gives none.
    pub(crate) names: fn(&Value) -> Option<Vec<String>>,
    /// Whether those names are models at all.
    pub(crate) lists_models: bool,
}

/// The functions of a kind by its role.
pub(crate) enum Wire {
    Language(chat::Wire),
    Speech(speech::Wire),
    Pictures(picture::Wire),
    Transcription(hearing::Wire),
}

/// All that is particular to a kind.
pub struct Spec {
    /// The kind.
    pub kind: Kind,
    /// Its name in the configuration.
    pub name: &'static str,
    /// The sets of meters that it may be billed by: exactly those of one set have a price.
    pub meters: &'static [&'static [&'static str]],
    /// How good what it gives usually is, 0 to 100; the configuration may know better.
    pub quality: u8,
    /// Where its API begins if the configuration doesn't say.
    pub base_url: Option<&'static str>,
    /// The keys of the configuration that mean something for it, beside those that all have.
    pub(crate) keys: &'static [&'static str],
    /// Those of them that must be there.
    pub(crate) required: &'static [&'static str],
    pub(crate) auth: Auth,
    /// `None`: there is no server.
    pub(crate) probe: Option<Probe>,
    pub(crate) wire: Wire,
    /// The most that work can use.
    pub(crate) worst: fn(&Backend, Work) -> Quote,
    /// What it uses most often.
    pub(crate) expected: fn(&Backend, Work) -> Quote,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// All kinds, in the order in which the guide has them.
pub static KINDS: [&Spec; 11] = [
    &chat::openai::SPEC,
    &chat::anthropic::SPEC,
    &speech::openai::SPEC,
    &speech::elevenlabs::SPEC,
    &speech::google::SPEC,
    &picture::openai::SPEC,
    &picture::comfyui::SPEC,
    &picture::pexels::SPEC,
    &picture::pixabay::SPEC,
    &picture::library::SPEC,
    &hearing::openai::SPEC,
];

impl Spec {
    /// What it is asked for.
    pub const fn role(&self) -> Role {
        match self.wire {
            Wire::Language(_) => Role::Language,
            Wire::Speech(_) => Role::Speech,
            Wire::Pictures(_) => Role::Pictures,
            Wire::Transcription(_) => Role::Transcription,
        }
    }

    /// The stage that uses it.
    pub const fn stage(&self) -> Stage {
        match self.role() {
            Role::Language => Stage::Script,
            Role::Speech | Role::Transcription => Stage::Narrate,
            Role::Pictures => Stage::Illustrate,
        }
    }
}

impl Kind {
    /// All that is particular to it.
    pub fn spec(self) -> &'static Spec {
        let of_kind = KINDS.iter().find(|spec| spec.kind == self);
        of_kind.expect("every kind has its row, which a test checks")
    }

    /// What it is asked for.
    pub fn role(self) -> Role {
        self.spec().role()
    }

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        self.spec().name
    }
}

impl Backend {
    /// The most that `work` can use here: what a plan has to count.
    pub fn worst(&self, work: Work) -> Quote {
        (self.kind.spec().worst)(self, work)
    }

    /// What `work` uses here most often: what a planner compares.
    pub fn expected(&self, work: Work) -> Quote {
        (self.kind.spec().expected)(self, work)
    }

    /// Whether it tells when each word that it speaks is spoken.
    pub fn tells_words(&self) -> bool {
        self.kind == Kind::Elevenlabs || self.word_timestamps.is_some()
    }

    /// `usage`, without the meters that have no price: a kind may be billed in several ways.
    pub(crate) fn billed(&self, usage: Usage) -> Usage {
        let priced = |meter: &str, quantity| match self.prices.of(meter) {
            Some(_) => quantity,
            None => 0,
        };
        Usage {
            images: priced(Usage::IMAGES, usage.images),
            input_tokens: priced(Usage::INPUT_TOKENS, usage.input_tokens),
            output_tokens: priced(Usage::OUTPUT_TOKENS, usage.output_tokens),
            ..usage
        }
    }
}

/// The ids in a list of models as `OpenAI` and others give it: `{"data":[{"id":…}]}`.
pub(crate) fn ids_of_data(value: &Value) -> Option<Vec<String>> {
    names_of(value.get("data")?, "id")
}

/// The texts under `key` in a list of objects.
pub(crate) fn names_of(list: &Value, key: &str) -> Option<Vec<String>> {
    let name = |object: &Value| object.get(key)?.as_str().map(str::to_owned);
    list.as_array()?.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_under_the_name_of_the_configuration() {
        for spec in KINDS {
            let written = serde_json::to_value(spec.kind).unwrap();
            assert_eq!(written, spec.name);
            assert!(std::ptr::eq(spec.kind.spec(), spec), "{}", spec.name);
            assert!(spec.quality <= 100, "{}", spec.name);
            assert!(
                spec.required.iter().all(|key| spec.keys.contains(key)),
                "{}",
                spec.name
            );
            let known = |meter: &&str| Usage::METERS.contains(meter);
            assert!(spec.meters.iter().flat_map(|set| set.iter()).all(known));
        }
    }
}
