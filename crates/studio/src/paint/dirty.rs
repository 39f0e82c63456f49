//! The rectangles that must be painted again.

use crate::Rect;

/// Rectangles stand on a grid of this many luma pixels across, so that rows are painted in
/// whole runs of 16 chroma pixels, one register.
const GRID_X: i32 = 32;
/// And this many down, so that chroma rows stay whole.
const GRID_Y: i32 = 2;

/// Disjoint rectangles on the grid, within the canvas.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    rects: Vec<Rect>,
}

impl Dirty {
    /// Adds whatever of `area` lies within `bounds`.
    pub(super) fn add(&mut self, area: Rect, bounds: Rect) {
        let mut area = snap(area).intersect(bounds);
        if area.is_empty() {
            return;
        }
        // One that meets others swallows them; grown, it may meet more.
        while let Some(met) = self
            .rects
            .iter()
            .position(|r| !r.intersect(area).is_empty())
        {
            area = area.union(self.rects.swap_remove(met));
        }
        self.rects.push(area);
    }

    /// The rectangles.
    pub(super) fn rects(&self) -> &[Rect] {
        &self.rects
    }
}

/// The smallest rectangle on the grid around `area`.
fn snap(area: Rect) -> Rect {
    let (x, y) = (
        area.x.div_euclid(GRID_X) * GRID_X,
        area.y.div_euclid(GRID_Y) * GRID_Y,
    );
    let up = |value: i32, grid: i32| -(-value).div_euclid(grid) * grid;
    let (right, bottom) = (up(area.right(), GRID_X), up(area.bottom(), GRID_Y));
    Rect {
        x,
        y,
        width: (right - x) as u32,
        height: (bottom - y) as u32,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Rect = Rect {
        x: 0,
        y: 0,
        width: 1_000,
        height: 500,
    };

    proptest! {
        #[test]
        fn rectangles_stay_disjoint_on_the_grid_and_cover_what_was_added(
            areas in prop::collection::vec((-90_i32..1_090, -90_i32..590, 1_u32..300, 1_u32..90), 1..9),
        ) {
            let mut dirty = Dirty::default();
            for &(x, y, width, height) in &areas {
                dirty.add(Rect { x, y, width, height }, BOUNDS);
            }
            let rects = dirty.rects();
            for (i, a) in rects.iter().enumerate() {
                prop_assert!(BOUNDS.contains(*a) && a.x % GRID_X == 0 && a.y % GRID_Y == 0);
                prop_assert!(a.right() % GRID_X == 0 || a.right() == BOUNDS.right());
                prop_assert!(rects[i + 1..].iter().all(|b| a.intersect(*b).is_empty()));
            }
            for &(x, y, width, height) in &areas {
                let seen = Rect { x, y, width, height }.intersect(BOUNDS);
                prop_assert!(seen.is_empty() || rects.iter().any(|r| r.contains(seen)));
            }
        }
    }
}
