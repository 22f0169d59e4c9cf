//! How a file is laid out: its delimiter, the line with the names of columns, and which columns hold what. The header and
//! the first rows decide together, because either alone is misled: a header may have commas in it, and «Адрес» may be
//! that of a house.

use csv_core::ReadRecordResult;
use serde::{Deserialize, Serialize};

use super::header::{Certainty, Meaning, meaning};
use super::{LONGEST_RECORD, MOST_COLUMNS};
use crate::address_field::AddressField;
use crate::problem::Problem;
use crate::text::{on_one_line, visible};

/// Rows that are looked at before the file is read.
const SAMPLE: usize = 200;
/// Characters of a column's name that are kept.
const LONGEST_HEADER: usize = 60;
/// Columns that are named when none has addresses.
const SHOWN_HEADERS: usize = 60;
/// Delimiters, the commonest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A column of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its number, 1 for the first.
    pub number: usize,
    /// What it is called, shortened; may be empty.
    pub name: String,
    /// Whether a row has a value in it.
    pub filled: bool,
}

/// How a file was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The encoding, by its name in the WHATWG's standard.
    pub encoding: String,
    /// Where addresses come from.
    pub email: Vec<Column>,
    /// Where names come from.
    pub full_name: Vec<Column>,
    /// Where comments come from.
    pub comment: Vec<Column>,
    /// Columns that are not taken.
    pub not_taken: Vec<Column>,
}

/// Which columns hold what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) email: usize,
    /// Whole names: the first that a row has is taken.
    pub(super) full_names: Vec<usize>,
    /// Parts of a name in the order in which they are joined, for rows without a whole one.
    pub(super) parts: Vec<usize>,
    /// A column that may hold names, if no other does.
    pub(super) maybe_name: Option<usize>,
    pub(super) comment: Option<usize>,
}

/// What the start of a file says.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) delimiter: u8,
    pub(super) columns: Columns,
    pub(super) headers: Vec<String>,
}

/// Looks at the start of the file. `ends`: it is all of it. `delimiter`: the one that the file names.
pub(super) fn find(start: &[u8], ends: bool, delimiter: Option<u8>) -> Result<Found, Problem> {
    let has_values = start.iter().any(|byte| !byte.is_ascii_whitespace() && !b",;|\"".contains(byte));
    if !has_values {
        return Err(Problem::new("problem-import-empty"));
    }
    let candidates = match &delimiter {
        Some(delimiter) => std::slice::from_ref(delimiter),
        None => &DELIMITERS,
    };
    let mut best: Option<(Score, u8, Sample)> = None;
    for &delimiter in candidates {
        let Some(sample) = Sample::read(start, ends, delimiter) else { continue };
        let score = sample.score();
        if best.as_ref().is_none_or(|(best, ..)| score > *best) {
            best = Some((score, delimiter, sample));
        }
    }
    let (_, delimiter, sample) = best.ok_or(Problem::new("problem-import-no-header"))?;
    let columns = sample.columns()?;
    Ok(Found { delimiter, columns, headers: sample.header })
}

/// How well a delimiter suits the file; the more, the better.
type Score = (usize, Option<Certainty>, usize, usize);

/// The first rows, split by one delimiter.
struct Sample {
    header: Vec<String>,
    meanings: Vec<Option<(Meaning, Certainty)>>,
    rows: Vec<Vec<String>>,
    /// Of each column: how many rows have an address there, and how many something.
    cells: Vec<Cells>,
}

#[derive(Clone, Copy, Default)]
struct Cells {
    addresses: usize,
    filled: usize,
}

impl Sample {
    /// `None`: the first row does not end.
    fn read(start: &[u8], ends: bool, delimiter: u8) -> Option<Self> {
        let mut rows = records(start, ends, delimiter).into_iter();
        let header: Vec<String> = rows.next()?.iter().map(|name| visible(name).trim().to_owned()).collect();
        let rows: Vec<Vec<String>> = rows.collect();
        let mut cells = vec![Cells::default(); header.len()];
        for row in &rows {
            for (value, cells) in row.iter().zip(&mut cells) {
                cells.filled += usize::from(!value.trim().is_empty());
                cells.addresses += usize::from(value.contains('@') && AddressField::parse(value).is_ok());
            }
        }
        let meanings = header.iter().map(|name| meaning(name)).collect();
        Some(Self { header, meanings, rows, cells })
    }

    fn score(&self) -> Score {
        let rows = self.rows.len().max(1);
        let most_addresses = self.cells.iter().map(|cells| cells.addresses).max().unwrap_or(0);
        let named = self.meanings.iter().flatten().filter(|(meaning, _)| *meaning == Meaning::Email);
        let alike = match self.header.len() {
            0 | 1 => 0,
            length => self.rows.iter().filter(|row| row.len() == length).count(),
        };
        let named = named.map(|(_, certainty)| *certainty).max();
        (most_addresses * 1_000 / rows, named, alike * 1_000 / rows, self.header.len())
    }

