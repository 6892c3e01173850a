//! Mail: written into the outbox in the transaction of what it tells, sent by a job, at least once under the same id.

pub mod letters;
mod names;
pub mod post;
mod recipients;
mod render;

use crate::access::{Read, Visitor};
use crate::db::Tx;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, jobs, sql};
use keel_types::{Email, Instant, MailId};
use render::Letter;

sql! {
    INSERT = "INSERT INTO mail_outbox (id, recipient, subject, plain, html, links, unsubscribe, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND = "SELECT id, recipient, subject, plain, html, links, unsubscribe, created_at, sent_at FROM mail_outbox WHERE id = $1";
    LIST = "SELECT id, recipient, subject, plain, html, links, unsubscribe, created_at, sent_at FROM mail_outbox
        WHERE CAST($1 AS TEXT) IS NULL OR recipient = $1 ORDER BY created_at DESC, id DESC LIMIT 100";
    MARK_SENT = "UPDATE mail_outbox SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL";
    EMPTY = "UPDATE mail_outbox SET subject = '', plain = '', html = '', links = '', unsubscribe = NULL WHERE id = $1";
}

/// A mail of the outbox.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Mail {
    /// Its id, also in its Message-ID.
    pub id: MailId,
    /// Who gets it.
    pub to: Email,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The addresses linked in it.
    pub links: Vec<String>,
    /// Where its reader ends mails of its kind; mails that are always sent have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<String>,
    /// When it left, or was written where none leaves.
    pub sent_at: Instant,
}

#[derive(sqlx::FromRow)]
struct MailRow {
    #[sqlx(try_from = "String")]
    id: MailId,
    #[sqlx(try_from = "String")]
    recipient: Email,
    subject: String,
    plain: String,
    html: String,
    links: String,
    unsubscribe: Option<String>,
    created_at: i64,
    sent_at: Option<i64>,
}

impl From<MailRow> for Mail {
    fn from(row: MailRow) -> Self {
        Self {
            id: row.id,
            to: row.recipient,
            subject: row.subject,
            text: row.plain,
            html: row.html,
            links: row.links.split_whitespace().map(str::to_owned).collect(),
            unsubscribe: row.unsubscribe,
            sent_at: Instant(row.sent_at.unwrap_or(row.created_at)),
        }
    }
}

/// Puts a letter into the outbox, to leave when this transaction is committed.
async fn enqueue(tx: &mut Tx, to: &Email, letter: &Letter<'_>, now: Instant) -> Result<()> {
    let id = ids::new::<MailId>();
    let links = letter.links().join(" ");
    let unsubscribe = letter.end.as_ref().map(|end| end.address.clone());
    tx.run(INSERT, args![&id, to, letter.subject.as_str(), letter.plain(), letter.html(), links, unsubscribe, now]).await?;
    jobs::add(tx, jobs::Kind::Mail, id.as_str(), now).await
}

/// Sends a mail of the outbox, unless it was sent; of one that has left nothing is kept but to whom and when. Where no server is
/// set, the mailbox page is its destination.
pub(crate) async fn deliver(keel: &Keel, id: &str) -> std::result::Result<(), String> {
    let row: Option<MailRow> = async { keel.db().read().find(FIND, args![id]).await }.await.map_err(|e| e.to_string())?;
    let Some(row) = row.filter(|row| row.sent_at.is_none()) else { return Ok(()) };
    let sent = keel.post().send(&row.into()).await;
    keel.metrics().mail(sent.is_ok());
    sent.map_err(|e| e.to_string())?;
    let mark = async {
        let mut tx = keel.db().begin().await?;
        tx.run(MARK_SENT, args![id, keel.now()]).await?;
        empty(keel, &mut tx, id).await?;
        tx.commit().await
    };
    mark.await.map_err(|e: sqlx::Error| e.to_string())
}

/// Forgets what a mail says that has left, or never will: its links and codes open something. In development the mailbox page
/// goes on showing it.
pub(crate) async fn empty(keel: &Keel, tx: &mut Tx, id: &str) -> std::result::Result<(), sqlx::Error> {
    if !keel.settings().in_development() {
        tx.run(EMPTY, args![id]).await?;
    }
    Ok(())
}

/// What the mailbox page shows: the newest hundred, of one recipient if named.
///
/// # Errors
/// `NotFound` in production.
pub async fn list_mailbox(call: &mut Read<Visitor>, to: Option<&str>) -> Result<Vec<Mail>> {
    if !call.keel().settings().in_development() {
        return Err(Refusal::NotFound);
    }
    let to = to.map(|to| to.trim().to_ascii_lowercase());
    let rows: Vec<MailRow> = call.conn().list(LIST, args![to]).await?;
    Ok(rows.into_iter().map(Mail::from).collect())
}
