//! Takes a template apart into text and tags, and tags into tokens.
//!
//! Visual editors rewrite what is between the braces: quotes become entities or curly ones, blanks become no-break
//! spaces. Inside tags these mean what they were typed as; outside nothing is touched. `{#` begins no comment: it is
//! found in style sheets.

use super::faults::{Fault, fault, quote};

/// Most tokens of one tag: a loop over a list of some hundred literals is the longest there is.
const MOST_TOKENS: usize = 2_000;
/// Longest quoted text of a tag, in bytes.
const LONGEST_STRING: usize = 10_000;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 100;

/// A part of a template.
#[derive(Debug)]
pub enum Piece {
    /// Bytes of the source.
    Text { start: usize, end: usize },
    /// `{{ … }}` or `{% … %}`.
    Tag(Tag),
}

/// A tag's tokens.
#[derive(Debug)]
pub struct Tag {
    pub kind: TagKind,
    pub line: u32,
    pub tokens: Vec<Token>,
}

/// See [`Tag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    Print,
    Block,
}

impl TagKind {
    pub fn open(self) -> &'static str {
        match self {
            Self::Print => "{{",
            Self::Block => "{%",
        }
    }

    pub fn close(self) -> &'static str {
        match self {
            Self::Print => "}}",
            Self::Block => "%}",
        }
    }
}

/// A token with its line.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub line: u32,
}

/// See [`Token`].
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    Name(Box<str>),
    Text(Box<str>),
    Int(i64),
    Float(f64),
    Symbol(&'static str),
}

impl TokenKind {
    /// As it is repeated in a problem.
    pub fn words(&self) -> String {
        match self {
            Self::Name(name) => quote(name),
            Self::Text(text) => quote(text),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Symbol(symbol) => (*symbol).to_owned(),
        }
    }
}

/// Longer ones first. The language has not all of them: the parser says so, and what to write instead.
const SYMBOLS: &[&str] = &[
    "==", "!=", "<=", ">=", "//", "**", "&&", "||", "(", ")", "[", "]", ".", ",", "|", "=", "<", ">", "+", "-", "*",
    "/", "%", "~", ":", "!", "?", ";", "@", "#", "$", "^", "&", "\\", "{", "}", "`",
];

/// Entities that stand for what a tag may hold.
const ENTITIES: &[(&str, char)] = &[
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("lt", '<'),
    ("gt", '>'),
    ("amp", '&'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
];

/// A character of a tag, after entities.
#[derive(Clone, Copy)]
struct Unit {
    character: char,
    length: usize,
    is_entity: bool,
}

/// See the module.
pub struct Lexer<'s> {
    source: &'s str,
    at: usize,
    line: u32,
    /// A tag ended with `-`: white space after it goes.
    trim: bool,
}

impl<'s> Lexer<'s> {
    pub fn new(source: &'s str) -> Self {
        Self { source, at: 0, line: 1, trim: false }
    }

