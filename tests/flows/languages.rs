//! Languages: who is spoken to in which, on pages, in mails and in what programs get.

mod leftovers;

use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, HYBRID};
use http::{Method, header};
use serde_json::json;

const OLIVIA: &str = "olivia@acme.example";
const NINA: &str = "nina@new.example";

/// A page, asked for with these languages.
async fn ask(browser: &Browser, path: &str, languages: &str) -> Answer {
    browser.send(browser.page(path).header(header::ACCEPT_LANGUAGE, languages)).await
}

/// Posts a form from a browser of this language.
async fn post(browser: &Browser, path: &str, fields: &[(&str, &str)], languages: &str) -> Answer {
    browser.send(browser.posted(path, fields).header(header::ACCEPT_LANGUAGE, languages)).await
}

/// The language a page is in: its attribute and its header agree.
fn language(answer: &Answer) -> &str {
    let header = answer.headers[header::CONTENT_LANGUAGE].to_str().unwrap();
    assert!(answer.body.contains(&format!("<html lang=\"{header}\"")), "{header}: {}", answer.body);
    let varies = answer.headers[header::VARY].to_str().unwrap().to_lowercase();
    assert!(varies.contains("accept-language") && varies.contains("cookie"), "{varies}");
    header
}

/// Signs up from a browser of this language.
async fn sign_up(app: &App, email: &str, languages: &str) -> Browser {
    let browser = app.browser();
    post(&browser, "/api/auth/request-link", &[("email", email), ("redirectTo", "/invitations/none")], languages).await.leads_to("/verify");
    let code = app.code(email).await;
    post(&browser, "/api/auth/verify-otp", &[("code", &code)], languages).await.leads_to("/invitations/none");
    browser
}

