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
pub(super) fn read(names: &[String], env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Vec<ProviderSettings>, BadConfig> {
    let mut words = BTreeSet::new();
    for name in names.iter().filter(|name| name.starts_with(PREFIX) && env(name).is_some()) {
        words.insert(word_of(name)?);
    }
    let place = |word: &str| FAMILIAR.iter().position(|(known, ..)| *known == word).unwrap_or(FAMILIAR.len());
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_by_key(|word| place(word));
    words.into_iter().map(|word| provider(word, env, production)).collect()
}

fn bad<T>(name: String, should: &str) -> Result<T, BadConfig> {
    Err(BadConfig::Setting(name.into(), should.to_owned()))
}

/// The provider's word in a setting's name.
fn word_of(name: &str) -> Result<&str, BadConfig> {
    let rest = &name[PREFIX.len()..];
    let word = [CLIENT_ID, CLIENT_SECRET, ISSUER].iter().find_map(|ending| rest.strip_suffix(ending));
    let is_word = |word: &&str| {
        let parts = word.split('_');
        word.len() <= LONGEST
            && parts.clone().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
    };
    let should = "is OAUTH_<PROVIDER>_CLIENT_ID, _CLIENT_SECRET or _ISSUER, with a name of capital letters, digits and single underscores";
    word.filter(is_word).map_or_else(|| bad(name.to_owned(), should), Ok)
}

fn provider(word: &str, env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<ProviderSettings, BadConfig> {
    let needed = |ending: &str, why: &str| {
        let name = format!("{PREFIX}{word}{ending}");
        match env(&name) {
            Some(text) if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(text),
            Some(_) => bad(name, "has no spaces, and no characters but those of ASCII"),
            None => bad(name, why),
        }
    };
    let familiar = FAMILIAR.iter().find(|(known, ..)| *known == word);
    let client_id = needed(CLIENT_ID, "is needed with the provider's other settings")?;
    let client_secret = needed(CLIENT_SECRET, "is needed with the provider's other settings")?;
    let set = env(&format!("{PREFIX}{word}{ISSUER}")).is_some();
    let issuer = match familiar {
        Some((.., issuer)) if !set => (*issuer).to_owned(),
        _ => needed(ISSUER, "is needed: where the provider is, as it says it itself")?,
    };
    if !is_issuer(&issuer, production) {
        return bad(format!("{PREFIX}{word}{ISSUER}"), "is `https://host[/path]`, without a query");
    }
    let (name, kind) = familiar.map_or_else(|| (title(word), Kind::OpenId), |(_, name, kind, _)| ((*name).to_owned(), *kind));
    Ok(ProviderSettings { slug: word.to_ascii_lowercase().replace('_', "-"), name, kind, client_id, client_secret, issuer })
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
    fn this_machine_is_an_issuer_in_development_alone() {
        let set = [("OAUTH_X_CLIENT_ID", "a"), ("OAUTH_X_CLIENT_SECRET", "b"), ("OAUTH_X_ISSUER", "http://localhost:8080")];
        assert_eq!(read_all(&set, false).unwrap()[0].origin(), "http://localhost:8080");
        assert!(read_all(&set, true).unwrap_err().starts_with("OAUTH_X_ISSUER"));
    }
}
