//! Reading recipients from CSV (RFC 4180) as businesses have it: any usual delimiter and encoding, headers in Russian or
//! English, and some rows that are broken. A bad row is reported with its line and reason; the good ones are kept.
//!
//! Memory is bounded whatever the file holds: a record that does not end within [`LONGEST_RECORD`] bytes (a quote that
//! is never closed, megabytes in one line) is one bad row, and reading goes on at the next line.

mod header;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv_core::ReadRecordResult;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

use self::header::{Columns, columns, delimiter};
use crate::problem::Problem;
use crate::recipient::RecipientDraft;
use crate::spreadsheet::plain;

/// Longest record in bytes of UTF-8. The longest valid one (4,000 characters of comment, quoted) is well below.
pub const LONGEST_RECORD: usize = 64 * 1024;
/// Most columns that are looked at.
const MOST_COLUMNS: usize = 256;

/// Finds a file's encoding by reading all of it: a byte order mark, or else the bytes themselves. Legacy Russian
/// spreadsheets save Windows-1251, and the first Cyrillic letter may stand on any line.
pub fn detect_encoding(mut file: impl Read) -> io::Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut start = Vec::new();
    loop {
        let length = file.read(&mut buffer)?;
        let chunk = &buffer[..length];
        if start.len() < 4_096 {
            start.extend_from_slice(&chunk[..length.min(4_096)]);
        }
        detector.feed(chunk, length == 0);
        if length == 0 {
            break;
        }
    }
    if let Some((encoding, _)) = Encoding::for_bom(&start) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf_16_without_mark(&start) {
        return Ok(encoding);
    }
    Ok(match detector.guess(Some(b"ru"), Utf8Detection::Allow) {
        // ASCII alone is guessed as the locale's legacy encoding, which reads it the same.
        guess if guess.is_single_byte() || guess == UTF_8 => guess,
        _ => UTF_8,
    })
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

/// A row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A recipient.
    Good(RecipientDraft),
    /// A row that cannot be taken.
    Bad(BadRow),
}

/// A row that cannot be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line of the file on which the row begins; 1 for the first.
    pub line: u64,
    /// What stood in the email column, shortened.
    pub email: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Reads recipients one by one.
pub struct CsvImport<R: Read> {
    source: DecodeReaderBytes<R, Vec<u8>>,
    buffer: Vec<u8>,
    /// Where in `buffer` the next record begins.
    at: usize,
    ended: bool,
    line: u64,
    parser: csv_core::Reader,
    columns: Columns,
    /// Lines by the hash of the address, to name the first one when an address comes again. Hashes, because a million
    /// addresses as text are ten times the memory, and two of a million share one of 2^64 once in 37 million files.
    seen: HashMap<u64, u64>,
    output: Vec<u8>,
    ends: Vec<usize>,
}

enum Record {
    Fields(Vec<String>),
    TooLong,
    End,
}

impl<R: Read> CsvImport<R> {
    /// Begins to read: finds the delimiter and the columns in the header.
    ///
    /// The problem is the file's as a whole: it is empty, has no header, or no column for the address.
    pub fn open(file: R, encoding: &'static Encoding) -> io::Result<Result<Self, Problem>> {
        let source = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_sniffing(true).build(file);
        let mut import = Self {
            source,
            buffer: Vec::new(),
            at: 0,
            ended: false,
            line: 1,
            parser: csv_core::Reader::new(),
            columns: Columns::default(),
            seen: HashMap::new(),
            output: vec![0; LONGEST_RECORD],
            ends: vec![0; MOST_COLUMNS],
        };
        import.fill()?;
        let delimiter = delimiter(import.first_line());
        import.parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let header = match import.record()? {
            Record::Fields(fields) => fields,
            Record::TooLong => return Ok(Err(Problem::new("problem-import-no-header"))),
            Record::End => return Ok(Err(Problem::new("problem-import-empty"))),
        };
        import.columns = match columns(&header) {
            Ok(columns) => columns,
            Err(problem) => return Ok(Err(problem)),
        };
        Ok(Ok(import))
    }

