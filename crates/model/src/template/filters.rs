//! What filters do. Each goes through its input once, counts that, and gives no more than [`LONGEST_VALUE`].
//!
//! Whatever is nothing (an element that is not there, `none`) counts as an empty text: a filter that some recipients'
//! values do not suit would fail for those alone, long after the message was checked.

use super::allowed::Filter;
use super::faults::{Fault, fault, quote};
use super::render::Escaped;
use super::value::{LONGEST_LIST, LONGEST_VALUE, List, Meter, Number, Text, Value};

/// Applies a filter.
pub fn apply<'a>(
    filter: Filter,
    input: Value<'a>,
    arguments: &[Value<'a>],
    meter: &mut Meter<'_>,
    line: u32,
) -> Result<Value<'a>, Fault> {
    match filter {
        Filter::Default => {
            if let Value::Text(text) = &input {
                meter.bytes(text.as_str().len(), line)?;
            }
            let instead = arguments.first().cloned().unwrap_or(Value::Text(Text::Borrowed("")));
            Ok(if input.is_empty() { instead } else { input })
        }
        Filter::Length => length(&input, meter, line),
        Filter::First | Filter::Last => end(filter, &input, line),
        Filter::Join => join(&input, arguments.first(), meter, line),
        Filter::Int | Filter::Float => convert(filter, input, arguments.first(), line),
        Filter::Abs => match number(&input, "abs", line)? {
            Number::Int(whole) => whole.checked_abs().map(Value::Int).ok_or_else(|| too_large(line)),
            Number::Float(number) => Ok(Value::Float(number.abs())),
        },
        Filter::Round => round(&input, arguments.first(), line),
        _ => {
            let text = input.to_text().ok_or_else(|| a_list(line))?;
            meter.bytes(text.as_str().len(), line)?;
            of_text(filter, text, arguments, meter, line)
        }
    }
}

fn of_text<'a>(
    filter: Filter,
    text: Text<'a>,
    arguments: &[Value<'a>],
    meter: &mut Meter<'_>,
    line: u32,
) -> Result<Value<'a>, Fault> {
    let string = text.as_str();
    let made = match filter {
        Filter::Upper => string.to_uppercase(),
        Filter::Lower => string.to_lowercase(),
        Filter::Capitalize => capitalized(string),
        Filter::Title => title(string),
        Filter::Trim => string.trim().to_owned(),
        Filter::UrlEncode => url_encoded(string),
        Filter::Replace => return replace(string, arguments, meter, line),
        Filter::Split => return split(string, arguments.first(), meter, line),
        Filter::Escape => {
            if matches!(text, Text::Markup(_)) {
                return Ok(Value::Text(text));
            }
            let markup = Escaped(string).to_string();
            return Ok(Value::Text(Text::Markup(bounded(markup, line)?.into())));
        }
        Filter::Safe => return Ok(Value::Text(Text::Markup(bounded(string.to_owned(), line)?.into()))),
        _ => return Ok(Value::Text(text)),
    };
    Ok(Value::text(bounded(made, line)?))
}

/// Inputs are bounded, and these filters make at most six bytes of one: it is enough to look afterwards.
fn bounded(made: String, line: u32) -> Result<String, Fault> {
    if made.len() > LONGEST_VALUE { Err(large_value(line)) } else { Ok(made) }
}

fn large_value(line: u32) -> Fault {
    Box::new(fault("problem-template-value-large", line).with("most", LONGEST_VALUE))
}

fn too_large(line: u32) -> Fault {
    Box::new(fault("problem-template-overflow", line))
}

/// A list stands where a text has to.
pub fn a_list(line: u32) -> Fault {
    Box::new(fault("problem-template-list", line))
}

fn number(value: &Value<'_>, name: &'static str, line: u32) -> Result<Number, Fault> {
    value.number().ok_or_else(|| not_a_number(value, name, line))
}

/// A number is wanted and something else came.
pub fn not_a_number(value: &Value<'_>, name: &str, line: u32) -> Fault {
    let text = value.to_text();
    let found = text.as_ref().map_or("[…]", |text| text.as_str());
    Box::new(fault("problem-template-not-number", line).with("detail", name).with("found", quote(found)))
}

fn length<'a>(input: &Value<'a>, meter: &mut Meter<'_>, line: u32) -> Result<Value<'a>, Fault> {
    let length = match input {
        Value::List(list) => list.elements.len(),
        other => {
            let text = other.to_text().ok_or_else(|| a_list(line))?;
            meter.bytes(text.as_str().len(), line)?;
            text.as_str().chars().count()
        }
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn end<'a>(filter: Filter, input: &Value<'a>, line: u32) -> Result<Value<'a>, Fault> {
    let first = filter == Filter::First;
    if let Value::List(List { elements, .. }) = input {
        let element = if first { elements.first() } else { elements.last() };
        return Ok(element.cloned().unwrap_or(Value::Undefined));
    }
    let text = input.to_text().ok_or_else(|| a_list(line))?;
    let mut characters = text.as_str().chars();
    let character = if first { characters.next() } else { characters.next_back() };
    Ok(character.map_or(Value::Undefined, |character| Value::text(character.to_string())))
}

