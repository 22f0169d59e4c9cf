use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::template::{Content, Person, derived, parser};

const ANNA: Person<'_> = Person { email: "anna@example.com", full_name: "Anna North", comment: "https://c.example/" };

/// What Anna reads of an HTML template.
fn made(html: &str) -> String {
    Content::compile("s", html, "").unwrap().render(ANNA).unwrap().text
}

/// Whether an HTML template has one text for everyone.
fn is_made_once(html: &str) -> bool {
    derived::text_template(&parser::parse(html).unwrap()).is_some()
}

/// `NAME.html`, a template, becomes `NAME.txt` for Anna North.
#[test]
fn html_becomes_text_as_a_person_would_type_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/template/text/fixtures");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    for html in names {
        let expected = fs::read_to_string(html.with_extension("txt")).unwrap();
        let source = fs::read_to_string(&html).unwrap();
        let text = made(&source);
        assert!(is_made_once(&source), "{}", html.display());
        assert_eq!(text, expected.trim_end(), "{}:\n{text}\n", html.display());
        for line in text.lines() {
            assert!(line.contains("://") || line.chars().count() <= WIDTH, "{}: {line}", html.display());
        }
    }
}

#[test]
fn an_address_is_in_one_piece_whatever_its_length() {
    let address = format!("https://shop.example.com/{}?utm_campaign=autumn", "catalogue/".repeat(60));
    let text =
        text_from_html(&format!("<p>Read <a href=\"{address}\">the catalogue</a> today, and {address} too.</p>"));
    assert_eq!(text, format!("Read the catalogue\n({address})\ntoday, and\n{address}\ntoo."));
    let source = "<p>Hello {{ recipient.full_name|default(\"my friend\") }}, \
        <a href=\"https://shop.example.com/catalogue/autumn?who={{ recipient.email|urlencode }}&amp;utm_medium=email\">open</a>.</p>";
    let expected = "Hello Anna North, open\n\
        (https://shop.example.com/catalogue/autumn?who=anna%40example.com&utm_medium=email).";
    assert_eq!(made(source), expected);
}

#[test]
fn placeholders_are_kept_and_only_they_become_placeholders() {
    let cases = [
        ("<b>{{ recipient.full_name }}</b>!", "Anna North!"),
        ("{{ \"<b>\" if recipient.comment < \"a\" else '}}' }}", "}}"),
        ("<a href=\"{{ recipient.comment }}\">there</a>", "there (https://c.example/)"),
        ("<a href=\"{{ recipient.comment }}\">{{ recipient.comment }}</a>", "https://c.example/"),
        ("&#123;&#123; not one }}", "{{ not one }}"),
        ("&#123;{{ recipient.email }}", "{anna@example.com"),
        ("a {b} c", "a {b} c"),
    ];
    for (html, expected) in cases {
        assert!(is_made_once(html), "{html}");
        assert_eq!(made(html), expected, "{html}");
    }
    // What gives HTML by itself, or is part of a name, is read when it has been rendered.
    let of_each = [
        ("<h{{ recipient.email|length }}>A</h>", "A"),
        ("&{{ 'amp' }};", "&"),
        ("&#x{{ 41 }};", "A"),
        ("<{{ recipient.full_name }}>b", "b"),
        ("{{ recipient.comment|safe }}", "https://c.example/"),
        ("{% if recipient.comment %}<p>a{% endif %}", "a"),
        ("\u{fdd0}0\u{fdd1}{{ recipient.email }}", "\u{fdd0}0\u{fdd1}anna@example.com"),
    ];
    for (html, expected) in of_each {
        assert!(!is_made_once(html), "{html}");
        assert_eq!(made(html), expected, "{html}");
    }
    assert_eq!(text_from_html("<p>{{ a }} {% b %}"), "{{ a }} {% b %}");
}

#[test]
fn links_say_where_they_lead() {
    let cases = [
        ("<a href='https://example.com/'>example.com</a>", "example.com"),
        ("<a href='https://example.com/a'>HTTPS://EXAMPLE.COM/a</a>", "HTTPS://EXAMPLE.COM/a"),
        ("<a href='mailto:anna@example.com?subject=Hi'>anna@example.com</a>", "anna@example.com"),
        ("<a href='mailto:anna@example.com'>Write to us</a>.", "Write to us (anna@example.com)."),
        ("<a href='tel:+78005553535'>8 (800) 555-35-35</a>", "8 (800) 555-35-35"),
        ("<a href='tel:+78005553535'>Call us</a>", "Call us (+78005553535)"),
        (
            "<a href='#top'>Up</a> <a href='/cart'>Cart</a> <a href='javascript:alert(1)'>No</a> <a>None</a>",
            "Up Cart No None",
        ),
        ("<a href='https://e.com/a b'>x</a>", "x (https://e.com/a%20b)"),
        ("<a href='https://e.com/\n\ta'>x</a>", "x (https://e.com/a)"),
        ("<a href='https://e.com'><img src=x alt='Our shop'></a>", "Our shop (https://e.com)"),
        ("<a href='https://e.com'><img src=x></a>Text", "https://e.com Text"),
        (
            "<a href='https://e.com'>One</a><a href='https://f.com'>Two</a>three",
            "One (https://e.com) Two (https://f.com) three",
        ),
        ("<a href='https://e.com'>One <a href='https://f.com'>Two", "One (https://e.com) Two (https://f.com)"),
        ("<a href='https://e.com'><div>Buy</div></a><div>now</div>", "Buy (https://e.com)\nnow"),
        ("see:<a href='https://e.com'>it </a>today", "see:it (https://e.com) today"),
        ("<b>cat</b>alogue&nbsp;<a href='https://e.com'>1</a>", "catalogue 1 (https://e.com)"),
    ];
    for (html, expected) in cases {
        assert_eq!(text_from_html(html), expected, "{html}");
    }
}

