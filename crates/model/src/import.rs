//! Reading recipients from CSV (RFC 4180) as businesses have it: any usual delimiter and encoding, headers in Russian or
//! English, and some rows that are broken. A bad row is reported with its line and reason; the good ones are kept, with a
//! warning where something of them was not.
//!
//! Memory is bounded whatever the file holds: a record that does not end within [`LONGEST_RECORD`] bytes (a quote that
//! is never closed, megabytes in one line) is one bad row, and reading goes on at the next line.

mod content;
mod encoding;
mod header;
mod layout;
mod record;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};

use encoding_rs::Encoding;

use self::layout::{Columns, shortened};
use self::record::{Next, Records, end_of_line};
use crate::address_field::{AddressField, in_words};
use crate::problem::Problem;
use crate::recipient::{RecipientDraft, comment_of, full_name_of};
use crate::spreadsheet::plain;
use crate::text::{is_damaged, on_one_line, visible};

pub use self::encoding::detect_encoding;
pub use self::layout::{Column, Layout};

/// Longest record in bytes of UTF-8. The longest valid one (4,000 characters of comment, quoted) is well below.
pub const LONGEST_RECORD: usize = 64 * 1024;
/// Most columns of a file.
const MOST_COLUMNS: usize = 1_024;
/// Addresses that are remembered, at least, to name the line on which one stood before. At most twice as many are, which
/// takes 110 MB.
const REMEMBERED: usize = 1_835_008;

/// A row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A recipient.
    Good(GoodRow),
    /// A row that cannot be taken.
    Bad(BadRow),
}

/// A recipient, and what of the row was not taken as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodRow {
    /// The line of the file on which the row begins; 1 for the first.
    pub line: u64,
    /// The recipient.
    pub draft: RecipientDraft,
    /// The name has lost characters, or was read in a wrong encoding before.
    pub name_is_damaged: bool,
    /// So has the comment.
    pub comment_is_damaged: bool,
    /// What stood beside the address: more addresses.
    pub other_addresses: Vec<String>,
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
    records: Records<R>,
    encoding: &'static Encoding,
    headers: Vec<String>,
    columns: Columns,
    /// Columns that are not taken and that no row had a value in so far.
    empty_columns: Vec<usize>,
    /// Whether a row had a value behind the last column of the header.
    beyond_header: bool,
    blank_rows: u64,
    lines_of_addresses: Lines,
}

impl<R: Read> CsvImport<R> {
    /// Begins to read: finds the delimiter and the columns in the header and the first rows.
    ///
    /// The problem is the file's as a whole: it is empty, no table, has no header, or no column for the address.
    pub fn open(file: R, encoding: &'static Encoding) -> io::Result<Result<Self, Problem>> {
        let mut records = Records::new(file, encoding);
        if let Some(problem) = content::text(without_mark(records.ahead()?.0)) {
            return Ok(Err(problem));
        }
        let delimiter = match skip_preamble(&mut records)? {
            Some(delimiter) => delimiter,
            None => return Ok(Err(Problem::new("problem-import-empty"))),
        };
        let (start, ends) = records.ahead()?;
        let found = match layout::find(start, ends, delimiter) {
            Ok(found) => found,
            Err(problem) => return Ok(Err(problem)),
        };
        records.set_delimiter(found.delimiter);
        let mut blank_rows = 0;
        loop {
            match records.next()? {
                Next::Record if records.is_blank() => blank_rows += 1,
                Next::Record => break,
                Next::TooLong => return Ok(Err(Problem::new("problem-import-no-header"))),
                Next::End => return Ok(Err(Problem::new("problem-import-empty"))),
            }
        }
        let empty_columns = (0..found.headers.len()).filter(|index| !found.columns.take(*index)).collect();
        Ok(Ok(Self {
            records,
            encoding,
            headers: found.headers,
            columns: found.columns,
            empty_columns,
            beyond_header: false,
            blank_rows,
            lines_of_addresses: Lines::default(),
        }))
    }

