//! `/billing/end-trial`: what is charged when the trial ends now, before it does.

use super::actions::end_trial;
use super::change::Amounts;
use super::page_of;
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::ui::{Breadcrumbs, Button, ErrorSummary, Facts, Form, Place, Region};
use keel_domain::Refusal;
use keel_domain::access::Read;
use keel_domain::billing::changes::{self, Preview};
use keel_text::fill;
use keel_types::Code;
use keel_types::permission::may;
use leptos::prelude::*;

/// The page.
pub const PAGE: &str = "/billing/end-trial";

/// The page's model.
pub struct Model {
    account_name: String,
    preview: Preview,
}

/// Asks the payment provider. Without a trial that goes on there is nothing to end.
pub async fn load(call: Read<may::ManageBilling>, _: &Visit) -> Loaded<Model> {
    let place = call.proof().standing().clone();
    match changes::preview_end_of_trial(call).await {
        Ok(preview) => Ok(Model { account_name: place.name, preview }),
        Err(Refusal::Refused(Code::NotSubscribed | Code::PlanEnds | Code::PaymentDue)) => Err(Stop::Go(page_of(&place).to_owned())),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.end_trial);
    let frame = page.frame.clone()?;
    let due = text.money(model.preview.due);
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let sentence = fill(words.text, &[("amount", &due)]);
    let above = vec![Place::new(text.billing.title, page.billing.clone().unwrap_or_default())];
    Some(view! {
        <Dashboard frame title=words.title lead>
            <Breadcrumbs label=text.billing.title above here=words.title/>
            <ErrorSummary title=text.form.problem problem=page.form.message(text)/>
            <div class="regions">
                <Region id="cost" title=text.plan_change.cost wide=true>
                    <p>{sentence}</p>
                    <Facts rows=true><Amounts text preview=model.preview/></Facts>
                    <Form action=end_trial::at(&page.here) account=page.account.clone()><Button label=text.billing.end_trial/></Form>
                </Region>
            </div>
        </Dashboard>
    })
}
