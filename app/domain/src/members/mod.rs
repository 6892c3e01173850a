//! Members: who belongs to an account, and in which role. How people come in is told elsewhere; here they are found, and
//! their places change and end. Tested in `tests/flows/members.rs`.

mod changes;
mod ownership;

pub use changes::{change_role, leave, remove};
pub use ownership::{Owner, change_billing_owner, list_owners, transfer};

use crate::access::{Door, Grant, Read};
use crate::db::{Conn, Tx};
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, BusinessModel, Email, Instant, MembershipId, Role, UserId};
use std::cmp::Reverse;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Members on one page.
const PAGE: u32 = 50;
/// Longer than any name or address, in characters.
const LONGEST_SEARCH: usize = 254;

macro_rules! members {
    ($which:literal) => {
        concat!(
            "SELECT m.id, m.user_id, m.email, m.sort_key, m.created_at, m.last_active_at, m.ai_requests, m.role, p.first_name,
                p.last_name,
                r.name AS role_name, r.permissions, m.user_id = a.billing_owner_id AS is_billing_owner
            FROM memberships m
            JOIN accounts a ON a.id = m.account_id
            JOIN user_profiles p ON p.user_id = m.user_id
            JOIN roles r ON r.id = m.role
            WHERE ",
            $which
        )
    };
}

sql! {
    LIST_BY_NAME = members!("m.account_id = $1 AND (m.sort_key, m.id) > ($2, $3) ORDER BY m.sort_key, m.id LIMIT 0 + $4");
    LIST_OF_ROLE = members!("m.account_id = $1 AND m.role = $5 AND (m.sort_key, m.id) > ($2, $3) ORDER BY m.sort_key, m.id LIMIT 0 + $4");
    // Whose name or address begins so: from $6 on, before $7. $5: the role, if only one is wanted.
    SEARCH = members!("m.id IN (
            SELECT id FROM memberships WHERE account_id = $1 AND sort_key >= $6 AND sort_key < $7
            UNION SELECT id FROM memberships WHERE account_id = $1 AND email >= $6 AND email < $7)
        AND (CAST($5 AS TEXT) IS NULL OR m.role = $5) AND (m.sort_key, m.id) > ($2, $3) ORDER BY m.sort_key, m.id LIMIT 0 + $4");
    FIND = members!("m.id = $1 AND m.account_id = $2");
    LIST_ROLES = "SELECT id, name, permissions FROM roles WHERE account_id IS NULL OR account_id = $1 ORDER BY name, id";
    FIND_PERSON = "SELECT u.email, p.first_name, p.last_name FROM users u JOIN user_profiles p ON p.user_id = u.id WHERE u.id = $1";
    KEEP_NAMES = "UPDATE memberships SET sort_key = $2, email = $3 WHERE user_id = $1";
}

/// Somebody in an account.
#[derive(Clone, Debug)]
pub struct Member {
    /// Their place in it.
    pub id: MembershipId,
    /// The person. Never shown in an address.
    pub user: UserId,
    /// First and last name, once told.
    pub name: Option<String>,
    /// Their address.
    pub email: Email,
    /// Their role, as it takes effect.
    pub role: Role,
    /// Whether they answer for the account's money.
    pub is_billing_owner: bool,
    /// Since when they belong to it.
    pub joined: Instant,
    /// When they were last seen in it, to five minutes; none for people who were not there yet.
    pub last_active: Option<Instant>,
    /// How often they had the AI work here.
    pub ai_requests: i64,
}

impl Member {
    /// What people are shown: the name, else the address.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.email.as_str())
    }

    /// As the caller of this call finds them: who asks is there now.
    fn found_by(self, call: &Read<may::ViewMembers>) -> Self {
        let is_caller = self.id == call.proof().standing().membership;
        Self { last_active: if is_caller { Some(call.now()) } else { self.last_active }, ..self }
    }
}

/// Which members are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What the name or the address begins with; empty for everybody.
    pub search: String,
    /// The id of their role.
    pub role: Option<String>,
    /// Behind which place of the list.
    pub after: Option<Place>,
}

/// A place in the list: behind one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    id: MembershipId,
    sort_key: String,
}

impl Place {
    /// Reads a place as [`Place`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, sort_key) = text.split_once('.')?;
        Some(Self { id: MembershipId::parse(id).ok()?, sort_key: sort_key.to_owned() })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.id, self.sort_key)
    }
}

/// Some members, in the order of their names.
#[derive(Clone, Debug)]
pub struct Listed {
    /// At most fifty.
    pub members: Vec<Member>,
    /// Where the next page begins, when there is one.
    pub next: Option<Place>,
}

