//! The forms that a card, or a bank account, is typed into, wherever they stand.

use serde::Deserialize;

use crate::banks::{Account, AccountErrors};
use crate::cards::{Card, CardErrors};

use super::html::inert;

/// What was typed and pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub action: String,
    pub card_number: String,
    pub expiry: String,
    pub cvc: String,
    pub promotion_code: String,
    pub routing_number: String,
    pub account_number: String,
}

impl Typed {
    /// The card in the fields; `now` is in unix seconds.
    ///
    /// # Errors
    /// All fields that are wrong, at once.
    pub fn card(&self, now: i64) -> Result<Card, CardErrors> {
        Card::read(&self.card_number, &self.expiry, &self.cvc, now)
    }

    /// The bank account in the fields.
    ///
    /// # Errors
    /// All fields that are wrong, at once.
    pub fn account(&self) -> Result<Account, AccountErrors> {
        Account::read(&self.routing_number, &self.account_number)
    }
}

/// The three fields of a card.
pub fn fields(typed: &Typed, errors: &CardErrors) -> String {
    let number = field("card_number", "Card number", "cc-number", "1234 1234 1234 1234", &typed.card_number, errors.number);
    let expiry = field("expiry", "Expiry", "cc-exp", "MM / YY", &typed.expiry, errors.expiry);
    // The security code is never sent back.
    let cvc = field("cvc", "CVC", "cc-csc", "123", "", errors.cvc);
    format!(r#"<div class="fields"><div class="whole">{number}</div><div>{expiry}</div><div>{cvc}</div></div>"#)
}

/// The two fields of a bank account.
pub fn account_fields(typed: &Typed, errors: &AccountErrors) -> String {
    let routing = field("routing_number", "Routing number", "off", "110000000", &typed.routing_number, errors.routing);
    let number = field("account_number", "Account number", "off", "000123456789", &typed.account_number, errors.number);
    format!(r#"<div class="fields"><div>{routing}</div><div>{number}</div></div>"#)
}

fn field(name: &str, label: &str, autocomplete: &str, placeholder: &str, value: &str, error: Option<&str>) -> String {
    let value = inert(value);
    let (state, message) = match error {
        Some(error) => (
            format!(r#" aria-invalid="true" aria-describedby="{name}-error""#),
            format!(r#"<span class="error" id="{name}-error">{}</span>"#, inert(error)),
        ),
        None => (String::new(), String::new()),
    };
    format!(
        r#"<label for="{name}">{label}</label><input id="{name}" name="{name}" value="{value}" placeholder="{placeholder}" inputmode="numeric" autocomplete="{autocomplete}" maxlength="30" required{state}>{message}"#
    )
}

/// What can be typed, and what becomes of it.
pub const TEST_CARDS: &str = r#"<details>
<summary>Test cards</summary>
<p>Any date in the future and any three digits go with them.</p>
<table class="list">
<thead><tr><th scope="col">Number</th><th scope="col">Result</th></tr></thead>
<tbody>
<tr><td>4242 4242 4242 4242</td><td>Paid</td></tr>
<tr><td>4000 0000 0000 0002</td><td>Declined</td></tr>
<tr><td>4000 0000 0000 9995</td><td>Insufficient funds</td></tr>
<tr><td>4000 0000 0000 0069</td><td>Expired card</td></tr>
<tr><td>4000 0000 0000 0127</td><td>Incorrect CVC</td></tr>
<tr><td>4000 0000 0000 0341</td><td>Saved, fails when charged: pays nothing but a trial</td></tr>
<tr><td>4000 0025 0000 3155</td><td>The bank asks first</td></tr>
<tr><td>4000 0027 6000 3184</td><td>The bank asks first, and about every later charge</td></tr>
<tr><td>4000 0000 0000 0259</td><td>Paid, disputed 5 seconds later</td></tr>
<tr><td>4000 0000 0000 5126</td><td>Paid; a refund comes back a day later</td></tr>
</tbody>
</table>
</details>"#;

/// The same for bank accounts.
pub const TEST_ACCOUNTS: &str = r#"<details>
<summary>Test accounts</summary>
<p>Their routing number is 110000000.</p>
<table class="list">
<thead><tr><th scope="col">Number</th><th scope="col">Result, four days later</th></tr></thead>
<tbody>
<tr><td>000123456789</td><td>Paid</td></tr>
<tr><td>000111111113</td><td>Not paid: the account is closed</td></tr>
<tr><td>000222222227</td><td>Not paid: insufficient funds</td></tr>
</tbody>
</table>
</details>"#;
