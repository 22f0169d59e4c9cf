//! Makes templates that mean harm: from the language's own grammar and from what Jinja has beyond it, nested, chained,
//! repeated and damaged at random. One seed makes one template.

/// `SplitMix64`: a small generator whose numbers are the same everywhere.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of the language's own, seldom something that it has not.
    fn own<'a>(&mut self, of: &[&'a str]) -> &'a str {
        if self.one_in(60) { self.pick(FOREIGN) } else { self.pick(of) }
    }

    fn bounds(&mut self) -> &'static str {
        if self.one_in(15) { self.pick(LONG) } else { self.pick(SHORT) }
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Small most of the time, sometimes very large.
    fn count(&mut self) -> usize {
        match self.below(60) {
            0 => 1 + self.below(20_000),
            1..=3 => 1 + self.below(500),
            4..=12 => 1 + self.below(30),
            _ => 1 + self.below(4),
        }
    }
}

const NAMES: &[&str] =
    &["recipient.email", "recipient.full_name", "recipient.comment", "recipient['email']", "a", "b", "c"];
const LITERALS: &[&str] = &[
    "0",
    "1",
    "2",
    "9999",
    "1.5",
    "''",
    "'x'",
    "\"\\\"\"",
    "'xxxxxxxxxxxxxxxx'",
    "true",
    "none",
    "False",
    "'{{'",
    "'%}'",
    "'&quot;'",
    "“x”",
    "&quot;x&quot;",
    "'\\n'",
    "'\u{a0}'",
    "[]",
    "()",
    "[1, 'x']",
];
const FILTERS: &[&str] = &[
    "capitalize",
    "default",
    "d",
    "e",
    "escape",
    "first",
    "last",
    "length",
    "lower",
    "safe",
    "split",
    "string",
    "title",
    "trim",
    "upper",
    "urlencode",
    "replace('x', 'xxxxxxxx')",
    "replace('', 'x')",
    "split('x')",
    "int(1)",
    "float(0.5)",
    "default(recipient.comment)",
    "split|join(recipient.comment)",
    "abs",
    "round(9)",
    "join",
    "int",
    "replace(a, b)",
];
const TESTS: &[&str] = &[
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "true",
    "startingwith 'x'",
    "endingwith('x')",
    "in 'x'",
    "eq 1",
    "ne 'x'",
    "odd",
    "even",
    "divisibleby 3",
    "lt 1",
    "ge 'x'",
];
const OPERATORS: &[&str] = &["==", "!=", "in", "and", "or", "not in", "+", "-", "*", "/", "//", "%", "<", ">=", "&gt;"];

/// Bounds of ranges.
const SHORT: &[&str] = &["3", "2", "0, 3", "9, 0, -1", "20", "0"];
const LONG: &[&str] = &["9999", "0, 9999", "10000", "99999999999", "500"];

