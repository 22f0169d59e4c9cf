//! Attachments and embedded images, encoded once and copied into every message.

use mail_builder::{headers::content_type::ContentType, mime::MimePart};

use super::header::{HeaderError, HeaderText, MessageId};

/// A file in a message, as the MIME part it will be: headers and base64.
#[derive(Debug, Clone)]
pub struct Part {
    pub(super) bytes: Vec<u8>,
    pub(super) inline: bool,
}

impl Part {
    /// A file to save.
    ///
    /// # Errors
    /// [`HeaderError::BadType`] if `media_type` is not `type/subtype`.
    pub fn attachment(file_name: &HeaderText, media_type: &str, content: &[u8]) -> Result<Self, HeaderError> {
        let part = MimePart::new(content_type(media_type)?, content).attachment(file_name.as_str());
        Ok(Self::encoded(part, false))
    }

    /// An image that the HTML shows by `cid:` and its id.
    ///
    /// # Errors
    /// [`HeaderError::BadType`] if `media_type` is not `type/subtype`.
    pub fn inline(content_id: &MessageId, media_type: &str, content: &[u8]) -> Result<Self, HeaderError> {
        let part = MimePart::new(content_type(media_type)?, content).inline().cid(content_id.as_str());
        Ok(Self::encoded(part, true))
    }

    fn encoded(part: MimePart<'_>, inline: bool) -> Self {
        let mut bytes = Vec::new();
        // Always base64: a text file would otherwise be rewritten with other line ends.
        part.write_part(&mut bytes);
        Self { bytes, inline }
    }

    /// Octets it takes in a message.
    pub fn encoded_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A media type without parameters. `multipart` and `message` parts may not be encoded (RFC 2045 6.4) and are no
/// files anyone attaches; as `text` would have its line ends rewritten, it is sent as plain octets.
fn content_type(media_type: &str) -> Result<ContentType<'_>, HeaderError> {
    let token = |word: &str| {
        !word.is_empty()
            && word.len() < 128
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match media_type.split_once('/') {
        Some((kind, sub)) if token(kind) && token(sub) => Ok(match kind.to_ascii_lowercase().as_str() {
            "multipart" | "message" | "text" => ContentType::new("application/octet-stream"),
            _ => ContentType::new(media_type),
        }),
        _ => Err(HeaderError::BadType),
    }
}
