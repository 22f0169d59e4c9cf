//! A template as parsed: what it may hold, and nothing else.

use super::allowed::{Field, Filter, LoopField, Test};

/// Where a variable of the template (`set`, `for`) is kept while rendering.
pub type Slot = usize;

/// A template: its source, what was parsed of it, and how many variables it has.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pub source: String,
    pub nodes: Vec<Node>,
    pub slots: usize,
}

/// What a template is made of. Nested at most [`super::parser::DEEPEST_BLOCKS`] deep.
#[derive(Clone, Debug)]
pub enum Node {
    /// Bytes of the source that are written as they stand.
    Text { start: usize, end: usize },
    /// `{{ … }}`
    Print(Expr),
    /// `{% if %}` with its `elif`s, and what follows `{% else %}`.
    If { arms: Vec<(Expr, Vec<Node>)>, otherwise: Vec<Node> },
    /// `{% for %}`
    For(Box<For>),
    /// `{% set %}`
    Set { slot: Slot, value: Expr },
}

/// A loop.
#[derive(Clone, Debug)]
pub struct For {
    pub line: u32,
    /// One, or several that an element is taken apart into.
    pub targets: Vec<Slot>,
    pub list: Expr,
    /// Variables that are set in the body: each time round they begin with the value of the variable of the same name
    /// outside, or with none. What is set inside a loop is not seen after it.
    pub inner: Vec<(Slot, Option<Slot>)>,
    pub body: Vec<Node>,
    /// After `{% else %}`: for a list without elements.
    pub otherwise: Vec<Node>,
}

/// An expression. Its depth is bounded, so that walking and dropping it cannot exhaust the stack.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub line: u32,
    /// 1 for a leaf.
    pub depth: u8,
}

/// See [`Expr`].
#[derive(Clone, Debug)]
pub enum ExprKind {
    Literal(Literal),
    /// `recipient.email`
    Field(Field),
    /// A variable.
    Local(Slot),
    /// `loop.index`, and how many loops are around that loop.
    Loop(LoopField, usize),
    List(Vec<Expr>),
    Range(Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    /// `and`: the first operand that is false, or the last.
    All(Vec<Expr>),
    /// `or`: the first operand that is true, or the last.
    Any(Vec<Expr>),
    Binary(Binary, Box<(Expr, Expr)>),
    /// `a if condition else b`: condition, a, b.
    Choice(Box<(Expr, Expr, Option<Expr>)>),
    Filter(Filter, Box<Expr>, Vec<Expr>),
    Test {
        test: Test,
        negated: bool,
        operand: Box<Expr>,
        argument: Option<Box<Expr>>,
    },
    /// `a[0]`
    Item(Box<(Expr, Expr)>),
}

/// A value that stands in the template.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
}

/// An operator with two operands. There is none that joins texts or lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideWhole,
    Remainder,
}

impl Expr {
    /// Whether a filter that speaks of HTML (`safe`, `escape`) is in it.
    pub fn is_about_markup(&self) -> bool {
        let any = |list: &[Expr]| list.iter().any(Expr::is_about_markup);
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Field(_) | ExprKind::Local(_) | ExprKind::Loop(..) => false,
            ExprKind::List(list) | ExprKind::Range(list) | ExprKind::All(list) | ExprKind::Any(list) => any(list),
            ExprKind::Not(one) | ExprKind::Negative(one) => one.is_about_markup(),
            ExprKind::Binary(_, two) | ExprKind::Item(two) => two.0.is_about_markup() || two.1.is_about_markup(),
            ExprKind::Choice(parts) => {
                parts.0.is_about_markup()
                    || parts.1.is_about_markup()
                    || parts.2.as_ref().is_some_and(Expr::is_about_markup)
            }
            ExprKind::Filter(filter, input, arguments) => {
                matches!(filter, Filter::Safe | Filter::Escape) || input.is_about_markup() || any(arguments)
            }
            ExprKind::Test { operand, argument, .. } => {
                operand.is_about_markup() || argument.as_ref().is_some_and(|argument| argument.is_about_markup())
            }
        }
    }
}
