use keel_text::{Catalogue, fill};
use leptos::prelude::*;

use super::{
    Frame, Section, User,
    accounts::Accounts,
    document::{Document, MAIN},
};
use crate::assets;
use crate::ui::{Avatar, Banner, Flash, Form, Icon, IconOf, Maybe, Text};

/// A page of a signed-in person: rail with accounts, sections and their own menu; banner; header; content.
/// The menus are popovers, which open and close without a script.
#[component]
pub fn Dashboard(
    frame: Frame,
    /// The heading, also the document's title.
    #[prop(into)]
    title: Text,
    /// What this page is, in a sentence.
    #[prop(into, optional)]
    lead: Maybe,
    /// The one thing to do here, beside the heading.
    #[prop(optional, into)]
    action: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let lang = frame.lang;
    let text = lang.catalogue();
    let switcher = view! { <Accounts frame=frame.clone()/> };
    let banner = frame.banner.map(|banner| view! { <Banner text=banner.text tone=banner.tone link=banner.link/> });
    view! {
        <Document lang title=title.clone()>
            <div class="dash">
                {banner}
                <header class="rail">
                    {switcher}
                    <button type="button" class="button button-quiet rail-menu-button" popovertarget="sections">
                        <IconOf icon=Icon::Menu/>{text.navigation.menu}
                    </button>
                    <nav class="rail-nav" id="sections" popover="auto" aria-label=text.navigation.sections>
                        <ul class="rail-list">{frame.sections.into_iter().map(section).collect_view()}</ul>
                    </nav>
                    <UserMenu text user=frame.user/>
                </header>
                <main class="content" id=MAIN tabindex="-1">
                    {frame.flash.map(|spoken| view! { <Flash spoken/> })}
                    <div class="page-header">
                        <div class="page-header-text">
                            <h1>{title}</h1>
                            {lead.0.map(|text| view! { <p class="lead">{text}</p> })}
                        </div>
                        {action}
                    </div>
                    {children()}
                </main>
            </div>
            <script type="module" src=assets::url("times.js")></script>
        </Document>
    }
}

fn section(section: Section) -> impl IntoView {
    view! {
        <li>
            <a class="rail-link" href=section.href aria-current=section.current.then_some("page")>
                <IconOf icon=section.icon/>{section.label}
            </a>
        </li>
    }
}

/// The person's own menu: their account and the way out.
#[component]
fn UserMenu(text: &'static Catalogue, user: User) -> impl IntoView {
    let label = fill(text.navigation.user, &[("email", &user.email)]);
    // People without a name are called by their address.
    let note = (user.name != user.email).then(|| view! { <span class="rail-button-note">{user.email}</span> });
    view! {
        <button type="button" class="rail-button rail-user" popovertarget="user">
            <Avatar name=user.name.clone() id=user.name.clone()/>
            <span class="visually-hidden">{label.clone()}</span>
            <span class="rail-button-text" aria-hidden="true">
                <span class="rail-button-name">{user.name}</span>
                {note}
            </span>
            <IconOf icon=Icon::Choose/>
        </button>
        <div class="menu menu-bottom" id="user" popover="auto">
            <p class="menu-title">{label}</p>
            <a class="menu-item" href=user.your_account><IconOf icon=Icon::Person/>{text.navigation.your_account}</a>
            <Form action=user.sign_out_action class="">
                <button type="submit" class="menu-item"><IconOf icon=Icon::Leave/>{text.navigation.sign_out}</button>
            </Form>
        </div>
    }
}
