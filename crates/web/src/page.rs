//! Pages: a template with what it shows, inside the shell.
//!
//! A handler takes a [`Page`], asks the store, and answers `page.show("recipients/list.html", &ListView { … })`.
//! In the template the view's fields are variables, and `page` is the shell: `page.language`, `page.user`, `page.section`…
//! Undefined variables are errors (strict), everything is HTML-escaped.

mod engine;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use minijinja::{
    context,
    value::{Serde, Value},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::form_urlencoded;
use vestnik_cache::Region;
use vestnik_model::{
    Installation, Permission, Problem, Problems, UnixMillis,
    id::UserId,
    installation::RegistrationPolicy,
    secret::new_key,
    user::{Language, Theme},
};

pub use engine::{fragment, render};

use crate::{
    cached,
    counts::Counts,
    error::{Error, ErrorView},
    flash::{Flash, Note},
    form::FormErrors,
    i18n::{self, FluentValue},
    state::AppState,
    visit::{SignedIn, Visit},
};

/// What a handler needs to answer with a page.
#[derive(Clone)]
pub struct Page {
    /// The visit: language, address, who is signed in.
    pub visit: Visit,
    counts: Option<Counts>,
    house: House,
    /// Names the form of this page.
    form_id: String,
}

/// What pages show of the installation.
#[derive(Debug, Clone, Default, Serialize)]
struct House {
    /// What it calls itself; empty: by the product's name.
    name: String,
    /// Whether everyone may register.
    open: bool,
    /// Whether mail goes to the built-in catcher.
    catcher: bool,
    /// Whether nothing is sent because the mail server's password cannot be decrypted.
    mail_locked: bool,
    /// Of when the backup is that this is a copy of, while nothing is sent.
    held: Option<UnixMillis>,
}

impl House {
    fn of(app: &AppState, installation: &Installation) -> Self {
        Self {
            name: installation.name.clone(),
            open: installation.registration == RegistrationPolicy::Open,
            catcher: app.settings.catches(installation),
            mail_locked: app.settings.mail_locked(installation),
            held: installation.held,
        }
    }
}

/// The variable `page` of every template.
#[derive(Debug, Serialize)]
struct Shell<'a> {
    language: Language,
    /// `light`, `dark`, or nothing when the system decides.
    theme: Option<Theme>,
    section: &'a str,
    path: &'a str,
    user: Option<Person<'a>>,
    counts: Option<&'a Counts>,
    #[serde(flatten)]
    house: &'a House,
    /// Names the form of this page; empty: there is none that creates anything.
    form_id: &'a str,
    notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
struct Person<'a> {
    id: UserId,
    name: &'a str,
    email: &'a str,
    initial: String,
    /// The small picture's key; empty: none.
    avatar: &'a str,
    /// False until the address is confirmed: then a banner says what to do.
    may_send: bool,
    /// Whether it was confirmed before, and the catcher alone has seen that.
    confirms_again: bool,
    time_zone: &'a str,
    /// What the navigation offers.
    permissions: &'a [Permission],
    /// Whether there would be more with a second factor: then a banner says what to do.
    lacks_second_factor: bool,
}

impl<'a> Person<'a> {
    fn of(who: &'a SignedIn) -> Self {
        let user = &who.user;
        let initial = user.name.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        Self {
            id: user.id,
            name: &user.name,
            email: &user.email,
            initial,
            avatar: &user.avatar_small,
            // Someone who lacks it for another reason has nothing to confirm.
            may_send: user.confirmed_at.is_some(),
            confirms_again: user.confirmed_by_catcher,
            time_zone: &user.time_zone,
            permissions: who.actor.permissions(),
            lacks_second_factor: !who.actor.withheld().is_empty(),
        }
    }
}

/// The ways to the neighbouring pages of a list, for the macro `pager`.
#[derive(Debug, Default, Serialize)]
pub struct Pager {
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
}

impl Pager {
    /// The neighbours of a page of the list at `path`, keeping these parameters of its address; empty ones are left out.
    /// The position is the parameter `at`.
    pub fn of<T>(path: &str, keep: &[(&str, &str)], found: &vestnik_store::Page<T>) -> Self {
        let address = |cursor: &Option<vestnik_store::Cursor>| {
            let cursor = cursor.as_ref()?.to_string();
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(keep.iter().filter(|(_, value)| !value.is_empty())).append_pair("at", &cursor);
            Some(format!("{path}?{}", query.finish()))
        };
        Self { previous: address(&found.previous), next: address(&found.next) }
    }
}

impl Page {
    /// The page after an act that has changed who this person is to us.
    pub(crate) fn now_by(&self, who: SignedIn) -> Self {
        Self { visit: self.visit.now_by(who), ..self.clone() }
    }

