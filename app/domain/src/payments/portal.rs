//! Pages at Stripe for who has paid: the portal, and the papers about a payment.

use miniserde::Deserialize;

use super::{PaymentError, Payments, segment};
use crate::access::Outside;

#[derive(Deserialize)]
struct Portal {
    url: String,
}

#[derive(Deserialize)]
struct Papers {
    invoice_pdf: Option<String>,
    hosted_invoice_url: Option<String>,
}

#[derive(Deserialize)]
struct Session {
    payment_intent: Option<String>,
}

#[derive(Deserialize)]
struct Intent {
    latest_charge: Option<String>,
}

#[derive(Deserialize)]
struct Charge {
    receipt_url: Option<String>,
}

impl Payments {
    /// The address of a customer's portal, good for a few minutes. `cards` opens it where a card is put in; `back` is where it leads.
    pub async fn open_portal(&self, out: &Outside, customer: &str, cards: bool, back: &str) -> Result<String, PaymentError> {
        let mut form = vec![("customer".to_owned(), segment(customer)?.to_owned()), ("return_url".to_owned(), back.to_owned())];
        if cards {
            form.push(("flow_data[type]".to_owned(), "payment_method_update".to_owned()));
        }
        let portal: Portal = self.post(out, "/billing_portal/sessions".to_owned(), form, None).await?;
        self.pages.lead_to(&portal.url)
    }

    /// The address of the paper about a payment: of an invoice (`in_…`) the document, of what a checkout sold once (`cs_…`) the
    /// receipt.
    pub async fn find_paper(&self, out: &Outside, payment: &str) -> Result<Option<String>, PaymentError> {
        let id = segment(payment)?;
        if id.starts_with("in_") {
            let papers: Papers = self.get(out, format!("/invoices/{id}")).await?;
            return papers.invoice_pdf.or(papers.hosted_invoice_url).map(|paper| self.pages.lead_to(&paper)).transpose();
        }
        let session: Session = self.get(out, format!("/checkout/sessions/{id}")).await?;
        let Some(intent) = session.payment_intent else { return Ok(None) };
        let intent: Intent = self.get(out, format!("/payment_intents/{}", segment(&intent)?)).await?;
        let Some(charge) = intent.latest_charge else { return Ok(None) };
        let charge: Charge = self.get(out, format!("/charges/{}", segment(&charge)?)).await?;
        charge.receipt_url.map(|receipt| self.pages.lead_to(&receipt)).transpose()
    }
}
