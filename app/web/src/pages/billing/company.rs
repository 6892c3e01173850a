//! What stands on the invoices: shown to who may see billing, written by who may manage it.

use super::{PAGE, PERSONAL_PAGE, page_of};
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::page::Page;
use crate::ui::{Button, ErrorSummary, Fact, Facts, Field, Form, Kind, Region, TextArea};
use keel_domain::access::Write;
use keel_domain::companies::{self, Company, Typed};
use keel_text::Catalogue;
use keel_types::permission::may;
use keel_types::{CompanyName, Email, PostalAddress, TaxId};
use leptos::prelude::*;

actions! {
    /// Keeps what stands on the invoices.
    update_company: "billing/update-company" on [PAGE, PERSONAL_PAGE], may::ManageBilling, Typed;
}

impl Input for Typed {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let name = form.find("company_name", CompanyName::parse);
        let address = form.find("address", PostalAddress::parse);
        let tax_id = form.find("tax_id", TaxId::parse);
        let email = form.find("billing_email", Email::parse);
        Some(Self { name: name?, address: address?, tax_id: tax_id?, email: email? })
    }
}

async fn update_company(call: &mut Write<may::ManageBilling>, typed: Typed) -> Answer {
    companies::update(call, typed).await?;
    Ok(Done::back_to(call, page_of(call.proof().standing())).say(Said::CompanySaved))
}

/// What was wrong with the form, for above everything.
pub fn problem(page: &Page) -> impl IntoView + use<> {
    let (text, words) = (page.text, &page.text.company);
    let labels = [
        ("member", text.billing.new_owner),
        ("company_name", words.name),
        ("address", words.address),
        ("tax_id", words.tax_id),
        ("billing_email", words.email),
    ];
    view! { <ErrorSummary title=text.form.problem problem=page.form.message(text) errors=page.form.summary(&labels, text)/> }
}

/// The region of the billing page.
#[component]
pub fn InvoiceDetails(page: Page, company: Company, may_manage: bool) -> impl IntoView {
    let words = &page.text.company;
    let body = if may_manage {
        view! { <CompanyForm page company/> }.into_any()
    } else {
        view! { <CompanyFacts text=page.text company/> }.into_any()
    };
    view! { <Region id="invoice-details" title=words.title wide=true>{body}</Region> }
}

#[component]
fn CompanyForm(page: Page, company: Company) -> impl IntoView {
    let words = &page.text.company;
    view! {
        <p>{words.lead}</p>
        <Form action=update_company::at(&page.here) account=page.account.clone()>
            <Field
                name="company_name" label=words.name autocomplete="organization" maxlength=120_u16
                value=page.value("company_name", company.name) error=page.error("company_name")
            />
            <TextArea
                name="address" label=words.address hint=words.address_hint
                value=page.value("address", company.address) error=page.error("address")
            />
            <Field
                name="tax_id" label=words.tax_id hint=words.tax_id_hint autocomplete="off" maxlength=40_u16
                value=page.value("tax_id", company.tax_id) error=page.error("tax_id")
            />
            <Field
                name="billing_email" label=words.email hint=words.email_hint kind=Kind::Email autocomplete="email" maxlength=254_u16
                value=page.value("billing_email", company.email) error=page.error("billing_email")
            />
            <Button label=words.submit/>
        </Form>
    }
}

/// The same to read.
#[component]
pub fn CompanyFacts(text: &'static Catalogue, company: Company) -> impl IntoView {
    let words = &text.company;
    let fact = |label, value: Option<String>| {
        let value = match value {
            Some(value) => view! { <span class="lines">{value}</span> }.into_any(),
            None => view! { <span class="soft">{words.missing}</span> }.into_any(),
        };
        view! { <Fact label=label>{value}</Fact> }
    };
    view! {
        <Facts>
            {fact(words.name, company.name)}
            {fact(words.address, company.address)}
            {fact(words.tax_id, company.tax_id)}
            {fact(words.email, company.email)}
        </Facts>
    }
}
