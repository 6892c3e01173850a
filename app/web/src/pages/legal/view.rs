//! The legal pages.

use super::Model;
use crate::layouts::Marketing;
use crate::page::Page;
use crate::ui::{Notice, Tone};
use leptos::prelude::*;

/// Terms.
pub fn terms(_: Model, page: Page) -> impl IntoView {
    let text = &page.text.terms;
    let should = [text.should_parties, text.should_service, text.should_money, text.should_law];
    view! {
        <Marketing lang=page.lang title=text.title description=text.description here="/legal/terms" dashboard=page.dashboard>
            <article class="prose">
                <h1>{text.title}</h1>
                <Notice title=text.placeholder text=text.placeholder_text tone=Tone::Warning/>
                <h2>{text.should}</h2>
                <ul>{lines(&should)}</ul>
            </article>
        </Marketing>
    }
}

/// Privacy.
pub fn privacy(_: Model, page: Page) -> impl IntoView {
    let text = &page.text.privacy;
    let kept = [text.kept_account, text.kept_sessions, text.kept_payments];
    let cookies = [
        text.cookie_session,
        text.cookie_device,
        text.cookie_passkey,
        text.cookie_choice,
        text.cookie_typed,
        text.cookie_language,
        text.cookie_flash,
    ];
    view! {
        <Marketing lang=page.lang title=text.title description=text.description here="/legal/privacy" dashboard=page.dashboard>
            <article class="prose">
                <h1>{text.title}</h1>
                <Notice title=text.placeholder text=text.placeholder_text tone=Tone::Warning/>
                <h2>{text.kept}</h2>
                <ul>{lines(&kept)}</ul>
                <h2>{text.cookies}</h2>
                <ul>{lines(&cookies)}</ul>
                <p>{text.no_tracking}</p>
            </article>
        </Marketing>
    }
}

fn lines(texts: &[&'static str]) -> impl IntoView + use<> {
    texts.iter().map(|text| view! { <li>{*text}</li> }).collect_view()
}
