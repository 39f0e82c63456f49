//! What a call used, in the units that providers bill.

use serde::{Deserialize, Serialize};

/// Quantities of the meters that language and speech providers bill by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written, hidden reasoning included.
    pub output_tokens: u64,
    /// Characters spoken (Unicode scalar values).
    pub characters: u64,
    /// Whether any of these was counted here because the server didn't say, or lied.
    pub estimated: bool,
}

impl Usage {
    /// The name of [`Usage::input_tokens`] in price books and `[backend.price]`.
    pub const INPUT_TOKENS: &str = "input_tokens";
    /// The name of [`Usage::output_tokens`].
    pub const OUTPUT_TOKENS: &str = "output_tokens";
    /// The name of [`Usage::characters`].
    pub const CHARACTERS: &str = "characters";

    /// The meters with their quantities, those at zero left out.
    pub fn meters(self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            (Self::INPUT_TOKENS, self.input_tokens),
            (Self::OUTPUT_TOKENS, self.output_tokens),
            (Self::CHARACTERS, self.characters),
        ]
        .into_iter()
        .filter(|(_, quantity)| *quantity > 0)
    }

    /// Whether no meter of `self` exceeds that of `quote`.
    pub fn within(self, quote: Self) -> bool {
        self.input_tokens <= quote.input_tokens
            && self.output_tokens <= quote.output_tokens
            && self.characters <= quote.characters
    }
}
