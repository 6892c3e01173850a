use keel_text::{Lang, fill};
use keel_types::TimeZone;
use leptos::prelude::*;

use crate::{
    assets,
    reading::Reading,
    ui::{Mark, Maybe, Text},
};

/// The id of the main part, where the skip link leads.
pub(super) const MAIN: &str = "main";

/// The HTML document around a layout: head, skip link, body. It loads one stylesheet, and no script of its own.
#[component]
pub fn Document(
    lang: Lang,
    #[prop(into)] title: Text,
    /// For search engines; without one the page asks not to be listed.
    #[prop(into, optional)]
    description: Maybe,
    /// Seconds and address of the page that follows by itself: `2;url=/checkout/success`.
    #[prop(into, optional)]
    refresh: Maybe,
    children: Children,
) -> impl IntoView {
    let text = lang.catalogue();
    let time_zone = Reading::now().time_zone.map(TimeZone::as_str);
    let title = fill(text.common.page_title, &[("title", &title)]);
    let listing = match description.0 {
        Some(description) => view! { <meta name="description" content=description/> },
        None => view! { <meta name="robots" content=Text::from("noindex")/> },
    };
    let refresh = refresh.0.map(|content| view! { <meta http-equiv="refresh" content=content/> });
    view! {
        <!DOCTYPE html>
        <html lang=lang.tag() data-time-zone=time_zone>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>{title}</title>
                {listing}
                {refresh}
                <link rel="stylesheet" href=assets::url("keel.css")/>
                <link rel="icon" type="image/svg+xml" href=assets::url("favicon.svg")/>
            </head>
            <body>
                <a class="skip" href=format!("#{MAIN}")>{text.common.skip}</a>
                {children()}
            </body>
        </html>
    }
}

/// The mark with the product's name, leading to the start page.
#[component]
pub(super) fn Home(lang: Lang) -> impl IntoView {
    let text = lang.catalogue();
    view! { <a class="mark" href="/" aria-label=text.common.home><Mark/>{text.common.product}</a> }
}
