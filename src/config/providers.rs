//! `OAUTH_<PROVIDER>_CLIENT_ID`, `_CLIENT_SECRET` and `_ISSUER`: whose accounts people sign in by.

use super::{BadConfig, is_loopback};
use keel_domain::providers::settings::{Kind, ProviderSettings};
use std::collections::BTreeSet;

const PREFIX: &str = "OAUTH_";
const CLIENT_ID: &str = "_CLIENT_ID";
const CLIENT_SECRET: &str = "_CLIENT_SECRET";
const ISSUER: &str = "_ISSUER";
/// Most characters of a provider's name.
const LONGEST: usize = 30;

/// Those whose issuer is known: the setting's word, the name, what they speak and their issuer.
const FAMILIAR: [(&str, &str, Kind, &str); 3] = [
    ("GOOGLE", "Google", Kind::Google, "https://accounts.google.com"),
    ("GITHUB", "GitHub", Kind::GitHub, "https://github.com"),
    ("MICROSOFT", "Microsoft", Kind::Microsoft, "https://login.microsoftonline.com/common/v2.0"),
];

/// The providers, those that are familiar first, others by their names.
///
/// # Errors
/// Names every setting of theirs that is missing or malformed.
pub(super) fn read(names: &[String], env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Vec<ProviderSettings>, BadConfig> {
    let mut reader = Reader { env, production, faults: vec![] };
    let mut words = BTreeSet::new();
    for name in names.iter().filter(|name| name.starts_with(PREFIX) && env(name).is_some()) {
        words.extend(reader.word_of(name));
    }
    let place = |word: &str| FAMILIAR.iter().position(|(known, ..)| *known == word).unwrap_or(FAMILIAR.len());
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_by_key(|word| place(word));
    let all = words.into_iter().filter_map(|word| reader.provider(word)).collect();
    if reader.faults.is_empty() { Ok(all) } else { Err(BadConfig::Providers(reader.faults)) }
}

/// Reads settings, and collects what is wrong with them.
struct Reader<'a, E> {
    env: &'a E,
    production: bool,
    faults: Vec<String>,
}

impl<E: Fn(&str) -> Option<String>> Reader<'_, E> {
    fn fault<T>(&mut self, name: &str, should: &str) -> Option<T> {
        self.faults.push(format!("{name}: {should}"));
        None
    }

    /// The provider's word in a setting's name.
    fn word_of<'n>(&mut self, name: &'n str) -> Option<&'n str> {
        let rest = &name[PREFIX.len()..];
        let word = [CLIENT_ID, CLIENT_SECRET, ISSUER].iter().find_map(|ending| rest.strip_suffix(ending));
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let word = word.filter(|word| word.len() <= LONGEST && word.split('_').all(is_part));
        let should =
            "is OAUTH_<PROVIDER>_CLIENT_ID, _CLIENT_SECRET or _ISSUER, with a name of capital letters, digits and single underscores";
        word.or_else(|| self.fault(name, should))
    }

    fn text(&mut self, name: &str, why: &str) -> Option<String> {
        match (self.env)(name) {
            Some(text) if text.bytes().all(|b| b.is_ascii_graphic()) => Some(text),
            Some(_) => self.fault(name, "has no spaces, and no characters but those of ASCII"),
            None => self.fault(name, why),
        }
    }

    fn provider(&mut self, word: &str) -> Option<ProviderSettings> {
        let name_of = |ending: &str| format!("{PREFIX}{word}{ending}");
        let familiar = FAMILIAR.iter().find(|(known, ..)| *known == word);
        let client_id = self.text(&name_of(CLIENT_ID), "is needed with the provider's other settings");
        let client_secret = self.text(&name_of(CLIENT_SECRET), "is needed with the provider's other settings");
        let name = name_of(ISSUER);
        let issuer = match familiar {
            Some((.., issuer)) if (self.env)(&name).is_none() => Some((*issuer).to_owned()),
            _ => self.text(&name, "is needed: where the provider is, as it says it itself"),
        };
        let issuer = match issuer {
            Some(issuer) if !is_issuer(&issuer, self.production) => self.fault(&name, "is `https://host[/path]`, without a query"),
            issuer => issuer,
        };
        let (name, kind) = familiar.map_or_else(|| (title(word), Kind::OpenId), |(_, name, kind, _)| ((*name).to_owned(), *kind));
        let slug = word.to_ascii_lowercase().replace('_', "-");
        Some(ProviderSettings { slug, name, kind, client_id: client_id?, client_secret: client_secret?, issuer: issuer? })
    }
}

/// In development also on this machine, without encryption.
fn is_issuer(issuer: &str, production: bool) -> bool {
    let is_https = issuer.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    (is_https || (!production && is_loopback(issuer))) && !issuer.contains(['?', '#', '@', '\\'])
}

