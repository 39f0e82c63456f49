//! Why a candidate was not chosen: what the best choice with it would have been.

use ytempire_core::Stage;

use super::{Impossible, Limits, Menu, Selection, select};

/// A candidate that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its stage.
    pub stage: Stage,
    /// Its name.
    pub name: String,
    /// Why.
    pub why: Why,
}

/// Why a candidate was not chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// With it, nothing keeps the limits.
    Impossible(Impossible),
    /// The best combination with it is less good by so much, in the unit of
    /// [`Selection::quality`].
    LessGood {
        /// How much is lost.
        by: u64,
    },
    /// The best combination with it is as good, and is expected to cost so much more, in
    /// micro-dollars.
    Dearer {
        /// How much more.
        by: i64,
    },
    /// The best combination with it is no worse in quality and expected cost; it reserves more,
    /// takes longer, or comes later in the configuration.
    NoBetter,
}

/// Says of every candidate that `selection` leaves out why it does: the menus are searched once
/// more for each, with it as the only one of its stage.
pub fn explain(menus: &[Menu], limits: &Limits, selection: &Selection) -> Vec<Rejected> {
    let mut rejected = Vec::new();
    for (place, menu) in menus.iter().enumerate() {
        for (at, candidate) in menu.candidates.iter().enumerate() {
            if selection.chosen[place] == at {
                continue;
            }
            let mut with_it = menus.to_vec();
            with_it[place].candidates = vec![candidate.clone()];
            // What is kept back is that of the whole menu, also beside this one.
            let kept_back = menu.reserve(at);
            with_it[place].candidates[0].worst.0 += kept_back.0;
            rejected.push(Rejected {
                stage: menu.stage,
                name: candidate.name.clone(),
                why: why(select(&with_it, limits), selection),
            });
        }
    }
    rejected
}

fn why(with_it: Result<Selection, Impossible>, selection: &Selection) -> Why {
    match with_it {
        Err(impossible) => Why::Impossible(impossible),
        Ok(other) if other.quality < selection.quality => Why::LessGood {
            by: selection.quality - other.quality,
        },
        Ok(other) if other.expected > selection.expected => Why::Dearer {
            by: other.expected.0 - selection.expected.0,
        },
        Ok(_) => Why::NoBetter,
    }
}
