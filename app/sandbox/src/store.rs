//! All objects, in memory, and transactions over them. A transaction is one line of the journal, or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing::due::{What, moments};
use crate::faults::Faults;
use crate::journal::{Journal, Step};
use crate::json::{At, differences};

/// Kinds of records that are no objects of the API.
pub const DELIVERY: &str = "_delivery";
pub const IDEMPOTENT: &str = "_idempotent";
pub const CLOCK: &str = "_clock";
pub const SETTINGS: &str = "_settings";

/// One stored thing: what the API shows of it, and what only the sandbox knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub id: String,
    pub kind: String,
    /// Grows with every new record, so it sorts by age.
    pub seq: u64,
    pub value: Value,
    #[serde(default)]
    pub hidden: Value,
}

/// The records by id and, per kind, by age.
#[derive(Debug, Default)]
pub struct Store {
    records: HashMap<String, Record>,
    ages: HashMap<String, BTreeMap<u64, String>>,
    /// Deliveries that still have to be sent, by age.
    pending: BTreeMap<u64, String>,
    /// What happens by itself, and when, in unix seconds.
    agenda: BTreeSet<(i64, What, String)>,
    newest: u64,
    journal: Option<Journal>,
    pub faults: Faults,
}

impl Store {
    /// Opens the store kept in `path`, or one in memory alone. `keep` decides which records outlive the restart.
    pub fn open(path: Option<&Path>, keep: impl Fn(&Store, &Record) -> bool) -> io::Result<Self> {
        let mut store = Self::default();
        let Some(path) = path else { return Ok(store) };
        let (steps, lock) = Journal::read(path)?;
        for step in steps {
            store.apply(step);
        }
        let stale: Vec<String> = store.records.values().filter(|record| !keep(&store, record)).map(|record| record.id.clone()).collect();
        for id in stale {
            store.apply(Step::Drop(id));
        }
        let mut all: Vec<&Record> = store.records.values().collect();
        all.sort_by_key(|record| record.seq);
        store.journal = Some(Journal::rewrite(path, lock, all.into_iter())?);
        Ok(store)
    }

    pub fn record(&self, id: &str) -> Option<&Record> {
        self.records.get(id)
    }

    /// The object with this id, or null.
    pub fn value(&self, id: &str) -> &Value {
        self.record(id).map_or(&Value::Null, |record| &record.value)
    }

    /// The records of one kind, oldest first.
    pub fn all(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Record> {
        self.ages.get(kind).into_iter().flat_map(BTreeMap::values).filter_map(|id| self.records.get(id))
    }

    /// The deliveries that still have to be sent, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Record> {
        self.pending.values().filter_map(|id| self.records.get(id))
    }

    /// How many records are of this kind.
    pub fn count(&self, kind: &str) -> usize {
        self.ages.get(kind).map_or(0, BTreeMap::len)
    }

    /// How many records of the same kind are newer.
    pub fn newer(&self, record: &Record) -> usize {
        self.ages.get(&record.kind).map_or(0, |ages| ages.range(record.seq + 1..).count())
    }

    /// The earliest thing that happens by itself: when, what, and to which record.
    pub fn next_due(&self) -> Option<&(i64, What, String)> {
        self.agenda.first()
    }

    fn forget_moments(&mut self, id: &str) {
        if let Some(known) = self.records.get(id) {
            for (at, what) in moments(known) {
                self.agenda.remove(&(at, what, id.to_owned()));
            }
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Put(record) => {
                self.forget_moments(&record.id);
                self.agenda.extend(moments(&record).map(|(at, what)| (at, what, record.id.clone())));
                self.newest = self.newest.max(record.seq);
                self.ages.entry(record.kind.clone()).or_default().insert(record.seq, record.id.clone());
                if record.kind == DELIVERY && record.value.text("status") == "pending" {
                    self.pending.insert(record.seq, record.id.clone());
                } else {
                    self.pending.remove(&record.seq);
                }
                self.records.insert(record.id.clone(), record);
            }
            Step::Drop(id) => {
                self.forget_moments(&id);
                if let Some(record) = self.records.remove(&id) {
                    self.pending.remove(&record.seq);
                    self.ages.entry(record.kind).or_default().remove(&record.seq);
                }
            }
        }
    }
}

/// Who asked for a change; events carry it.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    pub request: Option<String>,
    pub idempotency_key: Option<String>,
}

/// A change in the making. It sees its own writes; unless committed, nothing of it remains.
pub struct Tx<'s> {
    store: &'s mut Store,
    before: Vec<(String, Option<Record>)>,
    /// The moment the change belongs to, in unix seconds: now, or the moment a period ended.
    pub now: i64,
    /// The unix seconds that events are stamped with: the clock's, but never before an earlier event's, whose readers page by date.
    pub clock: i64,
    /// Where the hosted pages are, without a slash at the end.
    pub pages: &'s str,
    pub cause: Cause,
    /// How far the sandbox's own clock is ahead of the machine's, in milliseconds; nothing when it has none.
    pub offset_ms: Option<i64>,
    /// How far the clock goes ahead when the change is committed, in milliseconds.
    pub ahead_ms: i64,
}

