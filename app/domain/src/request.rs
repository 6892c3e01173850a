//! The request that is being answered, known to everything that is done for it: its id stands in each line of the log, and is
//! the reference of a fault; in its language somebody is spoken to of whom no other one is known. Work that nobody
//! waits for, as jobs and commands, is done within no request.

use crate::refusal::{Refusal, Result};
use crate::secrets::reference;
use keel_text::Lang;
use keel_types::{AccountId, UserId};
use std::cell::{Cell, RefCell};
use tracing::Instrument as _;

tokio::task_local! {
    static CURRENT: Request;
}

struct Request {
    id: String,
    lang: Lang,
    lost_database: Cell<bool>,
    asker: RefCell<Option<Asker>>,
}

/// Who asks, as a door has found: the person, and the account it is about.
pub type Asker = (UserId, AccountId);

/// Does `work` within the request of this id, which asks for this language.
pub async fn within<T>(id: String, lang: Lang, work: impl Future<Output = T>) -> T {
    // Errors are logged whatever `RUST_LOG` chooses, and with them the span they stand in.
    let span = tracing::error_span!("request", id);
    CURRENT.scope(Request { id, lang, lost_database: Cell::default(), asker: RefCell::default() }, work).instrument(span).await
}

/// Does `work` within the same request in a task of its own: to its end, even when nobody waits for it any more, and as deep as it
/// goes, since nothing of the request is on its stack.
pub(crate) async fn apart<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let task = tokio::spawn(within(id(), lang().unwrap_or_default(), work));
    task.await.map_err(|error| Refusal::internal(&error))?
}

/// The id of the request; a new text within none.
pub(crate) fn id() -> String {
    CURRENT.try_with(|request| request.id.clone()).unwrap_or_else(|_| reference())
}

/// The language the request asks for, by its cookie or its headers; none within none.
pub fn lang() -> Option<Lang> {
    CURRENT.try_with(|request| request.lang).ok()
}

/// Who asks, once a door has looked; nobody within no request.
pub fn asker() -> Option<Asker> {
    CURRENT.try_with(|request| request.asker.borrow().clone()).ok().flatten()
}

/// Notes who asks, for the access log.
pub(crate) fn note_asker(user: &UserId, account: &AccountId) {
    let _ = CURRENT.try_with(|request| *request.asker.borrow_mut() = Some((user.clone(), account.clone())));
}

/// Whether somebody waits for what is being done.
pub(crate) fn is_under_way() -> bool {
    CURRENT.try_with(|_| ()).is_ok()
}

/// Notes that this request has waited for the database in vain: it does not wait a second time.
pub(crate) fn lose_database() {
    let _ = CURRENT.try_with(|request| request.lost_database.set(true));
}

/// Whether this request has waited for the database in vain.
pub(crate) fn has_lost_database() -> bool {
    CURRENT.try_with(|request| request.lost_database.get()).unwrap_or(false)
}
