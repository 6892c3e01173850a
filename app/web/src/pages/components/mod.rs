//! `/dev/components`: every part that pages are made of, in its states, from the real components. Unknown in production.
//! `end2end/journeys/components.test.mjs` looks at it.

mod examples;
mod figures;
mod forms;
mod messages;
mod tables;

use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use keel_domain::Refusal;
use keel_domain::access::{Read, Visitor};
use leptos::prelude::*;

/// The page's model: everything shown is made up.
pub struct Model;

/// There is nothing to read.
pub async fn load(_: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    if !visit.keel().settings().in_development() {
        return Err(Refusal::NotFound.into());
    }
    Ok(Model)
}

/// The page, inside the dashboard of somebody with a long list of accounts.
pub fn view(_: Model, page: Page) -> impl IntoView {
    let text = page.text;
    let frame = examples::frame(&page);
    view! {
        <Dashboard frame title=text.components.title lead=text.components.lead>
            <div class="regions">
                <forms::Forms text/>
                <messages::Messages text/>
                <figures::Figures text/>
                <tables::Tables text/>
            </div>
        </Dashboard>
    }
}
