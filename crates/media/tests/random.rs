//! Anything at all may be uploaded: it is read or refused, and never a panic.

mod common;

use common::*;
use image::ImageFormat;
use proptest::{prelude::*, sample::Index, test_runner::Config};
use vestnik_media::picture::{Limits, Picture};

const HEADS: [&[u8]; 5] = [
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"RIFF\x40\0\0\0WEBPVP8X",
];

/// So many random cases, unless `PROPTEST_CASES` wants another number.
fn cases(usual: u32) -> Config {
    if std::env::var_os("PROPTEST_CASES").is_some() { Config::default() } else { Config::with_cases(usual) }
}

/// Small, so that what random bytes claim is quickly refused or quickly read.
fn small() -> Limits {
    Limits { most_pixels: 1 << 16, ..Limits::default() }
}

/// A good file with some bytes changed and perhaps its end missing.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let files: Vec<_> = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif]
        .into_iter()
        .flat_map(|format| [file(&landscape(24, 16), format), file(&disc(12).to_rgb8().into(), format)])
        .chain([webp(&[webp_canvas(0, 40, 40), vp8_frame(40, 40)].concat()), file(&disc(12), ImageFormat::WebP)])
        .collect();
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 0..6);
    (prop::sample::select(files), changes, any::<Index>(), any::<bool>()).prop_map(
        |(mut file, changes, end, is_cut)| {
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            if is_cut {
                file.truncate(end.index(file.len()));
            }
            file
        },
    )
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn noise(head in prop::sample::select(HEADS.to_vec()), noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Picture::read(&noise, &small());
        let _ = Picture::read(&[head, &noise].concat(), &small());
    }

    #[test]
    fn damage(bytes in damaged()) {
        if let Ok(picture) = Picture::read(&bytes, &small()) {
            // Whatever was read can be written and read again.
            let again = picture.square(8).encode();
            prop_assert!(Picture::read(&again.bytes, &small()).is_ok());
        }
    }
}
