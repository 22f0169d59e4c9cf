//! Files as people have them: what of each is taken, and what is said of the rest.

use std::io::Cursor;

use super::{Column, CsvImport, GoodRow, Row, detect_encoding};

/// What became of a file, a line a fact.
fn outcome(file: &[u8]) -> Vec<String> {
    let encoding = match detect_encoding(Cursor::new(file)).unwrap() {
        Ok(encoding) => encoding,
        Err(problem) => return vec![problem.id.into_owned()],
    };
    let mut import = match CsvImport::open(file, encoding).unwrap() {
        Ok(import) => import,
        Err(problem) => return vec![problem.id.into_owned()],
    };
    let mut facts = vec![encoding.name().to_owned()];
    while let Some(row) = import.next_row().unwrap() {
        match row {
            Row::Good(GoodRow { line, draft, name_is_damaged, comment_is_damaged, other_addresses }) => {
                let comment = if draft.comment.is_empty() { String::new() } else { format!("|{}", draft.comment) };
                facts.push(format!("{}|{}{comment}", draft.email, draft.full_name));
                if name_is_damaged || comment_is_damaged {
                    facts.push(format!("  line {line}: damaged"));
                }
                facts.extend(other_addresses.iter().map(|other| format!("  line {line}: also {other}")));
            }
            Row::Bad(row) => facts.push(format!("line {}: {}", row.line, row.problem.id)),
        }
    }
    let names = |columns: Vec<Column>, filled: bool| {
        let name = |column: Column| match column.name.as_str() {
            "" => format!("#{}", column.number),
            name => name.to_owned(),
        };
        let names = columns.into_iter().filter(|column| column.filled == filled).map(name);
        names.collect::<Vec<_>>().join(", ")
    };
    let not_taken = import.layout().not_taken;
    for (what, names) in [("not taken", names(not_taken.clone(), true)), ("empty", names(not_taken, false))] {
        if !names.is_empty() {
            facts.push(format!("{what}: {names}"));
        }
    }
    if import.blank_rows() > 0 {
        facts.push(format!("blank: {}", import.blank_rows()));
    }
    facts
}

macro_rules! cases {
    ($($name:ident: $file:literal => [$($fact:expr),* $(,)?];)*) => {
        $(
            #[test]
            fn $name() {
                let file = include_bytes!(concat!("../../tests/fixtures/import/", $file));
                assert_eq!(outcome(file), [$($fact),*]);
            }
        )*
    };
}

cases! {
    google_contacts: "google-contacts-old.csv" => [
        "UTF-8",
        "anna@example.com|Anna North",
        "line 3: address-empty",
        "vera@example.com|Vera West",
        "  line 4: also vera2@example.com",
        "not taken: Group Membership, E-mail 1 - Type, E-mail 2 - Type, E-mail 2 - Value, \
         Phone 1 - Type, Phone 1 - Value",
        "empty: Yomi Name",
    ];
    thunderbird: "thunderbird.csv" => ["UTF-8", "anna@example.com|Anna North", "empty: Nickname, Secondary Email"];
    postal_address_is_no_email: "postal-address-first.csv" => [
        "UTF-8", "anna@example.com|Anna North", "not taken: Address, Phone",
    ];
    surname_is_joined: "name-and-surname.csv" => ["UTF-8", "anna@example.com|Anna North"];
    filled_name_columns_count_row_by_row: "full-name-sometimes-empty.csv" => [
        "UTF-8", "anna@example.com|Anna North", "boris@example.com|Boris South",
    ];
    english_parts_are_joined_surname_last: "first-last-middle.csv" => ["UTF-8", "anna@example.com|Anna Marie North"];
    russian_parts_are_joined_surname_first: "windows-1251-names.csv" => [
        "windows-1251", "anna@example.com|Север Анна Ивановна", "boris@example.com|Юг Борис", "not taken: Город",
    ];
    exact_header_wins: "contact-is-a-phone.csv" => ["UTF-8", "anna@example.com|Анна Север", "not taken: Контакт"];
    leading_blank_lines_are_skipped: "leading-blank-lines.csv" => ["UTF-8", "anna@example.com|Анна Север"];
    named_delimiter_is_obeyed: "sep-line.csv" => ["UTF-8", "anna@example.com|Анна"];
    rows_decide_the_delimiter: "comma-in-header.csv" => ["UTF-8", "anna@example.com|Анна Север"];
    line_break_in_a_name_is_a_blank: "line-break-in-name.csv" => [
        "UTF-8", "anna@example.com|Anna North|line 1\r\nline 2", "boris@example.com|Boris South|ok",
    ];
    rows_of_delimiters_are_counted_once: "delimiter-only-rows.csv" => [
        "UTF-8", "anna@example.com|Анна", "boris@example.com|Борис", "empty: Телефон", "blank: 4",
    ];
    address_forms: "address-forms.csv" => [
        "UTF-8",
        "anna@example.com|Anna North",
        "boris@example.com|Boris",
        "vera@example.com|Vera",
        "gleb@example.com|West, Gleb",
        "dasha@example.com|Dasha",
        "eva@example.com|Eva",
        "  line 7: also eva2@example.com",
    ];
    one_broken_byte_among_few: "names-one-broken-byte.csv" => [
        "UTF-8", "anna@example.com|Анна Северная", "boris@example.com|Борис Южны\u{fffd}", "  line 3: damaged",
    ];
    good_names: "names-good.csv" => ["UTF-8", "anna@example.com|Анна Северная", "boris@example.com|Борис Южный"];
    name_read_in_a_wrong_encoding: "read-in-wrong-encoding.csv" => [
        "UTF-8", "anna@example.com|РђРЅРЅР° РЎРµРІРµСЂ", "  line 2: damaged", "boris@example.com|Борис",
    ];
    workbook: "workbook.xlsx" => ["problem-import-is-xlsx"];
    cards: "cards.vcf" => ["problem-import-is-vcard"];
    web_page_named_xls: "web-page.xls" => ["problem-import-is-html"];
    web_page_in_utf_16: "web-page-utf16.xls" => ["problem-import-is-html"];
}

