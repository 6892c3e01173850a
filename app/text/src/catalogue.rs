//! The shape of a catalogue, and filling a text's `{placeholders}`.

use std::fmt::Display;

use keel_types::{Code, Fault, Interval, Money, Permission};

use crate::en::{Catalogue, EN};

impl Catalogue {
    /// What a person reads about a refused or failed request.
    pub fn code(&self, code: Code) -> &'static str {
        self.problem.find(code.as_str()).unwrap_or(self.problem.internal)
    }

    /// What a person reads at a field.
    pub fn fault(&self, fault: Fault) -> &'static str {
        let fields = &self.fields;
        match fault {
            Fault::Required => fields.required,
            Fault::TooLong => fields.too_long,
            Fault::TooShort => fields.too_short,
            Fault::NotAnAddress => fields.not_an_address,
            Fault::NotANumber => fields.not_a_number,
            Fault::OutOfRange => fields.out_of_range,
            Fault::NotAChoice => fields.not_a_choice,
            Fault::Reserved => fields.reserved,
            Fault::Taken => fields.taken,
            Fault::FileTooLarge => fields.file_too_large,
            Fault::NotAPicture => fields.not_a_picture,
            Fault::TooManyPixels => fields.too_many_pixels,
            Fault::BadCharacters => fields.bad_characters,
            Fault::NotAVatNumber => fields.not_a_vat_number,
            Fault::NotACode => fields.not_a_code,
            Fault::WrongCode => fields.wrong_code,
            Fault::NoTriesLeft => fields.no_tries_left,
            Fault::ExpiredCode => fields.expired_code,
            Fault::UsedCode => fields.used_code,
            Fault::NotAnAppCode => fields.not_an_app_code,
            Fault::WrongAppCode => fields.wrong_app_code,
            Fault::SpentAppCode => fields.spent_app_code,
            Fault::NotARecoveryCode => fields.not_a_recovery_code,
            Fault::WrongRecoveryCode => fields.wrong_recovery_code,
            Fault::StartOver => fields.start_over,
            Fault::WrongPassword => fields.wrong_password,
            Fault::NotThePassword => fields.not_the_password,
            Fault::PasskeyCancelled => fields.passkey_cancelled,
            Fault::PasskeyFailed => fields.passkey_failed,
            Fault::PasskeyExpired => fields.passkey_expired,
            Fault::PasskeyUnverified => fields.passkey_unverified,
            Fault::PasskeyUnknown => fields.passkey_unknown,
            Fault::PasskeyOfAnother => fields.passkey_of_another,
            Fault::PasskeyCopied => fields.passkey_copied,
            Fault::PasskeyKnown => fields.passkey_known,
            Fault::TooManyPasskeys => fields.too_many_passkeys,
            Fault::NotTheName => fields.not_the_name,
            Fault::NotOwnAddress => fields.not_own_address,
            Fault::NotConfirmed => fields.not_confirmed,
            Fault::CommonPassword => fields.common_password,
            Fault::TooManyAddresses => fields.too_many_addresses,
            Fault::Twice => fields.twice,
            Fault::AlreadyMember => fields.already_member,
            Fault::AlreadyInvited => fields.already_invited,
            Fault::NoSeat => fields.no_seat,
            Fault::TooManyInvitations => fields.too_many_invitations,
            Fault::NameTaken => fields.name_taken,
            Fault::NotADay => fields.not_a_day,
            Fault::EndsTooEarly => fields.ends_too_early,
            Fault::Nobody => fields.nobody,
            Fault::Several => fields.several,
            Fault::OwnAddress => fields.own_address,
        }
    }

    /// An amount and how often it is paid: `$29 per month`, `$19 once`.
    pub fn price(&self, amount: Money, interval: Option<Interval>) -> String {
        let text = match interval {
            None if amount.minor == 0 => return self.price.nothing.to_owned(),
            None => self.price.once,
            Some(Interval::Month) => self.price.month,
            Some(Interval::Year) => self.price.year,
        };
        fill(text, &[("amount", &self.money(amount))])
    }

    /// An amount paid for each seat: `$24 per seat, per month`.
    pub fn seat_price(&self, amount: Money, interval: Interval) -> String {
        let text = match interval {
            Interval::Month => self.price.seat_month,
            Interval::Year => self.price.seat_year,
        };
        fill(text, &[("amount", &self.money(amount))])
    }

    /// What a plan before and one after a change are called beside each other: by their names; where those are the same, by their
    /// seats, or else by their billing periods.
    pub fn told_apart(&self, before: &Terms, after: &Terms) -> [String; 2] {
        [before, after].map(|terms| {
            if before.plan != after.plan {
                return terms.plan.clone();
            }
            let text = match terms.interval {
                _ if before.seats != after.seats => self.billing.plan_seats,
                Some(Interval::Month) => self.billing.plan_monthly,
                Some(Interval::Year) => self.billing.plan_yearly,
                None => return terms.plan.clone(),
            };
            fill(text, &[("plan", &terms.plan), ("seats", &terms.seats)])
        })
    }

    /// What a role is called: one that is there from the start in this language, any other as people named it.
    pub fn role<'a>(&self, name: &'a str) -> &'a str {
        let is_known = EN.role_name.find(name) == Some(name);
        self.role_name.find(name).filter(|_| is_known).unwrap_or(name)
    }

    /// What a permission allows; of one that has no text yet, its word.
    pub fn permission(&self, permission: Permission) -> &'static str {
        self.permission.find(&permission.as_str().replace(':', "_")).unwrap_or(permission.as_str())
    }

    /// What was done, by its name in the audit log; of one that has no text yet, that name.
    pub fn activity<'a>(&self, action: &'a str) -> &'a str {
        self.activity.find(&action.replace('.', "_")).unwrap_or(action)
    }

    /// What a detail of something that was done is called; of one that has no text yet, its name.
    pub fn detail<'a>(&self, name: &'a str) -> &'a str {
        self.detail.find(name).unwrap_or(name)
    }

    /// Who did it: a person as they are called, anything else as people know it.
    pub fn actor<'a>(&self, name: &'a str) -> &'a str {
        if name.is_empty() { self.actor.nobody } else { self.actor.find(name).unwrap_or(name) }
    }
}

