//! What the members are told, a batch at a time: a workspace may have thousands.

use super::steps::Step;
use crate::mail::letters::deletions as letters;
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::{Email, MembershipId};

/// Members told in one transaction, two rows each.
const BATCH: u32 = 250;

sql! {
    LIST_BEHIND = "SELECT id, email FROM memberships WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT 0 + $3";
    // Unless another notice has taken its place.
    GO_ON = "UPDATE deletions SET place = $3, notice = $4 WHERE id = $1 AND notice = $2";
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    #[sqlx(try_from = "String")]
    id: MembershipId,
    #[sqlx(try_from = "String")]
    email: Email,
}

/// Tells the next members; behind the last one the notice is over.
pub(super) async fn send(keel: &Keel, step: &Step, notice: &str) -> Result<()> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    let members: Vec<MemberRow> = tx.list(LIST_BEHIND, args![&step.account_id, step.place.as_str(), BATCH]).await?;
    for member in &members {
        match notice {
            "scheduled" => letters::scheduled(&mut tx, keel, &member.email, step.about()).await?,
            _ => letters::canceled(&mut tx, keel, &member.email, step.about()).await?,
        }
    }
    let more = members.len() == BATCH as usize;
    let behind = members.last().map_or(step.place.as_str(), |member| member.id.as_str());
    if tx.ran(GO_ON, args![&step.id, notice, behind, more.then(|| notice.to_owned())]).await? {
        step.hold(&mut tx, Some(now)).await?;
        tx.commit().await?;
        keel.wake();
    }
    Ok(())
}
