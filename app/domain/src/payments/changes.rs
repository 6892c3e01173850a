//! Changes of a running subscription, and what they would cost.
//!
//! What is sent is written as pairs: half of it unsets or schedules, which the library's parameters either cannot say or have a
//! hundred types for.

use miniserde::Deserialize;
use std::collections::BTreeMap;

use super::{Named, Page, PaymentError, Payments, ms, segment};
use crate::access::Outside;

/// The items a subscription is to have. All of them are Stripe's ids.
#[derive(Clone, Debug)]
pub struct WantedItems {
    /// The subscription.
    pub subscription: String,
    /// Its one item.
    pub item: String,
    /// The price of one.
    pub price: String,
    /// How many.
    pub quantity: i64,
}

/// What is charged at the moment of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewState {
    /// Minor units, with discounts and taxes. What is left over of a credit is kept for later invoices.
    pub due: i64,
    /// Lower-case code.
    pub currency: String,
    /// Minor units for what comes.
    pub charged: i64,
    /// Minor units given back for what was paid and is not used.
    pub given_back: i64,
    /// Minor units of tax on top of both.
    pub tax: i64,
}

/// What a subscription becomes when its period ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// The price's id.
    pub price_id: String,
    /// How many.
    pub quantity: i64,
    /// When.
    pub at: i64,
}

impl Payments {
    /// The subscription ends with its period.
    pub async fn cancel_at_period_end(&self, out: &Outside, id: &str, key: &str) -> Result<(), PaymentError> {
        self.update(out, id, &[("cancel_at_period_end", "true".to_owned())], key).await
    }

    /// The subscription goes on after its period, whether it was to end with it or at a date.
    pub async fn go_on(&self, out: &Outside, id: &str, ends_with_period: bool, key: &str) -> Result<(), PaymentError> {
        let end = if ends_with_period { ("cancel_at_period_end", "false".to_owned()) } else { ("cancel_at", String::new()) };
        self.update(out, id, &[end], key).await
    }

    /// The trial is over and the first period is paid. [`PaymentError::Declined`] leaves the trial as it is.
    pub async fn end_trial(&self, out: &Outside, id: &str, key: &str) -> Result<(), PaymentError> {
        self.update(out, id, &[("trial_end", "now".to_owned()), ("payment_behavior", "error_if_incomplete".to_owned())], key).await
    }

    /// The subscription has these items, and the difference since `since_ms` is paid. [`PaymentError::Declined`] leaves it as it is.
    pub async fn change_now(&self, out: &Outside, wanted: &WantedItems, since_ms: Option<i64>, key: &str) -> Result<(), PaymentError> {
        let mut form = items("items[0]", wanted);
        form.push(("proration_behavior".to_owned(), "always_invoice".to_owned()));
        form.push(("payment_behavior".to_owned(), "error_if_incomplete".to_owned()));
        form.extend(since_ms.map(|since| ("proration_date".to_owned(), seconds(since))));
        self.post::<Named>(out, format!("/subscriptions/{}", segment(&wanted.subscription)?), form, Some(key)).await.map(drop)
    }

    /// The subscription has these items from its next period on. `now` are those it has until then. What is taken off its price stays off:
    /// a phase that does not name a discount ends it.
    pub async fn change_later(&self, out: &Outside, now: &WantedItems, next: &WantedItems, key: &str) -> Result<(), PaymentError> {
        let from = vec![("from_subscription".to_owned(), segment(&now.subscription)?.to_owned())];
        let schedule: Schedule = self.post(out, "/subscription_schedules".to_owned(), from, Some(&format!("{key}:schedule"))).await?;
        let phase = schedule.current_phase.ok_or(PaymentError::Unreadable)?;
        let form = [
            ("end_behavior", "release".to_owned()),
            ("phases[0][items][0][price]", now.price.clone()),
            ("phases[0][items][0][quantity]", now.quantity.to_string()),
            ("phases[0][start_date]", phase.start_date.to_string()),
            ("phases[0][end_date]", phase.end_date.to_string()),
            ("phases[1][items][0][price]", next.price.clone()),
            ("phases[1][items][0][quantity]", next.quantity.to_string()),
            ("phases[1][proration_behavior]", "none".to_owned()),
        ];
        let mut form: Vec<(String, String)> = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let discounted: Discounted = self.get(out, format!("/subscriptions/{}", segment(&now.subscription)?)).await?;
        for (place, discount) in discounted.discounts.unwrap_or_default().into_iter().enumerate() {
            form.extend([0, 1].map(|phase| (format!("phases[{phase}][discounts][{place}][discount]"), discount.clone())));
        }
        let path = format!("/subscription_schedules/{}", segment(&schedule.id)?);
        self.post::<Named>(out, path, form, Some(&format!("{key}:phases"))).await.map(drop)
    }

