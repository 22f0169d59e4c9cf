//! Renders a parsed template for one recipient.
//!
//! It recurses as deep as blocks and expressions are nested, which the parser has bounded; steps, bytes gone through,
//! values and output are bounded here, by [`Meter`] and by [`LARGEST_OUTPUT`].

use std::cmp::Ordering;
use std::fmt;

use super::allowed::{Field, Filter, LoopField, Test};
use super::ast::{Binary, Expr, ExprKind, For, Literal, Node, Template};
use super::faults::{Fault, fault};
use super::filters::{self, a_list, not_a_number};
use super::value::{LONGEST_LIST, List, Meter, Number, Text, Value};
use super::{Person, RenderLimits};

/// Largest rendered part, in bytes: four times the longest template.
pub const LARGEST_OUTPUT: usize = 4_000_000;

/// Renders a template; `html` says whether values are escaped.
pub fn render(template: &Template, person: Person<'_>, html: bool, limits: RenderLimits<'_>) -> Result<String, Fault> {
    let mut renderer = Renderer {
        source: &template.source,
        person,
        html,
        variables: vec![Value::Undefined; template.slots],
        loops: Vec::new(),
        meter: Meter::new(limits),
        output: String::with_capacity(template.source.len()),
    };
    renderer.nodes(&template.nodes)?;
    Ok(renderer.output)
}

struct Renderer<'a, 'l> {
    source: &'a str,
    person: Person<'a>,
    html: bool,
    variables: Vec<Value<'a>>,
    /// Of each loop around: which element it is at, and how many there are.
    loops: Vec<(usize, usize)>,
    meter: Meter<'l>,
    output: String,
}

