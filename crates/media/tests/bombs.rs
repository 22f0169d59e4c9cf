//! Files that are small and claim to be large: refused before anybody makes room for them. One test in a process of
//! its own, because it watches the memory of the whole process.

mod common;

use common::*;
use vestnik_media::picture::{Limits, Picture, Refused};

/// The most memory this process ever had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("there is a peak");
    line.trim().trim_end_matches(" kB").parse().expect("it is a number")
}

#[test]
fn bombs_take_no_memory() {
    let lossy_in_a_small_canvas = webp(&[webp_canvas(0, 16, 16), vp8_frame(16_000, 16_000)].concat());
    let frame_head = [[0; 6].to_vec(), vec![15, 0, 0, 15, 0, 0], vec![0; 4]].concat();
    let frame = riff_chunk(b"ANMF", &[frame_head, vp8_frame(16_000, 16_000)].concat());
    let lossy_in_a_small_animation = webp(&[webp_canvas(2, 16, 16), riff_chunk(b"ANIM", &[0; 6]), frame].concat());
    // The head of a lossless WebP: 14 bits each for width and height, less one.
    let lossless = |side: u32| [&[0x2f], &((side - 1) | ((side - 1) << 14)).to_le_bytes()[..], &[0; 64]].concat();
    let bombs = [
        ("PNG", huge_png(50_000, 50_000), (50_000, 50_000)),
        ("PNG without end", huge_png(u32::MAX, u32::MAX), (u32::MAX, u32::MAX)),
        ("PNG strip", huge_png(12_001, 1), (12_001, 1)),
        ("PNG of many pixels", huge_png(12_000, 12_000), (12_000, 12_000)),
        ("GIF", huge_gif(50_000, 50_000), (50_000, 50_000)),
        ("JPEG", huge_jpeg(50_000, 50_000), (50_000, 50_000)),
        ("WebP", webp(&vp8_frame(16_000, 16_000)), (16_000, 16_000)),
        ("WebP without loss", webp(&riff_chunk(b"VP8L", &lossless(16_000))), (16_000, 16_000)),
        ("WebP canvas", webp(&[webp_canvas(0, 60_000, 60_000), vp8_frame(16, 16)].concat()), (60_000, 60_000)),
        ("WebP in a small canvas", lossy_in_a_small_canvas, (16_000, 16_000)),
        ("WebP in a small animation", lossy_in_a_small_animation, (16_000, 16_000)),
    ];
    let before = peak();
    for (name, bytes, (width, height)) in bombs {
        let refused = Picture::read(&bytes, &Limits::default()).map(drop);
        assert_eq!(refused, Err(Refused::TooManyPixels { width, height }), "{name}");
    }
    let grown = peak() - before;
    assert!(grown < 20_000, "{grown} kB for pictures that were refused");
}