    /// The line that has been reached.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The next part, `None` at the end.
    pub fn next(&mut self) -> Result<Option<Piece>, Fault> {
        loop {
            if std::mem::take(&mut self.trim) {
                let rest = self.rest();
                self.advance(rest.len() - rest.trim_start().len());
            }
            if self.rest().is_empty() {
                return Ok(None);
            }
            let Some((distance, kind)) = next_tag(self.rest()) else {
                let start = self.at;
                self.advance(self.rest().len());
                return Ok(Some(Piece::Text { start, end: self.at }));
            };
            if distance > 0 {
                let text = &self.rest()[..distance];
                let start = self.at;
                let kept =
                    if self.rest()[distance + 2..].starts_with('-') { text.trim_end().len() } else { text.len() };
                self.advance(distance);
                if kept > 0 {
                    return Ok(Some(Piece::Text { start, end: start + kept }));
                }
                continue;
            }
            let tag = self.tag(kind)?;
            if let ([Token { kind: TokenKind::Name(name), .. }], TagKind::Block) = (tag.tokens.as_slice(), kind)
                && **name == *"raw"
            {
                let (start, end) = self.raw(tag.line)?;
                if start < end {
                    return Ok(Some(Piece::Text { start, end }));
                }
                continue;
            }
            return Ok(Some(Piece::Tag(tag)));
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        let skipped = &self.source.as_bytes()[self.at..self.at + bytes];
        let breaks = skipped.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.at += bytes;
    }

    /// The text up to `{% endraw %}`.
    fn raw(&mut self, opened: u32) -> Result<(usize, usize), Fault> {
        if std::mem::take(&mut self.trim) {
            let rest = self.rest();
            self.advance(rest.len() - rest.trim_start().len());
        }
        let start = self.at;
        let mut from = 0;
        while let Some(found) = self.rest()[from..].find("{%") {
            let open = from + found;
            let inside = &self.rest()[open + 2..];
            let trims_before = inside.starts_with('-');
            let name = inside.trim_start_matches(['-', '+']).trim_start();
            if let Some(after) = name.strip_prefix("endraw") {
                let after = after.trim_start();
                let close = after.strip_prefix(['-', '+']).unwrap_or(after);
                if let Some(behind) = close.strip_prefix("%}") {
                    let text = &self.rest()[..open];
                    let kept = if trims_before { text.trim_end().len() } else { text.len() };
                    self.trim = after.starts_with('-');
                    let length = self.rest().len() - behind.len();
                    self.advance(length);
                    return Ok((start, start + kept));
                }
            }
            from = open + 2;
        }
        Err(Box::new(fault("problem-template-unclosed-block", opened).with("tag", "raw").with("end", "endraw")))
    }

    fn tag(&mut self, kind: TagKind) -> Result<Tag, Fault> {
        let (begin, line) = (self.at, self.line);
        self.advance(2);
        if self.rest().starts_with(['-', '+']) {
            self.advance(1);
        }
        let mut tokens = Vec::new();
        loop {
            while let Some(unit) = self.unit(self.at).filter(|unit| is_blank(unit.character)) {
                self.advance(unit.length);
            }
            let rest = self.rest();
            let marks = usize::from(rest.starts_with(['-', '+']));
            if rest[marks..].starts_with(kind.close()) {
                self.trim = rest.starts_with('-');
                self.advance(marks + 2);
                return Ok(Tag { kind, line, tokens });
            }
            let token = if rest.is_empty() || rest.starts_with("{%") || (rest.starts_with("{{") && !tokens.is_empty()) {
                Err(unclosed(kind, line))
            } else if tokens.len() == MOST_TOKENS {
                Err(Box::new(fault("problem-template-long", line).with("most", MOST_TOKENS)))
            } else {
                self.token(kind)
            };
            match token {
                Ok(token) => tokens.push(token),
                // What looks like a fault of this tag is the text behind it, when the tag has no end.
                Err(_) if !is_closed(&self.source[begin + 2..], kind) => return Err(unclosed(kind, line)),
                Err(fault) => return Err(fault),
            }
        }
    }

    fn token(&mut self, kind: TagKind) -> Result<Token, Fault> {
        let line = self.line;
        // There is one: the caller has looked.
        let Some(unit) = self.unit(self.at) else { return Err(unclosed(kind, line)) };
        let token = |kind| Ok(Token { kind, line });
        if is_quote(unit.character) {
            return token(TokenKind::Text(self.string(unit, kind)?));
        }
        if unit.character.is_alphabetic() || unit.character == '_' {
            let rest = self.rest();
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..length];
            if length > LONGEST_NAME {
                return Err(Box::new(fault("problem-template-character", line).with("found", quote(name))));
            }
            self.advance(length);
            return token(TokenKind::Name(name.into()));
        }
        if unit.character.is_ascii_digit() {
            return token(self.number()?);
        }
        let next = self.unit(self.at + unit.length);
        let is = |symbol: &str| {
            let mut wanted = symbol.chars();
            wanted.next() == Some(unit.character)
                && wanted.next().is_none_or(|second| next.is_some_and(|next| next.character == second))
        };
        let Some(symbol) = SYMBOLS.iter().copied().find(|symbol| is(symbol)) else {
            return Err(Box::new(fault("problem-template-character", line).with("found", unit.character)));
        };
        let second = if symbol.len() == 2 { next.map_or(0, |next| next.length) } else { 0 };
        self.advance(unit.length + second);
        token(TokenKind::Symbol(symbol))
    }

    fn number(&mut self) -> Result<TokenKind, Fault> {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let rest = self.rest();
        let whole = digits(rest);
        let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
        let length = if fraction > 0 { whole + 1 + fraction } else { whole };
        let written = &rest[..length];
        let number = if length > 40 {
            None
        } else if fraction > 0 {
            written.parse().ok().map(TokenKind::Float)
        } else {
            written.parse().ok().map(TokenKind::Int)
        };
        let line = self.line;
        self.advance(length);
        number.ok_or_else(|| Box::new(fault("problem-template-number", line).with("detail", quote(written))))
    }

