//! Refunds that Keel asks for.

use stripe_core::refund::CreateRefund;

use super::{Named, PaymentError, Payments, segment};
use crate::access::Outside;

impl Payments {
    /// What was paid is given back, whole. Done twice under one key, it is the same; what was given back already stays so, and what the
    /// bank has taken back in a dispute is not given a second time.
    pub async fn refund(&self, out: &Outside, intent: &str, key: &str) -> Result<(), PaymentError> {
        let request = CreateRefund::new().payment_intent(segment(intent)?);
        match self.send::<Named>(out, &request, Some(key)).await {
            Err(PaymentError::Refused { code: Some(code), .. })
                if matches!(code.as_str(), "charge_already_refunded" | "charge_disputed") =>
            {
                Ok(())
            }
            done => done.map(drop),
        }
    }
}
