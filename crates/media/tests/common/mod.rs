//! Files to upload, made by hand where no encoder would make them.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

pub(crate) const RED: [u8; 3] = [220, 20, 20];
pub(crate) const GREEN: [u8; 3] = [20, 200, 20];
pub(crate) const BLUE: [u8; 3] = [20, 20, 220];

/// Red on the left, blue on the right.
pub(crate) fn two_halves(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { RED } else { BLUE })).into()
}

/// A green disc on nothing, which is black.
pub(crate) fn disc(side: u32) -> DynamicImage {
    let radius = f64::from(side) / 2.0;
    let is_inside = |x: u32, y: u32| (f64::from(x) + 0.5 - radius).hypot(f64::from(y) + 0.5 - radius) < radius * 0.9;
    RgbaImage::from_fn(side, side, |x, y| {
        let [r, g, b] = GREEN;
        if is_inside(x, y) { Rgba([r, g, b, 255]) } else { Rgba([0, 0, 0, 0]) }
    })
    .into()
}

/// Something like a photograph: every pixel differs, and neighbours are alike.
pub(crate) fn landscape(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = ((x as f32 / 17.0).sin() + (y as f32 / 23.0).cos()) * 40.0;
        Rgb([(wave + 120.0) as u8, (x * 200 / width) as u8, (y * 200 / height) as u8 ^ (x as u8 & 3)])
    })
    .into()
}

pub(crate) fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a fixture can be encoded");
    bytes.into_inner()
}

pub(crate) fn decoded(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).expect("what we write can be read")
}

/// Whether a pixel of a picture has nearly this colour; JPEG does not keep it exactly.
pub(crate) fn is_colour(picture: &DynamicImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    let pixel = picture.to_rgb8().get_pixel(x, y).0;
    pixel.iter().zip(colour).all(|(one, other)| one.abs_diff(other) < 30)
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// EXIF (a TIFF, little-endian) with an orientation and an author, as a camera or a telephone writes it.
pub(crate) fn exif(orientation: u16, author: &str) -> Vec<u8> {
    let author = [author.as_bytes(), b"\0"].concat();
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0]); // 0x0112 orientation, one SHORT
    exif.extend(u32::from(orientation).to_le_bytes());
    exif.extend([0x3b, 0x01, 2, 0]); // 0x013b artist, ASCII
    exif.extend((author.len() as u32).to_le_bytes());
    exif.extend(38_u32.to_le_bytes()); // where it stands: after 8 + 2 + 2 * 12 + 4 bytes
    exif.extend([0; 4]); // no further directory
    exif.extend(author);
    exif
}

/// A segment of a JPEG, put behind its start marker.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
}

pub(crate) fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    with_segment(jpeg, 0xe1, &[b"Exif\0\0", exif].concat())
}

/// A chunk of a PNG with its checksum (PNG 5.3, annex D).
pub(crate) fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut checksum = u32::MAX;
    for byte in name.iter().chain(content) {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = if checksum & 1 == 1 { (checksum >> 1) ^ 0xedb8_8320 } else { checksum >> 1 };
        }
    }
    [&(content.len() as u32).to_be_bytes(), &name[..], content, &(!checksum).to_be_bytes()].concat()
}

/// A PNG behind whose header these chunks stand.
pub(crate) fn png_with(png: &[u8], chunks: &[u8]) -> Vec<u8> {
    [&png[..33], chunks, &png[33..]].concat()
}

/// A PNG that claims a size and has hardly any content.
pub(crate) fn huge_png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(b"IHDR", &header),
        png_chunk(b"IDAT", b"\x78\x9c\x63\0\0"),
        png_chunk(b"IEND", b""),
    ]
    .concat()
}

/// A GIF that claims a size: head, one frame of that size, end.
pub(crate) fn huge_gif(width: u16, height: u16) -> Vec<u8> {
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    [
        &b"GIF89a"[..],
        &size,
        &[0x80, 0, 0, 0, 0, 0, 255, 255, 255],
        &[0x2c, 0, 0, 0, 0],
        &size,
        &[0, 2, 2, 0x44, 1, 0, 0x3b],
    ]
    .concat()
}

/// A JPEG whose frame header claims a size.
pub(crate) fn huge_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = file(&two_halves(16, 16), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("it is a baseline JPEG");
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

pub(crate) fn riff_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [&name[..], &(content.len() as u32).to_le_bytes(), content, &padding].concat()
}

pub(crate) fn webp(chunks: &[u8]) -> Vec<u8> {
    riff_chunk(b"RIFF", &[b"WEBP", chunks].concat())
}

/// The chunk in which an extended WebP says the size of its canvas (RFC 9649 2.7).
pub(crate) fn webp_canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let [width, height] = [width - 1, height - 1].map(u32::to_le_bytes);
    riff_chunk(b"VP8X", &[&[flags, 0, 0, 0], &width[..3], &height[..3]].concat())
}

/// A lossy frame that claims a size; what follows its head is noise, of which any decoder makes a picture.
pub(crate) fn vp8_frame(width: u16, height: u16) -> Vec<u8> {
    let noise: Vec<u8> = (0..4096_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8 & 0x7f).collect();
    let tag = ((1024_u32 << 5) | 0x10).to_le_bytes();
    let content = [&tag[..3], &[0x9d, 0x01, 0x2a], &width.to_le_bytes(), &height.to_le_bytes(), &noise].concat();
    riff_chunk(b"VP8 ", &content)
}
