//! What is sent, and to whom: a list of people, and a letter that speaks to each of them.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

const FIRST_NAMES: [&str; 8] = ["Анна", "Мария", "Ольга", "Елена", "Дарья", "Ирина", "Юлия", "Вера"];
const LAST_NAMES: [&str; 8] =
    ["Иванова", "Смирнова", "Кузнецова", "Попова", "Соколова", "Лебедева", "Козлова", "Новикова"];

/// A prime larger than any list, so that its multiples visit each place once, and far from round numbers, so that they
/// jump about.
const STRIDE: usize = 2_654_435_761;

/// Writes a list with the addresses `r0@example.com` to `r{rows - 1}@example.com`, each once. They are in no order, as
/// in people's own files: sorted ones would make the life of every index easy.
pub(crate) fn write_list(path: &Path, rows: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "email,full_name,comment")?;
    for row in 0..rows {
        let number = row.wrapping_mul(STRIDE) % rows;
        let (first, last) = (FIRST_NAMES[number % 8], LAST_NAMES[number / 8 % 8]);
        writeln!(file, "r{number}@example.com,{first} {last},Покупатель №{number}")?;
    }
    file.flush()
}

/// The subject of the letter.
pub(crate) const SUBJECT: &str = "Новости за неделю для вас, {{ recipient.full_name }}";

/// Writes the letter's two templates: of `size` octets a fifth is plain text, the rest HTML, as in `render`.
pub(crate) fn write_letter(html: &Path, text: &Path, size: usize) -> io::Result<()> {
    let lines = |line: &str, octets: usize| line.repeat(octets.div_ceil(line.len()));
    let greeting = "<h1>Здравствуйте, {{ recipient.full_name }}!</h1>\n";
    let paragraph = "<p>Это <a href=\"https://example.com/a?b=c\">письмо</a> с новостями для вас.</p>\n";
    let farewell = "<p>Вы получили его на адрес {{ recipient.email }}. {{ recipient.comment }}</p>\n";
    let rest = (size - size / 5).saturating_sub(greeting.len() + farewell.len());
    fs::write(html, format!("{greeting}{}{farewell}", lines(paragraph, rest)))?;
    let greeting = "Здравствуйте, {{ recipient.full_name }}!\n";
    let rest = (size / 5).saturating_sub(greeting.len());
    fs::write(text, format!("{greeting}{}", lines("Это письмо с новостями для вас.\n", rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_stands_in_the_list_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        write_list(&path, 1_000).unwrap();
        let list = fs::read_to_string(path).unwrap();
        let mut addresses: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(addresses[..2], ["r0@example.com", "r761@example.com"]);
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 1_000);
    }
}
