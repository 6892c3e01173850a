//! The ledger and the payments as people read them: filtered, newest first, in pages, and as exports. Between two batches of an
//! export no connection is held, and before each the door is opened anew: who lost the right meanwhile reads no further.

use super::overview::{Entry, Payment};
use crate::Keel;
use crate::access::{Asked, Read, Write};
use crate::audit::{self, Action};
use crate::db::Conn;
use crate::limits::Take;
use crate::refusal::Result;
use crate::{args, sql};
use keel_text::iso;
use keel_types::permission::may;
use keel_types::{AccountId, Currency, Instant, Money};

/// Rows on one page.
const PAGE: u32 = 50;
/// Rows of an export read at once.
const BATCH: u32 = 500;

macro_rules! records {
    ($columns:literal, $table:literal, $place:literal, $chosen:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $table,
            " WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                AND (created_at, ",
            $place,
            ") < ($4, $5)",
            $chosen,
            " ORDER BY created_at DESC, ",
            $place,
            " DESC LIMIT 0 + $6"
        )
    };
}

sql! {
    // Each by an index of its own, whatever the database knows of the data.
    LIST_LEDGER = records!("number, kind, amount, balance_after, created_at", "credit_entries", "number", "");
    LIST_LEDGER_OF_KIND = records!("number, kind, amount, balance_after, created_at", "credit_entries", "number", " AND kind = $7");
    LIST_PAID = records!("id, product, number, amount, currency, status, charged, refunded, note, created_at", "payments", "id", "");
    LIST_PAID_OF_STATUS = records!(
        "id, product, number, amount, currency, status, charged, refunded, note, created_at", "payments", "id", " AND status = $7"
    );
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Rows of the credits ledger.
    Credits,
    /// Payments.
    Payments,
}

impl What {
    /// The word in URLs and exports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credits => "credits",
            Self::Payments => "payments",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Credits, Self::Payments].into_iter().find(|what| what.as_str() == word)
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The type of an entry, the status of a payment.
    pub kind: Option<String>,
    /// From this moment on.
    pub from: Option<Instant>,
    /// Before this moment.
    pub until: Option<Instant>,
}

/// Some rows, the newest first.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Of the ledger.
    Credits(Vec<Entry>),
    /// Payments.
    Payments(Vec<Payment>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Credits(rows) => rows.len(),
            Self::Payments(rows) => rows.len(),
        }
    }

    fn cut(&mut self, most: usize) {
        match self {
            Self::Credits(rows) => rows.truncate(most),
            Self::Payments(rows) => rows.truncate(most),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Behind the last row.
    fn end(&self) -> Option<Place> {
        match self {
            Self::Credits(rows) => rows.last().map(|row| Place { at: row.at, key: row.number.to_string() }),
            Self::Payments(rows) => rows.last().map(|row| Place { at: row.at, key: row.id.clone() }),
        }
    }
}

/// A place in a list: behind one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    at: Instant,
    key: String,
}

impl Place {
    /// Before everything.
    fn newest() -> Self {
        Self { at: Instant(i64::MAX), key: String::new() }
    }

    /// Reads a place as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, key) = text.split_once('.')?;
        let plain = !key.is_empty() && key.len() <= 64 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        Some(Self { at: Instant(at.parse().ok()?), key: key.to_owned() }).filter(|_| plain)
    }

    fn number(&self) -> i64 {
        self.key.parse().unwrap_or(0)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at.0, self.key)
    }
}

