//! Which mails a person gets.

use super::{NOTIFICATIONS, SettingsTabs};
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader, is_on};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::{Button, ErrorSummary, Form, Region, Switch};
use keel_domain::access::{Read, SignedIn, Write};
use keel_domain::notices::{self, Notice};
use keel_text::{Catalogue, fill};
use keel_types::Email;
use leptos::prelude::*;

actions! {
    /// Keeps which notices a person gets.
    save: "notifications/save" on [NOTIFICATIONS], SignedIn, Wanted;
}

struct Wanted(Vec<Notice>);

impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let wanted = |notice: &Notice| is_on(form.text(notice.as_str()));
        Some(Self(Notice::ALL.iter().copied().filter(wanted).collect()))
    }
}

async fn save(call: &mut Write<SignedIn>, wanted: Wanted) -> Answer {
    notices::choose(call, &wanted.0).await?;
    Ok(Done::go(NOTIFICATIONS).say(Said::NotificationsSaved))
}

/// The page's model.
pub struct Model {
    email: Email,
    /// The kinds the person gets.
    wanted: Vec<Notice>,
}

/// Reads which notices the caller gets.
pub async fn load(mut call: Read<SignedIn>, _: &Visit) -> Loaded<Model> {
    Ok(Model { wanted: notices::list(&mut call).await?, email: call.proof().email.clone() })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.notifications);
    let tabs = view! { <SettingsTabs page=page.clone() here=NOTIFICATIONS/> };
    let lead = fill(words.lead, &[("email", &model.email)]);
    let problem = page.form.message(text);
    let switch = |notice: &Notice| {
        let (label, hint) = words_of(text, *notice);
        view! { <Switch name=notice.as_str() label hint on=model.wanted.contains(notice)/> }
    };
    let switches = Notice::ALL.iter().map(switch).collect_view();
    let action = save::at(&page.here);
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead>
                {tabs}
                <ErrorSummary title=text.form.problem problem=problem/>
                <Form action=action class="stack">
                    <div class="regions">
                        <Region id="optional" title=words.optional><div class="checks">{switches}</div></Region>
                        <Region id="always" title=words.always>
                            <div class="checks">
                                <Switch name="security" label=words.security hint=words.security_hint on=true locked=true/>
                                <Switch name="billing" label=words.billing hint=words.billing_hint on=true locked=true/>
                            </div>
                        </Region>
                    </div>
                    <Button label=words.submit/>
                </Form>
            </Dashboard>
        }
    })
}

/// What a kind of notices is called, and what is in them.
pub fn words_of(text: &'static Catalogue, notice: Notice) -> (&'static str, &'static str) {
    let words = &text.notifications;
    match notice {
        Notice::Members => (words.members, words.members_hint),
        Notice::Projects => (words.projects, words.projects_hint),
        Notice::Credits => (words.credits, words.credits_hint),
        Notice::Product => (words.product, words.product_hint),
    }
}
