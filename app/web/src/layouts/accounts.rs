use keel_text::fill;
use leptos::prelude::*;

use super::{AccountEntry, Frame};
use crate::ui::{Avatar, Form, Icon, IconOf};

/// The account switcher: a popover, which opens and closes without a script. Only the account's name where there is nothing
/// to switch.
#[component]
pub(super) fn Accounts(frame: Frame) -> impl IntoView {
    let text = &frame.lang.catalogue().navigation;
    let Frame { account, accounts, create_workspace, switch_action, .. } = frame;
    let label = fill(text.account, &[("name", &account.name)]);
    let face = view! {
        <Avatar name=account.name.clone() id=account.id square=true picture=account.logo/>
        <span class="visually-hidden">{label}</span>
        <span class="rail-button-text" aria-hidden="true">
            <span class="rail-button-name">{account.name}</span>
            <span class="rail-button-note">{account.note}</span>
        </span>
    };
    if accounts.is_empty() && create_workspace.is_none() {
        return view! { <div class="rail-button rail-account">{face}</div> }.into_any();
    }
    let entries =
        accounts.into_iter().map(|entry| view! { <li><Entry current=text.current_account entry action=switch_action.clone()/></li> });
    let entries = entries.collect_view();
    let create = create_workspace.map(|href| {
        view! {
            <div class="menu-part">
                <a class="menu-item" href=href><IconOf icon=Icon::Plus/>{text.create_workspace}</a>
            </div>
        }
    });
    view! {
        <button type="button" class="rail-button rail-account" popovertarget="accounts">
            {face}
            <IconOf icon=Icon::Choose/>
        </button>
        <div class="menu menu-top" id="accounts" popover="auto">
            <p class="menu-title" id="accounts-title">{text.accounts}</p>
            <ul class="menu-list" aria-labelledby="accounts-title">{entries}</ul>
            {create}
        </div>
    }
    .into_any()
}

/// One account: the current one, or the button that switches to it.
#[component]
fn Entry(current: &'static str, entry: AccountEntry, action: String) -> impl IntoView {
    let check = entry.current.then(|| view! { <span class="menu-end"><IconOf icon=Icon::Check/></span> });
    let face = view! {
        <Avatar name=entry.name.clone() id=entry.id.clone() square=true picture=entry.logo/>
        <span class="menu-item-text">
            <span class="menu-item-name">{entry.name}</span>
            <span class="menu-item-note">{entry.note}</span>
        </span>
        {check}
    };
    if entry.current {
        view! { <div class="menu-item" aria-current="true">{face}<span class="visually-hidden">{current}</span></div> }.into_any()
    } else {
        view! { <Form action=action account=entry.id class=""><button type="submit" class="menu-item">{face}</button></Form> }.into_any()
    }
}