    fn frame(&self) -> Frame<'_> {
        Frame { counts: self.counts.as_ref(), house: &self.house, form_id: &self.form_id }
    }

    /// The page with status 200.
    pub fn show(&self, template: &str, view: &impl Serialize) -> Result<Response, Error> {
        self.answer(StatusCode::OK, template, view)
    }

    /// The page again with status 422, because its form has errors.
    pub fn invalid(&self, template: &str, view: &impl Serialize) -> Result<Response, Error> {
        self.answer(StatusCode::UNPROCESSABLE_ENTITY, template, view)
    }

    /// The page with another status.
    pub fn answer(&self, status: StatusCode, template: &str, view: &impl Serialize) -> Result<Response, Error> {
        answer(&self.visit, self.frame(), status, template, view)
    }

    /// A page whose content is made once for all who see it alike: those with the same permissions, language and time
    /// zone. The shell around it is each visitor's own. `make` gathers what it shows.
    pub(crate) async fn show_cached<V: Serialize>(
        &self,
        app: &AppState,
        region: Region,
        template: &str,
        query: &str,
        make: impl AsyncFnOnce() -> Result<V, Error>,
    ) -> Result<Response, Error> {
        let (language, user) = (self.visit.language, self.visit.user.as_ref());
        let permissions: Vec<&str> =
            user.iter().flat_map(|who| who.actor.permissions()).map(|permission| permission.as_str()).collect();
        let zone = user.map_or("UTC", |who| who.user.time_zone.as_str());
        let key = format!("{template} {language} {zone} {} {query}", permissions.join("+"));
        let made = app.cache.get_or_make_json(region, &key, async || -> Result<CachedView, Error> {
            let view = make().await?;
            let shell = shell(&self.visit, self.frame());
            let [title, content] = engine::blocks(language, template, with_shell(&shell, &view), ["title", "content"])?;
            Ok(CachedView { title, content })
        });
        let (view, found) = made.await?;
        let shell = shell(&self.visit, self.frame());
        let html = render(language, "cached.html", with_shell(&shell, &view))?;
        // A word from the page before is shown once: that page is not kept.
        let tag = self.visit.flash.is_none().then(|| cached::tag(&html)).flatten();
        let mut response = html_answer(&self.visit, StatusCode::OK, Html(html));
        if let Some(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        if cfg!(debug_assertions) {
            response.headers_mut().insert("x-cache", HeaderValue::from_static(found.as_str()));
        }
        Ok(response)
    }

    /// A page for everyone, made once for all strangers who see it alike: in the same language and theme. `key` tells it
    /// from others of the region. `make` gathers what it shows, and what the handler wants to know beside it.
    pub(crate) async fn show_public<V: Serialize, T: Serialize + DeserializeOwned, E: From<Error>>(
        &self,
        app: &AppState,
        region: Region,
        template: &str,
        key: &str,
        make: impl AsyncFnOnce() -> Result<(V, T), E>,
    ) -> Result<(Response, T), E> {
        if self.visit.user.is_some() || self.visit.flash.is_some() {
            let (view, beside) = make().await?;
            return Ok((self.show(template, &view)?, beside));
        }
        let House { name, open, catcher, .. } = &self.house;
        let key = format!("{template} {} {} {open} {catcher} {name:?} {key}", self.visit.language, self.visit.theme);
        let made = app.cache.get_or_make_json(region, &key, async || -> Result<PublicPage<T>, E> {
            let (view, beside) = make().await?;
            let frame = Frame { counts: None, house: &self.house, form_id: "" };
            let shell = shell(&self.visit, frame);
            let html = render(self.visit.language, template, with_shell(&shell, &view)).map_err(Error::from)?;
            Ok(PublicPage { html, beside })
        });
        let (page, _) = made.await?;
        let mut response = html_answer(&self.visit, StatusCode::OK, Html(page.html.clone()));
        response = cached::for_everyone(response, &page.html);
        Ok((response, page.beside))
    }

    /// The visitor's language.
    pub fn language(&self) -> Language {
        self.visit.language
    }

    /// A translated text, for what is no template: file names, titles of exports.
    pub fn text(&self, id: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        i18n::text(self.visit.language, id, args)
    }

    /// Problems in the visitor's language, for a form.
    pub fn errors(&self, problems: &Problems) -> FormErrors {
        FormErrors::of(self.visit.language, problems)
    }

    /// One problem at a field, in the visitor's language. The empty field name is the form as a whole.
    pub fn error(&self, field: &'static str, problem: &Problem) -> FormErrors {
        FormErrors::one(self.visit.language, field, problem)
    }
}

