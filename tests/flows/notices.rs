//! Notices: who does without which, and how they say so from their mail.

use crate::both;
use crate::support::{ACME, App, Browser, Cast, Mailroom, together};
use http::{Method, header};
use serde_json::{Value, json};

const ADAM: &str = "adam@acme.example";
const NINA: &str = "nina@new.example";
const PAGE: &str = "/private-dashboard/settings/notifications";

/// Adam invites somebody, who declines.
async fn declines(app: &App, cast: &Cast, email: &str) {
    app.db.run("UPDATE accounts SET max_members = NULL WHERE slug = 'acme'").await;
    let invite = json!({ "emails": email, "role": "member", "account": ACME });
    assert_eq!(cast.adam.json("/api/org/invite", &invite).await.status, 200);
    let link = app.mail(email).await["links"][0].as_str().unwrap().to_owned();
    let (_, token) = link.rsplit_once('/').unwrap();
    assert_eq!(app.browser().json("/api/invitations/decline", &json!({ "token": token })).await.status, 200);
}

/// The mails Adam has.
async fn mails(app: &App) -> Vec<Value> {
    app.browser().get(&format!("/dev/mailbox.json?to={ADAM}")).await.json().as_array().unwrap().clone()
}

async fn muted(app: &App) -> String {
    app.db.text("SELECT muted FROM user_profiles WHERE user_id = (SELECT id FROM users WHERE email = 'adam@acme.example')").await
}

/// Where Adam ends notices about members, without the base address.
async fn link(app: &App) -> String {
    let mail = mails(app).await[0].clone();
    let address = mail["unsubscribe"].as_str().unwrap_or_else(|| panic!("{mail}")).to_owned();
    assert!(mail["links"].as_array().unwrap().contains(&json!(address)) && mail["text"].as_str().unwrap().contains(&address));
    address.strip_prefix(&app.base).unwrap().to_owned()
}

/// What a mail program posts by itself: no cookie, no page it comes from.
async fn one_click(browser: &Browser, link: &str) -> u16 {
    let request = browser.request(Method::POST, link).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    browser.send(request.body("List-Unsubscribe=One-Click")).await.status
}

