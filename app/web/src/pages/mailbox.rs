//! `/dev/mailbox`: the mail of a development server. Unknown in production.

use crate::layouts::Marketing;
use crate::page::{Loaded, Page, Visit};
use crate::ui::{Drawing, EmptyState, Moment};
use keel_domain::access::{Read, Visitor};
use keel_domain::mail::{self, Mail};
use leptos::prelude::*;

/// The page's model: the newest mail first.
pub struct Model {
    mails: Vec<Mail>,
}

/// The newest hundred, or those of the address in `?to=`.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    Ok(Model { mails: mail::list_mailbox(&mut call, visit.query("to")).await? })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.mailbox;
    let empty = model.mails.is_empty().then(|| view! { <EmptyState drawing=Drawing::Horizon title=text.empty text=text.empty_text/> });
    let letter = |mail: Mail| {
        let links = mail.links.into_iter().map(|link| view! { <li><a href=link.clone()>{link.clone()}</a></li> }).collect_view();
        view! {
            <article class="letter">
                <h2>{mail.subject}</h2>
                <p class="soft">{text.to}" "{mail.to.to_string()}" · "<Moment at=mail.sent_at/></p>
                <pre class="letter-text">{mail.text}</pre>
                <ul class="letter-links">{links}</ul>
            </article>
        }
    };
    view! {
        <Marketing lang=page.lang title=text.title here="/dev/mailbox" dashboard=page.dashboard>
            <header class="heading">
                <h1>{text.title}</h1>
                <p class="lead">{text.lead}</p>
            </header>
            <div class="letters">
                {empty}
                {model.mails.into_iter().map(letter).collect_view()}
            </div>
        </Marketing>
    }
}
