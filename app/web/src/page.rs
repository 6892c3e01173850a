//! Pages: from a request to HTML. The door and the reads end before anything is rendered, so a page has a real status.

use crate::action::Declared;
use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::flash::{self, Said};
use crate::form::FormState;
use crate::frame;
use crate::layouts::Frame;
use crate::pages::errors;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::typed;
use crate::ui::Maybe;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::{Html, IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use hydration_context::SsrSharedContext;
use keel_domain::access::{Caller, Door, Origin, Read, SignedIn, Standing, Write};
use keel_domain::accounts::{Mine, billing, dashboard, list_mine};
use keel_domain::{Keel, Refusal};
use keel_text::{Catalogue, Lang};
use keel_types::{Code, TimeZone, url};
use leptos::prelude::{IntoView, Owner, RenderHtml as _};
use std::sync::{Arc, OnceLock};

/// Where plans are chosen.
const PRICING: &str = "/pricing";

/// Which route answered: the layer in front of actions shows a form again only on its own page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRoute(pub &'static str);

/// Why a page is not shown.
#[derive(Debug)]
pub enum Stop {
    /// The browser is sent there.
    Go(String),
    /// The page is refused.
    No(Refusal),
    /// What the page is about was made just now: door and load once more, so that everything on the page knows of it.
    Again,
    /// The account was named by a slug it has no more: the same page, named as it is called now.
    Moved(String),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::No(refusal)
    }
}

/// What a page's `load` gives.
pub type Loaded<M> = Result<M, Stop>;

/// A browser asks for a page.
pub struct Visit {
    arrival: Arrival,
    /// Path and query.
    here: String,
    query: Vec<(String, String)>,
    /// The parts of the path that vary.
    parts: Vec<(String, String)>,
    form: FormState,
    /// Whether this is a form shown again by its action.
    again: bool,
    /// Whether the form has waited for a proof of who the person is.
    resumed: bool,
    /// How the page is answered where its query asks for what cannot be, and after how many seconds it can.
    answered: OnceLock<(Code, Option<u32>)>,
    /// A cookie that ends with this answer.
    spent: OnceLock<Cookie>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let arrival = parts.extensions.get::<Arrival>().cloned();
        let arrival = arrival.ok_or_else(|| errors::bare(&Refusal::internal(&"a page was reached past the layers in front of it")))?;
        let form = parts.extensions.get::<FormState>().cloned();
        let query = parts.uri.query().map(|q| serde_urlencoded::from_str(q).unwrap_or_default()).unwrap_or_default();
        let varying = RawPathParams::from_request_parts(parts, state).await;
        let varying = varying.map(|all| all.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        let here = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let again = form.is_some();
        let typed = if again { None } else { typed::find(&arrival, &here) };
        let resumed = typed.is_some();
        let form = form.or_else(|| typed.map(|fields| FormState { fields, problem: None })).unwrap_or_default();
        Ok(Self {
            arrival,
            here,
            query,
            parts: varying.unwrap_or_default(),
            again,
            resumed,
            answered: OnceLock::new(),
            spent: OnceLock::new(),
            form,
        })
    }
}

impl Visit {
    /// The Keel that was asked.
    pub fn keel(&self) -> &Keel {
        &self.arrival.keel
    }

    /// The request.
    pub fn arrival(&self) -> &Arrival {
        &self.arrival
    }

    /// The first value of a name in the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A part of the path, by its name in the route; empty when it cannot be read.
    pub fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The account this response is about, when one was named: by the form that is shown again, else in the query.
    pub fn account(&self) -> Option<&str> {
        let named = |account: &&str| !account.is_empty();
        self.form.fields.get("account").filter(named).or_else(|| self.query("account").filter(named))
    }

    /// Path and query.
    pub fn here(&self) -> &str {
        &self.here
    }

    /// The path that was asked for.
    pub fn path(&self) -> &str {
        self.here.split('?').next().unwrap_or_default()
    }

    /// Says that the query asks for what cannot be. The page tells it at the field; its status is 422.
    pub fn refuse_query(&self) {
        let _ = self.answered.set((Code::Invalid, None));
    }

    /// Says that the query asks for what is refused. The page tells it; its status is the problem's.
    pub fn answer_as(&self, problem: &Problem) {
        let _ = self.answered.set((problem.code, problem.retry_after));
    }

    /// Lets the browser forget a cookie with this answer: what it carried is shown once.
    pub fn forget(&self, cookie: Cookie) {
        let _ = self.spent.set(cookie);
    }

