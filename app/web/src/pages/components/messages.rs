//! What the product says by itself.

use super::examples::{LONG_NAME, long_word};
use crate::ui::{ButtonLink, Drawing, EmptyState, Flash, Notice, QrCode, Region, Secret, Spoken, Tone, Weight};
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

/// Messages, empty states, secrets.
#[component]
pub fn Messages(text: &'static Catalogue) -> impl IntoView {
    let words = &text.checkout;
    let copy = || (text.components.copy.into(), text.components.copied.into());
    let subscribed = fill(words.subscribed, &[("account", &LONG_NAME), ("plan", &"Pro")]);
    view! {
        <Region id="messages" title="Flash, Notice" wide=true>
            <Flash spoken=Spoken { text: text.flash.workspace_created.into(), tone: Tone::Success }/>
            <Flash spoken=Spoken { text: text.flash.provider_canceled.into(), tone: Tone::Info }/>
            <Flash spoken=Spoken { text: text.flash.provider_unreached.into(), tone: Tone::Warning }/>
            <Notice title=subscribed text=words.subscribed_text/>
            <Notice text=text.success.paid tone=Tone::Success/>
            <Notice title=words.owner_only text=fill(words.owner_only_text, &[("account", &"Acme")]) tone=Tone::Warning/>
            <Notice text=text.problem.last_owner tone=Tone::Danger>
                <ButtonLink label=text.navigation.members href="#messages" weight=Weight::Secondary/>
            </Notice>
        </Region>
        <Region id="empty" title="EmptyState" wide=true>
            <div class="regions">
                <EmptyState drawing=Drawing::Stocks title=text.billing.no_plan text=text.billing.no_plan_text>
                    <ButtonLink label=text.billing.choose_plan href="#empty"/>
                </EmptyState>
                <EmptyState drawing=Drawing::Ledger title=text.billing.no_transactions text=text.billing.no_transactions_text/>
            </div>
        </Region>
        <Region id="danger" title="Region" danger=true>
            <p>{text.permission.account_delete}</p>
            <ButtonLink label=text.permission.account_delete href="#danger" weight=Weight::Danger/>
        </Region>
        <Region id="secret" title="Secret">
            <Secret id="one-time" label=text.verify.code text="350968".to_owned() copy=copy()/>
            <Secret id="reference" label=text.error_page.reference text=long_word() copy=copy()/>
            <QrCode text="otpauth://totp/Keel:olivia@acme.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Keel".to_owned() label=text.two_step.picture/>
        </Region>
    }
}
