//! The step between a form and a provider of sign-ins. Chromium holds every redirect that follows a form against `form-action`, those
//! by which a provider leads on to other hosts too. A page that leads on by itself answers the form; what comes then is no form's any
//! more. It needs no script, and leaves nothing in the history that Back would run into.

use crate::arrival::Arrival;
use crate::layouts::Auth;
use crate::page::{html, render};
use crate::reading::Reading;
use crate::ui::ButtonLink;
use axum::response::Response;
use keel_domain::access::{Read, SignedIn};
use keel_text::fill;
use leptos::prelude::*;

/// Leads a browser on to the provider that people know as `name`, at `address`. `here` is the page the form stood on.
pub async fn page(arrival: &Arrival, here: &str, name: &str, address: &str) -> Response {
    let mut call = None;
    if arrival.asked.session.is_some() {
        call = Read::<SignedIn>::open(&arrival.keel, arrival.asked.clone()).await.ok();
    }
    let lang = call.and_then(|call| call.proof().lang).unwrap_or(arrival.lang);
    let reading = Reading { lang, time_zone: None, here: here.to_owned() };
    html(&reading, render(reading.clone(), || view(&reading, name, address)))
}

fn view(reading: &Reading, name: &str, address: &str) -> impl IntoView + use<> {
    let text = &reading.text().providers;
    let title = fill(text.onward_title, &[("provider", &name)]);
    let refresh = format!("0;url={address}");
    let onward = view! { <ButtonLink label=text.onward_continue href=address.to_owned()/> };
    view! {
        <Auth lang=reading.lang title next=text.onward_next refresh>
            <div class="stack">{onward}</div>
        </Auth>
    }
}
