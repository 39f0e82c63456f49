//! How a foreign picture comes to cover the canvas.

use studio::Canvas;

/// How much larger than the canvas a still is kept, so that it can be zoomed and panned: the
/// compositor's largest zoom.
pub(super) const MARGIN: f64 = 1.15;
/// How much longer than the canvas's shape a picture may be before its ends are cut off.
const STRETCH_MAX: f64 = 2.0;

/// What is cut from the middle of a picture, and to which size that is scaled. All even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    /// Pixels of the source across.
    pub(super) crop_width: u32,
    /// Pixels of the source down.
    pub(super) crop_height: u32,
    /// Pixels of the result across.
    pub(super) width: u32,
    /// Pixels of the result down.
    pub(super) height: u32,
    /// Result over source, times 1000.
    pub(super) scale_permille: u32,
}

/// Fits a picture of `width` × `height` over `canvas`: shrunk to `margin` times the size that
/// just covers it, left alone between that and covering, enlarged only to cover.
pub(super) fn cover(width: u32, height: u32, canvas: Canvas, margin: f64) -> Cover {
    let (across, down) = (f64::from(canvas.width), f64::from(canvas.height));
    let (w, h) = (f64::from(width), f64::from(height));
    let crop_width = w.min(h * across / down * STRETCH_MAX).floor().max(1.0);
    let crop_height = h.min(w * down / across * STRETCH_MAX).floor().max(1.0);
    let covering = (across / crop_width).max(down / crop_height);
    let scale = if covering >= 1.0 {
        covering
    } else {
        (covering * margin).min(1.0)
    };
    let side = |length: f64, least: u32| (((length * scale / 2.0).round() as u32) * 2).max(least);
    Cover {
        crop_width: crop_width as u32,
        crop_height: crop_height as u32,
        width: side(crop_width, canvas.width),
        height: side(crop_height, canvas.height),
        scale_permille: (scale * 1000.0).ceil() as u32,
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::brief::Format;

    use super::*;

    #[test]
    fn pictures_shrink_to_the_margin_and_grow_no_more_than_they_must() {
        let canvas = Canvas::of(Format::Landscape);
        let size = |width, height| {
            let cover = cover(width, height, canvas, MARGIN);
            (cover.width, cover.height)
        };
        assert_eq!(size(3840, 2160), (2208, 1242));
        assert_eq!(size(2000, 1125), (2000, 1126));
        assert_eq!(size(960, 540), (1920, 1080));
        // A portrait keeps twice the canvas's height of it.
        assert_eq!(size(3000, 9000), (2208, 2484));
        assert_eq!(size(20_000, 100), (3834, 1080));
    }
}
