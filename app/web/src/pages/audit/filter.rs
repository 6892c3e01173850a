//! The filter of the audit log, as the page and the export read it.

use crate::form::{Input, Reader, days};
use crate::problem::FieldProblem;
use keel_domain::audit::{Action, Filter};
use keel_text::Lang;
use keel_types::Fault;

/// The filter as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// How the actor's name begins.
    pub actor: String,
    /// The stable name of what was done.
    pub action: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl Typed {
    /// Reads it from whatever knows the fields.
    pub fn read<'a>(field: impl Fn(&str) -> &'a str) -> Self {
        let [actor, action, from, to] = ["actor", "action", "from", "to"].map(|name| field(name).trim().to_owned());
        Self { actor, action, from, to }
    }

    /// The fields by name, without those that are empty.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let all = [("actor", &self.actor), ("action", &self.action), ("from", &self.from), ("to", &self.to)];
        all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, text.as_str())).collect()
    }

    /// What is meant, as far as it can be read, and what is wrong with the rest.
    pub fn filter(&self) -> (Filter, Vec<FieldProblem>) {
        let mut faults = vec![];
        let action = Action::parse(&self.action);
        if action.is_none() && !self.action.is_empty() {
            faults.push(FieldProblem::new("action", Fault::NotAChoice));
        }
        let (from, until) = days(&self.from, &self.to, &mut faults);
        (Filter { actor: name_of(&self.actor), action, from, until }, faults)
    }
}

/// The name in the log of an actor that pages call otherwise in some language, because it is no person; any other as it was typed.
fn name_of(typed: &str) -> String {
    let systems =
        Lang::ALL.iter().flat_map(|lang| lang.catalogue().entries()).filter(|(section, name, _)| *section == "actor" && *name != "nobody");
    let mut known = systems.filter(|(_, _, shown)| shown.eq_ignore_ascii_case(typed));
    known.next().map_or_else(|| typed.to_owned(), |(_, name, _)| name.to_owned())
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A JSON list of objects.
    Json,
}

impl Format {
    /// The word in the form, and the ending of the file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// The input of an export.
pub struct Wanted {
    /// What is exported.
    pub filter: Filter,
    /// How it is written.
    pub format: Format,
}

impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let format = form.choice("format", |word| [Format::Csv, Format::Json].into_iter().find(|format| format.as_str() == word));
        let (filter, faults) = Typed::read(|name| form.text(name)).filter();
        form.refuse_all(faults);
        Some(Self { filter, format: format? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keel_types::time::DAY;

    fn typed(actor: &str, action: &str, from: &str, to: &str) -> Typed {
        Typed::read(|name| match name {
            "actor" => actor,
            "action" => action,
            "from" => from,
            _ => to,
        })
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        let (_, faults) = typed("", "moon.landed", "yesterday", "2026-02-30").filter();
        let told: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
        assert_eq!(told, [("action", Fault::NotAChoice), ("from", Fault::NotADay), ("to", Fault::NotADay)]);
        let (_, faults) = typed("", "", "2026-11-21", "2026-11-20").filter();
        assert_eq!(faults, [FieldProblem::new("to", Fault::EndsTooEarly)]);
    }

    #[test]
    fn the_last_day_is_in_it() {
        let (filter, faults) = typed(" Olivia ", "role.created", "2026-11-20", " 2026-11-20").filter();
        assert!(faults.is_empty());
        assert_eq!((filter.actor.as_str(), filter.action), ("Olivia", Some(Action::RoleCreated)));
        assert_eq!(filter.until.unwrap().since(filter.from.unwrap()), DAY);
    }

    #[test]
    fn who_is_no_person_is_found_by_the_name_that_is_shown() {
        assert_eq!(name_of("Payment provider"), "stripe");
        assert_eq!(name_of("keel"), "bootstrap");
        assert_eq!(name_of("Olivia"), "Olivia");
    }
}
