//! What a call used, in the units that providers bill.

use serde::{Deserialize, Serialize};

/// Quantities of the meters that providers bill by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written, hidden reasoning included.
    pub output_tokens: u64,
    /// Characters spoken (Unicode scalar values).
    pub characters: u64,
    /// Pictures made.
    pub images: u64,
    /// Seconds of sound heard, begun ones counted.
    pub audio_seconds: u64,
    /// Seconds that a GPU of our own was busy, begun ones counted.
    pub gpu_seconds: u64,
    /// Calls, where each has its price: a search for pictures.
    pub requests: u64,
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
    /// The name of [`Usage::images`].
    pub const IMAGES: &str = "images";
    /// The name of [`Usage::audio_seconds`].
    pub const AUDIO_SECONDS: &str = "audio_seconds";
    /// The name of [`Usage::gpu_seconds`].
    pub const GPU_SECONDS: &str = "gpu_seconds";
    /// The name of [`Usage::requests`].
    pub const REQUESTS: &str = "requests";

    /// Every meter there is.
    pub const METERS: [&str; 7] = [
        Self::INPUT_TOKENS,
        Self::OUTPUT_TOKENS,
        Self::CHARACTERS,
        Self::IMAGES,
        Self::AUDIO_SECONDS,
        Self::GPU_SECONDS,
        Self::REQUESTS,
    ];

    const fn quantities(self) -> [u64; 7] {
        [
            self.input_tokens,
            self.output_tokens,
            self.characters,
            self.images,
            self.audio_seconds,
            self.gpu_seconds,
            self.requests,
        ]
    }

    /// The meters with their quantities, those at zero left out.
    pub fn meters(self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = Self::METERS.into_iter().zip(self.quantities());
        all.filter(|(_, quantity)| *quantity > 0)
    }

    /// Whether no meter of `self` exceeds that of `quote`.
    pub fn within(self, quote: Self) -> bool {
        let pairs = self.quantities().into_iter().zip(quote.quantities());
        pairs.into_iter().all(|(used, quoted)| used <= quoted)
    }

    /// `self`, `times` over.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_mul(times),
            output_tokens: self.output_tokens.saturating_mul(times),
            characters: self.characters.saturating_mul(times),
            images: self.images.saturating_mul(times),
            audio_seconds: self.audio_seconds.saturating_mul(times),
            gpu_seconds: self.gpu_seconds.saturating_mul(times),
            requests: self.requests.saturating_mul(times),
            estimated: self.estimated,
        }
    }
}
