//! A table of readings, and properties that hold for any text.

use proptest::prelude::*;

use super::*;

/// A text and what is said for it, words joined by blanks.
const READINGS: &[(&str, &str)] = &[
    // Plain words.
    ("Hello, world!", "hello world"),
    (
        "It's the dog's bone; the dogs' bones.",
        "it's the dog's bone the dogs bones",
    ),
    ("a well-known café", "a well known cafe"),
    (
        "naïve façade, Zoë and Ångström",
        "naive facade zoe and angstrom",
    ),
    ("straße", "strasse"),
    ("I think A is a letter", "i think a is a letter"),
    ("vitamin A", "vitamin A"),
    ("Choose A, not B.", "choose A not B"),
    ("before WWII", "before world war two"),
    ("an X-ray and a T-shirt", "an X ray and a T shirt"),
    ("e-mail me", "E mail me"),
    ("and/or", "and or"),
    ("rock 'n' roll at 5 o'clock", "rock N roll at five o'clock"),
    ("don’t", "don't"),
    ("well—maybe", "well maybe"),
    (
        "“Quoted” (and bracketed) words",
        "quoted and bracketed words",
    ),
    // Cardinals.
    ("0", "zero"),
    ("13", "thirteen"),
    ("21 lions", "twenty one lions"),
    ("100", "one hundred"),
    ("342", "three hundred forty two"),
    ("1,001 nights", "one thousand one nights"),
    ("10,994", "ten thousand nine hundred ninety four"),
    ("1,000,000", "one million"),
    ("7000000000", "seven billion"),
    (
        "12345678901234567890",
        "one two three four five six seven eight nine zero one two three four five six seven eight nine zero",
    ),
    ("007", "zero zero seven"),
    ("-5", "minus five"),
    ("−40", "minus forty"),
    ("50+ countries", "fifty plus countries"),
    ("~300 people", "about three hundred people"),
    // Decimals.
    ("3.14", "three point one four"),
    ("0.05", "zero point zero five"),
    (".5", "zero point five"),
    ("1.0", "one point zero"),
    ("1,234.5", "one thousand two hundred thirty four point five"),
    // Ordinals.
    ("1st 2nd 3rd 4th", "first second third fourth"),
    ("the 21st century", "the twenty first century"),
    ("12th 20th 100th", "twelfth twentieth one hundredth"),
    ("5th, 8th, 9th", "fifth eighth ninth"),
    // Years, decades.
    ("in 1960", "in nineteen sixty"),
    ("In 1906,", "in nineteen oh six"),
    ("1900", "nineteen hundred"),
    ("since 2000", "since two thousand"),
    ("2007", "two thousand seven"),
    ("in 2024.", "in twenty twenty four"),
    ("1066", "one thousand sixty six"),
    ("1776", "seventeen seventy six"),
    ("the 1990s", "the nineteen nineties"),
    ("the 1800s", "the eighteen hundreds"),
    ("the 80s", "the eighties"),
    ("the ’90s and '60s", "the nineties and sixties"),
    ("class of '99", "class of ninety nine"),
    // Ranges.
    ("1914–1918", "nineteen fourteen to nineteen eighteen"),
    ("1914-18", "nineteen fourteen to eighteen"),
    ("2001–05", "two thousand one to oh five"),
    ("10-20", "ten to twenty"),
    ("pages 10–12", "pages ten to twelve"),
    ("10–20%", "ten to twenty percent"),
    ("5-10km", "five to ten kilometers"),
    ("$5–$10", "five to ten dollars"),
    ("$5-10", "five to ten dollars"),
    ("$1–2 billion", "one to two billion dollars"),
    ("a 3-2 win", "a three two win"),
    ("call 555-0199", "call five five five zero one nine nine"),
    (
        "1-800-555-0199",
        "one eight zero zero five five five zero one nine nine",
    ),
    // Dates.
    ("May 3", "may third"),
    ("May 3, 2020", "may third twenty twenty"),
    ("3 May 2020", "the third of may twenty twenty"),
    ("on the 3 May", "on the third of may"),
    ("Jan. 5", "january fifth"),
    ("July 4th, 1776", "july fourth seventeen seventy six"),
    ("2024-05-03", "may third twenty twenty four"),
    ("5/3/2024", "may third twenty twenty four"),
    ("25/12/1999", "december twenty fifth nineteen ninety nine"),
    ("June 5–7", "june fifth to seventh"),
    // Times.
    ("at 10:30", "at ten thirty"),
    ("10:05 a.m.", "ten oh five A M"),
    ("7pm", "seven P M"),
    ("10:00", "ten o'clock"),
    ("3:00 PM", "three P M"),
    ("14:00", "fourteen hundred"),
    ("23:59", "twenty three fifty nine"),
    ("a 16:9 screen", "a sixteen to nine screen"),
    // Money.
    ("$2.50", "two dollars and fifty cents"),
    ("$1", "one dollar"),
    ("$0.99", "ninety nine cents"),
    ("$3.00", "three dollars"),
    ("£1.01", "one pound and one penny"),
    ("€3m", "three million euros"),
    ("£1.2 billion", "one point two billion pounds"),
    ("$5 million deal", "five million dollars deal"),
    ("$2.5k", "two point five thousand dollars"),
    ("20€", "twenty euros"),
    ("¥500", "five hundred yen"),
    ("-$5", "minus five dollars"),
    ("US$40", "forty dollars"),
    ("30 USD", "thirty dollars"),
    (
        "$9.99/month",
        "nine dollars and ninety nine cents per month",
    ),
    ("99¢", "ninety nine cents"),
    // Percentages and units.
    ("71%", "seventy one percent"),
    ("71 %", "seventy one percent"),
    ("0.5%", "zero point five percent"),
    ("5km", "five kilometers"),
    ("1 km", "one kilometer"),
    ("2,000 m", "two thousand meters"),
    ("2000 m", "two thousand meters"),
    ("100 km/h", "one hundred kilometers per hour"),
    ("20°C", "twenty degrees celsius"),
    ("-5 °C", "minus five degrees celsius"),
    ("90°", "ninety degrees"),
    ("80 kg", "eighty kilograms"),
    ("3.5GHz", "three point five gigahertz"),
    ("16 GB", "sixteen gigabytes"),
    ("9.8 m/s²", "nine point eight meters per second squared"),
    ("50 km²", "fifty square kilometers"),
    ("1.2 kg/m³", "one point two kilograms per cubic meter"),
    ("5 million km", "five million kilometers"),
    ("10 ms", "ten milliseconds"),
    ("4K at 60fps", "four K at sixty frames per second"),
    ("10k steps", "ten thousand steps"),
    ("5G", "five G"),
    ("1920×1080", "nineteen twenty by ten eighty"),
    ("a 3D model", "a three D model"),
    // Fractions.
    ("1/2", "one half"),
    ("3/4 of it", "three quarters of it"),
    ("2/3", "two thirds"),
    ("½ and 1½", "one half and one and a half"),
    ("24/7", "twenty four seven"),
    ("8/10", "eight out of ten"),
    // Roman numerals.
    ("Henry VIII", "henry the eighth"),
    ("Louis XIV's court", "louis the fourteenth's court"),
    ("World War II", "world war two"),
    ("World War I began", "world war one began"),
    ("Elizabeth I.", "elizabeth the first"),
    ("So Henry I think", "so henry i think"),
    ("Chapter IV", "chapter four"),
    ("Charles V of Spain", "charles the fifth of spain"),
    // Abbreviations and acronyms.
    ("Dr. Smith", "doctor smith"),
    ("Mr. and Mrs. Jones", "mister and missus jones"),
    ("Elm St. is long", "elm street is long"),
    ("St. Paul", "saint paul"),
    ("e.g. this", "for example this"),
    ("i.e., that", "that is that"),
    ("cats, dogs, etc.", "cats dogs et cetera"),
    ("the U.S. Army", "the U S army"),
    ("cats vs. dogs", "cats versus dogs"),
    ("No. 5", "number five"),
    ("No. Never.", "no never"),
    ("NASA and the FBI", "nasa and the F B I"),
    ("NASA's probe", "nasa's probe"),
    ("CPUs and GPUs", "C P U's and G P U's"),
    ("the UK's", "the U K's"),
    ("COVID-19", "covid nineteen"),
    ("MP3 and H2O", "M P three and H two O"),
    ("Ph.D.", "P H D"),
    ("J.R.R. Tolkien", "J R R tolkien"),
    ("THIS IS VERY IMPORTANT NEWS", "this is very important news"),
    ("STOP right there", "stop right there"),
    ("Inc. and Ltd.", "incorporated and limited"),
    ("C++ and C#", "C plus plus and C sharp"),
    // Addresses.
    (
        "https://www.example.com/docs?id=5",
        "example dot com slash docs",
    ),
    ("visit example.org.", "visit example dot org"),
    (
        "mail jo.doe@example.com",
        "mail jo dot doe at example dot com",
    ),
    ("#ClimateChange", "hashtag climate change"),
    ("@nasa", "at nasa"),
    ("main.rs", "main dot rs"),
    ("v2.0", "V two point zero"),
    ("version 2.0.1", "version two point zero point one"),
    // Symbols.
    ("salt & pepper", "salt and pepper"),
    ("2 + 2 = 4", "two plus two equals four"),
    ("R&D", "R and D"),
    ("we're #1", "we're number one"),
    ("a → b", "a to B"),
    ("5 × 3", "five times three"),
    ("α and β", "alpha and beta"),
    // Silence.
    ("Hi 😀 there", "hi there"),
    ("🚀 Go", "go"),
    ("wait… what", "wait what"),
    ("this – that", "this that"),
    ("- a point", "a point"),
    ("*bold* and _it_", "bold and it"),
];

