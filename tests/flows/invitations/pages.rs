//! The pages that list invitations: the one that invites, and the members page.

use super::{NINA, count, id_of, invite, without_limit};
use crate::both;
use crate::support::{ACME, Answer, Cast};
use keel_types::time::MINUTE;

const MEMBERS: &str = "/org-dashboard/members";
const INVITE: &str = "/org-dashboard/members/invite";

/// The region of the invitations that wait.
fn pending(page: &Answer) -> &str {
    let region = page.body.split("<section ").find(|part| part.contains("id=\"pending\""));
    region.unwrap_or_else(|| panic!("no invitations: {}", page.body))
}

both! {
    async fn what_is_done_on_the_members_page_comes_back_to_it(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        assert!(pending(&cast.olivia.get(MEMBERS).await).contains("Nobody is waiting to join"));
        assert_eq!(invite(&cast.olivia, NINA, "admin").await.status, 200);
        for page in [MEMBERS, INVITE] {
            let shown = cast.adam.get(page).await;
            // Whoever sent it last.
            let inviter = if page == MEMBERS { "Olivia Example" } else { "Adam Example" };
            for part in [NINA, "Admin", inviter, "Resend", "Revoke", "<caption"] {
                assert!(pending(&shown).contains(part), "{page} without {part}: {}", shown.body);
            }
            let form = shown.form_to("/api/invitations/resend");
            let soon = cast.adam.form(&form.action, &form.filled(&[])).await;
            let heading = if page == MEMBERS { "<h1>Members</h1>" } else { "<h1>Invite members</h1>" };
            assert!(soon.status == 429 && soon.body.contains(heading) && soon.body.contains("That was too often."), "{}", soon.body);
            app.advance(MINUTE).await;
            cast.adam.form(&form.action, &form.filled(&[])).await.leads_to(page);
            assert!(cast.adam.get(page).await.body.contains("A new link is on its way."));
        }
        let searched = cast.olivia.get("/org-dashboard/members?search=max").await;
        let form = searched.form_to("/api/invitations/revoke");
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to(MEMBERS);
        let after = cast.olivia.get(MEMBERS).await;
        assert!(after.body.contains("The invitation is withdrawn.") && !pending(&after).contains(NINA), "{}", after.body);
        assert_eq!(count(&app, "state = 'revoked'").await, 1);
        let again = cast.olivia.form(&form.action, &form.filled(&[])).await;
        assert_eq!(again.status, 410, "a form from before");
    }

    async fn the_members_page_is_about_its_account(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        assert_eq!(invite(&cast.olivia, NINA, "member").await.status, 200);
        let id = id_of(&app, NINA).await;
        cast.olivia.form("/api/workspaces/create", &[("name", "Beta")]).await.leads_to("/org-dashboard");
        assert!(!cast.olivia.get(MEMBERS).await.body.contains(NINA));
        let page = cast.olivia.get(&format!("{MEMBERS}?account={ACME}")).await;
        let form = page.form_to("/api/invitations/revoke");
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to(&format!("{MEMBERS}?account={ACME}"));
        let elsewhere = format!("/api/invitations/revoke?at={}", "https://evil.example");
        cast.adam.form(&elsewhere, &[("invitation", &id)]).await;
        assert_eq!(count(&app, "state = 'revoked'").await, 1);
    }

    async fn at_the_limit_the_members_page_says_what_to_do(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET max_members = 6 WHERE slug = 'acme'").await;
        let page = cast.olivia.get(MEMBERS).await;
        assert!(page.body.contains("5 of 6 seats used") && !page.body.contains("Every seat is taken"), "{}", page.body);
        assert_eq!(invite(&cast.olivia, NINA, "member").await.status, 200);
        let page = cast.adam.get(MEMBERS).await;
        for part in ["6 of 6 seats used", "Every seat is taken", "take a larger plan", "href=\"/org-dashboard/billing\""] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
    }

    async fn who_may_not_invite_sees_no_invitations(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET max_members = 6 WHERE slug = 'acme'").await;
        assert_eq!(invite(&cast.olivia, NINA, "member").await.status, 200);
        app.db.run("UPDATE roles SET permissions = 'members:view audit:view' WHERE id = 'rol_auditor'").await;
        let page = cast.aude.get(MEMBERS).await;
        assert!(page.status == 200 && page.body.contains("6 of 6 seats used"), "{}", page.body);
        for hidden in [NINA, "id=\"pending\"", "Every seat is taken", "/api/invitations/", "Invite members"] {
            assert!(!page.body.contains(hidden), "{hidden}: {}", page.body);
        }
    }
}
