//! Pieces out of the tokens of HTML.
//!
//! The document's tree is not built: which end tags may be left out is known for the few elements that matter here
//! (tables, lists), and what is remembered of open elements is bounded by [`DEEPEST`].

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::{LocalName, TokenizerResult};

use super::elements::{attribute, has_margin, is_block, is_hidden, is_invisible, is_left_out, is_void, raw};
use super::layout::{Piece, Prefix, columns};
use super::{WIDTH, address};

/// Open lists, tables, rows and quotations that are told apart. Deeper ones still end lines.
const DEEPEST: usize = 96;
/// Open ones that move their lines to the right.
const DEEPEST_PREFIX: usize = 8;

/// Reads a document.
pub fn read(html: &str) -> Vec<Piece> {
    let tokenizer = Tokenizer::new(Sink(RefCell::default()), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let mut reader = tokenizer.sink.0.into_inner();
    reader.end_link();
    reader.close_down_to(0);
    reader.end_word();
    reader.pieces
}

/// The characters of a piece of HTML without tags, entities decoded.
pub fn characters(html: &str) -> String {
    let tokenizer = Tokenizer::new(Characters::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Characters(RefCell<String>);

impl TokenSink for Characters {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::CharacterTokens(text) = token {
            self.0.borrow_mut().push_str(&text);
        }
        TokenSinkResult::Continue
    }
}

struct Sink(RefCell<Reader>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reader = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => reader.text(&text),
            Token::TagToken(tag) => return reader.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// An element that is open.
#[derive(Debug)]
enum Open {
    Bullets,
    Numbers(u32),
    /// `true`: it has opened a prefix.
    Item(bool),
    Quote(bool),
    Preformatted,
    Table,
    Row(Row),
    Cell,
}

/// A row of a table: cells that are short stand on one line.
#[derive(Debug)]
struct Row {
    /// Where in the pieces its blocks begin and its cells are parted.
    parts: Vec<usize>,
    /// Columns of its text.
    columns: usize,
    /// Whether a cell holds more than words.
    has_blocks: bool,
}

/// A link that is open.
#[derive(Debug)]
struct Link {
    address: String,
    /// Where in the pieces its words begin.
    from: usize,
}

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    word: String,
    open: Vec<Open>,
    /// Elements beyond [`DEEPEST`].
    deeper: usize,
    prefixes: usize,
    link: Option<Link>,
    /// Whether the word at hand is a link's address, which may not run into what follows.
    after_link: bool,
    preformatted: usize,
    /// The element whose contents are not shown, and how many of its name are open in it.
    hidden: Option<(LocalName, usize)>,
}

impl Reader {
    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        if let Some(next) = text.chars().next()
            && self.after_link
        {
            self.after_link = false;
            if !matches!(next, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '»' | '”' | '’' | '"' | '\'') {
                self.end_word();
                self.space();
            }
        }
        if self.preformatted > 0 {
            return self.preformatted_text(text);
        }
        for c in text.chars() {
            match c {
                // A non-breaking space keeps its words together until lines are made.
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => {
                    self.end_word();
                    self.space();
                }
                // Marks for browsers alone, with which mails are padded as well.
                '\u{200b}' | '\u{feff}' | '\u{ad}' | '\u{34f}' => {}
                c if c.is_control() => {}
                c => self.word.push(c),
            }
        }
    }

    fn preformatted_text(&mut self, text: &str) {
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                self.end_word();
                self.pieces.push(Piece::Line);
            }
            self.word.extend(line.chars().filter(|c| !c.is_control() || *c == '\t'));
        }
    }

    fn end_word(&mut self) {
        self.after_link = false;
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        if self.preformatted > 0 {
            return self.pieces.push(Piece::Word(word));
        }
        // Non-breaking spaces at its ends, and what else pads it without a mark.
        let from = word.find(|c| !is_invisible(c)).unwrap_or(word.len());
        let to = word
            .rfind(|c| !is_invisible(c))
            .map_or(from, |at| at + word[at..].chars().next().map_or(0, char::len_utf8));
        let (before, shown, after) = (&word[..from], &word[from..to], &word[to..]);
        if before.contains(char::is_whitespace) {
            self.space();
        }
        if shown.is_empty() {
            return;
        }
        if let Some(row) = self.row() {
            // An address may be as long as it likes.
            row.columns += columns(shown).min(WIDTH / 2) + 1;
        }
        self.pieces.push(Piece::Word(shown.replace('\u{a0}', " ")));
        if after.contains(char::is_whitespace) {
            self.space();
        }
    }

    fn space(&mut self) {
        if matches!(self.pieces.last(), Some(Piece::Word(_))) {
            self.pieces.push(Piece::Space);
        }
    }

    fn block(&mut self, empty_line: bool) {
        self.end_word();
        self.pieces.push(Piece::Block(empty_line));
        if let Some(row) = self.row() {
            row.has_blocks = true;
        }
    }

    fn row(&mut self) -> Option<&mut Row> {
        self.open.iter_mut().rev().find_map(|open| match open {
            Open::Row(row) => Some(row),
            _ => None,
        })
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        match tag.kind {
            TagKind::StartTag => {
                if let Some((hidden, depth)) = &mut self.hidden {
                    // A paragraph needs no end tag: the next block ends it.
                    let over = &**hidden == "p" && is_block(name);
                    *depth += usize::from(*hidden == tag.name && !tag.self_closing);
                    if !over {
                        return raw(name);
                    }
                    self.hidden = None;
                }
                let has_contents = !is_void(name) && (!tag.self_closing || !matches!(name, "svg" | "math"));
                if has_contents && (is_left_out(name) || is_hidden(tag)) {
                    self.hidden = Some((tag.name.clone(), 1));
                } else if !is_hidden(tag) {
                    self.start(name, tag);
                }
                raw(name)
            }
            TagKind::EndTag => {
                if let Some((hidden, depth)) = &mut self.hidden {
                    *depth -= usize::from(*hidden == tag.name);
                    if *depth == 0 {
                        self.hidden = None;
                    }
                } else {
                    self.end(name);
                }
                TokenSinkResult::Continue
            }
        }
    }

    fn start(&mut self, name: &str, tag: &Tag) {
        match name {
            "br" => {
                self.end_word();
                self.pieces.push(Piece::Line);
                if let Some(row) = self.row() {
                    row.has_blocks = true;
                }
            }
            "hr" => {
                self.block(true);
                self.pieces.push(Piece::Word("---".into()));
                self.block(true);
            }
            "img" => {
                let alt = attribute(tag, "alt").unwrap_or_default();
                if !alt.trim().is_empty() {
                    self.text(alt);
                }
            }
            "a" => {
                self.end_link();
                if let Some(address) = attribute(tag, "href").and_then(address::shown) {
                    // The word at hand may go on in the link; its beginning is not the link's.
                    let parted = self.after_link;
                    self.end_word();
                    if parted {
                        self.space();
                    }
                    self.link = Some(Link { address, from: self.pieces.len() });
                }
            }
            "ul" | "ol" | "menu" | "dir" => {
                self.block(!self.open.iter().any(|open| matches!(open, Open::Item(_))));
                let start = attribute(tag, "start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.push(if name == "ol" { Open::Numbers(start) } else { Open::Bullets });
            }
            "li" => self.item(),
            "blockquote" => {
                self.block(true);
                let opened = self.open_prefix("> ".into(), "> ");
                self.push(Open::Quote(opened));
            }
            "pre" | "listing" => {
                self.block(true);
                self.preformatted += 1;
                if !self.push(Open::Preformatted) {
                    self.preformatted -= 1;
                }
            }
            "table" => {
                self.block(false);
                self.push(Open::Table);
            }
            "tr" => {
                self.close(|open| matches!(open, Open::Row(_)), |open| matches!(open, Open::Table));
                self.end_word();
                self.pieces.push(Piece::Block(false));
                self.push(Open::Row(Row { parts: vec![self.pieces.len() - 1], columns: 0, has_blocks: false }));
            }
            "td" | "th" => {
                self.close(|open| matches!(open, Open::Cell), |open| matches!(open, Open::Table | Open::Row(_)));
                self.end_word();
                self.pieces.push(Piece::Cell);
                let place = self.pieces.len() - 1;
                if let Some(Open::Row(row)) = self.open.last_mut() {
                    row.parts.push(place);
                }
                self.push(Open::Cell);
            }
            _ if is_block(name) => self.block(has_margin(name)),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        let is_cell = |open: &Open| matches!(open, Open::Cell | Open::Table);
        match name {
            "a" => self.end_link(),
            "ul" | "ol" | "menu" | "dir" => {
                self.end_structure(|open| matches!(open, Open::Bullets | Open::Numbers(_)), is_cell)
            }
            "li" => self.end_structure(
                |open| matches!(open, Open::Item(_)),
                |open| matches!(open, Open::Bullets | Open::Numbers(_) | Open::Cell | Open::Table),
            ),
            "blockquote" => self.end_structure(|open| matches!(open, Open::Quote(_)), is_cell),
            "pre" | "listing" => self.end_structure(|open| matches!(open, Open::Preformatted), is_cell),
            "table" => self.end_structure(|open| matches!(open, Open::Table), |_| false),
            "tr" => self.end_structure(|open| matches!(open, Open::Row(_)), |open| matches!(open, Open::Table)),
            "td" | "th" => {
                self.end_structure(|open| matches!(open, Open::Cell), |open| matches!(open, Open::Table | Open::Row(_)))
            }
            "br" => self.pieces.push(Piece::Line),
            _ if is_block(name) && !is_void(name) => self.block(has_margin(name)),
            _ => {}
        }
    }

    fn item(&mut self) {
        let is_list = |open: &Open| matches!(open, Open::Bullets | Open::Numbers(_) | Open::Cell | Open::Table);
        self.close(|open| matches!(open, Open::Item(_)), is_list);
        self.block(false);
        let marker = match self.open.iter_mut().rev().find(|open| is_list(open)) {
            Some(Open::Numbers(next)) => {
                *next = next.saturating_add(1);
                format!("{}. ", *next - 1)
            }
            _ => "- ".to_owned(),
        };
        let opened = self.open_prefix(marker, "  ");
        self.push(Open::Item(opened));
    }

    fn open_prefix(&mut self, first: String, rest: &'static str) -> bool {
        let room = self.prefixes < DEEPEST_PREFIX && self.open.len() < DEEPEST;
        if room {
            self.prefixes += 1;
            self.pieces.push(Piece::Open(Prefix { first, rest }));
        }
        room
    }

    /// `false`: it is too deep, and only counted.
    fn push(&mut self, open: Open) -> bool {
        let room = self.open.len() < DEEPEST;
        if room {
            self.open.push(open);
        } else {
            self.deeper += 1;
        }
        room
    }

    /// Ends the nearest element of a kind, unless one of the other kind is nearer.
    fn end_structure(&mut self, wanted: impl Fn(&Open) -> bool, stops_at: impl Fn(&Open) -> bool) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return self.block(false);
        }
        self.close(wanted, stops_at);
    }

    fn close(&mut self, wanted: impl Fn(&Open) -> bool, stops_at: impl Fn(&Open) -> bool) {
        if self.deeper > 0 {
            return;
        }
        let nearest = self.open.iter().rposition(|open| wanted(open) || stops_at(open));
        if let Some(at) = nearest.filter(|at| wanted(&self.open[*at])) {
            self.close_down_to(at);
        }
    }

    fn close_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            self.end_word();
            match self.open.pop() {
                Some(Open::Item(opened) | Open::Quote(opened)) => {
                    let empty_line = !opened;
                    self.block(empty_line);
                    if opened {
                        self.prefixes -= 1;
                        self.pieces.push(Piece::Close);
                    }
                }
                Some(Open::Bullets | Open::Numbers(_)) => {
                    let nested = self.open.iter().any(|open| matches!(open, Open::Item(_)));
                    self.block(!nested);
                }
                Some(Open::Preformatted) => {
                    self.preformatted -= 1;
                    self.block(true);
                }
                Some(Open::Row(row)) => self.end_row(row),
                Some(Open::Table) => self.block(false),
                Some(Open::Cell) | None => {}
            }
        }
    }

    /// Cells with blocks, and those that are too long for one line, stand below each other, with empty lines between.
    fn end_row(&mut self, row: Row) {
        let joined = !row.has_blocks && row.columns <= WIDTH;
        self.pieces.push(Piece::Block(!joined));
        if !joined {
            for at in row.parts {
                if let Some(part @ (Piece::Block(_) | Piece::Cell)) = self.pieces.get_mut(at) {
                    *part = Piece::Block(true);
                }
            }
        }
    }

    fn end_link(&mut self) {
        let Some(Link { address, from }) = self.link.take() else { return };
        self.end_word();
        // What follows the words, an end of a block or a blank, is to follow the address.
        let mut tail = Vec::new();
        while self.pieces.len() > from
            && matches!(self.pieces.last(), Some(Piece::Space | Piece::Line | Piece::Block(_)))
        {
            tail.extend(self.pieces.pop());
        }
        if !address::is_said_by(&address, &self.pieces[from..]) {
            let has_words = self.pieces[from..].iter().any(|piece| matches!(piece, Piece::Word(_)));
            if has_words {
                self.pieces.push(Piece::Space);
                self.word = format!("({address})");
            } else {
                self.word = address;
            }
            self.after_link = true;
        }
        if tail.is_empty() {
            return;
        }
        self.end_word();
        self.pieces.extend(tail.into_iter().rev());
    }
}