both! {
    async fn a_visitor_reads_what_the_browser_asks_for_or_what_was_chosen(app: App) {
        for path in ["/", "/pricing", "/login", "/legal/privacy", "/verify", "/login?redirectTo=/checkout", "/nothing", "/invitations/none"] {
            let visitor = app.browser();
            for (languages, lang) in [("de-AT,de;q=0.9,en;q=0.8", "de"), ("nl", "nl"), ("ja,fr;q=0.2", "fr"), ("es-MX", "es"), ("ja", "en")] {
                assert_eq!(language(&ask(&visitor, path, languages).await), lang, "{path} {languages}");
            }
            for broken in ["", ";;", "de;q=x", "\u{1}"] {
                let request = visitor.page(path).header(header::ACCEPT_LANGUAGE, http::HeaderValue::from_bytes(b"de;q=\xff").unwrap());
                assert_eq!(language(&visitor.send(request).await), "en", "{path}");
                if http::HeaderValue::from_str(broken).is_ok() {
                    assert_eq!(language(&ask(&visitor, path, broken).await), "en", "{path} {broken}");
                }
            }
            visitor.set_cookie("keel_lang", "es");
            assert_eq!(language(&ask(&visitor, path, "de").await), "es", "{path}");
            visitor.set_cookie("keel_lang", "<script>");
            assert_eq!(language(&ask(&visitor, path, "de").await), "de", "{path}");
        }
    }

    async fn choosing_leads_back_to_the_same_page(app: App) {
        let visitor = app.browser();
        let page = ask(&visitor, "/login?redirectTo=/checkout", "de").await;
        let action = "/api/language/choose?at=/login%3FredirectTo%3D/checkout";
        assert!(page.body.contains(&format!("action=\"{action}\"")), "{}", page.body);
        post(&visitor, action, &[("language", "fr")], "de").await.leads_to("/login?redirectTo=/checkout");
        assert_eq!(language(&ask(&visitor, "/login?redirectTo=/checkout", "de").await), "fr");
        assert_eq!(language(&ask(&visitor, "/nothing", "de").await), "fr");
        for (fields, at) in [(vec![("language", "tlh")], "/"), (vec![], "/pricing"), (vec![("language", "")], "//evil.example")] {
            let refused = visitor.form(&format!("/api/language/choose?at={at}"), &fields).await;
            assert_eq!((refused.status, language(&refused)), (422, "fr"), "{fields:?}");
        }
        visitor.form("/api/language/choose?at=//evil.example", &[("language", "nl")]).await.leads_to("/");
        visitor.form("/api/language/choose", &[("language", "en")]).await.leads_to("/");
        assert_eq!(language(&ask(&visitor, "/", "de").await), "en");
    }

    async fn whoever_is_signed_in_reads_what_they_chose_in_every_browser(app: App) {
        let olivia = sign_up(&app, OLIVIA, "fr").await;
        assert_eq!(language(&ask(&olivia, "/onboarding", "de").await), "fr", "the language of signing up is hers");
        olivia.form("/api/language/choose?at=/pricing", &[("language", "nl")]).await.leads_to("/pricing");
        let elsewhere = app.sign_in(OLIVIA).await;
        assert_eq!(elsewhere.cookie("keel_lang").as_deref(), Some("nl"), "so that pages which ask nobody who they are agree");
        for path in ["/onboarding", "/pricing", "/private-dashboard/settings", "/nothing"] {
            assert_eq!(language(&ask(&elsewhere, path, "de").await), "nl", "{path}");
        }
        // The profile goes before the cookie of a browser that chose before signing in.
        elsewhere.set_cookie("keel_lang", "es");
        assert_eq!(language(&ask(&elsewhere, "/onboarding", "de").await), "nl");
        let told = [("first_name", "Olivia"), ("last_name", "Owens"), ("language", "")];
        elsewhere.form("/api/profile/save", &told).await.leads_to("/private-dashboard/settings");
        assert_eq!(elsewhere.cookie("keel_lang"), None);
        assert_eq!(language(&ask(&elsewhere, "/onboarding", "de").await), "de", "without a choice it is the browser's");
    }

    async fn programs_are_told_in_the_language_they_ask_for(app: App) {
        let program = app.browser();
        for (languages, title) in [("de", "Melden Sie sich zuerst an."), ("fr-CA", "Connectez-vous d'abord."), ("tlh", "Sign in first.")] {
            let request = program.request(Method::GET, "/private-dashboard").header(header::ACCEPT, "application/json");
            let answer = program.send(request.header(header::ACCEPT_LANGUAGE, languages)).await;
            assert_eq!(answer.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
            assert_eq!(answer.json()["title"], title);
        }
        let request = program.request(Method::POST, "/api/auth/request-link").header(header::ACCEPT, "application/json");
        let request = request.header(header::CONTENT_TYPE, "application/json").body("{}").header(header::ACCEPT_LANGUAGE, "es");
        let answer = program.send(request).await;
        assert_eq!((answer.status, &answer.json()["title"]), (422, &json!("Hay algo que revisar. Lo que escribiste sigue ahí.")));
        assert_eq!(answer.headers[header::CONTENT_LANGUAGE], "es");
        let turned_away = program.send(program.request(Method::PUT, "/pricing").header(header::ACCEPT_LANGUAGE, "nl")).await;
        assert_eq!(turned_away.json()["title"], "Dit adres neemt zo'n verzoek niet aan.");
    }

    async fn a_form_shown_again_speaks_the_same_language(app: App) {
        let refused = post(&app.browser(), "/api/auth/request-link?at=/login", &[("email", "nobody")], "de").await;
        assert_eq!((refused.status, language(&refused)), (422, "de"));
        assert!(refused.body.contains("Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@example.com."));
    }

    async fn mail_to_a_stranger_is_in_the_language_of_the_request(app: App) {
        post(&app.browser(), "/api/auth/request-link", &[("email", NINA)], "es").await.leads_to("/verify");
        let mail = app.mail(NINA).await;
        assert!(mail["subject"].as_str().unwrap().ends_with(" es tu código para Keel"), "{mail}");
        assert!(mail["html"].as_str().unwrap().contains("<html lang=\"es\">"));
    }

    async fn mail_to_somebody_known_is_in_their_own(app: App) {
        sign_up(&app, OLIVIA, "nl").await;
        post(&app.browser(), "/api/auth/request-reset", &[("email", OLIVIA)], "fr").await.leads_to("/forgot-password");
        assert_eq!(app.mail(OLIVIA).await["subject"], "Stel je wachtwoord voor Keel opnieuw in");
    }

    async fn an_invitation_is_in_the_language_of_whom_it_invites_else_of_whom_it_is_from(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET max_members = NULL WHERE slug = 'acme'").await;
        cast.adam.form("/api/language/choose", &[("language", "de")]).await.leads_to("/");
        sign_up(&app, NINA, "fr").await;
        let invite = json!({ "emails": format!("{NINA}, nobody@new.example"), "role": "member", "account": ACME });
        assert_eq!(cast.adam.json("/api/org/invite", &invite).await.status, 200);
        assert_eq!(app.mail(NINA).await["subject"], "Adam Example vous invite à rejoindre Acme");
        let mail = app.mail("nobody@new.example").await;
        assert_eq!(mail["subject"], "Adam Example lädt Sie zu Acme ein");
        assert!(mail["text"].as_str().unwrap().contains("in der Rolle Mitglied."), "{mail}");
        // What becomes of Max is told to Max in his language, though Olivia reads English.
        cast.max.form("/api/language/choose", &[("language", "es")]).await.leads_to("/");
        let change = json!({ "account": ACME, "member": app.member("max").await, "role": "viewer" });
        assert_eq!(cast.olivia.json("/api/members/change-role", &change).await.status, 200);
        assert_eq!(app.mail("max@acme.example").await["subject"], "Tu rol en Acme es ahora Lector");
    }

    async fn figures_are_written_as_the_language_writes_them(app: App, with HYBRID) {
        let page = |languages: &'static str| { let browser = app.browser(); async move { ask(&browser, "/pricing", languages).await.body } };
        let (german, english) = (page("de").await, page("en-IE").await);
        assert!(english.contains("€29<") && english.contains("2,500 credits a month"), "{english}");
        assert!(german.contains("29\u{a0}€<") && german.contains("2.500 Credits im Monat"), "{german}");
        let olivia = sign_up(&app, OLIVIA, "de").await;
        let dashboard = olivia.get("/private-dashboard?account=personal").await.body;
        assert!(dashboard.contains("Angemeldet</p>"), "{dashboard}");
        assert!(dashboard.contains(" UTC</time>") && !dashboard.contains(" January "), "{dashboard}");
    }
}
