//! The company behind an account, as its people typed it: what stands on the invoices, and where they are mailed. Nothing here
//! is checked against a register. Tested in `tests/flows/companies.rs`.

use crate::access::{Read, Write};
use crate::audit::{self, Action};
use crate::billing::customers;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountKind, BusinessModel, Code, CompanyName, Email, PostalAddress, TaxId};

sql! {
    FIND_COMPANY = "SELECT name, address, tax_id, email FROM companies WHERE account_id = $1";
    KEEP_COMPANY = "INSERT INTO companies (account_id, name, address, tax_id, email, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id) DO UPDATE SET name = $2, address = $3, tax_id = $4, email = $5, updated_at = $6";
}

/// What is known of a company; all of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Company {
    /// What it is called.
    pub name: Option<String>,
    /// Where letters reach it, in lines.
    pub address: Option<String>,
    /// Its tax number.
    pub tax_id: Option<String>,
    /// Where bills are mailed.
    pub email: Option<String>,
}

/// What somebody typed about their company.
#[derive(Clone, Debug)]
pub struct Typed {
    /// See [`Company::name`].
    pub name: Option<CompanyName>,
    /// See [`Company::address`].
    pub address: Option<PostalAddress>,
    /// See [`Company::tax_id`].
    pub tax_id: Option<TaxId>,
    /// See [`Company::email`].
    pub email: Option<Email>,
}

impl From<Typed> for Company {
    fn from(typed: Typed) -> Self {
        Self {
            name: typed.name.map(String::from),
            address: typed.address.map(|address| address.as_str().to_owned()),
            tax_id: typed.tax_id.map(String::from),
            email: typed.email.map(|email| email.to_string()),
        }
    }
}

/// The company of the caller's account.
pub async fn get(call: &mut Read<may::ViewBilling>) -> Result<Company> {
    let account = call.proof().account().clone();
    let known: Option<Company> = call.conn().find(FIND_COMPANY, args![&account]).await?;
    Ok(known.unwrap_or_default())
}

/// Keeps what was typed in place of what was known, and tells Stripe's customer. The audit log says which parts changed, not what they
/// say.
///
/// # Errors
/// `Refused(WorkspaceRequired)` for a personal account in b2b, which is never billed.
pub async fn update(call: &mut Write<may::ManageBilling>, typed: Typed) -> Result<()> {
    let in_b2b = call.keel().settings().model() == BusinessModel::B2b;
    if in_b2b && call.proof().standing().kind == AccountKind::Personal {
        return Err(Refusal::Refused(Code::WorkspaceRequired));
    }
    call.lock_account().await?;
    let (account, now, after) = (call.proof().account().clone(), call.now(), Company::from(typed));
    let tx = call.tx()?;
    let before: Option<Company> = tx.find(FIND_COMPANY, args![&account]).await?;
    let changed = changed(&before.unwrap_or_default(), &after);
    if changed.is_empty() {
        return Ok(());
    }
    tx.run(KEEP_COMPANY, args![&account, after.name, after.address, after.tax_id, after.email, now]).await?;
    customers::count_change(tx, &account, now).await?;
    audit::record(call, Action::CompanyUpdated, Some(&account), account.as_str(), &[("changed", &changed.join(", "))]).await?;
    customers::tell(call).await
}

/// The names of the parts that differ.
fn changed(before: &Company, after: &Company) -> Vec<&'static str> {
    let parts = [
        ("name", before.name == after.name),
        ("address", before.address == after.address),
        ("tax_id", before.tax_id == after.tax_id),
        ("email", before.email == after.email),
    ];
    parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}
