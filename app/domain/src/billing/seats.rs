//! How many people fit into a workspace: as many as the best of what it has allows; without anything, as Free has.

use super::catalogue::Product;
use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::AccountId;

sql! {
    FIND_PLAN = "SELECT plan, seats FROM subscriptions WHERE account_id = $1 AND live";
    LIST_LICENCES = "SELECT licence FROM licences WHERE account_id = $1 AND live";
    SET_LIMIT = "UPDATE accounts SET max_members = $2 WHERE id = $1 AND NOT max_members_pinned AND kind = 'workspace'";
}

/// Lets the limit follow what the account has now. The caller holds the account's lock.
pub(super) async fn follow(tx: &mut Tx, product: &Product, account: &AccountId) -> Result<()> {
    let plan: Option<(String, i64)> = tx.find(FIND_PLAN, args![account]).await?;
    let licences: Vec<(String,)> = tx.list(LIST_LICENCES, args![account]).await?;
    // A plan that the catalogue does not know gives what Free does.
    let of_plan = plan.map(|(id, seats)| product.plan(&id).map_or(product.free_seats(), |plan| plan.seat_limit(seats)));
    let of_licences = licences.iter().filter_map(|(id,)| product.licence(id)).map(|licence| licence.seats);
    let seats = of_plan.into_iter().chain(of_licences).max().unwrap_or_else(|| product.free_seats());
    tx.run(SET_LIMIT, args![account, seats]).await?;
    Ok(())
}
