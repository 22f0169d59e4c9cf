//! Parses a template: its tags and their blocks. Expressions are parsed in [`super::expression`].
//!
//! Everything that recurses, here and later, is bounded while parsing: how deep blocks and expressions are nested, how
//! many tags there are, how long a tag is. Names of variables are resolved to slots, so that an unknown name is found
//! when the message is saved, also on a branch that is seldom taken.

use super::allowed::{RESERVED, TAGS, tag_like};
use super::ast::{Expr, For, Node, Slot, Template};
use super::expression::Cursor;
use super::faults::{Fault, fault, quote, unknown};
use super::lexer::{Lexer, Piece, Tag, TagKind, TokenKind};

/// How deep blocks may stand in each other.
pub const DEEPEST_BLOCKS: usize = 12;
/// Most tags of a template.
pub const MOST_TAGS: usize = 10_000;
/// Most tokens of a template.
const MOST_TOKENS: usize = 100_000;
/// Most variables of a template; they are looked for one by one.
const MOST_VARIABLES: usize = 300;
/// Most variables that an element of a list is taken apart into.
const MOST_TARGETS: usize = 8;

/// Parses a template.
pub fn parse(source: &str) -> Result<Template, Fault> {
    // As in Jinja, the line break at the very end is the editor's and not the message's.
    let source = source.strip_suffix('\n').unwrap_or(source);
    let source = source.strip_suffix('\r').unwrap_or(source);
    let mut parser = Parser {
        lexer: Lexer::new(source),
        tags: 0,
        tokens: 0,
        scope: Scope { frames: vec![Frame::default()], slots: 0 },
    };
    let (nodes, _) = parser.body(0, &[])?;
    Ok(Template { source: source.to_owned(), nodes, slots: parser.scope.slots })
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    tags: usize,
    tokens: usize,
    scope: Scope,
}

/// The variables that are known where the parser is.
pub struct Scope {
    frames: Vec<Frame>,
    slots: usize,
}

#[derive(Default)]
struct Frame {
    names: Vec<(Box<str>, Slot)>,
    /// Of a loop's body: what is set in it.
    inner: Vec<(Slot, Option<Slot>)>,
}

impl Scope {
    /// The slot of a variable, from the inside out.
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.frames.iter().rev().find_map(|frame| frame.find(name))
    }

    /// How many loops are around.
    pub fn loops(&self) -> usize {
        self.frames.len() - 1
    }

    /// All names that are known.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().flat_map(|frame| frame.names.iter().map(|(name, _)| &**name))
    }

    fn new_slot(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }

    /// The slot of a variable that is set here.
    fn declare(&mut self, name: &str) -> Slot {
        if let Some(known) = self.frames.last().and_then(|frame| frame.find(name)) {
            return known;
        }
        let outer = self.find(name);
        let slot = self.new_slot();
        if let Some(frame) = self.frames.last_mut() {
            frame.names.push((name.into(), slot));
            frame.inner.push((slot, outer));
        }
        slot
    }
}

impl Frame {
    fn find(&self, name: &str) -> Option<Slot> {
        self.names.iter().find(|(known, _)| **known == *name).map(|(_, slot)| *slot)
    }
}

/// The tag that ended a body.
struct End {
    name: Box<str>,
    cursor: Cursor,
}

