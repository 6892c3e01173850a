//! Lists of members: in pages, by the beginning of a name or an address, by role.

use crate::both;
use crate::support::{Answer, App, Browser, Cast};

/// The members linked on a page, in their order.
fn listed(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    let links = page.body.split("href=\"/org-dashboard/members/mem_").skip(1);
    links.map(|link| format!("mem_{}", link.split(['"', '?']).next().unwrap_or_default())).collect()
}

/// Where the next page is.
fn next(page: &Answer) -> Option<String> {
    let link = page.body.split("rel=\"next\" href=\"").nth(1)?;
    Some(link.split('"').next()?.replace("&amp;", "&"))
}

/// Everybody on the pages from this one on, and on how many pages.
async fn all(browser: &Browser, first: &str) -> (Vec<String>, usize) {
    let (mut members, mut pages, mut here) = (vec![], 0, Some(first.to_owned()));
    while let Some(path) = here {
        let page = browser.get(&path).await;
        let found = listed(&page);
        assert!(found.len() <= 50, "{path}");
        members.extend(found);
        pages += 1;
        here = next(&page);
        assert!(pages < 20, "the pages end");
    }
    (members, pages)
}

/// The names behind memberships, in their order.
async fn names(app: &App, members: &[String]) -> Vec<String> {
    let mut names = vec![];
    for member in members {
        names.push(app.db.text(&format!("SELECT sort_key FROM memberships WHERE id = '{member}'")).await);
    }
    names
}

both! {
    async fn three_hundred_members_are_seven_pages(app: App) {
        let cast = Cast::gather(&app).await;
        let (acme, evil) = (app.account("olivia@acme.example", "workspace").await, app.account("eve@evil.example", "workspace").await);
        app.crowd(&acme, 0, 200, "member").await;
        app.crowd(&acme, 200, 100, "viewer").await;
        app.crowd(&evil, 1_000, 100, "member").await;
        let (members, pages) = all(&cast.olivia, "/org-dashboard/members").await;
        assert_eq!((members.len(), pages), (305, 7));
        let found = names(&app, &members).await;
        assert!(found.is_sorted(), "{found:?}");
        assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>().len(), 305, "each once");

        for (query, count, pages) in [
            ("?show=viewer", 101, 3),
            ("?show=member", 201, 5),
            ("?show=owner", 1, 1),
            ("?show=rol_auditor", 1, 1),
            ("?show=nonsense", 305, 7),
            ("?search=Person", 300, 6),
            ("?search=PERSON+00", 100, 2),
            ("?search=person++0042", 1, 1),
            ("?search=p00", 100, 2),
            ("?search=p0042@crowd.example", 1, 1),
            ("?search=max", 1, 1),
            ("?search=person&show=viewer", 100, 2),
            ("?search=p&show=owner", 0, 1),
            ("?search=crowd", 0, 1),
            ("?search=%25", 0, 1),
            ("?search=_", 0, 1),
            ("?search=%27+OR+1=1--", 0, 1),
            ("?search=%00", 0, 1),
            ("?search=&show=", 305, 7),
            ("?after=nonsense", 305, 7),
            ("?after=mem_00000000000000000000000000000000.person+0299", 2, 1),
        ] {
            let (members, counted) = all(&cast.olivia, &format!("/org-dashboard/members{query}")).await;
            assert_eq!((members.len(), counted), (count, pages), "{query}");
        }
        let page = cast.olivia.get("/org-dashboard/members?search=crowd").await;
        assert!(page.body.contains("Nobody like this is here") && page.body.contains("value=\"crowd\""), "{}", page.body);
        assert!(page.body.contains("305 of 3 seats used"), "{}", page.body);
        assert_eq!(all(&cast.eve, "/org-dashboard/members").await.0.len(), 101, "nobody of another account");
        let long = "x".repeat(6_000);
        assert_eq!(listed(&cast.olivia.get(&format!("/org-dashboard/members?search={long}&after={long}")).await).len(), 0);
    }

    async fn a_place_in_the_list_outlives_who_stood_there(app: App) {
        let cast = Cast::gather(&app).await;
        app.crowd(&app.account("olivia@acme.example", "workspace").await, 0, 100, "member").await;
        let first = cast.olivia.get("/org-dashboard/members").await;
        let members = listed(&first);
        let removed = cast.olivia.form("/api/members/remove", &[("account", "acme"), ("member", members.last().unwrap())]).await;
        removed.leads_to("/org-dashboard/members");
        let second = listed(&cast.olivia.get(&next(&first).unwrap()).await);
        assert_eq!(second.len(), 50);
        assert!(second.iter().all(|member| !members.contains(member)), "nobody twice");
        assert!(cast.olivia.get(&next(&first).unwrap()).await.body.contains("First page"));
    }

    async fn people_are_found_by_the_name_they_have_now(app: App) {
        let cast = Cast::gather(&app).await;
        cast.max.form("/api/workspaces/create", &[("name", "Max's own")]).await.leads_to("/org-dashboard");
        let told = [("first_name", "Łukasz"), ("last_name", "Żółć"), ("account", "acme")];
        assert_eq!(cast.max.form("/api/user/onboarding", &told).await.status, 303);
        let max = app.member("max").await;
        for (query, found) in [("lukasz+zolc", 1), ("%C5%81uk", 1), ("max@", 1), ("max", 1), ("max+ex", 0), ("zolc", 0)] {
            let members = listed(&cast.olivia.get(&format!("/org-dashboard/members?search={query}")).await);
            assert_eq!(members, vec![max.clone(); found], "{query}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM memberships WHERE sort_key = 'lukasz zolc'").await, 3, "in each of their accounts");
        let nameless = app.sign_in("nina@acme.example").await;
        assert_eq!(nameless.get("/org-dashboard/members").await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM memberships WHERE sort_key = 'nina@acme.example' AND email = sort_key").await, 2);
    }

    async fn who_is_alone_is_told_to_invite(app: App) {
        let olivia = app.sign_in("olivia@acme.example").await;
        let page = olivia.get("/org-dashboard/members").await;
        assert_eq!(listed(&page).len(), 1);
        for words in ["Only you are here so far", "1 of 3 seats used", "Billing owner", "olivia@acme.example"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
    }
}