    /// Opens a door to read.
    pub async fn read<D: Door>(&self) -> Result<Read<D>, Refusal> {
        Read::open(&self.arrival.keel, self.arrival.asked_for(self.account())).await
    }

    /// Opens the door to write although this is a GET. Only for the named exceptions, which are idempotent and concern the
    /// session's own person: the checkout page, which makes the workspace, and the success page, which asks for a look.
    pub async fn write_named(&self) -> Result<Write<SignedIn>, Refusal> {
        let mut asked = self.arrival.asked_for(self.account());
        asked.origin = Origin::NamedGet;
        Write::open(&self.arrival.keel, asked).await
    }

    /// What surrounds the page: who the caller is, and the account switcher's list.
    pub async fn around<D: Door>(&self, call: &mut Read<D>) -> Loaded<Page> {
        if let Some(caller) = call.caller().filter(|caller| caller.names_former_slug() && !self.again) {
            return Err(Stop::Moved(self.named(caller.usual_standing().handle())));
        }
        let mine = list_mine(call).await?;
        Ok(self.page(call.caller(), &mine))
    }

    /// Renders. Every read has ended.
    pub fn show<M, V: IntoView>(&self, route: &'static str, page: Page, model: M, view: impl FnOnce(M, Page) -> V) -> Response {
        let said = page.said;
        let reading = page.reading();
        let mut response = html(&reading, render(reading.clone(), || view(model, page)));
        if said.is_some() && !self.again {
            append(&mut response, flash::end(self.arrival.keel.settings()));
        }
        if self.resumed {
            append(&mut response, Cookie::Typed.forget(self.arrival.keel.settings()));
        }
        if let Some(spent) = self.spent.get() {
            append(&mut response, spent.forget(self.arrival.keel.settings()));
        }
        if let Some((code, retry_after)) = self.answered.get() {
            *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response.extensions_mut().insert(*code);
            response.headers_mut().extend(retry_after.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
        }
        response.extensions_mut().insert(PageRoute(route));
        response
    }

    /// What a browser gets instead of the page; programs get the problem itself.
    pub async fn stop(&self, stop: Stop) -> Response {
        match stop {
            Stop::Go(next) => see_other(&self.onward(&next)),
            Stop::Again => see_other(&self.here),
            Stop::Moved(next) => see_other(&next),
            Stop::No(refusal) if self.arrival.is_program() => errors::json(&refusal.into()),
            Stop::No(Refusal::SignInNeeded) => refused(Code::SignInRequired, &url::login(&self.here)),
            Stop::No(Refusal::StepUpNeeded) => refused(Code::StepUpRequired, &url::step_up(&self.here)),
            Stop::No(Refusal::TwoStepNeeded) => refused(Code::TwoStepRequired, &url::two_step_required(&self.here, self.account())),
            Stop::No(refusal) => match self.instead(&refusal).await {
                Some(next) => refused(refusal.code(), &self.onward(next)),
                None => errors::page(&self.arrival.about(self.account()), &self.here, &refusal).await,
            },
        }
    }

    /// This page, with another name for its account.
    fn named(&self, account: &str) -> String {
        let others = self.query.iter().filter(|(name, _)| name != "account").map(|(name, value)| (name.as_str(), value.as_str()));
        let query = serde_urlencoded::to_string(others.chain([("account", account)]).collect::<Vec<_>>()).unwrap_or_default();
        format!("{}?{query}", self.path())
    }

    /// One dashboard leads to another about the same account.
    fn onward(&self, next: &str) -> String {
        let is_dashboard = |path: &str| path.starts_with("/org-dashboard") || path.starts_with("/private-dashboard");
        link(next, self.account().filter(|_| is_dashboard(&self.here) && is_dashboard(next)))
    }

    /// People who run no workspace are sent from the organization's pages to their own.
    async fn instead(&self, refusal: &Refusal) -> Option<&'static str> {
        let refused = matches!(refusal, Refusal::ManagersOnly | Refusal::Forbidden(_) | Refusal::OwnersOnly);
        if !refused || !self.here.starts_with("/org-dashboard") {
            return None;
        }
        let call = self.read::<SignedIn>().await.ok()?;
        let manager = call.proof().usual_standing().is_manager();
        (!manager).then_some("/private-dashboard")
    }

