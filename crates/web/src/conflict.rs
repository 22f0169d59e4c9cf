//! Two people, or one in two tabs, have changed the same thing: what was saved meanwhile and what is typed now, side by
//! side, with the differences marked. Nothing is lost: the form below still has everything that was typed.

use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, DiffOp, TextDiffConfig};

use crate::{error::Error, i18n, page::Page};

use vestnik_model::UnixMillis;

/// Lines alike are shown this far around a difference.
const CONTEXT: usize = 3;
/// A comparison that takes longer becomes coarser.
const PATIENCE: Duration = Duration::from_millis(500);
/// In texts longer than this together, in bytes, lines are marked as a whole.
const LONGEST_MARKED: usize = 200 * 1024;

/// The page's part.
#[derive(Debug, Serialize)]
pub(crate) struct ConflictView {
    /// When the other one was saved, in words.
    time: String,
    /// The form below, which saves what is typed.
    form: &'static str,
    /// Where what was saved is seen, and what is typed is given up.
    keep: String,
    fields: Vec<FieldView>,
}

/// A field that differs.
#[derive(Debug, Serialize)]
struct FieldView {
    label: String,
    /// What was saved, to copy.
    saved: String,
    theirs: Vec<Line>,
    mine: Vec<Line>,
}

/// A line of a field.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Line {
    /// It stands for so many lines that are alike.
    alike: usize,
    /// Whether it is in both.
    same: bool,
    /// Its parts, and whether each differs.
    parts: Vec<(bool, String)>,
}

/// A field on both sides.
#[derive(Debug)]
pub(crate) struct Field {
    /// The words of its label.
    pub(crate) label: &'static str,
    /// What was saved meanwhile.
    pub(crate) theirs: String,
    /// What is typed.
    pub(crate) mine: String,
}

impl Field {
    pub(crate) fn new(label: &'static str, theirs: impl Into<String>, mine: impl Into<String>) -> Self {
        // Browsers send line ends as CR LF, and what stands at the end is trimmed when it is saved.
        let lines = |text: String| text.replace("\r\n", "\n").trim_end().to_owned();
        Self { label, theirs: lines(theirs.into()), mine: lines(mine.into()) }
    }

    fn differs(&self) -> bool {
        self.theirs != self.mine
    }
}

impl ConflictView {
    /// Compares, off the threads that answer requests. `None`: both are alike, so that there is nothing to decide.
    pub(crate) async fn of(
        page: &Page,
        saved_at: UnixMillis,
        form: &'static str,
        keep: String,
        fields: Vec<Field>,
    ) -> Result<Option<Self>, Error> {
        let fields: Vec<Field> = fields.into_iter().filter(Field::differs).collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let compare = move || {
            let sides = |field: Field| {
                let (theirs, mine) = compared(&field.theirs, &field.mine);
                (field.label, field.theirs, theirs, mine)
            };
            fields.into_iter().map(sides).collect::<Vec<_>>()
        };
        let compared = tokio::task::spawn_blocking(compare).await.map_err(Error::internal)?;
        let zone = page.visit.user.as_ref().map_or("UTC", |who| who.user.time_zone.as_str());
        let view = |(label, saved, theirs, mine)| FieldView { label: page.text(label, &[]), saved, theirs, mine };
        Ok(Some(Self {
            time: i18n::datetime(page.language(), saved_at, zone),
            form,
            keep,
            fields: compared.into_iter().map(view).collect(),
        }))
    }
}

#[cfg(test)]
impl ConflictView {
    /// For the test that renders every template.
    pub(crate) fn sample() -> Self {
        let (theirs, mine) = compared("<b>Осень</b>\na", "<b>Весна</b>\na");
        let field = FieldView { label: "Тема <b>".into(), saved: "<b>Осень</b>".into(), theirs, mine };
        Self { time: "24 ноября".into(), form: "message", keep: "/messages/5/edit".into(), fields: vec![field] }
    }
}