    /// The next row; `None` at the end of the file.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        // Before places in the buffer are noted, because filling it moves them.
        self.fill()?;
        let line = self.line;
        let (start, first_line_end) = (self.at, self.at + self.first_line().len());
        let fields = match self.record()? {
            Record::Fields(fields) => fields,
            Record::TooLong => return Ok(Some(bad(line, "", Problem::new("problem-import-record-long")))),
            Record::End => return Ok(None),
        };
        // `record` skips empty lines; they are not rows, and the row's own line is what a person looks for.
        let line = self.line.saturating_sub(self.lines_of_last(start)).max(line);
        // Our own exports guard what looks like a formula.
        let field = |index: usize| fields.get(index).map_or("", |value| plain(value));
        let email = field(self.columns.email);
        if email.contains(['\n', '\r']) && self.at > first_line_end {
            // A stray quote has swallowed the lines below; take only this one away from them.
            self.rewind(start, line);
            return Ok(Some(bad(line, email, Problem::new("problem-import-quote"))));
        }
        let full_name: Vec<&str> =
            self.columns.full_name.iter().map(|index| field(*index).trim()).filter(|name| !name.is_empty()).collect();
        let comment = self.columns.comment.map_or("", field);
        let draft = match RecipientDraft::parse(email, &full_name.join(" "), comment) {
            Ok(draft) => draft,
            Err(problems) => {
                let first = problems.iter().next().map(|(_, problem)| problem.clone());
                return Ok(Some(bad(line, email, first.unwrap_or(Problem::new("problem-required")))));
            }
        };
        let mut hasher = DefaultHasher::new();
        draft.email.key().hash(&mut hasher);
        let first = *self.seen.entry(hasher.finish()).or_insert(line);
        if first != line {
            return Ok(Some(bad(line, email, Problem::new("problem-import-repeated").with("first", first))));
        }
        Ok(Some(Row::Good(draft)))
    }

    /// Tops the buffer up, so that it holds a longest record or the rest of the file.
    fn fill(&mut self) -> io::Result<()> {
        if self.at > LONGEST_RECORD * 4 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        while !self.ended && self.buffer.len() - self.at <= LONGEST_RECORD {
            let length = self.buffer.len();
            self.buffer.resize(length + LONGEST_RECORD * 4, 0);
            let read = self.source.read(&mut self.buffer[length..])?;
            self.buffer.truncate(length + read);
            self.ended = read == 0;
        }
        Ok(())
    }

    /// The line at the buffer's place, with its end.
    fn first_line(&self) -> &[u8] {
        let rest = &self.buffer[self.at..];
        &rest[..end_of_line(rest).unwrap_or(rest.len())]
    }

    fn record(&mut self) -> io::Result<Record> {
        self.fill()?;
        self.parser.reset();
        let window = (self.buffer.len() - self.at).min(LONGEST_RECORD);
        let input = &self.buffer[self.at..self.at + window];
        let whole = self.ended && self.at + window == self.buffer.len();
        let (mut result, mut read, mut written, mut fields) =
            self.parser.read_record(input, &mut self.output, &mut self.ends);
        if whole && matches!(result, ReadRecordResult::InputEmpty) {
            // An empty input says that the file has ended.
            let (last, _, more, ended) =
                self.parser.read_record(&[], &mut self.output[written..], &mut self.ends[fields..]);
            (result, read, written, fields) = (last, window, written + more, fields + ended);
        }
        match result {
            ReadRecordResult::End => {
                self.advance(window);
                return Ok(Record::End);
            }
            ReadRecordResult::Record if !never_closed(&input[..read], whole && read == window) => self.advance(read),
            ReadRecordResult::Record
            | ReadRecordResult::InputEmpty
            | ReadRecordResult::OutputFull
            | ReadRecordResult::OutputEndsFull => {
                self.skip_line()?;
                return Ok(Record::TooLong);
            }
        }
        let mut start = 0;
        let mut record = Vec::with_capacity(fields);
        for &end in &self.ends[..fields] {
            record.push(String::from_utf8_lossy(&self.output[start..end]).into_owned());
            start = end;
        }
        debug_assert!(start <= written);
        Ok(Record::Fields(record))
    }

    fn advance(&mut self, bytes: usize) {
        self.line += lines(&self.buffer[self.at..], bytes);
        self.at += bytes;
    }

    /// Leaves the line at hand, however long it is.
    fn skip_line(&mut self) -> io::Result<()> {
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

    /// Goes back to the end of the first line of the record that began at `start` on `line`.
    fn rewind(&mut self, start: usize, line: u64) {
        self.at = start;
        self.line = line;
        let end = self.first_line().len();
        self.advance(end);
    }

    /// How many lines the record that began at `start` covers, without the empty ones before it.
    fn lines_of_last(&self, start: usize) -> u64 {
        let raw = &self.buffer[start..self.at];
        let blank = raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        lines(&self.buffer[start + blank..], raw.len() - blank)
    }
}

