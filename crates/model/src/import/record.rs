//! Records of a CSV file, one by one and of bounded length.

use std::io::{self, Read};

use csv_core::ReadRecordResult;
use encoding_rs::Encoding;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

use super::{LONGEST_RECORD, MOST_COLUMNS};

/// What stands where the next record should begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A record, whose fields can be asked for.
    Record,
    /// A record that does not end within [`LONGEST_RECORD`] bytes; its first line was left out.
    TooLong,
    /// Nothing more.
    End,
}

/// Reads records.
pub(super) struct Records<R: Read> {
    source: DecodeReaderBytes<R, Vec<u8>>,
    buffer: Vec<u8>,
    /// Where in `buffer` the next record begins.
    at: usize,
    ended: bool,
    line: u64,
    parser: csv_core::Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
    /// Fields of the record at hand.
    fields: usize,
    /// Where in `buffer` the record at hand begins, and on which line.
    record: (usize, u64),
}

impl<R: Read> Records<R> {
    pub(super) fn new(file: R, encoding: &'static Encoding) -> Self {
        Self {
            source: DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_sniffing(true).build(file),
            buffer: Vec::new(),
            at: 0,
            ended: false,
            line: 1,
            parser: csv_core::Reader::new(),
            output: vec![0; LONGEST_RECORD],
            ends: vec![0; MOST_COLUMNS],
            fields: 0,
            record: (0, 1),
        }
    }

    /// Splits by this delimiter from here on.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    }

    /// What comes next, at least a longest record of it or the rest of the file, and whether it is the rest.
    pub(super) fn ahead(&mut self) -> io::Result<(&[u8], bool)> {
        self.fill()?;
        Ok((&self.buffer[self.at..], self.ended))
    }

    /// Leaves the line that comes next.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            match end_of_line(&self.buffer[self.at..]) {
                Some(end) => {
                    self.advance(end);
                    return Ok(());
                }
                None => self.at = self.buffer.len(),
            }
            self.fill()?;
            if self.at == self.buffer.len() {
                return Ok(());
            }
        }
    }

    /// Reads the next record. Empty lines are none.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        self.fill()?;
        while matches!(self.buffer.get(self.at), Some(b'\r' | b'\n')) {
            self.advance(1);
            self.fill()?;
        }
        self.record = (self.at, self.line);
        self.parser.reset();
        let window = (self.buffer.len() - self.at).min(LONGEST_RECORD);
        let input = &self.buffer[self.at..self.at + window];
        let whole = self.ended && self.at + window == self.buffer.len();
        let (mut result, mut read, written, mut fields) =
            self.parser.read_record(input, &mut self.output, &mut self.ends);
        if whole && matches!(result, ReadRecordResult::InputEmpty) {
            // An empty input says that the file has ended.
            let (last, _, _, ended) =
                self.parser.read_record(&[], &mut self.output[written..], &mut self.ends[fields..]);
            (result, read, fields) = (last, window, fields + ended);
        }
        match result {
            ReadRecordResult::End => {
                self.advance(window);
                Ok(Next::End)
            }
            ReadRecordResult::Record if !never_closed(&input[..read], whole && read == window) => {
                self.fields = fields;
                self.advance(read);
                Ok(Next::Record)
            }
            ReadRecordResult::Record
            | ReadRecordResult::InputEmpty
            | ReadRecordResult::OutputFull
            | ReadRecordResult::OutputEndsFull => {
                self.skip_line()?;
                Ok(Next::TooLong)
            }
        }
    }

    /// The line on which the record at hand begins; 1 for the first.
    pub(super) fn line(&self) -> u64 {
        self.record.1
    }

    /// How many fields the record at hand has.
    pub(super) fn len(&self) -> usize {
        self.fields
    }

    /// A field of the record at hand; empty if the record is shorter.
    pub(super) fn field(&self, index: usize) -> &str {
        if index >= self.fields {
            return "";
        }
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        // What comes from the decoder is UTF-8, and delimiters are ASCII: a field is never cut inside a character.
        std::str::from_utf8(&self.output[start..self.ends[index]]).unwrap_or_default()
    }

    /// Whether no field of the record at hand has more than white space.
    pub(super) fn is_blank(&self) -> bool {
        self.output[..self.ends[..self.fields].last().copied().unwrap_or(0)].trim_ascii().is_empty()
            || (0..self.fields).all(|index| self.field(index).trim().is_empty())
    }

    /// Goes back to the second line of the record at hand, if it has one.
    pub(super) fn rewind_to_second_line(&mut self) -> bool {
        let (start, line) = self.record;
        let record = &self.buffer[start..self.at];
        match end_of_line(record) {
            Some(end) if end < record.len() => {
                (self.at, self.line) = (start, line);
                self.advance(end);
                true
            }
            _ => false,
        }
    }

    /// Tops the buffer up, so that it holds a longest record or the rest of the file.
    fn fill(&mut self) -> io::Result<()> {
        if self.ended || self.buffer.len() - self.at > LONGEST_RECORD {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        while !self.ended && self.buffer.len() <= LONGEST_RECORD {
            let length = self.buffer.len();
            self.buffer.resize(length + LONGEST_RECORD * 4, 0);
            let read = self.source.read(&mut self.buffer[length..])?;
            self.buffer.truncate(length + read);
            self.ended = read == 0;
        }
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.line += lines(&self.buffer[self.at..], bytes);
        self.at += bytes;
    }
}

/// Whether a record runs over line ends to the very end of the file because a quote is never closed.
fn never_closed(raw: &[u8], at_end: bool) -> bool {
    at_end && raw.iter().filter(|byte| **byte == b'"').count() % 2 == 1 && lines(raw, raw.trim_ascii_end().len()) > 0
}

/// Ends of lines in the first `length` bytes: LF, CR LF, or CR alone. A CR LF counts where its LF is, which the parser
/// leaves to the next record.
fn lines(bytes: &[u8], length: usize) -> u64 {
    let mut count = 0;
    for (index, byte) in bytes[..length].iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
        count += u64::from(ends);
    }
    count
}

/// The length of the first line with its end; `None` if the line does not end here.
pub(super) fn end_of_line(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let crlf = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
    Some(at + 1 + usize::from(crlf))
}
