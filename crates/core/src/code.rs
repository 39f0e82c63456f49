//! Stable error codes. Each has a page in `docs/errors/`; a test checks that the set is whole.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, exit $exit:literal;)*) => {
        /// A stable error code, `YT` and four digits. The page `docs/errors/<code>.md` says
        /// what happened, what it cost and what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as people see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The exit code of a command that ends with this error.
            pub const fn exit(self) -> u8 {
                match self { $(Self::$name => $exit,)* }
            }
        }
    };
}

codes! {
    /// The brief can't be read, or is larger than the limit.
    BriefUnreadable = "YT0001", exit 2;
    /// The brief is not valid TOML, YAML, JSON or Markdown.
    BriefMalformed = "YT0002", exit 2;
    /// The brief has a key nobody knows.
    BriefUnknownKey = "YT0003", exit 2;
    /// A value of the brief has the wrong type or lies outside its range.
    BriefInvalid = "YT0004", exit 2;
    /// The script has no scene with narration.
    ScriptEmpty = "YT0005", exit 2;
    /// The script has too many scenes or words.
    ScriptTooLong = "YT0006", exit 2;
    /// A line of the script can't be understood.
    ScriptMalformed = "YT0007", exit 2;
    /// No font at hand has glyphs for some characters of the text.
    GlyphsMissing = "YT0008", exit 2;
    /// The chosen voice can't speak the text.
    VoiceUnsuited = "YT0009", exit 2;
    /// A topic needs a language backend and none is configured.
    NoLanguageBackend = "YT0010", exit 2;
    /// An asset is damaged, disguised, too large or of no known kind.
    AssetUnusable = "YT0011", exit 2;
    /// The configuration is invalid.
    ConfigInvalid = "YT0012", exit 2;
    /// No such video.
    VideoUnknown = "YT0013", exit 2;
    /// No such node.
    NodeUnknown = "YT0014", exit 2;
    /// What is asked for needs a yes, and nobody said it.
    Unconfirmed = "YT0015", exit 2;
    /// The video has not ended, or a job of it still runs.
    VideoUnfinished = "YT0016", exit 2;

    /// The worst case of the plan doesn't fit the budget.
    BudgetExceeded = "YT0101", exit 3;
    /// The price book has no price for a meter that the plan needs.
    PriceUnknown = "YT0102", exit 3;
    /// A charge came out above its reservation; the video stops.
    Overrun = "YT0103", exit 3;

    /// A program that the pipeline needs is not installed.
    ToolMissing = "YT0201", exit 4;
    /// A program that the pipeline runs failed.
    ToolFailed = "YT0202", exit 4;
    /// The disk is full.
    DiskFull = "YT0203", exit 4;
    /// The data or output folder can't be written.
    FolderUnwritable = "YT0204", exit 4;
    /// A provider refused the request.
    ProviderRefused = "YT0205", exit 4;
    /// A provider can't be reached, or answers with server errors.
    ProviderDown = "YT0206", exit 4;
    /// A provider's answer can't be used.
    ProviderGarbled = "YT0207", exit 4;
    /// Another node took the job over.
    LeaseLost = "YT0208", exit 4;
    /// The store failed.
    StoreFailed = "YT0209", exit 4;
    /// The job failed more often than it may.
    AttemptsExhausted = "YT0210", exit 4;
    /// The program is wrong.
    Bug = "YT0211", exit 4;
    /// A job took longer than its limit.
    TimedOut = "YT0212", exit 4;
    /// An artifact is missing or damaged.
    ArtifactDamaged = "YT0213", exit 4;
    /// The database's schema is older than this program.
    SchemaBehind = "YT0214", exit 6;
    /// `ytempire doctor` found something that keeps videos from being made, or loses them.
    Unwell = "YT0215", exit 7;
    /// As many videos wait as may.
    LineFull = "YT0216", exit 8;
    /// The line is halted: nothing is spent.
    LineHalted = "YT0217", exit 4;
    /// The database is away, or the connection to it was lost.
    DatabaseAway = "YT0218", exit 4;

    /// The finished video failed its checks, also after a repair.
    ValidationRejected = "YT0301", exit 5;

    /// The command was interrupted; the same command goes on.
    Interrupted = "YT0401", exit 130;
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique() {
        let texts: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
