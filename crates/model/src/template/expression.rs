//! Parses the expressions of a tag, by precedence climbing. From loose to tight: `a if b else c`, `or`, `and`, `not`,
//! comparisons and `in`, `+ -`, `* / // %`, `-a`, `a.b a[b] a|filter a is test`.

use super::allowed::{FILTERS, TESTS, filter_like, test_like};
use super::ast::{Binary, Expr, ExprKind, Literal};
use super::faults::{Fault, fault, quote, unknown};
use super::lexer::{Tag, TagKind, Token, TokenKind};
use super::parser::{Scope, check_new_name};

/// How deep an expression may be.
pub const DEEPEST_EXPRESSION: u8 = 24;

/// The tokens of one tag, and where the parser is in them.
pub struct Cursor {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    kind: TagKind,
    line: u32,
    level: u8,
}

impl Cursor {
    pub fn new(tag: Tag) -> Self {
        Self { tokens: tag.tokens.into_iter().peekable(), kind: tag.kind, line: tag.line, level: 0 }
    }

    /// The next token, without taking it.
    pub fn peek(&mut self) -> Option<&TokenKind> {
        self.tokens.peek().map(|token| &token.kind)
    }

    /// Takes the next token.
    pub fn next(&mut self) -> Option<TokenKind> {
        let token = self.tokens.next()?;
        self.line = token.line;
        Some(token.kind)
    }

    /// The line of the next token, or of the last if there is none.
    pub fn line(&mut self) -> u32 {
        self.tokens.peek().map_or(self.line, |token| token.line)
    }

    /// Takes a symbol if it is next.
    pub fn skip(&mut self, symbol: &str) -> bool {
        self.tokens.next_if(|token| matches!(token.kind, TokenKind::Symbol(next) if next == symbol)).is_some()
    }

    /// Takes a name if one is next.
    pub(super) fn skip_name(&mut self) -> Option<Box<str>> {
        match self.tokens.next_if(|token| matches!(token.kind, TokenKind::Name(_)))?.kind {
            TokenKind::Name(name) => Some(name),
            _ => None,
        }
    }

