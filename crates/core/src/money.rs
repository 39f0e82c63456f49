//! Money: whole micro-dollars for amounts, exact decimals for unit prices.

use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// An amount of money in micro-US-dollars (1 USD = 1,000,000). Never a float.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MicroUsd(pub i64);

/// What can be wrong with money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("{0:?} is not an amount of dollars; write it like 2.50")]
    Malformed(String),
    /// Dollars are kept to a millionth.
    #[error("{0} has more than six decimals; a micro-dollar is the smallest amount")]
    TooFine(String),
    /// The amount doesn't fit 64 bits of micro-dollars.
    #[error("the amount is too large")]
    Overflow,
}

impl MicroUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// `self + other`, or `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// `self - other`, or `None` on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum, saturating: for display. Ledgers use [`MicroUsd::checked_add`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Self {
        Self(
            amounts
                .into_iter()
                .fold(0, |sum, a| sum.saturating_add(a.0)),
        )
    }
}

impl FromStr for MicroUsd {
    type Err = MoneyError;

    /// Reads dollars: `3`, `2.50`, `$0.000001`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let bare = text.trim().trim_start_matches('$');
        let dollars: Decimal = bare
            .parse()
            .map_err(|_| MoneyError::Malformed(text.to_owned()))?;
        let micros = dollars
            .checked_mul(Decimal::from(1_000_000))
            .ok_or(MoneyError::Overflow)?;
        if micros.fract() != Decimal::ZERO {
            return Err(MoneyError::TooFine(text.to_owned()));
        }
        micros.to_i64().map(Self).ok_or(MoneyError::Overflow)
    }
}

impl std::fmt::Display for MicroUsd {
    /// Dollars with at least two decimals and as many as the amount needs: `$2.50`, `$0.000012`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (
            self.0.unsigned_abs() / 1_000_000,
            self.0.unsigned_abs() % 1_000_000,
        );
        let digits = format!("{part:06}");
        let kept = digits.trim_end_matches('0').len().max(2);
        f.pad(&format!("{sign}${whole}.{}", &digits[..kept]))
    }
}

/// The exact price in US dollars of one unit of a meter.
///
/// Read and written as a decimal string, so that `0.0000111` means just that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitPrice(#[serde(with = "rust_decimal::serde::str")] pub Decimal);

impl UnitPrice {
    /// What `quantity` units cost, rounded **up** to a micro-dollar, once per charge line.
    pub fn charge(self, quantity: u64) -> Result<MicroUsd, MoneyError> {
        self.0
            .checked_mul(Decimal::from(quantity))
            .and_then(|usd| usd.checked_mul(Decimal::from(1_000_000)))
            .and_then(|micros| micros.ceil().to_i64())
            .map(MicroUsd)
            .ok_or(MoneyError::Overflow)
    }
}

impl std::fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "${}", self.0.normalize())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dollars_are_read_exactly() {
        assert_eq!("2.50".parse(), Ok(MicroUsd(2_500_000)));
        assert_eq!("$3".parse(), Ok(MicroUsd(3_000_000)));
        assert_eq!(
            "0.0000001".parse::<MicroUsd>(),
            Err(MoneyError::TooFine("0.0000001".into()))
        );
        assert!(matches!(
            "3,00".parse::<MicroUsd>(),
            Err(MoneyError::Malformed(_))
        ));
        assert!(matches!(
            "NaN".parse::<MicroUsd>(),
            Err(MoneyError::Malformed(_))
        ));
        assert_eq!(
            "99999999999999".parse::<MicroUsd>(),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn a_sliver_of_a_unit_still_costs_a_micro_dollar() {
        let price = UnitPrice("0.00000000013".parse().unwrap());
        assert_eq!(price.charge(1), Ok(MicroUsd(1)));
        assert_eq!(price.charge(0), Ok(MicroUsd(0)));
    }

    proptest! {
        #[test]
        fn shown_money_reads_back(micros in -10_000_000_000_i64..10_000_000_000) {
            let text = MicroUsd(micros).to_string();
            let (sign, digits) = text.split_once('$').unwrap();
            prop_assert_eq!(format!("{sign}{digits}").parse(), Ok(MicroUsd(micros)));
        }

        #[test]
        fn one_charge_never_exceeds_two_halves(a in 0_u64..1_000_000, b in 0_u64..1_000_000) {
            let price = UnitPrice("0.0000111".parse().unwrap());
            let whole = price.charge(a + b).unwrap();
            let halves = price.charge(a).unwrap().checked_add(price.charge(b).unwrap()).unwrap();
            prop_assert!(whole <= halves);
        }
    }
}
