//! The limits of each value, each with the sentence that tells how to keep it.

use std::borrow::Cow;

use super::key::Key;
use super::{BriefError, Dollars};
use crate::{Code, MicroUsd, MoneyError};

/// Characters in a title. YouTube's limit: `snippet.title` of the Data API's video resource.
pub const TITLE_CHARS_MAX: usize = 100;

/// Bytes of UTF-8 in a description. YouTube's limit: `snippet.description`.
pub const DESCRIPTION_BYTES_MAX: usize = 5000;

/// Characters of all tags together, as YouTube counts them: see [`tags_chars`].
pub const TAGS_CHARS_MAX: usize = 500;

/// Characters in a topic: a topic is a sentence or two, not a text.
pub const TOPIC_CHARS_MAX: usize = 1000;

/// No video ever costs more than this, whatever its brief says: three dollars.
pub const BUDGET_MAX: MicroUsd = MicroUsd(3_000_000);

/// Characters in a name or a path. Linux's `NAME_MAX` and `PATH_MAX` allow no sensible more.
const NAME_CHARS_MAX: usize = 1024;

/// Characters in a language tag: what RFC 5646, section 4.4.1, asks buffers to hold.
const LANGUAGE_CHARS_MAX: usize = 35;

/// Length of `tags` as YouTube counts it: a comma between two tags, and two quotation marks
/// around a tag that has a space.
///
/// Source: `snippet.tags[]` in the Data API's reference of the video resource.
pub fn tags_chars<T: AsRef<str>>(tags: &[T]) -> usize {
    let quotes = |tag: &str| {
        if tag.contains(char::is_whitespace) {
            2
        } else {
            0
        }
    };
    let own: usize = tags
        .iter()
        .map(|t| t.as_ref().chars().count() + quotes(t.as_ref()))
        .sum();
    own + tags.len().saturating_sub(1)
}

/// Checks a text value against the limits of its key.
pub(super) fn text(key: Key, text: &str) -> Result<(), BriefError> {
    let name = key.name();
    if let Some(control) = text.chars().find(|&c| is_refused_control(c)) {
        let what = format!(
            "{name} holds the control character U+{:04X}",
            control as u32
        );
        return Err(invalid(
            key,
            what,
            "remove it: it can be neither shown nor spoken",
        ));
    }
    if text.trim().is_empty() {
        return Err(invalid(
            key,
            format!("{name} is empty"),
            "write something, or drop the key",
        ));
    }
    match key {
        Key::Title => title(text),
        Key::Description => description(text),
        Key::Topic if text.chars().count() > TOPIC_CHARS_MAX => {
            let what = format!("topic is longer than {TOPIC_CHARS_MAX} characters");
            Err(invalid(key, what, "a whole text goes under \"article\""))
        }
        Key::Article => article(text),
        Key::Language => language(text),
        Key::Voice | Key::Theme | Key::Assets | Key::Music | Key::Channel => name_like(key, text),
        _ => Ok(()),
    }
}

fn title(text: &str) -> Result<(), BriefError> {
    let chars = text.trim().chars().count();
    if chars > TITLE_CHARS_MAX {
        let what = format!("title has {chars} characters, {TITLE_CHARS_MAX} is the most");
        return Err(invalid(
            Key::Title,
            what,
            "shorten it: YouTube refuses longer titles",
        ));
    }
    if text.trim().contains(['\n', '\r', '\t']) {
        let what = "title has a line break or a tab";
        return Err(invalid(Key::Title, what, "write it on one line"));
    }
    no_angles(Key::Title, text)
}

fn description(text: &str) -> Result<(), BriefError> {
    if text.len() > DESCRIPTION_BYTES_MAX {
        let what = format!(
            "description has {} bytes, {DESCRIPTION_BYTES_MAX} is the most",
            text.len()
        );
        return Err(invalid(
            Key::Description,
            what,
            "shorten it: YouTube refuses longer ones",
        ));
    }
    no_angles(Key::Description, text)
}

fn no_angles(key: Key, text: &str) -> Result<(), BriefError> {
    match text.find(['<', '>']) {
        None => Ok(()),
        Some(at) => {
            let what = format!("{} holds \"{}\"", key.name(), &text[at..=at]);
            Err(invalid(
                key,
                what,
                "write it in words: YouTube refuses \"<\" and \">\" there",
            ))
        }
    }
}

/// An article is the text itself; a path there is a misunderstanding worth naming.
fn article(text: &str) -> Result<(), BriefError> {
    let text = text.trim();
    let is_path = !text.contains(char::is_whitespace)
        && super::Syntax::of_file(text) == Some(super::Syntax::Article);
    let is_url = text.starts_with("http") && !text.contains(char::is_whitespace);
    if is_path || is_url {
        let what = format!("article is {}, which is not a text", quoted(text));
        let help = "put the text itself there, or give the file as the brief: \
                    ytempire make article.md";
        return Err(invalid(Key::Article, what, help));
    }
    Ok(())
}

fn language(tag: &str) -> Result<(), BriefError> {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let good = matches!(primary.len(), 2 | 3)
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && tag.len() <= LANGUAGE_CHARS_MAX
        && parts
            .all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if good {
        return Ok(());
    }
    let what = format!("language {} is not a BCP 47 tag", quoted(tag));
    let help = if tag.contains('_') {
        format!(
            "write it with hyphens: \"{}\"",
            shortened(&tag.replace('_', "-"))
        )
    } else {
        "write one such as \"en\", \"en-GB\" or \"pt-BR\"".to_owned()
    };
    Err(invalid(Key::Language, what, help))
}

