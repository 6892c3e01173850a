//! Reading an account's log: filtered, newest first, in pages.

use super::Action;
use crate::access::{Door, Grant, Read};
use crate::db::Conn;
use crate::members::fold;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, AuditId, Fault, Instant};

/// Events on one page.
const PAGE: u32 = 50;
/// Names told to choose from.
const NAMES: u32 = 20;
/// Longer than any name or address, in characters.
const LONGEST_NAME: usize = 254;

macro_rules! events {
    ($chosen:literal) => {
        concat!(
            "SELECT id, actor_name, action, resource, address, agent, metadata, created_at FROM audit_events
            WHERE ",
            $chosen,
            " = $1 AND created_at >= $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT 0 + $5"
        )
    };
}

sql! {
    // Each by an index of its own, whatever the database knows of the data.
    LIST_EVENTS = events!("account_id");
    LIST_EVENTS_BY_ACTOR = events!("account_id || ' ' || actor_key");
    LIST_EVENTS_BY_ACTION = events!("account_id || ' ' || action");
    LIST_EVENTS_BY_BOTH = events!("account_id || ' ' || action || ' ' || actor_key");
    // From one name to the next by the index, so that it does not matter how often each stands there. From $1 on, before $2.
    LIST_ACTORS = "WITH RECURSIVE actors (key, place) AS (
            SELECT (SELECT account_id || ' ' || actor_key FROM audit_events
                    WHERE account_id || ' ' || actor_key >= $1 AND account_id || ' ' || actor_key < $2
                    ORDER BY account_id || ' ' || actor_key LIMIT 1), 1
            UNION ALL
            SELECT (SELECT e.account_id || ' ' || e.actor_key FROM audit_events e
                    WHERE e.account_id || ' ' || e.actor_key > actors.key AND e.account_id || ' ' || e.actor_key < $2
                    ORDER BY e.account_id || ' ' || e.actor_key LIMIT 1), place + 1
            FROM actors WHERE actors.key IS NOT NULL AND place < $3)
        SELECT key, (SELECT e.actor_name FROM audit_events e WHERE e.account_id || ' ' || e.actor_key = actors.key
                     ORDER BY e.created_at DESC, e.id DESC LIMIT 1) AS name
        FROM actors WHERE key IS NOT NULL";
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// How the actor's name begins, as somebody typed it; empty for everybody's.
    pub actor: String,
    /// What was done.
    pub action: Option<Action>,
    /// From this moment on.
    pub from: Option<Instant>,
    /// Before this moment.
    pub until: Option<Instant>,
}

/// What stands in the log.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: AuditId,
    /// Who did it, as they were called then.
    pub actor: String,
    /// The stable name of what was done.
    pub action: String,
    /// What it was done to.
    pub resource: String,
    /// The client's address.
    pub address: String,
    /// The client's description of itself.
    pub agent: String,
    /// What more is known of it: names and texts, a JSON object.
    pub metadata: String,
    /// When.
    pub at: Instant,
}

impl Event {
    /// What more is known of it, by name.
    pub fn details(&self) -> Vec<(String, String)> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&self.metadata).unwrap_or_default();
        let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        object.into_iter().map(|(name, value)| (name, text(value))).collect()
    }
}

/// A place in the log: behind one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) at: Instant,
    pub(super) id: String,
}

impl Place {
    /// Before everything.
    pub(super) fn newest() -> Self {
        Self { at: Instant(i64::MAX), id: String::new() }
    }

    /// Behind this event.
    pub(super) fn behind(event: &Event) -> Self {
        Self { at: event.at, id: event.id.to_string() }
    }

    /// Reads a place as [`Place`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self { at: Instant(at.parse().ok()?), id: AuditId::parse(id).ok()?.to_string() })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at.0, self.id)
    }
}

/// Some events, the newest first.
#[derive(Clone, Debug)]
pub struct Listed {
    /// At most fifty.
    pub events: Vec<Event>,
    /// Where the next page begins, when there is one.
    pub next: Option<Place>,
    /// Names in the log that begin as the actor was typed, at most twenty.
    pub actors: Vec<String>,
    /// Whose events are wanted, none for everybody's; or why that is not clear.
    pub actor: std::result::Result<Option<String>, Fault>,
}

/// A page of the events that are wanted, and the names there are. No events before it is clear whose are wanted.
pub async fn list(call: &mut Read<may::ViewAudit>, filter: &Filter, after: Option<&Place>) -> Result<Listed> {
    let account = call.proof().account().clone();
    let actors = list_actors(call.conn(), &account, &filter.actor).await?;
    let actor = choose(&actors, &filter.actor).map(Option::<&Actor>::cloned);
    let mut events = vec![];
    if let Ok(actor) = &actor {
        let wanted = Wanted { account, actor: actor.as_ref().map(|actor| actor.key.clone()), filter: filter.clone() };
        events = wanted.list(call.conn(), after.unwrap_or(&Place::newest()), PAGE + 1).await?;
    }
    let more = events.len() > PAGE as usize;
    events.truncate(PAGE as usize);
    let next = events.last().filter(|_| more).map(Place::behind);
    let actors = actors.into_iter().map(|actor| actor.name).collect();
    Ok(Listed { events, next, actors, actor: actor.map(|actor| actor.map(|actor| actor.name)) })
}

