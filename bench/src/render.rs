//! How fast messages are built.

use std::{io, time::Instant};

use vestnik_mail::{
    address::EmailAddress,
    message::{HeaderName, HeaderText, Mail, Mailbox, MessageId},
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many.
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// Octets of the HTML and the text together, before encoding.
    #[arg(long, default_value_t = 5_000)]
    size: usize,
}

/// Builds a message to `r{number}@example.com`; a fifth of `size` is plain text, the rest HTML. The text is Russian:
/// the language most mail from here is in, and the one that costs the most to encode.
pub(crate) fn message(number: usize, size: usize, out: &mut Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
    let html = "<p>Здравствуйте! Это <a href=\"https://example.com/a?b=c\">письмо</a> с новостями.</p>\n";
    let text = "Здравствуйте! Это письмо с новостями.\n";
    let repeated = |line: &str, octets: usize| line.repeat(octets.div_ceil(line.len()));
    Mail {
        from: &Mailbox::named(HeaderText::new("Редакция Вестника")?, EmailAddress::parse("news@example.com")?),
        to: &Mailbox::new(EmailAddress::parse(&format!("r{number}@example.com"))?),
        subject: &HeaderText::new("Новости за неделю и планы на следующую")?,
        text: Some(&repeated(text, size / 5)),
        html: Some(&repeated(html, size - size / 5)),
        parts: &[],
        message_id: &MessageId::new(&format!("{number}.1@example.com"))?,
        date_ms: 1_700_000_000_000,
        extra: &[(
            const { HeaderName::from_static("List-Unsubscribe") },
            HeaderText::new(&format!("<https://example.com/unsubscribe/{number:032x}>"))?,
        )],
    }
    .write(out);
    Ok(())
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let started = Instant::now();
    let mut out = Vec::new();
    let mut octets = 0;
    for number in 0..options.messages {
        out.clear();
        message(number, options.size, &mut out).map_err(|error| io::Error::other(error.to_string()))?;
        octets += out.len();
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "messages={} octets_each={} seconds={seconds:.3} per_second={:.0}",
        options.messages,
        octets / options.messages.max(1),
        options.messages as f64 / seconds
    );
    Ok(())
}
