//! Checkouts: the way to Stripe's payment page. What becomes of them is in [`super::outcomes`].

use super::asking::PATIENCE;
use super::catalogue::{Choice, NotSold, Quote};
use super::{intents, subscriptions};
use crate::access::{Outside, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::db::{Tx, locks};
use crate::limits::Take;
use crate::payments::{CheckoutCreated, CheckoutMode, CustomerDetails, CustomerId, PaymentError, WantedCheckout, WantedPrice};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::permission::may;
use keel_types::time::{DAY, MINUTE};
use keel_types::{AccountId, AccountKind, BusinessModel, CheckoutId, Code, Currency, Fault, Instant, ProductKind};

sql! {
    // Under the company's name and address, where they are told.
    FIND_BUYER = "SELECT a.member_count
                + (SELECT COUNT(*) FROM invitations i WHERE i.account_id = a.id AND i.state = 'pending' AND i.expires_at > $2) AS people,
            a.currency, a.trial_started_at, a.deletion_due_at, COALESCE(o.name, a.name) AS name, COALESCE(o.email, u.email) AS email,
            o.address, o.tax_id, c.customer_id, c.claimed_at
        FROM accounts a JOIN users u ON u.id = a.billing_owner_id
        LEFT JOIN stripe_customers c ON c.account_id = a.id
        LEFT JOIN companies o ON o.account_id = a.id
        WHERE a.id = $1";
    CLAIM_CUSTOMER = "INSERT INTO stripe_customers (account_id, claimed_at) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING";
    RENEW_CLAIM = "UPDATE stripe_customers SET claimed_at = $3 WHERE account_id = $1 AND claimed_at = $2 AND customer_id IS NULL";
    SETTLE_CUSTOMER = "UPDATE stripe_customers SET customer_id = $2 WHERE account_id = $1 AND (customer_id IS NULL OR customer_id = $3)";
    FIND_PRICE = "SELECT price_id FROM stripe_prices WHERE lookup_key = $1";
    // By its id it is known what it was sold as: whoever has bought at it goes on paying it.
    RETIRE_PRICE = "UPDATE stripe_prices SET lookup_key = lookup_key || '_' || price_id WHERE lookup_key = $1";
    TAKE_BACK_PRICE = "UPDATE stripe_prices SET lookup_key = $1 WHERE price_id = $2";
    KEEP_PRICE = "INSERT INTO stripe_prices (lookup_key, price_id, found_at) VALUES ($1, $2, $3) ON CONFLICT (lookup_key) DO NOTHING";
    CLAIM = "INSERT INTO checkouts (id, account_id, user_id, choice, trial, state, created_at) VALUES ($1, $2, $3, $4, $5, 'claimed', $6)";
    OPEN = "UPDATE checkouts SET state = 'open', stripe_id = $2 WHERE id = $1 AND state = 'claimed'";
    FIND_BUYING = "SELECT a.member_count
                + (SELECT COUNT(*) FROM invitations i WHERE i.account_id = a.id AND i.state = 'pending' AND i.expires_at > $2) AS people,
            a.currency, a.trial_started_at, s.plan, s.stripe_id FROM accounts a
        LEFT JOIN subscriptions s ON s.account_id = a.id AND s.live WHERE a.id = $1";
}

/// What matters about an account on its way to pay.
#[derive(Clone, Debug)]
pub struct Buying {
    /// People in it, and those invited to it: a per-seat plan needs at least as many seats.
    pub people: i64,
    /// What it pays in, once it has paid.
    pub currency: Option<Currency>,
    /// Whether it may still start a trial.
    pub trial_open: bool,
    /// The plan it is on.
    pub plan: Option<String>,
    /// Whether that plan is paid through Stripe; then a change is offered instead of a second one.
    pub subscribed: bool,
}

/// What the checkout page shows of the caller's account.
pub async fn buying(call: &mut Read<SignedIn>) -> Result<Buying> {
    let account = call.proof().usual_standing().account.clone();
    let now = call.now();
    let row: (i64, Option<String>, Option<i64>, Option<String>, Option<String>) =
        call.conn().get(FIND_BUYING, args![&account, now]).await?;
    let (people, currency, trial_started_at, plan, stripe_id) = row;
    let currency = currency.as_deref().and_then(Currency::parse);
    Ok(Buying { people, currency, trial_open: trial_started_at.is_none(), plan, subscribed: stripe_id.is_some() })
}

/// Somebody wants to pay.
#[derive(Clone, Debug)]
pub struct Order {
    /// For what.
    pub choice: Choice,
    /// Whether to start with the trial.
    pub trial: bool,
}

#[derive(sqlx::FromRow)]
struct BuyerRow {
    people: i64,
    currency: Option<String>,
    trial_started_at: Option<i64>,
    deletion_due_at: Option<i64>,
    name: String,
    email: String,
    address: Option<String>,
    tax_id: Option<String>,
    customer_id: Option<String>,
    claimed_at: Option<i64>,
}

/// Opens a checkout for the caller's account and gives the address of the payment page.
///
/// Refusals come before any call to Stripe. A crash in between leaves a claim that nothing depends on: the customer's
/// idempotency key hangs on the account and its claim. Stripe has [`PATIENCE`] for all of it.
///
/// # Errors
/// `Refused(WorkspaceRequired)`, `Refused(PriceUnknown)`, `Refused(AlreadySubscribed)`, `Refused(DeletionScheduled)`, `Invalid` at `seats` or `start`, `TooMany`,
/// `Unavailable`.
pub async fn start(call: &mut Write<may::ManageBilling>, order: Order) -> Result<String> {
    let claim = claim(call, order).await?;
    let id = claim.id.clone();
    let opened = call
        .outside(
            |keel, out| async move { tokio::time::timeout(PATIENCE, open(&keel, &out, claim)).await.unwrap_or(Err(Refusal::Unavailable)) },
        )
        .await?;
    let (account, now) = (call.proof().account().clone(), call.now());
    let tx = call.tx()?;
    tx.run(SETTLE_CUSTOMER, args![&account, opened.customer.as_str(), opened.deleted]).await?;
    keep_price(tx, &opened.lookup_key, &opened.price, now).await?;
    tx.run(OPEN, args![&id, opened.session.id.as_str()]).await?;
    audit::record(call, Action::CheckoutStarted, Some(&account), id.as_str(), &[("price", &opened.lookup_key)]).await?;
    Ok(opened.session.url)
}

/// Remembers Stripe's price, so that it is looked for once. The one before is not sold any more.
pub(super) async fn keep_price(tx: &mut Tx, lookup_key: &str, price: &str, now: Instant) -> Result<()> {
    let known: Option<(String,)> = tx.find(FIND_PRICE, args![lookup_key]).await?;
    if known.is_some_and(|(known,)| known == price) {
        return Ok(());
    }
    tx.run(RETIRE_PRICE, args![lookup_key]).await?;
    tx.run(TAKE_BACK_PRICE, args![lookup_key, price]).await?;
    tx.run(KEEP_PRICE, args![lookup_key, price, now]).await?;
    Ok(())
}

/// A checkout on its way to Stripe.
struct Claim {
    id: CheckoutId,
    account: AccountId,
    details: CustomerDetails,
    customer: Option<String>,
    /// The customer before, which somebody has deleted at Stripe.
    deleted: Option<String>,
    /// When the account's customer was claimed.
    claimed: Instant,
    price: Option<String>,
    article: (ProductKind, String),
    wanted_price: WantedPrice,
    quantity: u64,
    trial_days: Option<u32>,
}

/// A checkout Stripe has opened.
struct Opened {
    customer: String,
    /// The customer whose place it takes.
    deleted: Option<String>,
    lookup_key: String,
    price: String,
    session: CheckoutCreated,
}

/// Refuses what cannot be bought, and writes down the wish.
async fn claim(call: &mut Write<may::ManageBilling>, order: Order) -> Result<Claim> {
    let (keel, now) = (call.keel().clone(), call.now());
    let (account, kind) = (call.proof().account().clone(), call.proof().standing().kind);
    let user = call.proof().actor().user.clone();
    let tx = call.tx()?;
    locks::lock_account(tx, &account).await?;
    let buyer: BuyerRow = tx.get(FIND_BUYER, args![&account, now]).await?;
    let mut choice = order.choice;
    choice.currency = buyer.currency.as_deref().and_then(Currency::parse).unwrap_or(choice.currency);
    let quote = quote(&keel, &choice)?;
    require_workspace(keel.settings().model(), kind, &quote)?;
    if choice.kind == ProductKind::Plan && subscriptions::is_subscribed(tx, &account).await? {
        return Err(Refusal::Refused(Code::AlreadySubscribed));
    }
    if buyer.deletion_due_at.is_some() {
        return Err(Refusal::Refused(Code::DeletionScheduled));
    }
    let plan = quote.article.plan();
    if plan.is_some_and(|plan| plan.per_seat) && quote.quantity < buyer.people {
        return Err(Refusal::field("seats", Fault::OutOfRange));
    }
    let trial_days = plan.and_then(|plan| plan.trial_days).filter(|_| order.trial);
    if order.trial && (trial_days.is_none() || buyer.trial_started_at.is_some()) {
        return Err(Refusal::field("start", Fault::NotAChoice));
    }
    let wanted_price = wanted_price(&quote).ok_or(Refusal::Refused(Code::PriceUnknown))?;
    let price: Option<(String,)> = tx.find(FIND_PRICE, args![wanted_price.lookup_key.as_str()]).await?;
    Take::checkout(&user, &account).take(tx, now).await?;
    let id = ids::new::<CheckoutId>();
    let text = serde_json::to_string(&choice).map_err(|e| Refusal::internal(&e))?;
    tx.run(CLAIM_CUSTOMER, args![&account, now]).await?;
    tx.run(CLAIM, args![&id, &account, &user, text, trial_days.is_some(), now]).await?;
    intents::keep(tx, &user, &choice, now).await?;
    Ok(Claim {
        id,
        account,
        details: CustomerDetails { email: buyer.email, name: buyer.name, address: buyer.address, tax_id: buyer.tax_id },
        customer: buyer.customer_id,
        deleted: None,
        claimed: buyer.claimed_at.map_or(now, Instant),
        price: price.map(|(price,)| price),
        quantity: quote.quantity.unsigned_abs(),
        article: (choice.kind, choice.id),
        wanted_price,
        trial_days,
    })
}

/// The price of a choice that is paid.
fn quote<'a>(keel: &'a Keel, choice: &Choice) -> Result<Quote<'a>> {
    let quote = keel.settings().product.quote(choice).map_err(|why| match why {
        NotSold::Unknown => Refusal::Refused(Code::PriceUnknown),
        NotSold::Seats => Refusal::field("seats", Fault::OutOfRange),
    })?;
    if quote.unit.minor > 0 { Ok(quote) } else { Err(Refusal::Refused(Code::PriceUnknown)) }
}

