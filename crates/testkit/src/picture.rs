//! Pictures without an encoder: PNG whose data is stored, not compressed.

/// A picture of `width` × `height` pixels in one colour, darker towards its top and left: a PNG file.
pub fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let shade = |part: u8, x: u32, y: u32| {
        let light = 128 + 64 * x / width.max(1) + 63 * y / height.max(1);
        (u32::from(part) * light / 255) as u8
    };
    let row = |y: u32| {
        let pixels = (0..width).flat_map(move |x| colour.map(|part| shade(part, x, y)));
        std::iter::once(0_u8).chain(pixels)
    };
    let data: Vec<u8> = (0..height).flat_map(row).collect();
    let mut zlib = vec![0x78, 0x01];
    let blocks = data.chunks(0xFFFF);
    let last = blocks.len() - 1;
    for (index, block) in blocks.enumerate() {
        zlib.push(u8::from(index == last));
        let length = block.len() as u16;
        zlib.extend_from_slice(&length.to_le_bytes());
        zlib.extend_from_slice(&(!length).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    zlib.extend_from_slice(&adler(&data).to_be_bytes());
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    // Eight bits, red, green and blue, nothing unusual.
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &zlib);
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let from = file.len();
    file.extend_from_slice(&name);
    file.extend_from_slice(data);
    let check = crc(&file[from..]);
    file.extend_from_slice(&check.to_be_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| {
            (0..8).fold(byte, |rest, _| {
                if rest & 1 == 1 {
                    0xEDB8_8320 ^ (rest >> 1)
                } else {
                    rest >> 1
                }
            })
        })
        .collect();
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        table[((sum ^ u32::from(*byte)) & 0xFF) as usize] ^ (sum >> 8)
    });
    !sum
}

fn adler(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}
