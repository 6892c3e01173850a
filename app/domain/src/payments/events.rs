//! Events asked for, for those that were never delivered.

use super::webhook::{Envelope, Event};
use super::{Listed, PaymentError, Payments};
use crate::access::Outside;

impl Payments {
    /// Every event since `since_ms` (at most 30 days back), oldest first.
    pub async fn list_events(&self, out: &Outside, since_ms: i64) -> Result<Vec<Envelope>, PaymentError> {
        let since = since_ms.div_euclid(1_000).to_string();
        let events: Vec<Event> = self.list(out, "/events", &[("created[gte]", &since)]).await?;
        Ok(events.into_iter().rev().map(Envelope::from).collect())
    }
}

impl Listed for Event {
    fn id(&self) -> &str {
        &self.id
    }
}
