//! What templates may use: every field, filter, test, function and tag there is. Nothing outside these tables is known.
//!
//! Whoever adds a filter: its result must be bounded by its input and by [`super::value::LONGEST_VALUE`], and it has to
//! charge the meter for the bytes it goes through.

/// A field of `recipient`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Email,
    FullName,
    Comment,
}

/// Fields by name.
pub const FIELDS: &[(&str, Field)] =
    &[("email", Field::Email), ("full_name", Field::FullName), ("comment", Field::Comment)];

/// What `loop` knows inside a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopField {
    Index,
    Index0,
    ReverseIndex,
    ReverseIndex0,
    First,
    Last,
    Length,
}

/// Fields of `loop` by name.
pub const LOOP_FIELDS: &[(&str, LoopField)] = &[
    ("index", LoopField::Index),
    ("index0", LoopField::Index0),
    ("revindex", LoopField::ReverseIndex),
    ("revindex0", LoopField::ReverseIndex0),
    ("first", LoopField::First),
    ("last", LoopField::Last),
    ("length", LoopField::Length),
];

/// A filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Abs,
    Capitalize,
    Default,
    Escape,
    First,
    Float,
    Int,
    Join,
    Last,
    Length,
    Lower,
    Replace,
    Round,
    Safe,
    Split,
    String,
    Title,
    Trim,
    Upper,
    UrlEncode,
}

/// Filters by name, with the least and the most arguments.
pub const FILTERS: &[(&str, Filter, usize, usize)] = &[
    ("abs", Filter::Abs, 0, 0),
    ("capitalize", Filter::Capitalize, 0, 0),
    ("count", Filter::Length, 0, 0),
    ("d", Filter::Default, 0, 2),
    ("default", Filter::Default, 0, 2),
    ("e", Filter::Escape, 0, 0),
    ("escape", Filter::Escape, 0, 0),
    ("first", Filter::First, 0, 0),
    ("float", Filter::Float, 0, 1),
    ("int", Filter::Int, 0, 1),
    ("join", Filter::Join, 0, 1),
    ("last", Filter::Last, 0, 0),
    ("length", Filter::Length, 0, 0),
    ("lower", Filter::Lower, 0, 0),
    ("replace", Filter::Replace, 2, 2),
    ("round", Filter::Round, 0, 1),
    ("safe", Filter::Safe, 0, 0),
    ("split", Filter::Split, 0, 1),
    ("string", Filter::String, 0, 0),
    ("title", Filter::Title, 0, 0),
    ("trim", Filter::Trim, 0, 0),
    ("upper", Filter::Upper, 0, 0),
    ("urlencode", Filter::UrlEncode, 0, 0),
];

/// What other template languages and people call our filters.
const OTHER_FILTERS: &[(&str, &str)] = &[
    ("downcase", "lower"),
    ("fallback", "default"),
    ("ifempty", "default"),
    ("lowercase", "lower"),
    ("size", "length"),
    ("strip", "trim"),
    ("titlecase", "title"),
    ("tojson", "string"),
    ("upcase", "upper"),
    ("uppercase", "upper"),
    ("url_encode", "urlencode"),
];

/// A test, after `is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    Defined,
    DivisibleBy,
    EndingWith,
    Equal,
    Even,
    False,
    Greater,
    GreaterOrEqual,
    In,
    Less,
    LessOrEqual,
    None,
    NotEqual,
    Number,
    Odd,
    StartingWith,
    String,
    True,
    Undefined,
}

/// Tests by name, and whether they take an argument.
pub const TESTS: &[(&str, Test, bool)] = &[
    ("defined", Test::Defined, false),
    ("divisibleby", Test::DivisibleBy, true),
    ("endingwith", Test::EndingWith, true),
    ("eq", Test::Equal, true),
    ("equalto", Test::Equal, true),
    ("even", Test::Even, false),
    ("false", Test::False, false),
    ("ge", Test::GreaterOrEqual, true),
    ("gt", Test::Greater, true),
    ("in", Test::In, true),
    ("le", Test::LessOrEqual, true),
    ("lt", Test::Less, true),
    ("ne", Test::NotEqual, true),
    ("none", Test::None, false),
    ("number", Test::Number, false),
    ("odd", Test::Odd, false),
    ("startingwith", Test::StartingWith, true),
    ("string", Test::String, false),
    ("true", Test::True, false),
    ("undefined", Test::Undefined, false),
];

/// Tags that begin something, with what other languages call them.
pub const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "set", "raw", "endraw"];
const OTHER_TAGS: &[(&str, &str)] = &[
    ("assign", "set"),
    ("elseif", "elif"),
    ("elsif", "elif"),
    ("end", "endif"),
    ("fi", "endif"),
    ("foreach", "for"),
    ("endforeach", "endfor"),
    ("verbatim", "raw"),
];

/// Names that no variable may have.
pub const RESERVED: &[&str] = &[
    "recipient",
    "loop",
    "range",
    "true",
    "True",
    "false",
    "False",
    "none",
    "None",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "for",
    "set",
    "self",
];

/// The filter to write instead of a name that is none.
pub fn filter_like(name: &str) -> Option<&'static str> {
    of_others(name, OTHER_FILTERS).or_else(|| closest(name, FILTERS.iter().map(|(name, ..)| *name)))
}

/// The test to write instead.
pub fn test_like(name: &str) -> Option<&'static str> {
    closest(name, TESTS.iter().map(|(name, ..)| *name))
}

/// The tag to write instead.
pub fn tag_like(name: &str) -> Option<&'static str> {
    of_others(name, OTHER_TAGS).or_else(|| closest(name, TAGS.iter().copied()))
}

fn of_others(name: &str, others: &[(&str, &'static str)]) -> Option<&'static str> {
    let name = name.to_lowercase();
    others.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours)
}

/// The name that differs least from what was written, if it differs little: one letter of four may be wrong.
pub fn closest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.chars().take(40).flat_map(char::to_lowercase).collect();
    let most = written.len().div_ceil(4).min(3);
    names
        .map(|name| (distance(&written, name), name))
        .filter(|(distance, name)| *distance <= most && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein's: how many letters to insert, remove or change.
fn distance(left: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (above, r) in right.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (at, l) in left.iter().enumerate() {
            let changed = diagonal + usize::from(*l != r);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[left.len()]
}
