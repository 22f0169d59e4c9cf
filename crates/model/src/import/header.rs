//! What the names of columns mean, in Russian or English, without regard to case, spaces and punctuation.

/// What a header says of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An address.
    Email,
    /// A whole name.
    FullName,
    /// A name, whole or without the surname: what it is, the other columns tell.
    Name,
    FirstName,
    MiddleName,
    LastName,
    Comment,
}

/// How surely it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// The name is one of several meanings, or has the word among others: the cells decide.
    Loose,
    /// The name says this and nothing else.
    Exact,
}

use Certainty::{Exact, Loose};
use Meaning::{Comment, Email, FirstName, FullName, LastName, MiddleName, Name};

/// Words that say whose or which: they change nothing of what a column holds.
const QUALIFIERS: &[&str] = &[
    "client",
    "clients",
    "customer",
    "customers",
    "user",
    "users",
    "subscriber",
    "subscribers",
    "contact",
    "contacts",
    "recipient",
    "recipients",
    "member",
    "person",
    "buyer",
    "attendee",
    "guest",
    "billing",
    "shipping",
    "primary",
    "main",
    "your",
    "value",
    "s",
    "клиента",
    "покупателя",
    "заказчика",
    "пользователя",
    "подписчика",
    "контакта",
    "получателя",
    "участника",
    "абонента",
    "гостя",
    "плательщика",
    "ваш",
    "ваша",
    "ваше",
    "основной",
    "основная",
    "основное",
];

/// What the header of a column means, if that can be told.
pub(super) fn meaning(header: &str) -> Option<(Meaning, Certainty)> {
    let words = words(header);
    let whole = words.concat();
    if let Some(meaning) = named(&whole) {
        return Some(meaning);
    }
    // «Email (обязательно)»: what stands in brackets explains.
    let outside = header.split(['(', '[']).next().unwrap_or_default();
    let words = self::words(outside);
    if let Some(meaning) = named(&words.concat()) {
        return Some(meaning);
    }
    let mut bare: Vec<&str> = words.iter().map(String::as_str).filter(|word| !QUALIFIERS.contains(word)).collect();
    // "Email 1" is the one to take; "Email 2" is not.
    if bare.last() == Some(&"1") {
        bare.pop();
    }
    if let Some((meaning, certainty)) = named(&bare.concat()) {
        return Some((meaning, certainty));
    }
    if is_several_parts(&bare) {
        return Some((FullName, Exact));
    }
    ["email", "mail", "почт", "имейл", "имэйл", "емейл", "емайл", "мейл", "мыло", "address", "адрес"]
        .iter()
        .any(|part| whole.contains(part))
        .then_some((Email, Loose))
}

/// Words of a header in lower case; `userEmail` and `user_email` have two. «E-mail» is one.
fn words(header: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(header.len() + 4);
    let mut previous = ' ';
    for c in header.chars() {
        if c.is_uppercase() && previous.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(c);
        previous = c;
    }
    let mut words: Vec<String> = Vec::new();
    for word in spaced.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            // With a Latin or a Cyrillic letter.
            Some(last) if matches!(last.as_str(), "e" | "е" | "э") && matches!(word, "mail" | "майл" | "мейл") =>
            {
                *last = "email".to_owned();
            }
            _ => words.push(match word {
                "еmail" | "емаил" => "email".to_owned(),
                word => word.to_owned(),
            }),
        }
    }
    words
}

/// «Имя, фамилия», "First & last name".
fn is_several_parts(words: &[&str]) -> bool {
    let is_part = |word: &&str| {
        matches!(
            *word,
            "имя" | "фамилия" | "отчество" | "first" | "last" | "middle" | "name" | "names" | "surname" | "forename"
        )
    };
    let surnames = ["фамилия", "last", "surname"];
    let given = ["имя", "first", "name", "forename"];
    words.iter().all(|word| is_part(word) || matches!(*word, "и" | "and" | "or"))
        && words.iter().any(|word| surnames.contains(word))
        && words.iter().any(|word| given.contains(word))
}

