//! Google, Microsoft and GitHub: which addresses each is believed about, and whose tokens.

use super::{OLIVIA, Trip, count, is_in, issuer, set_up};
use crate::both;
use crate::support::App;
use serde_json::{Value, json};

const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Where somebody new is led who comes back as this.
async fn led(app: &App, provider: &str, who: Value) -> String {
    let browser = app.browser();
    let answer = Trip::begin(app, &browser, provider, &[]).await.back_as(who).await;
    answer.location().to_owned()
}

both! {
    async fn google_is_believed_about_mailboxes_it_runs(app: App, with &set_up("GOOGLE")) {
        let who = |sub: &str, email: &str, hd: Option<&str>| json!({ "sub": sub, "email": email, "email_verified": true, "hd": hd });
        assert_eq!(led(&app, "google", who("1", "a@other.example", None)).await, "/auth/address", "it was verified once, elsewhere");
        assert_eq!(led(&app, "google", who("2", "a@gmail.com", None)).await, "/onboarding");
        assert_eq!(led(&app, "google", who("3", OLIVIA, Some("acme.example"))).await, "/onboarding");
        let unverified = json!({ "sub": "4", "email": "b@gmail.com", "email_verified": false });
        assert_eq!(led(&app, "google", unverified).await, "/auth/address");
    }

    async fn microsoft_is_believed_where_the_owner_of_the_domain_vouches(app: App, with &set_up("MICROSOFT")) {
        for (sub, claim, wanted) in [("1", Value::Null, "/auth/address"), ("2", json!(false), "/auth/address"), ("3", json!("0"), "/auth/address"),
            ("4", json!(true), "/onboarding"), ("5", json!("1"), "/onboarding")] {
            let who = json!({ "sub": sub, "email": format!("m{sub}@acme.example"), "email_verified": true, "xms_edov": claim });
            assert_eq!(led(&app, "microsoft", who).await, wanted, "xms_edov {claim}");
        }
    }

    async fn a_tenant_speaks_for_its_own_people_only(app: App, with &set_up("MICROSOFT")) {
        let issuer = issuer(&app, 0);
        issuer.says_of_itself(&[("issuer", json!(format!("{}/{{tenantid}}/v2.0", issuer.base)))]);
        let of = |iss: &str, tid: Value| json!({ "sub": "1", "iss": format!("{}/{iss}/v2.0", issuer.base), "tid": tid, "email": OLIVIA, "xms_edov": true });
        let another = "00000000-0000-0000-0000-000000000000";
        for who in [of(another, json!(TENANT)), of(TENANT, Value::Null), of("..", json!("..")), of("{tenantid}", json!("{tenantid}")),
            json!({ "sub": "1", "iss": "https://evil.example", "tid": TENANT, "email": OLIVIA, "xms_edov": true })] {
            let browser = app.browser();
            Trip::begin(&app, &browser, "microsoft", &[]).await.back_as(who.clone()).await.leads_to("/login");
            assert!(!is_in(&browser).await, "{who}");
        }
        assert_eq!(led(&app, "microsoft", of(TENANT, json!(TENANT))).await, "/onboarding");
        let same_subject_elsewhere = json!({ "sub": "1", "iss": format!("{}/{another}/v2.0", issuer.base), "tid": another, "email": OLIVIA, "xms_edov": true });
        assert_eq!(led(&app, "microsoft", same_subject_elsewhere).await, "/auth/address", "another tenant's subject is somebody else");
        assert_eq!(count(&app, "identities").await, 1);
    }

    async fn github_tells_a_primary_address_that_is_verified(app: App, with &set_up("GITHUB")) {
        let who = |id: u64, emails: Value| json!({ "user": { "id": id, "login": "olivia" }, "emails": emails });
        let address = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified, "visibility": null });
        for (id, emails, wanted) in [
            (1, json!([]), "/auth/address"),
            (2, json!([address(OLIVIA, true, false)]), "/auth/address"),
            (3, json!([address(OLIVIA, false, true), address("x@acme.example", true, false)]), "/auth/address"),
            (4, json!([address("x@acme.example", false, true), address(OLIVIA, true, true)]), "/onboarding"),
            (4, json!([]), "/onboarding"),
        ] {
            let browser = app.browser();
            Trip::begin(&app, &browser, "github", &[]).await.back_with(who(id, emails)).await.leads_to(wanted);
        }
        assert_eq!(app.db.text("SELECT subject FROM identities").await, "4");
        assert_eq!(app.db.text("SELECT label FROM identities").await, "olivia");
    }
}
