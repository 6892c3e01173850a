//! Another e-mail address: by the link that was mailed to it, in the person's own session, once.

use super::{OLIVIA, PASSWORD, SECURITY, fault, is_signed_in, mails_about, with_password};
use crate::both;
use crate::flows::passwords::{PAIRS, assert_alike, rank};
use crate::flows::sign_in::shape;
use crate::support::{Answer, App, Browser, Cast};
use http::Method;
use keel_types::time::{HOUR, MINUTE, SECOND};
use serde_json::json;
use std::time::Instant;

mod races;

const NEW: &str = "olivia@new.example";
const ASK: &str = "/api/auth/change-email";
const CONFIRM: &str = "/api/auth/confirm-email";
const CANCEL: &str = "/api/auth/cancel-email";
const ASKED: &str = "A new email for your account at Keel";
const CHANGED: &str = "Your email for Keel was changed";
const TAKEN: &str = "You have an account at Keel already";

async fn asks(browser: &Browser, email: &str) -> Answer {
    browser.json(ASK, &json!({ "email": email })).await
}

/// Asks for another address; gives the token of the link mailed there.
async fn asked(app: &App, browser: &Browser, email: &str) -> String {
    assert_eq!(asks(browser, email).await.status, 200);
    app.link_token(email).await
}

async fn confirms(browser: &Browser, token: &str) -> Answer {
    browser.json(CONFIRM, &json!({ "token": token })).await
}

fn page_of(token: &str) -> String {
    format!("/auth/email?token={token}")
}

async fn people_at(app: &App, email: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM users WHERE email = '{email}'")).await
}

/// What the page says of the address that waits, without the moment until which it does.
fn waiting(page: &Answer, email: &str) -> String {
    let region = page.body.split("id=\"own-email\"").nth(1).unwrap();
    let (before, after) = region.split_once("before ").unwrap();
    format!("{before}{}", after.split_once("UTC").unwrap().1.split("</section>").next().unwrap()).replace(email, "…")
}

