//! What attackers try with identities, whichever way people sign in by. Each way's own attacks stand with its tests.

use super::{OLIVIA, PASSWORD, is_signed_in, with_password};
use crate::both;
use crate::support::{App, Browser};
use http::{Method, header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const COOKIE: &str = "keel_session";
/// The ways into an account that has a password.
const WAYS: [&str; 5] = ["code", "link", "password", "reset", "sign-up"];

/// Signs Olivia in by one of the ways.
async fn sign_in_by(app: &App, browser: &Browser, way: &str) {
    let (email, again) = (("email", OLIVIA), ("password", "a longer walk on the pier"));
    let answer = match way {
        "code" | "link" => {
            browser.form("/api/auth/request-link", &[email]).await.leads_to("/verify");
            let (code, token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
            let by_code = way == "code";
            let (path, field) = if by_code { ("verify-otp", ("code", code.as_str())) } else { ("confirm-link", ("token", token.as_str())) };
            browser.form(&format!("/api/auth/{path}"), &[field]).await
        }
        "password" => browser.form("/api/auth/sign-in", &[email, ("password", PASSWORD)]).await,
        "reset" => {
            browser.form("/api/auth/request-reset", &[email]).await.leads_to("/forgot-password");
            let token = app.link_token(OLIVIA).await;
            browser.form("/api/auth/reset-password", &[("token", &token), again]).await
        }
        _ => {
            browser.form("/api/auth/sign-up", &[email, again]).await.leads_to("/verify");
            let code = app.code(OLIVIA).await;
            browser.form("/api/auth/verify-otp", &[("code", &code)]).await
        }
    };
    assert_eq!(answer.status, 303, "{way}: {}", answer.body);
}

both! {
    async fn no_way_of_signing_in_adopts_a_planted_session(app: App) {
        with_password(&app, OLIVIA).await;
        for way in WAYS {
            let eve = app.sign_in("eve@evil.example").await;
            for planted in ["A".repeat(43), eve.cookie(COOKIE).unwrap()] {
                let (victim, attacker) = (app.browser(), app.browser());
                victim.set_cookie(COOKIE, &planted);
                attacker.set_cookie(COOKIE, &planted);
                sign_in_by(&app, &victim, way).await;
                assert_ne!(victim.cookie(COOKIE).unwrap(), planted, "{way}");
                assert!(is_signed_in(&victim).await && !is_signed_in(&attacker).await, "{way}");
                app.db.run("DELETE FROM limits").await;
            }
        }
    }

    async fn no_mail_leads_to_a_host_that_a_request_names(app: App) {
        let olivia = with_password(&app, OLIVIA).await;
        app.sign_in("max@acme.example").await;
        let forms: [(&str, &[(&str, &str)]); 9] = [
            ("/api/auth/request-link", &[("email", OLIVIA)]),
            ("/api/auth/sign-up", &[("email", "new@acme.example"), ("password", PASSWORD)]),
            ("/api/auth/request-reset", &[("email", OLIVIA)]),
            ("/api/auth/request-reset", &[("email", "nobody@acme.example")]),
            ("/api/auth/mail-code", &[]),
            ("/api/org/invite", &[("emails", "guest@acme.example"), ("role", "member")]),
            ("/api/auth/change-email", &[("email", "olivia@new.example")]),
            ("/api/auth/change-email", &[("email", "max@acme.example")]),
            ("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]),
        ];
        for (path, fields) in forms {
            let browser = if path == "/api/auth/sign-in" { app.browser() } else { olivia.copy() };
            let mut request = browser.posted(path, fields).header(header::HOST, "evil.example").header("x-forwarded-proto", "https");
            for name in ["x-forwarded-host", "x-host", "x-original-host", "x-forwarded-server", "x-http-host-override"] {
                request = request.header(name, "evil.example");
            }
            let request = request.header("forwarded", "host=evil.example;proto=https").header("x-original-url", "//evil.example/");
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 303, "{path} {}", answer.body);
            assert!(answer.location().starts_with('/') && !answer.location().starts_with("//"), "{path} {}", answer.location());
        }
        // The request line may name a whole address, too.
        let body = format!("email={OLIVIA}");
        let raw = format!(
            "POST http://evil.example/api/auth/request-link HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(app.base.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(raw.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains("location: http") && !answer.contains("//evil"), "{answer}");

        let mails = app.db.texts("SELECT subject || plain || html || links FROM mail_outbox").await;
        assert!(mails.len() >= 13, "{}", mails.len());
        assert!(mails.iter().all(|mail| !mail.contains("evil.example")), "a mail names the host of the request");
        for link in app.db.texts("SELECT links FROM mail_outbox WHERE links <> ''").await.iter().flat_map(|links| links.split(' ')) {
            assert!(link.starts_with(&format!("{}/", app.base)), "{link}");
        }
    }

    async fn an_address_has_one_form_and_mail_goes_there_alone(app: App) {
        let longest = format!("{}@{}.example", "a".repeat(64), ["b".repeat(61), "c".repeat(61), "d".repeat(57)].join("."));
        assert_eq!(longest.len(), 254);
        let too_long = longest.replace("d.example", "dd.example");
        let odd: [(&str, Option<&str>); 24] = [
            ("  Olivia@ACME.Example\t", Some("olivia@acme.example")),
            ("OLIVIA@acme.example", Some("olivia@acme.example")),
            // Whether these reach the same mailbox only its own server knows: to Keel they are others.
            ("olivia+tag@acme.example", Some("olivia+tag@acme.example")),
            ("o.livia@acme.example", Some("o.livia@acme.example")),
            ("olivia@XN--MNCHEN-3YA.example", Some("olivia@xn--mnchen-3ya.example")),
            (&longest, Some(&longest)),
            (&too_long, None),
            ("olivia@acme.example.", None),
            ("olivia@münchen.example", None),
            ("olivia@ａcme.example", None),
            ("ólivia@acme.example", None),
            ("\"olivia\"@acme.example", None),
            ("\"o livia\"@acme.example", None),
            ("olivia(me)@acme.example", None),
            ("olivia@(me)acme.example", None),
            ("Olivia <olivia@acme.example>", None),
            ("olivia@acme.example,eve@evil.example", None),
            ("olivia@acme.example eve@evil.example", None),
            ("olivia@acme.example\r\nBcc: eve@evil.example", None),
            ("olivia\u{0}@acme.example", None),
            ("olivia@acme.example\u{0}", None),
            ("eve@evil.example@acme.example", None),
            ("olivia@[127.0.0.1]", None),
            ("ol\u{200b}ivia@acme.example", None),
        ];
        let holder = app.sign_in("holder@acme.example").await;
        for (typed, canonical) in odd {
            app.db.run("DELETE FROM limits").await;
            app.db.run("DELETE FROM mail_outbox").await;
            let browser = app.browser();
            for (path, by) in [
                ("/api/auth/request-link", &browser),
                ("/api/auth/request-reset", &browser),
                ("/api/auth/sign-up", &browser),
                ("/api/auth/change-email", &holder),
            ] {
                let answer = by.json(path, &json!({ "email": typed, "password": PASSWORD })).await;
                assert_eq!(answer.status, if canonical.is_some() { 200 } else { 422 }, "{path} {typed:?}: {}", answer.body);
            }
            let mut reached = app.db.texts("SELECT DISTINCT recipient FROM mail_outbox WHERE recipient <> 'holder@acme.example'").await;
            reached.sort();
            assert_eq!(reached, canonical.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{typed:?}");
        }
        // Whichever way it is written, it is one person, and mail goes to the form that is kept.
        for typed in ["OLIVIA@ACME.EXAMPLE", "olivia@acme.example "] {
            app.db.run("DELETE FROM limits").await;
            let browser = app.browser();
            browser.form("/api/auth/request-link", &[("email", typed)]).await.leads_to("/verify");
            let code = app.code(OLIVIA).await;
            assert_eq!(browser.form("/api/auth/verify-otp", &[("code", &code)]).await.status, 303);
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM users WHERE email LIKE 'olivia%'").await, 1);
    }

    async fn what_changes_how_one_signs_in_is_asked_for_by_post_from_our_own_pages(app: App) {
        let olivia = with_password(&app, OLIVIA).await;
        let paths = ["change-email", "cancel-email", "confirm-email", "change-password", "set-password", "end-session", "end-other-sessions"];
        for path in paths.map(|path| format!("/api/auth/{path}")) {
            for site in ["cross-site", "same-site"] {
                let request = olivia.request(Method::POST, &path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let request = request.header("sec-fetch-site", site).body("email=eve@evil.example");
                assert_eq!(olivia.send(request).await.status, 403, "{path} {site}");
            }
            let bare = olivia.request(Method::POST, &path).header(header::CONTENT_TYPE, "application/json").body("{}");
            assert_eq!(olivia.send(bare).await.status, 403, "{path}: it does not say where from");
            let read = olivia.get(&format!("{path}?email=eve@evil.example")).await;
            assert_eq!(read.status, 303, "{path}: to its page, and nothing happened");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM address_changes").await, 0);
        assert!(is_signed_in(&olivia).await);
    }
}
