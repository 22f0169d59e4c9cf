//! Lines out of pieces.

use super::marks::{BEGIN, END};

/// Columns that a placeholder is taken to need: its value is not known yet.
const PLACEHOLDER: usize = 16;

/// What stands before the lines of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Before the first line.
    pub first: String,
    /// Before the others.
    pub rest: &'static str,
}

/// A piece of text or of its layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is not broken.
    Word(String),
    /// A place between words.
    Space,
    /// A line ends here (`<br>`): two of them leave an empty line.
    Line,
    /// A block begins or ends here; `true`: with an empty line.
    Block(bool),
    /// Another cell of a table's row begins, on the same line if there is something in both.
    Cell,
    /// Lines from here on have this before them.
    Open(Prefix),
    /// The last prefix ends.
    Close,
}

/// How many columns a word takes.
pub fn columns(word: &str) -> usize {
    let mut columns = 0;
    let mut in_placeholder = false;
    for c in word.chars() {
        match c {
            BEGIN => in_placeholder = true,
            END => {
                in_placeholder = false;
                columns += PLACEHOLDER;
            }
            _ if in_placeholder => {}
            _ => columns += 1,
        }
    }
    columns
}

/// Lays pieces out in lines of this width; a word that is longer has a line of its own.
pub fn lines(pieces: &[Piece], width: usize) -> String {
    let mut page = Page { width, ..Page::default() };
    for piece in pieces {
        match piece {
            Piece::Word(word) => page.word(word),
            Piece::Space => page.space = true,
            Piece::Line => page.line(),
            Piece::Block(empty_line) => page.end_line(if *empty_line { 2 } else { 1 }),
            Piece::Cell => page.cell = page.column > 0,
            Piece::Open(prefix) => page.prefixes.push((prefix.clone(), false)),
            Piece::Close => {
                page.prefixes.pop();
                page.shared = page.shared.min(page.prefixes.len());
            }
        }
    }
    page.trim();
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    width: usize,
    /// Columns of the line at hand; 0: nothing stands on it.
    column: usize,
    /// Line ends that are due before the next word.
    due: usize,
    space: bool,
    cell: bool,
    /// What stands before lines, and whether the first line was written.
    prefixes: Vec<(Prefix, bool)>,
    /// How many of them have been open ever since the last word.
    shared: usize,
}

impl Page {
    fn end_line(&mut self, due: usize) {
        self.due = self.due.max(due);
        (self.space, self.cell) = (false, false);
        if self.column > 0 {
            self.trim();
            self.column = 0;
            self.shared = self.prefixes.len();
        }
    }

    /// Blanks at the end of a line say nothing, and cost an encoding.
    fn trim(&mut self) {
        self.text.truncate(self.text.trim_end_matches([' ', '\t']).len());
    }

    fn line(&mut self) {
        // On a line that has nothing yet it leaves an empty one.
        self.end_line(if self.column > 0 { 1 } else { 2 });
    }

    fn word(&mut self, word: &str) {
        let columns = columns(word);
        if self.column > 0 {
            let between = if self.cell { " | " } else { " " };
            if (self.space || self.cell) && self.column + between.len() + columns > self.width {
                self.end_line(1);
            } else if self.space || self.cell {
                self.text.push_str(between);
                self.column += between.len();
            }
        }
        if self.column == 0 {
            self.begin_line();
        }
        (self.space, self.cell) = (false, false);
        self.text.push_str(word);
        self.column += columns;
    }

    fn begin_line(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
            if self.due > 1 {
                let shared: String = self.prefixes[..self.shared].iter().map(|(prefix, _)| prefix.rest).collect();
                self.text.push_str(shared.trim_end());
                self.text.push('\n');
            }
        }
        self.due = 0;
        for (prefix, written) in &mut self.prefixes {
            let words = if *written { prefix.rest } else { &prefix.first };
            *written = true;
            self.text.push_str(words);
            self.column += words.chars().count();
        }
        self.shared = self.prefixes.len();
    }
}
