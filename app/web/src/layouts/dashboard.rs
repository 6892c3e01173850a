use keel_text::{Catalogue, fill};
use leptos::prelude::*;

use super::{
    AccountEntry, Frame, Section, User,
    document::{Document, MAIN},
};
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
    let banner = frame.banner.map(|banner| view! { <Banner text=banner.text tone=banner.tone link=banner.link/> });
    view! {
        <Document lang title=title.clone()>
            <div class="dash">
                {banner}
                <header class="rail">
                    <Accounts
                        text
                        account=frame.account
                        accounts=frame.accounts
                        switch_action=frame.switch_action
                        create_workspace=frame.create_workspace
                    />
                    <button type="button" class="button button-quiet rail-menu-button" popovertarget="sections">
                        <IconOf icon=Icon::Menu/>{text.navigation.menu}
                    </button>
                    <nav class="rail-nav" id="sections" popover="auto" aria-label=text.navigation.sections>
                        <ul class="rail-list">{frame.sections.into_iter().map(section).collect_view()}</ul>
                    </nav>
                    <UserMenu text user=frame.user/>
                </header>
                <main class="content" id=MAIN tabindex="-1">
                    {frame.flash.0.map(|text| view! { <Flash text/> })}
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

/// The account switcher; only the account's name where there is nothing to switch.
#[component]
fn Accounts(
    text: &'static Catalogue,
    account: AccountEntry,
    accounts: Vec<AccountEntry>,
    switch_action: String,
    create_workspace: Option<String>,
) -> impl IntoView {
    let label = fill(text.navigation.account, &[("name", &account.name)]);
    let face = view! {
        <Avatar name=account.name.clone() id=account.id square=true/>
        <span class="visually-hidden">{label}</span>
        <span class="rail-button-text" aria-hidden="true">
            <span class="rail-button-name">{account.name}</span>
            <span class="rail-button-note">{account.note}</span>
        </span>
    };
    if accounts.is_empty() && create_workspace.is_none() {
        return view! { <div class="rail-button rail-account">{face}</div> }.into_any();
    }
    let entries = accounts.into_iter().map(|entry| view! { <li>{account_entry(text, entry, &switch_action)}</li> }).collect_view();
    let create = create_workspace.map(|href| {
        view! {
            <div class="menu-part">
                <a class="menu-item" href=href><IconOf icon=Icon::Plus/>{text.navigation.create_workspace}</a>
            </div>
        }
    });
    view! {
        <button type="button" class="rail-button rail-account" popovertarget="accounts">
            {face}
            <IconOf icon=Icon::Choose/>
        </button>
        <div class="menu menu-top" id="accounts" popover="auto">
            <p class="menu-title" id="accounts-title">{text.navigation.accounts}</p>
            <ul class="menu-list" aria-labelledby="accounts-title">{entries}</ul>
            {create}
        </div>
    }
    .into_any()
}

fn account_entry(text: &'static Catalogue, entry: AccountEntry, switch_action: &str) -> impl IntoView + use<> {
    let current = entry.current.then(|| view! { <span class="menu-end"><IconOf icon=Icon::Check/></span> });
    let face = view! {
        <Avatar name=entry.name.clone() id=entry.id.clone() square=true/>
        <span class="menu-item-text">
            <span class="menu-item-name">{entry.name}</span>
            <span class="menu-item-note">{entry.note}</span>
        </span>
        {current}
    };
    if entry.current {
        view! { <div class="menu-item" aria-current="true">{face}<span class="visually-hidden">{text.navigation.current_account}</span></div> }
            .into_any()
    } else {
        view! {
            <Form action=switch_action.to_owned() account=entry.id class="">
                <button type="submit" class="menu-item">{face}</button>
            </Form>
        }
        .into_any()
    }
}

/// The person's own menu: their account and the way out.
#[component]
fn UserMenu(text: &'static Catalogue, user: User) -> impl IntoView {
    let label = fill(text.navigation.user, &[("email", &user.email)]);
    let your_account = user.your_account.map(|href| {
        view! { <a class="menu-item" href=href><IconOf icon=Icon::Person/>{text.navigation.your_account}</a> }
    });
    view! {
        <button type="button" class="rail-button rail-user" popovertarget="user">
            <Avatar name=user.name.clone() id=user.id/>
            <span class="visually-hidden">{label.clone()}</span>
            <span class="rail-button-text" aria-hidden="true">
                <span class="rail-button-name">{user.name}</span>
                <span class="rail-button-note">{user.email}</span>
            </span>
            <IconOf icon=Icon::Choose/>
        </button>
        <div class="menu menu-bottom" id="user" popover="auto">
            <p class="menu-title">{label}</p>
            {your_account}
            <Form action=user.sign_out_action class="">
                <button type="submit" class="menu-item"><IconOf icon=Icon::Leave/>{text.navigation.sign_out}</button>
            </Form>
        </div>
    }
}