impl<'a> Renderer<'a, '_> {
    fn nodes(&mut self, nodes: &'a [Node]) -> Result<(), Fault> {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &'a Node) -> Result<(), Fault> {
        match node {
            Node::Text { start, end } => {
                self.meter.steps(1, 1)?;
                self.write(&self.source[*start..*end], 1)
            }
            Node::Print(expr) => {
                let value = self.value(expr)?;
                self.print(&value, expr.line)
            }
            Node::If { arms, otherwise } => {
                for (condition, body) in arms {
                    if self.value(condition)?.is_true() {
                        return self.nodes(body);
                    }
                }
                self.nodes(otherwise)
            }
            Node::For(repetition) => self.repeat(repetition),
            Node::Set { slot, value } => {
                self.variables[*slot] = self.value(value)?;
                Ok(())
            }
        }
    }

    fn repeat(&mut self, repetition: &'a For) -> Result<(), Fault> {
        let line = repetition.line;
        let Value::List(list) = self.value(&repetition.list)? else {
            return Err(Box::new(fault("problem-template-not-list", line)));
        };
        if list.elements.is_empty() {
            return self.nodes(&repetition.otherwise);
        }
        self.loops.push((0, list.elements.len()));
        for (index, element) in list.elements.iter().enumerate() {
            self.meter.steps(1 + repetition.inner.len() + repetition.targets.len(), line)?;
            if let Some(innermost) = self.loops.last_mut() {
                innermost.0 = index;
            }
            for (slot, outer) in &repetition.inner {
                self.variables[*slot] = outer.map_or(Value::Undefined, |outer| self.variables[outer].clone());
            }
            match repetition.targets.as_slice() {
                [one] => self.variables[*one] = element.clone(),
                several => {
                    let Value::List(parts) = element else {
                        return Err(Box::new(fault("problem-template-parts", line).with("wanted", several.len())));
                    };
                    if parts.elements.len() != several.len() {
                        return Err(Box::new(fault("problem-template-parts", line).with("wanted", several.len())));
                    }
                    for (slot, part) in several.iter().zip(parts.elements.iter()) {
                        self.variables[*slot] = part.clone();
                    }
                }
            }
            self.nodes(&repetition.body)?;
        }
        self.loops.pop();
        Ok(())
    }

    fn print(&mut self, value: &Value<'a>, line: u32) -> Result<(), Fault> {
        let text = value.to_text().ok_or_else(|| a_list(line))?;
        let string = text.as_str();
        if !self.html || matches!(text, Text::Markup(_)) || !string.contains(['&', '<', '>', '"', '\'']) {
            return self.write(string, line);
        }
        // Values are short: what escaping makes of one fits in memory before it is known to fit in the output.
        self.write(&Escaped(string).to_string(), line)
    }

    fn write(&mut self, text: &str, line: u32) -> Result<(), Fault> {
        if self.output.len() + text.len() > LARGEST_OUTPUT {
            return Err(Box::new(fault("problem-template-large", line)));
        }
        self.output.push_str(text);
        Ok(())
    }

    fn value(&mut self, expr: &'a Expr) -> Result<Value<'a>, Fault> {
        let line = expr.line;
        self.meter.steps(1, line)?;
        Ok(match &expr.kind {
            ExprKind::Literal(literal) => match literal {
                Literal::None => Value::None,
                Literal::Bool(value) => Value::Bool(*value),
                Literal::Int(number) => Value::Int(*number),
                Literal::Float(number) => Value::Float(*number),
                Literal::Text(text) => Value::Text(Text::Borrowed(text)),
            },
            ExprKind::Field(field) => Value::Text(Text::Borrowed(match field {
                Field::Email => self.person.email,
                Field::FullName => self.person.full_name,
                Field::Comment => self.person.comment,
            })),
            ExprKind::Local(slot) => self.variables[*slot].clone(),
            ExprKind::Loop(field, depth) => self.of_loop(*field, *depth),
            ExprKind::List(elements) => self.list(elements, line)?,
            ExprKind::Range(bounds) => self.range(bounds, line)?,
            ExprKind::Not(operand) => Value::Bool(!self.value(operand)?.is_true()),
            ExprKind::Negative(operand) => {
                let value = self.value(operand)?;
                arithmetic(Binary::Subtract, &Value::Int(0), &value, line)?
            }
            ExprKind::All(operands) => self.first(operands, false)?,
            ExprKind::Any(operands) => self.first(operands, true)?,
            ExprKind::Binary(operator, operands) => self.binary(*operator, operands, line)?,
            ExprKind::Choice(parts) => {
                if self.value(&parts.0)?.is_true() {
                    self.value(&parts.1)?
                } else {
                    match &parts.2 {
                        Some(otherwise) => self.value(otherwise)?,
                        None => Value::Undefined,
                    }
                }
            }
            ExprKind::Filter(filter, input, arguments) => self.filter(*filter, input, arguments, line)?,
            ExprKind::Test { test, negated, operand, argument } => {
                let operand = self.value(operand)?;
                let argument = match argument {
                    Some(argument) => self.value(argument)?,
                    None => Value::None,
                };
                Value::Bool(self.test(*test, &operand, &argument, line)? != *negated)
            }
            ExprKind::Item(parts) => {
                let (of, index) = (self.value(&parts.0)?, self.value(&parts.1)?);
                if let Value::Text(text) = &of {
                    self.meter.bytes(text.as_str().len(), line)?;
                }
                item(&of, &index, line)?
            }
        })
    }

    fn filter(
        &mut self,
        filter: Filter,
        input: &'a Expr,
        arguments: &'a [Expr],
        line: u32,
    ) -> Result<Value<'a>, Fault> {
        let input = self.value(input)?;
        let mut values = [Value::Undefined, Value::Undefined];
        for (value, argument) in values.iter_mut().zip(arguments) {
            *value = self.value(argument)?;
        }
        filters::apply(filter, input, &values[..arguments.len().min(2)], &mut self.meter, line)
    }

    /// The first operand that is as wanted, or else the last.
    fn first(&mut self, operands: &'a [Expr], wanted: bool) -> Result<Value<'a>, Fault> {
        let mut value = Value::Undefined;
        for operand in operands {
            value = self.value(operand)?;
            if value.is_true() == wanted {
                break;
            }
        }
        Ok(value)
    }

    fn of_loop(&self, field: LoopField, depth: usize) -> Value<'a> {
        let (index, length) = self.loops.get(depth).copied().unwrap_or_default();
        let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        match field {
            LoopField::Index => number(index + 1),
            LoopField::Index0 => number(index),
            LoopField::ReverseIndex => number(length - index),
            LoopField::ReverseIndex0 => number(length - index - 1),
            LoopField::First => Value::Bool(index == 0),
            LoopField::Last => Value::Bool(index + 1 == length),
            LoopField::Length => number(length),
        }
    }

    fn list(&mut self, elements: &'a [Expr], line: u32) -> Result<Value<'a>, Fault> {
        let mut has_lists = false;
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let value = self.value(element)?;
            if let Value::List(list) = &value {
                has_lists = true;
                if list.has_lists {
                    return Err(Box::new(fault("problem-template-nested-list", line)));
                }
            }
            values.push(value);
        }
        Ok(Value::List(List { elements: values.into(), has_lists }))
    }

    fn range(&mut self, bounds: &'a [Expr], line: u32) -> Result<Value<'a>, Fault> {
        let mut numbers = [0, 0, 1];
        for (number, bound) in numbers.iter_mut().zip(bounds) {
            let value = self.value(bound)?;
            let Value::Int(whole) = value else { return Err(not_a_number(&value, "range", line)) };
            *number = whole;
        }
        let [from, to, step] = if bounds.len() == 1 { [0, numbers[0], 1] } else { numbers };
        if step == 0 {
            return Err(Box::new(fault("problem-template-arguments", line).with("detail", "range").with("most", 3)));
        }
        let mut values = Vec::new();
        let mut next = Some(from);
        while let Some(number) = next.filter(|number| if step > 0 { *number < to } else { *number > to }) {
            if values.len() == LONGEST_LIST {
                return Err(Box::new(fault("problem-template-long-list", line).with("most", LONGEST_LIST)));
            }
            self.meter.steps(1, line)?;
            values.push(Value::Int(number));
            next = number.checked_add(step);
        }
        Ok(Value::list(values))
    }

    fn binary(&mut self, operator: Binary, operands: &'a (Expr, Expr), line: u32) -> Result<Value<'a>, Fault> {
        let (left, right) = (self.value(&operands.0)?, self.value(&operands.1)?);
        let ordered = |wanted: fn(Ordering) -> bool, order: Ordering| Value::Bool(wanted(order));
        Ok(match operator {
            Binary::Equal => Value::Bool(self.equal(&left, &right, line)?),
            Binary::NotEqual => Value::Bool(!self.equal(&left, &right, line)?),
            Binary::In => Value::Bool(self.contains(&right, &left, line)?),
            Binary::NotIn => Value::Bool(!self.contains(&right, &left, line)?),
            Binary::Less => ordered(Ordering::is_lt, self.order(&left, &right, line)?),
            Binary::LessOrEqual => ordered(Ordering::is_le, self.order(&left, &right, line)?),
            Binary::Greater => ordered(Ordering::is_gt, self.order(&left, &right, line)?),
            Binary::GreaterOrEqual => ordered(Ordering::is_ge, self.order(&left, &right, line)?),
            _ => arithmetic(operator, &left, &right, line)?,
        })
    }

    fn test(&mut self, test: Test, value: &Value<'a>, argument: &Value<'a>, line: u32) -> Result<bool, Fault> {
        let whole = |value: &Value<'a>, name: &str| match value {
            Value::Int(number) => Ok(*number),
            other => Err(not_a_number(other, name, line)),
        };
        Ok(match test {
            Test::Defined => !matches!(value, Value::Undefined),
            Test::Undefined => matches!(value, Value::Undefined),
            Test::None => matches!(value, Value::None),
            Test::True => matches!(value, Value::Bool(true)),
            Test::False => matches!(value, Value::Bool(false)),
            Test::Number => value.number().is_some(),
            Test::String => matches!(value, Value::Text(_)),
            Test::Odd => whole(value, "odd")? % 2 != 0,
            Test::Even => whole(value, "even")? % 2 == 0,
            Test::DivisibleBy => {
                let (number, by) = (whole(value, "divisibleby")?, whole(argument, "divisibleby")?);
                number.checked_rem(by).is_some_and(|rest| rest == 0)
            }
            Test::StartingWith | Test::EndingWith => {
                let (text, part) = (value.to_text(), argument.to_text());
                let (Some(text), Some(part)) = (text, part) else { return Err(a_list(line)) };
                self.meter.bytes(part.as_str().len(), line)?;
                if test == Test::StartingWith {
                    text.as_str().starts_with(part.as_str())
                } else {
                    text.as_str().ends_with(part.as_str())
                }
            }
            Test::In => self.contains(argument, value, line)?,
            Test::Equal => self.equal(value, argument, line)?,
            Test::NotEqual => !self.equal(value, argument, line)?,
            Test::Less => self.order(value, argument, line)?.is_lt(),
            Test::LessOrEqual => self.order(value, argument, line)?.is_le(),
            Test::Greater => self.order(value, argument, line)?.is_gt(),
            Test::GreaterOrEqual => self.order(value, argument, line)?.is_ge(),
        })
    }

    /// Texts equal texts, numbers numbers; nothing else equals anything of another kind.
    fn equal(&mut self, left: &Value<'a>, right: &Value<'a>, line: u32) -> Result<bool, Fault> {
        Ok(match (left, right) {
            (Value::Undefined, Value::Undefined) | (Value::None, Value::None) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::Text(left), Value::Text(right)) => {
                let (left, right) = (left.as_str(), right.as_str());
                self.meter.bytes(left.len().min(right.len()), line)?;
                left == right
            }
            (Value::List(left), Value::List(right)) => {
                if left.elements.len() != right.elements.len() {
                    return Ok(false);
                }
                for (left, right) in left.elements.iter().zip(right.elements.iter()) {
                    self.meter.steps(1, line)?;
                    // As deep as lists are nested: twice.
                    if !self.equal(left, right, line)? {
                        return Ok(false);
                    }
                }
                true
            }
            (left, right) => match (left.number(), right.number()) {
                (Some(left), Some(right)) => left.as_float() == right.as_float(),
                _ => false,
            },
        })
    }

    fn order(&mut self, left: &Value<'a>, right: &Value<'a>, line: u32) -> Result<Ordering, Fault> {
        let order = match (left, right) {
            (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
            (Value::Text(left), Value::Text(right)) => {
                let (left, right) = (left.as_str(), right.as_str());
                self.meter.bytes(left.len().min(right.len()), line)?;
                Some(left.cmp(right))
            }
            (left, right) => match (left.number(), right.number()) {
                (Some(left), Some(right)) => left.as_float().partial_cmp(&right.as_float()),
                _ => None,
            },
        };
        order.ok_or_else(|| Box::new(fault("problem-template-compare", line)))
    }

    fn contains(&mut self, of: &Value<'a>, part: &Value<'a>, line: u32) -> Result<bool, Fault> {
        if let Value::List(list) = of {
            for element in list.elements.iter() {
                self.meter.steps(1, line)?;
                if self.equal(element, part, line)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let (Some(text), Some(part)) = (of.to_text(), part.to_text()) else { return Err(a_list(line)) };
        self.meter.bytes(text.as_str().len(), line)?;
        Ok(text.as_str().contains(part.as_str()))
    }
}

/// `a[0]`, from the end with a negative number. What is not there is nothing.
fn item<'a>(of: &Value<'a>, index: &Value<'a>, line: u32) -> Result<Value<'a>, Fault> {
    let Value::Int(index) = index else { return Err(not_a_number(index, "[ ]", line)) };
    let from_start = |length: usize| {
        let length = i64::try_from(length).ok()?;
        usize::try_from(if *index < 0 { length.checked_add(*index)? } else { *index }).ok()
    };
    if let Value::List(list) = of {
        let element = from_start(list.elements.len()).and_then(|at| list.elements.get(at));
        return Ok(element.cloned().unwrap_or(Value::Undefined));
    }
    let text = of.to_text().ok_or_else(|| a_list(line))?;
    let character = from_start(text.as_str().chars().count()).and_then(|at| text.as_str().chars().nth(at));
    Ok(character.map_or(Value::Undefined, |character| Value::text(character.to_string())))
}

/// Counts with numbers alone: there is no operator that joins texts or repeats them.
fn arithmetic<'a>(operator: Binary, left: &Value<'a>, right: &Value<'a>, line: u32) -> Result<Value<'a>, Fault> {
    let sign = match operator {
        Binary::Add => "+",
        Binary::Subtract => "-",
        Binary::Multiply => "*",
        Binary::Divide => "/",
        Binary::DivideWhole => "//",
        _ => "%",
    };
    let number = |value: &Value<'a>| value.number().ok_or_else(|| not_a_number(value, sign, line));
    let (left, right) = (number(left)?, number(right)?);
    let divides = matches!(operator, Binary::Divide | Binary::DivideWhole | Binary::Remainder);
    if divides && right.as_float() == 0.0 {
        return Err(Box::new(fault("problem-template-zero", line)));
    }
    let overflow = || Box::new(fault("problem-template-overflow", line));
    if let (Number::Int(left), Number::Int(right)) = (left, right)
        && operator != Binary::Divide
    {
        let result = match operator {
            Binary::Add => left.checked_add(right),
            Binary::Subtract => left.checked_sub(right),
            Binary::Multiply => left.checked_mul(right),
            Binary::DivideWhole => left.checked_div_euclid(right),
            _ => left.checked_rem_euclid(right),
        };
        return result.map(Value::Int).ok_or_else(overflow);
    }
    let (left, right) = (left.as_float(), right.as_float());
    let result = match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        Binary::DivideWhole => left.div_euclid(right),
        _ => left.rem_euclid(right),
    };
    if result.is_finite() { Ok(Value::Float(result)) } else { Err(overflow()) }
}

/// Text as it stands in HTML, between tags and in quoted attributes.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            formatter.write_str(&rest[..at])?;
            formatter.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#x27;",
            })?;
            rest = &rest[at + 1..];
        }
        formatter.write_str(rest)
    }
}