    fn page(&self, caller: Option<&Caller>, mine: &[Mine]) -> Page {
        let lang = caller.and_then(|caller| caller.lang).unwrap_or(self.arrival.lang);
        let settings = self.keel().settings();
        let said = flash::said(&self.arrival);
        let standing = caller.map(Caller::usual_standing);
        let about = standing.filter(|_| self.account().is_some()).map(|standing| standing.handle().to_owned());
        Page {
            lang,
            time_zone: caller.and_then(|caller| caller.time_zone),
            text: lang.catalogue(),
            here: self.here.clone(),
            form: self.form.clone(),
            said,
            account: standing.map(|standing| standing.account.to_string()).unwrap_or_default(),
            dashboard: standing.map(|standing| link(dashboard(standing.is_manager()), about.as_deref())),
            billing: standing.and_then(|standing| billing(standing, settings.model())).map(|path| link(path, about.as_deref())),
            pricing: link(PRICING, standing.filter(|_| settings.model().has_teams()).map(Standing::handle)),
            frame: caller.map(|caller| frame::of(self, caller, mine, lang, said)),
            development: settings.in_development(),
            about,
        }
    }
}

/// A link to `path`, about an account where one is named.
fn link(path: &str, about: Option<&str>) -> String {
    about.map_or_else(|| path.to_owned(), |account| url::about(path, account))
}

/// What every view gets besides its model.
#[derive(Clone, Debug)]
pub struct Page {
    /// The language.
    pub lang: Lang,
    /// The reader's time zone, when they told one.
    pub time_zone: Option<TimeZone>,
    /// Its texts.
    pub text: &'static Catalogue,
    /// Path and query of this page, for the forms on it: `action::at(&page.here)`.
    pub here: String,
    /// The form as it was typed.
    pub form: FormState,
    /// The id of the account this page is about, for the forms on it; empty without a session.
    pub account: String,
    /// The dashboard of a person who is signed in.
    pub dashboard: Option<String>,
    /// The billing page of this account, when the person may see it.
    pub billing: Option<String>,
    /// The pricing page, leading to a plan for this account and no other.
    pub pricing: String,
    /// What surrounds the pages of a person who is signed in.
    pub frame: Option<Frame>,
    /// Whether this is a developer's machine or a test.
    pub development: bool,
    /// The account the request named, for links.
    about: Option<String>,
    said: Option<Said>,
}

impl Page {
    /// How it is read.
    pub fn reading(&self) -> Reading {
        Reading { lang: self.lang, time_zone: self.time_zone, here: self.here.clone() }
    }

    /// A link to another page: about the same account, where the request named one.
    pub fn link(&self, path: &str) -> String {
        link(path, self.about.as_deref())
    }

    /// The account the request named, for forms that lead to another page.
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Maybe {
        self.form.error(field, self.text)
    }

    /// What was typed into a field, else `usual`.
    pub fn value(&self, field: &str, usual: impl Into<Maybe>) -> Maybe {
        self.form.value(field, usual)
    }

    /// What the last action said.
    pub fn flash(&self) -> Maybe {
        self.said.and_then(|said| self.text.flash.find(said.as_str())).into()
    }
}

/// An answer of HTML that depends on who asks, in which language.
pub fn html(reading: &Reading, html: String) -> Response {
    let head = [(header::CONTENT_LANGUAGE, reading.lang.tag()), (header::VARY, "accept-language, cookie")];
    (head, Html(html)).into_response()
}

/// HTML of a view. An owner with a shared context of its own: a view with an island would otherwise not find one.
pub fn render<V: IntoView>(reading: Reading, view: impl FnOnce() -> V) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| {
        reading.begin();
        view().into_view().to_html()
    });
    owner.unset_with_forced_cleanup();
    html
}

/// Sends a browser there.
pub fn see_other(next: &str) -> Response {
    match HeaderValue::from_str(next) {
        Ok(next) => (StatusCode::SEE_OTHER, [(header::LOCATION, next)]).into_response(),
        Err(error) => errors::bare(&Refusal::internal(&error)),
    }
}

/// Sends a browser there because it was refused what it asked for. The code goes along for the access log.
pub fn refused(code: Code, next: &str) -> Response {
    let mut response = see_other(next);
    response.extensions_mut().insert(code);
    response
}

/// Adds a cookie.
pub fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The page a form stands on, for a browser that opens the form's address itself.
pub fn home_of(action: &Declared, uri: &http::Uri) -> String {
    let query: Vec<(String, String)> = uri.query().and_then(|q| serde_urlencoded::from_str(q).ok()).unwrap_or_default();
    let at = query.into_iter().find(|(name, _)| name == "at").and_then(|(_, at)| url::LocalPath::parse(&at));
    at.map_or_else(|| action.pages.first().copied().unwrap_or("/").to_owned(), String::from)
}
