//! Workbooks for spreadsheet programs (Office Open XML), written while they are read: a batch of rows is in memory at a
//! time, and what is written goes to an unnamed file. What is text stays text, whatever it begins with.

use std::io::{Read as _, Seek as _, SeekFrom};

use axum::response::Response;
use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};
use tokio::{sync::mpsc, task::spawn_blocking};
use vestnik_model::{UnixMillis, user::User};

use crate::{
    download::{self, Pieces, Stop},
    error::Error,
};

const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Rows that a sheet has at most, its head included.
const LONGEST: u32 = 1_048_576;
/// Rows that a sheet takes below its head.
pub(crate) const ROWS: usize = LONGEST as usize - 1;
/// Characters that a cell has at most.
const WIDEST: usize = 32_767;
/// A piece of the file as it is sent.
const PIECE: usize = 64 * 1_024;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing.
    Empty,
    /// Words.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A part of a hundred percent: the part and the whole.
    Share(i64, i64),
    /// A day of the calendar.
    Day(Date),
    /// A time on the reader's clock.
    Time(DateTime),
}

impl Cell {
    /// A time in the reader's zone; nothing if there is none.
    pub(crate) fn time(at: Option<UnixMillis>, reader: &User) -> Self {
        at.map_or(Self::Empty, |at| Self::Time(at.timestamp().to_zoned(reader.zone()).datetime()))
    }
}

/// Takes the sheets of a workbook that is being made.
#[derive(Debug)]
pub(crate) struct Book(mpsc::Sender<Part>);

#[derive(Debug)]
enum Part {
    /// A sheet begins: its name, and its columns with their widths in characters.
    Sheet(String, Vec<(String, u16)>),
    /// More of its rows.
    Rows(Vec<Vec<Cell>>),
}

impl Book {
    /// Begins a sheet. Columns are as wide as so many characters.
    pub(crate) async fn sheet(&self, name: String, columns: Vec<(String, u16)>) -> Result<(), Stop> {
        self.put(Part::Sheet(name, columns)).await
    }

    /// Writes rows into it; returns when there is room for more.
    pub(crate) async fn rows(&self, rows: Vec<Vec<Cell>>) -> Result<(), Stop> {
        self.put(Part::Rows(rows)).await
    }

    async fn put(&self, part: Part) -> Result<(), Stop> {
        // Whoever writes ends before the last part only when it fails, and says why itself.
        self.0.send(part).await.map_err(|_| Stop::Gone)
    }
}

/// Answers with a workbook. `make` runs beside the answer. `now` is when it says that it was made.
pub(crate) fn answer<Work, Making>(name: &str, now: UnixMillis, make: Work) -> Response
where
    Work: FnOnce(Book) -> Making + Send + 'static,
    Making: Future<Output = Result<(), Stop>> + Send + 'static,
{
    download::answer(name, MEDIA_TYPE, async move |pieces: Pieces| {
        let (parts, taken) = mpsc::channel(2);
        let writing = spawn_blocking(move || write(taken, now));
        let made = make(Book(parts)).await;
        let file = writing.await.map_err(Error::internal)?.map_err(Error::internal)?;
        made?;
        send(file, &pieces).await
    })
}

/// A name with the day in the person's zone: `report-2026-11-21.xlsx`. `what` is ASCII.
pub(crate) fn name(what: &str, user: &User, now: UnixMillis) -> String {
    download::name(what, "xlsx", user, now)
}

async fn send(file: std::fs::File, pieces: &Pieces) -> Result<(), Stop> {
    let mut file = Some(file);
    while let Some(mut rest) = file.take() {
        let read = spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            rest.by_ref().take(PIECE as u64).read_to_end(&mut piece).map(|_| (rest, piece))
        });
        let (rest, piece) = read.await.map_err(Error::internal)?.map_err(Error::internal)?;
        if !piece.is_empty() {
            pieces.send(piece).await?;
            file = Some(rest);
        }
    }
    Ok(())
}

