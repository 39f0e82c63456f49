//! Thumbnails.

use ytempire_core::brief::Format;

use crate::card::CardError;
use crate::script::Scene;
use crate::text::Typesetter;
use crate::theme::Theme;
use crate::{Rgba, Yuv420};

/// Draws a thumbnail.
pub fn draw(
    _set: &mut Typesetter,
    _theme: &Theme,
    _format: Format,
    _title: &str,
    _scenes: &[Scene],
    _photo: Option<&Yuv420>,
) -> Result<Rgba, CardError> {
    Ok(Rgba::clear(1280, 720))
}

/// Encodes a picture.
pub fn to_jpeg(picture: &Rgba, quality: u8) -> Result<Vec<u8>, jpeg_encoder::EncodingError> {
    let rgb: Vec<u8> = picture
        .bytes
        .chunks_exact(4)
        .flat_map(|p| [p[0], p[1], p[2]])
        .collect();
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.encode(
        &rgb,
        picture.width as u16,
        picture.height as u16,
        jpeg_encoder::ColorType::Rgb,
    )?;
    Ok(bytes)
}