/// What the language has not.
const FOREIGN: &[&str] = &[
    "recipient",
    "loop.index",
    "loop",
    "self",
    "namespace",
    "x.y",
    "recipient.comment.x",
    "имя",
    "ns.a",
    "range",
    "1e308",
    "9223372036854775807",
    "99999999999999999999",
    "'%1000000000d'",
    "{}",
    "{'a': 1}",
    "x|indent(9)",
    "'x'|format(1)",
    "[1]|batch(9)",
    "[1]|map('x')",
    "1 is mapping",
    "1 ~ 2",
    "2 ** 3",
    "1 && 2",
    "1 || 2",
    "1 = 2",
    "f()",
    "dict()",
    "range(99999999999)",
    "recipient.email.upper()",
    "",
    "€",
];
const LINKS: &[&str] = &[
    "-",
    "not ",
    "|upper",
    "|e",
    "|safe",
    "|replace('x', 'xx')",
    "|split",
    "|join('x')",
    ".a",
    "[0]",
    "[-1]",
    "(",
    "[",
    "{",
    "()",
    "(1)",
    "~'a'",
    "+1",
    "-1",
    "*9",
    "**2",
    " and 1",
    " or 0",
    " if 1 else 1",
    " if 1",
    " is odd",
    " is eq 1",
    " == 1",
    " in [1]",
    ",1",
    "|default(",
    "range(",
    "'",
    "\"",
    "&quot;",
    "}}",
    "{{",
    "{%",
    "%}",
    "{#",
    "#}",
    " ",
];
const TEXTS: &[&str] = &[
    "",
    "x",
    "Здравствуйте, ",
    "<p>",
    "</p>",
    "<div>",
    "{",
    "}",
    "{#",
    "#}",
    "{# x #}",
    "*|FNAME|*",
    "[[name]]",
    "%name%",
    "${x}",
    "&nbsp;",
    "\n",
    "\u{e0f0}0\u{e0f1}",
    "<style>a{b:c}</style>",
    "{% raw %}",
    "{% endraw %}",
    "<%=",
];
const TAGS: &[&str] = &[
    "include 'x'",
    "extends 'x'",
    "macro m()",
    "endmacro",
    "call m()",
    "block b",
    "do f()",
    "with a = 1",
    "filter upper",
    "autoescape false",
    "import 'x' as y",
    "break",
    "continue",
    "endif",
    "endfor",
    "else",
    "elif 1",
    "set a",
    "endset",
    "set ns = namespace(a=[])",
    "set ns.a = [ns.a]",
    "for a",
    "if",
    "",
    "raw",
    "endraw",
];

/// The template of a seed.
pub fn template(seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    // Names that are known, so that most of what follows can be compiled.
    let mut template = "{% set a = 'x' %}{% set b = 2 %}{% set c = recipient.comment|split %}".to_owned();
    blocks(&mut numbers, &mut template, 4);
    damage(&mut numbers, template)
}

fn blocks(numbers: &mut Numbers, out: &mut String, depth: usize) {
    for _ in 0..1 + numbers.below(4) {
        if out.len() > 12_000 {
            return;
        }
        block(numbers, out, depth);
    }
}

fn block(numbers: &mut Numbers, out: &mut String, depth: usize) {
    let open = ["{%", "{%-", "{%+"];
    let close = ["%}", "-%}", "+%}", "}}"];
    match numbers.below(if depth == 0 { 5 } else { 11 }) {
        0 | 4 => out.push_str(numbers.pick(TEXTS)),
        1 | 2 => {
            out.push_str("{{ ");
            expression(numbers, out, 4);
            out.push_str(" }}");
        }
        3 => {
            out.push_str("{% set ");
            out.push_str(numbers.pick(&["a", "b", "c", "a", "b", "c", "a", "b", "c", "recipient", "ns.a"]));
            out.push_str(" = ");
            expression(numbers, out, 4);
            out.push_str(" %}");
        }
        5 | 6 => {
            out.push_str("{% for ");
            out.push_str(numbers.pick(&["a", "b", "c", "a", "b", "c", "a, b", "a, b, c", "loop"]));
            out.push_str(" in ");
            match numbers.below(4) {
                0 => out.push_str(&format!("range({})", numbers.bounds())),
                1 => out.push_str("recipient.comment|split('x')"),
                2 => out.push_str("[(1, 2), (3, 4)]"),
                _ => expression(numbers, out, 3),
            }
            out.push_str(" %}");
            blocks(numbers, out, depth - 1);
            if numbers.one_in(3) {
                out.push_str("{% else %}");
                blocks(numbers, out, depth - 1);
            }
            out.push_str("{% endfor %}");
        }
        7 | 8 => {
            out.push_str("{% if ");
            expression(numbers, out, 4);
            out.push_str(" %}");
            blocks(numbers, out, depth - 1);
            for _ in 0..numbers.count().min(2_000) {
                out.push_str("{% elif ");
                expression(numbers, out, 1);
                out.push_str(" %}x");
            }
            out.push_str("{% endif %}");
        }
        9 if numbers.one_in(6) => {
            out.push_str(numbers.pick(&open));
            out.push(' ');
            out.push_str(numbers.pick(TAGS));
            out.push(' ');
            out.push_str(numbers.pick(&close));
        }
        _ => {
            // The same thing very often: as text, nested, or one after the other.
            let mut part = String::new();
            block(numbers, &mut part, depth - 1);
            let most = 12_000 / part.len().max(1);
            out.push_str(&part.repeat(numbers.count().min(most)));
        }
    }
}

