//! Pictures in memory: planar YUV for frames, premultiplied RGBA for what is laid over them.

/// A picture in planar YUV 4:2:0, 8 bits, BT.709 limited range: what encoders eat.
///
/// One block of bytes: the luma plane, then the two chroma planes of half the size each way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Yuv420 {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Yuv420 {
    /// A black picture. Width and height must be even.
    pub fn black(width: u32, height: u32) -> Self {
        assert!(
            width % 2 == 0 && height % 2 == 0,
            "4:2:0 needs even sides: {width}x{height}"
        );
        let luma = width as usize * height as usize;
        let mut bytes = vec![16; luma + luma / 2];
        bytes[luma..].fill(128);
        Self {
            width,
            height,
            bytes,
        }
    }

    /// A picture from raw `yuv420p` bytes, or `None` if their number or the sides don't fit.
    pub fn from_bytes(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        let luma = width as usize * height as usize;
        let fits = width % 2 == 0 && height % 2 == 0 && bytes.len() == luma + luma / 2;
        fits.then_some(Self {
            width,
            height,
            bytes,
        })
    }

    /// Pixels across.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// All three planes in one block, as an encoder's raw input wants them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same block, to be filled in place by a decoder.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The planes: luma, blue difference, red difference.
    pub fn planes(&self) -> [&[u8]; 3] {
        let luma = self.width as usize * self.height as usize;
        let (y, chroma) = self.bytes.split_at(luma);
        let (u, v) = chroma.split_at(luma / 4);
        [y, u, v]
    }

    /// The planes, writable.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        let luma = self.width as usize * self.height as usize;
        let (y, chroma) = self.bytes.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        [y, u, v]
    }
}

/// A picture in RGBA, 8 bits each, sRGB, colour premultiplied by alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Rows from the top, four bytes a pixel.
    pub bytes: Vec<u8>,
}

impl Rgba {
    /// A fully transparent picture.
    pub fn clear(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            bytes: vec![0; width as usize * height as usize * 4],
        }
    }
}