/// What of a plan is agreed to.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What the plan is called.
    pub plan: String,
    /// How often it is paid, where that is as Keel sells.
    pub interval: Option<Interval>,
    /// Seats that are paid; 1 where they do not count.
    pub seats: i64,
}

/// The text with each `{name}` replaced by its value, and each `{name:one|many}` by the word that goes with the value when it is a
/// number: the first for 1, the last for others; of three words the first two are for 0 and 1. A placeholder without a value
/// stays as it is; a value is never searched for placeholders, so what people typed stays what they typed.
pub fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16 * values.len());
    let mut rest = text;
    while let Some((before, name, words, after)) = next_placeholder(rest) {
        filled.push_str(before);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) if words.is_empty() => filled.push_str(&value.to_string()),
            Some((_, value)) => filled.push_str(word_for(words, &value.to_string())),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The names of a text's placeholders, in order.
pub fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, name, _, after)) = next_placeholder(rest) {
        names.push(name);
        rest = after;
    }
    names
}

/// What is before a placeholder, its name, its words if it has any, and what is behind it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (before, opened) = text.split_once('{')?;
    let (inside, after) = opened.split_once('}')?;
    let (name, words) = inside.split_once(':').unwrap_or((inside, ""));
    Some((before, name, words, after))
}

fn word_for<'a>(words: &'a str, number: &str) -> &'a str {
    let words: Vec<&str> = words.split('|').collect();
    match (words.as_slice(), number) {
        ([one, _] | [_, one, _], "1") => one,
        ([zero, _, _], "0") => zero,
        (all, _) => all.last().copied().unwrap_or_default(),
    }
}

