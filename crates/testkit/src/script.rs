//! What the fake model writes when nobody tells it otherwise: a plain, valid script.

use serde_json::{Value, json};

const SENTENCE: [&str; 9] = [
    "The", "slow", "river", "carries", "sand", "and", "stories", "to", "sea.",
];

/// A script of `scenes` scenes with `words` words of narration each, in the JSON that
/// `providers::writer::schema` describes.
pub fn script_json(scenes: usize, words: usize) -> Value {
    let narration: Vec<_> = SENTENCE.iter().copied().cycle().take(words).collect();
    let narration = format!("{}.", narration.join(" ").trim_end_matches('.'));
    let visual = |n: usize| {
        let mut visual = json!({
            "kind": "heading", "text": null, "by": null, "value": null, "label": null,
            "points": [], "left_label": null, "left_value": null, "left_note": null,
            "right_label": null, "right_value": null, "right_note": null,
        });
        let last = n + 1 == scenes;
        match n {
            0 => visual["kind"] = json!("title"),
            _ if last => visual["kind"] = json!("closing"),
            _ if n % 3 == 1 => {
                visual["kind"] = json!("bullets");
                visual["points"] = json!(["Sand", "Stories", "Sea"]);
            }
            _ if n % 3 == 2 => {
                visual["kind"] = json!("number");
                visual["value"] = json!("6,650 km");
                visual["label"] = json!("length of the river");
            }
            _ => visual["text"] = json!("Where it all ends"),
        }
        visual
    };
    let scenes: Vec<_> = (0..scenes)
        .map(|n| {
            json!({
                "heading": format!("Part {}", n + 1), "narration": narration,
                "picture_hint": "river delta", "visual": visual(n),
            })
        })
        .collect();
    json!({
        "title": "The slow river", "description": "What a river carries.",
        "tags": ["river", "sand"], "scenes": scenes,
    })
}

/// The number before the first ` words` in `text`: how much a prompt asks for.
pub fn words_asked(text: &str) -> Option<usize> {
    let before = text
        .split(" words")
        .next()
        .filter(|before| before.len() < text.len())?;
    before
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_give_their_number_of_words() {
        assert_eq!(
            words_asked("Write 300 words of narration, not 5 words."),
            Some(300)
        );
        assert_eq!(words_asked("Write a few words."), None);
        assert_eq!(words_asked("Write 300."), None);
    }
}