/// Writes what comes, on a thread that may wait for the disk.
fn write(mut parts: mpsc::Receiver<Part>, now: UnixMillis) -> Result<std::fs::File, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(now.0 / 1_000)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let formats = Formats::new();
    let mut next = 0;
    while let Some(part) = parts.blocking_recv() {
        match part {
            Part::Sheet(name, columns) => {
                let sheet = book.add_worksheet_with_constant_memory()?;
                sheet.set_name(name)?.set_landscape().set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
                for (column, (head, width)) in (0..).zip(columns) {
                    sheet.set_column_width(column, width)?;
                    sheet.write_string_with_format(0, column, head, &formats.head)?;
                }
                next = 1;
            }
            Part::Rows(rows) => {
                let sheet = match book.worksheets_mut().last_mut() {
                    Some(sheet) => sheet,
                    None => continue,
                };
                let room = usize::try_from(LONGEST - next).unwrap_or(0);
                for row in rows.into_iter().take(room) {
                    for (column, cell) in (0..).zip(row) {
                        formats.write(sheet, next, column, cell)?;
                    }
                    next += 1;
                }
            }
        }
    }
    let mut file = tempfile::tempfile()?;
    book.save_to_writer(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

struct Formats {
    head: Format,
    number: Format,
    share: Format,
    day: Format,
    time: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            head: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            number: Format::new().set_num_format("#,##0"),
            share: Format::new().set_num_format("0.0%"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm"),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "spreadsheets have no other numbers")]
    fn write(
        &self,
        sheet: &mut rust_xlsxwriter::Worksheet,
        row: u32,
        column: u16,
        cell: Cell,
    ) -> Result<(), XlsxError> {
        match cell {
            Cell::Empty | Cell::Share(_, ..=0) => {}
            Cell::Text(text) if text.is_empty() => {}
            Cell::Text(text) => {
                // A string is never taken for a formula, a number or an address of the web.
                let text: String = text.chars().take(WIDEST).collect();
                sheet.write_string(row, column, text)?;
            }
            Cell::Number(number) => {
                sheet.write_number_with_format(row, column, number as f64, &self.number)?;
            }
            Cell::Share(part, whole) => {
                sheet.write_number_with_format(row, column, part as f64 / whole as f64, &self.share)?;
            }
            Cell::Day(day) => {
                sheet.write_datetime_with_format(row, column, day, &self.day)?;
            }
            Cell::Time(time) => {
                sheet.write_datetime_with_format(row, column, time, &self.time)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(file: &std::fs::File, name: &str) -> String {
        let mut archive = zip::ZipArchive::new(file.try_clone().expect("a file")).expect("an archive");
        let mut text = String::new();
        archive.by_name(name).expect(name).read_to_string(&mut text).expect("XML");
        text
    }

    #[tokio::test]
    async fn what_is_written_is_what_stands_there() {
        let (parts, taken) = mpsc::channel(2);
        let writing = spawn_blocking(move || write(taken, UnixMillis(1_795_503_600_000)));
        let book = Book(parts);
        let columns = vec![("Имя".to_owned(), 44), ("<b>".to_owned(), 9)];
        book.sheet("Рассылки".to_owned(), columns).await.expect("a sheet");
        let texts = ["=1+1", "+7 999", "-1", "@sum", "https://example.org", "12", "a\u{1}\n<b>", "", "\u{1f984}"];
        for text in texts {
            book.rows(vec![vec![Cell::Text(text.to_owned()), Cell::Number(-12_480)]]).await.expect("a row");
        }
        let time = jiff::civil::date(2026, 11, 24).at(10, 30, 0, 0);
        let row = vec![Cell::Day(time.date()), Cell::Time(time), Cell::Share(1, 4), Cell::Share(1, 0), Cell::Empty];
        book.rows(vec![row, vec![Cell::Text("x".repeat(40_000))]]).await.expect("rows");
        book.sheet("2".to_owned(), vec![("a".to_owned(), 9)]).await.expect("another sheet");
        drop(book);
        let file = writing.await.expect("it ends").expect("it is written");

        let sheet = part(&file, "xl/worksheets/sheet1.xml");
        assert!(!sheet.contains("<f>") && !sheet.contains("hyperlink"), "no formula, no link: {sheet}");
        for text in ["=1+1", "+7 999", "-1", "@sum", "https://example.org", "12", "a_x0001_\n&lt;b&gt;", "\u{1f984}"] {
            assert!(sheet.contains(&format!(">{text}</t>")), "{text} in {sheet}");
        }
        assert!(sheet.contains("<v>-12480</v>") && sheet.contains("<v>46350</v>"), "numbers and days are numbers");
        assert!(sheet.contains("<v>46350.4375</v>") && sheet.contains("<v>0.25</v>"), "{sheet}");
        assert!(sheet.contains("<pane ySplit=\"1\""), "the head stays");
        assert!(sheet.contains("<col min=\"1\" max=\"1\" width=\"44."), "columns have their widths");
        assert_eq!(sheet.matches("<row ").count(), 1 + texts.len() + 2);
        assert!(part(&file, "xl/workbook.xml").contains("name=\"Рассылки\""));
        assert!(part(&file, "docProps/core.xml").contains("2026-11-24T07:00:00Z"), "the time that was passed in");
    }
}
