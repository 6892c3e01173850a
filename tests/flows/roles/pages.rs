//! The page of roles, and the page for people who may not do something.

use super::{change_role, id_of, made};
use crate::both;
use crate::support::{ACME, Browser, Cast, HYBRID};

const PAGE: &str = "/org-dashboard/members/roles";

/// What stands in the form of a role: its name, and what is checked.
async fn form(browser: &Browser, page: &str) -> (String, Vec<String>) {
    let page = browser.get(page).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let name = page.body.split("id=\"name\"").nth(1).unwrap().split('>').next().unwrap();
    let name = name.split("value=\"").nth(1).unwrap_or_default().split('"').next().unwrap_or_default().to_owned();
    let boxes = page.body.split("type=\"checkbox\"").skip(1).map(|part| part.split('>').next().unwrap());
    let checked =
        boxes.filter(|tag| tag.contains(" checked")).map(|tag| tag.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned());
    (name, checked.collect())
}

/// What a row of the matrix says, cell by cell, without markup.
fn row(body: &str, permission: &str) -> Vec<String> {
    let row =
        body.split("<tr").find(|row| row.contains(&format!(">{permission}</code>"))).unwrap_or_else(|| panic!("{permission}: {body}"));
    let cells = row.split("<td").skip(1).map(|cell| cell.split("</td>").next().unwrap());
    cells.map(|cell| if cell.contains(">Yes<") { "yes" } else { "" }.to_owned()).collect()
}