/// A page of what is wanted, and where the next one begins, when there is one.
pub async fn list(call: &mut Read<may::ViewBilling>, what: What, filter: &Filter, after: Option<&Place>) -> Result<(Rows, Option<Place>)> {
    let account = call.proof().account().clone();
    let mut rows = read(call.conn(), &account, what, filter, after.unwrap_or(&Place::newest()), PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.cut(PAGE as usize);
    let next = rows.end().filter(|_| more);
    Ok((rows, next))
}

async fn read(conn: &mut Conn, account: &AccountId, what: What, filter: &Filter, after: &Place, most: u32) -> Result<Rows> {
    let from = filter.from.unwrap_or(Instant(i64::MIN));
    let until = filter.until.unwrap_or(Instant(i64::MAX));
    let at = after.at;
    Ok(match what {
        What::Credits => {
            let number = after.number();
            let rows: Vec<EntryRow> = match &filter.kind {
                None => conn.list(LIST_LEDGER, args![account, from, until, at, number, most]).await?,
                Some(kind) => conn.list(LIST_LEDGER_OF_KIND, args![account, from, until, at, number, most, kind.as_str()]).await?,
            };
            Rows::Credits(rows.into_iter().map(EntryRow::entry).collect())
        }
        What::Payments => {
            let id = after.key.as_str();
            let rows: Vec<PaymentRow> = match &filter.kind {
                None => conn.list(LIST_PAID, args![account, from, until, at, id, most]).await?,
                Some(status) => conn.list(LIST_PAID_OF_STATUS, args![account, from, until, at, id, most, status.as_str()]).await?,
            };
            Rows::Payments(rows.into_iter().map(PaymentRow::payment).collect())
        }
    })
}

#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    number: i64,
    kind: String,
    amount: i64,
    balance_after: i64,
    created_at: i64,
}

impl EntryRow {
    pub(super) fn entry(self) -> Entry {
        let Self { number, kind, amount, balance_after, created_at } = self;
        Entry { number, kind, amount, balance: balance_after, at: Instant(created_at) }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct PaymentRow {
    id: String,
    product: String,
    number: Option<String>,
    amount: i64,
    currency: String,
    status: String,
    charged: i64,
    refunded: i64,
    note: Option<String>,
    created_at: i64,
}

impl PaymentRow {
    pub(super) fn payment(self) -> Payment {
        let money = |minor| Currency::parse(&self.currency).map(|currency| Money { minor, currency });
        Payment {
            amount: money(self.amount),
            refunded: money(self.refunded).filter(|refunded| refunded.minor > 0),
            is_partly_refunded: (1..self.charged).contains(&self.refunded),
            id: self.id,
            number: self.number,
            product: self.product,
            currency: self.currency,
            status: self.status,
            note: self.note,
            at: Instant(self.created_at),
        }
    }
}

/// An export under way.
pub struct Export {
    keel: Keel,
    asked: Asked,
    what: What,
    filter: Filter,
    /// Behind the last row that was read; none when that was the last.
    place: Option<Place>,
}

/// Begins an export of what there is by now, and writes it down.
///
/// # Errors
/// `TooMany` in an hour.
pub async fn export(call: &mut Write<may::ViewBilling>, what: What, filter: &Filter) -> Result<Export> {
    let (keel, account, now) = (call.keel().clone(), call.proof().account().clone(), call.now());
    let user = call.proof().actor().user.clone();
    Take::export(&user, &account).take(call.tx()?, now).await?;
    let day = |at: Instant| iso(at).split('T').next().unwrap_or_default().to_owned();
    let (from, to) = (filter.from.map(day).unwrap_or_default(), filter.until.map(|until| day(until.plus(-1))).unwrap_or_default());
    let kind = filter.kind.clone().unwrap_or_default();
    let metadata = [("what", what.as_str()), ("format", "csv"), ("status", &kind), ("from", &from), ("to", &to)];
    let metadata: Vec<_> = metadata.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    audit::record(call, Action::DataExported, Some(&account), account.as_str(), &metadata).await?;
    // The same account from now on, whichever is the active one by then.
    let asked = Asked { account: Some(account.to_string()), ..call.asked().clone() };
    Ok(Export { keel, asked, what, filter: filter.clone(), place: Some(Place::newest()) })
}

impl Export {
    /// The next rows, the newest first; none after the last.
    ///
    /// # Errors
    /// What the door refuses by now.
    pub async fn next(&mut self) -> Result<Option<Rows>> {
        let Some(place) = self.place.take() else { return Ok(None) };
        let mut call = Read::<may::ViewBilling>::open(&self.keel, self.asked.clone()).await?;
        let account = call.proof().account().clone();
        let rows = read(call.conn(), &account, self.what, &self.filter, &place, BATCH).await?;
        self.place = rows.end().filter(|_| rows.len() == BATCH as usize);
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for place in [Place { at: Instant(17), key: "4".to_owned() }, Place { at: Instant(-1), key: "pay_00ff".to_owned() }] {
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        for text in ["", "1", "1.", "x.1", ".", "1.a b", "9223372036854775808.1", "1.\0"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
