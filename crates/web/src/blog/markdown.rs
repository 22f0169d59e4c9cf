//! Markdown of articles as HTML, with their pictures, and with nothing in it that could act.
//!
//! `![words](picture:12)` is an uploaded picture, in several widths. Pictures from elsewhere are not shown: whoever has
//! them would learn who reads. Raw HTML may stand in an article and goes through the same sieve as everything else.

use std::{collections::HashMap, fmt::Write as _};

use ammonia::{Builder, UrlRelative};
use comrak::{
    Arena, Node, Options, format_html,
    nodes::NodeValue::{self, Heading, HtmlInline, Image, SoftBreak, Text},
    parse_document,
};
use url::Url;
use vestnik_model::id::PictureId;
use vestnik_store::pictures::{self, Picture};

use super::nesting::{self, TooDeep};
use crate::{error::Error, state::AppState};

/// Version of the rendering. Increase it when the same Markdown gives other HTML, so that stored HTML is rendered again.
pub(crate) const VERSION: i64 = 1;

/// Characters of Markdown that are parsed for an article's beginning.
const PARSED: usize = 1_000;
/// What stands before a picture's number.
const SCHEME: &str = "picture:";
/// How wide a picture is in an article, for the browser to choose the file: `_visitor.scss` has the same.
const SIZES: &str = "(min-width: 46rem) 42rem, 100vw";

/// Where the HTML is read.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// On our pages: browsers choose among the widths.
    Page,
    /// In a letter or a feed, far from our pages: one width, and addresses in full, below this one.
    Elsewhere(Url),
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.footnotes = true;
    options.extension.tasklist = true;
    options.parse.smart = false;
    // What is unsafe in it does not pass the sieve.
    options.render.r#unsafe = true;
    options
}

/// Renders an article on the pool's thread.
pub(crate) async fn render(app: &AppState, markdown: &str, place: Place) -> Result<Result<String, TooDeep>, Error> {
    let text = markdown.to_owned();
    let shown = match app.articles.run(move || pictures_in(&text)).await? {
        Ok(shown) => shown,
        Err(too_deep) => return Ok(Err(too_deep)),
    };
    let pictures = pictures::find(&app.db, &shown).await?;
    let text = markdown.to_owned();
    Ok(app.articles.run(move || html(&text, &pictures, &place)).await?)
}

/// The same for stored articles: one that is too deep (saved before there was a limit) becomes preformatted text.
pub(crate) async fn render_any(app: &AppState, markdown: &str, place: Place) -> Result<String, Error> {
    let rendered = render(app, markdown, place).await?;
    Ok(rendered.unwrap_or_else(|TooDeep| format!("<pre>{}</pre>", escaped(markdown))))
}

/// The pictures that an article shows.
fn pictures_in(markdown: &str) -> Result<Vec<PictureId>, TooDeep> {
    nesting::check_markdown(markdown)?;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options());
    let number = |node: Node<'_>| match &node.data().value {
        Image(link) => number(&link.url),
        _ => None,
    };
    Ok(root.descendants().filter_map(number).collect())
}

fn number(url: &str) -> Option<PictureId> {
    url.strip_prefix(SCHEME)?.parse().ok()
}

/// The article as HTML.
fn html(markdown: &str, pictures: &[Picture], place: &Place) -> Result<String, TooDeep> {
    nesting::check_markdown(markdown)?;
    let arena = Arena::new();
    let options = options();
    let root = parse_document(&arena, markdown, &options);
    let nodes: Vec<Node<'_>> = root.descendants().collect();
    let levels = nodes.iter().filter_map(|node| match node.data().value {
        Heading(heading) => Some(heading.level),
        _ => None,
    });
    let highest = levels.min().unwrap_or(1);
    for node in nodes {
        let number = match &mut node.data_mut().value {
            // The title of the page is the only first heading, and the next ones follow it, whichever level they begin at.
            Heading(heading) => {
                heading.level = (heading.level - highest + 2).min(6);
                continue;
            }
            Image(link) => number(&link.url),
            _ => continue,
        };
        let shown = number.and_then(|id| pictures.iter().find(|picture| picture.id == id));
        let words = words(node);
        let html = shown.map_or_else(|| escaped(&words), |picture| image(picture, &words, place));
        replace(node, HtmlInline(html));
    }
    let mut written = String::with_capacity(markdown.len() * 2);
    // Writing to memory does not fail.
    let _ = format_html(root, &options, &mut written);
    nesting::check_html(&written)?;
    Ok(clean(&written, place))
}