/// In b2b only workspaces are billed; in hybrid, plans for teams are theirs.
fn require_workspace(model: BusinessModel, kind: AccountKind, quote: &Quote<'_>) -> Result<()> {
    let needed = match model {
        BusinessModel::B2b => true,
        BusinessModel::Hybrid => quote.article.plan().is_some_and(|plan| plan.team),
        BusinessModel::B2c => false,
    };
    if needed && kind == AccountKind::Personal { Err(Refusal::Refused(Code::WorkspaceRequired)) } else { Ok(()) }
}

pub(super) fn wanted_price(quote: &Quote<'_>) -> Option<WantedPrice> {
    Some(WantedPrice {
        product_slug: quote.article.id().to_owned(),
        product_name: quote.article.name().to_owned(),
        lookup_key: quote.lookup_key()?,
        unit_amount: quote.unit.minor,
        currency: quote.unit.currency.as_str().to_owned(),
        interval: quote.interval,
        per_seat: quote.article.plan().is_some_and(|plan| plan.per_seat),
    })
}

/// The customer, the price and the session, at Stripe. What is remembered may be gone there by somebody's hand: it is found or made anew.
async fn open(keel: &Keel, out: &Outside, mut claim: Claim) -> Result<Opened> {
    loop {
        let customer = match &claim.customer {
            Some(customer) => customer.clone(),
            None => find_or_create_customer(keel, out, &claim).await?.0,
        };
        let price = match &claim.price {
            Some(price) => price.clone(),
            None => find_or_create_price(keel, out, &claim.wanted_price, keel.settings().stripe.sandbox).await?,
        };
        let wanted = wanted_checkout(keel, &claim, &customer, &price);
        let error = match keel.payments().create_checkout(out, &wanted).await {
            Ok(session) => {
                return Ok(Opened { customer, deleted: claim.deleted, lookup_key: claim.wanted_price.lookup_key, price, session });
            }
            Err(error) => error,
        };
        if !matches!(error, PaymentError::Refused { .. }) || !forget_what_is_gone(keel, out, &mut claim).await? {
            return Err(told(error));
        }
    }
}

