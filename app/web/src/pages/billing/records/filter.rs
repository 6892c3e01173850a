//! The filter of the ledger and of the payments, as the pages and the export read it.

use crate::form::{Input, Reader, days};
use crate::problem::FieldProblem;
use keel_domain::billing::records::{Filter, What};
use keel_text::Catalogue;
use keel_types::Fault;

/// The words of the ledger's types, in the order of the select.
const KINDS: [&str; 12] = [
    "ai_request",
    "subscription",
    "trial",
    "free_plan",
    "plan_change",
    "credit_pack",
    "licence",
    "adjustment",
    "expiry",
    "refund",
    "dispute",
    "deletion",
];
/// The words of how a payment stands.
const STATUSES: [&str; 5] = ["paid", "pending", "failed", "refunded", "disputed"];

/// The words to choose from.
pub(super) fn kinds(what: What) -> &'static [&'static str] {
    match what {
        What::Credits => &KINDS,
        What::Payments => &STATUSES,
    }
}

/// What a word of [`kinds`] is called.
pub(super) fn called(text: &'static Catalogue, what: What, kind: &str) -> Option<&'static str> {
    match what {
        What::Credits => text.ledger_kind.find(kind),
        What::Payments => text.payment_status.find(kind),
    }
}

/// The filter as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The type or the status.
    pub kind: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl Typed {
    /// Reads it from whatever knows the fields.
    pub fn read<'a>(field: impl Fn(&str) -> &'a str) -> Self {
        let [kind, from, to] = ["kind", "from", "to"].map(|name| field(name).trim().to_owned());
        Self { kind, from, to }
    }

    /// The fields by name, without those that are empty.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let all = [("kind", &self.kind), ("from", &self.from), ("to", &self.to)];
        all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, text.as_str())).collect()
    }

    /// What is meant, as far as it can be read, and what is wrong with the rest.
    pub fn filter(&self, what: What) -> (Filter, Vec<FieldProblem>) {
        let mut faults = vec![];
        let kind = Some(self.kind.clone()).filter(|kind| !kind.is_empty());
        if kind.as_deref().is_some_and(|kind| !kinds(what).contains(&kind)) {
            faults.push(FieldProblem::new("kind", Fault::NotAChoice));
        }
        let (from, until) = days(&self.from, &self.to, &mut faults);
        (Filter { kind, from, until }, faults)
    }
}

/// The input of an export.
pub struct Wanted {
    /// What is exported.
    pub what: What,
    /// Of it, what.
    pub filter: Filter,
}

impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let what = form.choice("what", What::parse)?;
        let (filter, faults) = Typed::read(|name| form.text(name)).filter(what);
        form.refuse_all(faults);
        Some(Self { what, filter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keel_text::EN;
    use keel_types::time::DAY;

    #[test]
    fn every_word_has_a_name() {
        for what in [What::Credits, What::Payments] {
            for kind in kinds(what) {
                assert!(called(&EN, what, kind).is_some(), "{kind}");
            }
        }
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        let typed = |kind: &str, from: &str, to: &str| Typed { kind: kind.to_owned(), from: from.to_owned(), to: to.to_owned() };
        let told = |typed: Typed, what| typed.filter(what).1.iter().map(|fault| (fault.field.clone(), fault.code)).collect::<Vec<_>>();
        let all = told(typed("paid", "yesterday", "2026-02-30"), What::Credits);
        assert_eq!(all.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["kind", "from", "to"]);
        assert_eq!(told(typed("paid", "2026-11-21", "2026-11-20"), What::Payments), [("to".to_owned(), Fault::EndsTooEarly)]);
        let (filter, faults) = typed("", "2026-11-20", "2026-11-20").filter(What::Payments);
        assert!(faults.is_empty() && filter.kind.is_none());
        assert_eq!(filter.until.unwrap().since(filter.from.unwrap()), DAY);
    }
}
