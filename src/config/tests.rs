use super::*;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Reads settings; gives them with the names of all that were asked for.
fn ask(set: &[(&str, &str)]) -> (Result<Config, BadConfig>, BTreeSet<String>) {
    let dir = std::env::temp_dir().join(format!("keel-config-{}-{:?}", std::process::id(), std::thread::current().id()));
    let dir = dir.display().to_string();
    let asked = RefCell::new(BTreeSet::new());
    let names: Vec<String> = set.iter().map(|(name, _)| (*name).to_owned()).collect();
    let read = Config::read(&names, |name| {
        asked.borrow_mut().insert(name.to_owned());
        let set = set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        set.or_else(|| (name == "KEEL_DATA_DIR").then(|| dir.clone()))
    });
    let _ = std::fs::remove_dir_all(&dir);
    (read, asked.into_inner())
}

fn read(set: &[(&str, &str)]) -> Result<Config, BadConfig> {
    ask(set).0
}

/// What is said of settings that are not taken.
fn refused(set: &[(&str, &str)]) -> String {
    read(set).expect_err(&format!("{set:?} is taken")).to_string()
}

/// These settings in production, besides what is needed.
fn in_production<'a>(set: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    set.iter().chain(PRODUCTION).copied().collect()
}

const SECRET: &str = "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlIGFyZSAzMg==";