fn wanted_checkout(keel: &Keel, claim: &Claim, customer: &str, price: &str) -> WantedCheckout {
    let settings = keel.settings();
    let switch = |set: Option<bool>| set.unwrap_or(settings.stripe.sandbox);
    let checkout = &settings.product.checkout;
    WantedCheckout {
        // A key belongs to one request: another customer or price is another.
        idempotency_key: format!("{}:{customer}:{price}", claim.id),
        customer: customer.to_owned(),
        price: price.to_owned(),
        quantity: claim.quantity,
        mode: match claim.article.0 {
            ProductKind::Plan => CheckoutMode::Subscription { trial_days: claim.trial_days },
            ProductKind::Licence | ProductKind::Pack => CheckoutMode::Payment,
        },
        account_id: claim.account.to_string(),
        checkout_id: claim.id.to_string(),
        article: claim.article.clone(),
        success_url: format!("{}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}", settings.base_url),
        cancel_url: format!("{}/checkout?canceled=1&account={}", settings.base_url, claim.account),
        promotion_codes: switch(checkout.promotion_codes),
        automatic_tax: switch(checkout.automatic_tax),
        collect_address: switch(checkout.billing_address),
        collect_tax_id: switch(checkout.tax_id),
    }
}

/// Forgets a customer that was deleted at Stripe, and a price that is not sold there any more. True when there was one.
async fn forget_what_is_gone(keel: &Keel, out: &Outside, claim: &mut Claim) -> Result<bool> {
    let mut any = false;
    if let Some(customer) = claim.customer.clone()
        && !keel.payments().has_customer(out, &customer).await.map_err(told)?
    {
        let mut tx = keel.db().begin().await?;
        let is_subscribed = subscriptions::is_subscribed(&mut tx, &claim.account).await?;
        tx.commit().await?;
        tracing::warn!(customer, account = %claim.account, is_subscribed, "a customer was deleted at Stripe");
        // That its subscription has ended is told under the old customer, and would find nobody.
        if is_subscribed {
            return Err(Refusal::Unavailable);
        }
        (claim.customer, claim.deleted, any) = (None, Some(customer), true);
    }
    if let Some(price) = claim.price.clone() {
        let sold = keel.payments().find_price(out, &claim.wanted_price.lookup_key).await.map_err(told)?;
        if sold.is_none_or(|sold| sold.id != price) {
            tracing::warn!(price, "a price is not sold at Stripe any more");
            (claim.price, any) = (None, true);
        }
    }
    Ok(any)
}

