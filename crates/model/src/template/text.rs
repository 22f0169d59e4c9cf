//! The text of an HTML document, for readers that show no HTML.

/// Columns at which a text made from HTML is wrapped (RFC 5322, 2.1.1 advises 78 at most).
const TEXT_WIDTH: usize = 76;

/// The text of an HTML document, links as footnotes. `None` if it cannot be laid out.
pub(super) fn text_from_html(html: &str) -> Option<String> {
    html2text::config::plain()
        .no_table_borders()
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), TEXT_WIDTH)
        .ok()
}
