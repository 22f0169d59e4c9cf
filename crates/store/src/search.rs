//! Searching lists by words: in any order, in whatever case, «е» for «ё». Keys are stored folded
//! (`vestnik_model::text::fold`), because SQLite's own lower case knows ASCII only.

use vestnik_model::text::fold;

use crate::db::Param;

/// Words that are looked for one by one. What stands behind them is looked for as it is, so that a statement stays short
/// and nothing more is found.
const MOST_WORDS: usize = 12;

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SearchIn {
    /// A column that holds folded text.
    Folded(&'static str),
    /// A column or an expression that holds lower case with its «ё».
    Lower(&'static str),
}

/// The words of a search.
#[derive(Clone, Debug)]
pub(crate) struct Words(Vec<Word>);

#[derive(Clone, Debug)]
struct Word {
    /// A `LIKE` pattern that finds it anywhere. Escaped by `\`.
    pattern: String,
    may_be_yo: bool,
}

impl Words {
    /// Splits what was typed into words.
    pub(crate) fn of(search: &str) -> Self {
        // PostgreSQL takes no NUL in a text.
        let folded = fold(&search.replace('\0', ""));
        let mut words: Vec<&str> = folded.split_whitespace().collect();
        let rest = words.split_off(words.len().min(MOST_WORDS)).join(" ");
        let words = words.into_iter().chain((!rest.is_empty()).then_some(rest.as_str()));
        Self(words.map(Word::of).collect())
    }

    /// Whether nothing is looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The condition that each word is in one of the columns. The patterns are added to the arguments of the statement.
    pub(crate) fn condition<'a>(&'a self, columns: &[SearchIn], args: &mut Vec<&'a dyn Param>) -> String {
        if self.is_empty() {
            return "true".to_owned();
        }
        let mut conditions = Vec::with_capacity(self.0.len());
        for word in &self.0 {
            args.push(&word.pattern);
            let number = args.len();
            let is_in = |column: &SearchIn| match column {
                SearchIn::Lower(column) if word.may_be_yo => {
                    format!("replace({column}, 'ё', 'е') LIKE ${number} ESCAPE '\\'")
                }
                SearchIn::Folded(column) | SearchIn::Lower(column) => format!("{column} LIKE ${number} ESCAPE '\\'"),
            };
            conditions.push(format!("({})", columns.iter().map(is_in).collect::<Vec<_>>().join(" OR ")));
        }
        conditions.join(" AND ")
    }
}

impl Word {
    fn of(word: &str) -> Self {
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        Self { pattern: format!("%{escaped}%"), may_be_yo: word.contains('е') }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(search: &str) -> Vec<String> {
        Words::of(search).0.into_iter().map(|word| word.pattern).collect()
    }

    #[test]
    fn a_search_is_split_into_folded_words() {
        assert_eq!(patterns(" Пётр\u{a0}СЕМЁНОВ "), ["%петр%", "%семенов%"]);
        assert_eq!(patterns("100%_\\"), ["%100\\%\\_\\\\%"]);
        assert!(patterns(" \0 ").is_empty());
        let many = "a b c d e f g h i j k l m n o";
        assert_eq!(patterns(many).len(), MOST_WORDS + 1);
        assert_eq!(patterns(many).last().unwrap(), "%m n o%");
    }

    #[test]
    fn each_word_is_in_one_of_the_columns() {
        let words = Words::of("анна лес");
        let (first, mut args) = (1_i64, Vec::<&dyn Param>::new());
        args.push(&first);
        let condition = words.condition(&[SearchIn::Folded("a"), SearchIn::Lower("b")], &mut args);
        assert_eq!(
            condition,
            "(a LIKE $2 ESCAPE '\\' OR b LIKE $2 ESCAPE '\\') AND \
             (a LIKE $3 ESCAPE '\\' OR replace(b, 'ё', 'е') LIKE $3 ESCAPE '\\')"
        );
        assert_eq!(args.len(), 3);
    }
}