fn said(text: &str) -> String {
    let spoken = SpokenText::english(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
    spoken
        .tokens
        .iter()
        .flat_map(|t| t.spoken.clone())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn readings() {
    let wrong: Vec<String> = READINGS
        .iter()
        .map(|(text, wanted)| (text, wanted, said(text)))
        .filter(|(_, wanted, got)| got != *wanted)
        .map(|(text, wanted, got)| format!("{text:?}\n  wanted {wanted}\n  got    {got}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(READINGS.len() >= 120);
}

/// A text and the pause after each of its tokens: `-` none, `,` comma, `;` clause, `.` sentence,
/// `¶` paragraph.
const PAUSES: &[(&str, &str)] = &[
    ("One, two; three: four.", ",;;¶"),
    ("Stop. Go on! Why? Because.", ".-..¶"),
    ("First.\n\nSecond one", "¶-¶"),
    ("Same\nparagraph here", "--¶"),
    ("Dr. Smith met Mr. Jones.", "----¶"),
    ("Cats, e.g. lions, roam.", ",-,¶"),
    ("At 5 p.m. they left. It rained.", "----.-¶"),
    ("In the U.S. Army. The end.", "---.-¶"),
    ("He lives in the U.S. The law is old.", "----.---¶"),
    ("This – as said – works.", ";-;¶"),
    ("It (the dog) barked", ",-,¶"),
    ("wait… what", ";¶"),
    ("Done… Next", ".¶"),
    ("“Why?” he asked.", ",-¶"),
    ("Hi! 😀 Bye", ".¶"),
    ("J. R. Smith", "--¶"),
    ("Mind No. 5 now", "---¶"),
];

#[test]
fn pauses() {
    for (text, wanted) in PAUSES {
        let spoken = SpokenText::english(text).unwrap();
        let got: String = spoken
            .tokens
            .iter()
            .map(|t| match t.pause {
                Pause::None => '-',
                Pause::Comma => ',',
                Pause::Clause => ';',
                Pause::Sentence => '.',
                Pause::Paragraph => '¶',
            })
            .collect();
        assert_eq!(&got, wanted, "{text}");
    }
}

#[test]
fn silent_words_cling_to_a_neighbour() {
    let spoken = SpokenText::english("🚀 Go – now 😀 !").unwrap();
    let displays: Vec<_> = spoken.tokens.iter().map(|t| t.display.as_str()).collect();
    assert_eq!(displays, ["🚀 Go –", "now 😀 !"]);
}

#[test]
fn a_dash_inside_a_word_is_a_pause_inside_its_token() {
    let spoken = SpokenText::english("well—maybe not").unwrap();
    assert_eq!(
        spoken.tokens[0].breaks,
        [Break {
            after: 1,
            pause: Pause::Clause
        }]
    );
}

#[test]
fn sentences_cover_all_tokens_and_questions_are_known() {
    let spoken = SpokenText::english("Is it? It is. Yes").unwrap();
    assert_eq!(spoken.sentences(), [0..2, 2..4, 4..5]);
    assert!(spoken.tokens[1].asks() && !spoken.tokens[3].asks());
}

#[test]
fn other_scripts_are_refused_by_letter() {
    let error = SpokenText::english("Hello 你好, مرحبا and 你").unwrap_err();
    let Error::Unspeakable { characters } = &error else {
        panic!("{error}")
    };
    assert_eq!(characters[..2], ['你', '好']);
    assert_eq!(characters.len(), 7);
    assert!(error.to_string().contains("“你” (U+4F60)"), "{error}");
    assert_eq!(SpokenText::english(" … 😀 "), Err(Error::NothingToSay));
}

#[test]
fn other_languages_are_cut_but_not_read() {
    let spoken = SpokenText::of_language("Es kostet 2,50 €, oder? Größe 3.", "de-AT").unwrap();
    let words: Vec<_> = spoken
        .tokens
        .iter()
        .flat_map(|t| t.spoken.clone())
        .collect();
    assert_eq!(words, ["es", "kostet", "2", "50", "oder", "größe", "3"]);
    assert_eq!(spoken.tokens[2].display, "2,50 €,");
}

/// Tells whether an English voice can take a spoken word.
fn is_plain(word: &str) -> bool {
    let stem = word.strip_suffix("'s").unwrap_or(word);
    let name_of_letter = stem.len() == 1 && stem.as_bytes()[0].is_ascii_uppercase();
    let letters = stem.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'');
    !stem.is_empty()
        && (name_of_letter || letters)
        && stem.len() <= 48
        && !stem.starts_with('\'')
        && !word.ends_with('\'')
}

fn check(text: &str) -> Result<(), TestCaseError> {
    for spoken in [SpokenText::english(text), SpokenText::plain(text)]
        .into_iter()
        .flatten()
    {
        let displays: Vec<_> = spoken.tokens.iter().map(|t| t.display.as_str()).collect();
        let words: Vec<_> = text.split_whitespace().collect();
        prop_assert_eq!(displays.join(" "), words.join(" "));
        for token in &spoken.tokens {
            prop_assert!(!token.spoken.is_empty());
            prop_assert!(token.spoken.iter().all(|w| !w.is_empty()));
            prop_assert!(
                token
                    .breaks
                    .iter()
                    .all(|b| (1..token.spoken.len()).contains(&b.after))
            );
        }
        let covered: usize = spoken.sentences().into_iter().map(|r| r.len()).sum();
        prop_assert_eq!(covered, spoken.tokens.len());
    }
    if let Ok(spoken) = SpokenText::english(text) {
        for word in spoken.tokens.iter().flat_map(|t| &t.spoken) {
            prop_assert!(is_plain(word), "{word:?} in {text:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_keeps_its_words(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn dense_text_keeps_its_words(text in r"[0-9A-Za-z.,:;/$€£%°#@&+='’\-–—…()²½ \n]{0,40}") {
        check(&text)?;
    }

    #[test]
    fn numbers_are_read(value in 0_u64..1_000_000_000_000_000_000) {
        let words = said(&value.to_string());
        prop_assert!(words.bytes().all(|b| b.is_ascii_lowercase() || b == b' '));
    }
}
