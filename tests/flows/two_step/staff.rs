//! Platform staff: their pages open only to sessions with a second factor, and to people who have proven lately who they are.

use crate::both;
use crate::flows::roles::platform::{appoint, sam};
use crate::support::{Answer, Browser};
use keel_domain::staff::PlatformRole;
use keel_types::time::MINUTE;

const PAGE: &str = "/api/admin/roles";

async fn asks(browser: &Browser) -> Answer {
    browser.send(browser.request(http::Method::GET, PAGE).header(http::header::ACCEPT, "application/json")).await
}

both! {
    async fn staff_without_a_second_factor_open_nothing(app: App) {
        let browser = app.sign_in_to_join("sam@keel.example").await;
        appoint(&app, PlatformRole::Admin).await;
        assert_eq!(asks(&browser).await.problem(), (403, "TWO_STEP_REQUIRED".to_owned()));
        assert_eq!(browser.json(PAGE, &serde_json::json!({ "name": "Helper" })).await.problem(), (403, "TWO_STEP_REQUIRED".to_owned()));
        app.turns_on_two_step(&browser).await;
        assert_eq!(asks(&browser).await.status, 200);
    }

    async fn staff_prove_every_ten_minutes_who_they_are(app: App) {
        let sam = sam(&app).await;
        assert_eq!(asks(&sam).await.status, 200);
        app.advance(11 * MINUTE).await;
        assert_eq!(asks(&sam).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()));
        appoint(&app, PlatformRole::Support).await;
        assert_eq!(asks(&sam).await.problem(), (403, "FORBIDDEN".to_owned()), "a proof would not help them");
    }
}
