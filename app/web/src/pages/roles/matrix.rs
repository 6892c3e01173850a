//! Every role beside every permission.

use crate::ui::{Column, Icon, IconOf, Pill, Table};
use keel_domain::roles::Defined;
use keel_text::Catalogue;
use keel_types::{BusinessModel, Permission};
use leptos::prelude::*;

/// A row for each permission, a column for each role.
#[component]
pub fn Matrix(text: &'static Catalogue, roles: Vec<Defined>, model: BusinessModel) -> impl IntoView {
    let words = &text.roles;
    let names = roles.iter().map(|defined| Column::text(text.role(&defined.role.name).to_owned()));
    let columns = std::iter::once(Column::text(words.may)).chain(names).collect();
    let rows = Permission::ALL.iter().map(|permission| {
        let cells = roles.iter().map(|defined| defined.role.permissions.has(*permission).then(|| yes(words.yes)).into_any());
        std::iter::once(named(text, *permission, model)).chain(cells).collect()
    });
    view! { <Table caption=words.matrix quiet_caption=true columns rows=rows.collect() wide=true/> }
}

fn named(text: &'static Catalogue, permission: Permission, model: BusinessModel) -> AnyView {
    let locked = permission.is_reserved(model).then(|| view! { " " <Pill label=text.roles.owners_alone/> });
    view! { <span>{text.permission(permission)}" "<code class="soft">{permission.as_str()}</code>{locked}</span> }.into_any()
}

fn yes(word: &'static str) -> impl IntoView {
    view! { <span class="holds"><IconOf icon=Icon::Check/><span class="visually-hidden">{word}</span></span> }
}