fn bad(line: u64, email: &str, problem: Problem) -> Row {
    Row::Bad(BadRow {
        line,
        email: email.chars().take(320).map(|c| if c.is_control() { ' ' } else { c }).collect(),
        problem,
    })
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
fn end_of_line(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let crlf = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
    Some(at + 1 + usize::from(crlf))
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1251;

    use super::*;

    /// Reads a whole file: good rows as `email|name|comment`, bad ones as `line: problem`.
    fn read(file: &[u8]) -> Result<Vec<String>, String> {
        let encoding = detect_encoding(file).unwrap();
        let mut import = CsvImport::open(file, encoding).unwrap().map_err(|problem| problem.id.into_owned())?;
        let mut rows = Vec::new();
        while let Some(row) = import.next_row().unwrap() {
            rows.push(match row {
                Row::Good(draft) => format!("{}|{}|{}", draft.email.as_str(), draft.full_name, draft.comment),
                Row::Bad(row) => format!("{}: {}", row.line, row.problem.id),
            });
        }
        Ok(rows)
    }

    #[test]
    fn headers_in_two_languages_delimiters_and_line_ends() {
        let expected = ["anna@example.com|Анна Север|друг"];
        let files = [
            "email,full name,comment\nanna@example.com,Анна Север,друг\n",
            "Комментарий;Ф. И. О.;Электронная почта\r\nдруг;Анна Север;anna@example.com\r\n",
            "E-mail\tName\tNote\ranna@example.com\tАнна Север\tдруг",
            "\"E-Mail\"|\"ФИО\"|\"Примечание\"\n\n\"anna@example.com\"|\"Анна Север\"|\"друг\"\n\n",
            "\u{feff}Имя;Фамилия;Почта;Комментарий\nАнна;Север;anna@example.com;друг",
        ];
        for file in files {
            assert_eq!(read(file.as_bytes()).unwrap(), expected, "{file:?}");
        }
    }

    #[test]
    fn encodings_are_found() {
        let text = "почта;фио\nanna@example.com;Анна Север\nboris@example.com;Борис Южный\n";
        let expected = ["anna@example.com|Анна Север|", "boris@example.com|Борис Южный|"];
        let (windows, _, _) = WINDOWS_1251.encode(text);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(little.iter().copied()).collect();
        for file in [text.as_bytes(), &windows, &little, &big, &marked] {
            assert_eq!(read(file).unwrap(), expected);
        }
    }

    #[test]
    fn a_late_cyrillic_letter_decides_the_encoding_of_the_whole_file() {
        let mut text = String::from("email,name\n");
        for index in 0..5_000 {
            text.push_str(&format!("a{index}@example.com,Plain Name\n"));
        }
        text.push_str("last@example.com,Наталья Щукина\n");
        let (windows, _, _) = WINDOWS_1251.encode(&text);
        assert_eq!(read(&windows).unwrap().last().unwrap(), "last@example.com|Наталья Щукина|");
    }

    #[test]
    fn files_that_are_no_list_are_refused_as_a_whole() {
        let cases: &[(&[u8], &str)] = &[
            (b"", "problem-import-empty"),
            (b"\n\n", "problem-import-empty"),
            (b"anna@example.com,Anna\nboris@example.com,Boris\n", "problem-import-no-header"),
            (b"just some words\n", "problem-import-no-header"),
            (b"name,phone\nAnna,123\n", "problem-import-no-email"),
        ];
        for (file, id) in cases {
            assert_eq!(read(file).unwrap_err(), *id, "{:?}", String::from_utf8_lossy(file));
        }
    }

    #[test]
    fn bad_rows_are_named_by_their_line_and_the_good_ones_kept() {
        let long = "x".repeat(10_000_000);
        let file = format!(
            "email,name\na@example.com,A\n\nno address,B\n,C\nd@example.com,D\0D\n{long}\nA@Example.com,again\r\ne@example.com,\"two\nlines\"\nf@example.com,F,extra\n"
        );
        assert_eq!(
            read(file.as_bytes()).unwrap(),
            [
                "a@example.com|A|",
                "4: address-no-at",
                "5: address-empty",
                "6: problem-control-character",
                "7: problem-import-record-long",
                "8: problem-import-repeated",
                "9: problem-control-character",
                "f@example.com|F|",
            ]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_row() {
        let expected = ["a@example.com|A|", "3: problem-import-record-long", "c@example.com|C|"];
        assert_eq!(read(b"email,name\na@example.com,A\nb@example.com,\"B\nc@example.com,C\n").unwrap(), expected);
        let mut file = String::from("email,name\nb@example.com,\"B\n");
        for index in 0..20_000 {
            file.push_str(&format!("c{index}@example.com,C\n"));
        }
        assert_eq!(read(file.as_bytes()).unwrap().len(), 20_001);
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_reading_ends(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..3000)) {
            let _ = read(&bytes);
            let mut file = b"email,name\n".to_vec();
            file.extend(bytes);
            let _ = read(&file);
        }

        #[test]
        fn every_written_row_is_read_again(
            names in proptest::collection::vec("[^\\p{Cc}]{0,40}", 1..40),
            delimiter in proptest::sample::select(vec![',', ';', '\t', '|']),
        ) {
            let mut file = format!("email{delimiter}name\n");
            for (index, name) in names.iter().enumerate() {
                file.push_str(&format!("r{index}@example.com{delimiter}\"{}\"\n", name.replace('"', "\"\"")));
            }
            let rows = read(file.as_bytes()).unwrap();
            proptest::prop_assert_eq!(rows.len(), names.len());
            for (index, (row, name)) in rows.iter().zip(&names).enumerate() {
                proptest::prop_assert_eq!(row, &format!("r{index}@example.com|{}|", plain(name).trim()));
            }
        }
    }
}
