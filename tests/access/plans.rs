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

    async fn the_audit_log_is_listed_by_an_index(app: App) {
        for (account, count) in [("acc_1", 20_000), ("acc_2", 2_000), ("acc_3", 10)] {
            let actions = "CASE i % 3 WHEN 0 THEN 'auth.signed_in' WHEN 1 THEN 'member.left' ELSE 'role.created' END";
            let ids = format!("'{account}' || CAST(i AS TEXT)");
            app.db
                .run(&format!(
                    "INSERT INTO audit_events (id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)
                     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                     SELECT {ids}, '{account}', 'Person', {actions}, '', '', '', '', i, 'person ' || CAST(i % 7 AS TEXT) FROM n"
                ))
                .await;
        }
        let page = |chosen: &'static str| vec![chosen, "100", "15000", "'acc_1'", "51"];
        for (name, values, index) in [
            ("LIST_EVENTS", page("'acc_1'"), "audit_events_of_account"),
            ("LIST_EVENTS_BY_ACTOR", page("'acc_1 person 3'"), "audit_events_by_actor"),
            ("LIST_EVENTS_BY_ACTION", page("'acc_1 role.created'"), "audit_events_by_action"),
            ("LIST_EVENTS_BY_BOTH", page("'acc_1 role.created person 3'"), "audit_events_by_both"),
            ("LIST_OF_ACCOUNT", vec!["'acc_1'", "10"], "audit_events_of_account"),
            ("LIST_ACTORS", vec!["'acc_1 person'", "'acc_1 persoo'", "20"], "audit_events_by_actor"),
        ] {
            let plan = app.db.plan(&filled(name, &values)).await;
            assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
            assert!(!plan.contains("SCAN audit_events") && !plan.contains("SCAN e\n") && !plan.contains("Seq Scan on audit_events"), "{name}:\n{plan}");
            let sorts = plan.contains("TEMP B-TREE FOR ORDER BY") || plan.contains("Sort Key");
            assert!(!sorts, "{name} sorts what the index has sorted:\n{plan}");
        }
    }

    async fn whoever_has_a_role_is_found_by_an_index(app: App) {
        let cast = crate::support::Cast::gather(&app).await;
        app.crowd(&app.account("olivia@acme.example", "workspace").await, 0, 3_000, "member").await;
        drop(cast);
        for (name, values) in [
            ("LIST_DEFINED", vec!["'acc_7'"]),
            ("LIST_GRANTORS", vec!["'acc_7'", "'usr_1'"]),
            ("MOVE_MEMBERS", vec!["'acc_7'", "'rol_auditor'", "'viewer'"]),
            ("MOVE_ALL_MEMBERS", vec!["'rol_auditor'", "'viewer'"]),
            ("IS_USED", vec!["'rol_auditor'"]),
            ("IS_HELD_BY", vec!["'usr_1'", "'viewer'"]),
        ] {
            let plan = app.db.plan(&filled(name, &values)).await;
            for whole in ["SCAN m\n", "SCAN memberships", "SCAN invitations", "Seq Scan on memberships"] {
                assert!(!plan.contains(whole), "{name} reads a whole table:\n{plan}");
            }
        }
    }
}