both! {
    async fn the_matrix_shows_who_may_do_what(app: App) {
        let cast = Cast::gather(&app).await;
        made(&app, &cast.olivia, "Desk", &["members:invite"]).await;
        let page = cast.olivia.get(PAGE).await;
        assert!(page.body.contains("<h1>Roles</h1>"), "{}", page.body);
        // Owner, admin, member, viewer, auditor, desk.
        assert_eq!(row(&page.body, "members:invite"), ["yes", "yes", "", "", "", "yes"]);
        assert_eq!(row(&page.body, "audit:view"), ["yes", "yes", "", "", "yes", ""]);
        assert_eq!(row(&page.body, "billing:manage"), ["yes", "", "", "", "", ""]);
        assert_eq!(page.body.matches("Owner only").count(), 3, "billing:manage, and what is the owner's everywhere");
        let new = cast.olivia.get(&format!("{PAGE}?edit=new")).await;
        assert_eq!(new.body.matches("type=\"checkbox\"").count(), 21);
        assert!(!new.body.contains("value=\"billing:manage\""));
    }

    async fn outside_b2b_billing_is_open_to_others(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        let page = cast.olivia.get(PAGE).await;
        assert_eq!(row(&page.body, "billing:manage"), ["yes", "yes", "", "", ""]);
        assert!(cast.olivia.get(&format!("{PAGE}?edit=new")).await.body.contains("value=\"billing:manage\""));
    }

    async fn a_form_keeps_what_was_typed(app: App) {
        let cast = Cast::gather(&app).await;
        let desk = made(&app, &cast.olivia, "Desk", &["members:invite", "audit:view"]).await;
        let here = format!("{PAGE}?edit={desk}");
        assert_eq!(form(&cast.olivia, &here).await, ("Desk".to_owned(), vec!["members:invite".to_owned(), "audit:view".to_owned()]));
        let page = cast.olivia.get(&here).await;
        let save = page.form_to("/api/roles/update");
        let typed = [("account", save.value("account").unwrap()), ("role", desk.as_str()), ("name", "viewer"), ("permissions", "billing:view")];
        let again = cast.olivia.form(&save.action, &typed).await;
        assert_eq!(again.status, 422, "{}", again.body);
        assert!(again.body.contains("Another role has this name") && again.body.contains("value=\"viewer\""), "{}", again.body);
        assert!(again.body.contains("value=\"billing:view\" checked") && !again.body.contains("value=\"audit:view\" checked"), "{}", again.body);
        change_role(&cast.olivia, &app.member("max").await, &desk).await;
        let page = cast.olivia.get(&here).await;
        let end = page.form_to("/api/roles/delete");
        let refused = cast.olivia.form(&end.action, &end.filled(&[("replacement", "")])).await;
        assert!(refused.status == 409 && refused.body.contains("Choose the role they get instead"), "{}", refused.body);
        assert!(refused.body.contains("value=\"Desk\"") && refused.body.contains("value=\"audit:view\" checked"), "the other form is as it was");
        cast.olivia.form(&end.action, &end.filled(&[("replacement", "viewer")])).await.leads_to(PAGE);
        assert_eq!(app.role("max").await, "viewer");
        assert!(cast.olivia.get(PAGE).await.body.contains("The role is gone."));
        let new = cast.olivia.get(&format!("{PAGE}?edit=new")).await.form_to("/api/roles/create");
        let fields = [("account", new.value("account").unwrap()), ("name", "<b>Care</b>"), ("permissions", "ai:use")];
        cast.olivia.form(&new.action, &fields).await.leads_to(PAGE);
        let page = cast.olivia.get(PAGE).await;
        assert!(!page.body.contains("<b>Care") && page.body.contains("&lt;b&gt;Care"), "{}", page.body);
        assert_eq!(app.db.text(&format!("SELECT permissions FROM roles WHERE id = '{}'", id_of(&app, "<b>Care</b>").await)).await, "ai:use");
    }

    async fn pages_offer_what_may_be_done(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run(super::PEOPLE_CARE).await;
        let higher = made(&app, &cast.olivia, "Treasurer", &["billing:view"]).await;
        let lower = made(&app, &cast.olivia, "Desk", &["members:view"]).await;
        let page = cast.aude.get(PAGE).await;
        assert!(page.body.contains(&format!("edit={lower}")) && !page.body.contains(&format!("edit={higher}")), "{}", page.body);
        assert!(page.body.contains("Your role") && page.body.contains("Allows more than you may"), "{}", page.body);
        let new = cast.aude.get(&format!("{PAGE}?edit=new")).await;
        assert_eq!(new.body.matches("type=\"checkbox\"").count(), 7, "what Aude may do herself");
        assert_eq!(cast.aude.get(&format!("{PAGE}?edit={higher}")).await.status, 403);
        assert_eq!(cast.aude.get(&format!("{PAGE}?edit=rol_auditor")).await.status, 409);
        assert_eq!(cast.aude.get(&format!("{PAGE}?edit=viewer")).await.status, 409);
        assert_eq!(cast.adam.get(PAGE).await.status, 403);
        cast.max.get(PAGE).await.leads_to("/private-dashboard");
        for (browser, shown) in [(&cast.olivia, true), (&cast.aude, true), (&cast.adam, false)] {
            assert_eq!(browser.get("/org-dashboard/members").await.body.contains(&format!("href=\"{PAGE}\"")), shown);
        }
    }

    async fn who_may_not_is_told_what_is_missing_and_whom_to_ask(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run(super::PEOPLE_CARE).await;
        let desk = made(&app, &cast.olivia, "Desk", &["members:view", "audit:view"]).await;
        change_role(&cast.olivia, &app.member("max").await, &desk).await;
        let page = cast.max.get("/org-dashboard/members/invite").await;
        assert_eq!(page.status, 403);
        for words in ["<h1>You can", "Invite people", "members:invite", "Desk", "can give you a role that may", "Olivia Example", "Aude Example", "Auditor"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!page.body.contains("Adam Example"), "an admin invites, but gives no roles away");
        let page = cast.max.get("/org-dashboard/billing").await;
        assert!(page.body.contains("billing:view") && page.body.contains("Olivia Example") && !page.body.contains("Aude Example"), "{}", page.body);
        let form = cast.adam.form("/api/billing/checkout", &[("plan", "none"), ("account", ACME)]).await;
        assert_eq!(form.status, 403);
        for words in ["billing:manage", "Admin", "Only an owner of Acme", "Olivia Example"] {
            assert!(form.body.contains(words), "{words}: {}", form.body);
        }
        let owners_only = cast.adam.form("/api/billing/subscribe-free", &[("account", ACME)]).await;
        assert!(owners_only.status == 403 && owners_only.body.contains("Only an owner of Acme") && owners_only.body.contains("Olivia Example"), "{}", owners_only.body);
        let program = cast.max.send(cast.max.request(http::Method::GET, "/org-dashboard/billing").header("accept", "application/json")).await;
        assert_eq!(program.problem(), (403, "FORBIDDEN".to_owned()));
        assert_eq!(program.json()["permission"], "billing:view");
        assert!(!program.body.contains("Olivia"), "programs are told no names");
        let theirs = cast.eve.get("/org-dashboard/members/invite?account=acme").await;
        assert!(theirs.status == 404 && !theirs.body.contains("Olivia"), "{}", theirs.body);
    }

    async fn at_most_five_are_named(app: App) {
        let cast = Cast::gather(&app).await;
        app.crowd(&app.account("olivia@acme.example", "workspace").await, 0, 60, "owner").await;
        let page = cast.aude.get("/org-dashboard/billing").await;
        assert_eq!((page.status, page.body.matches(" · Owner").count()), (403, 5), "{}", page.body);
    }
}
