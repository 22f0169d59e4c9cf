//! Names in expressions: fields of the recipient and of a loop, and everything that does not exist.

use super::allowed::{FIELDS, LOOP_FIELDS, closest, filter_like};
use super::ast::{Expr, ExprKind};
use super::expression::{Cursor, node};
use super::faults::{Fault, fault, unknown};
use super::foreign::field_like;
use super::lexer::TokenKind;
use super::parser::Scope;

impl Cursor {
    /// After `recipient`: `.email` or `["email"]`.
    pub(super) fn field(&mut self, line: u32, scope: &Scope) -> Result<Expr, Fault> {
        let bracket = self.skip("[");
        if !bracket && !self.skip(".") {
            return Err(unknown(
                "problem-template-unknown",
                "problem-template-unknown-try",
                line,
                "recipient",
                Some("recipient.full_name"),
            ));
        }
        let name = match self.peek().cloned() {
            Some(TokenKind::Name(name)) if !bracket => name,
            Some(TokenKind::Text(name)) if bracket => name,
            _ => return Err(Box::new(fault("problem-template-name", line).with("found", self.found()))),
        };
        self.next();
        if bracket {
            self.symbol("]")?;
        }
        match FIELDS.iter().find(|(known, _)| *known == &*name) {
            Some((_, field)) => node(ExprKind::Field(*field), line, 0).and_then(|field| {
                let method = self.peek() == Some(&TokenKind::Symbol("."));
                if method {
                    self.next();
                    return Err(self.method(line, &format!("recipient.{name}")));
                }
                Ok(field)
            }),
            None => {
                let like = closest(&name, FIELDS.iter().map(|(name, _)| *name)).map(|like| format!("recipient.{like}"));
                Err(self.unknown_path(format!("recipient.{name}"), false, line, scope, like))
            }
        }
    }

    /// After `loop`, inside one.
    pub(super) fn loop_field(&mut self, line: u32, scope: &Scope) -> Result<Expr, Fault> {
        self.symbol(".")?;
        let Some(TokenKind::Name(name)) = self.next() else { return Err(self.expected_name_at_first()) };
        match LOOP_FIELDS.iter().find(|(known, _)| *known == &*name) {
            Some((_, field)) => node(ExprKind::Loop(*field, scope.loops() - 1), line, 0),
            None => {
                let like = closest(&name, LOOP_FIELDS.iter().map(|(name, _)| *name)).map(|like| format!("loop.{like}"));
                let name = format!("loop.{name}");
                Err(unknown("problem-template-unknown", "problem-template-unknown-try", line, &name, like.as_deref()))
            }
        }
    }

    /// `name.upper()`: there are no methods, but there may be a filter.
    pub(super) fn method(&mut self, line: u32, of: &str) -> Fault {
        let Some(TokenKind::Name(name)) = self.next() else { return self.expected_name_at_first() };
        let instead = filter_like(&name).map(|filter| format!("|{filter}"));
        if self.peek() == Some(&TokenKind::Symbol("(")) {
            let name = format!("{of}.{name}()");
            return unknown(
                "problem-template-function",
                "problem-template-function-try",
                line,
                &name,
                instead.as_deref(),
            );
        }
        unknown(
            "problem-template-unknown",
            "problem-template-unknown-try",
            line,
            &format!("{of}.{name}"),
            instead.as_deref(),
        )
    }

    /// A name that does not exist, with everything that hangs on it by dots.
    pub(super) fn unknown_path(
        &mut self,
        mut path: String,
        dotted: bool,
        line: u32,
        scope: &Scope,
        like: Option<String>,
    ) -> Fault {
        let mut dot = dotted;
        loop {
            if dot {
                path.push('.');
                match self.skip_name() {
                    Some(name) => path.push_str(&name),
                    None => break,
                }
            }
            dot = self.skip(".");
            if !dot {
                break;
            }
        }
        if self.peek() == Some(&TokenKind::Symbol("(")) {
            path.push_str("()");
            let like = path.contains("range").then_some("range()");
            return unknown("problem-template-function", "problem-template-function-try", line, &path, like);
        }
        let ours = || closest(&path, scope.names()).or_else(|| field_like(&path)).map(str::to_owned);
        let instead = like.or_else(ours);
        unknown("problem-template-unknown", "problem-template-unknown-try", line, &path, instead.as_deref())
    }
}
