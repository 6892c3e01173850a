//! Sessions: whose they are, and when they are over.

use super::{OLIVIA, SESSIONS, asked, over, type_code};
use crate::both;
use crate::support::{Browser, cookie_without_value};
use http::header;
use keel_types::time::DAY;

const COOKIE: &str = "keel_session";
const HTTPS: &[(&str, &str)] = &[("KEEL_BASE_URL", "https://keel.example")];

async fn is_signed_in(browser: &Browser) -> bool {
    browser.copy().get("/onboarding").await.status == 200
}

both! {
    async fn every_sign_in_gives_a_new_token_and_ends_the_session_before(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        let (before, elsewhere) = (browser.copy(), app.sign_in(OLIVIA).await);
        app.sign_in_with(&browser, OLIVIA).await;
        assert_ne!(browser.cookie(COOKIE), before.cookie(COOKIE));
        assert!(!is_signed_in(&before).await, "the session this browser had is over");
        assert!(is_signed_in(&browser).await && is_signed_in(&elsewhere).await, "others go on");
        assert_eq!(app.db.number(SESSIONS).await, 3);
    }

    async fn a_planted_cookie_is_never_adopted(app: App) {
        let planted = "A".repeat(43);
        let victim = app.browser();
        victim.set_cookie(COOKIE, &planted);
        app.sign_in_with(&victim, OLIVIA).await;
        assert_ne!(victim.cookie(COOKIE), Some(planted.clone()));
        let attacker = app.browser();
        attacker.set_cookie(COOKIE, &planted);
        assert!(is_signed_in(&victim).await && !is_signed_in(&attacker).await);
    }

    async fn a_cookie_of_a_neighbouring_host_neither_hides_the_session_nor_passes_for_it(app: App) {
        let (olivia, eve) = (app.sign_in(OLIVIA).await, app.sign_in("eve@evil.example").await);
        let (ours, evil) = (olivia.cookies(), eve.cookie(COOKIE).unwrap());
        // A browser takes these from any site beside this one, also over https: their names do not begin as ours do.
        let tossed = [
            "name=José".to_owned(),
            format!("\u{2000}{COOKIE}={evil}"),
            format!("{COOKIE}\u{a0}={evil}"),
            format!("{COOKIE}_={evil}"),
            format!("x{COOKIE}={evil}"),
            COOKIE.to_owned(),
        ];
        let bare = app.browser();
        let seen = async |cookies: String| bare.send(bare.page("/private-dashboard/settings/security").header(header::COOKIE, cookies.as_bytes())).await;
        for tossed in &tossed {
            for cookies in [format!("{tossed}; {ours}"), format!("{ours}; {tossed}"), format!("{tossed};{ours}")] {
                let page = seen(cookies).await;
                assert!(page.status == 200 && page.body.contains(OLIVIA), "{tossed}: {}", page.status);
            }
            assert_eq!(seen(tossed.clone()).await.status, 303, "{tossed}: nobody's");
        }
    }

    async fn a_planted_session_of_somebody_else_becomes_nobodys(app: App) {
        let eve = app.sign_in("eve@evil.example").await;
        let victim = app.browser();
        victim.set_cookie(COOKIE, &eve.cookie(COOKIE).unwrap());
        app.sign_in_with(&victim, OLIVIA).await;
        assert!(victim.get("/onboarding").await.body.contains(OLIVIA));
        assert!(!is_signed_in(&eve).await);
    }

    async fn signing_out_ends_the_session_in_every_copy_at_once(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        let copy = browser.copy();
        let answer = browser.form("/api/auth/sign-out", &[]).await;
        answer.leads_to("/login");
        assert_eq!(browser.cookie(COOKIE), None);
        assert!(browser.get("/login").await.body.contains("role=\"status\""), "it says so");
        assert!(!is_signed_in(&copy).await);
        let told = [("first_name", "O"), ("last_name", "A")];
        assert_eq!(copy.form("/api/user/onboarding", &told).await.status, 401);
        assert_eq!(copy.json("/api/auth/sign-out", &serde_json::json!({})).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE first_name IS NOT NULL").await, 0);
    }

    async fn an_unused_session_ends_after_fourteen_days(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        app.advance(13 * DAY).await;
        assert!(is_signed_in(&browser).await);
        app.settles("SELECT COUNT(*) FROM user_sessions WHERE last_seen_at > created_at", 1).await;
        app.advance(13 * DAY).await;
        assert!(is_signed_in(&browser).await, "it was used in between");
        app.settles(&format!("SELECT COUNT(*) FROM user_sessions WHERE last_seen_at > created_at + {}", 25 * DAY), 1).await;
        let idle = app.sign_in("adam@acme.example").await;
        app.advance(over(14)).await;
        assert!(!is_signed_in(&idle).await);
        assert!(!is_signed_in(&idle).await, "looking does not revive it");
    }

    async fn a_session_ends_after_thirty_days_however_much_it_is_used(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        for day in [10, 20, 29] {
            app.advance(if day == 29 { 9 * DAY } else { 10 * DAY }).await;
            assert!(is_signed_in(&browser).await, "day {day}");
            let seen = day * DAY;
            app.settles(&format!("SELECT COUNT(*) FROM user_sessions WHERE last_seen_at >= created_at + {seen}"), 1).await;
        }
        app.advance(over(1)).await;
        assert!(!is_signed_in(&browser).await);
    }

    async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let code = app.code(OLIVIA).await;
        let answer = type_code(&browser, &code).await;
        let cookies: Vec<String> =
            answer.headers.get_all(header::SET_COOKIE).iter().map(|value| cookie_without_value(value.to_str().unwrap())).collect();
        assert!(cookies.contains(&"keel_session=…; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax".to_owned()), "{cookies:?}");
    }

    async fn over_https_cookies_belong_to_this_host_alone(app: App, with HTTPS) {
        let browser = app.browser();
        let asked = browser.form("/api/auth/request-link", &[("email", OLIVIA)]).await;
        let code = app.code(OLIVIA).await;
        let signed_in = type_code(&browser, &code).await;
        let cookies: Vec<String> = [&asked, &signed_in]
            .iter()
            .flat_map(|answer| answer.headers.get_all(header::SET_COOKIE))
            .map(|value| cookie_without_value(value.to_str().unwrap()))
            .collect();
        let is_safe = |cookie: &String| cookie.starts_with("__Host-keel_") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure");
        assert!(cookies.iter().all(is_safe), "{cookies:?}");
        assert!(cookies.contains(&"__Host-keel_session=…; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure".to_owned()), "{cookies:?}");
        assert!(signed_in.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert!(is_signed_in(&browser).await);
        let plain = app.browser();
        plain.set_cookie(COOKIE, &browser.cookie("__Host-keel_session").unwrap());
        assert!(!is_signed_in(&plain).await, "the name without the prefix is not believed");
    }
}
