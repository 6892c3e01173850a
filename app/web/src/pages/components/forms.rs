//! What is pressed, typed and chosen.

use super::examples::{LONG_NAME, long_word};
use crate::ui::{
    Breadcrumbs, Button, ButtonLink, Checkboxes, Choice, Dialog, DialogButton, ErrorSummary, Field, FileField, Form, Icon, IconOf, Kind,
    Place, RadioCards, Region, Select, Switch, Tabs, Text, TextArea, Weight,
};
use keel_text::{Catalogue, fill};
use keel_types::Permission;
use leptos::prelude::*;

const HERE: &str = "/dev/components";

/// Buttons, links, fields, choices, dialogs.
#[component]
pub fn Forms(text: &'static Catalogue) -> impl IntoView {
    view! {
        <Buttons text/>
        <Fields text/>
        <Choices text/>
        <Trails text/>
        <Dialogs text/>
    }
}

#[component]
fn Buttons(text: &'static Catalogue) -> impl IntoView {
    view! {
        <Region id="button" title="Button">
            <Form action=HERE>
                <div class="cluster">
                    <Button label=text.checkout.submit/>
                    <Button label=text.verify.again weight=Weight::Secondary/>
                    <Button label=text.navigation.sign_out weight=Weight::Quiet/>
                    <Button label=text.permission.account_delete weight=Weight::Danger/>
                </div>
                <Button label=fill(text.confirm_link.submit, &[("email", &long_word())]) weight=Weight::Secondary/>
            </Form>
        </Region>
        <Region id="button-link" title="ButtonLink">
            <div class="cluster">
                <ButtonLink label=text.navigation.see_pricing href=HERE/>
                <ButtonLink label=text.navigation.sign_in href=HERE weight=Weight::Secondary/>
                <ButtonLink label=text.sign_in.forgot href=HERE weight=Weight::Quiet/>
            </div>
            <p><a href=HERE>{text.overview.see_billing}</a></p>
            <ul class="actions">
                <li><a class="action" href=HERE><IconOf icon=Icon::Billing/>{text.private_dashboard.see_billing}</a></li>
                <li><a class="action" href=HERE><IconOf icon=Icon::Credits/>{text.private_dashboard.compare_plans}</a></li>
            </ul>
        </Region>
    }
}

#[component]
fn Fields(text: &'static Catalogue) -> impl IntoView {
    let (fields, words) = (&text.fields, &text.onboarding);
    let summary: Vec<(&'static str, Text)> = vec![("email", fields.not_an_address.into()), ("seats", fields.not_a_number.into())];
    let languages = [("en", "English"), ("de", "Deutsch"), ("nl", "Nederlands")].map(|(tag, name)| (tag.to_owned(), Text::from(name)));
    view! {
        <Region id="field" title="Field">
            <Form action=HERE>
                <Field name="first_name" label=words.first_name value="Olivia"/>
                <Field name="phone" label=words.phone hint=words.phone_hint kind=Kind::Phone/>
                <Field name="workspace" label=text.create_workspace.name value=LONG_NAME/>
                <Field name="actor" label=text.audit.actor hint=text.audit.actor_hint suggestions=vec![LONG_NAME.to_owned()]/>
                <TextArea name="emails" label=text.invite.emails hint=fill(text.invite.emails_hint, &[("most", &50)]) value="nina@new.example"/>
                <FileField name="logo" label=text.settings.logo hint=text.settings.logo_hint accept="image/png"/>
                <FileField name="picture" label=text.settings.logo accept="image/png" error=text.fields.not_a_picture/>
                <Field name="password" label=text.sign_in.password kind=Kind::Password autocomplete="off"/>
                <Field name="code" label=text.verify.code hint=text.verify.code_hint kind=Kind::Code autocomplete="off"/>
            </Form>
        </Region>
        <Region id="errors" title="ErrorSummary">
            <ErrorSummary title=text.form.problem problem=text.problem.invalid errors=summary/>
            <Form action=HERE>
                <Field name="email" label=text.sign_in.email kind=Kind::Email value="olivia@@acme" error=fields.not_an_address/>
                <Field
                    name="seats" label=text.checkout.seats kind=Kind::Number value="ten" error=fields.not_a_number
                    hint=fill(text.checkout.seats_hint, &[("least", &1), ("most", &500)])
                />
                <Select name="language" label=text.components.language options=languages.to_vec() value="nl"/>
                <Select name="interval" label=text.checkout.interval options=vec![(String::new(), "".into())] error=fields.not_a_choice/>
            </Form>
        </Region>
    }
}

#[component]
fn Choices(text: &'static Catalogue) -> impl IntoView {
    let words = &text.checkout;
    let starts = vec![
        Choice::new("pay", words.pay_now, words.pay_now_text),
        Choice::new("trial", fill(words.trial, &[("days", &14)]), None::<String>),
    ];
    let periods = vec![
        Choice::new("month", words.monthly, None::<String>),
        Choice::new("year", words.yearly, fill(text.pricing.saving, &[("months", &2)])),
    ];
    let permissions = Permission::ALL.iter().take(5);
    let permissions = permissions.map(|one| Choice::new(one.as_str(), text.permission(*one), one.as_str().to_owned())).collect();
    view! {
        <Region id="radio-cards" title="RadioCards">
            <Form action=HERE>
                <RadioCards name="start" legend=words.start choices=starts value="pay"/>
                <RadioCards name="period" legend=text.pricing.period choices=periods value="month" row=true/>
                <RadioCards
                    name="missing" legend=words.plan error=text.fields.required
                    choices=vec![Choice::new("free", text.price.nothing, long_word())]
                />
            </Form>
        </Region>
        <Region id="checkboxes" title="Checkboxes, Switch">
            <Form action=HERE>
                <Checkboxes
                    name="permissions" legend=text.error_page.missing choices=permissions
                    values=vec!["billing:view".to_owned()] hint=text.permission.members_update_role
                />
                <Switch name="second_factor" label=text.permission.ai_use hint=text.onboarding.unfinished on=true/>
                <Switch name="digest" label=text.permission.analytics_view/>
            </Form>
        </Region>
    }
}

#[component]
fn Trails(text: &'static Catalogue) -> impl IntoView {
    let words = &text.navigation;
    let tabs = vec![Place::new(words.overview, HERE), Place::new(words.members, "#members"), Place::new(words.billing, "#billing")];
    view! {
        <Region id="tabs" title="Tabs, Breadcrumbs">
            <Tabs label=words.accounts places=tabs here=HERE/>
            <Breadcrumbs label=words.site above=vec![Place::new(words.overview, HERE), Place::new(words.members, HERE)] here=LONG_NAME/>
        </Region>
    }
}

#[component]
fn Dialogs(text: &'static Catalogue) -> impl IntoView {
    let words = &text.create_workspace;
    view! {
        <Region id="dialogs" title="Dialog">
            <p class="soft">{words.next}</p>
            <DialogButton label=words.title opens="create"/>
            <Dialog id="create" title=words.title close=text.components.close>
                <p>{words.next}</p>
                <Form action=HERE>
                    <Field name="name" label=words.name hint=words.name_hint/>
                    <Button label=words.submit/>
                </Form>
            </Dialog>
        </Region>
    }
}
