//! The same instant: whatever is given away was allowed when it was given, and nobody has a role there is not. `make test` tries a
//! tenth of it, `make soak` all.

use super::{PEOPLE_CARE, change_role, create, delete, id_of, invite, made, update, without_limit};
use crate::both;
use crate::process::{Chance, scaled};
use crate::support::{ACME, App, Browser, Cast, EVIL_CORP, together};
use keel_types::Permission;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const DANGLING: &str = "SELECT (SELECT COUNT(*) FROM memberships m WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.id = m.role))
    + (SELECT COUNT(*) FROM invitations i WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.id = i.role))";

/// What somebody does while others do something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Olivia gives the role more than Aude has.
    Widens,
    /// Olivia ends the role; who has it is a viewer from then on.
    Deletes,
    /// Olivia takes from Aude's role what giving roles away needs.
    Narrows,
    /// Olivia makes Aude a viewer.
    Demotes,
    /// Aude gives the role to Vera.
    Assigns,
    /// Aude invites somebody into the role.
    Invites,
}
use Deed::{Assigns, Deletes, Demotes, Invites, Narrows, Widens};

impl Deed {
    async fn done(self, olivia: &Browser, aude: &Browser, role: &str, name: &str, members: &[String; 2]) -> u16 {
        let [of_aude, of_vera] = members;
        let answer = match self {
            Widens => update(olivia, role, name, &["members:view", "billing:view"]).await,
            Deletes => delete(olivia, role, "viewer").await,
            Narrows => update(olivia, "rol_auditor", "Auditor", &["audit:view", "members:view"]).await,
            Demotes => change_role(olivia, of_aude, "viewer").await,
            Assigns => change_role(aude, of_vera, role).await,
            Invites => invite(aude, "nina@new.example", role).await,
        };
        answer.status
    }
}

type Words = BTreeSet<String>;

