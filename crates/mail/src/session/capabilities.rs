//! What a server said it can do in its answer to EHLO (RFC 5321 4.1.1.1).

/// The extensions that matter to a sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Several commands may be sent at once (RFC 2920).
    pub pipelining: bool,
    /// The `SIZE` parameter is known (RFC 1870).
    pub size: bool,
    /// The largest message in octets, if the server named one.
    pub max_size: Option<u64>,
    /// Octets above 127 may be sent (RFC 6152).
    pub eight_bit: bool,
    /// Addresses and headers may hold UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// Replies carry enhanced codes (RFC 2034).
    pub enhanced_codes: bool,
    /// STARTTLS is offered (RFC 3207).
    pub starttls: bool,
    /// The AUTH mechanisms offered, in upper case (RFC 4954).
    pub auth: Vec<String>,
}

impl Capabilities {
    /// Reads the lines of an EHLO reply; the first is the server's name.
    pub(crate) fn parse(text: &str) -> Self {
        let mut found = Self::default();
        for line in text.split('\n').skip(1) {
            let line = line.trim().to_ascii_uppercase();
            // Some old servers say `AUTH=PLAIN LOGIN`.
            let line = line.replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("PIPELINING") => found.pipelining = true,
                Some("8BITMIME") => found.eight_bit = true,
                Some("SMTPUTF8") => found.smtputf8 = true,
                Some("ENHANCEDSTATUSCODES") => found.enhanced_codes = true,
                Some("STARTTLS") => found.starttls = true,
                Some("SIZE") => {
                    found.size = true;
                    // Zero means that no limit is in force (RFC 1870 4).
                    found.max_size = words.next().and_then(|word| word.parse().ok()).filter(|&max| max > 0);
                }
                Some("AUTH") => {
                    for word in words {
                        if !found.auth.iter().any(|known| known == word) {
                            found.auth.push(word.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn reads_an_answer() {
        let found = Capabilities::parse(
            "mx.example.com at your service\nPIPELINING\nSIZE 35882577\n8bitmime\nSMTPUTF8\nSTARTTLS\n\
             ENHANCEDSTATUSCODES\nAUTH LOGIN plain\nAUTH=LOGIN XOAUTH2\nCHUNKING",
        );
        assert_eq!(
            found,
            Capabilities {
                pipelining: true,
                size: true,
                max_size: Some(35_882_577),
                eight_bit: true,
                smtputf8: true,
                enhanced_codes: true,
                starttls: true,
                auth: ["LOGIN", "PLAIN", "XOAUTH2"].map(String::from).to_vec(),
            }
        );
    }

    #[test]
    fn the_name_is_not_an_extension() {
        assert_eq!(Capabilities::parse("PIPELINING"), Capabilities::default());
        assert_eq!(Capabilities::parse("x\nSIZE 0").max_size, None);
        assert_eq!(Capabilities::parse("x\nSIZE many").max_size, None);
    }
}
