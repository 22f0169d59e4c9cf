//! Making pictures smaller.

use image::{
    GenericImageView, ImageBuffer, Pixel, RgbaImage,
    imageops::{FilterType, crop_imm, resize, thumbnail},
};

use super::Pixels;

/// A part of a picture, within it.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A part of a picture, in a size that is no larger.
pub(super) fn down(pixels: &Pixels, area: Area, width: u32, height: u32) -> Pixels {
    let Area { x, y, width: from_width, height: from_height } = area;
    match pixels {
        Pixels::Opaque(pixels) => {
            Pixels::Opaque(scaled(&*crop_imm(pixels, x, y, from_width, from_height), width, height))
        }
        Pixels::Transparent(pixels) => {
            // The filter averages neighbours. What is invisible has a colour, too, often black, which would be seen
            // at the edges: each pixel takes part with as much colour as it shows.
            let mut pixels = crop_imm(pixels, x, y, from_width, from_height).to_image();
            premultiply(&mut pixels);
            let mut pixels = scaled(&pixels, width, height);
            unpremultiply(&mut pixels);
            Pixels::Transparent(pixels)
        }
    }
}

fn scaled<P, V>(pixels: &V, width: u32, height: u32) -> ImageBuffer<P, Vec<u8>>
where
    P: Pixel<Subpixel = u8> + 'static,
    V: GenericImageView<Pixel = P>,
{
    // The fine filter looks at each pixel of a large picture many times, for seconds. A plain average to twice the
    // size leaves it enough to choose from.
    let (twice_wide, twice_high) = (width.saturating_mul(2), height.saturating_mul(2));
    if pixels.width() / 2 >= twice_wide && pixels.height() / 2 >= twice_high {
        let halfway = thumbnail(pixels, twice_wide, twice_high);
        return resize(&halfway, width, height, FilterType::Lanczos3);
    }
    resize(pixels, width, height, FilterType::Lanczos3)
}

fn premultiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [colour @ .., alpha] = &mut pixel.0;
        for channel in colour {
            *channel = ((u16::from(*channel) * u16::from(*alpha) + 127) / 255) as u8;
        }
    }
}

fn unpremultiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [colour @ .., alpha] = &mut pixel.0;
        let alpha = u16::from(*alpha);
        for channel in colour {
            // What is invisible becomes black, which compresses best. The filter overshoots: hence the limit.
            let shown = (u16::from(*channel) * 255 + alpha / 2).checked_div(alpha);
            *channel = shown.map_or(0, |shown| shown.min(255)) as u8;
        }
    }
}
