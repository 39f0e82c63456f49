//! Tables: abbreviations, units, currencies, symbols, acronyms.

/// Abbreviations written with a full stop, and what is said. Letters' names are capitals.
/// Keys are lower-case, without the last full stop.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("mr", "mister"), ("mrs", "missus"), ("ms", "miz"), ("dr", "doctor"), ("prof", "professor"),
    ("gen", "general"), ("col", "colonel"), ("lt", "lieutenant"), ("sgt", "sergeant"),
    ("capt", "captain"), ("cpt", "captain"), ("cmdr", "commander"), ("gov", "governor"),
    ("sen", "senator"), ("rep", "representative"), ("rev", "reverend"), ("hon", "honorable"),
    ("pres", "president"), ("jr", "junior"), ("sr", "senior"), ("st", "saint"), ("mt", "mount"),
    ("ft", "fort"), ("ave", "avenue"), ("blvd", "boulevard"), ("rd", "road"),
    ("inc", "incorporated"), ("ltd", "limited"), ("co", "company"), ("corp", "corporation"),
    ("dept", "department"), ("univ", "university"), ("assn", "association"),
    ("bros", "brothers"), ("etc", "et cetera"), ("e.g", "for example"), ("eg", "for example"),
    ("i.e", "that is"), ("ie", "that is"), ("vs", "versus"), ("v", "versus"), ("cf", "compare"),
    ("ca", "circa"), ("approx", "approximately"), ("est", "established"), ("fig", "figure"),
    ("figs", "figures"), ("vol", "volume"), ("vols", "volumes"), ("ch", "chapter"),
    ("no", "number"), ("nos", "numbers"), ("p", "page"), ("pp", "pages"), ("ed", "edition"),
    ("eds", "editors"), ("al", "al"), ("min", "minutes"), ("max", "maximum"),
    ("avg", "average"), ("jan", "january"), ("feb", "february"), ("mar", "march"),
    ("apr", "april"), ("jun", "june"), ("jul", "july"), ("aug", "august"), ("sep", "september"),
    ("sept", "september"), ("oct", "october"), ("nov", "november"), ("dec", "december"),
    ("mon", "monday"), ("tue", "tuesday"), ("tues", "tuesday"), ("wed", "wednesday"),
    ("thu", "thursday"), ("thurs", "thursday"), ("fri", "friday"), ("sat", "saturday"),
    ("sun", "sunday"), ("a.m", "A M"), ("p.m", "P M"), ("ph.d", "P H D"), ("b.c", "B C"),
    ("hr", "hour"), ("hrs", "hours"), ("sec", "seconds"), ("oz", "ounces"), ("lb", "pounds"),
    ("lbs", "pounds"), ("tbsp", "tablespoons"), ("tsp", "teaspoons"), ("mag", "magnitude"),
];

/// Abbreviations that are words too: they count as abbreviations only where they fit.
#[rustfmt::skip]
const ALSO_WORDS: &[&str] = &[
    "no", "gen", "co", "al", "ed", "min", "max", "mar", "jun", "sat", "sun", "mon", "wed",
    "fig", "est", "v", "p", "ch", "rep", "mag", "sec", "jan", "dec", "nos", "hon", "pres", "st",
    "ft", "mt", "ie", "eg", "ca", "fri", "jul", "aug", "oct", "nov", "tue", "thu", "ave",
];

/// What is said for an abbreviation given without its last full stop.
pub(super) fn abbreviation(core: &str) -> Option<&'static str> {
    let lower = core.to_ascii_lowercase();
    ABBREVIATIONS
        .iter()
        .find(|(key, _)| *key == lower)
        .map(|(_, said)| *said)
}

/// Tells whether an abbreviation is also a word, so that context must speak for it.
pub(super) fn is_also_word(core: &str) -> bool {
    let lower = core.to_ascii_lowercase();
    ALSO_WORDS.contains(&lower.as_str())
}

/// Tells whether a full stop after `core` never ends a sentence: titles and the like.
pub(super) fn never_ends_sentence(core: &str) -> bool {
    #[rustfmt::skip]
    const TITLES: &[&str] = &[
        "Mr", "Mrs", "Ms", "Dr", "Prof", "Gen", "Col", "Lt", "Sgt", "Capt", "Cmdr", "Gov",
        "Sen", "Rep", "Rev", "Hon", "St", "Mt", "Ft", "e.g", "i.e", "vs", "cf", "approx", "ca",
        "Fig", "Vol", "Ph", "Pres", "E.g", "I.e",
    ];
    TITLES.contains(&core)
}

