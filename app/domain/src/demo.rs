//! Demo data: the cast of the tests, for looking around. Never in production.

use crate::access::SystemGrant;
use crate::accounts::{add_member, create_workspace, find_workspace};
use crate::billing::subscriptions::start_free;
use crate::db::Tx;
use crate::people::{self, Introduction};
use crate::refusal::{Refusal, Result};
use crate::settings::Settings;
use crate::staff::{self, PlatformRole};
use keel_types::{AccountId, Email, Instant, PersonName, UserId, WorkspaceName, role};

const ACME: [(&str, &str, &str, &str); 4] = [
    ("olivia@acme.example", "Olivia", "Owens", role::OWNER),
    ("adam@acme.example", "Adam", "Abel", role::ADMIN),
    ("max@acme.example", "Max", "Moreau", role::MEMBER),
    ("vera@acme.example", "Vera", "Vogel", "viewer"),
];
const EVIL_CORP: [(&str, &str, &str, &str); 1] = [("eve@evil.example", "Eve", "Evans", role::OWNER)];
const SAM: (&str, &str, &str) = ("sam@keel.example", "Sam", "Stone");

/// Makes Acme with Olivia, Adam, Max and Vera, Evil Corp with Eve, and Sam of the staff, whom nobody made before.
///
/// # Errors
/// `NotFound` in production.
pub async fn seed(system: &SystemGrant) -> Result<()> {
    let keel = system.keel();
    if !keel.settings().in_development() {
        return Err(Refusal::NotFound);
    }
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    make_workspace(&mut tx, keel.settings(), "Acme", &ACME, now).await?;
    make_workspace(&mut tx, keel.settings(), "Evil Corp", &EVIL_CORP, now).await?;
    let (email, first, last) = SAM;
    make_person(&mut tx, email, first, last, now).await?;
    tx.commit().await?;
    staff::make(system, &address(email)?, PlatformRole::Admin).await
}

async fn make_workspace(tx: &mut Tx, settings: &Settings, name: &str, people: &[(&str, &str, &str, &str)], now: Instant) -> Result<()> {
    let mut workspace: Option<AccountId> = None;
    for (email, first, last, role) in people {
        let user = make_person(tx, email, first, last, now).await?;
        if find_workspace(tx, &user).await?.is_some() {
            return Ok(());
        }
        if let Some(account) = &workspace {
            add_member(tx, account, &user, role, now).await?;
            continue;
        }
        let name = WorkspaceName::parse(name).map_err(|_| Refusal::internal(&"the demo's names are names"))?;
        let account = create_workspace(tx, &name, &user, settings.product.free_seats(), now).await?;
        start_free(tx, &settings.product, &account, now).await?;
        workspace = Some(account);
    }
    Ok(())
}

async fn make_person(tx: &mut Tx, email: &str, first: &str, last: &str, now: Instant) -> Result<UserId> {
    let user = people::ensure(tx, &address(email)?, now).await?;
    let name = |text| PersonName::parse(text).map_err(|_| Refusal::internal(&"the demo's names are names"));
    let told = Introduction { first_name: name(first)?, last_name: name(last)?, phone: None };
    people::keep_introduction(tx, &user, &told, now).await?;
    Ok(user)
}

fn address(email: &str) -> Result<Email> {
    Email::parse(email).map_err(|_| Refusal::internal(&"the demo's addresses are addresses"))
}
