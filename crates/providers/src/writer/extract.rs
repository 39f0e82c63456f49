//! The first JSON object in whatever a model wrote.

use serde_json::{Deserializer, Value};

/// Opening braces tried before giving up: a text full of braces must not cost its square.
const STARTS_MAX: usize = 64;

/// The first JSON object of `text`, however it is wrapped: bare, in a code fence, after a
/// preface, after a `<think>` block.
pub(super) fn object(text: &str) -> Option<Value> {
    let said = match text.rfind("</think>") {
        Some(at) => &text[at + "</think>".len()..],
        None => text,
    };
    let mut from = 0;
    for _ in 0..STARTS_MAX {
        let start = from + said[from..].find('{')?;
        let mut values = Deserializer::from_str(&said[start..]).into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            return Some(value);
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_in_their_wrappings() {
        for text in [
            r#"{"a":1}"#,
            "```json\n{\"a\":1}\n```",
            "Sure! Here {it} is:\n{\"a\":1} and {\"b\":2}",
            "<think>maybe {\"b\":2}</think>{\"a\":1}",
            "\u{feff}{\"a\":1}",
        ] {
            assert_eq!(object(text), Some(serde_json::json!({ "a": 1 })), "{text}");
        }
    }

    #[test]
    fn texts_without_an_object_and_hostile_ones_give_none() {
        let deep = "{\"a\":".repeat(100_000);
        for text in [
            "",
            "no",
            "[1]",
            "{",
            "{\"a\":1",
            &deep,
            &"{".repeat(1_000_000),
        ] {
            assert_eq!(object(text), None);
        }
    }
}
