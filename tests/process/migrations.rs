//! A migration of many rows, killed midway and run again: it completes, and what was there is there.

use super::support::{Chance, Deployment, scaled};
use crate::on_both;
use crate::support::{Database, Engine};
use sqlx::migrate::Migrator;
use std::path::Path;
use std::time::Duration;

/// The migrations after this one meet the rows.
const BEFORE: i64 = 4;

on_both! { a_killed_migration_completes_when_it_is_run_again }

async fn a_killed_migration_completes_when_it_is_run_again(engine: Engine) {
    let mut chance = Chance::new("migrations");
    let mut deployment = Deployment::new(engine).await;
    let dir = deployment.dir.join("old");
    std::fs::create_dir(&dir).unwrap();
    let old = Database::empty(engine, &dir).await;
    deployment.set("DATABASE_URL", &old.url);
    let migrated = std::mem::replace(&mut deployment.db, old);
    let rows = scaled(20_000, 1_000_000);
    let mut migrations = Migrator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))).await.unwrap();
    migrations.migrations.to_mut().retain(|migration| migration.version <= BEFORE);
    deployment.db.migrate(&migrations).await;
    fill(&deployment.db, rows).await;

    let (tries, mut killed) = (scaled(5, 20), 0);
    for number in 1..=tries {
        let lasts = Duration::from_millis(chance.between(1, scaled(40, 200) * number));
        killed += usize::from(!deployment.run_for("migrate", lasts).await);
    }
    assert!(killed > 0, "it was never killed");
    let done = deployment.run("migrate").await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let kept = "SELECT (SELECT COUNT(*) FROM credit_entries) + (SELECT COUNT(*) FROM user_sessions WHERE factor = 'code')";
    assert_eq!(deployment.db.number(kept).await, 2 * rows);
    let proof = deployment.run("verify-ledger").await;
    assert!(proof.status.success(), "{}", String::from_utf8_lossy(&proof.stdout));
    let keel = deployment.serve().await;
    println!("migrations over {rows} entries and {rows} sessions on {engine:?}: killed {killed} times, completed, nothing lost");
    drop(keel);
    migrated.remove().await;
    deployment.remove().await;
}

/// Somebody with so many sessions, and a ledger of so many entries.
async fn fill(db: &Database, rows: i64) {
    let zeros = "0".repeat(22);
    let counted = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    let id = |prefix: &str| format!("'{prefix}_{zeros}' || CAST(1000000000 + i AS TEXT)");
    let (user, account) = (format!("usr_{zeros}0000000001"), format!("acc_{zeros}0000000001"));
    for statement in [
        format!("INSERT INTO users (id, email, verified_at, created_at) VALUES ('{user}', 'olivia@acme.example', 1, 1)"),
        format!("INSERT INTO accounts (id, kind, name, person_id, billing_owner_id, created_at) VALUES ('{account}', 'personal', 'Olivia', '{user}', '{user}', 1)"),
        format!("INSERT INTO credit_balances (account_id, balance) VALUES ('{account}', {rows})"),
        format!("INSERT INTO credit_lots (id, account_id, remaining, created_at) VALUES ('lot_{zeros}0000000001', '{account}', {rows}, 1)"),
        format!(
            "{counted} INSERT INTO credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)
             SELECT {}, '{account}', i, 'adjustment', 1, i, 'fact ' || CAST(i AS TEXT), i FROM n",
            id("ent")
        ),
        format!(
            "{counted} INSERT INTO user_sessions (id, token_hash, user_id, active_account_id, factor, agent, address, created_at, last_seen_at)
             SELECT {}, 'token ' || CAST(i AS TEXT), '{user}', '{account}', 'code', '', '', i, i FROM n",
            id("ses")
        ),
    ] {
        db.run(&statement).await;
    }
}