/// The members that are wanted, a page of them.
pub async fn list(call: &mut Read<may::ViewMembers>, filter: &Filter) -> Result<Listed> {
    let (account, model) = (call.proof().account().clone(), call.keel().settings().model());
    let (sort_key, id) = filter.after.as_ref().map_or(("", ""), |place| (place.sort_key.as_str(), place.id.as_str()));
    let mut args = args![&account, sort_key, id, PAGE + 1];
    let search = fold(&filter.search.chars().take(LONGEST_SEARCH).collect::<String>());
    let statement = match &filter.role {
        role if !search.is_empty() => {
            let end = format!("{search}{}", char::MAX);
            args.extend(args![role.clone(), search, end]);
            SEARCH
        }
        Some(role) => {
            args.extend(args![role]);
            LIST_OF_ROLE
        }
        None => LIST_BY_NAME,
    };
    let mut rows: Vec<MemberRow> = call.conn().list(statement, args).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let next = rows.last().filter(|_| more).map(|last| Place { id: last.id.clone(), sort_key: last.sort_key.clone() });
    Ok(Listed { members: rows.into_iter().map(|row| row.member(model).found_by(call)).collect(), next })
}

/// One member of the caller's account.
///
/// # Errors
/// `NotFound` for nobody's and for another account's.
pub async fn get(call: &mut Read<may::ViewMembers>, member: &MembershipId) -> Result<Member> {
    let (account, model) = (call.proof().account().clone(), call.keel().settings().model());
    let found = find(call.conn(), &account, member, model).await?.ok_or(Refusal::NotFound)?;
    Ok(found.found_by(call))
}

async fn find(conn: &mut Conn, account: &AccountId, member: &MembershipId, model: BusinessModel) -> Result<Option<Member>> {
    let row: Option<MemberRow> = conn.find(FIND, args![member, account]).await?;
    Ok(row.map(|row| row.member(model)))
}

/// The roles there are in the caller's account, those that hold most first. The caller may give those that their own
/// [covers](Role::covers).
pub async fn list_roles<R, D: Door<Proof = Grant<R>>>(call: &mut Read<D>) -> Result<Vec<Role>> {
    let (account, model) = (call.proof().account().clone(), call.keel().settings().model());
    roles(call.conn(), &account, model).await
}

async fn roles(conn: &mut Conn, account: &AccountId, model: BusinessModel) -> Result<Vec<Role>> {
    let rows: Vec<(String, String, String)> = conn.list(LIST_ROLES, args![account]).await?;
    let mut roles: Vec<Role> = rows.iter().map(|(id, name, stored)| Role::of(id, name, stored, model)).collect();
    roles.sort_by_key(|role| Reverse(role.permissions.iter().count()));
    Ok(roles)
}

/// Sorts and finds a person by the name and the address they have now, in each of their accounts.
pub(crate) async fn keep_names(tx: &mut Tx, user: &UserId) -> Result<()> {
    let (email, first, last): (String, Option<String>, Option<String>) = tx.get(FIND_PERSON, args![user]).await?;
    let name = first.zip(last).map(|(first, last)| format!("{first} {last}"));
    tx.run(KEEP_NAMES, args![user, fold(name.as_deref().unwrap_or(&email)), email]).await?;
    Ok(())
}

/// A name as it is sorted and looked for: lower case, without accents, one space between words.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.to_lowercase().nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    #[sqlx(try_from = "String")]
    id: MembershipId,
    #[sqlx(try_from = "String")]
    user_id: UserId,
    #[sqlx(try_from = "String")]
    email: Email,
    sort_key: String,
    created_at: i64,
    last_active_at: Option<i64>,
    ai_requests: i64,
    role: String,
    first_name: Option<String>,
    last_name: Option<String>,
    role_name: String,
    permissions: String,
    is_billing_owner: bool,
}

impl MemberRow {
    fn member(self, model: BusinessModel) -> Member {
        Member {
            id: self.id,
            user: self.user_id,
            name: self.first_name.zip(self.last_name).map(|(first, last)| format!("{first} {last}")),
            email: self.email,
            role: Role::of(&self.role, &self.role_name, &self.permissions, model),
            is_billing_owner: self.is_billing_owner,
            joined: Instant(self.created_at),
            last_active: self.last_active_at.map(Instant),
            ai_requests: self.ai_requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_people_type_them() {
        for (name, typed) in [
            ("Łukasz  Żółć", "lukasz zolc"),
            ("Müller", "muller"),
            ("Straße", "STRASSE"),
            ("İlker Işık", "ilker isik"),
            ("Søren Æbelø", "soren aebelo"),
            ("Đorđe", "dorde"),
            ("\u{ff2d}ax", "max"),
            ("株式会社", "株式会社"),
        ] {
            assert_eq!(fold(name), fold(typed), "{name}");
        }
        assert_eq!(fold("olivia@acme.example"), "olivia@acme.example");
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Place { id: crate::ids::new(), sort_key: "olivia. o.".to_owned() };
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        for text in ["", "olivia", "mem_1.olivia", ".", "acc_00000000000000000000000000000000.olivia"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
