//! Random grants and expiries against a model that only adds up, on SQLite, and on PostgreSQL where the tests have one.

use super::*;
use crate::billing::catalogue::Product;
use crate::clock::Clock;
use crate::db::Db;
use crate::secrets::{Secret, reference};
use crate::settings::{Environment, Settings, StripeSettings};
use keel_types::UserId;
use keel_types::time::DAY;
use std::collections::BTreeSet;
use std::path::PathBuf;

sql! {
    INSERT_PERSON = "INSERT INTO users (id, email, verified_at, created_at) VALUES ($1, $2, 0, 0)";
    INSERT_ACCOUNT = "INSERT INTO accounts (id, kind, name, person_id, billing_owner_id, created_at) VALUES ($1, 'personal', 'x', $2, $2, 0)";
    LIST_ENTRIES = "SELECT number, amount, balance_after FROM credit_entries WHERE account_id = $1 ORDER BY number";
    FIND_BALANCE = "SELECT balance FROM credit_balances WHERE account_id = $1";
    SUM_LOTS = "SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM credit_lots WHERE account_id = $1";
}

/// A Keel without anybody to talk to.
struct Bench {
    keel: Keel,
    dir: Option<PathBuf>,
}

impl Bench {
    async fn all() -> Vec<Self> {
        let dir = std::env::temp_dir().join(format!("keel-credits-{}", reference()));
        std::fs::create_dir(&dir).unwrap();
        let mut all = vec![Self { keel: keel(&format!("sqlite:{}", dir.join("keel.db").display())).await, dir: Some(dir) }];
        if let Ok(server) = std::env::var("KEEL_TEST_POSTGRES") {
            all.push(Self { keel: keel(&database_at(&server).await).await, dir: None });
        }
        all
    }

    async fn account(&self) -> AccountId {
        let (user, account) = (ids::new::<UserId>(), ids::new::<AccountId>());
        let mut tx = self.keel.db().begin().await.unwrap();
        tx.run(INSERT_PERSON, args![&user, format!("{user}@acme.example")]).await.unwrap();
        tx.run(INSERT_ACCOUNT, args![&account, &user]).await.unwrap();
        tx.commit().await.unwrap();
        account
    }

    async fn close(self) {
        self.keel.close().await;
        if let Some(dir) = self.dir {
            std::fs::remove_dir_all(dir).unwrap();
        }
    }
}

/// A database of its own; the server goes away with the tests.
#[expect(clippy::disallowed_methods, reason = "the server is asked past Keel")]
async fn database_at(server: &str) -> String {
    use sqlx::Connection as _;
    let name = format!("keel_credits_{}", reference());
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

async fn keel(url: &str) -> Keel {
    let stripe = StripeSettings {
        secret_key: "sk_test_x".to_owned(),
        webhook_secrets: vec![],
        api_base: Some("http://127.0.0.1:1".to_owned()),
        sandbox: true,
    };
    let settings = Settings {
        environment: Environment::Development,
        base_url: "http://127.0.0.1:1".to_owned(),
        secret: Secret::parse(&Secret::generate()).unwrap(),
        product: Product::parse(include_str!("../../../../keel.toml")).unwrap(),
        mail_from: "Keel <keel@localhost>".to_owned(),
        smtp_url: None,
        stripe,
        providers: vec![],
    };
    Keel::start(Db::open(url).await.unwrap(), Clock::default(), settings).await.unwrap()
}

async fn grants(keel: &Keel, account: &AccountId, amount: i64, fact: &str, expires: Option<Instant>) -> Result<()> {
    let mut tx = keel.db().begin().await?;
    locks::lock_account(&mut tx, account).await?;
    let given = Grant { kind: Kind::Subscription, amount, fact: fact.to_owned(), expires, payment: None };
    grant(&mut tx, account, &given, keel.now()).await?;
    Ok(tx.commit().await?)
}

/// The same, told again while a busy machine keeps more waiting than may wait.
async fn tells(keel: &Keel, account: &AccountId, amount: i64, fact: &str) {
    while let Err(refusal) = grants(keel, account, amount, fact, None).await {
        assert_eq!(refusal, Refusal::Unavailable);
    }
}

/// What an account has, added up by nothing but additions.
#[derive(Default)]
struct Model {
    lots: Vec<(i64, Option<Instant>)>,
    facts: BTreeSet<String>,
    entries: Vec<i64>,
}

impl Model {
    fn expire(&mut self, now: Instant) {
        let (mut due, kept): (Vec<_>, Vec<_>) = self.lots.drain(..).partition(|(_, ends)| ends.is_some_and(|ends| ends <= now));
        due.sort_by_key(|(_, ends)| *ends);
        self.entries.extend(due.into_iter().map(|(left, _)| -left));
        self.lots = kept;
    }

    fn grant(&mut self, amount: i64, fact: &str, ends: Option<Instant>, now: Instant) {
        if amount > 0 && self.facts.insert(fact.to_owned()) {
            self.expire(now);
            self.lots.push((amount, ends));
            self.entries.push(amount);
        }
    }
}

async fn assert_same(keel: &Keel, account: &AccountId, model: &Model, step: usize) {
    let mut conn = keel.db().read();
    let entries: Vec<(i64, i64, i64)> = conn.list(LIST_ENTRIES, args![account]).await.unwrap();
    let mut balance = 0;
    for (place, (number, amount, after)) in entries.iter().enumerate() {
        balance += amount;
        assert_eq!((*number, *after), (i64::try_from(place).unwrap() + 1, balance), "step {step}");
    }
    assert_eq!(entries.iter().map(|(_, amount, _)| *amount).collect::<Vec<_>>(), model.entries, "step {step}");
    let kept: Option<(i64,)> = conn.find(FIND_BALANCE, args![account]).await.unwrap();
    let lots: (i64,) = conn.get(SUM_LOTS, args![account]).await.unwrap();
    let expected: i64 = model.lots.iter().map(|(left, _)| left).sum();
    assert_eq!((kept.map_or(0, |(b,)| b), lots.0, balance), (expected, expected, expected), "step {step}");
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % end
    }
}

