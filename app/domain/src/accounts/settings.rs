//! A workspace's settings: what it is called, by which address it is found, and its logo. Tested in `tests/flows/settings.rs`.

use super::{logos, slugs};
use crate::access::{Read, Write};
use crate::audit::{self, Action};
use crate::companies::Company;
use crate::limits::Take;
use crate::pictures::{self, Picture};
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, AccountKind, Code, Instant, Permission, Slug, WorkspaceName};

sql! {
    FIND_FACTS = "SELECT a.member_count, a.logo, c.name, c.address, c.tax_id, c.email
        FROM accounts a LEFT JOIN companies c ON c.account_id = a.id WHERE a.id = $1";
    SET_NAMES = "UPDATE accounts SET name = $2, slug = $3 WHERE id = $1";
}

/// A workspace as its settings show it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its id.
    pub account: AccountId,
    /// What it is called.
    pub name: String,
    /// Its part of URLs.
    pub slug: String,
    /// The file with its logo, if it has one.
    pub logo: Option<String>,
    /// How many people belong to it.
    pub members: i64,
    /// When it was made.
    pub created: Instant,
    /// What stands on its invoices, for people who may see billing.
    pub company: Option<Company>,
}

/// What somebody wants it to be.
#[derive(Clone, Debug)]
pub struct Change {
    /// The name.
    pub name: WorkspaceName,
    /// The part of URLs.
    pub slug: Slug,
    /// The file of another logo; without one it stays.
    pub logo: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct FactsRow {
    member_count: i64,
    logo: Option<String>,
    #[sqlx(flatten)]
    company: Company,
}

/// The settings of the caller's workspace.
///
/// # Errors
/// `NotFound` for a personal account.
pub async fn get(call: &mut Read<may::UpdateAccount>) -> Result<Settings> {
    let standing = call.proof().standing().clone();
    let slug = standing.slug.ok_or(Refusal::NotFound)?;
    let row: FactsRow = call.conn().get(FIND_FACTS, args![&standing.account]).await?;
    Ok(Settings {
        account: standing.account,
        name: standing.name,
        slug,
        logo: row.logo,
        members: row.member_count,
        created: standing.created,
        company: standing.role.permissions.has(Permission::ViewBilling).then_some(row.company),
    })
}

/// Gives the workspace another name, slug or logo, all that is asked or nothing. The slug it had leads to it for thirty days, and
/// can be taken back by it alone meanwhile. Nothing that stays as it was is written down.
///
/// # Errors
/// `Refused(SlugTaken)`; `Invalid` for a file that is no picture or too large a one; `NotFound` for a personal account;
/// `TooMany` slugs or logos in a day.
pub async fn update(call: &mut Write<may::UpdateAccount>, change: Change) -> Result<()> {
    if call.proof().standing().kind != AccountKind::Workspace {
        return Err(Refusal::NotFound);
    }
    let picture = match change.logo {
        Some(file) => Some(decoded(call, file).await?),
        None => None,
    };
    call.lock_account().await?;
    let (before, now) = (call.proof().standing().clone(), call.now());
    let slug_before = before.slug.unwrap_or_default();
    let mut changed = vec![];
    if before.name != change.name.as_str() {
        changed.extend([("name_before", before.name.as_str()), ("name", change.name.as_str())]);
    }
    if slug_before != change.slug.as_str() {
        let tx = call.tx()?;
        Take::slug(&before.account).take(tx, now).await?;
        if !slugs::claim(tx, &change.slug, &before.account, now).await? {
            return Err(Refusal::Refused(Code::SlugTaken));
        }
        slugs::release(tx, &slug_before, &before.account, now).await?;
        changed.extend([("slug_before", slug_before.as_str()), ("slug", change.slug.as_str())]);
    }
    let logo = picture.as_ref().map(|picture| picture.name.clone()).unwrap_or_default();
    if let Some(picture) = picture
        && logos::set(call.tx()?, &before.account, picture, now).await?
    {
        changed.push(("logo", logo.as_str()));
    }
    if changed.is_empty() {
        return Ok(());
    }
    call.tx()?.run(SET_NAMES, args![&before.account, change.name.as_str(), &change.slug]).await?;
    audit::record(call, Action::SettingsUpdated, Some(&before.account), before.account.as_str(), &changed).await
}

/// The picture of a file, decoded between two transactions.
async fn decoded(call: &mut Write<may::UpdateAccount>, file: Vec<u8>) -> Result<Picture> {
    let (account, now) = (call.proof().account().clone(), call.now());
    Take::logo(&account).take(call.tx()?, now).await?;
    let picture = call.outside(|_, _| pictures::read(file)).await?;
    picture.map_err(|fault| Refusal::field("logo", fault))
}
