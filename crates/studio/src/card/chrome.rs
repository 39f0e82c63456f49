//! The small print every card shares: counter, title, channel, progress.

use super::Place;
use super::sheet::{Ground, Sheet, THERE, reveal};
use crate::text::{Align, Style};
use crate::{Edge, Motion};

/// Frames in which the progress line grows to the current section.
const PROGRESS_FRAMES: u32 = 24;

/// How much of the small print a card shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Print {
    /// Counter, title, channel.
    Full,
    /// The channel alone: on title cards the title is large already.
    Channel,
}

/// Draws the header: it stands still from the first frame, so that cuts between scenes don't
/// make it flicker.
pub(super) fn header(sheet: &mut Sheet<'_>, place: &Place<'_>, print: Print) {
    let area = sheet.grid.header;
    let palette = sheet.theme.palette;
    let size = sheet.grid.px(sheet.grid.pick(25.0, 30.0, 26.0));
    let small = sheet
        .theme
        .text(500, size)
        .colored(palette.muted)
        .tracked(0.005);
    let (left, right) = (area.x as f32, area.right() as f32);
    let top = area.y as f32;
    let mut free = right;
    if let Some(channel) = place.channel.filter(|channel| !channel.trim().is_empty()) {
        let style = small.colored(palette.ink).aligned(Align::Start);
        let block = sheet.line(
            channel,
            Style {
                weight: 600,
                ..style
            },
            area.width as f32 * 0.4,
        );
        let width = block.block.widest();
        let x = if print == Print::Channel {
            left
        } else {
            right - width
        };
        sheet.put(&block, x, top, THERE, Ground::Backdrop);
        free = x - size * 2.0;
    }
    let rule_y = area.bottom() as f32 - sheet.grid.px(2.0);
    let rule = Motion { ..THERE };
    sheet.rule(left, rule_y, area.width as f32, palette.rule, rule);
    if print == Print::Full {
        counter(sheet, place, small, free);
        progress(sheet, place, rule_y);
    }
}

fn counter(sheet: &mut Sheet<'_>, place: &Place<'_>, small: Style, free: f32) {
    let area = sheet.grid.header;
    let palette = sheet.theme.palette;
    let (left, top) = (area.x as f32, area.y as f32);
    let number = format!("{:02}", place.index + 1);
    let bold = Style {
        weight: 700,
        ..small
    }
    .colored(palette.accent)
    .tabular();
    let current = sheet.line(&number, bold, area.width as f32);
    let current_width = current.block.widest();
    sheet.put(&current, left, top, THERE, Ground::Backdrop);
    let total = sheet.line(
        &format!("/ {:02}", place.total),
        small.tabular(),
        area.width as f32,
    );
    let total_x = left + current_width + small.size * 0.32;
    let total_width = total.block.widest();
    sheet.put(&total, total_x, top, THERE, Ground::Backdrop);
    let title_x = total_x + total_width + small.size * 1.5;
    let room = free - title_x;
    if room > small.size * 6.0 {
        let title = sheet.line(place.title, small, room);
        sheet.put(&title, title_x, top, THERE, Ground::Backdrop);
    }
}

/// The header's rule fills with the accent as far as the video has come.
fn progress(sheet: &mut Sheet<'_>, place: &Place<'_>, y: f32) {
    let area = sheet.grid.header;
    let accent = sheet.theme.palette.accent;
    let at = |sections: usize| {
        (area.width as f32 * sections as f32 / place.total.max(1) as f32).round() as u32
    };
    let (before, now) = (at(place.index), at(place.index + 1).min(area.width));
    let height = sheet.grid.px(4.0).round().max(2.0) as u32;
    let y = (y - sheet.grid.px(1.2)).round() as i32;
    let bar = |x: u32, width: u32| crate::Rect {
        x: area.x + x as i32,
        y,
        width,
        height,
    };
    if before > 0 {
        sheet.bar(bar(0, before), accent, THERE);
    }
    if now > before {
        // It begins under the end of what is there: two round ends would show a seam.
        let start = before.saturating_sub(height);
        let grown = reveal(Edge::Left, 4, PROGRESS_FRAMES);
        sheet.bar(bar(start, now - start), accent, grown);
    }
}
