//! What a file says of itself, read before a decoder is let at it: what the decoders check too late, or not at all.

use image::ImageFormat;

use super::Refused;

/// Sizes (width, height) that a decoder would make room for before it lets us ask.
///
/// # Errors
/// [`Refused::Broken`] if the file is cut short. The decoders of JPEG and WebP are lenient there, and fill what is
/// missing with grey.
pub(super) fn claimed_sizes(format: ImageFormat, bytes: &[u8]) -> Result<Vec<(u32, u32)>, Refused> {
    match format {
        ImageFormat::Png => Ok(vec![png_size(bytes).ok_or(Refused::Broken)?]),
        ImageFormat::Jpeg if !jpeg_ends(bytes) => Err(Refused::Broken),
        ImageFormat::WebP => webp_frames(bytes).ok_or(Refused::Broken),
        _ => Ok(Vec::new()),
    }
}

/// The header comes first in a PNG, and begins with the size (PNG 11.2.1).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let size = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
    let (width, height) = size.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(height.try_into().ok()?)))
}

/// Whether a JPEG has its end marker (ITU T.81 B.1). A thumbnail in the metadata has one as well, so that the segments
/// must be followed.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 0;
    // What is no marker is compressed data, which follows the segment that introduces it.
    while let Some(skipped) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xff)) {
        at += skipped + 1;
        match bytes.get(at) {
            // Two of them are padding; the second one may begin a marker.
            Some(0xff) => {}
            // A byte 0xff of the data, and the markers that have no segment.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
            Some(0xd9) => return true,
            Some(_) => match bytes.get(at + 1..at + 3) {
                Some(&[high, low]) => at += 1 + usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
            None => return false,
        }
    }
    false
}

/// The sizes in the heads of a WebP's lossy frames, or `None` if the file is shorter than it says. The decoder compares
/// them with the canvas too late: when it has decoded them.
fn webp_frames(bytes: &[u8]) -> Option<Vec<(u32, u32)>> {
    let (length, _) = bytes.get(4..)?.split_first_chunk()?;
    if bytes.len() - 8 < u32::from_le_bytes(*length) as usize {
        return None;
    }
    let mut frames = Vec::new();
    // To the end of the file, because the decoder does not take the length at its word either.
    for (name, content) in chunks(bytes.get(12..)?) {
        match name {
            b"VP8 " => frames.push(vp8_size(content)?),
            // A frame of an animation: a head of 16 bytes, and chunks.
            b"ANMF" => {
                for (_, content) in chunks(content.get(16..)?).filter(|(name, _)| *name == b"VP8 ") {
                    frames.push(vp8_size(content)?);
                }
            }
            _ => {}
        }
    }
    Some(frames)
}

/// Name and content of each chunk (RFC 9649 2.3); of the last one as much as is there.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (name, after) = rest.split_first_chunk()?;
        let (length, after) = after.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        let content = &after[..length.min(after.len())];
        rest = after.get(length.saturating_add(length % 2)..).unwrap_or_default();
        Some((name, content))
    })
}

/// A key frame's head: a tag of three bytes, a start code of three, width and height with two bits of scaling above
/// each (RFC 6386 9.1).
fn vp8_size(frame: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| {
        let bytes = frame.get(at..at + 2)?;
        Some(u32::from(u16::from_le_bytes([bytes[0], bytes[1]]) & 0x3fff))
    };
    Some((side(6)?, side(8)?))
}
