//! Files that are no CSV, recognised by what they begin with, whatever their name says: people save a workbook, or a web
//! page that a program calls `.xls`, and need to be told how to make a CSV file of it.

use std::io::{self, Read, Seek, SeekFrom};

use crate::problem::Problem;

/// How much of the end of an archive is looked at: its table of contents is there.
const TAIL: u64 = 64 * 1024;

/// Beginnings of binary files.
const BINARY: &[(&[u8], &str)] = &[
    // Compound files: Excel up to 2003, and protected newer workbooks.
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "problem-import-is-xls"),
    // Excel 2 to 4 without a compound file.
    (b"\x09\x00\x04\x00", "problem-import-is-xls"),
    (b"\x09\x02\x06\x00", "problem-import-is-xls"),
    (b"\x09\x04\x06\x00", "problem-import-is-xls"),
    (b"\x09\x08\x08\x00", "problem-import-is-xls"),
    (b"%PDF-", "problem-import-is-pdf"),
    (b"\x1f\x8b", "problem-import-is-archive"),
    (b"Rar!\x1a\x07", "problem-import-is-archive"),
    (b"7z\xbc\xaf\x27\x1c", "problem-import-is-archive"),
    (b"BZh", "problem-import-is-archive"),
    (b"\xfd7zXZ\x00", "problem-import-is-archive"),
    (b"SQLite format 3\x00", "problem-import-not-text"),
    (b"\x89PNG\r\n\x1a\n", "problem-import-is-picture"),
    (b"\xff\xd8\xff", "problem-import-is-picture"),
    (b"GIF8", "problem-import-is-picture"),
];

/// Beginnings of texts that are no table, in lower case.
const TEXT: &[(&str, &str)] = &[
    ("begin:vcard", "problem-import-is-vcard"),
    ("<!doctype", "problem-import-is-html"),
    ("<html", "problem-import-is-html"),
    ("<table", "problem-import-is-html"),
    ("<meta", "problem-import-is-html"),
    ("<head", "problem-import-is-html"),
    ("<style", "problem-import-is-html"),
    ("<?xml", "problem-import-is-html"),
    ("mime-version:", "problem-import-is-html"),
    ("{\\rtf", "problem-import-is-document"),
    ("%!ps", "problem-import-is-document"),
    ("[{", "problem-import-is-json"),
    ("{\"", "problem-import-is-json"),
];

/// What a binary file is, by its start; an archive tells at its end what it holds.
pub(super) fn binary(start: &[u8], file: &mut (impl Read + Seek)) -> io::Result<Option<Problem>> {
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.by_ref().take(TAIL).read_to_end(&mut tail)?;
        return Ok(Some(Problem::new(archive(start, &tail))));
    }
    let found = BINARY.iter().find(|(beginning, _)| start.starts_with(beginning));
    Ok(found.map(|(_, id)| Problem::new(id)))
}

/// Office files are ZIP archives with certain names inside.
fn archive(start: &[u8], tail: &[u8]) -> &'static str {
    let names = |name: &[u8]| [start, tail].iter().any(|bytes| bytes.windows(name.len()).any(|at| at == name));
    if names(b"xl/") {
        "problem-import-is-xlsx"
    } else if names(b"application/vnd.oasis.opendocument.spreadsheet") || names(b"Index/Tables/") {
        "problem-import-is-spreadsheet"
    } else if names(b"word/") || names(b"application/vnd.oasis.opendocument.text") || names(b"ppt/") {
        "problem-import-is-document"
    } else {
        "problem-import-is-archive"
    }
}

/// What a text is that is no table.
pub(super) fn text(start: &[u8]) -> Option<Problem> {
    let start = start[..start.len().min(1_024)].trim_ascii_start();
    let begins = |with: &str| start.get(..with.len()).is_some_and(|text| text.eq_ignore_ascii_case(with.as_bytes()));
    TEXT.iter().find(|(beginning, _)| begins(beginning)).map(|(_, id)| Problem::new(id))
}
