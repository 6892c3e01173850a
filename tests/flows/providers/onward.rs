//! The step between a form and a provider.

use super::{LINK, OLIVIA, SECURITY, issuer, settings};
use crate::both;
use crate::support::{Answer, Browser};
use http::header;
use reqwest::RequestBuilder;
use serde_json::json;

fn language(answer: &Answer) -> &str {
    answer.headers[header::CONTENT_LANGUAGE].to_str().unwrap()
}

fn in_german(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    browser.posted(path, fields).header(header::ACCEPT_LANGUAGE, "de")
}

both! {
    async fn a_form_is_answered_by_a_page_that_leads_on_and_a_program_by_the_address(app: App, with &settings()) {
        let acme = issuer(&app, 0).base.clone();
        let browser = app.browser();
        let page = browser.form("/auth/oauth/acme", &[]).await;
        assert!(page.onward().starts_with(&format!("{acme}/authorize?")), "{}", page.body);
        for part in ["<title>Going on to Acme · Keel</title>", "Going on to Acme</h1>", "<main ", ">Continue</a>", "noindex"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("<script") && browser.cookie("keel_trip").is_some(), "{}", page.body);
        assert!(!page.headers["content-security-policy"].to_str().unwrap().contains(&acme), "no form leads there");
        assert!(app.browser().json("/auth/oauth/acme", &json!({})).await.location().starts_with(&acme));

        let olivia = app.sign_in(OLIVIA).await;
        let page = olivia.form(&format!("{LINK}?at={SECURITY}"), &[("provider", "acme")]).await;
        assert!(page.onward().starts_with(&acme) && page.body.contains("Going on to Acme</h1>"), "{}", page.body);
        let program = olivia.json(LINK, &json!({ "provider": "acme" })).await;
        assert!(program.status == 200 && program.json()["next"].as_str().unwrap().starts_with(&acme), "{}", program.body);
    }

    async fn an_address_is_text_on_the_page_that_leads_to_it(app: App, with &settings()) {
        let evil = issuer(&app, 1);
        evil.says_of_itself(&[("authorization_endpoint", json!(format!("{}/'\"><b>?a=b;url=c&d='", evil.base)))]);
        let page = app.browser().form("/auth/oauth/evil", &[]).await;
        let address = page.onward();
        assert!(address.starts_with(&format!("{}/'", evil.base)) && address.contains("a=b;url=c&d="), "{address}");
        assert!(!page.body.contains("<b>"), "{}", page.body);
    }

    async fn whoever_goes_on_reads_their_own_language(app: App, with &settings()) {
        let visitor = app.browser();
        let page = visitor.send(in_german(&visitor, "/auth/oauth/acme", &[])).await;
        assert_eq!((language(&page), page.body.contains("Weiter zu Acme</h1>")), ("de", true));
        let olivia = app.sign_in(OLIVIA).await;
        olivia.form("/api/language/choose", &[("language", "fr")]).await.leads_to("/");
        let page = olivia.send(in_german(&olivia, LINK, &[("provider", "acme")])).await;
        assert_eq!((language(&page), page.body.contains("En route vers Acme</h1>")), ("fr", true));
    }
}
