//! The typefaces inside the program, so that a frame is the same on every machine.
//!
//! All are under the SIL Open Font License; each folder of `fonts/` holds its licence. They
//! are subsets (Latin, Latin Extended, and for Inter Greek, Cyrillic, arrows and signs) with
//! kerning and tabular figures kept. Variable families were pinned to one instance.

/// The text family: also stands in where a display family lacks a character.
pub const TEXT: &str = "Inter";
/// Inter drawn for large sizes.
pub const INTER_DISPLAY: &str = "Inter Display";
/// A warm, sharp serif for titles.
pub const FRAUNCES: &str = "Fraunces";
/// A newspaper serif for titles and quotations.
pub const NEWSREADER: &str = "Newsreader";
/// A lively grotesque.
pub const BRICOLAGE: &str = "Bricolage Grotesque";
/// A wide, plain grotesque.
pub const ARCHIVO: &str = "Archivo";

/// Every embedded file.
pub(super) const EMBEDDED: [&[u8]; 9] = [
    include_bytes!("../../fonts/inter/Inter-Regular.otf"),
    include_bytes!("../../fonts/inter/Inter-Medium.otf"),
    include_bytes!("../../fonts/inter/Inter-SemiBold.otf"),
    include_bytes!("../../fonts/inter/Inter-Bold.otf"),
    include_bytes!("../../fonts/inter/InterDisplay-SemiBold.otf"),
    include_bytes!("../../fonts/fraunces/Fraunces-SemiBold.ttf"),
    include_bytes!("../../fonts/newsreader/Newsreader-Medium.ttf"),
    include_bytes!("../../fonts/bricolage-grotesque/BricolageGrotesque-Bold.ttf"),
    include_bytes!("../../fonts/archivo/Archivo-Bold.ttf"),
];

/// The embedded families and whom to credit for them; all under the SIL Open Font License 1.1.
pub const FONT_CREDITS: [(&str, &str); 5] = [
    ("Inter", "The Inter Project Authors"),
    ("Fraunces", "The Fraunces Project Authors"),
    ("Newsreader", "The Newsreader Project Authors"),
    (
        "Bricolage Grotesque",
        "The Bricolage Grotesque Project Authors",
    ),
    ("Archivo", "The Archivo Project Authors"),
];