    /// A quoted text. What was opened with one kind of quotes ends with the same kind if it can, or else with any that
    /// an editor may have made of it.
    fn string(&mut self, open: Unit, kind: TagKind) -> Result<Box<str>, Fault> {
        let line = self.line;
        let from = self.at + open.length;
        let exact = |unit: Unit| {
            closes(open.character, unit.character) && (!open.character.is_ascii() || open.is_entity == unit.is_entity)
        };
        let similar = |unit: Unit| is_quote(unit.character) && is_single(unit.character) == is_single(open.character);
        let found = self.find_quote(from, kind, &exact).or_else(|| self.find_quote(from, kind, &similar));
        let Some((end, close)) = found else {
            return Err(Box::new(fault("problem-template-unclosed-quote", line)));
        };
        let mut text = String::with_capacity(end - from);
        let mut at = from;
        while let Some(unit) = self.unit(at).filter(|_| at < end) {
            at += unit.length;
            if unit.character == '\\'
                && let Some(next) = self.unit(at).filter(|_| at < end)
            {
                at += next.length;
                text.push(match next.character {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
                continue;
            }
            text.push(unit.character);
        }
        self.advance(end + close - self.at);
        Ok(text.into())
    }

    /// Where the closing quote is, and how long it is.
    fn find_quote(&self, from: usize, kind: TagKind, closes: &dyn Fn(Unit) -> bool) -> Option<(usize, usize)> {
        let mut at = from;
        while let Some(unit) = self.unit(at).filter(|_| at - from <= LONGEST_STRING) {
            if closes(unit) {
                // A quote that is never closed takes in what is behind the tag, up to some apostrophe of the text.
                let inside = &self.source[from..at];
                let runs_over = inside.contains(kind.close()) && inside.contains(['\n', '<', '{']);
                return (!runs_over).then_some((at, unit.length));
            }
            at += unit.length;
            if unit.character == '\\' {
                at += self.unit(at).map_or(0, |escaped| escaped.length);
            }
        }
        None
    }

    fn unit(&self, at: usize) -> Option<Unit> {
        let rest = self.source.get(at..)?;
        let character = rest.chars().next()?;
        if character == '&'
            && let Some((entity, length)) = entity(rest)
        {
            return Some(Unit { character: entity, length, is_entity: true });
        }
        Some(Unit { character, length: character.len_utf8(), is_entity: false })
    }
}

fn unclosed(kind: TagKind, line: u32) -> Fault {
    Box::new(fault("problem-template-unclosed-tag", line).with("tag", kind.open()).with("end", kind.close()))
}

/// Whether a tag's end comes before another tag begins.
fn is_closed(rest: &str, kind: TagKind) -> bool {
    rest.find(kind.close()).is_some_and(|end| next_tag(&rest[..end]).is_none())
}

/// How far the next tag is.
fn next_tag(text: &str) -> Option<(usize, TagKind)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| *byte == b'{') {
        let at = from + found;
        match bytes.get(at + 1) {
            Some(b'{') => return Some((at, TagKind::Print)),
            Some(b'%') => return Some((at, TagKind::Block)),
            _ => from = at + 1,
        }
    }
    None
}

/// Blanks, and the invisible characters that come with pasted text.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

fn is_quote(character: char) -> bool {
    is_single(character) || matches!(character, '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '″')
}

fn is_single(character: char) -> bool {
    matches!(character, '\'' | '‘' | '’' | '‚' | '‛' | '‹' | '›' | '′')
}

fn closes(open: char, character: char) -> bool {
    match open {
        '“' | '‟' => matches!(character, '”' | '“'),
        '„' => matches!(character, '“' | '”'),
        '«' => character == '»',
        '»' => matches!(character, '«' | '»'),
        '‘' | '‛' => matches!(character, '’' | '‘'),
        '‚' => matches!(character, '‘' | '’'),
        '‹' => character == '›',
        '›' => matches!(character, '‹' | '›'),
        same => character == same,
    }
}

/// The character of an entity at the beginning of the text, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let name = text.strip_prefix('&')?;
    let end = name.bytes().take(10).position(|byte| byte == b';')?;
    let name = &name[..end];
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character)?,
    };
    Some((character, end + 2))
}
