//! What is read, and what becomes of it.

mod common;

use common::*;
use image::{ColorType, DynamicImage, GenericImageView, ImageFormat};
use vestnik_media::{
    MediaType,
    picture::{Encoded, Limits, Picture, PicturePool, Refused},
};

fn read(bytes: &[u8]) -> Result<Picture, Refused> {
    Picture::read(bytes, &Limits::default())
}

fn published(bytes: &[u8]) -> Encoded {
    read(bytes).expect("the picture is good").encode()
}

#[test]
fn every_format_is_read() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let Encoded { bytes, media_type } = published(&file(&two_halves(40, 30), format));
        assert_eq!(media_type, MediaType::Jpeg, "{format:?}");
        assert_eq!(image::guess_format(&bytes).ok(), Some(ImageFormat::Jpeg));
        let picture = decoded(&bytes);
        assert_eq!(picture.dimensions(), (40, 30));
        assert!(is_colour(&picture, 5, 15, RED) && is_colour(&picture, 35, 15, BLUE), "{format:?}");
    }
}

#[test]
fn unusual_channels_are_read() {
    let picture = two_halves(20, 10);
    for (channels, media_type) in [
        (DynamicImage::from(picture.to_luma8()), MediaType::Jpeg),
        (picture.to_luma16().into(), MediaType::Jpeg),
        (picture.to_rgb16().into(), MediaType::Jpeg),
        // An alpha channel that says nothing.
        (picture.to_rgba8().into(), MediaType::Jpeg),
        (picture.to_luma_alpha16().into(), MediaType::Jpeg),
        (disc(20).to_rgba16().into(), MediaType::Png),
        (disc(20).to_luma_alpha8().into(), MediaType::Png),
    ] {
        let encoded = published(&file(&channels, ImageFormat::Png));
        assert_eq!(encoded.media_type, media_type, "{:?}", channels.color());
        assert_eq!(decoded(&encoded.bytes).dimensions(), channels.dimensions());
    }
}

#[test]
fn a_picture_is_turned_as_the_camera_was_held() {
    let upright = file(&two_halves(40, 20), ImageFormat::Jpeg);
    // 6: what is left in the file was at the top.
    let picture = decoded(&published(&with_exif(&upright, &exif(6, "Anna"))).bytes);
    assert_eq!(picture.dimensions(), (20, 40));
    assert!(is_colour(&picture, 10, 5, RED) && is_colour(&picture, 10, 35, BLUE));

    let png = png_with(&file(&two_halves(40, 20), ImageFormat::Png), &png_chunk(b"eXIf", &exif(3, "Anna")));
    let picture = decoded(&published(&png).bytes);
    assert!(is_colour(&picture, 5, 10, BLUE) && is_colour(&picture, 35, 10, RED));

    // An orientation that there is not, and EXIF that is none.
    for strange in [exif(77, "Anna"), b"II*\0\xff\xff\xff\xff".to_vec()] {
        assert_eq!(read(&with_exif(&upright, &strange)).unwrap().size(), (40, 20));
    }
}

#[test]
fn metadata_is_gone() {
    let jpeg = file(&two_halves(40, 20), ImageFormat::Jpeg);
    let jpeg = with_segment(&with_exif(&jpeg, &exif(1, "GPS-53.9-27.5")), 0xfe, b"GPS-53.9-27.5 in a comment");
    let text = png_chunk(b"tEXt", b"Comment\0GPS-53.9-27.5");
    let png = png_with(&file(&two_halves(40, 20), ImageFormat::Png), &text);
    let transparent = png_with(&file(&disc(40), ImageFormat::Png), &text);
    for bytes in [jpeg, png, transparent] {
        assert!(contains(&bytes, "GPS-53.9"), "the fixture has what is to be removed");
        let bytes = published(&bytes).bytes;
        assert!(!contains(&bytes, "GPS-53.9") && !contains(&bytes, "Exif"));
    }
}

#[test]
fn transparency_stays() {
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let encoded = read(&file(&disc(64), format)).unwrap().square(32).encode();
        assert_eq!(encoded.media_type, MediaType::Png, "{format:?}");
        let picture = decoded(&encoded.bytes);
        assert_eq!((picture.color(), picture.dimensions()), (ColorType::Rgba8, (32, 32)));
        let picture = picture.to_rgba8();
        assert_eq!(picture.get_pixel(0, 0).0[3], 0);
        assert_eq!(picture.get_pixel(16, 16).0[3], 255);
        // The edge is half transparent and wholly green: nothing of the black around it is mixed in.
        for pixel in picture.pixels().filter(|pixel| pixel.0[3] > 40) {
            assert!(pixel.0[1] > 180, "{pixel:?} in {format:?}");
        }
    }
}

#[test]
fn a_square_is_the_centre() {
    // Red, green, blue beside each other; green is the middle.
    let stripes = image::RgbImage::from_fn(300, 100, |x, _| image::Rgb([RED, GREEN, BLUE][x as usize / 100]));
    let picture = read(&file(&stripes.clone().into(), ImageFormat::Png)).unwrap();
    let square = decoded(&picture.square(50).encode().bytes);
    assert_eq!(square.dimensions(), (50, 50));
    for (x, y) in [(2, 2), (47, 2), (25, 25), (2, 47), (47, 47)] {
        assert!(is_colour(&square, x, y, GREEN), "{x} {y}");
    }
    let upright = read(&file(&DynamicImage::from(stripes).rotate90(), ImageFormat::Png)).unwrap();
    assert!(is_colour(&decoded(&upright.square(10).encode().bytes), 1, 8, GREEN));
    // Nothing is scaled up, and nothing vanishes.
    assert_eq!(picture.square(1000).size(), (100, 100));
    assert_eq!(picture.square(0).size(), (1, 1));
}