/// Tells whether `core` is an abbreviation that stands before a number: `No. 5`, `p. 12`.
pub(super) fn number_follows(core: &str) -> bool {
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "no", "nos", "p", "pp", "fig", "figs", "vol", "vols", "ch", "ed", "mag", "ca", "jan",
        "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    ];
    BEFORE.contains(&core.to_ascii_lowercase().as_str())
}

/// Words with a capital that start a sentence rather than go on with a name.
#[rustfmt::skip]
pub(super) const SENTENCE_STARTS: &[&str] = &[
    "The", "A", "An", "It", "He", "She", "They", "We", "You", "I", "This", "That", "These",
    "Those", "In", "On", "At", "But", "And", "So", "If", "When", "While", "There", "Then",
    "Its", "His", "Her", "Their", "Our", "After", "Before", "By", "For", "From", "With", "As",
    "To", "What", "Why", "How", "Who", "Now", "Yet", "Or", "Not", "No", "Yes", "One", "Some",
    "Most", "Many", "Every", "Each", "All", "Both", "However", "Meanwhile", "Today", "Since",
    "Because",
];

/// A unit: its sign, its name for one, its name for more.
pub(super) struct Unit {
    sign: &'static str,
    /// Said after one.
    pub(super) one: &'static str,
    /// Said after other numbers.
    pub(super) many: &'static str,
}

macro_rules! units {
    ($($sign:literal $one:literal $many:literal;)*) => {
        /// Signs are told apart by case: `mW` and `MW`.
        const UNITS: &[Unit] = &[$(Unit { sign: $sign, one: $one, many: $many },)*];
    };
}

units! {
    "m" "meter" "meters"; "km" "kilometer" "kilometers"; "cm" "centimeter" "centimeters";
    "mm" "millimeter" "millimeters"; "µm" "micrometer" "micrometers";
    "μm" "micrometer" "micrometers"; "nm" "nanometer" "nanometers"; "mi" "mile" "miles";
    "ft" "foot" "feet"; "yd" "yard" "yards"; "AU" "astronomical unit" "astronomical units";
    "ly" "light year" "light years"; "ha" "hectare" "hectares"; "ac" "acre" "acres";
    "l" "liter" "liters"; "L" "liter" "liters"; "ml" "milliliter" "milliliters";
    "mL" "milliliter" "milliliters"; "cl" "centiliter" "centiliters"; "gal" "gallon" "gallons";
    "g" "gram" "grams"; "kg" "kilogram" "kilograms"; "mg" "milligram" "milligrams";
    "µg" "microgram" "micrograms"; "μg" "microgram" "micrograms"; "t" "ton" "tons";
    "Mt" "megaton" "megatons"; "Gt" "gigaton" "gigatons"; "lb" "pound" "pounds";
    "lbs" "pound" "pounds"; "oz" "ounce" "ounces"; "s" "second" "seconds";
    "sec" "second" "seconds"; "ms" "millisecond" "milliseconds";
    "µs" "microsecond" "microseconds"; "μs" "microsecond" "microseconds";
    "ns" "nanosecond" "nanoseconds"; "min" "minute" "minutes"; "h" "hour" "hours";
    "hr" "hour" "hours"; "hrs" "hour" "hours"; "d" "day" "days"; "yr" "year" "years";
    "yrs" "year" "years"; "Hz" "hertz" "hertz"; "kHz" "kilohertz" "kilohertz";
    "MHz" "megahertz" "megahertz"; "GHz" "gigahertz" "gigahertz"; "THz" "terahertz" "terahertz";
    "W" "watt" "watts"; "kW" "kilowatt" "kilowatts"; "mW" "milliwatt" "milliwatts";
    "MW" "megawatt" "megawatts"; "GW" "gigawatt" "gigawatts"; "TW" "terawatt" "terawatts";
    "Wh" "watt hour" "watt hours"; "kWh" "kilowatt hour" "kilowatt hours";
    "MWh" "megawatt hour" "megawatt hours"; "GWh" "gigawatt hour" "gigawatt hours";
    "TWh" "terawatt hour" "terawatt hours"; "V" "volt" "volts"; "kV" "kilovolt" "kilovolts";
    "mV" "millivolt" "millivolts"; "A" "amp" "amps"; "mA" "milliamp" "milliamps";
    "mAh" "milliamp hour" "milliamp hours"; "Ah" "amp hour" "amp hours"; "Ω" "ohm" "ohms";
    "J" "joule" "joules"; "kJ" "kilojoule" "kilojoules"; "MJ" "megajoule" "megajoules";
    "cal" "calorie" "calories"; "kcal" "kilocalorie" "kilocalories"; "eV" "electron volt"
    "electron volts"; "N" "newton" "newtons"; "kN" "kilonewton" "kilonewtons";
    "Pa" "pascal" "pascals"; "hPa" "hectopascal" "hectopascals"; "kPa" "kilopascal"
    "kilopascals"; "MPa" "megapascal" "megapascals"; "bar" "bar" "bars"; "psi" "P S I" "P S I";
    "K" "kelvin" "kelvin"; "°C" "degree celsius" "degrees celsius"; "°F" "degree fahrenheit"
    "degrees fahrenheit"; "°" "degree" "degrees"; "℃" "degree celsius" "degrees celsius";
    "℉" "degree fahrenheit" "degrees fahrenheit"; "dB" "decibel" "decibels";
    "mol" "mole" "moles"; "bit" "bit" "bits"; "kbit" "kilobit" "kilobits"; "Mbit" "megabit"
    "megabits"; "Gbit" "gigabit" "gigabits"; "B" "byte" "bytes"; "kB" "kilobyte" "kilobytes";
    "KB" "kilobyte" "kilobytes"; "MB" "megabyte" "megabytes"; "GB" "gigabyte" "gigabytes";
    "TB" "terabyte" "terabytes"; "PB" "petabyte" "petabytes"; "KiB" "kibibyte" "kibibytes";
    "MiB" "mebibyte" "mebibytes"; "GiB" "gibibyte" "gibibytes"; "mph" "mile per hour"
    "miles per hour"; "kph" "kilometer per hour" "kilometers per hour"; "km/h"
    "kilometer per hour" "kilometers per hour"; "kmh" "kilometer per hour"
    "kilometers per hour"; "kbps" "kilobit per second" "kilobits per second"; "Mbps"
    "megabit per second" "megabits per second"; "Gbps" "gigabit per second"
    "gigabits per second"; "fps" "frame per second" "frames per second"; "rpm" "R P M" "R P M";
    "mpg" "mile per gallon" "miles per gallon"; "px" "pixel" "pixels"; "dpi" "D P I" "D P I";
    "in" "inch" "inches"; "%" "percent" "percent"; "‰" "per mille" "per mille";
    "pp" "percentage point" "percentage points"; "ppm" "part per million" "parts per million";
    "pts" "point" "points"; "bpm" "beat per minute" "beats per minute";
}

