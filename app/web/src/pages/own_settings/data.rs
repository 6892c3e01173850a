//! `/private-dashboard/settings/data`: a copy of what is kept of a person, and closing their account.

use super::{DATA, SettingsTabs};
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::pages::members;
use crate::pages::settings::export::NewestCopy;
use crate::ui::{Button, Dialog, DialogButton, ErrorSummary, Field, Form, Region, Weight};
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::closings::{self, Closing, Confirmed, Knot, Tie};
use keel_domain::exports::{self, Newest};
use keel_text::fill;
use keel_types::{AccountId, AccountKind, Email, url};
use leptos::prelude::*;

actions! {
    /// Has a copy of what is kept of the person made.
    export_data: "user/export-data" on [DATA], Fresh<SignedIn>, Nothing;
    /// Schedules the closing of the person's account.
    close_account: "user/close-account" on [DATA], Fresh<SignedIn>, Confirmed;
    /// Takes it back.
    keep_account: "user/keep-account" on [DATA], SignedIn, Nothing;
}

impl Input for Confirmed {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let workspaces = form.text("workspaces").split_whitespace().filter_map(|id| AccountId::parse(id).ok()).collect();
        Some(Self { email: form.text("confirmation").to_owned(), workspaces })
    }
}

async fn export_data(call: &mut Write<Fresh<SignedIn>>, _: Nothing) -> Answer {
    exports::request_own(call).await?;
    Ok(Done::go(DATA).say(Said::OwnExportAsked))
}

async fn close_account(call: &mut Write<Fresh<SignedIn>>, confirmed: Confirmed) -> Answer {
    closings::schedule(call, &confirmed).await?;
    Ok(Done::go(DATA).say(Said::ClosingScheduled))
}

async fn keep_account(call: &mut Write<SignedIn>, _: Nothing) -> Answer {
    closings::cancel(call).await?;
    Ok(Done::go(DATA).say(Said::ClosingCanceled))
}

/// The page's model.
pub struct Model {
    email: Email,
    newest: Option<Newest>,
    closing: Closing,
}

/// Finds the newest copy, and what closing the account would mean.
pub async fn load(mut call: Read<SignedIn>, _: &Visit) -> Loaded<Model> {
    let email = call.proof().email.clone();
    let newest = exports::find_own(&mut call).await?;
    Ok(Model { email, newest, closing: closings::get(&mut call).await? })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.own_data);
    let tabs = view! { <SettingsTabs page=page.clone() here=DATA/> };
    let labels = [("confirmation", text.closing.confirmation), ("workspaces", text.closing.along)];
    let errors = page.form.summary(&labels, text);
    let problem = view! { <ErrorSummary title=text.form.problem problem=page.form.message(text) errors/> };
    let copy = view! { <Copy page=page.clone() newest=model.newest/> };
    let end = view! { <End page=page.clone() email=model.email closing=model.closing/> };
    page.frame.map(|frame| view! { <Dashboard frame title=words.title lead=words.lead>{tabs}{problem}<div class="regions">{copy}{end}</div></Dashboard> })
}

/// The region that gives out copies.
#[component]
fn Copy(page: Page, newest: Option<Newest>) -> impl IntoView {
    let words = &page.text.own_data;
    let account = AccountKind::Personal.as_str().to_owned();
    let newest = newest.map(|newest| view! { <NewestCopy text=page.text newest account/> });
    view! {
        <Region id="export" title=words.export wide=true>
            <p>{words.export_text}</p>
            {newest}
            <Form action=export_data::at(&page.here) class=""><Button label=words.submit weight=Weight::Secondary/></Form>
        </Region>
    }
}

/// The region that closes the account, or says what stands in the way.
#[component]
fn End(page: Page, email: Email, closing: Closing) -> impl IntoView {
    let words = &page.text.closing;
    let (needed, along): (Vec<Tie>, Vec<Tie>) = closing.ties.into_iter().partition(Tie::needs_the_person);
    let body = if let Some(due) = closing.due {
        let what = fill(words.due, &[("email", &email), ("date", &page.text.date(due))]);
        view! {
            <p>{what}</p>
            <Form action=keep_account::at(&page.here) class=""><Button label=words.keep weight=Weight::Secondary/></Form>
        }
        .into_any()
    } else if needed.is_empty() {
        view! { <Closable page=page.clone() email along/> }.into_any()
    } else {
        let items = needed.into_iter().map(|tie| {
            let why = if tie.knot == Knot::BillingOwner { words.needs_billing_owner } else { words.needs_owner };
            let href = url::about(members::PAGE, &tie.slug);
            view! { <li><a href=href>{tie.name}</a>": "{why}</li> }
        });
        let items = items.collect_view();
        view! { <p>{words.needed}</p><ul>{items}</ul> }.into_any()
    };
    view! { <Region id="close" title=words.title wide=true danger=true>{body}</Region> }
}

#[component]
fn Closable(page: Page, email: Email, along: Vec<Tie>) -> impl IntoView {
    let words = &page.text.closing;
    let hint = fill(words.confirmation_hint, &[("email", &email)]);
    let ids = along.iter().map(|tie| tie.account.as_str()).collect::<Vec<_>>().join(" ");
    let list = (!along.is_empty()).then(|| {
        let names = along.into_iter().map(|tie| view! { <li>{tie.name}</li> }).collect_view();
        view! { <p>{words.along}</p><ul id="workspaces">{names}</ul> }
    });
    let typed = page.form.fields.get("confirmation").is_some();
    view! {
        <p>{words.text}</p>
        {list}
        <DialogButton label=words.close opens="ask-closing" weight=Weight::Danger/>
        <Dialog id="ask-closing" title=words.ask close=words.stay open=typed>
            <p>{words.text}</p>
            <Form action=close_account::at(&page.here)>
                <input type="hidden" name="workspaces" value=ids/>
                <Field
                    name="confirmation" label=words.confirmation hint autocomplete="off" maxlength=254_u16
                    required=true value=page.value("confirmation", None::<String>) error=page.error("confirmation")
                />
                <Button label=words.close weight=Weight::Danger/>
            </Form>
        </Dialog>
    }
}
