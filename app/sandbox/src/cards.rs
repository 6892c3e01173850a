//! The test cards: what is typed, what it is worth, and what becomes of it.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::shapes;

/// A card as typed, found to be a possible one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    number: String,
    month: u8,
    year: i32,
}

/// What is wrong with the typed fields, each message for its field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardErrors {
    pub number: Option<&'static str>,
    pub expiry: Option<&'static str>,
    pub cvc: Option<&'static str>,
}

/// Why a bank said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decline {
    pub code: &'static str,
    /// Stripe's `decline_code`.
    pub reason: Option<&'static str>,
    pub message: &'static str,
}

const AUTHENTICATED: &str = "4000002500003155";
const AUTHENTICATED_EACH_TIME: &str = "4000002760003184";
const DISPUTED: &str = "4000000000000259";
const NOT_REFUNDABLE: &str = "4000000000005126";
/// The bank says no and nothing more.
pub const DECLINED: Decline = Decline { code: "card_declined", reason: Some("generic_decline"), message: "Your card was declined." };

/// The card's owner has to answer the bank before anything is charged.
pub const ACTION_REQUIRED: Decline = Decline {
    code: "invoice_payment_intent_requires_action",
    reason: None,
    message: "This payment requires additional user action before it can be completed successfully.",
};

/// There is nothing to charge.
pub const NO_METHOD: Decline =
    Decline { code: "resource_missing", reason: None, message: "This customer has no default payment method to pay with." };

/// The owner did not confirm the payment to the bank.
pub const NOT_AUTHENTICATED: Decline = Decline {
    code: "payment_intent_authentication_failure",
    reason: None,
    message: "Your bank could not confirm that it is you. Try again, or pay with another card.",
};

impl Card {
    /// Reads the three fields; `now` is in unix seconds.
    ///
    /// # Errors
    /// All fields that are wrong, at once.
    pub fn read(number: &str, expiry: &str, cvc: &str, now: i64) -> Result<Self, CardErrors> {
        let number: String = number.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        let expiry = expiry_of(expiry);
        let errors = CardErrors {
            number: (!possible(&number)).then_some("Enter a valid card number."),
            expiry: match expiry {
                None => Some("Enter the month and year on the card, such as 12 / 34."),
                Some(until) if until < month_of(now) => Some("This date is in the past."),
                Some(_) => None,
            },
            cvc: (!matches!(cvc.trim().len(), 3 | 4) || !cvc.trim().bytes().all(|byte| byte.is_ascii_digit()))
                .then_some("Enter the 3 or 4 digits of the security code."),
        };
        match expiry {
            Some((year, month)) if errors == CardErrors::default() => Ok(Self { number, month, year }),
            _ => Err(errors),
        }
    }

    /// The card behind one of Stripe's names for test cards, such as `pm_card_visa` or `tok_visa`.
    pub fn named(name: &str) -> Option<Self> {
        let number = match name.strip_prefix("pm_card_").or_else(|| name.strip_prefix("tok_"))? {
            "visa" => "4242424242424242",
            "mastercard" => "5555555555554444",
            "chargeDeclined" | "visa_chargeDeclined" => "4000000000000002",
            "chargeDeclinedInsufficientFunds" | "visa_chargeDeclinedInsufficientFunds" => "4000000000009995",
            "chargeDeclinedExpiredCard" => "4000000000000069",
            "chargeDeclinedIncorrectCvc" => "4000000000000127",
            "chargeCustomerFail" => "4000000000000341",
            "authenticationRequired" => AUTHENTICATED_EACH_TIME,
            "createDispute" => DISPUTED,
            "refundFail" => NOT_REFUNDABLE,
            _ => return None,
        };
        Some(Self { number: number.to_owned(), month: 12, year: 2099 })
    }

    /// What the bank says to saving this card, or to charging it at once if `charged`.
    pub fn verdict(&self, charged: bool) -> Result<(), Decline> {
        Self::verdict_on_number(&self.number, charged)
    }

