//! From bytes that anybody may have sent to a picture of our own making.
//!
//! Nothing of the uploaded file is kept but its pixels: they are decoded, turned as the camera was held and encoded
//! anew, so that places, names, thumbnails, comments and whatever was appended to the file are gone. Colour profiles go
//! as well: a picture in a wide gamut looks a little paler afterwards.
//!
//! Decoding is work for a processor and needs up to some hundred megabytes: [`PicturePool`] does it where it holds up
//! nobody, and not too much of it at once.

mod pool;
mod scale;
mod structure;

use std::io::Cursor;

use bytes::Bytes;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, RgbImage,
    RgbaImage,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
    metadata::Orientation,
};

use crate::MediaType;
pub use pool::PicturePool;
use scale::Area;

const MEBIBYTE: u64 = 1 << 20;

/// Longer ones cannot be written as JPEG.
const GREATEST_SIDE: u32 = 65_535;

/// Below it photographs show their blocks, above it files grow faster than anybody sees.
const JPEG_QUALITY: u8 = 85;

/// What an uploaded picture may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub most_bytes: usize,
    /// Width times height.
    pub most_pixels: u64,
    /// Width or height; at most 65,535 whatever is said here, which is all that JPEG can hold.
    pub greatest_side: u32,
    /// Bytes of the decoded picture, and of what the decoder keeps beside it where the decoder counts that. A
    /// progressive JPEG does not: it takes up to nine bytes a pixel, 360 MB for 40 megapixels. Turning a picture takes
    /// a second copy of it for a moment.
    pub most_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { most_bytes: 8 << 20, most_pixels: 40_000_000, greatest_side: 12_000, most_memory: 512 * MEBIBYTE }
    }
}

impl Limits {
    fn check_size(&self, (width, height): (u32, u32)) -> Result<(), Refused> {
        let side = self.greatest_side.min(GREATEST_SIDE);
        let pixels = u64::from(width) * u64::from(height);
        if width > side || height > side || pixels > self.most_pixels {
            return Err(Refused::TooManyPixels { width, height });
        }
        Ok(())
    }

    /// What a decoder may take for a picture of this size, so that a small one with a bomb in its colour profile is
    /// not given as much as the largest: two buffers at sixteen bits a channel, and as much as any honest metadata.
    fn memory_for(&self, (width, height): (u32, u32), file: usize) -> u64 {
        let buffers = u64::from(width) * u64::from(height) * 16;
        (buffers + file as u64 + 16 * MEBIBYTE).min(self.most_memory)
    }
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The file has more bytes than [`Limits::most_bytes`].
    #[error("the file has more than {most_bytes} bytes")]
    TooLarge {
        /// The limit.
        most_bytes: usize,
    },
    /// The picture is larger than the [`Limits`] let it be. Known from the file's head: nothing was decoded.
    #[error("the picture is too large: {width} × {height} pixels")]
    TooManyPixels {
        /// In pixels, as the file claims.
        width: u32,
        /// In pixels, as the file claims.
        height: u32,
    },
    /// Neither JPEG nor PNG, WebP or GIF, whatever its name says.
    #[error("the file is neither JPEG nor PNG, WebP or GIF")]
    NotAPicture,
    /// It begins as a picture and is damaged, cut short, or of a rare kind that cannot be read.
    #[error("the picture is damaged")]
    Broken,
}

/// A picture that was read.
#[derive(Clone, Debug)]
pub struct Picture {
    pixels: Pixels,
}

/// Eight bits a channel, and an alpha channel only where something is transparent.
#[derive(Clone, Debug)]
enum Pixels {
    Opaque(RgbImage),
    Transparent(RgbaImage),
}

/// A file of our own making.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The file.
    pub bytes: Bytes,
    /// Its kind.
    pub media_type: MediaType,
}

