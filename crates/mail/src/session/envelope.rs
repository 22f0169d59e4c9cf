//! Who a message is from and to, as the server is told.

use crate::address::EmailAddress;

/// One transaction's sender and recipient: one recipient, so that each has an outcome of its own.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Empty for the null reverse-path, `<>`.
    from: String,
    to: String,
    size: Option<u64>,
    smtputf8: bool,
    eight_bit: bool,
}

impl Envelope {
    /// An envelope; `from` is where bounces go. It asks for SMTPUTF8 if either address needs it (RFC 6531), and
    /// then for 8BITMIME too, because the address stands in the header as well.
    pub fn new(from: &EmailAddress, to: &EmailAddress) -> Self {
        let smtputf8 = from.needs_smtputf8() || to.needs_smtputf8();
        Self { from: from.envelope(), to: to.envelope(), size: None, smtputf8, eight_bit: smtputf8 }
    }

    /// An envelope that no bounce answers (RFC 5321 4.5.5), for automatic answers.
    pub fn without_return(to: &EmailAddress) -> Self {
        let smtputf8 = to.needs_smtputf8();
        Self { from: String::new(), to: to.envelope(), size: None, smtputf8, eight_bit: smtputf8 }
    }

    /// Declares the message's size in octets (RFC 1870). An estimate is allowed; the server may refuse by it
    /// before the message is written.
    pub fn with_size(mut self, octets: u64) -> Self {
        self.size = Some(octets);
        self
    }

    /// Declares that the message has octets above 127 (RFC 6152). What [`crate::message`] builds has none.
    pub fn with_eight_bit(mut self) -> Self {
        self.eight_bit = true;
        self
    }

    /// The reverse-path without its angle brackets; empty for the null one.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The forward-path without its angle brackets.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The declared size in octets.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether the server must know SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// Whether the server must know 8BITMIME (RFC 6152).
    pub fn needs_eight_bit(&self) -> bool {
        self.eight_bit
    }

    /// Whether the server would be told the same. The declared size may differ: it is only an estimate.
    pub fn same_path(&self, other: &Self) -> bool {
        self.from == other.from && self.to == other.to && self.eight_bit == other.eight_bit
    }
}
