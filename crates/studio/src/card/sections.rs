//! The map of the video: its sections, the current one marked.

use super::chrome::{self, Print};
use super::sheet::{Ground, Sheet, reveal, rise};
use super::{Place, grid::Shape};
use crate::script::Scene;
use crate::text::Fit;
use crate::{Edge, Rect};

/// The list beside the scene's heading; a long list shows the stretch around the mark.
pub(super) fn draw(sheet: &mut Sheet<'_>, scene: &Scene, place: &Place<'_>) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let body = grid.body;
    let beside = grid.shape == Shape::Wide;
    let fit = Fit {
        width: body.width as f32 * if beside { 0.335 } else { 1.0 },
        height: body.height as f32 * grid.pick(0.9, 0.22, 0.24),
        lines: grid.pick(5, 3, 2),
        size_max: grid.px(grid.pick(84.0, 88.0, 70.0)),
        size_min: grid.px(42.0),
    };
    let heading = sheet.fitted(&scene.heading, sheet.theme.display(fit.size_max), fit);
    let column = if beside {
        body.width as f32 * 0.405
    } else {
        0.0
    };
    let used = if beside {
        0.0
    } else {
        heading.height + grid.px(grid.pick(0.0, 80.0, 52.0))
    };
    let listed = Listed::of(place);
    let row_min = grid.px(grid.pick(88.0, 96.0, 76.0));
    let room = body.height as f32 - used;
    let shown = ((room / row_min).floor() as usize).clamp(1, listed.places.len().max(1));
    let row = (room / shown as f32).min(grid.px(grid.pick(104.0, 122.0, 88.0)));
    let height = used + row * shown as f32;
    let spare = (body.height as f32 - height).max(0.0) * grid.pick(0.48, 0.6, 0.5);
    let top = body.y as f32 + spare;
    let heading_y = if beside {
        (top + (row * 0.5 - grid.px(20.0)).max(0.0))
            .min(body.bottom() as f32 - heading.height)
            .max(body.y as f32)
    } else {
        top
    };
    sheet.put_lines(&heading, (body.x as f32, heading_y), 3, 4);
    let first = listed.first(shown);
    let area = (
        body.x as f32 + column,
        top + used,
        body.width as f32 - column,
    );
    rows(
        sheet,
        place,
        &listed.places[first..(first + shown).min(listed.places.len())],
        area,
        row,
    );
}

/// The scenes that are listed.
struct Listed {
    places: Vec<usize>,
    /// The marked one among them.
    mark: Option<usize>,
}

/// Up to this scene the list is a preview: it names what is to come, not itself.
const PREVIEW_INDEX_MAX: usize = 2;

impl Listed {
    fn of(place: &Place<'_>) -> Self {
        let all = 0..place.headings.len();
        // Parts of a long scene share its heading, which is listed once.
        let heads = |i: &usize| *i == 0 || place.headings[*i] != place.headings[*i - 1];
        let ahead: Vec<usize> = all
            .clone()
            .filter(|i| *i > place.index && heads(i))
            .filter(|i| place.headings[*i] != place.headings[place.index])
            .collect();
        if place.index <= PREVIEW_INDEX_MAX && ahead.len() > 1 {
            return Self {
                places: ahead,
                mark: None,
            };
        }
        let places: Vec<usize> = all.filter(heads).collect();
        let mark = places.iter().rposition(|i| *i <= place.index);
        Self { places, mark }
    }

    /// The first of `shown` scenes around the mark.
    fn first(&self, shown: usize) -> usize {
        let most = self.places.len().saturating_sub(shown);
        self.mark.unwrap_or(0).saturating_sub(shown / 2).min(most)
    }
}

fn rows(
    sheet: &mut Sheet<'_>,
    place: &Place<'_>,
    shown: &[usize],
    (x, y, width): (f32, f32, f32),
    row: f32,
) {
    let grid = sheet.grid;
    let palette = sheet.theme.palette;
    let size = (row * 0.42).min(grid.px(grid.pick(42.0, 45.0, 36.0)));
    let indent = size * 2.5;
    let preview = shown.iter().all(|index| *index > place.index);
    // The list builds up while it is spoken of.
    let step = (sheet.frames * 2 / 5 / (shown.len().max(1) as u32)).clamp(3, 24);
    for (slot, &index) in shown.iter().enumerate() {
        let current = place.headings[index] == place.headings[place.index];
        let top = y + row * slot as f32;
        let at = 8 + slot as u32 * step;
        if slot > 0 {
            sheet.rule(x, top, width, palette.rule, reveal(Edge::Left, at, 16));
        }
        let (color, weight, number_color) = if current {
            (palette.ink, 700, palette.accent)
        } else if preview {
            (palette.ink, 500, palette.accent)
        } else {
            (palette.muted, 400, palette.muted)
        };
        let style = sheet.theme.text(weight, size).colored(color);
        let title = sheet.line(&place.headings[index], style, width - indent - size);
        let number = style.sized(size * 0.8).colored(number_color).tabular();
        let number = sheet.line(&format!("{:02}", index + 1), number, indent);
        let middle = top + row / 2.0;
        if current {
            let mark = Rect {
                x: (x - grid.px(28.0)).round() as i32,
                y: (middle - row * 0.26).round() as i32,
                width: grid.px(5.0).round() as u32,
                height: (row * 0.52).round() as u32,
            };
            sheet.bar(mark, palette.accent, reveal(Edge::Top, at + 8, 12));
        }
        let enter = rise(at, grid.px(14.0));
        let base = middle + title.height / 2.0;
        sheet.put(&number, x, base - number.height, enter, Ground::Backdrop);
        sheet.put(
            &title,
            x + indent,
            base - title.height,
            enter,
            Ground::Backdrop,
        );
    }
}
