//! What people type: refused with a reason at its field, kept for another try, and inert wherever it is shown.

use super::pages::is_clean;
use super::{OLIVIA, endpoints_of};
use crate::both;
use crate::support::{Answer, Browser};
use keel_web::endpoints::Kind;
use serde_json::{Value, json};

/// Names as attackers choose them.
const MARKUP: &[&str] = &[
    "</title><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "--><svg/onload=alert(1)>",
    "{{7*7}}${7*7}<%=7*7%>",
    "&lt;b&gt;&#60;script&#62;",
];

/// Attributes are in double quotes, so a single one does not end them.
fn is_inert(answer: &Answer, text: &str) -> bool {
    !answer.body.contains(text) || !text.contains(['<', '"', '&'])
}

async fn fault(browser: &Browser, path: &str, fields: Value, field: &str) -> String {
    let answer = browser.json(path, &fields).await;
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{fields}");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let of_field = errors.iter().find(|error| error["field"] == field);
    of_field.unwrap_or_else(|| panic!("{field}: {errors:?}"))["code"].as_str().unwrap().to_owned()
}

both! {
    async fn names_have_visible_characters_and_at_most_eighty(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        let long = "x".repeat(400);
        let wide = "🚢".repeat(81);
        for (name, wanted) in [
            ("", "required"),
            ("   ", "required"),
            ("\u{0}", "bad_characters"),
            ("Oli\u{0}via", "bad_characters"),
            ("Oli\u{202e}aiv", "bad_characters"),
            ("\u{2066}Olivia\u{2069}", "bad_characters"),
            ("Olivia\r\nBcc: eve@evil.example", "bad_characters"),
            ("Oli\u{200b}via", "bad_characters"),
            (&long, "too_long"),
            (&wide, "too_long"),
        ] {
            for field in ["first_name", "last_name"] {
                let mut fields = json!({ "first_name": "Olivia", "last_name": "A" });
                fields[field] = Value::from(name);
                assert_eq!(fault(&browser, "/api/user/onboarding", fields, field).await, wanted, "{name:?}");
            }
        }
        for phone in ["abc", "+31 <script>", "12", "\u{0}12345", "1234567890123456789012345678901234567890"] {
            let fields = json!({ "first_name": "Olivia", "last_name": "A", "phone": phone });
            fault(&browser, "/api/user/onboarding", fields, "phone").await;
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE first_name IS NULL").await, 1);
        let names = json!({ "first_name": "🚢".repeat(80), "last_name": "O'Łucja-Ñandú 李" });
        assert_eq!(browser.json("/api/user/onboarding", &names).await.status, 200);
    }

    async fn a_workspace_is_not_named_by_hidden_characters(app: App) {
        let browser = app.browser();
        browser.form("/api/auth/request-link", &[("email", OLIVIA), ("redirectTo", "/invitations/none")]).await.leads_to("/verify");
        let code = app.code(OLIVIA).await;
        browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/invitations/none");
        let long = "x".repeat(400);
        for (name, wanted) in [("", "required"), ("A\u{0}", "bad_characters"), ("A\u{202e}", "bad_characters"), (&long, "too_long")] {
            assert_eq!(fault(&browser, "/api/workspaces/create", json!({ "name": name }), "name").await, wanted);
        }
        let page = browser.form("/api/workspaces/create", &[("name", &long)]).await;
        assert!(page.status == 422 && page.body.contains(&long), "what was typed is still there");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 0);
        browser.form("/api/workspaces/create", &[("name", "株式会社")]).await.leads_to("/onboarding");
        assert_eq!(app.db.text("SELECT slug FROM accounts WHERE kind = 'workspace'").await, "workspace");
    }

    async fn markup_in_names_is_text_on_every_page(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        for name in MARKUP {
            let told = [("first_name", *name), ("last_name", *name)];
            assert_eq!(browser.form("/api/user/onboarding", &told).await.status, 303, "{name}");
            let quoted = name.replace('\'', "''");
            app.db.run(&format!("UPDATE accounts SET name = '{quoted}'")).await;
            for endpoint in endpoints_of(Kind::Page) {
                for path in [endpoint.path.to_owned(), format!("{}?account=personal", endpoint.path), format!("{}?account=none", endpoint.path)] {
                    let page = browser.copy().get(&path).await;
                    is_clean(&page, &path);
                    assert!(is_inert(&page, name), "{path} shows {name} as it is");
                    for live in ["<script>alert", "<img src=x", "<svg/onload", "<b>"] {
                        assert!(!page.body.contains(live), "{path}: {live}");
                    }
                }
            }
        }
        let shown = browser.get("/private-dashboard").await;
        assert!(shown.status == 200 && shown.body.contains("&lt;b&gt;") || shown.body.contains("&amp;lt;b&amp;gt;"), "{}", shown.body);
    }

    async fn markup_that_was_refused_is_text_too(app: App) {
        let browser = app.browser();
        for text in MARKUP {
            let page = browser.form("/api/auth/request-link", &[("email", text), ("redirectTo", text)]).await;
            assert_eq!(page.status, 422);
            is_clean(&page, text);
            assert!(is_inert(&page, text), "{text}");
            let page = browser.form(&format!("/api/auth/request-link?{}", serde_urlencoded::to_string([("at", text)]).unwrap()), &[]).await;
            is_clean(&page, text);
            assert!(is_inert(&page, text), "{text}");
        }
    }

    async fn what_was_typed_is_still_there_but_never_a_code(app: App) {
        let browser = app.browser();
        let page = browser.form("/api/auth/request-link?at=/signup", &[("email", "olivia@acme"), ("redirectTo", "/private-dashboard")]).await;
        assert_eq!(page.status, 422);
        for part in ["value=\"olivia@acme\"", "Create your account", "aria-invalid=\"true\"", "There is a problem"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        browser.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        for code in ["987654", "98765", "<98765>"] {
            let page = browser.form("/api/auth/verify-otp", &[("code", code)]).await;
            assert!(page.status == 422 && page.body.contains("aria-invalid") && !page.body.contains("98765"), "{code}: {}", page.body);
        }
        let olivia = app.sign_in(OLIVIA).await;
        let told = [("first_name", "Olivia \"O\""), ("last_name", ""), ("phone", "call me")];
        let page = olivia.form("/api/user/onboarding", &told).await;
        assert_eq!(page.status, 422);
        for part in ["value=\"Olivia &quot;O&quot;\"", "value=\"call me\"", "id=\"last_name-error\"", "id=\"phone-error\""] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("id=\"first_name-error\""));
    }

    async fn what_is_no_address_gets_no_mail(app: App) {
        let browser = app.browser();
        let long = format!("{}@acme.example", "x".repeat(300));
        for email in ["", "olivia", "olivia@acme", "o@@acme.example", "o a@acme.example", "o@acme.example\r\nBcc: eve@evil.example", "o\u{0}@acme.example",
            "\"o\"@acme.example", "o@[127.0.0.1]", "o@acme.example\u{202e}", "ö@acme.example", "a@acme.example,b@acme.example", &long] {
            let answer = browser.json("/api/auth/request-link", &json!({ "email": email })).await;
            assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{email:?}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox").await, 0);
    }
}
