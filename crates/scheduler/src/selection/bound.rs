//! How much quality the menus that are still open can add at most.

use super::Menu;

/// For one kind of cost: the most quality that the menus from each position on can add for an
/// amount of it, if candidates could be taken in part (the linear relaxation, after Sinha and
/// Zoltners, "The multiple-choice knapsack problem", Operations Research 27, 1979).
///
/// It is never below what whole candidates reach, and close to it, so that a search which passes
/// over what the bound rules out stays exact and small.
#[derive(Debug)]
pub(super) struct Bound {
    from: Vec<Relaxed>,
}

/// The relaxation of the menus from one position on.
#[derive(Debug)]
struct Relaxed {
    /// The least that they cost.
    cost: i64,
    /// The quality at that.
    value: u64,
    /// Steps up from there, most quality for the cost first.
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    cost: i64,
    value: u64,
}

impl Bound {
    /// The bound for the costs that `cost` says of candidate `at` of a menu.
    pub(super) fn new(menus: &[Menu], cost: impl Fn(&Menu, usize) -> i64) -> Self {
        let hulls: Vec<Vec<Step>> = menus.iter().map(|menu| hull(menu, &cost)).collect();
        let from = (0..=menus.len()).map(|first| {
            let open = &hulls[first..];
            let mut steps: Vec<Step> = open.iter().flat_map(|hull| ups(hull)).collect();
            steps.sort_by(|a, b| slope(b.value, a.cost).cmp(&slope(a.value, b.cost)));
            Relaxed {
                cost: open.iter().map(|hull| hull[0].cost).sum(),
                value: open.iter().map(|hull| hull[0].value).sum(),
                steps,
            }
        });
        Self {
            from: from.collect(),
        }
    }

    /// The most that the menus from `first` on can add for `amount`; `None`: they cost more.
    pub(super) fn most(&self, first: usize, amount: i64) -> Option<u64> {
        let relaxed = &self.from[first];
        let mut left = amount.checked_sub(relaxed.cost).filter(|left| *left >= 0)?;
        let mut value = relaxed.value;
        for step in &relaxed.steps {
            if step.cost > left {
                let part = u128::from(step.value) * left as u128;
                return Some(value + part.div_ceil(step.cost as u128) as u64);
            }
            left -= step.cost;
            value += step.value;
        }
        Some(value)
    }

    /// The least that the menus from `first` on cost.
    pub(super) fn least(&self, first: usize) -> i64 {
        self.from[first].cost
    }
}

/// A product whose order is that of `value / cost`, when compared crosswise.
fn slope(value: u64, cost: i64) -> u128 {
    u128::from(value) * cost as u128
}

/// The upper concave hull of a menu: from its cheapest candidate up, each step gaining less for its
/// cost than the one before.
fn hull(menu: &Menu, cost: &impl Fn(&Menu, usize) -> i64) -> Vec<Step> {
    let mut points: Vec<Step> = (0..menu.candidates.len())
        .map(|at| Step {
            cost: cost(menu, at),
            value: menu.value(at),
        })
        .collect();
    points.sort_by_key(|point| (point.cost, std::cmp::Reverse(point.value)));
    let mut hull: Vec<Step> = Vec::new();
    for point in points {
        if hull.last().is_some_and(|last| last.value >= point.value) {
            continue;
        }
        while let [.., before, last] = hull.as_slice()
            && slope(point.value - last.value, last.cost - before.cost)
                >= slope(last.value - before.value, point.cost - last.cost)
        {
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

fn ups(hull: &[Step]) -> impl Iterator<Item = Step> {
    hull.windows(2).map(|pair| Step {
        cost: pair[1].cost - pair[0].cost,
        value: pair[1].value - pair[0].value,
    })
}
