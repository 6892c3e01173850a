//! How lists are read: by an index, in its order, so that what they cost does not grow with the data.

use crate::both;
use keel_domain::db::sql::registered;

/// A statement by its name, with its placeholders filled in.
fn filled(name: &str, values: &[&str]) -> String {
    let statement = registered().find(|statement| statement.at.ends_with(&format!(" {name}"))).expect(name);
    let text = statement.text.to_owned();
    values.iter().enumerate().rev().fold(text, |text, (place, value)| text.replace(&format!("${}", place + 1), value))
}

both! {
    async fn members_are_listed_by_an_index(app: App) {
        app.db.run("INSERT INTO users (id, email, verified_at, created_at) VALUES ('usr_1', 'olivia@acme.example', 0, 0)").await;
        for n in 0..10 {
            let account = format!("acc_{n}");
            app.db
                .run(&format!(
                    "INSERT INTO accounts (id, kind, name, slug, billing_owner_id, created_at) VALUES ('{account}', 'workspace', 'A', 'a{n}', 'usr_1', 0)"
                ))
                .await;
            let roles: Vec<String> = (0..if n == 0 { 3_000 } else { 10 }).map(|role| format!("('rol_{n}_{role}', '{account}', 'R', '', 0)")).collect();
            app.db.run(&format!("INSERT INTO roles (id, account_id, name, permissions, created_at) VALUES {}", roles.join(", "))).await;
            app.crowd(&account, n * 1_000, 1_000, if n % 2 == 0 { "member" } else { "viewer" }).await;
        }
        let after = ["'acc_7'", "'person 7100'", "'mem_'", "51"];
        for (name, values, indexes, sorted) in [
            ("LIST_BY_NAME", after.to_vec(), vec!["memberships_by_name"], true),
            ("LIST_OF_ROLE", [&after[..], &["'viewer'"]].concat(), vec!["memberships_by_role"], true),
            ("SEARCH", [&after[..], &["NULL", "'person 71'", "'person 72'"]].concat(), vec!["memberships_by_name", "memberships_by_email"], false),
            ("COUNT_OWNERS", vec!["'acc_7'"], vec!["memberships_by_role"], true),
            ("LIST_ROLES", vec!["'acc_7'"], vec!["roles_of_account"], false),
        ] {
            let plan = app.db.plan(&filled(name, &values)).await;
            for index in indexes {
                assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
            }
            for whole in ["SCAN m\n", "SCAN memberships", "SCAN roles", "Seq Scan on memberships", "Seq Scan on roles"] {
                assert!(!plan.contains(whole), "{name} reads a whole table:\n{plan}");
            }
            let sorts = plan.contains("TEMP B-TREE FOR ORDER BY") || plan.contains("Sort Key");
            assert!(!sorts || !sorted, "{name} sorts what the index has sorted:\n{plan}");
        }
    }
}
