//! The themes themselves.

use super::{BackdropDesign, CaptionStyle, Display, Palette, Theme};
use crate::text::{ARCHIVO, BRICOLAGE, Color, FRAUNCES, INTER_DISPLAY, NEWSREADER, TEXT};

/// Captions over a dark plate, the spoken word in a colour.
const fn dark_plate(plate: u32, spoken: u32) -> CaptionStyle {
    CaptionStyle {
        family: TEXT,
        weight: 600,
        size_share: 0.044,
        ink: Color::WHITE,
        spoken: Color::hex(spoken),
        pill: None,
        plate: Color::hex(plate),
        plate_alpha: 209,
        radius: 0.28,
    }
}

pub(super) static THEMES: [Theme; 5] = [
    Theme {
        name: "midnight",
        description: "deep blue, lively grotesque, one amber accent",
        palette: Palette {
            ground: Color::hex(0x000b_1120),
            ground_far: Color::hex(0x0016_2140),
            surface: Color::hex(0x0017_2139),
            rule: Color::hex(0x002c_3958),
            ink: Color::hex(0x00f5_f7fc),
            muted: Color::hex(0x009f_adc9),
            accent: Color::hex(0x00ff_b547),
            on_accent: Color::hex(0x0016_1205),
        },
        display: Display {
            family: BRICOLAGE,
            weight: 700,
            tracking: -0.022,
            line_height: 1.04,
        },
        backdrop: BackdropDesign::Dots,
        caption: dark_plate(0x0008_0d1a, 0x00ff_b547),
    },
    Theme {
        name: "paper",
        description: "warm paper, newspaper serif, vermilion accent",
        palette: Palette {
            ground: Color::hex(0x00f7_f2e8),
            ground_far: Color::hex(0x00ee_e6d6),
            surface: Color::hex(0x00ff_fcf6),
            rule: Color::hex(0x00d6_cbb7),
            ink: Color::hex(0x001c_1a17),
            muted: Color::hex(0x0066_5d50),
            accent: Color::hex(0x00b8_2e14),
            on_accent: Color::WHITE,
        },
        display: Display {
            family: NEWSREADER,
            weight: 500,
            tracking: -0.018,
            line_height: 1.06,
        },
        backdrop: BackdropDesign::Columns,
        caption: CaptionStyle {
            family: TEXT,
            weight: 600,
            size_share: 0.043,
            ink: Color::hex(0x001c_1a17),
            // A pill under white words would leave both unreadable while it moves on.
            spoken: Color::hex(0x00b8_2e14),
            pill: None,
            plate: Color::hex(0x00ff_fcf6),
            plate_alpha: 240,
            radius: 0.16,
        },
    },
    Theme {
        name: "ember",
        description: "dark and warm, sharp old-style serif, coral accent",
        palette: Palette {
            ground: Color::hex(0x0015_0f10),
            ground_far: Color::hex(0x0032_1a18),
            surface: Color::hex(0x0026_1a19),
            rule: Color::hex(0x0048_302c),
            ink: Color::hex(0x00fc_f4ea),
            muted: Color::hex(0x00c4_ad9d),
            accent: Color::hex(0x00ff_8a5c),
            on_accent: Color::hex(0x0020_0c05),
        },
        display: Display {
            family: FRAUNCES,
            weight: 600,
            tracking: -0.004,
            line_height: 1.06,
        },
        backdrop: BackdropDesign::Rings,
        caption: dark_plate(0x0012_0b0b, 0x00ff_9d74),
    },
    Theme {
        name: "signal",
        description: "white and cobalt, wide grotesque, squared paper",
        palette: Palette {
            ground: Color::hex(0x00fc_fdff),
            ground_far: Color::hex(0x00ec_f0f7),
            surface: Color::hex(0x00ff_ffff),
            rule: Color::hex(0x00d3_dae6),
            ink: Color::hex(0x000c_1220),
            muted: Color::hex(0x0055_6175),
            accent: Color::hex(0x001c_47f0),
            on_accent: Color::WHITE,
        },
        display: Display {
            family: ARCHIVO,
            weight: 700,
            tracking: -0.024,
            line_height: 1.06,
        },
        backdrop: BackdropDesign::Grid,
        caption: CaptionStyle {
            family: TEXT,
            weight: 600,
            size_share: 0.043,
            ink: Color::WHITE,
            spoken: Color::WHITE,
            pill: Some(Color::hex(0x001c_47f0)),
            plate: Color::hex(0x000a_0f1c),
            plate_alpha: 217,
            radius: 0.2,
        },
    },
    Theme {
        name: "graphite",
        description: "near black, Inter at large sizes, fresh green accent",
        palette: Palette {
            ground: Color::hex(0x000b_0c0e),
            ground_far: Color::hex(0x0022_252a),
            surface: Color::hex(0x001c_1e22),
            rule: Color::hex(0x0037_3b42),
            ink: Color::hex(0x00f7_f8fa),
            muted: Color::hex(0x00a8_adb8),
            accent: Color::hex(0x0058_e39b),
            on_accent: Color::hex(0x0004_170d),
        },
        display: Display {
            family: INTER_DISPLAY,
            weight: 600,
            tracking: -0.03,
            line_height: 1.06,
        },
        backdrop: BackdropDesign::Spot,
        caption: dark_plate(0x0008_090b, 0x006c_ecaa),
    },
];