/// The unit of that sign, with squares, cubes and fractions resolved by the caller.
pub(super) fn unit(sign: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| unit.sign == sign)
}

/// Units that are unlikely to be meant by a lone letter or word after a number and a blank.
pub(super) fn is_shy(sign: &str) -> bool {
    [
        "in", "A", "B", "K", "V", "N", "J", "d", "t", "pp", "ac", "bit", "bar", "min",
    ]
    .contains(&sign)
}

/// A currency: name for one, for more, its hundredth for one, for more.
pub(super) type Currency = (&'static str, &'static str, &'static str, &'static str);

/// The currency of a sign.
pub(super) fn currency(sign: char) -> Option<Currency> {
    Some(match sign {
        '$' => ("dollar", "dollars", "cent", "cents"),
        '€' => ("euro", "euros", "cent", "cents"),
        '£' => ("pound", "pounds", "penny", "pence"),
        '¥' => ("yen", "yen", "sen", "sen"),
        '₹' => ("rupee", "rupees", "paisa", "paise"),
        '₩' => ("won", "won", "jeon", "jeon"),
        '₽' => ("ruble", "rubles", "kopek", "kopeks"),
        '₺' => ("lira", "lira", "kurush", "kurush"),
        '₿' => ("bitcoin", "bitcoins", "satoshi", "satoshis"),
        '¢' => ("cent", "cents", "", ""),
        _ => return None,
    })
}

/// The currency of an ISO code or of letters before its sign.
pub(super) fn currency_code(code: &str) -> Option<Currency> {
    match code {
        "USD" | "US$" => currency('$'),
        "EUR" => currency('€'),
        "GBP" => currency('£'),
        "JPY" => currency('¥'),
        "INR" => currency('₹'),
        _ => None,
    }
}