fn named(name: &str) -> Option<(Meaning, Certainty)> {
    Some(match name {
        "email"
        | "emails"
        | "mail"
        | "emailaddress"
        | "emailaddr"
        | "mailaddress"
        | "почта"
        | "имейл"
        | "имэйл"
        | "емейл"
        | "емайл"
        | "электроннаяпочта"
        | "электроннойпочты"
        | "элпочта"
        | "адресэлектроннойпочты"
        | "адресэлпочты"
        | "электронныйадрес"
        | "адресemail"
        | "адреспочты"
        | "emailадрес" => (Email, Exact),
        "address" | "адрес" => (Email, Loose),
        "fullname"
        | "fio"
        | "фио"
        | "полноеимя"
        | "имяполностью"
        | "фиополностью"
        | "displayname"
        | "имяифамилия"
        | "фамилияиимя"
        | "фамилияимя"
        | "имяфамилия"
        | "фамилияимяотчество"
        | "фамилияимяиотчество"
        | "имяотчествофамилия"
        | "firstlastname"
        | "firstandlastname"
        | "nameandsurname"
        | "namesurname" => (FullName, Exact),
        "name" | "names" => (Name, Exact),
        "recipient"
        | "client"
        | "customer"
        | "contact"
        | "subscriber"
        | "person"
        | "contactperson"
        | "получатель"
        | "клиент"
        | "контакт"
        | "покупатель"
        | "заказчик"
        | "подписчик"
        | "участник"
        | "абонент"
        | "пользователь"
        | "контактноелицо" => (FullName, Loose),
        "firstname"
        | "fname"
        | "first"
        | "namefirst"
        | "givenname"
        | "forename"
        | "имя"
        | "имяотчество"
        | "имяиотчество" => (FirstName, Exact),
        "lastname" | "lname" | "last" | "namelast" | "surname" | "familyname" | "secondname" | "фамилия" => {
            (LastName, Exact)
        }
        "middlename" | "mname" | "middle" | "namemiddle" | "additionalname" | "patronymic" | "отчество" => {
            (MiddleName, Exact)
        }
        "comment"
        | "comments"
        | "note"
        | "notes"
        | "комментарий"
        | "комментарии"
        | "коммент"
        | "примечание"
        | "примечания"
        | "заметка"
        | "заметки" => (Comment, Exact),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_recognised_where_they_are_clear() {
        let cases: &[(&str, Option<(Meaning, Certainty)>)] = &[
            ("Email", Some((Email, Exact))),
            ("E-mail", Some((Email, Exact))),
            ("Е-mail", Some((Email, Exact))),
            ("Электронная почта", Some((Email, Exact))),
            ("Эл. почта", Some((Email, Exact))),
            ("Адрес электронной почты", Some((Email, Exact))),
            ("E-mail клиента", Some((Email, Exact))),
            ("Email (обязательно)", Some((Email, Exact))),
            ("Email*", Some((Email, Exact))),
            ("Customer E-mail", Some((Email, Exact))),
            ("Contact Email", Some((Email, Exact))),
            ("Email 1", Some((Email, Exact))),
            ("Email 2", Some((Email, Loose))),
            ("user_email", Some((Email, Exact))),
            ("userEmail", Some((Email, Exact))),
            ("Subscriber email", Some((Email, Exact))),
            ("E-mail 1 - Value", Some((Email, Exact))),
            ("E-mail 2 - Value", Some((Email, Loose))),
            ("E-mail 1 - Type", Some((Email, Loose))),
            ("Secondary Email", Some((Email, Loose))),
            ("Address", Some((Email, Loose))),
            ("Почтовый индекс", Some((Email, Loose))),
            ("ФИО", Some((FullName, Exact))),
            ("Ф. И. О.", Some((FullName, Exact))),
            ("ФИО клиента", Some((FullName, Exact))),
            ("Имя и фамилия", Some((FullName, Exact))),
            ("Имя, фамилия", Some((FullName, Exact))),
            ("Фамилия Имя Отчество", Some((FullName, Exact))),
            ("First and last name", Some((FullName, Exact))),
            ("First/Last Name", Some((FullName, Exact))),
            ("Display Name", Some((FullName, Exact))),
            ("Контакт", Some((FullName, Loose))),
            ("Client", Some((FullName, Loose))),
            ("Client name", Some((Name, Exact))),
            ("Customer's name", Some((Name, Exact))),
            ("Name", Some((Name, Exact))),
            ("Имя клиента", Some((FirstName, Exact))),
            ("FNAME", Some((FirstName, Exact))),
            ("Billing First Name", Some((FirstName, Exact))),
            ("Name (First)", Some((FirstName, Exact))),
            ("Name (Last)", Some((LastName, Exact))),
            ("Surname", Some((LastName, Exact))),
            ("Фамилия клиента", Some((LastName, Exact))),
            ("Additional Name", Some((MiddleName, Exact))),
            ("Отчество", Some((MiddleName, Exact))),
            ("Notes", Some((Comment, Exact))),
            ("Примечание:", Some((Comment, Exact))),
            ("Company name", None),
            ("Nickname", None),
            ("Yomi Name", None),
            ("Имя менеджера", None),
            ("Название", None),
            ("Phone", None),
            ("", None),
            ("client s", None),
        ];
        for (header, expected) in cases {
            assert_eq!(meaning(header), *expected, "{header:?}");
        }
    }
}
