use keel_text::Lang;
use leptos::prelude::*;

use super::{
    document::{Document, Home, MAIN},
    languages::Languages,
};
use crate::ui::{ButtonLink, Maybe, Text};

/// The public pages: header with navigation, the page, footer with what the law asks for.
/// It shows nothing of the visitor but whether somebody is signed in.
#[component]
pub fn Marketing(
    lang: Lang,
    #[prop(into)] title: Text,
    #[prop(into, optional)] description: Maybe,
    /// The path of this page, to mark it in the navigation.
    here: &'static str,
    /// The dashboard of a visitor who is signed in; it takes the place of the ways to sign in.
    #[prop(into, optional)]
    dashboard: Maybe,
    children: Children,
) -> impl IntoView {
    let text = &lang.catalogue().navigation;
    let current = move |path: &str| (path == here).then_some("page");
    let way_in = match dashboard.0 {
        Some(href) => view! { <ButtonLink label=text.dashboard href=href/> }.into_any(),
        None => view! {
            <a href="/login">{text.sign_in}</a>
            <ButtonLink label=text.sign_up href="/signup"/>
        }
        .into_any(),
    };
    view! {
        <Document lang title description>
            <div class="site">
                <header class="site-header">
                    <Home lang/>
                    <nav class="site-nav" aria-label=text.site>
                        <a href="/pricing" aria-current=current("/pricing")>{text.pricing}</a>
                        {way_in}
                    </nav>
                </header>
                <main class="site-main" id=MAIN tabindex="-1">{children()}</main>
                <footer class="site-footer">
                    <p>{lang.catalogue().common.product}</p>
                    <Languages/>
                    <nav aria-label=text.legal>
                        <ul class="footer-links">
                            <li><a href="/legal/terms" aria-current=current("/legal/terms")>{text.terms}</a></li>
                            <li><a href="/legal/privacy" aria-current=current("/legal/privacy")>{text.privacy}</a></li>
                        </ul>
                    </nav>
                </footer>
            </div>
        </Document>
    }
}
