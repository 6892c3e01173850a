//! The start page.

use super::Model;
use crate::assets;
use crate::layouts::Marketing;
use crate::page::Page;
use crate::ui::{ButtonLink, Weight};
use keel_domain::billing::catalogue::Plan;
use keel_text::Catalogue;
use keel_types::{Currency, Interval, Money};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, navigation) = (&page.text.home, &page.text.navigation);
    let (label, href) = match page.dashboard.clone() {
        Some(href) => (navigation.dashboard, href),
        None => (navigation.sign_in, "/login".to_owned()),
    };
    let plans = model.plans.into_iter().map(|plan| view! { <Offer text=page.text plan currency=model.currency/> }).collect_view();
    view! {
        <Marketing lang=page.lang title=text.title description=text.description here="/" dashboard=page.dashboard>
            <section class="promise">
                <h1>{text.promise}</h1>
                <p class="lead">{text.lead}</p>
                <div class="cluster">
                    <ButtonLink label=navigation.see_pricing href="/pricing"/>
                    <ButtonLink label=label href=href weight=Weight::Secondary/>
                </div>
                <Overview alt=text.picture/>
            </section>
            <section class="reasons" aria-label=text.reasons>
                <Reason title=text.path text=text.path_text/>
                <Reason title=text.door text=text.door_text/>
                <Reason title=text.own text=text.own_text/>
            </section>
            <section class="teaser" aria-labelledby="teaser">
                <div class="teaser-words">
                    <h2 id="teaser">{text.teaser}</h2>
                    <p>{text.teaser_text}</p>
                    <ButtonLink label=navigation.see_pricing href="/pricing"/>
                </div>
                <dl>{plans}</dl>
            </section>
        </Marketing>
    }
}

/// A photograph of a workspace's overview, as it looks in the reader's colours.
#[component]
fn Overview(alt: &'static str) -> impl IntoView {
    view! {
        <picture class="picture">
            <source srcset=assets::url("overview-dark.webp") media="(prefers-color-scheme: dark)"/>
            <img src=assets::url("overview.webp") width="1800" height="990" alt=alt/>
        </picture>
    }
}

#[component]
fn Reason(title: &'static str, text: &'static str) -> impl IntoView {
    view! { <div class="reason"><h2>{title}</h2><p>{text}</p></div> }
}

/// A plan in one line: its name, and what it costs a month.
#[component]
fn Offer(text: &'static Catalogue, plan: Plan, currency: Currency) -> impl IntoView {
    let first = [Interval::Month, Interval::Year].into_iter().find_map(|interval| Some((plan.price(interval, currency)?, interval)));
    let price = match first {
        _ if plan.contact => text.pricing.by_arrangement.to_owned(),
        None => text.price.nothing.to_owned(),
        Some((minor, interval)) if plan.per_seat => text.seat_price(Money { minor, currency }, interval),
        Some((minor, interval)) => text.price(Money { minor, currency }, Some(interval)),
    };
    view! { <div class="offer"><dt>{plan.name}</dt><dd>{price}</dd></div> }
}
