//! The bank of credits, whose clients are killed with `kill -9` at any moment: what they were answered is in the ledger, once, and
//! nothing else is.

use super::support::{Chance, scaled};
use crate::flows::ledger::{self, on_free, prove};
use crate::on_both;
use crate::support::{App, Browser, Engine};
use keel::config::Config;
use keel_domain::Keel;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use keel_types::AccountId;
use keel_types::time::{HOUR, MINUTE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Where a process of clients finds its orders.
const ORDERS: &str = "KEEL_TEST_BANK";
const CLIENTS: usize = 16;
const ACCOUNTS: usize = 10;

/// What a process of clients is to do.
#[derive(Serialize, Deserialize)]
struct Orders {
    database: String,
    /// Sessions and the accounts they spend for.
    customers: Vec<(String, String)>,
    /// Where it writes down what it begins, and what it was answered.
    history: PathBuf,
    /// Which of the processes it is.
    run: u64,
}

on_both! { what_a_killed_bank_has_answered_is_in_the_books_once }

async fn what_a_killed_bank_has_answered_is_in_the_books_once(engine: Engine) {
    let mut chance = Chance::new("bank");
    let app = App::start(engine, &[]).await;
    let mut customers = vec![];
    for number in 0..ACCOUNTS {
        let (browser, account) = on_free(&app, &format!("client{number}@acme.example")).await;
        ledger::adjust(&app, &account, 100_000, "begin").await;
        customers.push((session(&browser), account.to_string()));
    }
    let history = std::env::temp_dir().join(format!("keel-bank-{}", keel_domain::secrets::reference()));
    let (operations, kills) = scaled((1_000, 4), (20_000, 50));
    let mut run = 0;
    while run < kills || told(&history).iter().filter(|line| line.starts_with("done")).count() < operations {
        let orders = Orders { database: app.db.url.clone(), customers: customers.clone(), history: history.clone(), run };
        let mut clients = Command::new(std::env::current_exe().unwrap());
        clients.args(["--ignored", "--exact", "process::bank::clients_of_the_bank", "--nocapture"]);
        clients.env(ORDERS, serde_json::to_string(&orders).unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut clients = clients.spawn().unwrap();
        let before = told(&history).len();
        for _ in 0..400 {
            if told(&history).len() > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(chance.between(1, 2_000))).await;
        clients.kill().unwrap();
        clients.wait().unwrap();
        run += 1;
        assert!(run < 20 * kills, "they do next to nothing: {}", told(&history).len());
    }
    // What was held by somebody who is gone is given back.
    app.advance(HOUR).await;
    app.settles("SELECT COUNT(*) FROM credit_balances WHERE held <> 0", 0).await;
    let done = compare(&app, &told(&history)).await;
    prove(&app).await;
    println!(
        "{done} operations of {CLIENTS} clients on {ACCOUNTS} accounts, {run} times killed on {engine:?}: each answer is in the books once"
    );
    std::fs::remove_file(&history).unwrap();
    app.stop().await;
}

fn session(browser: &Browser) -> String {
    browser.cookie("keel_session").unwrap()
}

/// The lines that were written whole.
fn told(history: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(history).unwrap_or_default();
    text.lines().filter(|line| line.ends_with(';')).map(|line| line.trim_end_matches(';').to_owned()).collect()
}

/// Compares the answers with the ledger. Gives how many there were.
async fn compare(app: &App, history: &[String]) -> usize {
    let held = "SELECT h.fact || ' ' || e.amount FROM credit_entries e JOIN credit_holds h ON e.fact = 'hold:' || h.id WHERE e.kind = 'ai_request'";
    let adjusted = "SELECT fact || ' ' || amount FROM credit_entries WHERE kind = 'adjustment'";
    let mut entries: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in app.db.texts(held).await.into_iter().chain(app.db.texts(adjusted).await) {
        let (fact, amount) = row.rsplit_once(' ').unwrap();
        entries.entry(fact.rsplit_once("bank-").map_or(fact, |(_, fact)| fact).to_owned()).or_default().push(amount.parse().unwrap());
    }
    let (mut begun, mut done) = (BTreeMap::new(), 0);
    for line in history {
        let [word, fact, amount] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let amount: i64 = amount.parse().unwrap();
        if word == "begun" {
            begun.insert(fact.to_owned(), amount);
        } else {
            done += 1;
            let wanted: &[i64] = if amount == 0 { &[] } else { &[amount] };
            assert_eq!(entries.remove(fact).unwrap_or_default(), wanted, "{fact}");
            begun.remove(fact);
        }
    }
    // Of what nobody was answered, each is there once or not at all.
    for (fact, found) in entries.into_iter().filter(|(fact, _)| !fact.ends_with(":begin")) {
        let most = begun.get(&fact).unwrap_or_else(|| panic!("nobody asked for {fact}"));
        assert!(found.len() == 1 && found[0].abs() <= most.abs(), "{fact}: {found:?}, of {most}");
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the test above runs it in a process of its own"]
async fn clients_of_the_bank() {
    let orders: Orders = serde_json::from_str(&std::env::var(ORDERS).unwrap()).unwrap();
    let mut config = Config::read(&[], |name| match name {
        "DATABASE_URL" => Some(orders.database.clone()),
        "KEEL_DATA_DIR" => orders.history.parent().map(|dir| dir.display().to_string()),
        "STRIPE_API_BASE" => Some("http://127.0.0.1:9".to_owned()),
        "STRIPE_SECRET_KEY" => Some("sk_test_none".to_owned()),
        "STRIPE_WEBHOOK_SECRET" => Some("whsec_none".to_owned()),
        "KEEL_LISTEN" => Some("127.0.0.1:9".to_owned()),
        _ => None,
    })
    .unwrap();
    let stripe = config.stripe.take().unwrap();
    let settings = config.settings("127.0.0.1:9".parse().unwrap(), stripe);
    let keel = Keel::start(Db::open(&orders.database).await.unwrap(), Clock::default(), settings).await.unwrap();
    let history = Arc::new(OpenOptions::new().create(true).append(true).open(&orders.history).unwrap());
    let customers: Arc<Vec<_>> = Arc::new(orders.customers);
    for client in 0..CLIENTS {
        let (keel, customers, history) = (keel.clone(), customers.clone(), history.clone());
        tokio::spawn(async move { spend(&keel, &customers, &history, orders.run, client).await });
    }
    tokio::time::sleep(Duration::from_millis(u64::try_from(MINUTE).unwrap())).await;
}

/// Goes on until the process is killed. A line is one write, which outlives the process.
async fn spend(keel: &Keel, customers: &[(String, String)], history: &File, run: u64, client: usize) {
    let mut history = history;
    let mut write = |line: String| history.write_all(line.as_bytes()).unwrap();
    for step in 0_usize.. {
        let (session, account) = &customers[(step * 7 + client) % customers.len()];
        let account = AccountId::parse(account).unwrap();
        let (name, most) = (format!("{run}:{client}:{step}"), i64::try_from(step % 5).unwrap() + 1);
        let fact = format!("bank-{name}");
        write(format!("begun {name} {most};\n"));
        let amount = if step % 4 == 0 {
            while ledger::adjusted(keel, &account, most, &fact).await.is_err() {}
            most
        } else {
            let asked = ledger::asked_with(session, &account);
            let held = ledger::reserve(keel, &asked, &fact, most).await.unwrap();
            -ledger::settle(keel, &held, most - i64::from(step % 3 == 0)).await
        };
        write(format!("done {name} {amount};\n"));
    }
}