#[tokio::test]
async fn whatever_is_granted_and_expires_adds_up() {
    for bench in Bench::all().await {
        for seed in 1..=3 {
            let (mut dice, keel) = (Dice(seed), &bench.keel);
            let mut accounts = vec![];
            for _ in 0..3 {
                accounts.push((bench.account().await, Model::default()));
            }
            for step in 0..60 {
                let chosen = usize::try_from(dice.below(3)).unwrap();
                match dice.below(4) {
                    0 => keel.move_clock(dice.below(20) * DAY).await.unwrap(),
                    1 => {
                        while expire(keel).await.unwrap() {}
                        for (_, model) in &mut accounts {
                            model.expire(keel.now());
                        }
                    }
                    _ => {
                        let (account, model) = &mut accounts[chosen];
                        // Half a day off, so that no lot ends while a step is under way.
                        let ends = keel.now().plus(dice.below(40) * DAY + DAY / 2);
                        let ends = (dice.below(4) > 0).then_some(ends);
                        let (amount, fact) = (dice.below(5_000) - 100, format!("{account}:{}", dice.below(30)));
                        let now = keel.now();
                        grants(keel, account, amount, &fact, ends).await.unwrap();
                        model.grant(amount, &fact, ends, now);
                    }
                }
                let (account, model) = &accounts[chosen];
                assert_same(keel, account, model, step).await;
            }
            for (account, model) in &accounts {
                assert_same(keel, account, model, usize::MAX).await;
            }
        }
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_told_fifty_times_at_once_grants_once_and_fifty_facts_all_count() {
    for bench in Bench::all().await {
        let (once, all) = (bench.account().await, bench.account().await);
        let tellers: Vec<_> = (0..50)
            .map(|number| {
                let (keel, once, all) = (bench.keel.clone(), once.clone(), all.clone());
                tokio::spawn(async move {
                    tells(&keel, &once, 2_500, "the payment").await;
                    tells(&keel, &all, 1, &format!("fact {number}")).await;
                })
            })
            .collect();
        for teller in tellers {
            teller.await.unwrap();
        }
        let told = |amount, times| Model { lots: vec![(amount, None); times], entries: vec![amount; times], ..Model::default() };
        assert_same(&bench.keel, &once, &told(2_500, 1), 0).await;
        assert_same(&bench.keel, &all, &told(1, 50), 0).await;
        bench.close().await;
    }
}

#[tokio::test]
async fn credits_last_to_the_millisecond_and_end_once() {
    for bench in Bench::all().await {
        let account = bench.account().await;
        let end = bench.keel.now().plus(DAY);
        let mut model = Model::default();
        for (amount, fact) in [(7, "one"), (5, "another")] {
            grants(&bench.keel, &account, amount, fact, Some(end)).await.unwrap();
            model.grant(amount, fact, Some(end), bench.keel.now());
        }
        for (moment, step) in [(end.plus(-1), 1), (end, 2), (end, 3), (end.plus(DAY), 4)] {
            let mut tx = bench.keel.db().begin().await.unwrap();
            locks::lock_account(&mut tx, &account).await.unwrap();
            expire_due(&mut tx, &account, moment).await.unwrap();
            tx.commit().await.unwrap();
            model.expire(moment);
            assert_same(&bench.keel, &account, &model, step).await;
        }
        assert_eq!(model.entries, [7, 5, -7, -5]);
        bench.close().await;
    }
}
