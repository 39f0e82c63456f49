//! Axes: round ticks around the data, and numbers as people read them.

/// Round steps over a range of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    /// The lowest tick.
    pub low: f64,
    /// The highest tick.
    pub high: f64,
    /// The distance between ticks.
    pub step: f64,
}

/// How the values of one chart are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Notation {
    decimals: usize,
    /// Divisor and its letter: 1e6 and `M`.
    unit: (f64, &'static str),
    /// Whether thousands are set apart: only if a value has five digits, so that years and
    /// other four-digit numbers stand together.
    groups: bool,
}

impl Scale {
    /// A scale of some five steps around `values`; with `zero`, it includes nought.
    pub(super) fn around(values: &[f64], zero: bool) -> Self {
        let (mut low, mut high) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                (l.min(*v), h.max(*v))
            });
        if zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        // A flat series still needs room above and below it.
        if high - low <= f64::EPSILON * high.abs().max(low.abs()).max(1e-9) {
            let room = if high.abs() > 0.0 {
                high.abs() * 0.5
            } else {
                1.0
            };
            (low, high) = if zero {
                (low.min(0.0), high + room)
            } else {
                (low - room, high + room)
            };
        }
        let step = round_step((high - low) / 5.0);
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
        }
    }

    /// The ticks, upwards.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step).round() as u32;
        (0..=count)
            .map(|n| self.low + f64::from(n) * self.step)
            .collect()
    }

    /// Where `value` lies: 0 at the lowest tick, 1 at the highest.
    pub(super) fn at(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)) as f32
    }
}

/// The least of 1, 2, 2.5, 5 times a power of ten that is not below `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powi(raw.log10().floor() as i32);
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(10.0 * power)
}

impl Notation {
    /// The shortest notation that tells `values` apart: as many decimals as they have, at most
    /// two; from ten million on in millions and so on.
    pub(super) fn of(values: &[f64]) -> Self {
        let most = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        let unit = match most {
            m if m >= 1e12 => (1e12, " T"),
            m if m >= 1e9 => (1e9, " B"),
            m if m >= 1e7 => (1e6, " M"),
            _ => (1.0, ""),
        };
        let fine = if most > 0.0 && most < 0.01 { 6 } else { 2 };
        let exact = |decimals: usize| {
            let scale = 10_f64.powi(decimals as i32);
            values.iter().all(|v| {
                let scaled = v / unit.0 * scale;
                (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
            })
        };
        let mut decimals = (0..fine).find(|d| exact(*d)).unwrap_or(fine);
        if unit.0 > 1.0 || most >= 1e4 {
            decimals = decimals.min(1);
        }
        Self {
            decimals,
            unit,
            groups: most / unit.0 >= 1e4,
        }
    }

    /// A value as text, with grouped thousands and a true minus.
    pub(super) fn text(self, value: f64) -> String {
        let fixed = format!("{:.*}", self.decimals, (value / self.unit.0).abs());
        let (whole, decimals) = fixed.split_once('.').unwrap_or((&fixed, ""));
        let zero = fixed.chars().all(|c| matches!(c, '0' | '.'));
        let mut out = if value < 0.0 && !zero {
            "−".to_owned()
        } else {
            String::new()
        };
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && self.groups && (whole.len() - index).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        if !decimals.is_empty() {
            out.push('.');
            out.push_str(decimals);
        }
        out + self.unit.1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_and_hold_the_data() {
        let scale = Scale::around(&[10_994.0, 8_848.0, 330.0], true);
        assert_eq!(
            scale.ticks(),
            [0.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0, 12_500.0]
        );
        let scale = Scale::around(&[-3.0, 4.0], true);
        assert_eq!(scale.ticks(), [-4.0, -2.0, 0.0, 2.0, 4.0]);
        let flat = Scale::around(&[5.0, 5.0], false);
        assert!(flat.low < 5.0 && flat.high > 5.0);
    }

    #[test]
    fn values_are_written_as_people_read_them() {
        let text = |values: &[f64]| -> Vec<String> {
            let notation = Notation::of(values);
            values.iter().map(|v| notation.text(*v)).collect()
        };
        assert_eq!(text(&[10_994.0, 330.0]), ["10,994", "330"]);
        assert_eq!(text(&[1.5, 2.0]), ["1.5", "2.0"]);
        assert_eq!(text(&[-0.25]), ["−0.25"]);
        assert_eq!(
            text(&[8_045_000_000.0, 6_100_000_000.0]),
            ["8.0 B", "6.1 B"]
        );
        assert_eq!(text(&[1960.0]), ["1960"]);
    }

    proptest! {
        #[test]
        fn every_value_lies_on_its_scale(
            values in proptest::collection::vec(-1e12_f64..1e12, 2..60),
            zero in any::<bool>(),
        ) {
            let scale = Scale::around(&values, zero);
            let ticks = scale.ticks();
            prop_assert!((2..=9).contains(&ticks.len()));
            for value in values {
                let at = scale.at(value);
                prop_assert!((-1e-4..=1.0001).contains(&at));
            }
        }
    }
}