    /// Nothing is scheduled for the subscription any more; one whose schedule is over is left as it is.
    pub async fn release_schedule(&self, out: &Outside, schedule: &str) -> Result<(), PaymentError> {
        match self.post::<Named>(out, format!("/subscription_schedules/{}/release", segment(schedule)?), vec![], None).await {
            Ok(_) | Err(PaymentError::NotFound | PaymentError::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What a schedule brings after the running phase, if anything.
    pub async fn find_upcoming(&self, out: &Outside, schedule: &str) -> Result<Option<Upcoming>, PaymentError> {
        let schedule: Schedule = self.get(out, format!("/subscription_schedules/{}", segment(schedule)?)).await?;
        Ok(schedule.upcoming())
    }

    /// What [`Payments::change_now`] would charge.
    pub async fn preview_change(&self, out: &Outside, wanted: &WantedItems, since_ms: i64) -> Result<PreviewState, PaymentError> {
        let mut form = items("subscription_details[items][0]", wanted);
        form.push(("subscription".to_owned(), segment(&wanted.subscription)?.to_owned()));
        form.push(("subscription_details[proration_behavior]".to_owned(), "always_invoice".to_owned()));
        form.push(("subscription_details[proration_date]".to_owned(), seconds(since_ms)));
        self.preview(out, form).await
    }

    /// What [`Payments::end_trial`] would charge.
    pub async fn preview_end_of_trial(&self, out: &Outside, id: &str) -> Result<PreviewState, PaymentError> {
        let form =
            vec![("subscription".to_owned(), segment(id)?.to_owned()), ("subscription_details[trial_end]".to_owned(), "now".to_owned())];
        self.preview(out, form).await
    }

    async fn preview(&self, out: &Outside, form: Vec<(String, String)>) -> Result<PreviewState, PaymentError> {
        let preview: Preview = self.post(out, "/invoices/create_preview".to_owned(), form, None).await?;
        let lines = || preview.lines.data.iter().map(|line| line.amount);
        Ok(PreviewState {
            due: preview.amount_due,
            tax: sum(preview.total_taxes.unwrap_or_default().iter().map(|tax| tax.amount)),
            charged: sum(lines().map(|amount| amount.max(0))),
            given_back: sum(lines().map(|amount| amount.saturating_neg().max(0))),
            currency: preview.currency,
        })
    }

    async fn update(&self, out: &Outside, id: &str, form: &[(&str, String)], key: &str) -> Result<(), PaymentError> {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.post::<Named>(out, format!("/subscriptions/{}", segment(id)?), form, Some(key)).await.map(drop)
    }

    /// Sends a form. Without a key it must be one that may be sent twice.
    pub(super) async fn post<T: Deserialize>(
        &self,
        out: &Outside,
        path: String,
        form: Vec<(String, String)>,
        key: Option<&str>,
    ) -> Result<T, PaymentError> {
        self.send(out, &super::Post { path, form: BTreeMap::from_iter(form) }, key).await
    }
}

fn items(at: &str, wanted: &WantedItems) -> Vec<(String, String)> {
    let fields = [("id", wanted.item.clone()), ("price", wanted.price.clone()), ("quantity", wanted.quantity.to_string())];
    fields.into_iter().map(|(name, value)| (format!("{at}[{name}]"), value)).collect()
}

fn sum(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}

fn seconds(ms: i64) -> String {
    ms.div_euclid(1_000).to_string()
}

/// What is taken off a subscription's price: Stripe's ids.
#[derive(Deserialize)]
struct Discounted {
    discounts: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Schedule {
    id: String,
    current_phase: Option<Span>,
    phases: Vec<Phase>,
}

#[derive(Deserialize)]
struct Span {
    start_date: i64,
    end_date: i64,
}

#[derive(Deserialize)]
struct Phase {
    start_date: i64,
    items: Vec<PhaseItem>,
}

#[derive(Deserialize)]
struct PhaseItem {
    price: String,
    quantity: Option<i64>,
}

impl Schedule {
    fn upcoming(self) -> Option<Upcoming> {
        let ends = self.current_phase?.end_date;
        let next = self.phases.into_iter().filter(|phase| phase.start_date >= ends).min_by_key(|phase| phase.start_date)?;
        let item = next.items.into_iter().next()?;
        Some(Upcoming { price_id: item.price, quantity: item.quantity.unwrap_or(1), at: ms(next.start_date) })
    }
}

#[derive(Deserialize)]
struct Preview {
    amount_due: i64,
    currency: String,
    total_taxes: Option<Vec<Tax>>,
    lines: Page<PreviewLine>,
}

#[derive(Deserialize)]
struct Tax {
    amount: i64,
}

#[derive(Deserialize)]
struct PreviewLine {
    amount: i64,
}
