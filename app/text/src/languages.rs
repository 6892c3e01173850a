//! The languages the product speaks, and which of them a reader wants.

use crate::en::Catalogue;
use crate::{de, en, es, fr, nl};

/// From one line each: the language, its tag, its own name, and its file.
macro_rules! languages {
    ($($(#[$meta:meta])* $name:ident = $tag:literal $own:literal, $catalogue:path $(, $same:path)?;)*) => {
        /// A language the product speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum Lang { $(#[doc = concat!($own, ".")] $(#[$meta])* $name,)* }

        impl Lang {
            /// Every language, English first.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The tag for `<html lang>` and for the profile.
            pub fn tag(self) -> &'static str {
                match self { $(Self::$name => $tag,)* }
            }

            /// What its speakers call it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $own,)* }
            }

            /// The texts in this language.
            pub fn catalogue(self) -> &'static Catalogue {
                match self { $(Self::$name => &$catalogue,)* }
            }

            /// Texts that are right although they are the same in English.
            #[cfg(test)]
            fn like_english(self) -> &'static [&'static str] {
                match self { $(Self::$name => languages!(@same $($same)?),)* }
            }
        }
    };
    (@same) => { &[] };
    (@same $same:path) => { $same };
}

languages! {
    #[default]
    En = "en" "English", en::EN;
    De = "de" "Deutsch", de::DE, de::LIKE_ENGLISH;
    Nl = "nl" "Nederlands", nl::NL, nl::LIKE_ENGLISH;
    Fr = "fr" "Français", fr::FR, fr::LIKE_ENGLISH;
    Es = "es" "Español", es::ES, es::LIKE_ENGLISH;
}

impl Lang {
    /// The language of a tag such as `en` or `en-GB`, if the product speaks it.
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|lang| lang.tag().eq_ignore_ascii_case(language))
    }

    /// The language that an `Accept-Language` header asks for most. English for a header that asks for none of them; whatever
    /// in it cannot be read asks for nothing.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best = (Self::default(), 0.0);
        for (tag, quality) in accept_language.split(',').filter_map(weighed) {
            let lang = if tag == "*" { Some(Self::En) } else { Self::parse(tag) };
            if let Some(lang) = lang.filter(|_| quality > best.1) {
                best = (lang, quality);
            }
        }
        best.0
    }
}

/// The tag and the weight of `de-AT;q=0.8`; the weight is from 0 to 1, and 1 when it is not said.
fn weighed(range: &str) -> Option<(&str, f32)> {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
    let quality = parameter.trim().strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
    let quality = quality.parse().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
    Some((tag.trim(), quality))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::placeholders;
    use std::collections::BTreeSet;

    /// The languages that are translations.
    fn translations() -> impl Iterator<Item = Lang> {
        Lang::ALL.iter().copied().filter(|lang| *lang != Lang::En)
    }

    #[test]
    fn a_language_is_read_from_a_tag() {
        assert_eq!(Lang::parse("en-GB"), Some(Lang::En));
        assert_eq!(Lang::parse("DE_at"), Some(Lang::De));
        for tag in ["", "xx", "deu", "e", "-", "de "] {
            assert_eq!(Lang::parse(tag), None, "{tag}");
        }
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.tag()), Some(*lang));
        }
    }

    #[test]
    fn a_header_gets_the_language_it_asks_for_most() {
        for (header, lang) in [
            ("de-AT,de;q=0.9,en;q=0.8", Lang::De),
            ("pt-BR, es;q=0.7, fr;q=0.8", Lang::Fr),
            ("en;q=0.5, nl;q=0.50", Lang::En),
            ("nl ; q=1.000", Lang::Nl),
            ("fr;q=0, es;q=0.001", Lang::Es),
            ("fr;q=0", Lang::En),
            ("*", Lang::En),
            ("fr;q=0.3, *;q=0.5", Lang::En),
            ("ES-419;Q=0.1", Lang::Es),
        ] {
            assert_eq!(Lang::negotiate(header), lang, "{header}");
        }
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for header in ["", ",", ";;", "de;q", "de;q=", "de;q=high", "de;q=2", "de;q=-1", "de;q=NaN", "de;q=1;q=1", "de fr", "\u{1}", "=;,q"]
        {
            assert_eq!(Lang::negotiate(header), Lang::En, "{header}");
        }
        assert_eq!(Lang::negotiate("fr;q=x, de;q=0.1"), Lang::De);
        assert_eq!(Lang::negotiate(&"de,".repeat(10_000)), Lang::De);
    }

    #[test]
    fn nothing_is_left_in_english() {
        for lang in translations() {
            let known = lang.like_english();
            let same: BTreeSet<_> =
                lang.catalogue().entries().into_iter().zip(en::EN.entries()).filter(|(here, there)| here == there).collect();
            let left: Vec<_> = same.iter().map(|(entry, _)| entry).filter(|(.., text)| !known.contains(text)).collect();
            assert!(left.is_empty(), "{lang:?} leaves these in English: {left:#?}");
            let needless: Vec<_> = known.iter().filter(|text| !same.iter().any(|((.., same), _)| same == *text)).collect();
            assert!(needless.is_empty(), "{lang:?} lists these for nothing: {needless:?}");
        }
    }

    #[test]
    fn a_translation_is_filled_with_the_same() {
        for lang in translations() {
            for ((section, entry, here), (.., there)) in lang.catalogue().entries().into_iter().zip(en::EN.entries()) {
                let [here, there] = [here, there].map(|text| placeholders(text).into_iter().collect::<BTreeSet<_>>());
                assert_eq!(here, there, "{lang:?} {section}.{entry}");
            }
        }
    }

    #[test]
    fn a_translation_is_no_draft() {
        for lang in translations() {
            for ((section, entry, here), (.., there)) in lang.catalogue().entries().into_iter().zip(en::EN.entries()) {
                let at = format!("{lang:?} {section}.{entry}");
                assert!(!here.trim().is_empty() && here.trim() == here, "{at} is empty or has spaces around it");
                assert!(!here.contains("  ") && !here.contains('!') && !here.contains("TODO"), "{at}");
                assert_eq!(here.ends_with('.'), there.ends_with('.'), "{at} is a sentence in one language only");
                assert!(here.chars().count() <= 3 * there.chars().count() + 12, "{at} is three times as long");
            }
        }
    }
}