    fn columns(&self) -> Result<Columns, Problem> {
        let email = self.email()?;
        let with = |wanted: Meaning, certainty: Certainty| {
            (0..self.header.len())
                .filter(move |index| *index != email && self.meanings[*index] == Some((wanted, certainty)))
        };
        let exact = |wanted| with(wanted, Certainty::Exact);
        let (mut first, last) = (exact(Meaning::FirstName).next(), exact(Meaning::LastName).next());
        let middle = exact(Meaning::MiddleName).next();
        let mut full_names: Vec<usize> = exact(Meaning::FullName).collect();
        match exact(Meaning::Name).next() {
            // "Name" beside "Surname" is a first name, unless there is one already.
            Some(name) if first.is_none() && last.is_some() => first = Some(name),
            _ => full_names.extend(exact(Meaning::Name)),
        }
        // «Фамилия Имя Отчество» is a natural order in Russian, and then the file has it; otherwise the surname is last.
        let surname_first = match (last, first.or(middle)) {
            (Some(last), Some(other)) => last < other && !self.header[last].is_ascii(),
            _ => false,
        };
        let parts = match surname_first {
            true => [last, first, middle],
            false => [first, middle, last],
        };
        let parts: Vec<usize> = parts.into_iter().flatten().collect();
        let maybe_name = with(Meaning::FullName, Certainty::Loose).next();
        Ok(Columns {
            email,
            maybe_name: maybe_name.filter(|_| full_names.is_empty() && parts.is_empty()),
            full_names,
            parts,
            comment: exact(Meaning::Comment).next(),
        })
    }

    /// The column with the addresses: exact names before loose ones and those before none, and all of them only as far as
    /// the cells agree.
    fn email(&self) -> Result<usize, Problem> {
        let rank = |index: usize| {
            let cells = self.cells[index];
            let most = cells.addresses > 0 && cells.addresses * 2 >= cells.filled;
            let named = match self.meanings[index] {
                Some((Meaning::Email, certainty)) => Some(certainty),
                _ => None,
            };
            let rank = match (named, most) {
                (Some(Certainty::Exact), true) => 6,
                (Some(Certainty::Loose), true) => 5,
                // Nothing speaks against it.
                (Some(Certainty::Exact), false) if cells.filled == 0 => 4,
                (_, true) => 3,
                (Some(Certainty::Exact), false) => 2,
                (Some(Certainty::Loose), false) => 1,
                (None, false) => return None,
            };
            Some((rank, cells.addresses, std::cmp::Reverse(index)))
        };
        let has_name = self.meanings.iter().flatten().any(|(meaning, _)| *meaning == Meaning::Email);
        let is_data = !has_name && self.header.iter().any(|field| field.contains('@'));
        // A first line whose address is broken names nothing either, and must not get lost as a header.
        let is_broken_data = |index: usize| {
            let cell = self.header[index].to_lowercase();
            self.meanings.iter().all(Option::is_none) && (cell.contains('.') || cell.contains("(at)"))
        };
        match (0..self.header.len()).filter_map(rank).max() {
            // Data in place of a header is the commonest mistake, and has a better explanation than "no such column".
            Some((.., index)) if !is_data && !is_broken_data(index.0) => Ok(index.0),
            Some(_) => Err(Problem::new("problem-import-no-header")),
            _ if is_data || self.header.len() < 2 => Err(Problem::new("problem-import-no-header")),
            _ => {
                let names: Vec<String> = self.header.iter().take(SHOWN_HEADERS).map(|name| shortened(name)).collect();
                Err(Problem::new("problem-import-no-email").with("found", names.join(", ")))
            }
        }
    }
}

/// The first rows that are not blank.
fn records(start: &[u8], ends: bool, delimiter: u8) -> Vec<Vec<String>> {
    let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut stops) = (vec![0; LONGEST_RECORD], vec![0; MOST_COLUMNS]);
    let mut rest = start;
    let mut found = Vec::new();
    while found.len() <= SAMPLE {
        let (mut result, read, written, mut fields) = parser.read_record(rest, &mut output, &mut stops);
        rest = &rest[read..];
        if ends && matches!(result, ReadRecordResult::InputEmpty) {
            let (last, _, _, more) = parser.read_record(&[], &mut output[written..], &mut stops[fields..]);
            (result, fields) = (last, fields + more);
        }
        if !matches!(result, ReadRecordResult::Record) {
            break;
        }
        let mut from = 0;
        let mut record = Vec::with_capacity(fields);
        for &to in &stops[..fields] {
            record.push(String::from_utf8_lossy(&output[from..to]).into_owned());
            from = to;
        }
        if record.iter().any(|value| !value.trim().is_empty()) {
            found.push(record);
        }
    }
    found
}

/// A column's name as it is shown.
pub(super) fn shortened(name: &str) -> String {
    let name: String = on_one_line(&visible(name)).chars().filter(|c| !c.is_control()).collect();
    match name.char_indices().nth(LONGEST_HEADER) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}