both! {
    async fn whoever_turns_a_notice_off_gets_none(app: App) {
        let cast = Cast::gather(&app).await;
        declines(&app, &cast, NINA).await;
        let before = mails(&app).await;
        assert_eq!(before[0]["subject"], "nina@new.example declined to join Acme");
        assert!(before[0]["text"].as_str().unwrap().contains("You get this message because you invited nina@new.example"));
        cast.adam.form(&format!("/api/notifications/save?at={PAGE}"), &[("projects", "on"), ("credits", "on")]).await.leads_to(PAGE);
        assert_eq!(muted(&app).await, "members product");
        declines(&app, &cast, "noah@new.example").await;
        assert_eq!(mails(&app).await.len(), before.len());
        cast.adam.form("/api/notifications/save", &[("members", "on")]).await.leads_to(PAGE);
        declines(&app, &cast, "ned@new.example").await;
        assert_eq!(mails(&app).await.len(), before.len() + 1);
    }

    async fn what_becomes_of_ones_own_access_is_always_told(app: App) {
        let cast = Cast::gather(&app).await;
        let page = cast.max.get(PAGE).await.body;
        for (name, shown) in [("security", "checked disabled"), ("billing", "checked disabled"), ("members", "checked"), ("credits", "checked")] {
            let input = page.split("<input").find(|part| part.contains(&format!("id=\"{name}\""))).unwrap_or_else(|| panic!("{name}: {page}"));
            let (input, _) = input.split_once('>').unwrap();
            assert!(shown.split(' ').all(|word| input.contains(word)), "{name}: {input}");
        }
        cast.max.form("/api/notifications/save", &[("security", ""), ("billing", "")]).await.leads_to(PAGE);
        let change = json!({ "account": ACME, "member": app.member("max").await, "role": "viewer" });
        assert_eq!(cast.olivia.json("/api/members/change-role", &change).await.status, 200);
        let mail = app.mail("max@acme.example").await;
        assert_eq!(mail["subject"], "Your role in Acme is now Viewer");
        assert!(mail.get("unsubscribe").is_none() && !mail["text"].as_str().unwrap().contains("/unsubscribe/"), "{mail}");
    }

    async fn the_link_in_a_mail_asks_first_and_its_button_ends_it(app: App) {
        let cast = Cast::gather(&app).await;
        declines(&app, &cast, NINA).await;
        let link = link(&app).await;
        let anybody = app.browser();
        let page = anybody.get(&link).await;
        assert!(page.status == 200 && page.body.contains("You get no more e-mails of this kind: Members.") && page.body.contains("Unsubscribe</button>"));
        assert_eq!(muted(&app).await, "product", "looking ends nothing");
        let token = link.rsplit_once('/').unwrap().1;
        for _ in 0..2 {
            anybody.form("/api/notifications/unsubscribe", &[("token", token)]).await.leads_to(&link);
            assert_eq!(muted(&app).await, "members product");
        }
        assert!(anybody.get(&link).await.body.contains("You are unsubscribed"));
        // Whoever is signed in: the link is Adam's.
        assert!(cast.eve.get(&link).await.body.contains("You are unsubscribed"));
        assert!(!cast.eve.get(PAGE).await.body.contains("adam@"));
    }

    async fn a_mail_program_ends_it_by_one_post(app: App) {
        let cast = Cast::gather(&app).await;
        declines(&app, &cast, NINA).await;
        let link = link(&app).await;
        assert_eq!(one_click(&app.browser(), &link).await, 200);
        assert_eq!(one_click(&app.browser(), &link).await, 200);
        assert_eq!(muted(&app).await, "members product");
    }

    async fn a_link_that_was_not_made_here_ends_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        declines(&app, &cast, NINA).await;
        let link = link(&app).await;
        let (sealed, signature) = link.split_once('.').unwrap();
        let flipped = if signature.starts_with('0') { "1" } else { "0" };
        for broken in ["/unsubscribe/none".to_owned(), "/unsubscribe/a.b".to_owned(), format!("{sealed}.{flipped}{}", &signature[1..]), format!("{sealed}x.{signature}")] {
            assert_eq!(app.browser().get(&broken).await.status, 404, "{broken}");
            assert_eq!(one_click(&app.browser(), &broken).await, 404, "{broken}");
            let token = broken.rsplit_once('/').unwrap().1;
            assert_eq!(app.browser().json("/api/notifications/unsubscribe", &json!({ "token": token })).await.problem().0, 404);
        }
        assert_eq!(muted(&app).await, "product");
    }

    async fn two_links_at_the_same_instant_end_both(app: App) {
        let cast = Cast::gather(&app).await;
        declines(&app, &cast, NINA).await;
        let user = app.db.text("SELECT id FROM users WHERE email = 'adam@acme.example'").await;
        for _ in 0..5 {
            cast.adam.form("/api/notifications/save", &[("members", "on"), ("projects", "on"), ("credits", "on"), ("product", "on")]).await.leads_to(PAGE);
            let links = ["members", "projects", "credits"].map(|kind| {
                let secret = &app.keel.settings().secret;
                format!("/unsubscribe/{}", secret.seal("unsubscribe", &(&user, kind)))
            });
            let posts = links.map(|link| { let browser = app.browser(); async move { one_click(&browser, &link).await } });
            assert_eq!(together(posts).await, [200; 3]);
            assert_eq!(muted(&app).await, "members projects credits");
        }
    }

    async fn mail_programs_are_told_how_to_end_it(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        let cast = Cast::gather(&app).await;
        declines(&app, &cast, NINA).await;
        let link = link(&app).await;
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NULL", 0).await;
        let taken = Mailroom::at(app.keel.settings().smtp_url.as_deref().expect("a mail server")).taken();
        let of = |base: &str| taken.iter().filter(|mail| mail.contains(&format!("List-Unsubscribe: <{base}{link}>"))).count();
        assert_eq!(of(&app.base), 1, "{taken:#?}");
        let with_one_click = taken.iter().filter(|mail| mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click")).count();
        assert!(with_one_click >= 1 && with_one_click < taken.len(), "notices say so, and other mails do not");
    }
}
