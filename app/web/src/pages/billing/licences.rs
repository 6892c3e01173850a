//! The region Licences: what was bought for once, until when it counts, and what keeps renewing beside it.

use super::plan::CANCEL_DIALOG;
use crate::page::Page;
use crate::ui::{Column, Day, DialogButton, Notice, Pill, Region, Table, Tone};
use keel_domain::billing::licences::Licence;
use keel_domain::billing::overview::Contract;
use keel_text::fill;
use leptos::prelude::*;

/// The region; nothing where no licence was ever bought.
#[component]
pub(super) fn Licences(
    page: Page,
    licences: Vec<Licence>,
    /// The contract that is paid and does not end.
    renewing: Option<Contract>,
    may_manage: bool,
) -> impl IntoView {
    let (text, words) = (page.text, &page.text.billing);
    if licences.is_empty() {
        return None;
    }
    let counts = licences.iter().any(|licence| licence.is_live);
    let beside = renewing.filter(|_| counts).map(|contract| {
        let cancel = may_manage.then(|| view! { <DialogButton label=words.cancel_plan opens=CANCEL_DIALOG/> });
        view! { <Notice text=fill(words.beside_licence, &[("plan", &contract.plan)]) tone=Tone::Info>{cancel}</Notice> }
    });
    let row = |licence: Licence| {
        let (label, tone) = if licence.is_live { (words.licence_active, Tone::Success) } else { (words.licence_over, Tone::Plain) };
        let until = match licence.ends {
            Some(ends) => view! { <Day at=ends/> }.into_any(),
            None => words.for_ever.into_any(),
        };
        vec![licence.name.into_any(), view! { <Day at=licence.begins/> }.into_any(), until, view! { <Pill label tone/> }.into_any()]
    };
    let columns =
        vec![Column::text(text.ledger_kind.licence), Column::text(words.bought), Column::text(words.until), Column::text(words.status)];
    let rows = licences.into_iter().map(row).collect();
    Some(view! {
        <Region id="licences" title=words.licences wide=true>
            {beside}
            <Table caption=words.licences quiet_caption=true columns rows/>
        </Region>
    })
}