/// Somebody who stands in the log: the folded name, and the name as it stood there last.
#[derive(Clone, Debug)]
struct Actor {
    key: String,
    name: String,
}

async fn list_actors(conn: &mut Conn, account: &AccountId, typed: &str) -> Result<Vec<Actor>> {
    let within = format!("{account} ");
    let beginning = format!("{within}{}", typed_key(typed));
    let end = format!("{beginning}{}", char::MAX);
    let rows: Vec<(String, String)> = conn.list(LIST_ACTORS, args![beginning, end, NAMES]).await?;
    let actor = |(key, name): (String, String)| Actor { key: key.strip_prefix(&within).unwrap_or_default().to_owned(), name };
    Ok(rows.into_iter().map(actor).collect())
}

fn typed_key(typed: &str) -> String {
    fold(&typed.chars().take(LONGEST_NAME).collect::<String>())
}

/// Whom somebody means who typed this: the one called exactly so, else the only one whose name begins so.
fn choose<'a>(actors: &'a [Actor], typed: &str) -> std::result::Result<Option<&'a Actor>, Fault> {
    let key = typed_key(typed);
    if key.is_empty() {
        return Ok(None);
    }
    match actors {
        [] => Err(Fault::Nobody),
        [only] => Ok(Some(only)),
        several => several.iter().find(|actor| actor.key == key).map(Some).ok_or(Fault::Several),
    }
}

/// What is wanted, with the actor found.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    account: AccountId,
    actor: Option<String>,
    filter: Filter,
}

impl Wanted {
    /// The filter with its actor found, in the account of a call.
    ///
    /// # Errors
    /// `Invalid` for an actor whom nobody or several people are called like.
    pub(super) async fn find(conn: &mut Conn, account: &AccountId, filter: &Filter) -> Result<Self> {
        let actors = if filter.actor.is_empty() { vec![] } else { list_actors(conn, account, &filter.actor).await? };
        let actor = choose(&actors, &filter.actor).map_err(|fault| Refusal::field("actor", fault))?.map(|actor| actor.key.clone());
        Ok(Self { account: account.clone(), actor, filter: filter.clone() })
    }

    /// At most so many events behind a place.
    pub(super) async fn list(&self, conn: &mut Conn, after: &Place, most: u32) -> Result<Vec<Event>> {
        let from = self.filter.from.unwrap_or(Instant(i64::MIN));
        // What happened at the very end of the span is in it; what happened after it is not.
        let end = self.filter.until.map(|until| Place { at: until, id: String::new() });
        let before = end.filter(|end| end.at <= after.at).unwrap_or_else(|| after.clone());
        let account = &self.account;
        let (statement, chosen) = match (&self.actor, self.filter.action.map(Action::as_str)) {
            (None, None) => (LIST_EVENTS, account.to_string()),
            (Some(actor), None) => (LIST_EVENTS_BY_ACTOR, format!("{account} {actor}")),
            (None, Some(action)) => (LIST_EVENTS_BY_ACTION, format!("{account} {action}")),
            (Some(actor), Some(action)) => (LIST_EVENTS_BY_BOTH, format!("{account} {action} {actor}")),
        };
        let args = args![chosen, from, before.at, before.id, most];
        let rows: Vec<EventRow> = conn.list(statement, args).await?;
        Ok(rows.into_iter().map(EventRow::event).collect())
    }
}

/// Whether the caller of a call may export what they see here.
pub fn may_export<R, D: Door<Proof = Grant<R>>>(call: &Read<D>) -> bool {
    call.proof().standing().role.permissions.has(keel_types::Permission::ExportAudit)
}

#[derive(sqlx::FromRow)]
struct EventRow {
    #[sqlx(try_from = "String")]
    id: AuditId,
    actor_name: String,
    action: String,
    resource: String,
    address: String,
    agent: String,
    metadata: String,
    created_at: i64,
}

impl EventRow {
    fn event(self) -> Event {
        Event {
            id: self.id,
            actor: self.actor_name,
            action: self.action,
            resource: self.resource,
            address: self.address,
            agent: self.agent,
            metadata: self.metadata,
            at: Instant(self.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actors(names: &[&str]) -> Vec<Actor> {
        names.iter().map(|name| Actor { key: fold(name), name: (*name).to_owned() }).collect()
    }

    #[test]
    fn who_is_meant_is_the_only_one_or_the_exact_one() {
        let people = actors(&["Max", "Max Moreau", "Maxine"]);
        let chosen = |actors: &[Actor], typed| choose(actors, typed).map(|actor| actor.map(|actor| actor.name.clone()));
        assert_eq!(chosen(&people, " max "), Ok(Some("Max".to_owned())));
        assert_eq!(chosen(&people, "ma"), Err(Fault::Several));
        assert_eq!(chosen(&people[2..], "ma"), Ok(Some("Maxine".to_owned())));
        assert_eq!(chosen(&[], "ma"), Err(Fault::Nobody));
        assert_eq!(chosen(&people, " "), Ok(None));
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Place { at: Instant(1_795_183_509_123), id: crate::ids::new::<AuditId>().to_string() };
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        for text in [
            "",
            "1",
            "1.",
            "x.aud_00000000000000000000000000000000",
            "1.aud_1",
            ".",
            "9223372036854775808.aud_00000000000000000000000000000000",
        ] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