fn name_like(key: Key, text: &str) -> Result<(), BriefError> {
    let name = key.name();
    if text.chars().count() > NAME_CHARS_MAX {
        let what = format!("{name} is longer than {NAME_CHARS_MAX} characters");
        return Err(invalid(
            key,
            what,
            "give a name, or a path beside the brief",
        ));
    }
    if text.contains(['\n', '\r', '\t']) {
        let what = format!("{name} has a line break or a tab");
        return Err(invalid(key, what, "write it on one line"));
    }
    if matches!(key, Key::Assets | Key::Music) && text.contains("://") {
        let what = format!("{name} {} is an address", quoted(text));
        return Err(invalid(
            key,
            what,
            "fetch it and give its path: nothing is downloaded",
        ));
    }
    Ok(())
}

/// Checks the tags, each and together.
pub(super) fn tags(tags: &[String]) -> Result<(), BriefError> {
    for tag in tags {
        if tag.trim().is_empty() {
            return Err(invalid(Key::Tags, "a tag is empty", "remove it"));
        }
        if tag
            .chars()
            .any(|c| is_refused_control(c) || c == '\n' || c == '\t' || c == '\r')
        {
            let what = format!("the tag {} holds a control character", quoted(tag));
            return Err(invalid(
                Key::Tags,
                what,
                "write it on one line, in plain characters",
            ));
        }
        if let Some(at) = tag.find(['<', '>', ',']) {
            let what = format!("the tag {} holds \"{}\"", quoted(tag), &tag[at..=at]);
            let help = "YouTube refuses \"<\" and \">\" in tags, and commas separate them";
            return Err(invalid(Key::Tags, what, help));
        }
    }
    let chars = tags_chars(tags);
    if chars > TAGS_CHARS_MAX {
        let what = format!("tags have {chars} characters in all, {TAGS_CHARS_MAX} is the most");
        let help = "drop some: YouTube counts commas between tags, and quotes around those \
                    with spaces";
        return Err(invalid(Key::Tags, what, help));
    }
    Ok(())
}

/// Reads the budget exactly and checks that it lies above zero and under the cap.
pub(super) fn budget(dollars: &Dollars) -> Result<MicroUsd, BriefError> {
    let text = match dollars {
        Dollars::Text(text) => text.clone(),
        Dollars::Whole(n) => n.to_string(),
        // Rust writes a float's shortest decimal that reads back the same: 2.5 is "2.5".
        Dollars::Number(n) => n.to_string(),
    };
    let amount = text.parse::<MicroUsd>().map_err(|error| match error {
        MoneyError::Malformed(_) => {
            let what = format!("budget {} is not an amount of dollars", quoted(&text));
            invalid(Key::Budget, what, "write it like \"2.50\"")
        }
        MoneyError::TooFine(_) => {
            let what = format!("budget {} has more than six decimals", quoted(&text));
            invalid(
                Key::Budget,
                what,
                "round it: a millionth of a dollar is the smallest amount",
            )
        }
        MoneyError::Overflow => above_cap(&shortened(&text)),
    })?;
    if amount <= MicroUsd::ZERO {
        let what = format!("budget {} is not above zero", shortened(&text));
        let help = "give at least \"0.01\": also local work is booked; tier = \"simple\" buys \
                    nothing from anybody";
        return Err(invalid(Key::Budget, what, help));
    }
    if amount > BUDGET_MAX {
        return Err(above_cap(&amount.to_string()));
    }
    Ok(amount)
}

fn above_cap(shown: &str) -> BriefError {
    let what = format!("budget {shown} is above the cap of {BUDGET_MAX}");
    invalid(
        Key::Budget,
        what,
        "lower it: no video ever costs more than $3.00",
    )
}

/// The choice of that name, or a refusal that lists them all.
pub(super) fn choice<T: Copy>(
    key: Key,
    text: &str,
    names: &[(&'static str, T)],
) -> Result<T, BriefError> {
    if let Some((_, chosen)) = names.iter().find(|(name, _)| *name == text) {
        return Ok(*chosen);
    }
    let all: Vec<_> = names
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let help = match nearest(text, names.iter().map(|(name, _)| *name)) {
        Some(near) => format!(
            "did you mean \"{near}\"? the choices are {}",
            all.join(", ")
        ),
        None => format!("the choices are {}", all.join(", ")),
    };
    let what = format!("{} can't be {}", key.name(), quoted(text));
    Err(invalid(key, what, help))
}

pub(super) fn invalid(key: Key, what: impl Into<String>, help: impl Into<String>) -> BriefError {
    BriefError::new(Code::BriefInvalid, what, help).key(key.name())
}

/// Control characters that no text needs: all but tab, line feed and carriage return.
pub(super) fn is_refused_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// The known name nearest to `wrong`, if near enough to be what was meant: at most a third of
/// the letters differ (a swap of neighbours counts once), two at least being allowed.
pub(super) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = shortened(wrong).to_lowercase();
    names
        .map(|name| (strsim::damerau_levenshtein(&wrong, name), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(2) && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// At most 40 characters of `text`, so that a message stays a line.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// `text` in quotation marks, shortened, its control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}