/// One broken byte in a long file changes that one name.
#[test]
fn one_broken_byte_spoils_one_name() {
    for file in [
        &include_bytes!("../../tests/fixtures/import/utf8-one-broken-byte.csv")[..],
        include_bytes!("../../tests/fixtures/import/utf8-one-broken-byte-english-header.csv"),
    ] {
        let facts = outcome(file);
        let whole = String::from_utf8_lossy(file);
        let rows: Vec<&str> = whole.lines().skip(1).collect();
        assert_eq!(facts[0], "UTF-8");
        assert_eq!(facts.iter().filter(|fact| fact.contains("damaged")).count(), 1);
        let taken: Vec<String> = facts[1..].iter().filter(|fact| fact.contains('|')).cloned().collect();
        assert_eq!(taken, rows.iter().map(|row| row.replace(';', "|")).collect::<Vec<_>>());
    }
}

#[test]
fn files_of_other_kinds_are_named() {
    let cases: &[(&[u8], &str)] = &[
        (b"%PDF-1.7\n%\xe2\xe3", "problem-import-is-pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0", "problem-import-is-xls"),
        (b"PK\x03\x04\x14\0\0\0\x08\0list.csv", "problem-import-is-archive"),
        (
            b"PK\x03\x04\x14\0\0\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "problem-import-is-spreadsheet",
        ),
        (b"PK\x03\x04\x14\0\0\0\x08\0word/document.xml", "problem-import-is-document"),
        (b"\x1f\x8b\x08\0\0\0", "problem-import-is-archive"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "problem-import-is-picture"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>", "problem-import-is-html"),
        (b"\xef\xbb\xbf  begin:vcard\r\nversion:4.0", "problem-import-is-vcard"),
        (b"[{\"email\": \"anna@example.com\"}]", "problem-import-is-json"),
        (b"{\\rtf1\\ansi", "problem-import-is-document"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0", "problem-import-not-text"),
    ];
    for (file, id) in cases {
        assert_eq!(outcome(file), [*id], "{:?}", String::from_utf8_lossy(file));
    }
}

#[test]
fn the_cells_decide_between_columns() {
    let rows = |text: &str| outcome(text.as_bytes()).join(" / ");
    for (file, expected) in [
        // By contents alone, and where the names mislead.
        ("Куда писать;Кто\na@example.com;Анна\n", "UTF-8 / a@example.com| / not taken: Кто"),
        ("Почта;Ящик\n630000 Новосибирск;a@example.com\n", "UTF-8 / a@example.com| / not taken: Почта"),
        ("Email 2,Email 1\nb@example.com,a@example.com\n", "UTF-8 / a@example.com| / not taken: Email 2"),
        // An exact name whose cells are empty so far, beside a column that happens to hold addresses.
        ("Email,Manager\n,m@example.com\n", "UTF-8 / line 2: address-empty / not taken: Manager"),
        // A row that is longer than the header.
        ("Email,Name\na@example.com,North, Anna\n", "UTF-8 / a@example.com|North / not taken: #3"),
        // A whole name in the column of the first.
        ("Name,Surname,Email\nAnna North,North,a@example.com\n", "UTF-8 / a@example.com|Anna North"),
        // «Контакт» alone may be a name, and may be none.
        ("Контакт,Email\nАнна,a@example.com\n+7 900,b@example.com\n", "UTF-8 / a@example.com|Анна / b@example.com|"),
        ("Имя и фамилия,E-mail клиента\nАнна Север,a@example.com\n", "UTF-8 / a@example.com|Анна Север"),
        // Delimiters in the data of a column that is not quoted.
        ("Email;Name;Comment\na@example.com;A, B;x, y, z\n", "UTF-8 / a@example.com|A, B|x, y, z"),
        ("\"sep=|\"\r\nEmail|Name\r\na@example.com|A;B,C\r\n", "UTF-8 / a@example.com|A;B,C"),
        ("a\u{fffd}@example.com,x\n", "problem-import-no-header"),
        ("Email\na\u{fffd}@example.com\n", "UTF-8 / line 2: problem-import-address-damaged"),
        (";;\n;;\n", "problem-import-empty"),
        // A list without a header whose first address is broken.
        ("anna.example.com;Anna\nboris@example.com;Boris\n", "problem-import-no-header"),
        ("anna(at)example\nboris@example.com\n", "problem-import-no-header"),
    ] {
        assert_eq!(rows(file), expected, "{file:?}");
    }
}