/// The scale word for a suffix of an amount: `$5m`, `€2bn`, `10k`.
pub(super) fn scale(suffix: &str) -> Option<&'static str> {
    Some(match suffix {
        "k" | "K" => "thousand",
        "m" | "M" | "mn" | "mio" => "million",
        "b" | "B" | "bn" => "billion",
        "t" | "T" | "tn" | "trn" => "trillion",
        _ => return None,
    })
}

/// Tells whether a written word multiplies the number before it.
pub(super) fn is_scale_word(word: &str) -> bool {
    [
        "hundred",
        "thousand",
        "million",
        "billion",
        "trillion",
        "quadrillion",
        "bn",
        "mn",
    ]
    .contains(&word.to_ascii_lowercase().as_str())
}

/// What is said for a symbol that stands alone or between other characters; an empty text for
/// symbols that are known and silent.
pub(super) fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '&' => "and",
        '+' => "plus",
        '=' => "equals",
        '<' => "less than",
        '>' => "greater than",
        '≤' => "at most",
        '≥' => "at least",
        '≈' => "about",
        '≠' => "is not",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '−' => "minus",
        '√' => "square root of",
        '∞' => "infinity",
        '%' => "percent",
        '‰' => "per mille",
        '°' => "degrees",
        '℃' => "degrees celsius",
        '℉' => "degrees fahrenheit",
        '§' => "section",
        '©' => "copyright",
        '→' => "to",
        '№' => "number",
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' | 'Δ' => "delta",
        'ε' => "epsilon",
        'θ' => "theta",
        'λ' => "lambda",
        'µ' | 'μ' => "micro",
        'π' => "pi",
        'σ' | 'Σ' => "sigma",
        'φ' => "phi",
        'ω' | 'Ω' => "omega",
        _ => return vulgar(c).map(|(said, _)| said).or_else(|| raised(c)),
    })
}

/// A fraction of one character: what is said alone, and after a whole number.
pub(super) fn vulgar(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        '½' => ("one half", "a half"),
        '¼' => ("one quarter", "a quarter"),
        '¾' => ("three quarters", "three quarters"),
        '⅓' => ("one third", "a third"),
        '⅔' => ("two thirds", "two thirds"),
        '⅕' => ("one fifth", "a fifth"),
        '⅖' => ("two fifths", "two fifths"),
        '⅗' => ("three fifths", "three fifths"),
        '⅘' => ("four fifths", "four fifths"),
        '⅛' => ("one eighth", "an eighth"),
        '⅜' => ("three eighths", "three eighths"),
        '⅝' => ("five eighths", "five eighths"),
        '⅞' => ("seven eighths", "seven eighths"),
        _ => return None,
    })
}

/// A raised or lowered digit.
pub(super) fn raised(c: char) -> Option<&'static str> {
    Some(match c {
        '²' => "squared",
        '³' => "cubed",
        '⁰' | '₀' => "zero",
        '¹' | '₁' => "one",
        '₂' => "two",
        '₃' => "three",
        '⁴' | '₄' => "four",
        '⁵' | '₅' => "five",
        '⁶' | '₆' => "six",
        '⁷' | '₇' => "seven",
        '⁸' | '₈' => "eight",
        '⁹' | '₉' => "nine",
        _ => return None,
    })
}

/// Acronyms that are said as words.
#[rustfmt::skip]
const SAID_AS_WORDS: &[&str] = &[
    "NASA", "NATO", "UNESCO", "UNICEF", "OPEC", "AIDS", "SCUBA", "LASER", "RADAR", "SONAR",
    "RAM", "ROM", "SIM", "PIN", "ZIP", "FIFA", "UEFA", "ASCII", "COVID", "SARS", "MERS",
    "DARPA", "JPEG", "GIF", "SWAT", "NAFTA", "ASEAN", "BRICS", "CERN", "SETI", "LIDAR", "LED",
    "GUI", "SAAS", "YOLO", "NIMBY", "OSHA", "NORAD", "HAZMAT", "BASIC", "COBOL", "FORTRAN",
    "CAPTCHA", "NOAA", "OLED", "MIDI", "WIFI", "LAN", "WAN", "CAD", "DOS", "VAT", "GAAP", "ESA",
];

