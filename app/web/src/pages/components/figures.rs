//! Small things to read at a glance, and what is drawn.

use super::examples::{HEBREW_NAME, LONG_NAME, done, entries};
use crate::islands::CreditsCourse;
use crate::pages::parts::{ActivityList, StatusPill};
use crate::ui::{Avatar, Drawing, DrawingOf, Icon, IconOf, Mark, Meter, Pill, Region, Stat, Tone};
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

/// Figures, people, charts, drawings.
#[component]
pub fn Figures(text: &'static Catalogue) -> impl IntoView {
    let pills = [
        (Tone::Plain, text.payment_status.refunded),
        (Tone::Info, text.payment_status.pending),
        (Tone::Success, text.payment_status.paid),
        (Tone::Warning, text.subscription_status.past_due),
        (Tone::Danger, text.payment_status.failed),
        (Tone::Brass, text.billing.credits),
    ];
    let pills = pills.map(|(tone, label)| view! { <Pill label tone/> }).collect_view();
    let status = view! { <StatusPill text status="trialing".to_owned()/> }.into_any();
    let entries = entries();
    let seats = |used: i64| fill(text.common.seats_used, &[("used", &used), ("limit", &10)]);
    view! {
        <Region id="stat" title="Stat, Pill" aside=Some(status)>
            <Stat value="2,500" note=text.billing.credits_left brass=true/>
            <Stat value="Business" note=fill(text.billing.renews, &[("date", &"21 December 2026")])/>
            <div class="cluster">{pills}</div>
        </Region>
        <Region id="meter" title="Meter">
            <Meter text=seats(0) used=0 limit=Some(10)/>
            <Meter text=seats(4) used=4 limit=Some(10)/>
            <Meter text=seats(12) used=12 limit=Some(10)/>
            <Meter text=fill(text.common.seats_used_unlimited, &[("used", &40)]) used=40/>
        </Region>
        <Region id="people" title="Avatar"><People text/></Region>
        <Region id="timeline" title="ActivityList">
            <ActivityList text done=done(text) empty=(text.overview.no_activity, String::new())/>
        </Region>
        <Region id="chart" title="CreditsChart" wide=true><CreditsCourse text entries=&entries/></Region>
        <Region id="drawings" title="Mark, Icon, Drawing" wide=true><Drawings/></Region>
    }
}

#[component]
fn People(text: &'static Catalogue) -> impl IntoView {
    let faces = (0..8).map(|i| view! { <Avatar name="Olivia Owens".to_owned() id=char::from(b'a' + i).to_string()/> }).collect_view();
    let person = |name: &str| {
        view! {
            <li class="person">
                <Avatar name=name.to_owned() id=name.to_owned() square=true/>
                <p><strong>{name.to_owned()}</strong><span class="soft">{text.billing.owner_text}</span></p>
            </li>
        }
    };
    view! {
        <div class="cluster">{faces}</div>
        <ul class="people">{["Acme", LONG_NAME, HEBREW_NAME].map(person).collect_view()}</ul>
    }
}

#[component]
fn Drawings() -> impl IntoView {
    let icons = [
        Icon::Overview,
        Icon::Home,
        Icon::Members,
        Icon::Billing,
        Icon::Credits,
        Icon::Projects,
        Icon::Settings,
        Icon::Plus,
        Icon::Check,
        Icon::Info,
        Icon::Warning,
        Icon::Choose,
        Icon::Person,
        Icon::Leave,
        Icon::Menu,
        Icon::Mail,
    ];
    let drawings = [Drawing::Stocks, Drawing::Ledger, Drawing::Horizon, Drawing::Buoy, Drawing::Afloat];
    view! {
        <p class="mark"><Mark/>"Keel"</p>
        <div class="cluster">{icons.map(|icon| view! { <IconOf icon/> }).collect_view()}</div>
        <div class="cluster">{drawings.map(|drawing| view! { <DrawingOf drawing/> }).collect_view()}</div>
    }
}