both! {
    async fn an_address_is_changed_by_the_link_that_was_mailed_to_it(app: App) {
        let cast = Cast::gather(&app).await;
        let elsewhere = app.sign_in(OLIVIA).await;
        let form = cast.olivia.get(SECURITY).await.form_to(ASK);
        cast.olivia.form(&form.action, &form.filled(&[("email", " Olivia@New.Example ")])).await.leads_to(SECURITY);
        let page = cast.olivia.get(SECURITY).await;
        assert!(page.body.contains("A link is on its way") && page.body.contains(&format!("We mailed a link to {NEW}.")), "{}", page.body);
        let notice = mails_about(&app, OLIVIA, ASKED).await.remove(0);
        assert!(notice["text"].as_str().unwrap().contains(NEW) && notice["links"] == json!([format!("{}{SECURITY}", app.base)]), "{notice}");
        let token = app.link_token(NEW).await;
        assert_eq!((people_at(&app, OLIVIA).await, people_at(&app, NEW).await), (1, 0), "asking changes nothing");

        let (scanner, before, device) = (app.browser(), cast.olivia.copy(), cast.olivia.cookie("keel_device"));
        for (browser, method, wanted) in [
            (&scanner, Method::GET, 303),
            (&scanner, Method::HEAD, 303),
            (&cast.olivia, Method::HEAD, 200),
            (&cast.olivia, Method::GET, 200),
            (&elsewhere, Method::GET, 200),
        ] {
            assert_eq!(browser.send(browser.request(method, &page_of(&token))).await.status, wanted, "looking uses nothing up");
        }
        let page = cast.olivia.get(&page_of(&token)).await;
        assert!(page.body.contains(&format!("Use {NEW}")) && page.body.contains(OLIVIA), "{}", page.body);
        let form = page.form_to(CONFIRM);
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to(SECURITY);
        let page = cast.olivia.get(SECURITY).await;
        assert!(page.body.contains("This is your address now.") && page.body.contains(&format!("You sign in as {NEW}.")), "{}", page.body);
        assert!(!is_signed_in(&elsewhere).await && !is_signed_in(&before).await, "the others ended, and this one has another token");
        assert_eq!(cast.olivia.cookie("keel_device"), device);
        let known = format!("SELECT COUNT(*) FROM known_browsers b JOIN users u ON u.id = b.user_id WHERE u.email = '{NEW}'");
        assert_eq!(app.db.number(&known).await, 1, "the browser in which it was changed is known, and no other");
        let told = mails_about(&app, OLIVIA, CHANGED).await.remove(0);
        assert!(told["text"].as_str().unwrap().contains(NEW) && told["text"].as_str().unwrap().contains("If it was not you"), "{told}");
        let audited = app.db.text("SELECT metadata FROM audit_events WHERE action = 'user.email_changed'").await;
        assert!(audited.contains(OLIVIA) && audited.contains(NEW), "{audited}");

        let members = cast.adam.get("/org-dashboard/members?account=acme").await.body;
        assert!(members.contains(NEW) && !members.contains(OLIVIA), "{members}");
        assert!(cast.adam.get("/org-dashboard/members?account=acme&search=olivia@new").await.body.contains(NEW), "found by it");
        app.db.run("DELETE FROM limits").await;
        let again = app.browser();
        again.form("/api/auth/request-link", &[("email", NEW)]).await.leads_to("/verify");
        let code = app.code(NEW).await;
        again.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/org-dashboard");
        assert_eq!(again.get("/org-dashboard?account=acme").await.status, 200, "it is the same person");
    }

    async fn what_was_mailed_to_the_old_address_is_dead(app: App) {
        let olivia = with_password(&app, OLIVIA).await;
        let host = app.sign_in("eve@evil.example").await;
        let invited = [("emails", OLIVIA), ("role", "member")];
        assert_eq!(host.form("/api/org/invite", &invited).await.status, 303);
        let links = app.mail(OLIVIA).await["links"][0].as_str().unwrap().to_owned();
        let invitation = links.rsplit('/').next().unwrap().to_owned();
        let stranger = app.browser();
        stranger.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        let (link, code) = (app.link_token(OLIVIA).await, app.code(OLIVIA).await);
        app.browser().form("/api/auth/request-reset", &[("email", OLIVIA)]).await.leads_to("/forgot-password");
        let reset = app.link_token(OLIVIA).await;
        assert_eq!(olivia.json("/api/auth/mail-code", &json!({})).await.status, 200);
        let step_up = app.code(OLIVIA).await;
        let token = asked(&app, &olivia, NEW).await;
        assert_eq!(confirms(&olivia, &token).await.status, 200);

        assert_eq!(app.browser().json("/api/auth/confirm-link", &json!({ "token": link })).await.problem(), (410, "EXPIRED".to_owned()));
        assert_eq!(stranger.json("/api/auth/verify-otp", &json!({ "code": code })).await.problem(), (404, "NOT_FOUND".to_owned()));
        let chosen = json!({ "token": reset, "password": "a longer walk on the pier" });
        assert_eq!(app.browser().json("/api/auth/reset-password", &chosen).await.problem().0, 410);
        assert_eq!(fault(&olivia.json("/api/auth/confirm-code", &json!({ "code": step_up })).await).1, "used_code");
        assert_eq!(olivia.json("/api/invitations/accept", &json!({ "token": invitation })).await.problem(), (409, "WRONG_ADDRESS".to_owned()));
        for (email, wanted) in [(OLIVIA, 422), (NEW, 200)] {
            let tried = app.browser().json("/api/auth/sign-in", &json!({ "email": email, "password": PASSWORD })).await;
            assert_eq!(tried.status, wanted, "{email}");
        }
        assert_eq!(people_at(&app, OLIVIA).await, 0);
        assert_eq!(app.db.text("SELECT name FROM accounts WHERE kind = 'personal' AND name LIKE 'olivia%'").await, NEW, "who told no name is called so");
        let newcomer = app.sign_in(OLIVIA).await;
        assert!(!newcomer.get(SECURITY).await.body.contains(NEW), "whoever has the old mailbox begins anew");
    }

    async fn a_link_opens_nothing_in_anybody_elses_hands(app: App) {
        let (olivia, eve) = (app.sign_in(OLIVIA).await, app.sign_in("eve@evil.example").await);
        let token = asked(&app, &olivia, NEW).await;
        let unknown = "A".repeat(43);
        for stolen in [token.as_str(), &unknown, "", "x"] {
            assert_eq!(eve.get(&page_of(stolen)).await.status, 404, "{stolen}");
            assert_eq!(confirms(&eve, stolen).await.problem(), (404, "NOT_FOUND".to_owned()), "{stolen}");
        }
        let anonymous = app.browser();
        assert!(anonymous.get(&page_of(&token)).await.location().starts_with("/login?redirectTo=/auth/email"));
        assert_eq!(confirms(&anonymous, &token).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        for path in ["/api/auth/confirm-link", "/api/auth/reset-password"] {
            let tried = anonymous.json(path, &json!({ "token": token, "password": PASSWORD })).await;
            assert_eq!(tried.problem().0, 410, "{path}");
        }
        let phone = app.sign_in(OLIVIA).await;
        assert_eq!(confirms(&phone, &token).await.status, 200, "another session of the person will do");
        assert!(is_signed_in(&phone).await && !is_signed_in(&olivia).await);
        for answer in [phone.get(&page_of(&token)).await.status, confirms(&phone, &token).await.status] {
            assert_eq!(answer, 410);
        }
        assert_eq!(confirms(&phone, &token).await.problem(), (410, "USED".to_owned()));
    }

    async fn a_link_lives_ten_minutes_and_only_the_newest_counts(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let first = asked(&app, &olivia, NEW).await;
        let second = asked(&app, &olivia, "olivia@newer.example").await;
        assert_eq!(confirms(&olivia, &first).await.problem(), (404, "NOT_FOUND".to_owned()));
        let form = olivia.get(SECURITY).await.form_to(CANCEL);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(SECURITY);
        let page = olivia.get(SECURITY).await;
        assert!(page.body.contains("Your address stays as it is.") && page.forms().iter().all(|form| form.url() != CANCEL));
        assert_eq!(confirms(&olivia, &second).await.problem().0, 404);
        let third = asked(&app, &olivia, NEW).await;
        app.advance(10 * MINUTE).await;
        assert_eq!(confirms(&olivia, &third).await.problem(), (410, "EXPIRED".to_owned()));
        assert!(!olivia.get(SECURITY).await.body.contains("We mailed a link"));
        assert_eq!((people_at(&app, OLIVIA).await, people_at(&app, NEW).await), (1, 0));
        app.advance(25 * HOUR).await;
        app.settles("SELECT COUNT(*) FROM address_changes", 0).await;
    }

    async fn an_address_that_somebody_has_is_answered_like_a_free_one(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        app.sign_in("max@acme.example").await;
        let (known, free) = ("max@acme.example", "new@acme.example");
        let mut shapes = vec![];
        for email in [known, free] {
            let by_json = asks(&olivia, email).await;
            let by_form = olivia.form(ASK, &[("email", email)]).await;
            let page = olivia.get(SECURITY).await;
            let cancelled = olivia.form(CANCEL, &[]).await;
            olivia.get(SECURITY).await;
            shapes.push((waiting(&page, email), [by_json, by_form, cancelled].map(|answer| shape(&answer, email))));
        }
        assert_eq!(shapes[0], shapes[1]);
        let mail = mails_about(&app, known, TAKEN).await.remove(0);
        assert!(mail["links"] == json!([]) && !mail.to_string().contains("token="), "{mail}");
        assert_eq!(mails_about(&app, OLIVIA, ASKED).await.len(), 4);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE recipient = 'max@acme.example' AND links LIKE '%auth/email%'").await, 0);

        let mut client = 0;
        assert_alike(ASK, &(0.34..=0.66), async || {
            let mut took = [vec![], vec![]];
            // As one client they would be a flood.
            let olivia = olivia.elsewhere(client);
            client += 1;
            olivia.get("/login").await;
            for pair in 0..PAIRS {
                app.db.run("DELETE FROM limits").await;
                for place in if pair % 2 == 0 { [0, 1] } else { [1, 0] } {
                    let began = Instant::now();
                    assert_eq!(asks(&olivia, [known, free][place]).await.status, 200);
                    took[place].push(began.elapsed());
                }
            }
            rank(&took[0], &took[1])
        })
        .await;
    }

    async fn an_address_taken_meanwhile_is_refused_clearly(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let token = asked(&app, &olivia, NEW).await;
        app.sign_in(NEW).await;
        assert_eq!(confirms(&olivia, &token).await.problem(), (409, "ADDRESS_TAKEN".to_owned()));
        let form = olivia.get(&page_of(&token)).await.form_to(CONFIRM);
        let page = olivia.form(&form.action, &form.filled(&[])).await;
        assert!(page.status == 409 && page.body.contains("Somebody else has this address by now."), "{}", page.body);
        assert!(is_signed_in(&olivia).await);
        assert_eq!((people_at(&app, OLIVIA).await, people_at(&app, NEW).await), (1, 1));
        assert_eq!(mails_about(&app, OLIVIA, CHANGED).await.len(), 0);
    }

    async fn it_takes_a_proof_and_a_good_address_and_not_too_many(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let long = format!("{}@acme.example", "a".repeat(250));
        for (email, why) in [("", "required"), ("olivia", "not_an_address"), (&long, "too_long"), (OLIVIA, "own_address"), ("OLIVIA@acme.example", "own_address")] {
            assert_eq!(fault(&asks(&olivia, email).await), ("email".to_owned(), why.to_owned()), "{email}");
        }
        assert_eq!(asks(&app.browser(), NEW).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        let mut statuses = vec![];
        for number in 0..12 {
            statuses.push(asks(&olivia, &format!("olivia{number}@new.example")).await.status);
        }
        assert_eq!((statuses[..10].to_vec(), statuses[10..].to_vec()), (vec![200; 10], vec![429; 2]));
        assert_eq!(mails_about(&app, OLIVIA, ASKED).await.len(), 10);

        app.advance(10 * MINUTE + SECOND).await;
        assert_eq!(asks(&olivia, NEW).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()));
        let form = olivia.get(SECURITY).await.form_to(ASK);
        let away = olivia.form(&form.action, &form.filled(&[("email", NEW)])).await;
        assert!(away.location().starts_with("/step-up?"), "{}", away.location());
        assert!(olivia.get(SECURITY).await.body.contains(&format!("value=\"{NEW}\"")), "what was typed is there again");
        assert_eq!(people_at(&app, OLIVIA).await, 1);
    }

    async fn who_pays_is_told_to_the_payment_provider(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        let token = asked(&app, &olivia, NEW).await;
        assert_eq!(confirms(&olivia, &token).await.status, 200);
        app.settles("SELECT COUNT(*) FROM stripe_customers WHERE told = wanted AND wanted > 0 AND tell_at IS NULL", 1).await;
        let customers = app.stripe(Method::GET, "/v1/customers?limit=10", "").await;
        assert_eq!(customers["data"][0]["email"], json!(NEW), "{customers}");
    }
}
