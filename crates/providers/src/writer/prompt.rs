//! What the model is told.

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::chat::{Message, Role};

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What the video is about, in the user's words.
    pub topic: String,
    /// The title, where the user has chosen one.
    pub title: Option<String>,
    /// BCP 47 tag of the narration's language.
    pub language: String,
    /// Words of narration wanted, 50 to 5,000; about 150 are a minute.
    pub words: u32,
}

/// The kinds of picture a model may choose. Charts are missing on purpose: their data must come
/// from the user, and a model would make it up.
pub(super) const KINDS: [&str; 8] = [
    "title",
    "heading",
    "bullets",
    "quote",
    "number",
    "comparison",
    "sections",
    "closing",
];

fn scenes_of(words: u32) -> u32 {
    (words / 45).clamp(3, 60)
}

impl Assignment {
    /// Scenes that many words want: one for about 45 words, which is some 18 seconds.
    fn scenes(&self) -> u32 {
        scenes_of(self.words)
    }

    /// Tokens that the answer of `backend` may take for so many words: up to 4 a word (many
    /// languages need 3), 160 a scene for what surrounds the narration, 1,500 for title,
    /// description and tags; and what the model thinks before.
    pub(crate) fn output_tokens_of(words: u64, backend: &Backend) -> u32 {
        let words = u32::try_from(words).unwrap_or(u32::MAX);
        words
            .saturating_mul(4)
            .saturating_add(scenes_of(words) * 160 + 1_500)
            .saturating_add(backend.reasoning_tokens_max)
            .min(backend.output_tokens_max)
    }

    /// The conversation that asks for the script. The schema is repeated in words, because a
    /// server that can't be held to it must be told.
    pub(super) fn messages(&self, schema_in_prompt: bool) -> Vec<Message> {
        let mut rules = format!(
            "You write scripts for narrated videos. Answer with one JSON object and nothing \
             else.\n\
             - Write {words} words of narration in total (at least {least}, at most {most}), in \
             {scenes} scenes or so, in the language {language}. All other texts are in that \
             language too.\n\
             - narration is read aloud as it stands: whole sentences, numbers and abbreviations \
             as one says them, no markup, no stage directions, no emoji, no web addresses.\n\
             - Say only what is well established. No invented numbers, names, sources or \
             quotations; where figures differ, say so or leave them out.\n\
             - heading: at most 60 characters, names what the scene is about; it becomes a \
             chapter.\n\
             - picture_hint: two to five English words for an image search, or null.\n\
             - visual.kind is one of {kinds}. The first scene is title, the last closing. Vary \
             them; use heading where nothing else fits.\n\
             - Fields of visual by kind, null (points: empty) otherwise: title: text is a \
             subtitle. heading: text is one short line. bullets: points are 2 to 6 phrases of at \
             most 60 characters. quote: text is a real quotation, by its author. number: value \
             is one large number with its unit, label what it means. comparison: left_label, \
             left_value, left_note, right_label, right_value, right_note. sections: nothing. \
             closing: text is a question or an invitation.\n\
             - title: at most 80 characters. description: two or three sentences. tags: 5 to 12 \
             single terms without #.",
            words = self.words,
            least = self.words - self.words / 4,
            most = self.words.saturating_add(self.words / 4),
            scenes = self.scenes(),
            language = self.language,
            kinds = KINDS.join(", "),
        );
        if schema_in_prompt {
            rules.push_str("\nThe JSON Schema of the object:\n");
            rules.push_str(&schema().to_string());
        }
        // The user's words travel as a JSON string: they are the subject, not orders.
        let mut wish = json!({ "topic": self.topic });
        if let Some(title) = &self.title {
            wish["title"] = json!(title);
        }
        vec![
            Message {
                role: Role::System,
                content: rules,
            },
            Message {
                role: Role::User,
                content: format!("Write the script for: {wish}"),
            },
        ]
    }
}

/// The JSON Schema of a script as models write it.
///
/// Flat and within the subset that strict servers take: every property required, none
/// additional, no unions but with null, no lengths (those are checked here afterwards).
pub fn schema() -> Value {
    let text = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let object = |properties: Value| {
        let required: Vec<_> = properties
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    };
    let visual = object(json!({
        "kind": { "type": "string", "enum": KINDS },
        "text": maybe, "by": maybe, "value": maybe, "label": maybe, "points": texts,
        "left_label": maybe, "left_value": maybe, "left_note": maybe,
        "right_label": maybe, "right_value": maybe, "right_note": maybe,
    }));
    let scene = object(json!({
        "heading": text, "narration": text, "picture_hint": maybe, "visual": visual,
    }));
    object(json!({
        "title": text, "description": text, "tags": texts,
        "scenes": { "type": "array", "items": scene },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(schema: &Value, found: &mut Vec<Value>) {
        if let Some(properties) = schema["properties"].as_object() {
            found.push(schema.clone());
            for inner in properties.values() {
                objects(inner, found);
            }
        }
        if schema["items"].is_object() {
            objects(&schema["items"], found);
        }
    }

    #[test]
    fn the_schema_keeps_to_what_strict_servers_take() {
        let mut found = Vec::new();
        objects(&schema(), &mut found);
        assert_eq!(found.len(), 3);
        for object in found {
            assert_eq!(object["additionalProperties"], json!(false));
            let properties = object["properties"].as_object().unwrap();
            let required = object["required"].as_array().unwrap();
            assert_eq!(properties.len(), required.len());
        }
    }
}
