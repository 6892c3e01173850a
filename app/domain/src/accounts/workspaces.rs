//! Workspaces: bootstrap for people who have none, and further ones for people who ask.

use super::{add_member, slugs};
use crate::access::sessions::set_active_account;
use crate::access::{SignedIn, Write};
use crate::audit::{self, Action, Actor};
use crate::billing::catalogue::{Article, Choice};
use crate::db::{Tx, locks};
use crate::limits::Take;
use crate::refusal::{Refusal, Result};
use crate::settings::Settings;
use crate::{args, ids, invitations, sql};
use keel_types::url::LocalPath;
use keel_types::{AccountId, BusinessModel, Email, Instant, Slug, UserId, WorkspaceName, role};

sql! {
    FIND_WORKSPACE_OF = "SELECT m.account_id FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.user_id = $1 AND a.kind = 'workspace' AND NOT a.purging ORDER BY m.created_at, m.id LIMIT 1";
    INSERT_WORKSPACE = "INSERT INTO accounts (id, kind, name, slug, billing_owner_id, max_members, created_at)
        VALUES ($1, 'workspace', $2, $3, $4, $5, $6)";
}

/// Where a workspace may be made for somebody who has none.
#[derive(Debug)]
pub(crate) enum Site<'a> {
    /// At the end of a sign-in that leads to `next`. People on their way to an invitation, or whom one waits for, join instead.
    SignIn {
        /// Where the person goes.
        next: Option<&'a LocalPath>,
    },
    /// On the way to pay for this choice.
    Checkout(Option<&'a Choice>),
    /// On the way to the free plan.
    FreePlan,
    /// The person asked for it and gave the name.
    Asked(WorkspaceName),
}

/// Makes a workspace for a person who belongs to none, with the person as its owner, where the business model wants one.
/// However often and wherever it runs at the same instant: exactly one workspace, exactly one membership.
/// Gives the person's workspace, if there is one afterwards.
pub(crate) async fn ensure_workspace_for_user(
    tx: &mut Tx,
    settings: &Settings,
    user: &UserId,
    email: &Email,
    site: Site<'_>,
    now: Instant,
) -> Result<Option<AccountId>> {
    if !wants_workspace(settings, &site) {
        return Ok(None);
    }
    locks::lock_user(tx, user).await?;
    if let Some(account) = find_workspace(tx, user).await? {
        return Ok(Some(account));
    }
    if matches!(site, Site::SignIn { .. }) && invitations::is_invited(tx, email, now).await? {
        return Ok(None);
    }
    let name = if let Site::Asked(name) = site { name } else { WorkspaceName::of(email) };
    let account = create_workspace(tx, &name, user, settings.product.free_seats(), now).await?;
    audit::write(tx, &Actor::System("bootstrap"), Action::WorkspaceCreated, Some(&account), account.as_str(), &[], now).await?;
    Ok(Some(account))
}

fn wants_workspace(settings: &Settings, site: &Site<'_>) -> bool {
    let team = |choice: &Choice| settings.product.find(choice.kind, &choice.id).and_then(Article::plan).is_some_and(|plan| plan.team);
    match (settings.model(), site) {
        (BusinessModel::B2c, _) => false,
        (BusinessModel::Hybrid, Site::Checkout(choice)) => choice.is_some_and(team),
        (BusinessModel::Hybrid, site) => matches!(site, Site::Asked(_)),
        (BusinessModel::B2b, Site::SignIn { next }) => !next.is_some_and(|next| next.path().starts_with("/invitations/")),
        (BusinessModel::B2b, _) => true,
    }
}

/// The person's oldest workspace.
pub(crate) async fn find_workspace(tx: &mut Tx, user: &UserId) -> Result<Option<AccountId>> {
    let row: Option<AccountRow> = tx.find(FIND_WORKSPACE_OF, args![user]).await?;
    Ok(row.map(|row| row.account_id))
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}

/// Makes a workspace under the first free slug its name suggests, owned by `user`.
pub(crate) async fn create_workspace(tx: &mut Tx, name: &WorkspaceName, user: &UserId, seats: i64, now: Instant) -> Result<AccountId> {
    let account = ids::new::<AccountId>();
    let plain = Slug::suggest(name.as_str());
    let stem = plain.clone();
    // Numbers first, for people; then one nobody has, so that a popular name cannot run out.
    let numbered = (2..=9).map(|number| stem.numbered(number));
    let random = (0..3).map(|_| stem.numbered(u32::from_str_radix(&crate::secrets::reference()[..7], 16).unwrap_or(u32::MAX)));
    for slug in std::iter::once(plain).chain(numbered).chain(random) {
        if slugs::claim(tx, &slug, &account, now).await? {
            tx.run(INSERT_WORKSPACE, args![&account, name.as_str(), &slug, user, seats, now]).await?;
            add_member(tx, &account, user, role::OWNER, now).await?;
            return Ok(account);
        }
    }
    Err(Refusal::internal(&"no free slug found"))
}

/// The site `/checkout`: makes the workspace that will be billed, if it is missing, and makes it the active account. True
/// when the person has a workspace now and had none before.
pub async fn ensure_at_checkout(call: &mut Write<SignedIn>, choice: Option<&Choice>) -> Result<bool> {
    if call.proof().has_workspace {
        return Ok(false);
    }
    ensure(call, Site::Checkout(choice)).await
}

/// The first steps, where a name is asked for: makes the workspace of a person who has none.
pub async fn create_first(call: &mut Write<SignedIn>, name: WorkspaceName) -> Result<()> {
    ensure(call, Site::Asked(name)).await.map(drop)
}

async fn ensure(call: &mut Write<SignedIn>, site: Site<'_>) -> Result<bool> {
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let names_account = call.asked().account.is_some();
    let tx = call.tx()?;
    let workspace = ensure_workspace_for_user(tx, keel.settings(), &caller.user, &caller.email, site, now).await?;
    // A request that names an account is about that one, and leaves the session's as it is.
    if let Some(account) = workspace.as_ref().filter(|_| !names_account) {
        set_active_account(tx, &caller.session, account).await?;
    }
    Ok(workspace.is_some())
}

/// Makes a workspace, whether or not the person has one, with the person as its owner; it is the active account afterwards.
///
/// # Errors
/// `TooMany` in a day.
pub async fn create(call: &mut Write<SignedIn>, name: WorkspaceName) -> Result<()> {
    // Who signs in at the same instant finds this one instead of making another.
    call.lock_caller().await?;
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let tx = call.tx()?;
    Take::workspace(&caller.user).take(tx, now).await?;
    let account = create_workspace(tx, &name, &caller.user, keel.settings().product.free_seats(), now).await?;
    set_active_account(tx, &caller.session, &account).await?;
    audit::record(call, Action::WorkspaceCreated, Some(&account), account.as_str(), &[]).await
}
