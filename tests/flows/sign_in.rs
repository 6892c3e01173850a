//! Signing in by e-mail.

use crate::both;

const OLIVIA: &str = "olivia@acme.example";

both! {
    async fn a_code_signs_in_where_it_was_asked_for(app: App) {
        let browser = app.browser();
        assert_eq!(app.sign_in_with(&browser, OLIVIA).await, "/onboarding");
        assert_eq!(browser.get("/onboarding").await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions").await, 1);
    }
}
