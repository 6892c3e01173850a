//! Pages: from a request to HTML. The door and the reads end before anything is rendered, so a page has a real status.

use crate::action::Declared;
use crate::arrival::Arrival;
use crate::flash::{self, Said};
use crate::form::FormState;
use crate::layouts::{AccountEntry, Frame, Section, User};
use crate::pages::{accounts, errors, sign_in};
use crate::ui::{Icon, Maybe, Text};
use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use hydration_context::SsrSharedContext;
use keel_domain::access::{Caller, Door, Read, Standing, Write};
use keel_domain::access::{Origin, SignedIn};
use keel_domain::accounts::{Mine, list_mine};
use keel_domain::{Keel, Refusal};
use keel_text::{Catalogue, Lang, fill};
use keel_types::{AccountKind, BusinessModel, Permission, url};
use leptos::prelude::{IntoView, Owner, RenderHtml as _};
use std::sync::Arc;

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
    form: FormState,
    /// Whether this is a form shown again by its action.
    again: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let arrival = parts.extensions.get::<Arrival>().cloned();
        let arrival = arrival.ok_or_else(|| errors::bare(&Refusal::internal(&"a page was reached past the layers in front of it")))?;
        let form = parts.extensions.get::<FormState>().cloned();
        let query = parts.uri.query().map(|q| serde_urlencoded::from_str(q).unwrap_or_default()).unwrap_or_default();
        let here = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Ok(Self { arrival, here, query, again: form.is_some(), form: form.unwrap_or_default() })
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

    /// The path that was asked for.
    pub fn path(&self) -> &str {
        self.here.split('?').next().unwrap_or_default()
    }

    /// Opens a door to read.
    pub async fn read<D: Door>(&self) -> Result<Read<D>, Refusal> {
        Read::open(&self.arrival.keel, self.arrival.asked_for(self.query("account"))).await
    }

    /// Opens the door to write although this is a GET. Only for the named exceptions, which are idempotent and concern the
    /// session's own person: the checkout page, which makes the workspace, and the success page, which asks for a look.
    pub async fn write_named(&self) -> Result<Write<SignedIn>, Refusal> {
        let mut asked = self.arrival.asked_for(self.query("account"));
        asked.origin = Origin::NamedGet;
        Write::open(&self.arrival.keel, asked).await
    }

    /// What surrounds the page: who the caller is, and the account switcher's list.
    pub async fn around<D: Door>(&self, call: &mut Read<D>) -> Result<Page, Refusal> {
        let mine = list_mine(call).await?;
        Ok(self.page(call.caller(), &mine))
    }

    /// Renders. Every read has ended.
    pub fn show<M, V: IntoView>(&self, route: &'static str, page: Page, model: M, view: impl FnOnce(M, Page) -> V) -> Response {
        let said = page.said;
        let html = render(|| view(model, page));
        let mut response = Html(html).into_response();
        if said.is_some() && !self.again {
            append(&mut response, flash::end(self.arrival.keel.settings()));
        }
        response.extensions_mut().insert(PageRoute(route));
        response
    }

    /// What a browser gets instead of the page; programs get the problem itself.
    pub async fn stop(&self, stop: Stop) -> Response {
        match stop {
            Stop::Go(next) => see_other(&self.onward(&next)),
            Stop::No(refusal) if self.arrival.is_program() => errors::json(&refusal.into()),
            Stop::No(Refusal::SignInNeeded) => see_other(&url::login(&self.here)),
            Stop::No(refusal) => match self.instead(&refusal).await {
                Some(next) => see_other(&self.onward(next)),
                None => errors::page(&self.arrival.about(self.query("account")), &self.here, &refusal).await,
            },
        }
    }

    /// One dashboard leads to another about the same account.
    fn onward(&self, next: &str) -> String {
        let is_dashboard = |path: &str| path.starts_with("/org-dashboard") || path.starts_with("/private-dashboard");
        let stays = is_dashboard(&self.here) && is_dashboard(next);
        format!("{next}{}", if stays { self.named_account() } else { String::new() })
    }

    /// The account the request named, as the query of a link.
    fn named_account(&self) -> String {
        self.query("account").map(|account| format!("?account={}", url::escape(account))).unwrap_or_default()
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
        let lang = Lang::default();
        let said = flash::said(&self.arrival);
        let frame = caller.map(|caller| self.frame(caller, mine, lang, said));
        Page {
            lang,
            text: lang.catalogue(),
            here: self.here.clone(),
            form: self.form.clone(),
            said,
            account: caller.map(|caller| caller.usual_standing().account.to_string()).unwrap_or_default(),
            dashboard: caller.map(|caller| dashboard(caller.usual_standing())),
            frame,
            development: self.keel().settings().in_development(),
        }
    }

    fn frame(&self, caller: &Caller, mine: &[Mine], lang: Lang, said: Option<Said>) -> Frame {
        let text = lang.catalogue();
        let (settings, standing) = (self.keel().settings(), caller.usual_standing());
        let teams = settings.model() != BusinessModel::B2c;
        let entry = |mine: &Mine| {
            let name = |id: &String| settings.product.plan(id).map_or_else(|| id.clone(), |plan| plan.name.clone());
            let plan = mine.plan.as_ref().map_or_else(|| text.navigation.no_plan.to_owned(), name);
            AccountEntry {
                id: mine.account.to_string(),
                name: mine.name.clone(),
                note: match mine.kind {
                    AccountKind::Personal => text.navigation.personal.to_owned(),
                    AccountKind::Workspace => fill(text.navigation.account_note, &[("plan", &plan), ("role", &mine.role.name)]),
                },
                current: mine.account == standing.account,
            }
        };
        let accounts: Vec<AccountEntry> = mine.iter().map(entry).collect();
        let current = accounts.iter().find(|account| account.current).cloned();
        Frame {
            lang,
            user: self.user(caller),
            account: current.unwrap_or_else(|| AccountEntry {
                id: standing.account.to_string(),
                name: standing.name.clone(),
                note: String::new(),
                current: true,
            }),
            sections: self.sections(standing, text),
            accounts: if teams { accounts } else { vec![] },
            switch_action: accounts::switch::at(&self.here),
            create_workspace: (teams && !caller.has_workspace).then(|| "/onboarding/workspace".to_owned()),
            banner: None,
            flash: said.and_then(|said| text.flash.find(said.as_str())).into(),
        }
    }

    fn user(&self, caller: &Caller) -> User {
        User {
            id: caller.user.to_string(),
            name: caller.shown_name(),
            email: caller.email.to_string(),
            your_account: None,
            sign_out_action: sign_in::sign_out::at(&self.here),
        }
    }

    /// The pages this person may open, each carrying the account the request named.
    fn sections(&self, standing: &Standing, text: &'static Catalogue) -> Vec<Section> {
        let path = self.path();
        let named = self.named_account();
        let section = |label: &'static str, href: &'static str, icon| Section {
            label: Text::from(label),
            href: format!("{href}{named}"),
            icon,
            current: path == href,
        };
        let mut sections = vec![];
        let sees_billing = standing.role.permissions.has(Permission::ViewBilling);
        if standing.is_manager() {
            sections.push(section(text.navigation.overview, "/org-dashboard", Icon::Overview));
            if sees_billing {
                sections.push(section(text.navigation.billing, "/org-dashboard/billing", Icon::Billing));
            }
        }
        sections.push(section(text.navigation.home, "/private-dashboard", Icon::Home));
        if standing.kind == AccountKind::Personal && self.keel().settings().model() != BusinessModel::B2b {
            sections.push(section(text.navigation.billing, "/private-dashboard/billing", Icon::Billing));
        }
        sections
    }
}

/// The dashboard of an account for somebody who stands there.
fn dashboard(standing: &Standing) -> String {
    keel_domain::accounts::dashboard(standing.is_manager()).to_owned()
}

/// What every view gets besides its model.
#[derive(Clone, Debug)]
pub struct Page {
    /// The language.
    pub lang: Lang,
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
    /// What surrounds the pages of a person who is signed in.
    pub frame: Option<Frame>,
    /// Whether this is a developer's machine or a test.
    pub development: bool,
    said: Option<Said>,
}

impl Page {
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

    /// The person who is signed in.
    pub fn user(&self) -> Option<User> {
        self.frame.as_ref().map(|frame| frame.user.clone())
    }
}

/// HTML of a view. An owner with a shared context of its own: a view with an island would otherwise not find one.
pub fn render<V: IntoView>(view: impl FnOnce() -> V) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| view().into_view().to_html());
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
