//! The values of a template while it is rendered. None can be larger than [`LONGEST_VALUE`], none is nested deeper than a
//! list of lists, and each step and each byte that is gone through is counted.

use std::rc::Rc;

use super::RenderLimits;
use super::faults::{Fault, fault};

/// Largest text that a filter may make, in bytes: the longest comment with room to spare.
pub const LONGEST_VALUE: usize = 64 * 1024;
/// Longest list.
pub const LONGEST_LIST: usize = 10_000;
/// Steps that one rendering of a part may take; going through 64 bytes is one as well. A long newsletter with loops takes
/// a few thousand.
const STEPS: usize = 200_000;
/// How many steps lie between two looks at whether the rendering was cancelled.
const LOOK: usize = 2_000;

/// A value. `'a` is the template and the recipient.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Nothing: an element that a list does not have, a variable that was not set on this way.
    Undefined,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text<'a>),
    List(List<'a>),
}

/// A text, borrowed where it can be.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    Borrowed(&'a str),
    Made(Rc<str>),
    /// HTML that is not escaped again.
    Markup(Rc<str>),
}

impl Text<'_> {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) | Self::Markup(text) => text,
        }
    }
}

/// A list, and whether there are lists in it.
#[derive(Clone, Debug)]
pub struct List<'a> {
    pub elements: Rc<[Value<'a>]>,
    pub has_lists: bool,
}

impl<'a> Value<'a> {
    /// A text that was made.
    pub fn text(text: String) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    /// A list of what holds no lists.
    pub fn list(elements: Vec<Self>) -> Self {
        Self::List(List { elements: elements.into(), has_lists: false })
    }

    /// Whether a condition takes it for true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Undefined | Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.as_str().is_empty(),
            Self::List(list) => !list.elements.is_empty(),
        }
    }

    /// Whether there is nothing in it that a reader would see.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Undefined | Self::None => true,
            Self::Text(text) => text.as_str().trim().is_empty(),
            Self::List(list) => list.elements.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => false,
        }
    }

    /// As text: what is nothing is empty, a list has none.
    pub fn to_text(&self) -> Option<Text<'a>> {
        match self {
            Self::Undefined | Self::None => Some(Text::Borrowed("")),
            Self::Bool(value) => Some(Text::Borrowed(if *value { "true" } else { "false" })),
            Self::Int(number) => Some(Text::Made(number.to_string().into())),
            Self::Float(number) => Some(Text::Made(float(*number).into())),
            Self::Text(text) => Some(text.clone()),
            Self::List(_) => None,
        }
    }

    /// As a number, if it is one: `true` is none, and neither is a text of digits.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Int(number) => Some(Number::Int(*number)),
            Self::Float(number) => Some(Number::Float(*number)),
            _ => None,
        }
    }
}

/// A number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

/// A number with a point, so that it is seen to be none of the whole ones.
pub fn float(number: f64) -> String {
    // Digits of very large ones would be as long as they are meaningless.
    if number.abs() >= 1e15 {
        return format!("{number:e}");
    }
    let text = number.to_string();
    if number.is_finite() && !text.contains('.') { text + ".0" } else { text }
}

/// What a rendering has used up.
pub struct Meter<'a> {
    left: usize,
    until_look: usize,
    limits: RenderLimits<'a>,
}

impl<'a> Meter<'a> {
    pub fn new(limits: RenderLimits<'a>) -> Self {
        Self { left: STEPS, until_look: 0, limits }
    }

    /// Counts steps.
    pub fn steps(&mut self, count: usize, line: u32) -> Result<(), Fault> {
        if count > self.left {
            return Err(Box::new(fault("problem-template-endless", line)));
        }
        self.left -= count;
        if count >= self.until_look {
            self.until_look = LOOK;
            if self.limits.is_cancelled() {
                return Err(Box::new(fault("problem-template-cancelled", line)));
            }
        } else {
            self.until_look -= count;
        }
        Ok(())
    }

    /// Counts going through a text.
    pub fn bytes(&mut self, count: usize, line: u32) -> Result<(), Fault> {
        self.steps(count / 64, line)
    }
}