    fn skip_word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(&token.kind, TokenKind::Name(next) if **next == *word)).is_some()
    }

    /// What is next, to be named in a problem.
    pub(super) fn found(&mut self) -> String {
        let close = self.kind.close();
        self.peek().map_or_else(|| close.to_owned(), TokenKind::words)
    }

    /// Takes a symbol that has to be there.
    pub fn symbol(&mut self, wanted: &'static str) -> Result<(), Fault> {
        if self.skip(wanted) { Ok(()) } else { Err(self.expected(wanted)) }
    }

    /// Takes a word that has to be there.
    pub fn word(&mut self, wanted: &'static str) -> Result<(), Fault> {
        if self.skip_word(wanted) { Ok(()) } else { Err(self.expected(wanted)) }
    }

    fn expected(&mut self, wanted: &'static str) -> Fault {
        if let Some(TokenKind::Symbol(symbol)) = self.peek()
            && let Some(fault) = foreign_operator(symbol, self.line())
        {
            return fault;
        }
        let line = self.line();
        Box::new(fault("problem-template-symbol", line).with("wanted", wanted).with("found", self.found()))
    }

    /// Nothing may follow.
    pub fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() { Ok(()) } else { Err(self.expected(self.kind.close())) }
    }

    /// The name of a variable that is set.
    pub fn new_name(&mut self) -> Result<Box<str>, Fault> {
        let line = self.line();
        if !matches!(self.peek(), Some(TokenKind::Name(_))) {
            return Err(Box::new(fault("problem-template-name", line).with("found", self.found())));
        }
        let Some(TokenKind::Name(name)) = self.next() else { return Err(self.expected("=")) };
        check_new_name(&name, line)?;
        Ok(name)
    }

    /// A block has to begin with its name.
    pub fn expected_name_at_first(&mut self) -> Fault {
        let (line, found) = (self.line, self.found());
        Box::new(fault("problem-template-name", line).with("found", found))
    }

    /// Whatever may be printed.
    pub fn expression(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        self.deeper()?;
        let value = self.expression_without_choice(scope)?;
        let line = self.line();
        let value = if self.skip_word("if") {
            let condition = self.expression_without_choice(scope)?;
            let otherwise = if self.skip_word("else") { Some(self.expression(scope)?) } else { None };
            let depth = deepest([&condition, &value]).max(otherwise.as_ref().map_or(0, |other| other.depth));
            node(ExprKind::Choice(Box::new((condition, value, otherwise))), line, depth)?
        } else {
            value
        };
        self.level -= 1;
        Ok(value)
    }

    /// An expression without `a if b`: after `in`, an `if` would be a part of the loop.
    pub fn expression_without_choice(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        self.chain("or", ExprKind::Any, |cursor| cursor.chain("and", ExprKind::All, |cursor| cursor.negation(scope)))
    }

    /// `a or b or c`: a list, so that it is not deep however long it is.
    fn chain(
        &mut self,
        word: &str,
        make: fn(Vec<Expr>) -> ExprKind,
        operand: impl Fn(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let first = operand(self)?;
        let line = first.line;
        let mut operands = vec![first];
        while self.skip_word(word) {
            operands.push(operand(self)?);
        }
        if operands.len() == 1 {
            return operands.pop().ok_or_else(|| self.expected("{{"));
        }
        let depth = operands.iter().map(|operand| operand.depth).max().unwrap_or(0);
        node(make(operands), line, depth)
    }

    fn negation(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let line = self.line();
        if !self.skip_word("not") {
            return self.comparison(scope);
        }
        self.deeper()?;
        let operand = self.negation(scope)?;
        self.level -= 1;
        let depth = operand.depth;
        node(ExprKind::Not(Box::new(operand)), line, depth)
    }

    fn comparison(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let left = self.sum(scope)?;
        let line = self.line();
        let operator = match self.peek() {
            Some(TokenKind::Symbol("==")) => Binary::Equal,
            Some(TokenKind::Symbol("!=")) => Binary::NotEqual,
            Some(TokenKind::Symbol("<")) => Binary::Less,
            Some(TokenKind::Symbol("<=")) => Binary::LessOrEqual,
            Some(TokenKind::Symbol(">")) => Binary::Greater,
            Some(TokenKind::Symbol(">=")) => Binary::GreaterOrEqual,
            Some(TokenKind::Name(word)) if **word == *"in" => Binary::In,
            Some(TokenKind::Name(word)) if **word == *"not" => Binary::NotIn,
            _ => return Ok(left),
        };
        self.next();
        if operator == Binary::NotIn {
            self.word("in")?;
        }
        let right = self.sum(scope)?;
        binary(operator, left, right, line)
    }

    fn sum(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let mut left = self.product(scope)?;
        loop {
            let line = self.line();
            let operator = match self.peek() {
                Some(TokenKind::Symbol("+")) => Binary::Add,
                Some(TokenKind::Symbol("-")) => Binary::Subtract,
                _ => return Ok(left),
            };
            self.next();
            left = binary(operator, left, self.product(scope)?, line)?;
        }
    }

    fn product(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let mut left = self.operand(scope)?;
        loop {
            let line = self.line();
            let operator = match self.peek() {
                Some(TokenKind::Symbol("*")) => Binary::Multiply,
                Some(TokenKind::Symbol("/")) => Binary::Divide,
                Some(TokenKind::Symbol("//")) => Binary::DivideWhole,
                Some(TokenKind::Symbol("%")) => Binary::Remainder,
                _ => return Ok(left),
            };
            self.next();
            left = binary(operator, left, self.operand(scope)?, line)?;
        }
    }

    /// `-a.b|filter is test`: the filter is of `-a.b`.
    fn operand(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let value = self.negative(scope)?;
        self.filters(value, scope)
    }

    fn negative(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let line = self.line();
        if !self.skip("-") {
            let value = self.primary(scope)?;
            return self.items(value, scope);
        }
        self.deeper()?;
        let operand = self.negative(scope)?;
        self.level -= 1;
        let depth = operand.depth;
        node(ExprKind::Negative(Box::new(operand)), line, depth)
    }

    /// `a[0]`; a dot is for fields alone, which are known.
    fn items(&mut self, mut value: Expr, scope: &Scope) -> Result<Expr, Fault> {
        loop {
            let line = self.line();
            if self.skip("[") {
                let index = self.expression(scope)?;
                self.symbol("]")?;
                let depth = deepest([&value, &index]);
                value = node(ExprKind::Item(Box::new((value, index))), line, depth)?;
            } else if self.skip(".") {
                return Err(self.method(line, ""));
            } else {
                return Ok(value);
            }
        }
    }

    fn filters(&mut self, mut value: Expr, scope: &Scope) -> Result<Expr, Fault> {
        loop {
            let line = self.line();
            if self.skip("|") {
                let Some(TokenKind::Name(name)) = self.peek().cloned() else {
                    return Err(Box::new(fault("problem-template-name", line).with("found", self.found())));
                };
                self.next();
                let Some((_, filter, least, most)) = FILTERS.iter().find(|(known, ..)| *known == &*name) else {
                    let like = filter_like(&name);
                    return Err(unknown("problem-template-filter", "problem-template-filter-try", line, &name, like));
                };
                if self.peek() == Some(&TokenKind::Symbol(":")) {
                    return Err(Box::new(fault("problem-template-colon", line).with("detail", quote(&name))));
                }
                let arguments = if self.skip("(") { self.list(")", scope)? } else { Vec::new() };
                if arguments.len() < *least || arguments.len() > *most {
                    let problem = fault("problem-template-arguments", line);
                    return Err(Box::new(problem.with("detail", quote(&name)).with("most", *most)));
                }
                let depth = arguments.iter().map(|argument| argument.depth).max().unwrap_or(0).max(value.depth);
                value = node(ExprKind::Filter(*filter, Box::new(value), arguments), line, depth)?;
            } else if self.skip_word("is") {
                value = self.test(value, line, scope)?;
            } else {
                return Ok(value);
            }
        }
    }

    /// After `is`.
    fn test(&mut self, operand: Expr, line: u32, scope: &Scope) -> Result<Expr, Fault> {
        let negated = self.skip_word("not");
        let Some(TokenKind::Name(name)) = self.peek().cloned() else {
            return Err(Box::new(fault("problem-template-name", line).with("found", self.found())));
        };
        self.next();
        let Some((_, test, takes_argument)) = TESTS.iter().find(|(known, ..)| *known == &*name) else {
            let like = test_like(&name);
            return Err(unknown("problem-template-test", "problem-template-test-try", line, &name, like));
        };
        let argument = if *takes_argument {
            // `is divisibleby 3` and `is divisibleby(3)`: the second is a group.
            self.deeper()?;
            let argument = self.negative(scope)?;
            self.level -= 1;
            Some(Box::new(argument))
        } else {
            None
        };
        let depth = argument.as_ref().map_or(0, |argument| argument.depth).max(operand.depth);
        node(ExprKind::Test { test: *test, negated, operand: Box::new(operand), argument }, line, depth)
    }

    /// Elements up to the bracket that closes them.
    fn list(&mut self, close: &'static str, scope: &Scope) -> Result<Vec<Expr>, Fault> {
        let mut elements = Vec::new();
        while !self.skip(close) {
            if !elements.is_empty() {
                if !self.skip(",") {
                    return Err(self.expected(close));
                }
                if self.skip(close) {
                    break;
                }
            }
            elements.push(self.expression(scope)?);
        }
        Ok(elements)
    }

    fn primary(&mut self, scope: &Scope) -> Result<Expr, Fault> {
        let line = self.line();
        let leaf = |kind| node(kind, line, 0);
        let value = |literal| leaf(ExprKind::Literal(literal));
        let prints = self.kind == TagKind::Print;
        match self.peek() {
            Some(TokenKind::Name(name)) if !matches!(&**name, "if" | "else" | "in" | "is" | "and" | "or") => {}
            Some(TokenKind::Text(_) | TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::Symbol("(" | "[" | ".")) => {
            }
            Some(TokenKind::Symbol(symbol @ ("#" | "/" | "^"))) if prints => {
                let symbol = *symbol;
                return Err(Box::new(fault("problem-template-mustache", line).with("found", symbol)));
            }
            Some(TokenKind::Symbol(symbol)) => {
                let symbol = *symbol;
                if let Some(fault) = foreign_operator(symbol, line) {
                    return Err(fault);
                }
                return Err(Box::new(fault("problem-template-value", line).with("found", symbol)));
            }
            _ => return Err(Box::new(fault("problem-template-value", line).with("found", self.found()))),
        }
        match self.next() {
            Some(TokenKind::Text(text)) => value(Literal::Text(text)),
            Some(TokenKind::Int(number)) => value(Literal::Int(number)),
            Some(TokenKind::Float(number)) => value(Literal::Float(number)),
            Some(TokenKind::Symbol("(")) => {
                if self.skip(")") {
                    return leaf(ExprKind::List(Vec::new()));
                }
                let first = self.expression(scope)?;
                if !self.skip(",") {
                    self.symbol(")")?;
                    return Ok(first);
                }
                let mut elements = vec![first];
                elements.extend(self.list(")", scope)?);
                self.list_node(elements, line)
            }
            Some(TokenKind::Symbol("[")) => {
                let elements = self.list("]", scope)?;
                self.list_node(elements, line)
            }
            // `.Subscriber.Name`, of Go's templates.
            Some(TokenKind::Symbol(_)) => Err(self.unknown_path(String::new(), true, line, scope, None)),
            Some(TokenKind::Name(name)) => match &*name {
                "true" | "True" => value(Literal::Bool(true)),
                "false" | "False" => value(Literal::Bool(false)),
                "none" | "None" => value(Literal::None),
                "recipient" => self.field(line, scope),
                "loop" if scope.loops() > 0 => self.loop_field(line, scope),
                "range" if self.peek() == Some(&TokenKind::Symbol("(")) => {
                    self.next();
                    let bounds = self.list(")", scope)?;
                    if bounds.is_empty() || bounds.len() > 3 {
                        let problem = fault("problem-template-arguments", line);
                        return Err(Box::new(problem.with("detail", "range").with("most", 3)));
                    }
                    let depth = bounds.iter().map(|bound| bound.depth).max().unwrap_or(0);
                    node(ExprKind::Range(bounds), line, depth)
                }
                name => match scope.find(name) {
                    Some(slot) => leaf(ExprKind::Local(slot)),
                    None => Err(self.unknown_path(name.to_owned(), false, line, scope, None)),
                },
            },
            None => Err(self.expected_name_at_first()),
        }
    }

    fn list_node(&mut self, elements: Vec<Expr>, line: u32) -> Result<Expr, Fault> {
        let depth = elements.iter().map(|element| element.depth).max().unwrap_or(0);
        node(ExprKind::List(elements), line, depth)
    }

    /// Counts a step into the expression; whoever comes back counts it out, and a fault ends the parsing anyway.
    fn deeper(&mut self) -> Result<(), Fault> {
        self.level += 1;
        if self.level > DEEPEST_EXPRESSION { Err(too_deep(self.line)) } else { Ok(()) }
    }
}