#[test]
fn what_is_not_shown_is_not_told() {
    let cases = [
        ("<title>T</title><style>p{}</style><script>a<b</script><p>Hi", "Hi"),
        ("<div style='display:none;max-height:0'>Preheader&nbsp;&zwnj;<div>more</div></div>Hi", "Hi"),
        ("<span style='DISPLAY : None !important'>x</span>Hi", "Hi"),
        ("<p hidden>x<p>Hi", "Hi"),
        ("<div style='max-height:0px;overflow:hidden'>x</div>Hi", "Hi"),
        ("<div style='max-height:0px'>x</div>Hi", "x\nHi"),
        ("<div style='opacity:0'>x</div>Hi", "Hi"),
        ("<!--[if mso]><p>Outlook</p><![endif]-->Hi<![if !mso]>!<![endif]>", "Hi!"),
        ("<img src=x alt='' ><img src=y><img src=z alt='Map' style='display:none'>Hi", "Hi"),
        ("<svg><title>x</title></svg><svg/>Hi", "Hi"),
        ("<select><option>1</select>Hi", "Hi"),
        ("a&nbsp;\u{200b}&zwnj;&nbsp; &#847; b&shy;c", "a bc"),
    ];
    for (html, expected) in cases {
        assert_eq!(text_from_html(html), expected, "{html}");
    }
}

/// What is deep costs no more than what is long: the number of pieces and of characters is bounded by that of the input.
#[test]
fn depth_costs_nothing() {
    for element in ["div", "ul", "li", "blockquote", "table", "tr", "td", "pre", "a href='https://e.com'", "p hidden"] {
        let depth = 50_000;
        let open = format!("<{element}>").repeat(depth);
        let name = element.split(' ').next().unwrap();
        for html in [format!("{open}x"), format!("{open}x{}", format!("</{name}>").repeat(depth))] {
            let pieces = reader::read(&html);
            assert!(pieces.len() <= depth * 6, "{element}: {} pieces", pieces.len());
            let text = layout::lines(&pieces, WIDTH);
            assert!(text.len() <= depth * 16, "{element}: {} bytes", text.len());
            assert!(element == "p hidden" || text.contains('x'), "{element}");
        }
    }
    // What is said inside is told on its own line each time, and never moved further right than a few levels.
    let html = format!("{}{}", "<ul><li>".repeat(1_000), "x<br>".repeat(10_000));
    assert!(text_from_html(&html).len() < html.len() * 8);
}

#[test]
fn entities_in_plain_text_are_noticed() {
    let cases = [
        ("Fish &amp; chips", Some("Fish & chips")),
        ("&laquo;Меню&raquo; &#8212; &#x1F383;&nbsp;осень", Some("«Меню» — 🎃\u{a0}осень")),
        ("Fish & chips; R&D; &nothing; &; &#; AT&T", None),
        ("a &amp b", None),
        ("&amp;lt;", Some("&lt;")),
    ];
    for (text, expected) in cases {
        assert_eq!(without_entities(text).as_deref(), expected, "{text}");
    }
}

/// Pieces of HTML, well and badly nested.
fn any_html() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<a href=\"https://e.example/{{ recipient.email|urlencode }}?a=1&amp;b='x'\">",
        "<a href='{{ recipient.comment }}'>",
        "</a>",
        "<b>",
        "</b>",
        "<ul><li>",
        "<li>",
        "</ul>",
        "<ol start=3>",
        "<table><tr><td>",
        "<td>",
        "</td></tr>",
        "</table>",
        "<br>",
        "<hr>",
        "<pre>",
        "</pre>",
        "<blockquote>",
        "</blockquote>",
        "<img alt='{{ recipient.comment }}'>",
        "<span style='display:none'>",
        "</span>",
        "<!-- {{ recipient.email }} -->",
        "word ",
        "word",
        " ",
        "\n",
        "&nbsp;",
        "&amp;",
        "&#123;",
        "{",
        "}",
        "<",
        ">",
        "{{ recipient.full_name }}",
        "{{ recipient.comment }}",
    ];
    proptest::collection::vec(proptest::sample::select(PARTS), 0..60).prop_map(|parts| parts.concat())
}

/// Where words begin and end, and nothing else: lines, with the signs of quotations, and rows depend on how long values
/// are.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| !matches!(*word, "|" | ">")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_text_made_once_says_what_one_made_of_each_html_says(html in any_html()) {
        // A brace before a placeholder, and other things that are no template, are found when the message is saved.
        let Ok(content) = Content::compile("s", &html, "") else { return Ok(()) };
        let Ok(rendered) = content.render(ANNA) else { return Ok(()) };
        let of_each = text_from_html(&rendered.html.unwrap_or_default());
        prop_assert_eq!(words(&rendered.text), words(&of_each), "{}", html);
    }

    #[test]
    fn any_text_is_html(html in "\\PC{0,200}") {
        prop_assert!(text_from_html(&html).len() <= html.len() * 4 + 64);
    }
}