fn words(text: &str) -> Words {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What Aude and the role may do, as the audit log tells it step by step.
struct Replay {
    role: Option<Words>,
    aude: Words,
}

impl Replay {
    fn step(&mut self, event: &Value, role: &str, seen: &str) {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let about = |name: &str| event["metadata"][name].as_str().unwrap_or_default();
        match (text("action"), text("resource") == role) {
            ("role.updated", true) => self.role.iter_mut().for_each(|held| change(held, about("added"), about("removed"))),
            ("role.updated", false) => change(&mut self.aude, about("added"), about("removed")),
            ("role.deleted", _) => self.role = None,
            ("member.role_changed", _) if about("name") == "Aude Example" => {
                self.aude = Permission::held_by("viewer").iter().map(|permission| permission.as_str().to_owned()).collect();
            }
            ("member.role_changed", _) => self.allows("members:update_role", seen),
            ("invitation.created", _) => self.allows("members:invite", seen),
            other => panic!("{other:?}: {seen}"),
        }
    }

    fn allows(&self, right: &str, seen: &str) {
        let role = self.role.as_ref().unwrap_or_else(|| panic!("there was no such role any more: {seen}"));
        assert!(self.aude.contains(right) && role.is_subset(&self.aude), "Aude gave {role:?} away, having {:?}: {seen}", self.aude);
    }
}

fn change(held: &mut Words, added: &str, removed: &str) {
    held.extend(words(added));
    held.retain(|word| !words(removed).contains(word));
}

/// Everything as it is before a trial; gives the role.
async fn prepare(app: &App, cast: &Cast, name: &str) -> String {
    app.db.run(PEOPLE_CARE).await;
    for (member, role) in [("aude", "rol_auditor"), ("vera", "viewer")] {
        app.db.run(&format!("UPDATE memberships SET role = '{role}' WHERE id = '{}'", app.member(member).await)).await;
    }
    for table in ["invitations", "limits"] {
        app.db.run(&format!("DELETE FROM {table}")).await;
    }
    app.db.run("DELETE FROM roles WHERE name LIKE 'Target %'").await;
    let role = made(app, &cast.olivia, name, &["members:view"]).await;
    app.db.run("DELETE FROM audit_events").await;
    role
}

async fn events(app: &App) -> Vec<Value> {
    let rows = "SELECT action || '|' || resource || '|' || metadata FROM audit_events ORDER BY id";
    let event = |row: &String| {
        let [action, resource, metadata] = row.splitn(3, '|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        json!({ "action": action, "resource": resource, "metadata": serde_json::from_str::<Value>(metadata).unwrap() })
    };
    app.db.texts(rows).await.iter().map(event).collect()
}

both! {
    async fn what_is_given_away_was_allowed_when_it_was_given(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let mut chance = Chance::new("roles");
        let mut given = 0;
        let trials = scaled(20, 200);
        for trial in 0..trials {
            let name = format!("Target {trial}");
            let role = prepare(&app, &cast, &name).await;
            let care = words("audit:view members:view members:invite members:remove members:update_role legal_entity:view projects:view");
            let mut replay = Replay { role: Some(words("members:view")), aude: care };
            let members = [app.member("aude").await, app.member("vera").await];
            let above = [Widens, Deletes, Narrows, Demotes];
            let first = above[usize::try_from(chance.between(0, 4)).unwrap()];
            let second = above[usize::try_from(chance.between(0, 4)).unwrap()];
            let mut deeds = vec![first, Assigns, Invites];
            if second != first {
                deeds.push(second);
            }
            let calls = deeds.iter().map(|deed| {
                let (deed, wait) = (*deed, chance.between(0, 4));
                let (olivia, aude, role, name, members) = (cast.olivia.copy(), cast.aude.copy(), role.clone(), name.clone(), members.clone());
                async move {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    deed.done(&olivia, &aude, &role, &name, &members).await
                }
            });
            let statuses = together(calls.collect::<Vec<_>>()).await;
            let seen = format!("trial {trial}: {deeds:?} {statuses:?}");
            assert!(statuses.iter().all(|status| [200, 403, 404, 422].contains(status)), "{seen}");
            assert_eq!(app.db.number(DANGLING).await, 0, "{seen}");
            let happened = events(&app).await;
            assert_eq!(happened.len(), statuses.iter().filter(|status| **status == 200).count(), "{seen}: {happened:?}");
            for event in &happened {
                replay.step(event, &role, &format!("{seen}: {happened:?}"));
            }
            given += deeds.iter().zip(&statuses).filter(|(deed, status)| [Assigns, Invites].contains(deed) && **status == 200).count();
        }
        println!("{trials} trials, {given} of {} given away", 2 * trials);
    }

    async fn two_who_take_each_others_right_away_are_one_after_the_other(app: App) {
        let cast = Cast::gather(&app).await;
        let care = ["members:update_role", "members:view"];
        let mut roles = vec![];
        for (name, member) in [("North", "max"), ("South", "vera")] {
            let role = made(&app, &cast.olivia, name, &care).await;
            assert_eq!(change_role(&cast.olivia, &app.member(member).await, &role).await.status, 200);
            roles.push(role);
        }
        for trial in 0..scaled(20, 200) {
            for (role, name) in roles.iter().zip(["North", "South"]) {
                assert_eq!(update(&cast.olivia, role, name, &care).await.status, 200);
            }
            let deeds = [(cast.max.copy(), roles[1].clone(), "South"), (cast.vera.copy(), roles[0].clone(), "North")];
            let statuses = together(deeds.map(|(browser, role, name)| async move { update(&browser, &role, name, &["members:view"]).await.status })).await;
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "trial {trial}: {statuses:?}");
            assert!(statuses.contains(&403), "trial {trial}: {statuses:?}");
        }
    }

    async fn one_name_is_taken_once_and_the_last_place_too(app: App) {
        let cast = Cast::gather(&app).await;
        let sam = super::platform::sam(&app).await;
        for trial in 0..scaled(10, 100) {
            let name = format!("Name {trial}");
            let statuses = together((0..6).map(|number| {
                let (browser, name) = (if number < 4 { cast.olivia.copy() } else { sam.copy() }, name.clone());
                async move {
                    if number < 4 {
                        return create(&browser, &name, &[]).await.status;
                    }
                    browser.json("/api/admin/roles", &json!({ "name": name })).await.status
                }
            }))
            .await;
            assert_eq!(statuses.iter().filter(|status| [200, 201].contains(*status)).count(), 1, "trial {trial}: {statuses:?}");
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM roles WHERE name = '{name}'")).await, 1);
            app.db.run(&format!("DELETE FROM roles WHERE name = '{name}'")).await;
        }
        let rows: Vec<String> = (0..48).map(|n| format!("('rol_{n:032x}', (SELECT id FROM accounts WHERE slug = 'acme'), 'R{n}', '', 0, 'r{n}')")).collect();
        app.db.run(&format!("INSERT INTO roles (id, account_id, name, permissions, created_at, sort_key) VALUES {}", rows.join(", "))).await;
        let statuses = together((0..10).map(|number| {
            let browser = cast.olivia.copy();
            async move { create(&browser, &format!("Last {number}"), &[]).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    }

    async fn a_role_of_all_workspaces_goes_while_it_is_given_away_in_many(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        app.db.run("UPDATE accounts SET max_members = NULL").await;
        let sam = super::platform::sam(&app).await;
        let of_vera = app.member("vera").await;
        for trial in 0..scaled(20, 200) {
            let made = sam.json("/api/admin/roles", &json!({ "name": format!("Helper {trial}"), "permissions": ["members:view"] })).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let role = id_of(&app, &format!("Helper {trial}")).await;
            app.db.run("DELETE FROM invitations").await;
            app.db.run("DELETE FROM limits").await;
            let calls = (0..4).map(|number| {
                let (sam, olivia, eve, role, of_vera) = (sam.copy(), cast.olivia.copy(), cast.eve.copy(), role.clone(), of_vera.clone());
                async move {
                    match number {
                        0 => sam.delete_proven(&format!("/api/admin/roles/{role}?replacement=viewer")).await.status,
                        1 => change_role(&olivia, &of_vera, &role).await.status,
                        2 => invite(&olivia, "nina@new.example", &role).await.status,
                        _ => eve.json("/api/org/invite", &json!({ "account": EVIL_CORP, "emails": "nora@new.example", "role": role })).await.status,
                    }
                }
            });
            let statuses = together(calls.collect::<Vec<_>>()).await;
            // 503: it collided three times; the next try would do.
            assert!(statuses.iter().all(|status| [200, 204, 422, 503].contains(status)), "trial {trial}: {statuses:?}");
            assert_eq!(app.db.number(DANGLING).await, 0, "trial {trial}: {statuses:?}");
            let left = app.db.number(&format!("SELECT COUNT(*) FROM roles WHERE id = '{role}'")).await;
            assert_eq!(left == 0, statuses[0] == 204, "trial {trial}: {statuses:?}");
            if left > 0 {
                assert_eq!(sam.delete_proven(&format!("/api/admin/roles/{role}?replacement=viewer")).await.status, 204);
            }
            assert_eq!(change_role(&cast.olivia, &of_vera, "viewer").await.status, 200, "{ACME}");
        }
    }
}
