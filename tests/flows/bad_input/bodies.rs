//! Bodies: cut off, nested, too large, of the wrong kind.

use super::{OLIVIA, endpoints_of, everything};
use crate::both;
use crate::support::{Answer, App, Browser};
use http::{Method, header};
use keel_web::action::declared;
use keel_web::endpoints::Kind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// The largest body an action reads.
const LARGEST: usize = 64 * 1024;

async fn post(browser: &Browser, path: &str, kind: &str, accept: &str, body: impl Into<Vec<u8>>) -> Answer {
    let browser = browser.copy();
    let request = browser.request(Method::POST, path).header(header::ACCEPT, accept).header("sec-fetch-site", "same-origin");
    let request = if kind.is_empty() { request } else { request.header(header::CONTENT_TYPE, kind) };
    browser.send(request.body(body.into())).await
}

/// What another action has undone is there again.
async fn stays_signed_in(app: &App) {
    app.db.run("UPDATE user_sessions SET revoked_at = NULL").await;
}

both! {
    async fn json_that_is_no_flat_object_is_refused(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let before = everything(&app).await;
        let nested = "[".repeat(20_000);
        let nested_object = "{\"a\":".repeat(10_000);
        let many = format!("{{{}}}", (0..300).map(|n| format!("\"f{n}\":1")).collect::<Vec<_>>().join(","));
        let bodies: &[&[u8]] = &[
            b"", b"{", b"{\"email\":", b"{\"email\":\"a", b"[]", b"null", b"3", b"\"x\"", b"{}{}", b"{\"a\":{}}", b"{\"email\":[[1]]}",
            b"{\"email\":[{}]}", b"{\"email\":[1]}", b"{\"a\":1e999}", b"{\"a\":\"\xff\"}", b"\xef\xbb\xbf{}", b"{'a':1}", b"{\"a\":\"\\ud800\"}",
            b"{\"a\":NaN}", b"email=x", nested.as_bytes(), nested_object.as_bytes(), many.as_bytes(),
        ];
        for (number, action) in endpoints_of(Kind::Action).enumerate() {
            let olivia = olivia.elsewhere(number);
            for body in bodies {
                let answer = post(&olivia, action.path, JSON, JSON, *body).await;
                let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
                assert_eq!(answer.problem(), (400, "MALFORMED".to_owned()), "{} {shown}", action.path);
            }
        }
        assert_eq!(everything(&app).await, before);
    }

    async fn values_of_the_wrong_kind_are_refused_at_their_field(app: App) {
        let browser = app.browser();
        for value in ["null", "3", "true", "[]", "[\"a\",\"b\"]", "-1e3", "\"\\u0000\"", "\"a@b\\r\\nBcc: x@evil.example\""] {
            let answer = post(&browser, "/api/auth/request-link", JSON, JSON, format!("{{\"email\":{value}}}")).await;
            assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{value}");
            assert_eq!(answer.json()["errors"][0]["field"], "email", "{value}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM sign_ins").await, 0);
    }

    async fn other_kinds_of_bodies_are_refused(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let before = everything(&app).await;
        for action in declared() {
            for kind in ["", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/cbor", "application/jsonx", "x"] {
                let answer = post(&olivia, action.url, kind, JSON, "{\"email\":\"x@evil.example\"}").await;
                let read = !action.files.is_empty() && kind.starts_with("multipart");
                let told = if read { (400, "MALFORMED".to_owned()) } else { (415, "UNSUPPORTED_MEDIA".to_owned()) };
                assert_eq!(answer.problem(), told, "{} {kind}", action.url);
            }
        }
        assert_eq!(everything(&app).await, before);
        for kind in ["APPLICATION/JSON", "application/json; charset=utf-8"] {
            assert_eq!(post(&olivia, "/api/auth/request-link", kind, JSON, "{}").await.status, 422, "{kind}");
        }
    }

    async fn odd_forms_are_read_as_far_as_they_are_forms(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let before = everything(&app).await;
        let many = (0..300).map(|n| format!("f{n}=1")).collect::<Vec<_>>().join("&");
        // These need no field: they are done whatever the form is.
        let done = ["/api/auth/sign-out", "/api/accounts/switch", "/api/auth/mail-code", "/api/org/export-data", "/api/user/export-data"];
        for (number, action) in endpoints_of(Kind::Action).filter(|action| !done.contains(&action.path)).enumerate() {
            let olivia = olivia.elsewhere(number);
            for accept in ["text/html", JSON] {
                for body in ["%", "%zz=%", "=&=&", "&&&&", "email", "email=%ff%fe", "email=a;b", "code=%00", "name=%00", "a[b][c]=1", "__proto__=1"] {
                    let answer = post(&olivia, action.path, FORM, accept, body).await;
                    assert!(answer.status < 500, "{} {body}: {}", action.path, answer.status);
                    stays_signed_in(&app).await;
                }
                assert_eq!(post(&olivia, action.path, FORM, accept, many.as_str()).await.status, 400, "{}", action.path);
            }
        }
        app.db.run("DELETE FROM subscriptions").await;
        let after = everything(&app).await;
        assert_eq!((before[0], before[1], before[3], before[5]), (after[0], after[1], after[3], after[5]));
    }

    async fn a_body_may_have_64_kibibytes_and_not_one_more(app: App) {
        let browser = app.browser();
        let form = |length: usize| format!("email={}", "x".repeat(length - 6));
        let json = |length: usize| format!("{{\"email\":\"{}\"}}", "x".repeat(length - 12));
        for (kind, body) in [(FORM, &form as &dyn Fn(usize) -> String), (JSON, &json)] {
            assert_eq!(body(LARGEST).len(), LARGEST);
            assert_eq!(post(&browser, "/api/auth/request-link", kind, JSON, body(LARGEST)).await.problem(), (422, "INVALID".to_owned()));
            let answer = post(&browser, "/api/auth/request-link", kind, JSON, body(LARGEST + 1)).await;
            assert_eq!(answer.problem(), (413, "TOO_LARGE".to_owned()));
        }
        let page = post(&browser, "/api/auth/request-link", FORM, "text/html", form(LARGEST + 1)).await;
        assert!(page.status == 413 && page.body.contains("more than one request may carry"), "{}", page.body);
        for action in endpoints_of(Kind::Action) {
            assert_eq!(post(&browser, action.path, FORM, JSON, form(LARGEST + 1)).await.status, 413, "{}", action.path);
        }
    }

    async fn a_body_without_end_is_cut_off(app: App) {
        let host = app.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST /api/auth/request-link HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        for _ in 0..17 {
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413");
    }

    async fn fields_nobody_asked_for_change_nothing(app: App) {
        let browser = app.browser();
        let fields = [("email", OLIVIA), ("id", "usr_1"), ("verified_at", "1"), ("role", "platform:admin"), ("next", "//evil.example")];
        browser.form("/api/auth/request-link", &fields).await.leads_to("/verify");
        let code = app.code(OLIVIA).await;
        browser.form("/api/auth/verify-otp", &[("code", &code), ("email", "eve@evil.example"), ("user_id", "usr_1")]).await.leads_to("/onboarding");
        let told = [("first_name", "Olivia"), ("last_name", "A"), ("email", "eve@evil.example"), ("role", "owner"), ("onboarded_at", "0")];
        assert_eq!(browser.form("/api/user/onboarding", &told).await.status, 303);
        assert_eq!(app.db.text("SELECT email FROM users").await, OLIVIA);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE onboarded_at > 0").await, 1);
        let twice = [("first_name", "One"), ("first_name", "Two"), ("last_name", "A")];
        assert_eq!(browser.form("/api/user/onboarding", &twice).await.status, 303);
        assert_eq!(app.db.text("SELECT first_name FROM user_profiles").await, "One");
    }
}