fn replace(node: Node<'_>, value: NodeValue) {
    let children: Vec<Node<'_>> = node.children().collect();
    for child in children {
        child.detach();
    }
    node.data_mut().value = value;
}

/// The text inside a node: what a picture is called.
fn words(node: Node<'_>) -> String {
    let mut words = String::new();
    for inside in node.descendants() {
        match &inside.data().value {
            Text(text) => words.push_str(text),
            SoftBreak => words.push(' '),
            _ => {}
        }
    }
    words
}

/// A text inside HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// An `img` with its widths. `alt` is what those read who do not see it.
pub(crate) fn image(picture: &Picture, alt: &str, place: &Place) -> String {
    let alt = escaped(alt);
    let height_at = |width: u32| u64::from(picture.height) * u64::from(width) / u64::from(picture.width.max(1));
    match place {
        Place::Page => {
            let mut srcset = String::new();
            for (key, width) in &picture.files {
                let comma = if srcset.is_empty() { "" } else { ", " };
                let _ = write!(srcset, "{comma}/media/{key} {width}w");
            }
            let (key, width) = picture.files.last().map_or(("", 1), |(key, width)| (key.as_str(), *width));
            let height = height_at(width);
            format!(
                r#"<img src="/media/{key}" srcset="{srcset}" sizes="{SIZES}" width="{width}" height="{height}" alt="{alt}" loading="lazy">"#
            )
        }
        Place::Elsewhere(base) => {
            // Letters are some 600 pixels wide, and screens have two dots a pixel.
            let fitting = picture.files.iter().find(|(_, width)| *width >= 1_200).or(picture.files.last());
            let (key, width) = fitting.map_or(("", 1), |(key, width)| (key.as_str(), *width));
            let shown = width.min(600);
            let address = absolute(base, &format!("/media/{key}"));
            format!(r#"<img src="{address}" width="{shown}" height="{}" alt="{alt}">"#, height_at(shown))
        }
    }
}

fn absolute(base: &Url, path: &str) -> String {
    format!("{}{path}", base.as_str().trim_end_matches('/'))
}

/// The sieve: what acts, loads from elsewhere or dresses itself does not pass.
fn clean(html: &str, place: &Place) -> String {
    let own = match place {
        Place::Page => "/media/".to_owned(),
        Place::Elsewhere(base) => absolute(base, "/media/"),
    };
    let mut sieve = Builder::default();
    if let Place::Page = place {
        sieve.add_tag_attributes("img", ["srcset", "sizes", "loading"]);
    }
    sieve
        .rm_tags(["map", "area"])
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .link_rel(Some("noopener"))
        .attribute_filter(move |tag, attribute, value| match (tag, attribute) {
            ("img", "src") => value.starts_with(&own).then(|| value.into()),
            ("img", "srcset") => value.split(',').all(|file| file.trim().starts_with(&own)).then(|| value.into()),
            _ => Some(value.into()),
        });
    if let Place::Elsewhere(base) = place {
        sieve.url_relative(UrlRelative::RewriteWithBase(base.clone()));
    }
    // Boxes of task lists are the one kind of control that a text has.
    sieve.add_tags(["input"]).tag_attribute_values(HashMap::from([(
        "input",
        HashMap::from([("type", ["checkbox"].into()), ("disabled", [""].into()), ("checked", [""].into())]),
    )]));
    sieve.clean(html).to_string()
}

/// The beginning of an article without any markup, of at most so many characters, cut at a whole word.
pub(crate) fn beginning(markdown: &str, longest: usize) -> String {
    // Bounded, because it is parsed for each card of a list.
    let end = markdown.char_indices().nth(PARSED).map_or(markdown.len(), |(end, _)| end);
    let markdown = &markdown[..end];
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options());
    let mut text = String::new();
    for node in root.descendants() {
        match &node.data().value {
            Text(inside) => text.push_str(inside),
            NodeValue::Code(code) => text.push_str(&code.literal),
            SoftBreak | NodeValue::LineBreak | NodeValue::Paragraph | Heading(_) | NodeValue::Item(_) => text.push(' '),
            _ => {}
        }
        if text.len() > longest * 8 {
            break;
        }
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= longest {
        return words;
    }
    let cut: String = words.chars().take(longest).collect();
    let whole = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..whole].trim_end_matches([',', '.', ':', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let files = vec![("articles/a.jpg".into(), 480), ("articles/b.jpg".into(), 1_600)];
        Picture { id: PictureId(12), width: 1_600, height: 800, files }
    }

    fn on_page(markdown: &str) -> String {
        html(markdown, &[picture()], &Place::Page).unwrap()
    }

    #[test]
    fn text_becomes_html_below_the_title() {
        let page = on_page("# Осень\n\nТыква и **корица**, ~~лето~~.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] да\n");
        for expected in ["<h2>Осень</h2>", "<strong>корица</strong>", "<del>лето</del>", "<td>1</td>"] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        assert!(page.contains("type=\"checkbox\"") && page.contains("disabled"), "{page}");
    }

    #[test]
    fn headings_follow_the_title_without_a_gap() {
        for (markdown, html) in [
            ("# A\n\n## B", "<h2>A</h2>\n<h3>B</h3>"),
            ("## A\n\n### B", "<h2>A</h2>\n<h3>B</h3>"),
            ("### A\n\n# B", "<h4>A</h4>\n<h2>B</h2>"),
            ("# A\n\n###### B", "<h2>A</h2>\n<h6>B</h6>"),
        ] {
            assert_eq!(on_page(markdown).trim(), html, "{markdown}");
        }
    }

    #[test]
    fn an_uploaded_picture_has_its_widths_and_words() {
        let shown = pictures_in("![a](picture:12) and ![b](picture:x) ![c](picture:7)");
        assert_eq!(shown.unwrap(), [PictureId(12), PictureId(7)]);
        let page = on_page("![Чашка \"кофе\" <b>](picture:12)");
        assert!(page.contains("srcset=\"/media/articles/a.jpg 480w, /media/articles/b.jpg 1600w\""), "{page}");
        assert!(page.contains("width=\"1600\" height=\"800\""), "{page}");
        assert!(page.contains("alt=\"Чашка &quot;кофе&quot; \""), "{page}");
        let elsewhere = Place::Elsewhere(base());
        let letter = html("![Кофе](picture:12) [тут](/blog/x)", &[picture()], &elsewhere).unwrap();
        assert!(
            letter.contains("src=\"https://mail.example.org/media/articles/b.jpg\" width=\"600\" height=\"300\""),
            "{letter}"
        );
        assert!(letter.contains("href=\"https://mail.example.org/blog/x\"") && !letter.contains("srcset"), "{letter}");
    }

    fn base() -> Url {
        "https://mail.example.org/".parse().unwrap()
    }

    #[test]
    fn nothing_acts_and_nothing_is_loaded_from_elsewhere() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"https://evil.example/pixel.gif\">",
            "<img srcset=\"https://evil.example/a 1w\" src=\"/media/x.jpg\">",
            "<img srcset=\"/media/x.jpg 1w,https://evil.example/p 2w\" src=\"/media/x.jpg\">",
            "<img srcset=\"https://mail.example.org/media/x.jpg 1w,https://evil.example/p 2w\">",
            "![x](https://evil.example/pixel.gif)",
            "![x](javascript:alert(1))",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "<a href=\"vbscript:msgbox(1)\">x</a>",
            "<iframe src=\"https://evil.example\"></iframe>",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
            "<style>*{display:none}</style>",
            "<p style=\"position:fixed\" onclick=\"alert(1)\" class=\"btn\" id=\"main\">x</p>",
            "<form action=\"https://evil.example\"><input name=password><button>Log in</button></form>",
            "<input type=\"checkbox\" onfocus=alert(1) autofocus>",
            "<input type=\"image\" src=\"https://evil.example/x\">",
            "<base href=\"https://evil.example/\">",
            "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
            "<div hx-get=\"/logout\" hx-trigger=\"load\" data-dialog=\"x\">x</div>",
            "```<script>alert(1)</script>```",
            "![\" onerror=\"alert(1)](picture:12)",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        ] {
            for place in [Place::Page, Place::Elsewhere(base())] {
                let page = html(hostile, &[picture()], &place).unwrap().to_lowercase();
                // What is left of it as text is harmless: it has no tags.
                let tags: Vec<&str> = page.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect();
                for tag in tags {
                    let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
                    let known = ["p", "a", "img", "code", "pre", "div", "input", "h2", "section", "ol", "li", "sup"];
                    assert!(known.contains(&name), "{hostile}: <{tag}>");
                    for part in ["javascript:", "vbscript:", "data:", "class=\"btn", "id=\"main"] {
                        assert!(!tag.contains(part), "{hostile}: <{tag}>");
                    }
                    // What stands between quotes is a value, and no attribute.
                    let names: String = tag.split('"').step_by(2).collect();
                    for part in [" on", "hx-", "style", "data-"] {
                        assert!(!names.contains(part), "{hostile}: <{tag}>");
                    }
                    assert!(!(name == "img" && tag.contains("evil.example")), "{hostile}: <{tag}>");
                    assert!(
                        !(name == "input" && !tag.contains("type=\"checkbox\"") && tag != "input"),
                        "{hostile}: <{tag}>"
                    );
                }
            }
        }
    }

    #[test]
    fn refuses_deep_nesting_and_accepts_long_texts() {
        let closed = |open: &str, close: &str| format!("{}a{}", open.repeat(50_000), close.repeat(50_000));
        for deep in [
            ">".repeat(50_000),
            "> ".repeat(50_000) + "a",
            "- ".repeat(50_000) + "a",
            "1. ".repeat(50_000) + "a",
            closed("*a ", "*"),
            closed("**a ", "**"),
            closed("_a *b ", "*_"),
            closed("<div>", "</div>"),
            "<b>".repeat(50_000),
            "<p><b id=1>a".repeat(15_000),
        ] {
            assert!(html(&deep, &[], &Place::Page) == Err(TooDeep), "{}", &deep[..12]);
        }
        for long in [
            "[".repeat(50_000),
            "![".repeat(50_000),
            "](".repeat(50_000),
            "[a](".repeat(50_000),
            "*a_ ".repeat(50_000),
            "**".repeat(50_000),
            "`".repeat(50_001),
            "<".repeat(50_000),
            "a\n\n> b\n\n- c\n\n".repeat(10_000),
            "| a ".repeat(10_000) + "|",
            closed("[", "]"),
            closed("(", ")"),
            closed("~~a ", "~~"),
        ] {
            assert!(html(&long, &[], &Place::Page).is_ok(), "{}", &long[..12]);
        }
        // Lists nested by indentation.
        let indented: String = (0..400).map(|level| format!("{}- a\n", "  ".repeat(level))).collect();
        assert!(indented.len() < 200_000);
        let _ = html(&indented, &[], &Place::Page);
        for deep in [">".repeat(50_000), "*a ".repeat(50_000)] {
            assert!(beginning(&deep, 180).chars().count() <= 181);
        }
    }

    #[test]
    fn the_beginning_is_plain_words() {
        let text = "# Осень\n\nТыква, `корица` и [мёд](https://example.org).\n\n- раз\n- два";
        assert_eq!(beginning(text, 200), "Осень Тыква, корица и мёд. раз два");
        assert_eq!(beginning(text, 20), "Осень Тыква, корица…");
    }
}
