//! Letters about money, to whoever answers for it, with a copy to the billing address where there is another one.

use super::{address, enqueue};
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::notices::Notice;
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_text::{Catalogue, Mail, fill};
use keel_types::{AccountId, AccountKind, Email, Instant, Money, url};

sql! {
    FIND_PAYER = "SELECT a.name, a.slug, u.email, o.email AS copy FROM accounts a JOIN users u ON u.id = a.billing_owner_id
        LEFT JOIN companies o ON o.account_id = a.id WHERE a.id = $1";
}

#[derive(sqlx::FromRow)]
struct PayerRow {
    name: String,
    slug: Option<String>,
    #[sqlx(try_from = "String")]
    email: Email,
    copy: Option<String>,
}

/// Why a payment did not go through.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The card was declined.
    Declined,
    /// The card's owner has to answer the bank, at this address.
    Unconfirmed(Option<String>),
}

impl Trouble {
    /// The word by which it is told once.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Unconfirmed(_) => "unconfirmed",
        }
    }
}

/// A payment that did not go through.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    /// How much.
    pub amount: Option<Money>,
    /// Until when the plan is kept all the same, when that depends on it.
    pub kept_until: Option<Instant>,
    /// Why.
    pub what: Trouble,
}

/// Subject, heading and body, of the reader's texts, and what stands for their placeholders.
type Words = ([&'static str; 3], Vec<(&'static str, String)>);

/// A renewal was not paid.
pub(crate) async fn payment_failed(tx: &mut Tx, keel: &Keel, account: &AccountId, failed: &Failed) -> Result<()> {
    let page = match &failed.what {
        Trouble::Unconfirmed(page) => page.as_deref(),
        Trouble::Declined => None,
    };
    let words = |text: &'static Catalogue| -> Words {
        let mail = &text.mail;
        let body = match (&failed.what, failed.kept_until) {
            (Trouble::Declined, Some(_)) => mail.declined_text_until,
            (Trouble::Declined, None) => mail.declined_payment_text,
            (Trouble::Unconfirmed(_), _) => mail.unconfirmed_text,
        };
        let [subject, heading] = match failed.what {
            Trouble::Declined => [mail.declined_payment_subject, mail.declined_payment_heading],
            Trouble::Unconfirmed(_) => [mail.unconfirmed_subject, mail.unconfirmed_heading],
        };
        let amount = failed.amount.map_or_else(String::new, |amount| text.money(amount));
        let date = failed.kept_until.map_or_else(String::new, |until| text.date(until));
        ([subject, heading, body], vec![("amount", amount), ("date", date)])
    };
    write(tx, keel, account, words, page, None).await
}

/// A trial ends soon, and is paid from then on.
pub(crate) async fn trial_ends(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    plan: &str,
    end: Instant,
    amount: Option<Money>,
) -> Result<()> {
    let words = |text: &'static Catalogue| -> Words {
        let mail: &Mail = &text.mail;
        let amount = amount.map_or_else(String::new, |amount| text.money(amount));
        let values = vec![("plan", plan.to_owned()), ("date", text.date(end)), ("amount", amount)];
        ([mail.trial_ends_subject, mail.trial_ends_heading, mail.trial_ends_text], values)
    };
    write(tx, keel, account, words, None, None).await
}

/// A plan ended because a payment stayed away.
pub(crate) async fn plan_lapsed(tx: &mut Tx, keel: &Keel, account: &AccountId, plan: &str) -> Result<()> {
    let words = |text: &'static Catalogue| -> Words {
        let mail = &text.mail;
        ([mail.lapsed_subject, mail.lapsed_heading, mail.lapsed_text], vec![("plan", plan.to_owned())])
    };
    write(tx, keel, account, words, None, None).await
}

/// The money of something that was bought did not come.
pub(crate) async fn payment_missed(tx: &mut Tx, keel: &Keel, account: &AccountId, amount: Option<Money>) -> Result<()> {
    let words = |text: &'static Catalogue| -> Words {
        let mail = &text.mail;
        let amount = amount.map_or_else(String::new, |amount| text.money(amount));
        ([mail.missed_subject, mail.missed_heading, mail.missed_text], vec![("amount", amount)])
    };
    write(tx, keel, account, words, None, None).await
}

/// A subscription too many was ended and paid back.
pub(crate) async fn surplus_ended(tx: &mut Tx, keel: &Keel, account: &AccountId) -> Result<()> {
    let words = |text: &'static Catalogue| -> Words {
        let mail = &text.mail;
        ([mail.surplus_subject, mail.surplus_heading, mail.surplus_text], vec![])
    };
    write(tx, keel, account, words, None, None).await
}

/// A bank sent a refund back.
pub(crate) async fn refund_returned(tx: &mut Tx, keel: &Keel, account: &AccountId, amount: Money) -> Result<()> {
    let words = |text: &'static Catalogue| -> Words {
        let mail = &text.mail;
        let values = vec![("amount", text.money(amount)), ("contact", keel.settings().product.contact_email.clone())];
        ([mail.returned_subject, mail.returned_heading, mail.returned_text], values)
    };
    write(tx, keel, account, words, None, None).await
}

/// Few credits are left. Whoever does without such mails gets none.
pub(crate) async fn credits_low(tx: &mut Tx, keel: &Keel, account: &AccountId, left: i64) -> Result<()> {
    let words = |text: &'static Catalogue| -> Words {
        let mail = &text.mail;
        ([mail.credits_low_subject, mail.credits_low_heading, mail.credits_low_text], vec![("credits", text.number(left))])
    };
    write(tx, keel, account, words, None, Some(Notice::Credits)).await
}

/// Writes the same to the billing owner and the billing address. The button leads to `page`, else to the billing page.
async fn write(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    words: impl Fn(&'static Catalogue) -> Words,
    page: Option<&str>,
    notice: Option<Notice>,
) -> Result<()> {
    let payer: PayerRow = tx.get(FIND_PAYER, args![account]).await?;
    let billing = match &payer.slug {
        Some(slug) => url::about("/org-dashboard/billing", slug),
        None => url::about("/private-dashboard/billing", AccountKind::Personal.as_str()),
    };
    let copy = payer.copy.as_deref().and_then(|copy| Email::parse(copy).ok()).filter(|copy| *copy != payer.email);
    for to in [Some(payer.email.clone()), copy].into_iter().flatten() {
        let reader = Recipient::find(tx, &to, None).await?;
        let end = notice.and_then(|notice| reader.end_of(keel, notice));
        if notice.is_some() && end.is_none() {
            continue;
        }
        let (name, mail) = (inert(&payer.name), &reader.text().mail);
        let ([subject, heading, body], values) = words(reader.text());
        let filled = |text| {
            let mut shown: Vec<(&str, &dyn std::fmt::Display)> = vec![("account", &name)];
            shown.extend(values.iter().map(|(word, value)| (*word, value as &dyn std::fmt::Display)));
            fill(text, &shown)
        };
        let letter = Letter {
            lang: reader.lang,
            subject: filled(subject),
            heading,
            text: filled(body),
            button: Some(Button {
                label: mail.billing_received_button,
                before: mail.billing_received_link,
                address: page.map_or_else(|| address(keel, &billing), str::to_owned),
            }),
            digits: None,
            reason: filled(mail.billing_reason),
            end,
        };
        enqueue(tx, &to, &letter, keel.now()).await?;
    }
    Ok(())
}