impl Picture {
    /// Reads a JPEG, PNG, WebP or GIF (of an animation the first frame), known by its content. Turns it as its EXIF
    /// orientation says.
    ///
    /// This takes up to a second of a processor: in asynchronous code call it in `spawn_blocking`, or leave it to
    /// [`PicturePool`].
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Refused> {
        if bytes.len() > limits.most_bytes {
            return Err(Refused::TooLarge { most_bytes: limits.most_bytes });
        }
        let format = match image::guess_format(bytes) {
            Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif)) => format,
            _ => return Err(Refused::NotAPicture),
        };
        for size in structure::claimed_sizes(format, bytes)? {
            limits.check_size(size)?;
        }
        let pixels = decode(format, bytes, limits)?;
        let pixels = if is_transparent(&pixels) {
            Pixels::Transparent(pixels.into_rgba8())
        } else {
            Pixels::Opaque(pixels.into_rgb8())
        };
        Ok(Self { pixels })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        match &self.pixels {
            Pixels::Opaque(pixels) => pixels.dimensions(),
            Pixels::Transparent(pixels) => pixels.dimensions(),
        }
    }

    /// The square in the picture's centre, `side` pixels wide. Where the picture is smaller than that, its greatest
    /// square as it is: browsers scale up as well as we do, and load less.
    #[must_use]
    pub fn square(&self, side: u32) -> Self {
        let (width, height) = self.size();
        let short = width.min(height);
        let side = side.clamp(1, short);
        let centre = Area { x: (width - short) / 2, y: (height - short) / 2, width: short, height: short };
        Self { pixels: scale::down(&self.pixels, centre, side, side) }
    }

    /// The whole picture, `width` pixels wide; a narrower one as it is.
    #[must_use]
    pub fn width(&self, width: u32) -> Self {
        let from = self.size();
        let width = width.clamp(1, from.0);
        let rounded = (u64::from(from.1) * u64::from(width) + u64::from(from.0) / 2) / u64::from(from.0);
        // No higher than before, so that it fits.
        let height = u32::try_from(rounded).unwrap_or(from.1).max(1);
        let whole = Area { x: 0, y: 0, width: from.0, height: from.1 };
        Self { pixels: scale::down(&self.pixels, whole, width, height) }
    }

    /// Writes the picture without any metadata: as JPEG, or as PNG where something is transparent. Lossless WebP was
    /// tried for that: the encoder's files were no smaller, and not every mail program shows them. Like reading, this
    /// is work for a blocking thread.
    pub fn encode(&self) -> Encoded {
        let (width, height) = self.size();
        let mut bytes = Vec::new();
        let (media_type, written) = match &self.pixels {
            Pixels::Transparent(pixels) => {
                let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
                (MediaType::Png, encoder.write_image(pixels, width, height, ExtendedColorType::Rgba8))
            }
            Pixels::Opaque(pixels) => {
                let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
                (MediaType::Jpeg, encoder.write_image(pixels, width, height, ExtendedColorType::Rgb8))
            }
        };
        written.expect("memory takes all that is written, and no side is longer than a format can hold");
        Encoded { bytes: bytes.into(), media_type }
    }
}

fn decode(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<DynamicImage, Refused> {
    // The sizes are checked by us, which knows what to tell the uploader; the decoder is to watch the memory.
    let mut allowed = image::Limits::no_limits();
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Until the size is known there is metadata to be read, and a PNG's row.
    allowed.max_alloc = Some(limits.memory_for((0, 0), bytes.len()));
    reader.limits(allowed.clone());
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error, (0, 0)))?;

    let size = decoder.dimensions();
    limits.check_size(size)?;
    allowed.max_alloc = Some(limits.memory_for(size, bytes.len()));
    allowed.reserve(decoder.total_bytes()).map_err(|error| refusal(&error, size))?;
    decoder.set_limits(allowed).map_err(|error| refusal(&error, size))?;

    // Damage in the metadata is no damage to the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error, size))?;
    pixels.apply_orientation(orientation);
    Ok(pixels)
}

fn refusal(error: &ImageError, (width, height): (u32, u32)) -> Refused {
    match error {
        ImageError::Limits(_) if width > 0 => Refused::TooManyPixels { width, height },
        _ => Refused::Broken,
    }
}

/// Whether anything shows through. Many files have an alpha channel that says nothing.
fn is_transparent(pixels: &DynamicImage) -> bool {
    match pixels {
        DynamicImage::ImageLumaA8(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u8::MAX),
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX),
        DynamicImage::ImageLumaA16(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u16::MAX),
        DynamicImage::ImageRgba16(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u16::MAX),
        _ => false,
    }
}