/// Makes from one language's texts the structs that all languages share, and that language's
/// constant. Each section is a struct of `&'static str`, found by field or by name.
macro_rules! catalogue {
    ($language:ident = $($(#[$doc:meta])* $field:ident: $section:ident { $($entry:ident: $text:expr,)* })*) => {
        /// All texts of one language, a field per page or subject.
        #[derive(Debug)]
        pub struct Catalogue {
            /// How figures are written.
            pub conventions: Conventions,
            $(pub $field: $section,)*
        }

        pub const $language: Catalogue = Catalogue { conventions: CONVENTIONS, $($field: $section { $($entry: $text,)* },)* };

        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $section { $(pub $entry: &'static str,)* }

            impl $section {
                /// The text called `name` in any case, for texts chosen by a code.
                pub fn find(&self, name: &str) -> Option<&'static str> {
                    $(if name.eq_ignore_ascii_case(stringify!($entry)) {
                        return Some(self.$entry);
                    })*
                    None
                }
            }
        )*

        impl Catalogue {
            /// Every text with its section and name, in the catalogue's order.
            pub fn entries(&self) -> Vec<(&'static str, &'static str, &'static str)> {
                vec![$($((stringify!($field), stringify!($entry), self.$field.$entry),)*)*]
            }
        }
    };
}
pub(crate) use catalogue;

/// Makes one language's constant of its texts. An entry that English does not have does not compile; one that is missing stays
/// English. The list names the texts that are right although they are the same in English.
macro_rules! translation {
    ($language:ident, like English in [$($same:expr),* $(,)?], $($field:ident { $($entry:ident: $text:expr,)* })*) => {
        pub const $language: Catalogue = {
            let mut all = EN;
            all.conventions = CONVENTIONS;
            $($(all.$field.$entry = $text;)*)*
            all
        };

        #[cfg(test)]
        pub const LIKE_ENGLISH: &[&str] = &[$($same),*];
    };
}
pub(crate) use translation;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_written_in_snake_case_and_closed() {
        for (section, entry, text) in EN.entries() {
            let names = placeholders(text);
            assert_eq!(text.matches('{').count(), names.len(), "{section}.{entry} leaves one open");
            assert_eq!(text.matches('}').count(), names.len(), "{section}.{entry} closes none");
            for name in names {
                let snake = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                assert!(snake && !name.is_empty(), "{section}.{entry} has {{{name}}}");
            }
        }
    }

    #[test]
    fn texts_are_plain() {
        for (section, entry, text) in EN.entries() {
            assert!(!text.trim().is_empty(), "{section}.{entry} is empty");
            assert!(!text.contains('!'), "{section}.{entry} shouts");
            assert!(!text.to_lowercase().contains("please"), "{section}.{entry} begs");
        }
    }

    #[test]
    fn a_value_is_not_searched_for_placeholders() {
        let filled = fill("{name} of {limit}, {rest}", &[("name", &"{limit}"), ("limit", &10)]);
        assert_eq!(filled, "{limit} of 10, {rest}");
    }

    #[test]
    fn every_code_has_a_text() {
        for code in Code::ALL {
            assert!(EN.problem.find(code.as_str()).is_some(), "{} has no text", code.as_str());
        }
        assert_eq!(EN.flash.find("nothing_like_it"), None);
    }

    #[test]
    fn every_permission_has_a_text() {
        for permission in Permission::ALL {
            assert_ne!(EN.permission(*permission), permission.as_str());
        }
    }

    #[test]
    fn what_was_done_has_words_or_keeps_its_name() {
        assert_eq!(EN.activity("auth.signed_in"), "Signed in");
        assert_eq!(EN.activity("moon.landed"), "moon.landed");
        assert_eq!((EN.actor("bootstrap"), EN.actor(""), EN.actor("Olivia Owens")), ("Keel", "Somebody", "Olivia Owens"));
    }

    #[test]
    fn a_price_says_how_often_it_is_paid() {
        let amount = Money { minor: 2900, currency: keel_types::Currency::Usd };
        assert_eq!(EN.price(amount, Some(Interval::Year)), "$29 per year");
        assert_eq!((EN.price(amount, None), EN.price(Money { minor: 0, ..amount }, None)), ("$29 once".to_owned(), "Free".to_owned()));
        assert_eq!(EN.seat_price(amount, Interval::Month), "$29 per seat, per month");
    }

    #[test]
    fn a_number_chooses_the_word_that_goes_with_it() {
        let english = |n: i64| fill("{n} {n:seat|seats}", &[("n", &n)]);
        assert_eq!([english(0), english(1), english(2)], ["0 seats", "1 seat", "2 seats"]);
        let french = |n: &str| fill("{n} {n:siège|siège|sièges}", &[("n", &n)]);
        assert_eq!([french("0"), french("1"), french("21")], ["0 siège", "1 siège", "21 sièges"]);
        assert_eq!(fill("{n:seat|seats}", &[]), "{n:seat|seats}");
        assert_eq!(placeholders("{used} of {limit} {limit:seat|seats}"), ["used", "limit", "limit"]);
    }

    #[test]
    fn roles_from_the_start_are_called_in_every_language_and_others_as_they_are_named() {
        let german = crate::Lang::De.catalogue();
        assert_eq!((EN.role("Owner"), german.role("Member")), ("Owner", "Mitglied"));
        assert_eq!((german.role("Auditor"), german.role("member")), ("Auditor", "member"));
    }
}