    /// The next row; `None` at the end of the file.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        loop {
            match self.records.next()? {
                Next::Record if self.records.is_blank() => self.blank_rows += 1,
                Next::Record => return Ok(Some(self.row())),
                Next::TooLong => {
                    let problem = Problem::new("problem-import-record-long");
                    return Ok(Some(bad(self.records.line(), "", problem)));
                }
                Next::End => return Ok(None),
            }
        }
    }

    /// Rows so far that had no value.
    pub fn blank_rows(&self) -> u64 {
        self.blank_rows
    }

    /// How the file was understood; which columns have values, as far as it has been read.
    pub fn layout(&self) -> Layout {
        let column = |index: &usize| Column {
            number: index + 1,
            name: shortened(&self.headers[*index]),
            filled: !self.empty_columns.contains(index),
        };
        let names = self.columns.full_names.iter().chain(&self.columns.parts).chain(&self.columns.maybe_name);
        let left = (0..self.headers.len()).filter(|index| !self.columns.take(*index));
        let mut not_taken: Vec<Column> = left.map(|index| column(&index)).collect();
        if self.beyond_header {
            not_taken.push(Column { number: self.headers.len() + 1, name: String::new(), filled: true });
        }
        // Spreadsheets write delimiters behind the last column: nothing is missing there.
        not_taken.retain(|column| column.filled || !column.name.is_empty());
        Layout {
            encoding: self.encoding.name().to_owned(),
            email: vec![column(&self.columns.email)],
            full_name: names.map(column).collect(),
            comment: self.columns.comment.iter().map(column).collect(),
            not_taken,
        }
    }

    fn row(&mut self) -> Row {
        let line = self.records.line();
        let records = &self.records;
        self.empty_columns.retain(|index| records.field(*index).trim().is_empty());
        self.beyond_header |= (self.headers.len()..records.len()).any(|index| !records.field(index).trim().is_empty());
        // Our own exports guard what looks like a formula.
        let email = plain(records.field(self.columns.email));
        if email.trim().contains(['\n', '\r']) && !is_list(email) {
            let row = bad(line, email, Problem::new("problem-import-quote"));
            // A stray quote has swallowed the lines below; take only this one away from them.
            self.records.rewind_to_second_line();
            return row;
        }
        match self.good(line, email) {
            Ok(row) => {
                let mut hasher = DefaultHasher::new();
                row.draft.email.key().hash(&mut hasher);
                match self.lines_of_addresses.first(hasher.finish(), line) {
                    Some(first) => {
                        let problem = Problem::new("problem-import-repeated").with("first", first);
                        bad(line, row.draft.email.as_str(), problem)
                    }
                    None => Row::Good(row),
                }
            }
            Err(problem) => bad(line, email, problem),
        }
    }

    fn good(&self, line: u64, email: &str) -> Result<GoodRow, Problem> {
        if email.contains('\u{FFFD}') {
            return Err(Problem::new("problem-import-address-damaged"));
        }
        let field = AddressField::parse(email).map_err(|error| in_words(&error))?;
        let full_name = self.full_name();
        let full_name = if full_name.is_empty() { field.name } else { full_name_of(&full_name)? };
        let comment = self.columns.comment.map_or("", |index| plain(self.records.field(index)));
        let comment = comment_of(&printable(comment))?;
        Ok(GoodRow {
            line,
            name_is_damaged: is_damaged(&full_name),
            comment_is_damaged: is_damaged(&comment),
            draft: RecipientDraft { email: field.email, full_name, comment },
            other_addresses: field.others,
        })
    }

    /// The name that the row has, wherever it has it.
    fn full_name(&self) -> String {
        let whole = self.columns.full_names.iter().map(|index| self.cell(*index)).find(|name| !name.is_empty());
        if let Some(name) = whole {
            return name;
        }
        let mut name = String::new();
        for part in self.columns.parts.iter().map(|index| self.cell(*index)) {
            // Some programs write the whole name where the first name should be.
            let is_there = || name.to_lowercase().split(' ').any(|word| word == part.to_lowercase());
            if part.is_empty() || is_there() {
                continue;
            }
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(&part);
        }
        match self.columns.maybe_name.map(|index| self.cell(index)) {
            // «Контакт» may also be a telephone.
            Some(contact) if contact.chars().any(char::is_alphabetic) && !contact.contains('@') => contact,
            _ => name,
        }
    }

    fn cell(&self, index: usize) -> String {
        on_one_line(&visible(&printable(plain(self.records.field(index))))).into_owned()
    }
}

