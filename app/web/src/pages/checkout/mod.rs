//! `/checkout` and `/checkout/success`: from a choice to the payment page and back.

mod actions;
pub mod success;
mod view;

pub use actions::{checkout, license_checkout, subscribe_free};
pub use view::view;

use crate::cookies::Cookie;
use crate::page::{Loaded, Stop, Visit};
use keel_domain::access::{Read, SignedIn};
use keel_domain::accounts;
use keel_domain::billing::catalogue::{Article, Choice};
use keel_domain::billing::{checkouts, intents};
use keel_types::time::DAY;
use keel_types::{AccountKind, BusinessModel, Instant, Interval, Money, Permission, ProductKind};

/// The page's model.
pub struct Model {
    /// What the account is called.
    pub account_name: String,
    /// What is about to be bought; none without a choice.
    pub summary: Option<Summary>,
    /// Why nothing can be bought here.
    pub blocked: Option<Blocked>,
    /// Whether the buyer came back from the payment page without paying.
    pub canceled: bool,
    /// The plan that goes on renewing beside the licence which is about to be bought.
    pub renews_beside: Option<String>,
}

/// What is about to be bought.
pub struct Summary {
    /// The choice, for the form.
    pub choice: Choice,
    /// What it is called.
    pub name: String,
    /// The price of one: of a seat when the plan is per seat.
    pub unit: Money,
    /// What is charged each interval for the seats of the choice.
    pub total: Money,
    /// How often; none for the free plan, and for what is paid once.
    pub interval: Option<Interval>,
    /// Credits a month for the seats of the choice; of a pack, all of them.
    pub credits: i64,
    /// How many days a licence lasts, when it does not for ever.
    pub days: Option<u32>,
    /// The fewest and the most seats, when the plan is per seat.
    pub seats: Option<(i64, i64)>,
    /// Days of trial and the day of the first charge, while one is open.
    pub trial: Option<(u32, Instant)>,
}

/// Why nothing can be bought here.
pub enum Blocked {
    /// The account has a plan already: it can be changed, not bought twice.
    Subscribed(String),
    /// The caller's role does not allow it.
    OwnersOnly,
    /// A personal account, where only workspaces are billed.
    WorkspaceNeeded,
}

/// Makes the workspace that will be billed, if it is missing, and works out what the choice costs.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    // Somebody else's account is unknown; nothing is bought for another one instead.
    call.proof().standing(visit.account().is_some())?;
    let settings = visit.keel().settings();
    let pending = visit.arrival().cookie(Cookie::PendingCheckout).and_then(|cookie| intents::open(visit.keel(), cookie));
    let choice = match pending {
        Some(choice) => Some(choice),
        None => intents::find(&mut call).await?,
    };
    if !call.proof().has_workspace {
        drop(call);
        let mut write = visit.write_named().await?;
        let made = accounts::ensure_at_checkout(&mut write, choice.as_ref()).await?;
        write.commit().await?;
        if made {
            return Err(Stop::Again);
        }
        call = visit.read().await?;
    }
    let buying = checkouts::buying(&mut call).await?;
    let standing = call.proof().usual_standing();
    let personal = standing.kind == AccountKind::Personal;
    let kind = choice.as_ref().map(|choice| choice.kind);
    let article = choice.as_ref().and_then(|choice| settings.product.find(choice.kind, &choice.id));
    let team = article.and_then(Article::plan).is_some_and(|plan| plan.team);
    let plan_name = buying.plan.as_deref().map(|id| settings.product.plan_name(id));
    let blocked = if personal && (settings.model() == BusinessModel::B2b || (settings.model() == BusinessModel::Hybrid && team)) {
        Some(Blocked::WorkspaceNeeded)
    } else if !standing.role.permissions.has(Permission::ManageBilling) {
        Some(Blocked::OwnersOnly)
    } else if kind.is_none_or(|kind| kind == ProductKind::Plan)
        && (buying.subscribed || (buying.plan.is_some() && choice.as_ref().is_some_and(|choice| choice.interval.is_none())))
    {
        plan_name.clone().map(Blocked::Subscribed)
    } else {
        None
    };
    Ok(Model {
        account_name: standing.name.clone(),
        summary: choice.and_then(|choice| summary(visit, choice, &buying)),
        blocked,
        canceled: visit.query("canceled").is_some(),
        renews_beside: plan_name.filter(|_| buying.subscribed && kind == Some(ProductKind::Licence)),
    })
}

/// The price of a choice for this account: in the currency it pays in, with a seat for everybody in it.
fn summary(visit: &Visit, mut choice: Choice, buying: &checkouts::Buying) -> Option<Summary> {
    let product = &visit.keel().settings().product;
    choice.currency = buying.currency.unwrap_or(choice.currency);
    let per_seat = product.find(choice.kind, &choice.id).and_then(Article::plan).filter(|plan| plan.per_seat);
    if let Some(plan) = per_seat {
        choice.seats = choice.seats.max(buying.people).min(plan.seats);
    }
    let quote = product.quote(&choice).ok()?;
    let plan = quote.article.plan();
    let trial = plan.and_then(|plan| plan.trial_days).filter(|_| buying.trial_open && quote.interval.is_some());
    let (credits, days) = match quote.article {
        Article::Plan(plan) => (plan.monthly_credits(quote.quantity), None),
        Article::Licence(licence) => (licence.credits, licence.days),
        Article::Pack(pack) => (pack.credits, None),
    };
    Some(Summary {
        name: quote.article.name().to_owned(),
        unit: quote.unit,
        total: quote.total(),
        interval: quote.interval,
        credits,
        days,
        seats: per_seat.map(|plan| (buying.people.max(1), plan.seats)),
        trial: trial.map(|days| (days, visit.keel().now().plus(i64::from(days) * DAY))),
        choice,
    })
}
