//! Where a write comes from has to be proven: other sites cannot use a person's session.

use super::{OLIVIA, endpoints_of, everything};
use crate::both;
use crate::support::{Answer, Browser};
use http::{Method, header};
use keel_web::endpoints::Kind;

/// A form of another site's: every field any action takes, valid.
const FIELDS: &str = "email=eve%40evil.example&redirectTo=/x&code=123456&plan=pro&interval=month&first_name=Eve&last_name=Evil&name=Evil\
                      &account=personal&token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn post(browser: &Browser, path: &str, headers: &[(&str, &str)], accept: &str) -> Answer {
    let request = browser.request(Method::POST, path).header(header::ACCEPT, accept);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    browser.copy().send(request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(FIELDS)).await
}

both! {
    async fn a_post_of_another_site_does_nothing(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let other_port = app.base.rsplit_once(':').unwrap().0.to_owned() + ":1";
        let other_scheme = app.base.replace("http:", "https:");
        let longer = format!("{}.evil.example", app.base);
        let slash = format!("{}/", app.base);
        let own = app.base.as_str();
        let proofs: &[&[(&str, &str)]] = &[
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", own)],
            &[("sec-fetch-site", "")],
            &[("sec-fetch-site", "SAME-ORIGIN")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", &other_port)],
            &[("origin", &other_scheme)],
            &[("origin", &longer)],
            &[("origin", &slash)],
            &[("referer", own)],
            &[],
        ];
        let before = everything(&app).await;
        for (number, action) in endpoints_of(Kind::Action).enumerate() {
            let olivia = olivia.elsewhere(number);
            for headers in proofs {
                let program = post(&olivia, action.path, headers, "*/*").await;
                assert_eq!(program.problem(), (403, "ORIGIN_REQUIRED".to_owned()), "{} {headers:?}", action.path);
                assert!(program.headers.get(header::SET_COOKIE).is_none());
            }
            let page = post(&olivia, action.path, proofs[0], "text/html").await;
            assert_eq!(page.status, 403, "{}", action.path);
            assert!(page.body.contains("did not come from one of our pages"), "{}", page.body);
        }
        assert_eq!(everything(&app).await, before);
        assert_eq!(app.stripe_calls().await.len(), 0);
    }

    async fn where_a_post_comes_from_is_judged_before_its_body(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        for action in endpoints_of(Kind::Action) {
            for (kind, body) in [
                ("application/x-www-form-urlencoded", "x".repeat(64 * 1024 + 1)),
                ("text/plain", "x".to_owned()),
                ("application/json", "{".to_owned()),
                ("", String::new()),
            ] {
                let olivia = olivia.copy();
                let request = olivia.request(Method::POST, action.path).header("sec-fetch-site", "cross-site");
                let answer = olivia.send(request.header(header::CONTENT_TYPE, kind).body(body)).await;
                assert_eq!(answer.problem(), (403, "ORIGIN_REQUIRED".to_owned()), "{} {kind}", action.path);
            }
        }
    }

    async fn a_post_of_another_site_without_a_session_does_nothing_either(app: App) {
        let anonymous = app.browser();
        let before = everything(&app).await;
        for action in endpoints_of(Kind::Action) {
            for headers in [[("sec-fetch-site", "cross-site")], [("origin", "https://evil.example")]] {
                let program = post(&anonymous, action.path, &headers, "*/*").await;
                assert_eq!(program.problem(), (403, "ORIGIN_REQUIRED".to_owned()), "{} {headers:?}", action.path);
            }
        }
        assert_eq!(everything(&app).await, before);
    }

    async fn our_own_pages_are_believed_in_every_form(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let own = app.base.clone();
        for headers in [vec![("sec-fetch-site", "same-origin")], vec![("sec-fetch-site", "none")], vec![("origin", own.as_str())]] {
            assert_eq!(post(&olivia, "/api/user/onboarding", &headers, "text/html").await.status, 303, "{headers:?}");
        }
        let program = app.browser();
        assert_eq!(post(&program, "/api/auth/request-link", &[], "*/*").await.status, 200, "without a cookie there is nothing to misuse");
        program.set_cookie("keel_session", "none");
        assert_eq!(post(&program, "/api/auth/request-link", &[], "*/*").await.problem().0, 403);
    }

    async fn a_page_opened_from_another_site_changes_nothing(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let before = everything(&app).await;
        for endpoint in endpoints_of(Kind::Page) {
            let request = olivia.request(Method::GET, endpoint.path).header("sec-fetch-site", "cross-site");
            let answer = olivia.copy().send(request.header(header::ACCEPT, "text/html")).await;
            assert!(answer.status < 500, "{}", endpoint.path);
        }
        assert_eq!(everything(&app).await, before);
    }
}
