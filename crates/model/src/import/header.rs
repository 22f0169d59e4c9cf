//! What a file's header says: the delimiter, and which columns hold what.

use crate::problem::Problem;

/// Which columns hold what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) email: usize,
    /// Several when first and last name are apart.
    pub(super) full_name: Vec<usize>,
    pub(super) comment: Option<usize>,
}

/// The delimiter that splits the header into the most fields. A comma wins a tie.
pub(super) fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| {
        let mut quoted = false;
        header
            .iter()
            .filter(|byte| {
                quoted ^= **byte == b'"';
                !quoted && **byte == delimiter
            })
            .count()
    };
    let mut best = (b',', count(b','));
    for candidate in [b';', b'\t', b'|'] {
        let found = count(candidate);
        if found > best.1 {
            best = (candidate, found);
        }
    }
    best.0
}

/// What a header says of its column.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    Email,
    FullName,
    PartOfName,
    Comment,
}

/// Recognises a header in Russian or English, without regard to case, spaces and punctuation.
fn meaning(header: &str) -> Option<Meaning> {
    let name: String = header.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    Some(match name.as_str() {
        "email"
        | "mail"
        | "emailaddress"
        | "address"
        | "почта"
        | "имейл"
        | "емейл"
        | "электроннаяпочта"
        | "элпочта"
        | "адрес"
        | "адресэлектроннойпочты"
        | "адресemail"
        | "emailадрес" => Meaning::Email,
        "fullname" | "name" | "fio" | "recipient" | "фио" | "полноеимя" | "получатель" | "клиент" | "контакт" => {
            Meaning::FullName
        }
        "firstname" | "lastname" | "surname" | "middlename" | "givenname" | "familyname" | "имя" | "фамилия"
        | "отчество" => Meaning::PartOfName,
        "comment"
        | "comments"
        | "note"
        | "notes"
        | "комментарий"
        | "комментарии"
        | "примечание"
        | "заметка"
        | "заметки" => Meaning::Comment,
        _ => return None,
    })
}

pub(super) fn columns(header: &[String]) -> Result<Columns, Problem> {
    let meanings: Vec<Option<Meaning>> = header.iter().map(|name| meaning(name)).collect();
    let find = |wanted| meanings.iter().position(|meaning| *meaning == Some(wanted));
    let Some(email) = find(Meaning::Email) else {
        // Data in place of a header is the commonest mistake, and has a better explanation than "no such column".
        let is_data = header.iter().any(|field| field.contains('@'));
        let id = if is_data || meanings.iter().all(Option::is_none) && header.len() < 2 {
            "problem-import-no-header"
        } else {
            "problem-import-no-email"
        };
        let shown = header.iter().take(8).map(|name| name.chars().take(40).collect::<String>()).collect::<Vec<_>>();
        return Err(Problem::new(id).with("found", shown.join(", ")));
    };
    let full_name = match find(Meaning::FullName) {
        Some(index) => vec![index],
        None => (0..header.len()).filter(|index| meanings[*index] == Some(Meaning::PartOfName)).collect(),
    };
    Ok(Columns { email, full_name, comment: find(Meaning::Comment) })
}