fn too_deep(line: u32) -> Fault {
    Box::new(fault("problem-template-deep", line).with("most", DEEPEST_EXPRESSION))
}

fn deepest(two: [&Expr; 2]) -> u8 {
    two[0].depth.max(two[1].depth)
}

/// A node above others, the deepest of which is `below` deep.
pub(super) fn node(kind: ExprKind, line: u32, below: u8) -> Result<Expr, Fault> {
    if below >= DEEPEST_EXPRESSION { Err(too_deep(line)) } else { Ok(Expr { kind, line, depth: below + 1 }) }
}

fn binary(operator: Binary, left: Expr, right: Expr, line: u32) -> Result<Expr, Fault> {
    let depth = deepest([&left, &right]);
    node(ExprKind::Binary(operator, Box::new((left, right))), line, depth)
}

/// An operator of another language, and what to write instead if there is something.
fn foreign_operator(symbol: &'static str, line: u32) -> Option<Fault> {
    let instead = match symbol {
        "&&" => Some("and"),
        "||" => Some("or"),
        "!" => Some("not"),
        "=" => Some("=="),
        "~" | "**" | "?" | ";" | "@" | "#" | "$" | "^" | "&" | "\\" | "{" | "}" | "`" | ":" => None,
        _ => return None,
    };
    Some(unknown("problem-template-operator", "problem-template-operator-try", line, symbol, instead))
}