impl Parser<'_> {
    /// Parses up to a tag that is named in `ends`, or to the end of the template.
    fn body(&mut self, depth: usize, ends: &[&str]) -> Result<(Vec<Node>, Option<End>), Fault> {
        let mut nodes = Vec::new();
        loop {
            let tag = match self.lexer.next()? {
                None => return Ok((nodes, None)),
                Some(Piece::Text { start, end }) => {
                    nodes.push(Node::Text { start, end });
                    continue;
                }
                Some(Piece::Tag(tag)) => tag,
            };
            self.count(&tag)?;
            let (kind, line) = (tag.kind, tag.line);
            let mut cursor = Cursor::new(tag);
            if kind == TagKind::Print {
                let value = cursor.expression(&self.scope)?;
                cursor.end()?;
                nodes.push(Node::Print(value));
                continue;
            }
            let Some(TokenKind::Name(name)) = cursor.next() else {
                return Err(cursor.expected_name_at_first());
            };
            if ends.contains(&&*name) {
                return Ok((nodes, Some(End { name, cursor })));
            }
            if depth == DEEPEST_BLOCKS && matches!(&*name, "if" | "for") {
                return Err(Box::new(fault("problem-template-deep", line).with("most", DEEPEST_BLOCKS)));
            }
            nodes.push(match &*name {
                "if" => self.condition(cursor, line, depth)?,
                "for" => self.repetition(cursor, line, depth)?,
                "set" => self.assignment(cursor)?,
                known if TAGS.contains(&known) => {
                    return Err(Box::new(fault("problem-template-stray", line).with("tag", known)));
                }
                name => {
                    let like = tag_like(name);
                    return Err(unknown("problem-template-tag", "problem-template-tag-try", line, name, like));
                }
            });
        }
    }

    fn count(&mut self, tag: &Tag) -> Result<(), Fault> {
        self.tags += 1;
        self.tokens += tag.tokens.len();
        if self.tags > MOST_TAGS || self.tokens > MOST_TOKENS {
            return Err(Box::new(fault("problem-template-many", tag.line).with("most", MOST_TAGS)));
        }
        Ok(())
    }

    fn count_variables(&self, line: u32) -> Result<(), Fault> {
        if self.scope.slots > MOST_VARIABLES {
            return Err(Box::new(fault("problem-template-variables", line).with("most", MOST_VARIABLES)));
        }
        Ok(())
    }

    /// After `{% if`.
    fn condition(&mut self, mut cursor: Cursor, line: u32, depth: usize) -> Result<Node, Fault> {
        let mut arms = Vec::new();
        loop {
            let test = cursor.expression(&self.scope)?;
            cursor.end()?;
            let (body, end) = self.body(depth + 1, &["elif", "else", "endif"])?;
            arms.push((test, body));
            let end = end.ok_or_else(|| unclosed("if", line))?;
            cursor = end.cursor;
            match &*end.name {
                "elif" => {}
                "else" => {
                    let otherwise = self.last_body(cursor, "if", line, depth)?;
                    return Ok(Node::If { arms, otherwise });
                }
                _ => {
                    cursor.end()?;
                    return Ok(Node::If { arms, otherwise: Vec::new() });
                }
            }
        }
    }

    /// What stands between `{% else %}` and the end of its block.
    fn last_body(
        &mut self,
        mut cursor: Cursor,
        block: &'static str,
        line: u32,
        depth: usize,
    ) -> Result<Vec<Node>, Fault> {
        // "else if": as other languages write `elif`.
        if cursor.peek() == Some(&TokenKind::Name("if".into())) {
            let at = cursor.line();
            return Err(unknown("problem-template-tag", "problem-template-tag-try", at, "else if", Some("elif")));
        }
        cursor.end()?;
        let ends: &[&str] = if block == "if" { &["endif"] } else { &["endfor"] };
        let (body, end) = self.body(depth + 1, ends)?;
        end.ok_or_else(|| unclosed(block, line))?.cursor.end()?;
        Ok(body)
    }

    /// After `{% for`.
    fn repetition(&mut self, mut cursor: Cursor, line: u32, depth: usize) -> Result<Node, Fault> {
        let mut names = vec![cursor.new_name()?];
        while cursor.skip(",") {
            names.push(cursor.new_name()?);
            if names.len() > MOST_TARGETS {
                return Err(Box::new(fault("problem-template-long", line).with("most", MOST_TARGETS)));
            }
        }
        cursor.word("in")?;
        let list = cursor.expression_without_choice(&self.scope)?;
        cursor.end()?;

        self.scope.frames.push(Frame::default());
        let mut targets = Vec::with_capacity(names.len());
        for name in names {
            let slot = self.scope.new_slot();
            targets.push(slot);
            if let Some(frame) = self.scope.frames.last_mut() {
                frame.names.push((name, slot));
            }
        }
        self.count_variables(line)?;
        let body = self.body(depth + 1, &["else", "endfor"]);
        let inner = self.scope.frames.pop().map(|frame| frame.inner).unwrap_or_default();
        let (body, end) = body?;
        let mut end = end.ok_or_else(|| unclosed("for", line))?;
        let otherwise = if *end.name == *"else" {
            self.last_body(end.cursor, "for", line, depth)?
        } else {
            end.cursor.end()?;
            Vec::new()
        };
        Ok(Node::For(Box::new(For { line, targets, list, inner, body, otherwise })))
    }

    /// After `{% set`.
    fn assignment(&mut self, mut cursor: Cursor) -> Result<Node, Fault> {
        let name = cursor.new_name()?;
        cursor.symbol("=")?;
        let value: Expr = cursor.expression(&self.scope)?;
        cursor.end()?;
        let slot = self.scope.declare(&name);
        self.count_variables(cursor.line())?;
        Ok(Node::Set { slot, value })
    }
}

fn unclosed(block: &'static str, line: u32) -> Fault {
    let end = if block == "if" { "endif" } else { "endfor" };
    Box::new(fault("problem-template-unclosed-block", line).with("tag", block).with("end", end))
}

/// Whether a variable may have this name.
pub fn check_new_name(name: &str, line: u32) -> Result<(), Fault> {
    if RESERVED.contains(&name) {
        return Err(Box::new(fault("problem-template-reserved", line).with("detail", quote(name))));
    }
    Ok(())
}
