//! The JSON Schema of a brief.

use serde_json::{Value, json};

use super::{Brief, TITLE_CHARS_MAX, TOPIC_CHARS_MAX};

/// The JSON Schema (draft 2020-12) of a brief, with a description of every key.
///
/// It says what a schema can say: types, choices, lengths, and that exactly one of `script`,
/// `article` and `topic` is given. The rest is checked by [`super::load()`].
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Brief).to_value();
    if let Some(keys) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let lengths = [
            ("title", Some(TITLE_CHARS_MAX)),
            ("script", None),
            ("article", None),
            ("topic", Some(TOPIC_CHARS_MAX)),
        ];
        for (key, most) in lengths {
            if let Some(key) = keys.get_mut(key).and_then(Value::as_object_mut) {
                key.insert("minLength".to_owned(), json!(1));
                if let Some(most) = most {
                    key.insert("maxLength".to_owned(), json!(most));
                }
            }
        }
    }
    if let Some(root) = schema.as_object_mut() {
        root.insert(
            "oneOf".to_owned(),
            json!([{"required": ["script"]}, {"required": ["article"]}, {"required": ["topic"]}]),
        );
    }
    schema
}
