//! Articles of the blog (S-52): what they are, their addresses, and when they are read by everyone.

use jiff::tz::TimeZone;

use crate::clock::UnixMillis;
use crate::id::{ArticleId, PictureId, UserId};
use crate::problem::{Problem, Problems, line, paragraph};
use crate::schedule::LocalTime;
use crate::text_enum::text_enum;

/// An article.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Article {
    /// Identifier.
    pub id: ArticleId,
    /// Who wrote it; `None`: their account is gone.
    pub author_id: Option<UserId>,
    /// Title.
    pub title: String,
    /// The last part of its address.
    pub slug: String,
    /// What it is about, for lists, search engines and messengers; may be empty.
    pub lead: String,
    /// Markdown.
    pub body: String,
    /// The picture on top.
    pub cover_id: Option<PictureId>,
    /// What is on it, for those who do not see it.
    pub cover_alt: String,
    /// From when on everyone reads it; `None`: a draft.
    pub published_at: Option<UnixMillis>,
    /// How often it was read.
    pub views: i64,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

text_enum! {
    /// How far an article is.
    pub enum Publication {
        /// Only those who keep the blog see it.
        Draft = "draft",
        /// Everyone will see it.
        Planned = "planned",
        /// Everyone sees it.
        Published = "published",
    }
}

impl Article {
    /// How far it is at a time.
    pub fn publication(&self, now: UnixMillis) -> Publication {
        Publication::at(self.published_at, now)
    }
}

impl Publication {
    /// How far something is at a time that everyone reads from another on.
    pub fn at(published_at: Option<UnixMillis>, now: UnixMillis) -> Self {
        match published_at {
            None => Self::Draft,
            Some(at) if at > now => Self::Planned,
            Some(_) => Self::Published,
        }
    }
}

/// The fields of the form.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypedArticle<'a> {
    /// Title.
    pub title: &'a str,
    /// Empty: made from the title.
    pub slug: &'a str,
    /// May be empty.
    pub lead: &'a str,
    /// Markdown.
    pub body: &'a str,
    /// What is on the cover.
    pub cover_alt: &'a str,
    /// `draft`, `now` or `at`.
    pub when: &'a str,
    /// For `at`: a local date and time.
    pub published_at: &'a str,
}

/// An article as typed, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleDraft {
    /// Title.
    pub title: String,
    /// The last part of its address.
    pub slug: String,
    /// May be empty.
    pub lead: String,
    /// Markdown.
    pub body: String,
    /// What is on the cover.
    pub cover_alt: String,
    /// From when on everyone reads it; `None`: a draft.
    pub published_at: Option<UnixMillis>,
}

/// In characters; about a hundred printed pages.
const LONGEST_BODY: usize = 200_000;

impl TypedArticle<'_> {
    /// Checks the fields, each named as its field here. `before` is when it was published so far: publishing it again
    /// does not make it new.
    pub fn parse(
        &self,
        zone: &TimeZone,
        now: UnixMillis,
        before: Option<UnixMillis>,
    ) -> Result<ArticleDraft, Problems> {
        let mut problems = Problems::default();
        let title = problems.take("title", line(self.title, true, 200));
        let slug = match self.slug.trim() {
            "" => Some(slug(self.title)),
            typed => problems.take("slug", typed_slug(typed)),
        };
        let lead = problems.take("lead", line(self.lead, false, 400));
        let body = problems.take("body", paragraph(self.body.trim_end(), LONGEST_BODY));
        let cover_alt = problems.take("cover_alt", line(self.cover_alt, false, 300));
        let published_at = match self.when {
            "draft" => Some(None),
            "now" => Some(Some(before.filter(|at| *at <= now).unwrap_or(now))),
            "at" => problems.take("published_at", self.publication_time(zone, now)).map(Some),
            _ => problems.take("when", Err(Problem::new("problem-choice"))),
        };
        if body.as_deref() == Some("") && published_at.flatten().is_some() {
            problems.add("body", Problem::new("problem-article-empty"));
        }
        let draft = (|| {
            Some(ArticleDraft {
                title: title?,
                slug: slug?,
                lead: lead?,
                body: body?,
                cover_alt: cover_alt?,
                published_at: published_at?,
            })
        })();
        problems.into_result(draft)
    }

    fn publication_time(&self, zone: &TimeZone, now: UnixMillis) -> Result<UnixMillis, Problem> {
        let time = LocalTime::parse(self.published_at, zone).ok_or(Problem::new("problem-time"))?;
        Ok(time.plausible(now, zone)?.at)
    }
}

/// Addresses are cut there, at a whole word.
const LONGEST_SLUG: usize = 80;