    /// The same for a number that was kept.
    pub fn verdict_on_number(number: &str, charged: bool) -> Result<(), Decline> {
        let (code, reason, message) = match number {
            "4000000000000341" if charged => return Err(DECLINED),
            "4242424242424242"
            | "5555555555554444"
            | "4000000000000341"
            | AUTHENTICATED
            | AUTHENTICATED_EACH_TIME
            | DISPUTED
            | NOT_REFUNDABLE => return Ok(()),
            "4000000000000002" => return Err(DECLINED),
            "4000000000009995" => ("card_declined", Some("insufficient_funds"), "Your card has insufficient funds."),
            "4000000000000069" => ("expired_card", None, "Your card has expired."),
            "4000000000000127" => ("incorrect_cvc", None, "Your card's security code is incorrect."),
            _ => ("card_declined", Some("test_mode_live_card"), "Your card was declined: this sandbox takes test cards only."),
        };
        Err(Decline { code, reason, message })
    }

    /// The `card` of a payment method.
    pub fn shape(&self) -> Value {
        shapes::card(json!({
            "brand": self.brand(), "display_brand": self.brand(), "exp_month": self.month, "exp_year": self.year,
            "fingerprint": self.fingerprint(), "last4": self.last4(),
            "networks": { "available": [self.brand()], "preferred": null },
        }))
    }

    /// True when the bank wants to hear from the card's owner, who has just typed it, before it says yes.
    pub fn asks_its_owner(&self) -> bool {
        matches!(self.number.as_str(), AUTHENTICATED | AUTHENTICATED_EACH_TIME)
    }

    /// What the sandbox remembers of a card: whether it cannot be saved, whether the bank asks about every charge, whether charges
    /// fail, are disputed, or cannot be given back.
    pub fn memory(&self) -> Value {
        let refused = self.verdict(false).is_err().then_some(&self.number);
        json!({
            "asks_each_time": self.number == AUTHENTICATED_EACH_TIME, "fails_when_charged": self.verdict(true).is_err(),
            "is_disputed": self.number == DISPUTED, "refunds_fail": self.number == NOT_REFUNDABLE, "refused": refused,
        })
    }

    fn brand(&self) -> &'static str {
        if self.number.starts_with('5') { "mastercard" } else { "visa" }
    }

    fn last4(&self) -> &str {
        &self.number[self.number.len() - 4..]
    }

    /// The same for the same number, as callers rely on to recognise a card.
    fn fingerprint(&self) -> String {
        format!("{}sandbox{}", self.brand(), self.last4())
    }
}

/// Digits of a usual length with a right check digit (Luhn).
fn possible(number: &str) -> bool {
    let digits: Option<Vec<u32>> = number.chars().map(|letter| letter.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (13..=19).contains(&digits.len())) else { return false };
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit }).sum();
    sum.is_multiple_of(10)
}

/// `12/34`, `12 / 2034`, `1234` → (2034, 12).
fn expiry_of(typed: &str) -> Option<(i32, u8)> {
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (month, year) = match digits.split_once(['/', '-']) {
        Some(parts) => parts,
        None if digits.is_ascii() && matches!(digits.len(), 4 | 6) => digits.split_at(2),
        None => return None,
    };
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i32>().ok()).flatten();
    let month = u8::try_from(number(month)?).ok().filter(|month| (1..=12).contains(month))?;
    let year = number(year)?;
    match year {
        0..=99 => Some((2000 + year, month)),
        2000..=2099 => Some((year, month)),
        _ => None,
    }
}

fn month_of(now: i64) -> (i32, u8) {
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (now.year(), now.month().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000; // November 2026

    #[test]
    fn typed_cards_are_read_leniently() {
        for expiry in ["12/34", "12 / 34", "1234", "12/2034", "122034", "12-34"] {
            let card = Card::read("4242 4242 4242 4242", expiry, " 123 ", NOW).unwrap();
            assert_eq!((card.year, card.month), (2034, 12), "{expiry}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let errors = Card::read("4242424242424241", "13/34", "12", NOW).unwrap_err();
        assert!(errors.number.is_some() && errors.expiry.is_some() && errors.cvc.is_some());
        assert!(Card::read("4242424242424242", "10/26", "123", NOW).unwrap_err().expiry.is_some());
        assert!(Card::read("4242424242424242", "11/26", "123", NOW).is_ok());
        for wrong in ["", "é1/34", "1/", "/", "+1/34", "12/-4", "12/99999"] {
            assert!(Card::read("4242424242424242", wrong, "123", NOW).unwrap_err().expiry.is_some(), "{wrong}");
        }
    }
}
