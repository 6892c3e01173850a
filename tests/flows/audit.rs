//! The audit log: who reads it, what its filters choose, and its exports.

mod exports;

use crate::both;
use crate::support::{ACME, Answer, App, B2C, Browser, Cast, EVIL_CORP};
use keel_domain::audit::Action;
use keel_text::EN;
use keel_types::time::DAY;
use serde_json::json;

const PAGE: &str = "/org-dashboard/audit";
/// 20 November 2023, noon.
const NOON: i64 = 1_700_481_600_000;

/// Writes events of Acme's past the doors: by whom, what, when. Numbered from `first`.
async fn events(app: &App, first: usize, events: &[(&str, &str, i64)]) {
    let rows: Vec<String> = events
        .iter()
        .enumerate()
        .map(|(n, (actor, action, at))| {
            let key = actor.to_lowercase().replace('\'', "''");
            let actor = actor.replace('\'', "''");
            let id = format!("aud_{:032x}", first + n);
            format!("('{id}', (SELECT id FROM accounts WHERE slug = 'acme'), '{actor}', '{action}', 'x', '203.0.113.7', 'Tester', '{{}}', {at}, '{key}')")
        })
        .collect();
    let columns = "(id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)";
    app.db.run(&format!("INSERT INTO audit_events {columns} VALUES {}", rows.join(", "))).await;
}

/// Acme's log, with nothing in it.
async fn empty(app: &App) -> Cast {
    let cast = Cast::gather(app).await;
    app.db.run("DELETE FROM audit_events").await;
    cast
}

/// The actors and the actions on a page, row by row.
fn listed(page: &Answer) -> Vec<(String, String)> {
    assert_eq!(page.status, 200, "{}", page.body);
    let body = page.body.split("<tbody").nth(1).unwrap_or_default();
    let cell = |row: &str, n: usize| {
        let cell = row.split("<td").nth(n).unwrap().split("</td>").next().unwrap();
        let cell = cell.split_once('>').unwrap().1;
        cell.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>()
    };
    body.split("<tr").skip(1).map(|row| (cell(row, 1), cell(row, 2))).collect()
}

/// Where the next page is.
fn next(page: &Answer) -> Option<String> {
    let link = page.body.split("rel=\"next\" href=\"").nth(1)?;
    Some(link.split('"').next()?.replace("&amp;", "&"))
}

/// How many events there are on the pages from this one on, and on how many pages.
async fn all(browser: &Browser, first: &str) -> (usize, usize) {
    let (mut events, mut pages, mut here) = (0, 0, Some(first.to_owned()));
    while let Some(path) = here {
        let page = browser.get(&path).await;
        events += listed(&page).len();
        pages += 1;
        here = next(&page);
        assert!(pages < 20, "the pages end");
    }
    (events, pages)
}

#[test]
fn everything_that_is_written_down_has_words() {
    for action in Action::ALL {
        assert_ne!(EN.activity(action.as_str()), action.as_str(), "{action:?}");
        assert_eq!(Action::parse(action.as_str()), Some(*action));
    }
    assert_eq!(Action::parse("moon.landed"), None);
}

