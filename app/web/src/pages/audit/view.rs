//! The page of the audit log.

use super::{EXPORT, Format, Model, PAGE, Typed};
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::problem::FieldProblem;
use crate::ui::{
    Button, ButtonLink, Column, Drawing, EmptyState, ErrorSummary, Field, Filters, Form, Maybe, Moment, Pagination, Region, Select, Table,
    Text, Weight,
};
use keel_domain::audit::{Action, Event, Listed};
use keel_text::{Catalogue, fill};
use keel_types::url;
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.audit);
    let frame = page.frame.clone()?;
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let labels = [("actor", words.actor), ("action", words.action), ("from", words.from), ("to", words.to)];
    let line = |label: &str, fault: &FieldProblem| fill(text.form.field, &[("label", &label), ("error", &text.fault(fault.code))]);
    let find = |field| model.faults.iter().find(|fault| fault.field == field);
    let errors = labels.iter().filter_map(|(field, label)| Some((*field, Text::from(line(label, find(*field)?))))).collect();
    let search =
        view! { <Search page=page.clone() typed=model.typed.clone() faults=model.faults.clone() actors=model.listed.actors.clone()/> };
    let export = (model.may_export && model.faults.is_empty()).then(|| exporting(&page, &model));
    let found = if model.faults.is_empty() {
        found(&page, &model.typed, model.is_later, model.listed).into_any()
    } else {
        view! { <EmptyState drawing=Drawing::Horizon title=words.faulty text=words.faulty_text/> }.into_any()
    };
    Some(view! {
        <Dashboard frame title=words.title lead>
            <ErrorSummary title=text.form.problem errors/>
            <div class="regions">
                <Region id="find" title=words.find wide=true>{search}</Region>
                <Region id="events" title=words.events wide=true aside=export.map(IntoAny::into_any)>{found}</Region>
            </div>
        </Dashboard>
    })
}

#[component]
fn Search(page: Page, typed: Typed, faults: Vec<FieldProblem>, actors: Vec<String>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.audit);
    let error = |field: &str| Maybe::from(faults.iter().find(|fault| fault.field == field).map(|fault| text.fault(fault.code)));
    let suggestions = actors.iter().map(|actor| text.actor(actor).to_owned()).collect();
    let mut actions: Vec<(String, Text)> =
        Action::ALL.iter().map(|action| (action.as_str().to_owned(), Text::from(text.activity(action.as_str())))).collect();
    actions.sort_by(|one, other| one.1.cmp(&other.1));
    actions.insert(0, (String::new(), Text::from(words.any)));
    let [actor, action, from, to] = ["actor", "action", "from", "to"].map(error);
    view! {
        <Filters action=PAGE account=page.about().map(str::to_owned) submit=words.submit>
            <Field name="actor" label=words.actor hint=words.actor_hint value=typed.actor error=actor autocomplete="off" suggestions/>
            <Select name="action" label=words.action options=actions value=typed.action error=action/>
            <Field name="from" label=words.from hint=words.day_hint value=typed.from error=from autocomplete="off"/>
            <Field name="to" label=words.to hint=words.day_hint value=typed.to error=to autocomplete="off"/>
        </Filters>
    }
}

/// The buttons that export what the filter chooses, which is what is listed.
fn exporting(page: &Page, model: &Model) -> impl IntoView + use<> {
    let words = &page.text.audit;
    // The name that was found, so that somebody who comes later and is called alike changes nothing.
    let actor = model.listed.actor.clone().ok().flatten().unwrap_or_default();
    let filter = Typed { actor, ..model.typed.clone() };
    let hidden =
        filter.fields().into_iter().map(|(name, text)| view! { <input type="hidden" name=name value=text.to_owned()/> }).collect_view();
    let button = |label: &'static str, format: Format| {
        view! { <Button label weight=Weight::Secondary says=Some(("format", format.as_str().to_owned()))/> }
    };
    view! {
        <Form action=EXPORT account=page.account.clone() class="cluster">
            {hidden}
            {button(words.csv, Format::Csv)}
            {button(words.json, Format::Json)}
        </Form>
    }
}

/// What was done, and the ways to the rest of it.
fn found(page: &Page, typed: &Typed, is_later: bool, listed: Listed) -> impl IntoView + use<> {
    let (text, words) = (page.text, &page.text.audit);
    if listed.events.is_empty() {
        let everything = page.link(PAGE);
        return view! {
            <EmptyState drawing=Drawing::Horizon title=words.nothing text=words.nothing_text>
                <ButtonLink label=words.show_all href=everything weight=Weight::Secondary/>
            </EmptyState>
        }
        .into_any();
    }
    let at = |after: Option<String>| {
        let after = after.iter().map(|place| ("after", place.as_str()));
        let query: Vec<String> =
            typed.fields().into_iter().chain(after).map(|(name, text)| format!("{name}={}", url::escape(text))).collect();
        page.link(&if query.is_empty() { PAGE.to_owned() } else { format!("{PAGE}?{}", query.join("&")) })
    };
    let first = is_later.then(|| at(None));
    let next = listed.next.map(|place| at(Some(place.to_string())));
    let columns = [words.date, words.actor, words.action, words.details, words.address].map(Column::text).to_vec();
    let rows = listed.events.into_iter().map(|event| row(text, event)).collect();
    view! {
        <Table caption=words.events quiet_caption=true columns rows/>
        <Pagination label=words.pages newer=(words.first.into(), first.into()) older=(words.next.into(), next.into())/>
    }
    .into_any()
}

fn row(text: &'static Catalogue, event: Event) -> Vec<AnyView> {
    let detail = |(name, value): (String, String)| view! { <li>{format!("{}: ", text.detail(&name))}<bdi>{value}</bdi></li> };
    let details = event.details().into_iter().map(detail).collect_view();
    vec![
        view! { <Moment at=event.at/> }.into_any(),
        view! { <bdi>{text.actor(&event.actor).to_owned()}</bdi> }.into_any(),
        text.activity(&event.action).to_owned().into_any(),
        view! { <ul class="details">{details}</ul> }.into_any(),
        view! { <span class="address">{event.address}</span> }.into_any(),
    ]
}
