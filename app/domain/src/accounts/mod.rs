//! Accounts: the tenants. Personal ones are made with the person, workspaces by bootstrap or by their creator.

pub mod logos;
mod next_page;
pub mod settings;
mod slugs;
mod workspaces;

pub use next_page::{
    Destination, billing, dashboard, next_after_creation, next_after_introduction, next_after_joining, next_of, next_page,
};
pub(crate) use workspaces::{Site, create_workspace, ensure_workspace_for_user, find_workspace};
pub use workspaces::{create, create_first, ensure_at_checkout};

use crate::access::sessions::set_active_account;
use crate::access::{Door, Member, Read, Write};
use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, ids, members, sql};
use keel_types::{AccountId, AccountKind, BusinessModel, Email, Instant, MembershipId, Role, UserId, role};

sql! {
    INSERT_PERSONAL = "INSERT INTO accounts (id, kind, name, person_id, billing_owner_id, max_members, created_at)
        VALUES ($1, 'personal', $2, $3, $3, 1, $4)";
    INSERT_MEMBERSHIP = "INSERT INTO memberships (id, account_id, user_id, role, created_at) VALUES ($1, $2, $3, $4, $5)";
    COUNT_MEMBER = "UPDATE accounts SET member_count = member_count + 1 WHERE id = $1";
    LIST_MINE = "SELECT a.id, a.kind, a.name, a.slug, a.logo, m.role, r.name AS role_name, r.permissions, s.plan
        FROM memberships m
        JOIN accounts a ON a.id = m.account_id
        JOIN roles r ON r.id = m.role
        LEFT JOIN subscriptions s ON s.account_id = a.id AND s.live
        WHERE m.user_id = $1 AND NOT a.purging AND ($2 OR a.kind = 'personal') ORDER BY a.kind, m.created_at, m.id LIMIT 200";
    LIST_PEOPLE = "SELECT u.email, p.first_name, p.last_name, r.name AS role_name FROM memberships m
        JOIN users u ON u.id = m.user_id JOIN user_profiles p ON p.user_id = m.user_id JOIN roles r ON r.id = m.role
        WHERE m.account_id = $1 ORDER BY m.created_at, m.id LIMIT 0 + $2";
}

/// Makes the personal account of a new person.
pub(crate) async fn create_personal(tx: &mut Tx, user: &UserId, email: &Email, now: Instant) -> Result<()> {
    let account = ids::new::<AccountId>();
    tx.run(INSERT_PERSONAL, args![&account, email.as_str(), user, now]).await?;
    add_member(tx, &account, user, role::OWNER, now).await
}

/// Adds a membership, and counts it. Whoever calls it holds the person's lock or has just made the person: the name it is
/// sorted by is the person's as it is now.
pub(crate) async fn add_member(tx: &mut Tx, account: &AccountId, user: &UserId, role: &str, now: Instant) -> Result<()> {
    tx.run(INSERT_MEMBERSHIP, args![&ids::new::<MembershipId>(), account, user, role, now]).await?;
    tx.run(COUNT_MEMBER, args![account]).await?;
    members::keep_names(tx, user).await
}

/// An account in a person's switcher.
#[derive(Clone, Debug)]
pub struct Mine {
    /// The account.
    pub account: AccountId,
    /// Personal or workspace.
    pub kind: AccountKind,
    /// What it is called.
    pub name: String,
    /// Its part of URLs.
    pub slug: Option<String>,
    /// The file with its logo, if it has one.
    pub logo: Option<String>,
    /// The person's role there.
    pub role: Role,
    /// The plan's id, when there is one.
    pub plan: Option<String>,
}

/// The caller's accounts, the personal one first, at most 200.
pub async fn list_mine<D: Door>(call: &mut Read<D>) -> Result<Vec<Mine>> {
    let Some(user) = call.caller().map(|c| c.user.clone()) else { return Ok(vec![]) };
    let model = call.keel().settings().model();
    let rows: Vec<MineRow> = call.conn().list(LIST_MINE, args![&user, model.has_teams()]).await?;
    Ok(rows.into_iter().map(|row| row.mine(model)).collect())
}

#[derive(sqlx::FromRow)]
struct MineRow {
    #[sqlx(try_from = "String")]
    id: AccountId,
    kind: String,
    name: String,
    slug: Option<String>,
    logo: Option<String>,
    role: String,
    role_name: String,
    permissions: String,
    plan: Option<String>,
}

impl MineRow {
    fn mine(self, model: BusinessModel) -> Mine {
        Mine {
            account: self.id,
            kind: AccountKind::parse(&self.kind).unwrap_or(AccountKind::Personal),
            name: self.name,
            slug: self.slug,
            logo: self.logo,
            role: Role::of(&self.role, &self.role_name, &self.permissions, model),
            plan: self.plan,
        }
    }
}

/// Somebody in the account, for lists of names.
#[derive(Clone, Debug)]
pub struct Colleague {
    /// Name, else address.
    pub name: String,
    /// What the role is called.
    pub role: String,
}

/// The first people of the account, at most `most`.
pub async fn list_people(call: &mut Read<Member>, most: u32) -> Result<Vec<Colleague>> {
    let account = call.proof().account().clone();
    let rows: Vec<(String, Option<String>, Option<String>, String)> = call.conn().list(LIST_PEOPLE, args![&account, most]).await?;
    let colleague = |(email, first, last, role): (String, Option<String>, Option<String>, String)| Colleague {
        name: first.zip(last).map_or(email, |(first, last)| format!("{first} {last}")),
        role,
    };
    Ok(rows.into_iter().map(colleague).collect())
}

/// Makes the account of this call the one the session's pages are about.
pub async fn switch(call: &mut Write<Member>) -> Result<()> {
    let (session, account) = (call.proof().actor().session.clone(), call.proof().account().clone());
    set_active_account(call.tx()?, &session, &account).await
}