/// Both texts line by line, with what differs in a line marked.
fn compared(theirs: &str, mine: &str) -> (Vec<Line>, Vec<Line>) {
    // A last line without an end would differ from the same one with it.
    let ended = |text: &str| if text.is_empty() { String::new() } else { format!("{text}\n") };
    let (theirs, mine) = (ended(theirs), ended(mine));
    let diff = TextDiffConfig::default().timeout(PATIENCE).diff_lines(theirs.as_str(), mine.as_str());
    let marked = theirs.len() + mine.len() <= LONGEST_MARKED;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for op in diff.ops() {
        if let DiffOp::Equal { .. } = op {
            let same: Vec<Line> = diff.iter_changes(op).map(|change| line([(false, change.value())], true)).collect();
            let (first, last) = (left.is_empty(), op.old_range().end == diff.old_len());
            let shown = shortened(same, first, last);
            right.extend(shown.iter().map(Line::again));
            left.extend(shown);
            continue;
        }
        let mut add = |tag, line| match tag {
            ChangeTag::Delete => left.push(line),
            ChangeTag::Insert => right.push(line),
            ChangeTag::Equal => {}
        };
        if !marked {
            for change in diff.iter_changes(op) {
                add(change.tag(), line([(true, change.value())], false));
            }
            continue;
        }
        for change in diff.iter_inline_changes(op) {
            // Where a whole line is new, all of it is marked.
            let any = change.values().iter().any(|(marked, _)| *marked);
            add(change.tag(), line(change.values().iter().map(|(marked, text)| (*marked || !any, *text)), false));
        }
    }
    (left, right)
}

fn line<'a>(parts: impl IntoIterator<Item = (bool, &'a str)>, same: bool) -> Line {
    let clean = |(marked, text): (bool, &str)| (marked, text.trim_end_matches('\n').to_owned());
    let parts = parts.into_iter().map(clean).filter(|(_, text)| !text.is_empty()).collect();
    Line { alike: 0, same, parts }
}

/// Leaves out what is alike and far from any difference. `first`, `last`: nothing differs before, or after it.
fn shortened(mut lines: Vec<Line>, first: bool, last: bool) -> Vec<Line> {
    let before = if first { 0 } else { CONTEXT };
    let after = if last { 0 } else { CONTEXT };
    if lines.len() <= before + after + 1 {
        return lines;
    }
    let rest = lines.split_off(lines.len() - after);
    let alike = lines.len() - before;
    lines.truncate(before);
    lines.push(Line { alike, same: true, parts: Vec::new() });
    lines.extend(rest);
    lines
}

impl Line {
    fn again(&self) -> Self {
        Self { alike: self.alike, same: self.same, parts: self.parts.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A side in short: `[marked]`, `=` before lines that are alike, `…n` for those left out.
    fn short(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line.alike {
                0 => {
                    let parts = line.parts.iter().map(|(marked, text)| match marked {
                        true => format!("[{text}]"),
                        false => text.clone(),
                    });
                    format!("{}{}", if line.same { "=" } else { "" }, parts.collect::<String>())
                }
                alike => format!("…{alike}"),
            })
            .collect()
    }

    #[test]
    fn what_differs_is_marked_on_both_sides() {
        let (theirs, mine) = compared("Dear all,\nthe menu is new.\nBye", "Dear all,\nthe menu is old.\nBye\nAnna");
        assert_eq!(short(&theirs), ["=Dear all,", "the menu is [new.]", "=Bye"]);
        assert_eq!(short(&mine), ["=Dear all,", "the menu is [old.]", "=Bye", "[Anna]"]);
        let (theirs, mine) = compared("Осеннее меню", "");
        assert_eq!((short(&theirs), short(&mine)), (vec!["[Осеннее меню]".to_owned()], Vec::new()));
    }

    #[test]
    fn long_stretches_that_are_alike_are_left_out() {
        let alike: Vec<String> = (0..20).map(|n| format!("line {n}")).collect();
        let with = |change: &str| {
            let mut lines = alike.clone();
            lines[10] = change.to_owned();
            lines.join("\n")
        };
        let (theirs, mine) = compared(&with("theirs"), &with("mine"));
        let around = |own: &str| {
            let lines = ["…7", "=line 7", "=line 8", "=line 9", own, "=line 11", "=line 12", "=line 13", "…6"];
            lines.map(str::to_owned).to_vec()
        };
        assert_eq!(short(&theirs), around("[theirs]"));
        assert_eq!(short(&mine), around("[mine]"));
    }
}