impl Columns {
    /// Whether something is taken from this column.
    fn take(&self, index: usize) -> bool {
        index == self.email
            || self.full_names.contains(&index)
            || self.parts.contains(&index)
            || self.maybe_name == Some(index)
            || self.comment == Some(index)
    }
}

/// Lines by the hash of the address. Hashes, because a million addresses as text are ten times the memory, and two of a
/// million share one of 2^64 once in 37 million files. Two generations, because a file of tens of millions of short lines
/// would fill the memory: an address that was on a line long before is merged into the list once more, which changes
/// nothing or what the later line says.
#[derive(Debug, Default)]
struct Lines {
    newest: HashMap<u64, u64>,
    older: HashMap<u64, u64>,
}

impl Lines {
    /// The line on which the address stood before, or `None` when it is noted for this one.
    fn first(&mut self, hash: u64, line: u64) -> Option<u64> {
        if let Some(first) = self.older.get(&hash).or_else(|| self.newest.get(&hash)) {
            return Some(*first);
        }
        if self.newest.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.newest);
        }
        self.newest.insert(hash, line);
        None
    }
}

/// Leaves what may stand before the header: blank lines, and `sep=;`, by which spreadsheets are told the delimiter. The
/// delimiter if there is one; the outer `None`: nothing else is there.
fn skip_preamble<R: Read>(records: &mut Records<R>) -> io::Result<Option<Option<u8>>> {
    let mut delimiter = None;
    loop {
        let (start, _) = records.ahead()?;
        if start.is_empty() {
            return Ok(None);
        }
        let line = without_mark(&start[..end_of_line(start).unwrap_or(start.len())]);
        if line.trim_ascii().is_empty() {
            records.skip_line()?;
        } else if delimiter.is_none()
            && let Some(named) = named_delimiter(line)
        {
            delimiter = Some(named);
            records.skip_line()?;
        } else {
            return Ok(Some(delimiter));
        }
    }
}

/// The delimiter that a line like `sep=;` names, also in quotes.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(line);
    match line.split_at_checked(4)? {
        (name, &[delimiter]) if name.eq_ignore_ascii_case(b"sep=") => {
            (delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric() && delimiter != b'"').then_some(delimiter)
        }
        _ => None,
    }
}

/// The text without the byte order mark.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// Whether each line of a cell is an address: several in one cell, rather than lines behind a stray quote.
fn is_list(cell: &str) -> bool {
    let mut lines = cell.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.all(|line| AddressField::parse(line).is_ok_and(|field| field.others.is_empty()))
        && AddressField::parse(cell).is_ok()
}

/// The text with a mark where an encoding has left a control character behind.
fn printable(text: &str) -> Cow<'_, str> {
    let left_behind = |c| matches!(c, '\u{80}'..='\u{9f}');
    if text.is_ascii() || !text.contains(left_behind) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(left_behind, "\u{FFFD}"))
}

fn bad(line: u64, email: &str, problem: Problem) -> Row {
    Row::Bad(BadRow {
        line,
        email: email.chars().take(320).map(|c| if c.is_control() { ' ' } else { c }).collect(),
        problem,
    })
}

#[cfg(test)]
#[path = "import/case_tests.rs"]
mod case_tests;
#[cfg(test)]
mod tests;