/// `ACME_SSO` as people read it: `Acme Sso`.
fn title(word: &str) -> String {
    let part = |part: &str| format!("{}{}", &part[..1], part[1..].to_ascii_lowercase());
    word.split('_').map(part).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(set: &[(&str, &str)], production: bool) -> Result<Vec<ProviderSettings>, String> {
        let names: Vec<String> = set.iter().map(|(name, _)| (*name).to_owned()).collect();
        let env = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        read(&names, &env, production).map_err(|error| error.to_string())
    }

    #[test]
    fn without_settings_there_are_none() {
        assert!(read_all(&[("KEEL_ENV", "production")], true).unwrap().is_empty());
    }

    #[test]
    fn familiar_ones_need_no_issuer_and_others_do() {
        let set = [
            ("OAUTH_ACME_SSO_CLIENT_ID", "a"),
            ("OAUTH_ACME_SSO_CLIENT_SECRET", "b"),
            ("OAUTH_ACME_SSO_ISSUER", "https://sso.acme.example/realms/acme"),
            ("OAUTH_GITHUB_CLIENT_ID", "c"),
            ("OAUTH_GITHUB_CLIENT_SECRET", "d"),
            ("OAUTH_GOOGLE_CLIENT_ID", "e"),
            ("OAUTH_GOOGLE_CLIENT_SECRET", "f"),
        ];
        let all = read_all(&set, true).unwrap();
        let told: Vec<_> = all.iter().map(|one| (one.slug.as_str(), one.name.as_str(), one.kind, one.issuer.as_str())).collect();
        let sso = ("acme-sso", "Acme Sso", Kind::OpenId, "https://sso.acme.example/realms/acme");
        let google = ("google", "Google", Kind::Google, "https://accounts.google.com");
        assert_eq!(told, [google, ("github", "GitHub", Kind::GitHub, "https://github.com"), sso]);
        assert_eq!(all[2].origin(), "https://sso.acme.example");
        assert!(!format!("{:?}", all[0]).contains('f'), "the secret is not printed: {:?}", all[0]);
    }

    #[test]
    fn half_set_and_malformed_ones_are_named() {
        let whole = [("OAUTH_ACME_CLIENT_ID", "a"), ("OAUTH_ACME_CLIENT_SECRET", "b"), ("OAUTH_ACME_ISSUER", "https://acme.example")];
        assert!(read_all(&whole, true).is_ok());
        for (name, _) in whole {
            let rest: Vec<_> = whole.iter().copied().filter(|(known, _)| *known != name).collect();
            for production in [true, false] {
                assert!(read_all(&rest, production).unwrap_err().starts_with(name), "{name}");
            }
        }
        for (name, value) in [
            ("OAUTH_ACME_CLIENT_ID", "a b"),
            ("OAUTH_ACME_CLIENT_SECRET", "b\n"),
            ("OAUTH_ACME_ISSUER", "acme.example"),
            ("OAUTH_ACME_ISSUER", "https://"),
            ("OAUTH_ACME_ISSUER", "http://acme.example"),
            ("OAUTH_ACME_ISSUER", "https://acme.example?a"),
            ("OAUTH_ACME_ISSUER", "https://a@acme.example"),
            ("OAUTH_ACME_CLIENT_IDD", "a"),
            ("OAUTH_acme_CLIENT_ID", "a"),
            ("OAUTH__CLIENT_ID", "a"),
            ("OAUTH_CLIENT_ID", "a"),
        ] {
            let set: Vec<_> = whole.iter().copied().filter(|(known, _)| *known != name).chain([(name, value)]).collect();
            assert!(read_all(&set, true).unwrap_err().starts_with(name), "{name}={value}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once_and_no_value_is() {
        let set = [
            ("OAUTH_ACME_CLIENT_SECRET", "a secret with spaces"),
            ("OAUTH_ACME_ISSUER", "http://hidden.example"),
            ("OAUTH_GOOGLE_CLIENT_ID", "shown-to-google"),
            ("OAUTH_GOOGLE_SECRET", "misnamed-secret"),
        ];
        let told = read_all(&set, true).unwrap_err();
        let named: Vec<_> = told.lines().map(|line| line.split_once(':').unwrap().0).collect();
        let wanted =
            ["OAUTH_GOOGLE_SECRET", "OAUTH_GOOGLE_CLIENT_SECRET", "OAUTH_ACME_CLIENT_ID", "OAUTH_ACME_CLIENT_SECRET", "OAUTH_ACME_ISSUER"];
        assert_eq!(named, wanted);
        for (_, value) in set {
            assert!(!told.contains(value), "{value} is told: {told}");
        }
    }

    #[test]
    fn this_machine_is_an_issuer_in_development_alone() {
        let set = [("OAUTH_X_CLIENT_ID", "a"), ("OAUTH_X_CLIENT_SECRET", "b"), ("OAUTH_X_ISSUER", "http://localhost:8080")];
        assert_eq!(read_all(&set, false).unwrap()[0].origin(), "http://localhost:8080");
        assert!(read_all(&set, true).unwrap_err().starts_with("OAUTH_X_ISSUER"));
    }
}
