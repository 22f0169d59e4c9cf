use std::io::Cursor;

use encoding_rs::WINDOWS_1251;

use super::*;

/// Reads a whole file: good rows as `email|name|comment`, bad ones as `line: problem`.
fn read(file: &[u8]) -> Result<Vec<String>, String> {
    let encoding = detect_encoding(Cursor::new(file)).unwrap().map_err(|problem| problem.id.into_owned())?;
    let mut import = CsvImport::open(file, encoding).unwrap().map_err(|problem| problem.id.into_owned())?;
    let mut rows = Vec::new();
    while let Some(row) = import.next_row().unwrap() {
        rows.push(match row {
            Row::Good(GoodRow { draft, .. }) => {
                format!("{}|{}|{}", draft.email.as_str(), draft.full_name, draft.comment)
            }
            Row::Bad(row) => format!("{}: {}", row.line, row.problem.id),
        });
    }
    Ok(rows)
}

#[test]
fn headers_in_two_languages_delimiters_and_line_ends() {
    let expected = ["anna@example.com|Анна Север|друг"];
    let files = [
        "email,full name,comment\nanna@example.com,Анна Север,друг\n",
        "Комментарий;Ф. И. О.;Электронная почта\r\nдруг;Анна Север;anna@example.com\r\n",
        "E-mail\tName\tNote\ranna@example.com\tАнна Север\tдруг",
        "\"E-Mail\"|\"ФИО\"|\"Примечание\"\n\n\"anna@example.com\"|\"Анна Север\"|\"друг\"\n\n",
        "\u{feff}Имя;Фамилия;Почта;Комментарий\nАнна;Север;anna@example.com;друг",
    ];
    for file in files {
        assert_eq!(read(file.as_bytes()).unwrap(), expected, "{file:?}");
    }
}

#[test]
fn encodings_are_found() {
    let text = "почта;фио\nanna@example.com;Анна Север\nboris@example.com;Борис Южный\n";
    let expected = ["anna@example.com|Анна Север|", "boris@example.com|Борис Южный|"];
    let (windows, _, _) = WINDOWS_1251.encode(text);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(little.iter().copied()).collect();
    for file in [text.as_bytes(), &windows, &little, &big, &marked] {
        assert_eq!(read(file).unwrap(), expected);
    }
}

#[test]
fn a_late_cyrillic_letter_decides_the_encoding_of_the_whole_file() {
    let mut text = String::from("email,name\n");
    for index in 0..5_000 {
        text.push_str(&format!("a{index}@example.com,Plain Name\n"));
    }
    text.push_str("last@example.com,Наталья Щукина\n");
    let (windows, _, _) = WINDOWS_1251.encode(&text);
    assert_eq!(read(&windows).unwrap().last().unwrap(), "last@example.com|Наталья Щукина|");
}

#[test]
fn files_that_are_no_list_are_refused_as_a_whole() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "problem-import-empty"),
        (b"\n\n", "problem-import-empty"),
        (b"anna@example.com,Anna\nboris@example.com,Boris\n", "problem-import-no-header"),
        (b"just some words\n", "problem-import-no-header"),
        (b"name,phone\nAnna,123\n", "problem-import-no-email"),
    ];
    for (file, id) in cases {
        assert_eq!(read(file).unwrap_err(), *id, "{:?}", String::from_utf8_lossy(file));
    }
}

#[test]
fn bad_rows_are_named_by_their_line_and_the_good_ones_kept() {
    let long = "x".repeat(10_000_000);
    let file = format!(
        "email,name\na@example.com,A\n\nno address,B\n,C\nd@example.com,D\0D\n{long}\nA@Example.com,again\r\ne@example.com,\"two\nlines\"\nf@example.com,F,extra\n"
    );
    assert_eq!(
        read(file.as_bytes()).unwrap(),
        [
            "a@example.com|A|",
            "4: address-no-at",
            "5: address-empty",
            "6: problem-control-character",
            "7: problem-import-record-long",
            "8: problem-import-repeated",
            "e@example.com|two lines|",
            "f@example.com|F|",
        ]
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row() {
    let expected = ["a@example.com|A|", "3: problem-import-record-long", "c@example.com|C|"];
    assert_eq!(read(b"email,name\na@example.com,A\nb@example.com,\"B\nc@example.com,C\n").unwrap(), expected);
    let mut file = String::from("email,name\nb@example.com,\"B\n");
    for index in 0..20_000 {
        file.push_str(&format!("c{index}@example.com,C\n"));
    }
    assert_eq!(read(file.as_bytes()).unwrap().len(), 20_001);
}

proptest::proptest! {
    #[test]
    fn whatever_the_bytes_reading_ends(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..3000)) {
        let _ = read(&bytes);
        let mut file = b"email,name\n".to_vec();
        file.extend(bytes);
        let _ = read(&file);
    }

    #[test]
    fn every_written_row_is_read_again(
        names in proptest::collection::vec("[^\\p{Cc}]{0,40}", 1..40),
        delimiter in proptest::sample::select(vec![',', ';', '\t', '|']),
    ) {
        let mut file = format!("email{delimiter}name\n");
        for (index, name) in names.iter().enumerate() {
            file.push_str(&format!("r{index}@example.com{delimiter}\"{}\"\n", name.replace('"', "\"\"")));
        }
        let rows = read(file.as_bytes()).unwrap();
        proptest::prop_assert_eq!(rows.len(), names.len());
        for (index, (row, name)) in rows.iter().zip(&names).enumerate() {
            proptest::prop_assert_eq!(row, &format!("r{index}@example.com|{}|", on_one_line(&visible(&printable(plain(name))))));
        }
    }
}