fn expression(numbers: &mut Numbers, out: &mut String, depth: usize) {
    if out.len() > 12_000 {
        return;
    }
    match numbers.below(if depth == 0 { 2 } else { 13 }) {
        0 => out.push_str(numbers.own(NAMES)),
        1 => out.push_str(numbers.own(LITERALS)),
        2..=4 => {
            expression(numbers, out, depth - 1);
            out.push('|');
            out.push_str(numbers.own(FILTERS));
            if numbers.one_in(30) {
                arguments(numbers, out, depth - 1);
            }
        }
        5 | 6 => {
            expression(numbers, out, depth - 1);
            out.push(' ');
            out.push_str(numbers.own(OPERATORS));
            out.push(' ');
            expression(numbers, out, depth - 1);
        }
        7 => {
            expression(numbers, out, depth - 1);
            out.push_str(numbers.pick(&[" is ", " is not "]));
            out.push_str(numbers.own(TESTS));
            if numbers.one_in(30) {
                arguments(numbers, out, depth - 1);
            }
        }
        8 => {
            let (open, close) = if numbers.one_in(2) { ("[", "]") } else { ("(", ")") };
            out.push_str(open);
            for _ in 0..numbers.count().min(700) {
                expression(numbers, out, depth - 1);
                out.push(',');
            }
            out.push_str(close);
        }
        9 => {
            out.push_str("range(");
            out.push_str(numbers.bounds());
            out.push(')');
        }
        10 => {
            expression(numbers, out, depth - 1);
            out.push_str(" if ");
            expression(numbers, out, depth - 1);
            out.push_str(" else ");
            expression(numbers, out, depth - 1);
        }
        11 => {
            out.push_str(numbers.pick(&["not ", "-", ""]));
            out.push('(');
            expression(numbers, out, depth - 1);
            out.push(')');
            out.push_str(numbers.pick(&["[0]", "[-1]", ""]));
        }
        _ => {
            let link = numbers.pick(LINKS);
            let chain = link.repeat(numbers.count());
            if numbers.one_in(2) {
                out.push_str(&chain);
                expression(numbers, out, depth - 1);
            } else {
                expression(numbers, out, depth - 1);
                out.push_str(&chain);
            }
        }
    }
}

fn arguments(numbers: &mut Numbers, out: &mut String, depth: usize) {
    out.push('(');
    for at in 0..numbers.below(4) {
        if at > 0 {
            out.push_str(", ");
        }
        if numbers.one_in(5) {
            out.push_str("a=");
        }
        expression(numbers, out, depth);
    }
    out.push(')');
}

/// Cuts, doubles or overwrites a part of some.
fn damage(numbers: &mut Numbers, template: String) -> String {
    if !numbers.one_in(6) || template.is_empty() {
        return template;
    }
    let characters: Vec<char> = template.chars().collect();
    let from = numbers.below(characters.len());
    let to = (from + numbers.count()).min(characters.len());
    let mut damaged: String = characters[..from].iter().collect();
    match numbers.below(3) {
        0 => {}
        1 => damaged.push_str(numbers.pick(LINKS)),
        _ => {
            let part: String = characters[from..to].iter().collect();
            damaged.push_str(&part);
            damaged.push_str(&part);
        }
    }
    damaged.extend(&characters[to..]);
    damaged
}
