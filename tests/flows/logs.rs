//! The log: each line of a request carries its id, a fault is found by its reference, and no secret is ever written.

use crate::support::{Alone, Browser};
use http::{Method, header};
use serde_json::{Value, json};

const PASSWORD: &str = "a long walk on the quay";
const OLIVIA: &str = "olivia@acme.example";

async fn newest_mail(browser: &Browser) -> Value {
    browser.get(&format!("/dev/mailbox.json?to={OLIVIA}")).await.json()[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_written() {
    let keel = Alone::serve(&[("RUST_LOG", "debug,hyper=info,sqlx=info")]).await;
    let browser = Browser::new(&keel.base);
    browser.form("/api/auth/sign-up", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/verify");
    let mail = newest_mail(&browser).await;
    let text = mail["text"].as_str().unwrap();
    let code = text.split_whitespace().find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit())).unwrap().to_owned();
    let link = mail["links"][0].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let waiting = browser.cookie("keel_sign_in").unwrap();
    browser.get(&format!("/auth/link?token={link}")).await;
    browser.form("/api/auth/verify-otp", &[("code", "not it")]).await;
    browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
    let (session, device) = (browser.cookie("keel_session").unwrap(), browser.cookie("keel_device").unwrap());
    browser.get("/private-dashboard").await;
    let stranger = Browser::new(&keel.base);
    for password in [PASSWORD, "a longer walk on the pier"] {
        stranger.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", password)]).await;
    }
    stranger.form("/api/auth/request-reset", &[("email", OLIVIA)]).await;
    let reset = newest_mail(&browser).await["links"][0].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    stranger.get(&format!("/reset-password?token={reset}")).await;
    stranger.json("/api/auth/reset-password", &json!({ "token": reset, "password": "a third walk" })).await;
    let forged = stranger.request(Method::POST, "/api/stripe/webhook").header("stripe-signature", "t=1,v1=made-up-signature").body("{}");
    assert_eq!(stranger.send(forged).await.status, 400);
    stranger.get("/nothing/at/all?api_key=a-key-in-the-wrong-place").await;
    let secret = std::fs::read_to_string(keel.dir.join("secret")).unwrap();
    let webhook_secret = std::fs::read_to_string(keel.dir.join("webhook-secret")).unwrap();
    let log = keel.log();
    assert!(log.lines().filter(|line| line.contains("access:")).count() > 10, "{log}");
    // Six digits stand in moments, durations and ids by chance; a code would stand by itself.
    let is_written = |word: &str| word.trim_matches('.') == code;
    assert!(!log.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').any(is_written), "{code} in {log}");
    let secrets: [&str; 13] = [
        PASSWORD,
        "a longer walk",
        "a third walk",
        &link,
        &waiting,
        &session,
        &device,
        &reset,
        secret.trim(),
        webhook_secret.trim(),
        "made-up-signature",
        "a-key-in-the-wrong-place",
        "sk_test_keel_sandbox",
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {}", log.lines().find(|line| line.contains(secret)).unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_found_by_its_reference() {
    let keel = Alone::serve(&[]).await;
    let browser = Browser::new(&keel.base);
    browser.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
    keel.run_sql("ALTER TABLE sign_ins RENAME TO moved").await;
    for accept in ["text/html", "application/json"] {
        let answer = browser.send(browser.request(Method::GET, "/verify").header(header::ACCEPT, accept)).await;
        assert_eq!(answer.status, 500);
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert!(answer.body.contains(id), "the person is told the id: {}", answer.body);
        assert!(!answer.body.contains("sign_ins"), "and nothing else");
        let log = keel.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(id)).collect();
        assert!(lines.iter().any(|line| line.contains("ERROR") && line.contains("sign_ins")), "{log}");
        assert!(
            lines.iter().any(|line| line.contains("access") && line.contains("status=500") && line.contains("route=\"/verify\"")),
            "{log}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_each_line_is_json_and_carries_the_requests_id() {
    let (keel, browser) = Alone::in_production(&[]).await;
    let page = browser.get("/verify?secret=none").await;
    let refused = browser.send(browser.request(Method::POST, "/api/stripe/webhook").body("{}")).await;
    let lines: Vec<Value> = keel.log().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let of = |id: &header::HeaderValue| lines.iter().filter(|line| line["span"]["id"] == id.to_str().unwrap()).cloned().collect::<Vec<_>>();
    let of_page = of(&page.headers["x-request-id"]);
    assert_eq!(of_page.len(), 1);
    assert_eq!(
        (of_page[0]["route"].as_str(), of_page[0]["method"].as_str(), of_page[0]["status"].as_u64()),
        (Some("/verify"), Some("GET"), Some(200))
    );
    assert!(of_page[0]["milliseconds"].as_f64().unwrap() > 0.0);
    assert_eq!(of_page[0]["client"], "127.0.0.1");
    assert!(of_page[0].get("user").is_none() && of_page[0].get("code").is_none(), "nobody, and nothing was refused: {}", of_page[0]);
    let of_refused = of(&refused.headers["x-request-id"]);
    assert_eq!(of_refused.len(), 2, "why it was refused, and that it was");
    assert_eq!(of_refused[0]["message"], "a webhook was refused");
}

/// The lines of the access log that have all of this.
fn lines<'a>(log: &'a str, wanted: &[&str]) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains("access:") && wanted.iter().all(|one| line.contains(one))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asked_stands_in_the_log_by_number_and_address() {
    let keel = Alone::serve(&[("KEEL_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let browser = Browser::new(&keel.base);
    let behind = |request: reqwest::RequestBuilder| browser.send(request.header("x-forwarded-for", "1.1.1.1, 203.0.113.7"));
    behind(browser.posted("/api/auth/request-link", &[("email", OLIVIA)])).await.leads_to("/verify");
    let text = newest_mail(&browser).await["text"].as_str().unwrap().to_owned();
    let code = text.split_whitespace().find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit())).unwrap().to_owned();
    behind(browser.posted("/api/auth/verify-otp", &[("code", &code)])).await.leads_to("/onboarding");
    let names = [("first_name", "Olivia"), ("last_name", "Owens")];
    behind(browser.posted("/api/user/onboarding", &names)).await;
    behind(browser.page("/private-dashboard")).await;
    behind(browser.posted("/api/profile/save", &[("first_name", ""), ("last_name", "")])).await;
    let log = keel.log();
    for wanted in [&["route=\"/private-dashboard\"", "status=200"][..], &["route=\"/api/profile/save\"", "status=422", "code=\"INVALID\""]]
    {
        let found = lines(&log, wanted);
        assert_eq!(found.len(), 1, "{wanted:?} in {log}");
        for part in ["client=203.0.113.7", "user=\"usr_", "account=\"acc_"] {
            assert!(found[0].contains(part), "{part} in {}", found[0]);
        }
    }
    assert!(!log.contains("1.1.1.1"), "what anybody can write is not believed");
    for name in [OLIVIA, "Olivia", "Owens"] {
        assert!(!log.contains(name), "{name} in {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_stands_in_the_log_with_its_code() {
    let keel = Alone::serve(&[]).await;
    let stranger = Browser::new(&keel.base);
    assert!(stranger.get("/private-dashboard").await.location().starts_with("/login?"));
    stranger.json("/api/org/update-settings", &json!({ "name": "Mine" })).await;
    let elsewhere = stranger.request(Method::POST, "/api/auth/request-link").header("sec-fetch-site", "cross-site");
    stranger.send(elsewhere.header(header::CONTENT_TYPE, "application/json").body("{}")).await;
    for _ in 0..11 {
        stranger.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", "a longer walk on the pier")]).await;
    }
    stranger.get("/nothing/like/it").await;
    let log = keel.log();
    for (level, wanted) in [
        ("INFO", &["status=303", "route=\"/private-dashboard\"", "code=\"SIGN_IN_REQUIRED\""][..]),
        ("WARN", &["status=401", "code=\"SIGN_IN_REQUIRED\""]),
        ("WARN", &["status=403", "route=\"/api/auth/request-link\"", "code=\"ORIGIN_REQUIRED\""]),
        ("INFO", &["status=422", "route=\"/api/auth/sign-in\"", "code=\"INVALID\""]),
        ("WARN", &["status=429", "route=\"/api/auth/sign-in\"", "code=\"TOO_MANY\""]),
        ("INFO", &["status=404", "route=\"unknown\"", "code=\"NOT_FOUND\""]),
    ] {
        let found = lines(&log, wanted);
        assert!(!found.is_empty() && found.iter().all(|line| line.contains(level)), "{level} {wanted:?} in {log}");
        assert!(found.iter().all(|line| line.contains("client=127.0.0.1") && !line.contains("user=")), "{found:?}");
    }
}
