//! The syntaxes a brief may be written in.

/// How a brief is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// Keys and values, `.toml`.
    Toml,
    /// Keys and values, `.yaml` and `.yml`.
    Yaml,
    /// Keys and values, `.json`.
    Json,
    /// An article in Markdown, plain text or HTML: `.md`, `.markdown`, `.txt`, `.text`, `.html`
    /// and `.htm`. Which of the three it is shows in the text itself.
    Article,
}

impl Syntax {
    /// Every extension that is understood, lower case and without its dot.
    pub const EXTENSIONS: &'static [(&'static str, Self)] = &[
        ("toml", Self::Toml),
        ("yaml", Self::Yaml),
        ("yml", Self::Yaml),
        ("json", Self::Json),
        ("md", Self::Article),
        ("markdown", Self::Article),
        ("txt", Self::Article),
        ("text", Self::Article),
        ("html", Self::Article),
        ("htm", Self::Article),
    ];

    /// The syntax of a file of this name, by its extension in any case; `None` if no extension
    /// or an unknown one.
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        let extension = extension.to_ascii_lowercase();
        Self::EXTENSIONS
            .iter()
            .find(|(known, _)| *known == extension)
            .map(|(_, syntax)| *syntax)
    }

    /// The name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Article => "an article",
        }
    }
}
