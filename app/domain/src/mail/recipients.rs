//! Whom a letter is for: in which language it is written, and whether they want letters of its kind.

use super::render::Button;
use crate::db::Conn;
use crate::notices::{self, Muted, Notice};
use crate::refusal::Result;
use crate::{Keel, args, request, sql};
use keel_text::{Catalogue, Lang};
use keel_types::{Email, UserId};

sql! {
    FIND_RECIPIENT = "SELECT u.id, p.language, p.muted FROM users u JOIN user_profiles p ON p.user_id = u.id WHERE u.email = $1";
}

/// Somebody who is written to.
pub(super) struct Recipient {
    /// The language they chose; else the sender's, else the one of the request.
    pub lang: Lang,
    /// Who it is and what they do without, when the address is somebody's.
    person: Option<(UserId, Muted)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(try_from = "String")]
    id: UserId,
    language: Option<String>,
    muted: String,
}

impl Recipient {
    /// Who gets mail at this address. The same statement for known and unknown ones.
    pub async fn find(conn: &mut Conn, to: &Email, sender: Option<Lang>) -> Result<Self> {
        let row: Option<Row> = conn.find(FIND_RECIPIENT, args![to]).await?;
        let own = row.as_ref().and_then(|row| Lang::parse(row.language.as_deref()?));
        let lang = own.or(sender).or_else(request::lang).unwrap_or_default();
        Ok(Self { lang, person: row.map(|row| (row.id, Muted::kept(row.muted))) })
    }

    /// The texts in their language.
    pub fn text(&self) -> &'static Catalogue {
        self.lang.catalogue()
    }

    /// What ends notices of this kind, below each of them; nothing for whoever gets none of it.
    pub fn end_of(&self, keel: &Keel, notice: Notice) -> Option<Button<'static>> {
        let (user, _) = self.person.as_ref().filter(|(_, muted)| !muted.has(notice))?;
        let address = super::letters::address(keel, &notices::link(keel, user, notice));
        Some(Button { label: self.text().unsubscribe.submit, before: self.text().mail.unsubscribe, address })
    }
}
