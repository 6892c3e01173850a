//! Backups as `docs/operations.md` says: its own commands, while Keel is in use, restored elsewhere.

use super::support::{Crowd, Deployment};
use crate::on_both;
use crate::support::{Database, Engine};
use std::process::Command;
use std::time::Duration;

const GUIDE: &str = include_str!("../../docs/operations.md");

on_both! { a_backup_made_while_serving_is_restored_elsewhere }

async fn a_backup_made_while_serving_is_restored_elsewhere(engine: Engine) {
    let mut deployment = Deployment::new(engine).await;
    let keel = deployment.serve().await;
    let before = Crowd::gathers(&deployment, 3, 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = before.leaves().await;
    deployment.settles(&keel.base).await;

    let backup = deployment.dir.join("backup");
    std::fs::create_dir(&backup).unwrap();
    let backup = backup.display().to_string();
    let database = deployment.db.url.trim_start_matches("sqlite:").to_owned();
    let name = if engine == Engine::Sqlite { "SQLite" } else { "PostgreSQL" };
    let meanwhile = Crowd::gathers(&deployment, 3, 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    follow(&format!("Back up {name}"), &[("BACKUP", &backup), ("DATABASE", &database), ("DATABASE_URL", &deployment.db.url)]);
    let afterwards = meanwhile.leaves().await;
    assert!(!afterwards.is_empty(), "it was in use");
    keel.kill();

    let elsewhere = deployment.dir.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let restored = Database::empty(engine, &elsewhere).await;
    let database = restored.url.trim_start_matches("sqlite:").to_owned();
    follow(&format!("Restore {name}"), &[("BACKUP", &backup), ("DATABASE", &database), ("NEW_DATABASE_URL", &restored.url)]);
    deployment.set("DATABASE_URL", &restored.url);
    deployment.set("KEEL_DATA_DIR", &elsewhere.display().to_string());
    let left = std::mem::replace(&mut deployment.db, restored);
    let keel = deployment.serve().await;
    let reconciled = deployment.run("reconcile").await;
    assert!(reconciled.status.success(), "{}", String::from_utf8_lossy(&reconciled.stderr));
    deployment.settles(&keel.base).await;
    let held = deployment.holds(&keel.base, &before).await;
    println!("restored on {engine:?}: {held}");
    drop(keel);
    left.remove().await;
    deployment.remove().await;
}

/// Runs the commands under a heading of the guide.
fn follow(heading: &str, settings: &[(&str, &str)]) {
    let section = GUIDE.split(&format!("### {heading}\n")).nth(1).expect(heading);
    let commands = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("commands");
    let done = Command::new("sh").args(["-euc", commands]).envs(settings.iter().copied()).output().unwrap();
    assert!(done.status.success(), "{heading}: {}", String::from_utf8_lossy(&done.stderr));
}