impl FromRequestParts<AppState> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Self::Rejection> {
        let visit = Visit::from_request_parts(parts, app).await?;
        let counts = match &visit.user {
            Some(signed_in) => Some(Counts::of(app, &signed_in.actor).await?),
            None => None,
        };
        let house = House::of(app, &*app.installation().await?);
        let form_id = new_key(&*app.random, 12);
        Ok(Self { visit, counts, house, form_id })
    }
}

/// What stands around a page, but for the visitor's own.
#[derive(Clone, Copy)]
struct Frame<'a> {
    counts: Option<&'a Counts>,
    house: &'a House,
    form_id: &'a str,
}

fn answer(
    visit: &Visit,
    frame: Frame<'_>,
    status: StatusCode,
    template: &str,
    view: &impl Serialize,
) -> Result<Response, Error> {
    let shell = shell(visit, frame);
    let html = render(visit.language, template, with_shell(&shell, view))?;
    Ok(html_answer(visit, status, Html(html)))
}

fn html_answer(visit: &Visit, status: StatusCode, html: Html<String>) -> Response {
    let mut response = (status, html).into_response();
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(visit.language.as_str()));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("cookie, accept-language"));
    if visit.flash.is_some()
        && let Ok(removal) = HeaderValue::from_str(&Flash::removal())
    {
        response.headers_mut().append(header::SET_COOKIE, removal);
    }
    response
}

fn shell<'a>(visit: &'a Visit, Frame { counts, house, form_id }: Frame<'a>) -> Shell<'a> {
    let note = visit.flash.as_ref().and_then(|flash| flash.in_words(visit.language));
    Shell {
        language: visit.language,
        theme: (visit.theme != Theme::Auto).then_some(visit.theme),
        section: visit.section(),
        path: &visit.path,
        user: visit.user.as_ref().map(Person::of),
        counts,
        house,
        form_id,
        notes: note.into_iter().collect(),
    }
}

/// A page for everyone, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct PublicPage<T> {
    html: String,
    /// What the handler wants to know.
    beside: T,
}

/// A page's own part, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CachedView {
    pub(crate) title: String,
    pub(crate) content: String,
}

fn with_shell(shell: &Shell<'_>, view: &impl Serialize) -> Value {
    context! { page => Serde(shell), ..Value::from(Serde(view)) }
}

/// The page of an error. When even that cannot be drawn, a bare sentence.
pub(crate) fn error_page(app: &AppState, visit: &Visit, status: StatusCode, view: &ErrorView) -> Response<Body> {
    let house = app.known_installation().map(|(_, known)| House::of(app, &known)).unwrap_or_default();
    let frame = Frame { counts: None, house: &house, form_id: "" };
    answer(visit, frame, status, "errors/page.html", view).unwrap_or_else(|error| {
        tracing::error!(?error, "the page of an error could not be drawn");
        (status, i18n::text(visit.language, "error-500-title", &[])).into_response()
    })
}

/// A template in its shell with sample data, for the test that renders all of them.
#[cfg(test)]
pub(crate) fn sample(language: Language, template: &str, view: Value, shell: SampleShell) -> Result<String, Error> {
    let person = Person {
        id: UserId(1),
        name: "Анна <Север>",
        email: "anna@sever.example",
        initial: "А".into(),
        avatar: if shell == SampleShell::Confirmed { "avatars/1/0b.jpg" } else { "" },
        may_send: shell == SampleShell::Confirmed,
        confirms_again: shell == SampleShell::Unconfirmed,
        time_zone: "Europe/Moscow",
        permissions: Permission::ALL,
        lacks_second_factor: shell == SampleShell::Unconfirmed,
    };
    let counts = Counts { mailings: 24, messages: 3, recipients: 12_480, feedback: 2 };
    let signed_in = shell != SampleShell::Stranger;
    let house = House {
        name: "Ромашка & Co".into(),
        open: true,
        catcher: true,
        mail_locked: true,
        held: Some(UnixMillis(1_795_503_600_000)),
    };
    let shell = Shell {
        language,
        theme: (shell == SampleShell::Confirmed).then_some(Theme::Dark),
        section: "mailings",
        path: "/mailings",
        user: signed_in.then_some(person),
        counts: signed_in.then_some(&counts),
        house: &house,
        form_id: "5f",
        notes: Flash::ok("flash-welcome").with("name", "Анна").in_words(language).into_iter().collect(),
    };
    Ok(render(language, template, context! { page => Serde(&shell), ..view })?)
}

/// Before whom a sample page is shown.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SampleShell {
    Stranger,
    Unconfirmed,
    Confirmed,
}
