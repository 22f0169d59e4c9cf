//! Pictures that the HTML of a mail shows, by where they lie.

/// How many lie in the HTML itself, as `data:` addresses: Gmail and Outlook show none of them.
pub(crate) fn embedded(html: &str) -> usize {
    shown(html, &["data:image/"])
}

/// Whether some lie on servers, which learn that the mail is looked at when they are loaded.
pub(crate) fn has_remote(html: &str) -> bool {
    shown(html, &["http://", "https://", "//"]) > 0
}

/// How many addresses that begin like this are pictures: text and links may have such addresses as well.
fn shown(html: &str, beginnings: &[&str]) -> usize {
    let lower = html.to_ascii_lowercase();
    let found = beginnings.iter().flat_map(|beginning| lower.match_indices(beginning));
    found.filter(|(at, _)| is_picture(&lower[..*at])).count()
}

/// Whether the address behind this text is a picture's: what stands before it tells.
fn is_picture(before: &str) -> bool {
    let before = before.trim_end_matches(['"', '\'', ' ', '\t', '\n', '\r']);
    before.ends_with("url(")
        || before.strip_suffix('=').is_some_and(|before| {
            let name = before.trim_end();
            ["src", "srcset", "background", "poster"].iter().any(|attribute| name.ends_with(attribute))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_addresses_are_counted_where_they_are_pictures() {
        let cases = [
            ("<img src=\"data:image/png;base64,AAAA\">", 1),
            ("<IMG SRC = 'DATA:image/gif;base64,AA'><img src=data:image/svg+xml,x>", 2),
            ("<td background=\"data:image/png;base64,AA\" style=\"background:url( 'data:image/png;base64,AA')\">", 2),
            ("<img src=\"https://example.org/data:image/png\">", 0),
            ("<p>an address like data:image/png;base64,AAAA</p>", 0),
            ("<img src=\"cid:logo\">", 0),
            ("", 0),
        ];
        for (html, expected) in cases {
            assert_eq!(embedded(html), expected, "{html}");
        }
    }

    #[test]
    fn pictures_on_servers_are_told_from_links() {
        for html in [
            "<img src=https://a.example/x.png>",
            "<td background='//a.example/x'>",
            "<p style=\"background:url(http://a/)\">",
        ] {
            assert!(has_remote(html), "{html}");
        }
        for html in [
            "<a href=\"https://a.example/\">https://a.example/</a>",
            "<img src=\"cid:logo\">",
            "<img src='data:image/png;base64,A//A'>",
        ] {
            assert!(!has_remote(html), "{html}");
        }
    }
}
