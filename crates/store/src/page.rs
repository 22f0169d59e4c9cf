//! Pages of long lists, by key: a page begins after the last row of the one before, so that the thousandth page costs
//! as much as the first.

use std::fmt;
use std::str::FromStr;

/// Where a page begins: the sort key and the id of a row of the neighbouring page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies before that row, going back.
    pub back: bool,
    /// The row's id.
    pub id: i64,
    /// The row's sort key; empty when the list is ordered by id alone.
    pub key: String,
}

/// As it stands in a URL: `a` or `b` (after, before), the id, and the key if there is one.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.back { 'b' } else { 'a' }, self.id)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, "-{}", self.key) }
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (direction, rest) = text.split_at_checked(1).ok_or(())?;
        let back = match direction {
            "a" => false,
            "b" => true,
            _ => return Err(()),
        };
        let (id, key) = rest.split_once('-').unwrap_or((rest, ""));
        Ok(Self { back, id: id.parse().map_err(|_| ())?, key: key.to_owned() })
    }
}

/// The part of a statement that pages a list by its id, newest first: `WHERE id {compare} $n … ORDER BY id {direction}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewestFirst {
    pub(crate) compare: &'static str,
    pub(crate) direction: &'static str,
    /// What the id is compared with.
    pub(crate) from: i64,
}

impl NewestFirst {
    pub(crate) fn at(cursor: Option<&Cursor>) -> Self {
        let back = cursor.is_some_and(|cursor| cursor.back);
        let (compare, direction) = if back { (">", "ASC") } else { ("<", "DESC") };
        Self { compare, direction, from: cursor.map_or(i64::MAX, |cursor| cursor.id) }
    }
}

/// A page of a list with the ways on.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Where the page before ends, if there is one.
    pub previous: Option<Cursor>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were read from `cursor` in its direction, one more than `size` to see if there are
    /// others behind.
    pub fn of(mut rows: Vec<T>, cursor: Option<&Cursor>, size: usize, key: impl Fn(&T) -> (i64, String)) -> Self {
        let back = cursor.is_some_and(|cursor| cursor.back);
        let more = rows.len() > size;
        rows.truncate(size);
        if back {
            rows.reverse();
        }
        let at = |row: Option<&T>, back| {
            row.map(|row| {
                let (id, key) = key(row);
                Cursor { back, id, key }
            })
        };
        let has_previous = if back { more } else { cursor.is_some() };
        let has_next = if back { true } else { more };
        Self {
            previous: at(rows.first(), true).filter(|_| has_previous),
            next: at(rows.last(), false).filter(|_| has_next),
            rows,
        }
    }
}
