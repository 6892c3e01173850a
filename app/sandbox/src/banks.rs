//! The test bank accounts: what is typed, and whether a debit brings the money. Cards answer at once, banks days later.

use serde_json::{Value, json};

use crate::cards::Decline;

/// An account of a US bank as typed, found to be a possible one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    routing: String,
    number: String,
}

/// What is wrong with the typed fields, each message for its field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountErrors {
    pub routing: Option<&'static str>,
    pub number: Option<&'static str>,
}

const ROUTING: &str = "110000000";
const GOOD: &str = "000123456789";
const CLOSED: &str = "000111111113";
const EMPTY: &str = "000222222227";

impl Account {
    /// Reads the two fields.
    ///
    /// # Errors
    /// All fields that are wrong, at once. The sandbox takes its test accounts only.
    pub fn read(routing: &str, number: &str) -> Result<Self, AccountErrors> {
        let (routing, number) = (routing.trim(), number.trim());
        let errors = AccountErrors {
            routing: (routing != ROUTING).then_some("Enter 110000000, the routing number of test accounts."),
            number: (!matches!(number, GOOD | CLOSED | EMPTY)).then_some("Enter the number of a test account."),
        };
        if errors == AccountErrors::default() { Ok(Self { routing: routing.to_owned(), number: number.to_owned() }) } else { Err(errors) }
    }

    /// What the bank says to a debit, days later; `ending` are the last digits of the account.
    pub fn verdict(ending: &str) -> Result<(), Decline> {
        let (code, message) = if CLOSED.ends_with(ending) {
            ("account_closed", "The customer's bank account has been closed.")
        } else if EMPTY.ends_with(ending) {
            ("insufficient_funds", "The customer's account has insufficient funds to cover this payment.")
        } else {
            return Ok(());
        };
        Err(Decline { code, reason: None, message })
    }

    /// The `us_bank_account` of a payment method.
    pub fn shape(&self) -> Value {
        let last4 = &self.number[self.number.len() - 4..];
        json!({
            "account_holder_type": "company", "account_type": "checking", "bank_name": "SANDBOX BANK", "financial_connections_account": null,
            "fingerprint": format!("sandbox{last4}"), "last4": last4, "networks": { "preferred": "ach", "supported": ["ach"] },
            "routing_number": self.routing, "status_details": null,
        })
    }
}