/// The account's one customer, with its address and name.
async fn find_or_create_customer(keel: &Keel, out: &Outside, claim: &Claim) -> Result<CustomerId> {
    let (payments, account) = (keel.payments(), claim.account.as_str());
    let find = || payments.find_customer(out, account, claim.claimed.plus(-MINUTE).0);
    // Several who find at once that it was deleted make one in its place.
    let since = claim.deleted.clone().unwrap_or_else(|| claim.claimed.0.to_string());
    // Stripe forgets a key after a day.
    let found = if keel.now().since(claim.claimed) > DAY / 2 { find().await.map_err(told)? } else { None };
    let customer = match found {
        Some(customer) => customer,
        None => match payments.create_customer(out, account, &format!("cus:{account}:{since}")).await {
            Err(PaymentError::Broken) => {
                let found = find().await.map_err(told)?;
                if found.is_none() {
                    renew(keel, claim).await?;
                }
                found.ok_or(Refusal::Unavailable)?
            }
            created => created.map_err(told)?,
        },
    };
    payments.describe_customer(out, &customer, &claim.details).await.map_err(told)?;
    Ok(customer)
}

/// Gives the next try another idempotency key. Of several that failed together, one renews.
async fn renew(keel: &Keel, claim: &Claim) -> Result<()> {
    let mut tx = keel.db().begin().await?;
    tx.run(RENEW_CLAIM, args![&claim.account, claim.claimed, keel.now()]).await?;
    Ok(tx.commit().await?)
}

/// Stripe's price; made when it is missing and may be.
pub(super) async fn find_or_create_price(keel: &Keel, out: &Outside, wanted: &WantedPrice, create: bool) -> Result<String> {
    let payments = keel.payments();
    match payments.find_price(out, &wanted.lookup_key).await.map_err(told)? {
        Some(price) => Ok(price.id),
        None if create => payments.create_price(out, wanted).await.map_err(told),
        None => {
            tracing::error!(lookup_key = wanted.lookup_key, "Stripe has no price with this lookup key");
            Err(Refusal::Refused(Code::PriceUnknown))
        }
    }
}

/// Stripe's price as [`find_or_create_price`] finds it, remembered from then on: the one before may be archived or replaced there.
pub(super) async fn price_of(keel: &Keel, out: &Outside, wanted: &WantedPrice) -> Result<String> {
    let price = find_or_create_price(keel, out, wanted, keel.settings().stripe.sandbox).await?;
    let known: Option<(String,)> = keel.db().read().find(FIND_PRICE, args![wanted.lookup_key.as_str()]).await?;
    if known.is_none_or(|(known,)| known != price) {
        let mut tx = keel.db().begin().await?;
        keep_price(&mut tx, &wanted.lookup_key, &price, keel.now()).await?;
        tx.commit().await?;
    }
    Ok(price)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
pub(super) fn told(error: PaymentError) -> Refusal {
    match error {
        PaymentError::Unavailable | PaymentError::Unreadable | PaymentError::Broken => {
            tracing::warn!(%error, "Stripe");
            Refusal::Unavailable
        }
        _ => Refusal::internal(&error),
    }
}