#[test]
fn a_width_keeps_the_aspect() {
    let picture = read(&file(&two_halves(300, 100), ImageFormat::Png)).unwrap();
    for (width, size) in [(150, (150, 50)), (100, (100, 33)), (1, (1, 1)), (0, (1, 1)), (301, (300, 100))] {
        assert_eq!(picture.width(width).size(), size, "{width}");
    }
    let picture = decoded(&picture.width(90).encode().bytes);
    assert!(is_colour(&picture, 20, 15, RED) && is_colour(&picture, 70, 15, BLUE));
}

#[test]
fn what_is_no_picture_is_refused() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let tiff = b"II*\0\x08\0\0\0\0\0\0\0";
    for bytes in [
        &b""[..],
        svg.as_bytes(),
        b"\xef\xbb\xbf<?xml version='1.0'?><svg/>",
        b"<!doctype html><img src=x>",
        b"%PDF-1.7\n",
        tiff,
        b"BM\0\0",
        b"\0\0\0\x20ftypavif",
        b"P6 1 1 255 abc",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"GIF88a",
        b"\x89PNG\r\n",
        b"<!-- \xff\xd8\xff -->",
    ] {
        assert_eq!(read(bytes).map(drop), Err(Refused::NotAPicture), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_appended_is_gone() {
    let page = b"<html><script>alert(document.domain)</script></html>";
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let polyglot = [&file(&two_halves(40, 30), format), &page[..]].concat();
        assert!(!contains(&published(&polyglot).bytes, "script"), "{format:?}");
    }
    // A GIF that is also a script: `GIF89a/*…*/=1;alert(1)`.
    let mut script = file(&two_halves(40, 30), ImageFormat::Gif);
    script.extend(b"*/=1;alert(1)//");
    script[6..8].copy_from_slice(b"/*");
    match read(&script) {
        Ok(picture) => assert!(!contains(&picture.encode().bytes, "alert")),
        Err(refused) => assert_ne!(refused, Refused::NotAPicture),
    }
    let page =
        png_with(&file(&two_halves(40, 30), ImageFormat::Png), &png_chunk(b"tEXt", b"a\0<script>alert(1)</script>"));
    assert!(!contains(&published(&page).bytes, "script"));
}

#[test]
fn damaged_pictures_are_refused() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let whole = file(&landscape(200, 150), format);
        for part in [whole.len() / 4, whole.len() / 2, whole.len() * 9 / 10] {
            assert_eq!(read(&whole[..part]).map(drop), Err(Refused::Broken), "{part} of {} {format:?}", whole.len());
        }
    }
    // A thumbnail's end is not the picture's.
    let jpeg = file(&landscape(200, 150), ImageFormat::Jpeg);
    let with_thumbnail = with_exif(&jpeg, &file(&two_halves(8, 8), ImageFormat::Jpeg));
    assert_eq!(read(&with_thumbnail[..with_thumbnail.len() / 2]).map(drop), Err(Refused::Broken));
    assert!(read(&with_thumbnail).is_ok());
}

#[test]
fn limits_hold() {
    let bytes = file(&two_halves(40, 30), ImageFormat::Png);
    let read = |limits: Limits| Picture::read(&bytes, &limits).map(drop);
    let usual = Limits::default();
    assert_eq!(read(usual), Ok(()));
    assert_eq!(read(Limits { most_bytes: bytes.len(), ..usual }), Ok(()));
    let most_bytes = bytes.len() - 1;
    assert_eq!(read(Limits { most_bytes, ..usual }), Err(Refused::TooLarge { most_bytes }));
    assert_eq!(read(Limits { most_pixels: 1200, greatest_side: 40, ..usual }), Ok(()));
    let too_many = Err(Refused::TooManyPixels { width: 40, height: 30 });
    assert_eq!(read(Limits { most_pixels: 1199, ..usual }), too_many);
    assert_eq!(read(Limits { greatest_side: 39, ..usual }), too_many);
    assert_eq!(read(Limits { most_memory: 3599, ..usual }), too_many);
}

#[test]
fn only_so_many_pictures_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static AT_WORK: AtomicUsize = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let pool = PicturePool::default();
    let bytes = bytes::Bytes::from(file(&two_halves(40, 30), ImageFormat::Png));
    runtime.block_on(async {
        let work = (0..8).map(|_| {
            let (pool, bytes) = (pool.clone(), bytes.clone());
            tokio::spawn(async move {
                pool.read(bytes, |picture| {
                    let at_once = AT_WORK.fetch_add(1, Ordering::SeqCst) + 1;
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    AT_WORK.fetch_sub(1, Ordering::SeqCst);
                    (at_once, picture.size())
                })
                .await
            })
        });
        for done in work.collect::<Vec<_>>() {
            let (at_once, size) = done.await.unwrap().unwrap();
            assert!(at_once <= 2 && size == (40, 30), "{at_once}");
        }
        // What panics is told as a damaged picture, and its turn is given back.
        for _ in 0..3 {
            let stopped = pool.read(bytes.clone(), |_| panic!("a decoder's mistake")).await;
            assert_eq!(stopped, Err::<(), _>(Refused::Broken));
        }
        assert_eq!(pool.read(bytes.clone(), |picture| picture.size()).await, Ok((40, 30)));
    });
}
