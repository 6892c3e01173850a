//! Switching accounts, and making the first workspace.

use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::ui::{Button, ErrorSummary, Field, Form};
use keel_domain::Refusal;
use keel_domain::access::{Member, Read, SignedIn, Write};
use keel_domain::accounts::{self, dashboard};
use keel_types::url::LocalPath;
use keel_types::{BusinessModel, WorkspaceName};
use leptos::prelude::*;

/// The page of the first workspace.
pub const CREATE_PAGE: &str = "/onboarding/workspace";

actions! {
    /// Makes an account the one pages are about.
    switch: "accounts/switch" on ["/private-dashboard"], Member, Back;
    /// Makes the first workspace of a person who has none.
    create: "workspaces/create" on [CREATE_PAGE], SignedIn, NewWorkspace;
}

/// The page the switch was made on.
struct Back {
    at: Option<LocalPath>,
}

impl Input for Back {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { at: form.arrival().at.clone() })
    }
}

async fn switch(call: &mut Write<Member>, back: Back) -> Answer {
    accounts::switch(call).await?;
    let home = dashboard(call.proof().standing().is_manager());
    // Staying makes sense on the dashboards; where the role does not suffice there, the page itself leads on.
    let stays = back.at.filter(|at| at.path().ends_with("-dashboard") || at.path().ends_with("/billing"));
    Ok(Done::go(stays.map_or(home.to_owned(), |at| at.path().to_owned())).say(Said::AccountSwitched))
}

struct NewWorkspace {
    name: WorkspaceName,
}

impl Input for NewWorkspace {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { name: form.get("name", WorkspaceName::parse)? })
    }
}

async fn create(call: &mut Write<SignedIn>, form: NewWorkspace) -> Answer {
    if call.keel().settings().model() == BusinessModel::B2c {
        return Err(Refusal::NotFound.into());
    }
    if call.proof().has_workspace {
        return Ok(Done::go(dashboard(call.proof().usual_standing().is_manager())));
    }
    accounts::create_first(call, form.name).await?;
    Ok(Done::go(accounts::next_after_creation(call).await?).say(Said::WorkspaceCreated))
}

/// The page's model: the name a workspace would get by itself.
pub struct Model {
    suggested: String,
}

/// People who have a workspace are sent to their dashboard; there is none in b2c.
pub async fn load(call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    if visit.keel().settings().model() == BusinessModel::B2c {
        return Err(Refusal::NotFound.into());
    }
    let caller = call.proof();
    if caller.has_workspace {
        return Err(Stop::Go(dashboard(caller.usual_standing().is_manager()).to_owned()));
    }
    Ok(Model { suggested: WorkspaceName::of(&caller.email).to_string() })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.create_workspace;
    view! {
        <Auth lang=page.lang title=text.title next=text.next user=page.user() flash=page.flash()>
            <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text) errors=page.form.summary(&[("name", text.name)], page.text)/>
            <Form action=create::at(&page.here)>
                <Field
                    name="name" label=text.name hint=text.name_hint autocomplete="organization" maxlength=80_u16 required=true
                    value=page.value("name", model.suggested) error=page.error("name")
                />
                <Button label=text.submit/>
            </Form>
        </Auth>
    }
}
