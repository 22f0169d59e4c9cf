//! What a file is and how its text is encoded, found by reading all of it.

use std::io::{self, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::content;
use crate::problem::Problem;

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;
/// Bytes at the start that tell UTF-16 without a mark.
const START: usize = 4_096;
/// A file stays UTF-8 when this many of its characters beyond ASCII are valid for each sequence that is not. Text in a
/// legacy encoding has hardly any valid sequence, and a broken file in UTF-8 hardly any other.
const VALID_FOR_ONE_BROKEN: u64 = 4;
/// So many broken sequences decide without the rest of the file.
const ENOUGH_BROKEN: u64 = 10_000;

/// Finds a file's encoding: by a byte order mark, or else by the bytes themselves. Legacy Russian spreadsheets save
/// Windows-1251, and the first Cyrillic letter may stand on any line. The file is read to its end and put back to its
/// start.
///
/// The problem is that the file is no text: a workbook, an archive, a picture.
pub fn detect_encoding(mut file: impl Read + Seek) -> io::Result<Result<&'static Encoding, Problem>> {
    let found = detect(&mut file);
    file.seek(SeekFrom::Start(0))?;
    found
}

fn detect(file: &mut (impl Read + Seek)) -> io::Result<Result<&'static Encoding, Problem>> {
    let mut start = Vec::with_capacity(CHUNK);
    file.by_ref().take(CHUNK as u64).read_to_end(&mut start)?;
    if let Some(problem) = content::binary(&start, file)? {
        return Ok(Err(problem));
    }
    if let Some((encoding, _)) = Encoding::for_bom(&start) {
        return Ok(Ok(encoding));
    }
    let first = &start[..start.len().min(START)];
    if let Some(encoding) = utf_16_without_mark(first) {
        return Ok(Ok(encoding));
    }
    if is_binary(first) {
        return Ok(Err(Problem::new("problem-import-not-text")));
    }
    if is_utf_8(file)? {
        return Ok(Ok(UTF_8));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    chunks(file, |chunk| {
        detector.feed(chunk, false);
        true
    })?;
    detector.feed(&[], true);
    Ok(Ok(match detector.guess(Some(b"ru"), Utf8Detection::Deny) {
        guess if guess.is_single_byte() => guess,
        _ => UTF_8,
    }))
}

/// Text has hardly any control characters; a program's own format is full of them.
fn is_binary(start: &[u8]) -> bool {
    let controls = start.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count();
    controls * 20 > start.len()
}

/// UTF-16 of mostly Latin or Cyrillic text has the same few high bytes (0x00, 0x04) at every other place.
fn utf_16_without_mark(start: &[u8]) -> Option<&'static Encoding> {
    let pairs = start.len() / 2;
    let high = |offset: usize| start.chunks_exact(2).filter(|pair| matches!(pair[offset], 0 | 4)).count();
    let most = |count: usize| pairs >= 4 && count * 10 >= pairs * 9;
    match (most(high(1)), most(high(0))) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether the file is UTF-8, apart from single bytes that were lost or damaged.
fn is_utf_8(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let (mut valid, mut broken) = (0_u64, 0_u64);
    let mut rest = Vec::new();
    chunks(file, |chunk| {
        rest.extend_from_slice(chunk);
        let mut bytes = rest.as_slice();
        loop {
            match simdutf8::compat::from_utf8(bytes) {
                Ok(_) => {
                    valid += characters_beyond_ascii(bytes);
                    bytes = &[];
                    break;
                }
                Err(error) => {
                    valid += characters_beyond_ascii(&bytes[..error.valid_up_to()]);
                    bytes = &bytes[error.valid_up_to()..];
                    // Without a length, the character goes on in the next chunk.
                    let Some(length) = error.error_len() else { break };
                    broken += 1;
                    bytes = &bytes[length..];
                }
            }
        }
        rest = bytes.to_vec();
        broken < ENOUGH_BROKEN || is_mostly_valid(valid, broken)
    })?;
    broken += u64::from(!rest.is_empty());
    Ok(is_mostly_valid(valid, broken))
}

fn is_mostly_valid(valid: u64, broken: u64) -> bool {
    broken == 0 || valid >= broken * VALID_FOR_ONE_BROKEN
}

/// Characters beyond ASCII in valid UTF-8: each begins with a lead byte.
fn characters_beyond_ascii(valid: &[u8]) -> u64 {
    valid.iter().filter(|byte| **byte >= 0xc0).count() as u64
}

/// Reads the file from its start, until its end or until `take` has seen enough.
fn chunks(file: &mut (impl Read + Seek), mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0_u8; CHUNK];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            length if take(&buffer[..length]) => {}
            _ => return Ok(()),
        }
    }
}
