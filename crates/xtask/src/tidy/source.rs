//! Reads Rust source far enough to tell code from comments and literals.

/// `text` with comments and the insides of literals blanked: same lines, same columns in bytes.
pub(super) fn code_of(text: &str) -> String {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        code: Vec::with_capacity(text.len()),
    };
    while scan.at < scan.bytes.len() {
        scan.step();
    }
    // Only whole characters were kept or blanked, so this loses nothing.
    String::from_utf8_lossy(&scan.code).into_owned()
}

/// The part of masked `code` that ships: everything before the inline module of unit tests.
pub(super) fn shipped(code: &str) -> &str {
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let after = code[start + "#[cfg(test)]".len()..].trim_start();
        let head = after.split_inclusive(['{', ';']).next().unwrap_or_default();
        if head.contains("mod ") && head.ends_with('{') {
            return &code[..start];
        }
        from = start + 1;
    }
    code
}

/// Byte offsets at which `word` stands in `code` as a word of its own.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            let open = word.ends_with(is_word);
            let continues = before.is_some_and(is_word) || open && after.is_some_and(is_word);
            !continues
        })
}

/// The identifiers that follow `keyword` in masked code, each with its offset.
pub(super) fn names_after<'a>(
    code: &'a str,
    keyword: &'a str,
) -> impl Iterator<Item = (usize, &'a str)> + 'a {
    words(code, keyword).filter_map(move |at| {
        let rest = code[at + keyword.len()..].trim_start();
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        (end > 0).then(|| (at, &rest[..end]))
    })
}

/// The line of byte `at`, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    code: Vec<u8>,
}

impl Scan<'_> {
    fn step(&mut self) {
        let rest = &self.bytes[self.at..];
        match rest {
            [b'/', b'/', ..] => {
                let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                self.blank(end);
            }
            [b'/', b'*', ..] => self.blank(block_comment(rest)),
            [b'"', ..] => self.literal(1, quoted(rest, b'"')),
            [b'\'', ..] => match character(rest) {
                Some(length) => self.literal(1, length),
                None => self.keep(1),
            },
            [b'r', ..] if !self.inside_word() => match raw_string(rest) {
                Some((hashes, length)) => self.literal(hashes + 2, length),
                None => self.keep(1),
            },
            _ => self.keep(1),
        }
    }

    /// Tells whether the byte before is a part of the same word. `br"…"` and `cr"…"` are not
    /// words, but strings with one more letter.
    fn inside_word(&self) -> bool {
        let word =
            |byte: Option<&u8>| byte.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
        let before = |back: usize| self.at.checked_sub(back).and_then(|at| self.bytes.get(at));
        let prefix = matches!(before(1), Some(b'b' | b'c')) && !word(before(2));
        word(before(1)) && !prefix
    }

    fn keep(&mut self, length: usize) {
        self.code
            .extend_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
    }

    fn blank(&mut self, length: usize) {
        let blanked = self.bytes[self.at..self.at + length].iter();
        self.code
            .extend(blanked.map(|&b| if b == b'\n' { b'\n' } else { b' ' }));
        self.at += length;
    }

    /// Keeps the quotation marks, so that a literal is still seen as one.
    fn literal(&mut self, opening: usize, length: usize) {
        if length < 2 * opening {
            self.blank(length);
            return;
        }
        self.keep(opening);
        self.blank(length - opening - 1);
        self.keep(1);
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a literal that begins and ends with `quote` and escapes with backslashes.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal, or `None` for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, b'\''));
    }
    let longest = rest.len().min(6);
    let text = match std::str::from_utf8(&rest[1..longest]) {
        Ok(text) => text,
        Err(cut) => std::str::from_utf8(&rest[1..=cut.valid_up_to()]).ok()?,
    };
    let length = text.chars().next()?.len_utf8();
    (rest.get(1 + length) == Some(&b'\'')).then_some(length + 2)
}

/// The number of hashes and the length of a raw string, or `None` if it is none.
fn raw_string(rest: &[u8]) -> Option<(usize, usize)> {
    let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let body = hashes + 2;
    let closing: Vec<u8> = std::iter::once(b'"')
        .chain(std::iter::repeat_n(b'#', hashes))
        .collect();
    let inside = rest[body..]
        .windows(closing.len())
        .position(|window| window == closing);
    Some((
        hashes,
        inside.map_or(rest.len(), |inside| body + inside + closing.len()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        for (text, code) in [
            ("a // todo!()\nb", "a           \nb"),
            ("/* x /* y */ z */b", "                 b"),
            (r#"f("todo!()", 'x')"#, r#"f("       ", ' ')"#),
            (r#"f("\"", '\'', '"')"#, r#"f("  ", '  ', ' ')"#),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("'é' 'e'", "'  ' ' '"),
        ] {
            assert_eq!(code_of(text), code, "{text}");
        }
    }

    #[test]
    fn raw_strings_end_where_their_hashes_say() {
        let blanked = format!("r#\"{}# + b", " ".repeat(11));
        assert_eq!(code_of("r#\"a\" todo!()\"# + b"), blanked);
        assert!(!code_of("br\"todo!()\"").contains("todo"));
        assert_eq!(code_of("for r in x"), "for r in x");
        assert_eq!(code_of("r#type"), "r#type");
    }

    #[test]
    fn unit_tests_are_not_shipped_but_their_gated_imports_are() {
        let code = "#[cfg(test)]\nuse a;\nfn f() {}\n#[cfg(test)]\nmod tests {\n}";
        assert_eq!(shipped(code), "#[cfg(test)]\nuse a;\nfn f() {}\n");
        let in_a_file = "#[cfg(test)]\nmod tests;\nfn f() {}";
        assert_eq!(shipped(in_a_file), in_a_file);
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(words("eprintln!() println!()", "println!").count(), 1);
        assert_eq!(words("model mod x; modem", "mod").collect::<Vec<_>>(), [6]);
        let names: Vec<_> = names_after("fn a() {} pub async fn b_c(", "fn")
            .map(|n| n.1)
            .collect();
        assert_eq!(names, ["a", "b_c"]);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!((line_of("a\nb", 0), line_of("a\nb", 2)), (1, 2));
    }
}