impl<'s> Tx<'s> {
    pub fn begin(store: &'s mut Store, now_ms: i64, pages: &'s str, cause: Cause) -> Self {
        let now = now_ms.div_euclid(1_000);
        let newest = store.all("event").next_back().map_or(now, |event| event.value.integer("created"));
        Self { store, before: Vec::new(), now, clock: now.max(newest), pages, cause, offset_ms: None, ahead_ms: 0 }
    }

    /// Reading, with everything written so far.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The object with this id, or null.
    pub fn value(&self, id: &str) -> &Value {
        self.store.value(id)
    }

    /// What only the sandbox knows about the object, or null.
    pub fn hidden(&self, id: &str) -> &Value {
        self.store.record(id).map_or(&Value::Null, |record| &record.hidden)
    }

    /// Adds an object; its kind and id are its own `object` and `id`.
    pub fn add(&mut self, value: Value, hidden: Value) -> String {
        let kind = value.text("object").to_owned();
        let id = value.text("id").to_owned();
        self.put(&kind, &id, value, hidden);
        id
    }

    /// Writes a record, new or replaced. A replaced one keeps its age.
    pub fn put(&mut self, kind: &str, id: &str, value: Value, hidden: Value) {
        let known = self.store.record(id);
        let seq = known.map_or(self.store.newest + 1, |record| record.seq);
        self.before.push((id.to_owned(), known.cloned()));
        self.store.apply(Step::Put(Record { id: id.to_owned(), kind: kind.to_owned(), seq, value, hidden }));
    }

    /// Lets the clock go ahead to `time`, in unix seconds, when the change is committed; false when it cannot be moved.
    pub fn advance_to(&mut self, time: i64) -> bool {
        let Some(offset) = self.offset_ms else { return false };
        self.ahead_ms = (time - self.now).max(0) * 1_000;
        self.put(CLOCK, CLOCK, json!({ "offset_ms": offset + self.ahead_ms }), Value::Null);
        true
    }

    /// Takes an object away.
    pub fn remove(&mut self, id: &str) {
        if let Some(record) = self.store.record(id).cloned() {
            self.before.push((id.to_owned(), Some(record)));
            self.store.apply(Step::Drop(id.to_owned()));
        }
    }

    /// Changes what the API shows of an object, without an event.
    pub fn edit(&mut self, id: &str, edit: impl FnOnce(&mut Value)) {
        if let Some(mut record) = self.store.record(id).cloned() {
            edit(&mut record.value);
            self.put(&record.kind, id, record.value, record.hidden);
        }
    }

    /// Changes what only the sandbox knows about an object.
    pub fn edit_hidden(&mut self, id: &str, edit: impl FnOnce(&mut Value)) {
        if let Some(mut record) = self.store.record(id).cloned() {
            edit(&mut record.hidden);
            self.put(&record.kind, id, record.value, record.hidden);
        }
    }

    /// Changes an object and sends `event` with its previous attributes, unless nothing differs.
    pub fn update(&mut self, id: &str, event: &str, edit: impl FnOnce(&mut Value)) {
        let before = self.value(id).clone();
        self.edit(id, edit);
        let previous = differences(&before, self.value(id));
        if previous.as_object().is_some_and(|fields| !fields.is_empty()) {
            crate::events::emit(self, event, id, Some(previous));
        }
    }

    /// Sends `event` with a snapshot of the object.
    pub fn emit(&mut self, event: &str, id: &str) {
        crate::events::emit(self, event, id, None);
    }

    /// The faults in force.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.store.faults
    }

    /// Takes back everything written so far.
    pub fn undo(&mut self) {
        for (id, record) in std::mem::take(&mut self.before).into_iter().rev() {
            self.store.apply(record.map_or(Step::Drop(id), Step::Put));
        }
    }

    /// Writes the change to the journal; from then on it is real.
    ///
    /// # Errors
    /// The journal cannot be written; the change is taken back.
    pub fn commit(mut self) -> io::Result<()> {
        let mut ids: Vec<&String> = self.before.iter().map(|(id, _)| id).collect();
        ids.sort();
        ids.dedup();
        let mut change: Vec<Step> =
            ids.into_iter().map(|id| self.store.record(id).cloned().map_or_else(|| Step::Drop(id.clone()), Step::Put)).collect();
        change.sort_by_key(|step| if let Step::Put(record) = step { record.seq } else { 0 });
        if let Some(journal) = self.store.journal.as_mut().filter(|_| !change.is_empty()) {
            journal.append(&change)?;
        }
        self.before.clear();
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        self.undo();
    }
}

/// An empty JSON object.
pub fn nothing() -> Value {
    json!({})
}
