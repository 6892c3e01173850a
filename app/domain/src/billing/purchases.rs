//! What is paid once: credit packs and licences. Some ways to pay bring the money days after the checkout is complete.
//! Tested in `tests/flows/purchases.rs`.

use super::catalogue::Article;
use super::licences;
use super::payments::{self, Payment, Why};
use super::settle::Bought;
use crate::credits::{self, Grant, Kind};
use crate::db::Tx;
use crate::payments::{CheckoutKind, CheckoutStatus, IntentStatus};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::AccountId;

sql! {
    FIND_CREATED = "SELECT created_at FROM checkouts WHERE id = $1";
}

/// Writes down what a checkout of something paid once brought. The caller holds the account's lock.
pub(super) async fn settle(tx: &mut Tx, keel: &Keel, account: &AccountId, bought: &Bought) -> Result<()> {
    let (state, now) = (&bought.state, keel.now());
    if state.mode != CheckoutKind::Payment || state.status != CheckoutStatus::Complete {
        return Ok(());
    }
    let status = match bought.intent {
        _ if state.paid => "paid",
        Some(IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled) => "failed",
        _ => "pending",
    };
    let article = state.article.as_ref().and_then(|(kind, id)| keel.settings().product.find(*kind, id));
    let created: Option<(i64,)> = match &state.checkout_id {
        Some(checkout) => tx.find(FIND_CREATED, args![checkout.as_str()]).await?,
        None => None,
    };
    let payment = Payment {
        stripe_id: &state.id,
        product: article.map_or_else(String::new, |article| article.name().to_owned()),
        amount: state.amount_total.unwrap_or(0),
        currency: state.currency.as_deref().unwrap_or_default(),
        status,
        at: created.map_or(now.0, |(created,)| created),
        number: None,
    };
    payments::keep(tx, account, payment, now).await?;
    if status != "paid" {
        return Ok(());
    }
    match article {
        Some(Article::Pack(pack)) => {
            let (fact, payment) = (format!("pack:{}", state.id), Some(state.id.clone()));
            credits::grant(tx, account, &Grant { kind: Kind::Pack, amount: pack.credits, fact, expires: None, payment }, now).await?;
        }
        Some(Article::Licence(licence)) => licences::begin(tx, keel, account, &state.id, licence).await?,
        Some(Article::Plan(_)) | None => {
            tracing::warn!(%account, checkout = state.id, "what was paid is not in the catalogue; nothing was granted");
            payments::note(tx, &state.id, Why::Article).await?;
        }
    }
    credits::reverse(tx, account, &state.id, now).await
}
