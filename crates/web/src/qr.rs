//! QR codes as SVG, which needs neither a style nor a script nor a file of its own.

use std::fmt::Write as _;

use minijinja::HtmlEscape;
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around the code, without which cameras do not find it (ISO/IEC 18004, section 6.3.8).
const MARGIN: i32 = 4;

/// A QR code that says `text`, as a picture that is called `words`; `None`: the text is too long for one. It is black on
/// white whatever the theme: many cameras read it only so. A screen has no stains, so that there is little to correct and
/// the modules are large.
pub(crate) fn svg(text: &str, words: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let size = code.size();
    let mut dark = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            let _ = write!(dark, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    let (side, words) = (size + 2 * MARGIN, HtmlEscape(words));
    Some(format!(
        r##"<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" aria-label="{words}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{dark}"/></svg>"##
    ))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_code_has_its_finders_its_margin_and_a_name() {
        let picture = svg("otpauth://totp/x", "\"<QR>\"").expect("a picture");
        assert!(picture.contains("aria-label=\"&quot;&lt;QR&gt;&quot;\""), "{picture}");
        // Sixteen bytes with little correction: version 1, 21 modules a side. The first row begins with a finder.
        assert!(picture.contains("viewBox=\"0 0 29 29\""), "{picture}");
        let finder: String = (4..11).map(|x| format!("M{x} 4h1v1h-1z")).collect();
        assert!(picture.contains(&finder) && !picture.contains("M11 4h"), "{picture}");
        assert!(!picture.contains("style"));
        assert_eq!(svg(&"x".repeat(4_000), ""), None);
    }
}