const PRODUCTION: &[(&str, &str)] = &[
    ("KEEL_ENV", "production"),
    ("KEEL_BASE_URL", "https://keel.example"),
    ("KEEL_SECRET", SECRET),
    ("SMTP_URL", "smtps://mail.example"),
    ("KEEL_MAIL_FROM", "Keel <keel@keel.example>"),
    ("STRIPE_SECRET_KEY", "sk_live_x"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_a,whsec_b"),
];

/// Wherever Keel runs.
const MALFORMED: &[(&str, &str)] = &[
    ("KEEL_ENV", "prod"),
    ("KEEL_DATA_DIR", "/dev/null/data"),
    ("KEEL_CONFIG", "/dev/null/keel.toml"),
    ("KEEL_CONFIG", "Cargo.toml"),
    ("KEEL_LISTEN", "3000"),
    ("KEEL_LISTEN", "s3same:3000"),
    ("KEEL_DRAIN", "soon"),
    ("KEEL_DRAIN", "-1"),
    ("KEEL_DRAIN", "18446744073709551615"),
    ("KEEL_METRICS_LISTEN", "9100"),
    ("KEEL_METRICS_LISTEN", "metrics.example:9100"),
    ("KEEL_TRUSTED_PROXIES", "proxy.example"),
    ("KEEL_TRUSTED_PROXIES", "10.0.0.0/8,"),
    ("DATABASE_URL", "mysql://keel:s3same@db.example"),
    ("DATABASE_URL", "postgres://keel:s3same@db.example:port/keel"),
    ("DATABASE_URL", "postgres://keel:s3same@db.example/keel?sslmode=s3same"),
    ("DATABASE_URL", "postgres-s3same"),
    ("KEEL_BASE_URL", "keel.example"),
    ("KEEL_BASE_URL", "http://keel.example/app"),
    ("KEEL_BASE_URL", "https://user:s3same@keel.example"),
    ("KEEL_SECRET", "s3same"),
    ("KEEL_SECRET", "s3same is not base64, however long it may be made"),
    ("KEEL_SECRET", "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlIGFyZSAzMg==,s3same"),
    ("KEEL_BUSINESS_MODEL", "b2x"),
    ("KEEL_BILLING_MODEL", "free"),
    ("KEEL_MAIL_FROM", "Keel"),
    ("KEEL_MAIL_FROM", "Keel <keel@keel.example>\r\nBcc: eve@evil.example"),
    ("SMTP_URL", "mail.example"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", "http://user:s3same@mail.example"),
    ("SMTP_URL", "smtp://user:s3same@mail.example?tls=s3same"),
    ("STRIPE_SECRET_KEY", "pk_live_s3same"),
    ("STRIPE_SECRET_KEY", "sk_live_s3same x"),
    ("STRIPE_WEBHOOK_SECRET", "s3same"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_s3same,"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_s3same,whsec_b,whsec_c"),
    ("STRIPE_API_BASE", "localhost:3001"),
    ("STRIPE_API_BASE", "https://user:s3same@stripe.example"),
];

/// In production: what is sent there could be read on its way.
const INSECURE: &[(&str, &str)] = &[
    ("KEEL_BASE_URL", "http://keel.example"),
    ("KEEL_BASE_URL", "http://127.0.0.1:3000"),
    ("DATABASE_URL", "postgres://keel:s3same@db.example/keel"),
    ("DATABASE_URL", "postgres://keel:s3same@db.example/keel?sslmode=prefer"),
    ("DATABASE_URL", "postgres://keel:s3same@db.example/keel?sslmode=disable"),
    ("DATABASE_URL", "postgres://keel:s3same@localhost/keel?host=db.example"),
    ("SMTP_URL", "smtp://user:s3same@mail.example"),
    ("SMTP_URL", "smtp://user:s3same@mail.example:587?tls=opportunistic"),
    ("STRIPE_API_BASE", "http://stripe.example"),
];

#[test]
fn development_needs_nothing() {
    let config = read(&[]).unwrap();
    assert!(config.stripe.is_none() && config.base_url.is_none() && config.smtp_url.is_none());
    assert!(config.database_url.starts_with("sqlite:"));
}

#[test]
fn production_names_what_is_missing() {
    assert!(read(PRODUCTION).is_ok());
    for (name, _) in &PRODUCTION[1..] {
        let rest: Vec<_> = PRODUCTION.iter().copied().filter(|(known, _)| known != name).collect();
        assert!(refused(&rest).starts_with(name), "{name}");
    }
}

#[test]
fn malformed_settings_are_named_and_not_told() {
    for one in MALFORMED {
        for set in [&[*one][..], &in_production(&[*one])] {
            let said = refused(set);
            assert!(said.lines().any(|line| line.starts_with(&format!("{}: ", one.0))), "{one:?}: {said}");
            assert!(!said.contains("s3same"), "{one:?}: {said}");
        }
    }
}

#[test]
fn every_setting_that_is_asked_for_is_looked_at() {
    let tried: BTreeSet<String> = MALFORMED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let asked = ask(PRODUCTION).1;
    assert_eq!(asked.difference(&tried).collect::<Vec<_>>(), Vec::<&String>::new(), "a malformed one of these is taken");
}

#[test]
fn production_takes_no_address_where_secrets_can_be_read_on_their_way() {
    for one in INSECURE {
        let said = refused(&in_production(&[*one]));
        assert!(said.starts_with(&format!("{}: ", one.0)) && said.lines().count() == 1, "{one:?}: {said}");
        assert!(!said.contains("s3same"), "{one:?}: {said}");
    }
    for one in INSECURE.iter().filter(|(name, _)| *name != "STRIPE_API_BASE") {
        assert!(read(&[*one]).is_ok(), "in development {one:?} is taken");
    }
}

#[test]
fn production_takes_addresses_of_this_machine_and_those_with_tls() {
    for one in [
        ("DATABASE_URL", "postgres://keel@127.0.0.1/keel"),
        ("DATABASE_URL", "postgres://keel@localhost/keel"),
        ("DATABASE_URL", "postgres://keel@[::1]/keel"),
        ("DATABASE_URL", "postgres://keel@%2Frun%2Fpostgresql/keel"),
        ("DATABASE_URL", "postgres:///keel?host=/run/postgresql"),
        ("DATABASE_URL", "postgres://keel:x@db.example/keel?sslmode=verify-full"),
        ("DATABASE_URL", "postgres://keel:x@db.example/keel?sslmode=verify-ca&sslrootcert=/etc/ca.pem"),
        ("DATABASE_URL", "postgresql://keel:x@db.example/keel?sslmode=require"),
        ("SMTP_URL", "smtp://127.0.0.1:9"),
        ("SMTP_URL", "smtp://user:x%40y@mail.example:587?tls=required"),
        ("STRIPE_API_BASE", "https://api.stripe.com"),
    ] {
        assert!(read(&in_production(&[one])).is_ok(), "{one:?}: {:?}", read(&in_production(&[one])).err());
    }
    let base = [("STRIPE_SECRET_KEY", "sk_test_x"), ("STRIPE_API_BASE", "http://127.0.0.1:9")];
    assert!(read(&in_production(&base)).is_ok_and(|config| config.stripe.is_some_and(|stripe| !stripe.sandbox)));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let set = [
        ("KEEL_ENV", "production"),
        ("KEEL_LISTEN", "here"),
        ("KEEL_SECRET", "short"),
        ("DATABASE_URL", "postgres://keel:x@db.example/keel"),
        ("SMTP_URL", "smtp://mail.example"),
        ("STRIPE_SECRET_KEY", "pk_live_x"),
        ("STRIPE_API_BASE", "http://stripe.example"),
    ];
    let said = refused(&set);
    let named: BTreeSet<&str> = said.lines().filter_map(|line| line.split(':').next()).collect();
    let wanted = [
        "DATABASE_URL",
        "KEEL_BASE_URL",
        "KEEL_LISTEN",
        "KEEL_MAIL_FROM",
        "KEEL_SECRET",
        "SMTP_URL",
        "STRIPE_API_BASE",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ];
    assert_eq!(named, BTreeSet::from(wanted), "{said}");
}