both! {
    async fn filters_choose_what_is_listed(app: App) {
        let cast = empty(&app).await;
        let mut all_events = vec![];
        for n in 0..60_i64 {
            let actor = if n % 3 == 0 { "Łucja Żak" } else { "Max Moreau" };
            all_events.push((actor, if n % 2 == 0 { "member.removed" } else { "role.created" }, NOON - n * 3_600_000));
        }
        all_events.push(("stripe", "subscription.started", NOON - 10 * DAY));
        all_events.push(("Maxine", "member.left", NOON - 11 * DAY));
        events(&app, 0, &all_events).await;
        // Written past the doors in lower case alone; as Keel folds names it is found by both.
        app.db.run("UPDATE audit_events SET actor_key = 'lucja zak' WHERE actor_name = 'Łucja Żak'").await;
        for (query, wanted) in [
            ("", (62, 2)),
            ("?actor=lucja", (20, 1)),
            ("?actor=%C5%81UCJA+%C5%BBAK", (20, 1)),
            ("?actor=max+moreau", (40, 1)),
            ("?actor=maxi", (1, 1)),
            ("?actor=payment+provider", (1, 1)),
            ("?action=role.created", (30, 1)),
            ("?action=member.removed&actor=Lu", (10, 1)),
            ("?action=member.left&actor=Lu", (0, 1)),
            ("?from=2023-11-20", (13, 1)),
            ("?to=2023-11-09", (1, 1)),
            ("?from=2023-11-19&to=2023-11-19", (24, 1)),
            ("?from=2023-11-10&to=2023-11-10&action=subscription.started", (1, 1)),
            ("?from=1970-01-01&to=9999-12-31", (62, 2)),
            ("?actor=&action=&from=&to=&after=", (62, 2)),
            ("?after=nonsense", (62, 2)),
            ("?after=0.aud_00000000000000000000000000000000", (0, 1)),
            ("?page=2&limit=1000000&account_id=acc_1", (62, 2)),
        ] {
            assert_eq!(all(&cast.olivia, &format!("{PAGE}{query}")).await, wanted, "{query}");
        }
        let page = cast.olivia.get(PAGE).await;
        assert_eq!(listed(&page)[0], ("Łucja Żak".to_owned(), "Member removed".to_owned()), "the newest first");
        assert!(page.body.contains("<option value=\"Maxine\">") && page.body.contains("Payment provider"), "names are offered: {}", page.body);
        assert!(cast.olivia.get(&format!("{PAGE}?action=member.left&actor=Lu")).await.body.contains("Nothing like this was done"));
        let second = next(&page).unwrap();
        assert!(cast.olivia.get(&second).await.body.contains("Newest"));
    }

    async fn a_filter_that_cannot_be_read_is_told_at_its_field(app: App) {
        let cast = empty(&app).await;
        events(&app, 0, &[("Max Moreau", "member.left", NOON), ("Max Mustermann", "member.left", NOON)]).await;
        for (query, field, words, kept) in [
            ("actor=nobody", "actor", "Nobody whose name begins like this", "value=\"nobody\""),
            ("actor=max", "actor", "Several names begin like this", "value=\"max\""),
            ("actor=%22%3E%3Cscript%3E", "actor", "Nobody whose name", "&quot;&gt;&lt;script&gt;"),
            ("from=yesterday", "from", "Type a day as year, month and day", "value=\"yesterday\""),
            ("from=2023-02-30", "from", "Type a day as year, month and day", "value=\"2023-02-30\""),
            ("to=20.11.2023", "to", "Type a day as year, month and day", "value=\"20.11.2023\""),
            ("from=2023-11-20&to=2023-11-19", "to", "before the first one", "value=\"2023-11-19\""),
            ("action=moon.landed", "action", "Choose one of these", "There is a problem"),
        ] {
            let page = cast.olivia.get(&format!("{PAGE}?{query}")).await;
            assert_eq!(page.status, 422, "{query}");
            for wanted in [words, kept, &format!("id=\"{field}-error\""), &format!("href=\"#{field}\"")] {
                assert!(page.body.contains(wanted), "{query}: {wanted}: {}", page.body);
            }
            assert!(!page.body.contains("<tbody") && !page.body.contains("Export CSV") && !page.body.contains("<script>"), "{query}");
        }
        let several = cast.olivia.get(&format!("{PAGE}?actor=max")).await;
        assert!(several.body.contains("<option value=\"Max Moreau\">") && several.body.contains("<option value=\"Max Mustermann\">"), "{}", several.body);
    }

    async fn who_reads_the_log(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(cast.eve.json("/api/roles/create", &json!({ "account": EVIL_CORP, "name": "Evil", "permissions": [] })).await.status, 200);
        for (browser, wanted) in [(&cast.olivia, 200), (&cast.adam, 200), (&cast.aude, 200), (&cast.max, 303), (&cast.vera, 303)] {
            assert_eq!(browser.get(PAGE).await.status, wanted);
            assert_eq!(browser.get("/private-dashboard").await.body.contains("href=\"/org-dashboard/audit\""), wanted == 200);
        }
        for (browser, account) in [(&cast.olivia, EVIL_CORP), (&cast.eve, ACME), (&cast.rob, ACME), (&cast.olivia, "no-one-at")] {
            assert_eq!(browser.get(&format!("{PAGE}?account={account}")).await.status, 404);
        }
        cast.olivia.get(&format!("{PAGE}?account=personal")).await.leads_to("/private-dashboard?account=personal");
        let page = cast.olivia.get(PAGE).await;
        assert!(page.body.contains("Workspace created</td>") && !page.body.contains("Role created</td>"), "nothing of another workspace: {}", page.body);
        assert!(page.body.contains("Export CSV") && !cast.aude.get(PAGE).await.body.contains("Export CSV"), "the auditor reads only");
    }

    async fn names_of_people_who_left_stay(app: App) {
        let cast = empty(&app).await;
        let left = cast.max.json("/api/members/leave", &json!({ "account": ACME })).await;
        assert_eq!(left.status, 200);
        let page = cast.olivia.get(&format!("{PAGE}?actor=max+example")).await;
        assert_eq!(listed(&page), [("Max Example".to_owned(), "Left the workspace".to_owned())]);
        assert!(page.body.contains("Email: <bdi>max@acme.example</bdi>") && page.body.contains("127.0.0.1"), "{}", page.body);
        assert!(page.body.contains("<time datetime=\""), "in the reader's time");
    }

    async fn in_b2c_there_is_no_such_log(app: App, with B2C) {
        let olivia = app.sign_in("olivia@acme.example").await;
        assert_eq!(olivia.get(PAGE).await.status, 404);
        let fields = [("format", "csv"), ("account", "personal")];
        assert_eq!(olivia.form("/api/audit/export", &fields).await.status, 404);
    }
}