/// Short words that are words even in capitals.
#[rustfmt::skip]
const SHOUTED: &[&str] = &[
    "THE", "AND", "BUT", "NOT", "YOU", "ALL", "ANY", "CAN", "HER", "WAS", "ONE", "OUR", "OUT",
    "DAY", "GET", "HAS", "HIM", "HIS", "HOW", "MAN", "NEW", "NOW", "OLD", "SEE", "TWO", "WAY",
    "WHO", "BOY", "DID", "ITS", "LET", "PUT", "SAY", "SHE", "TOO", "USE", "FOR", "ARE", "WHY",
    "YES", "BIG", "BAD", "END", "TOP", "HOT", "RED", "ACT", "AGE", "AIR", "ART", "ASK", "BUY",
    "CAR", "CUT", "EAT", "FAR", "FEW", "FUN", "GOD", "JOB", "LAW", "LOW", "OFF", "OWN", "PAY",
    "RUN", "SEA", "SET", "SIX", "SUN", "TEN", "TRY", "WAR", "WIN", "YET", "IN", "IS", "IT",
    "OF", "ON", "OR", "TO", "WE", "HE", "ME", "MY", "NO", "SO", "UP", "AN", "AS", "AT", "BE",
    "BY", "DO", "GO", "IF", "AM", "OK", "STOP", "FREE", "NEVER", "WHAT", "THIS", "THAT", "WITH",
    "FROM", "HAVE", "WILL", "YOUR", "MUST", "ONLY", "VERY", "MORE", "MOST", "LESS", "NEXT",
    "LAST", "BEST", "FAST", "HUGE", "REAL", "TRUE", "LIFE", "TIME", "YEAR", "LOVE", "HELP",
    "GOOD", "JUST", "LIKE", "MAKE", "KNOW", "TAKE", "THEM", "THEN", "THAN", "THEY", "WERE",
    "BEEN", "PART", "HERE", "OVER", "SUCH", "WHEN", "WANT", "NEED", "EVEN", "BACK", "DOWN",
    "LOOK", "COME", "SOME", "INTO", "ALSO", "DONE", "GAME", "OPEN", "CLOSE", "WORLD", "EVERY",
    "THERE",
];

/// Tells whether a word of capitals is said as a word, not by its letters.
///
/// Known ones are looked up; an unknown one of six or more letters is taken for a shouted word,
/// since initialisms are rarely that long.
pub(super) fn is_said_as_word(capitals: &str) -> bool {
    SAID_AS_WORDS.contains(&capitals) || SHOUTED.contains(&capitals) || capitals.len() >= 6
}

/// Names that rulers bear, after which a Roman numeral counts them.
pub(super) fn is_regnal(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "henry", "louis", "elizabeth", "george", "charles", "edward", "william", "james",
        "richard", "philip", "napoleon", "john", "paul", "pius", "benedict", "leo", "gregory",
        "ramesses", "ramses", "catherine", "nicholas", "alexander", "peter", "frederick",
        "ivan", "mehmed", "darius", "xerxes", "ptolemy", "cleopatra", "francis", "ferdinand",
        "wilhelm", "urban", "innocent", "clement", "boniface", "thutmose", "amenhotep", "seti",
        "otto", "constantine", "justinian", "theodosius", "leopold", "gustav", "christian",
        "olaf", "harald", "malcolm", "robert", "david", "alfonso", "pedro", "victor", "umberto",
        "murad", "selim", "suleiman", "bayezid", "shapur", "artaxerxes", "cyrus", "rudolf",
        "maximilian", "sigismund", "matthias", "albert", "baldwin", "margaret", "mary",
        "isabella", "joseph",
    ];
    NAMES.contains(&name.to_ascii_lowercase().as_str())
}

/// Words after which a Roman numeral is a plain number.
pub(super) fn is_numbered(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "war", "chapter", "part", "act", "volume", "book", "phase", "stage", "level", "type",
        "class", "title", "article", "section", "appendix", "table", "bowl", "mark", "grade",
        "scene", "episode", "season", "group", "factor", "saturn", "rocky", "page", "division",
    ];
    NAMES.contains(&name.to_ascii_lowercase().as_str())
}

/// The month of a name, in full or cut short.
pub(super) fn month(name: &str) -> Option<&'static str> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = name.to_ascii_lowercase();
    if lower.len() < 3 || !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    MONTHS.into_iter().find(|month| {
        *month == lower || (lower.len() == 3 || lower == "sept") && month.starts_with(&lower)
    })
}

/// The name of a month by its number.
pub(super) fn month_of(number: u64) -> Option<&'static str> {
    [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    .get(usize::try_from(number).ok()?.checked_sub(1)?)
    .and_then(|short| month(short))
}