fn join<'a>(
    input: &Value<'a>,
    separator: Option<&Value<'a>>,
    meter: &mut Meter<'_>,
    line: u32,
) -> Result<Value<'a>, Fault> {
    let Value::List(list) = input else {
        return Err(Box::new(fault("problem-template-not-list", line)));
    };
    let separator = match separator {
        Some(separator) => separator.to_text().ok_or_else(|| a_list(line))?,
        None => Text::Borrowed(""),
    };
    let mut joined = String::new();
    for (at, element) in list.elements.iter().enumerate() {
        let element = element.to_text().ok_or_else(|| a_list(line))?;
        let between = if at > 0 { separator.as_str() } else { "" };
        let more = between.len() + element.as_str().len();
        meter.steps(1 + more / 64, line)?;
        if joined.len() + more > LONGEST_VALUE {
            return Err(large_value(line));
        }
        joined.push_str(between);
        joined.push_str(element.as_str());
    }
    Ok(Value::text(joined))
}

fn convert<'a>(filter: Filter, input: Value<'a>, instead: Option<&Value<'a>>, line: u32) -> Result<Value<'a>, Fault> {
    let whole = filter == Filter::Int;
    let number = match &input {
        Value::Bool(value) => Some(Number::Int(i64::from(*value))),
        Value::Text(text) => parse_number(text.as_str()),
        other => other.number(),
    };
    let converted = match number {
        Some(Number::Int(number)) if whole => Some(Value::Int(number)),
        // A cast keeps to the bounds; what lies outside of them is no number that anyone counts with.
        Some(Number::Float(number)) if whole && number.abs() < 9e18 => Some(Value::Int(number as i64)),
        Some(number) if !whole => Some(Value::Float(number.as_float())),
        _ => None,
    };
    match (converted, instead) {
        (Some(value), _) => Ok(value),
        (None, Some(instead)) => Ok(instead.clone()),
        (None, None) => Err(not_a_number(&input, if whole { "int" } else { "float" }, line)),
    }
}

/// A number as people write it, with a comma or a point.
fn parse_number(text: &str) -> Option<Number> {
    let text = text.trim();
    if text.len() > 40 || !text.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let whole = text.parse().map(Number::Int);
    whole.or_else(|_| text.replacen(',', ".", 1).parse().map(Number::Float)).ok()
}

fn round<'a>(input: &Value<'a>, digits: Option<&Value<'a>>, line: u32) -> Result<Value<'a>, Fault> {
    let digits = match digits.map(|digits| number(digits, "round", line)).transpose()? {
        None => 0,
        Some(Number::Int(digits @ 0..=9)) => i32::try_from(digits).unwrap_or(0),
        Some(_) => {
            return Err(Box::new(fault("problem-template-arguments", line).with("detail", "round").with("most", 1)));
        }
    };
    match number(input, "round", line)? {
        Number::Int(whole) => Ok(Value::Int(whole)),
        Number::Float(number) => {
            let scale = 10f64.powi(digits);
            let scaled = number * scale;
            Ok(Value::Float(if scaled.is_finite() { scaled.round() / scale } else { number }))
        }
    }
}

fn replace<'a>(string: &str, arguments: &[Value<'a>], meter: &mut Meter<'_>, line: u32) -> Result<Value<'a>, Fault> {
    let [from, to] = arguments else { return Err(a_list(line)) };
    let from = from.to_text().ok_or_else(|| a_list(line))?;
    let to = to.to_text().ok_or_else(|| a_list(line))?;
    let (from, to) = (from.as_str(), to.as_str());
    if from.is_empty() {
        return Ok(Value::text(string.to_owned()));
    }
    let mut made = String::new();
    let mut rest = string;
    while let Some(at) = rest.find(from) {
        meter.steps(1 + to.len() / 64, line)?;
        if made.len() + at + to.len() > LONGEST_VALUE {
            return Err(large_value(line));
        }
        made.push_str(&rest[..at]);
        made.push_str(to);
        rest = &rest[at + from.len()..];
    }
    made.push_str(rest);
    Ok(Value::text(bounded(made, line)?))
}

fn split<'a>(
    string: &str,
    separator: Option<&Value<'a>>,
    meter: &mut Meter<'_>,
    line: u32,
) -> Result<Value<'a>, Fault> {
    let separator = match separator {
        Some(separator) => separator.to_text().ok_or_else(|| a_list(line))?,
        None => Text::Borrowed(""),
    };
    let parts: Box<dyn Iterator<Item = &str> + '_> = match separator.as_str() {
        "" => Box::new(string.split_whitespace()),
        separator => Box::new(string.split(separator)),
    };
    let mut elements = Vec::new();
    for part in parts {
        meter.steps(1, line)?;
        if elements.len() == LONGEST_LIST {
            return Err(Box::new(fault("problem-template-long-list", line).with("most", LONGEST_LIST)));
        }
        elements.push(Value::text(part.to_owned()));
    }
    Ok(Value::list(elements))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &characters.as_str().to_lowercase()
}

/// Each word with a capital letter. An apostrophe is within a word: "o'neill" is one.
fn title(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut within = false;
    for character in text.chars() {
        if within {
            made.extend(character.to_lowercase());
        } else {
            made.extend(character.to_uppercase());
        }
        within = character.is_alphanumeric() || matches!(character, '\'' | '’');
    }
    made
}

/// RFC 3986, 2.3: all but unreserved characters; slashes stay, as in Jinja.
fn url_encoded(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            made.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            made.push('%');
            made.push(char::from(DIGITS[usize::from(byte >> 4)]));
            made.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    made
}
