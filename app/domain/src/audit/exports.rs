//! Exports of the log: what the filter chooses, batch by batch. Between two batches no connection is held, and before each the
//! door is opened anew: who lost the right meanwhile reads no further.

use super::log::{Event, Filter, Place, Wanted};
use super::{Action, Actor, write};
use crate::Keel;
use crate::access::{Asked, Read, Write};
use crate::limits::Take;
use crate::refusal::Result;
use keel_text::iso;
use keel_types::Instant;
use keel_types::permission::may;

/// Events read at once.
const BATCH: u32 = 500;

/// An export under way.
pub struct Export {
    keel: Keel,
    asked: Asked,
    wanted: Wanted,
    /// Behind the last event that was read; none when that was the last.
    place: Option<Place>,
}

/// Begins an export of what there was before this millisecond, and writes it down.
///
/// # Errors
/// `NotFound` in an account without a log to look at; `Invalid` for an actor whom nobody or several people are called like;
/// `TooMany` in an hour.
pub async fn export(call: &mut Write<may::ExportAudit>, filter: &Filter, format: &str) -> Result<Export> {
    call.proof().standing().require_manager()?;
    let (keel, account, actor, now) = (call.keel().clone(), call.proof().account().clone(), call.proof().actor().clone(), call.now());
    let wanted = Wanted::find(call.tx()?, &account, filter).await?;
    Take::export(&actor.user, &account).take(call.tx()?, now).await?;
    // The same account from now on, whichever is the active one by then.
    let asked = Asked { account: Some(account.to_string()), ..call.asked().clone() };
    let (action, [from, to]) = (filter.action.map_or("", Action::as_str), days(filter));
    let what = [
        ("what", "audit"),
        ("format", format),
        ("actor", filter.actor.as_str()),
        ("action", action),
        ("from", from.as_str()),
        ("to", to.as_str()),
    ];
    let metadata: Vec<_> = what.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let by = Actor::Person(&actor, &asked);
    write(call.tx()?, &by, Action::DataExported, Some(&account), account.as_str(), &metadata, now).await?;
    Ok(Export { keel, asked, wanted, place: Some(Place { at: now, id: String::new() }) })
}

/// The first and the last day of what is wanted; empty where there is no such bound.
fn days(filter: &Filter) -> [String; 2] {
    let day = |at: Instant| iso(at).split('T').next().unwrap_or_default().to_owned();
    [filter.from.map(day), filter.until.map(|until| day(until.plus(-1)))].map(Option::unwrap_or_default)
}

impl Export {
    /// The next events, oldest last; none after the last.
    ///
    /// # Errors
    /// What the door refuses by now.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>> {
        let Some(place) = self.place.take() else { return Ok(None) };
        let mut call = Read::<may::ExportAudit>::open(&self.keel, self.asked.clone()).await?;
        let events = self.wanted.list(call.conn(), &place, BATCH).await?;
        self.place = events.last().filter(|_| events.len() == BATCH as usize).map(Place::behind);
        Ok(Some(events).filter(|events| !events.is_empty()))
    }
}