fn typed_slug(text: &str) -> Result<String, Problem> {
    let good = slug(text);
    if good == text { Ok(good) } else { Err(Problem::new("problem-slug").with("suggested", good)) }
}

/// The last part of an article's address: Latin letters, digits and dashes, Cyrillic written as it is in passports
/// (ICAO Doc 9303), other scripts left out.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            '\'' | '’' | 'ь' => {}
            _ => match transliterated(c) {
                Some(latin) => slug.push_str(latin),
                None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                None => {}
            },
        }
    }
    if slug.len() > LONGEST_SLUG {
        let whole = slug[..=LONGEST_SLUG].rfind('-').filter(|at| *at > LONGEST_SLUG / 2);
        slug.truncate(whole.unwrap_or(LONGEST_SLUG));
    }
    let slug = slug.trim_end_matches('-');
    // An address of digits alone would read as a number of the list.
    if slug.is_empty() || slug.bytes().all(|b| b.is_ascii_digit()) {
        format!("article-{slug}").trim_end_matches('-').to_owned()
    } else {
        slug.to_owned()
    }
}

fn transliterated(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'є' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' | 'й' | 'і' | 'ї' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' => "ie",
        'ы' => "y",
        'ю' => "iu",
        'я' => "ia",
        'ä' => "ae",
        'ö' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ç' => "c",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ù' | 'ú' | 'û' => "u",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_503_600_000);

    fn typed<'a>(when: &'a str, published_at: &'a str) -> TypedArticle<'a> {
        TypedArticle {
            title: "Осеннее меню", body: "Тыква.", when, published_at, ..TypedArticle::default()
        }
    }

    #[test]
    fn addresses_are_latin() {
        for (title, expected) in [
            ("Осеннее меню: что нового?", "osennee-meniu-chto-novogo"),
            ("Щука и ёж съели объявление", "shchuka-i-ezh-sieeli-obieiavlenie"),
            ("  10 советов, как писать письма  ", "10-sovetov-kak-pisat-pisma"),
            ("Don’t panic!", "dont-panic"),
            ("Größe & Überraschung", "groesse-ueberraschung"),
            ("2026", "article-2026"),
            ("新年", "article"),
            ("!!!", "article"),
        ] {
            assert_eq!(slug(title), expected, "{title}");
        }
        let long = slug(&"Очень длинное слово ".repeat(20));
        assert!(long.len() <= LONGEST_SLUG && !long.ends_with('-'), "{long}");
    }

    proptest! {
        #[test]
        fn an_address_is_always_one(title in ".{0,300}") {
            let made = slug(&title);
            prop_assert!(!made.is_empty() && made.len() <= LONGEST_SLUG + "article-".len());
            prop_assert!(made.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!made.starts_with('-') && !made.ends_with('-') && !made.contains("--"));
            prop_assert_eq!(slug(&made), made.clone());
        }
    }

    #[test]
    fn publication_is_read_in_the_writers_zone() {
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        let read = |when, at| typed(when, at).parse(&zone, NOW, None).unwrap();
        assert_eq!(read("draft", "").published_at, None);
        assert_eq!(read("now", "").published_at, Some(NOW));
        let planned = read("at", "2026-12-01T10:00");
        assert_eq!(planned.published_at.unwrap().timestamp().to_string(), "2026-12-01T07:00:00Z");
        assert_eq!(planned.slug, "osennee-meniu");
        // What is published stays published since then; what was planned is published now.
        let before = UnixMillis(NOW.0 - 1_000);
        assert_eq!(typed("now", "").parse(&zone, NOW, Some(before)).unwrap().published_at, Some(before));
        let later = UnixMillis(NOW.0 + 1_000);
        assert_eq!(typed("now", "").parse(&zone, NOW, Some(later)).unwrap().published_at, Some(NOW));
    }

    #[test]
    fn each_problem_stands_at_its_field() {
        let wrong = |typed: TypedArticle<'_>| {
            let problems = typed.parse(&TimeZone::UTC, NOW, None).unwrap_err();
            problems.iter().map(|(field, _)| field).collect::<Vec<_>>()
        };
        assert_eq!(wrong(TypedArticle { title: " ", ..typed("draft", "") }), ["title"]);
        assert_eq!(wrong(TypedArticle { slug: "Осень!", ..typed("draft", "") }), ["slug"]);
        assert_eq!(wrong(typed("at", "soon")), ["published_at"]);
        assert_eq!(wrong(typed("sometime", "")), ["when"]);
        assert_eq!(wrong(TypedArticle { body: "", ..typed("now", "") }), ["body"]);
        assert!(TypedArticle { body: "", ..typed("draft", "") }.parse(&TimeZone::UTC, NOW, None).is_ok());
    }
}
