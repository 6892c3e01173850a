//! Two-step verification as people have it: an app that shows codes, and ten codes on paper.

use super::{App, Browser};
use keel_types::Instant;
use keel_types::time::SECOND;
use totp_rs::{Builder, Secret, Totp};

/// Where the page of the app is.
pub const SET_UP: &str = "/two-step/set-up";
/// Where recovery codes are shown, once.
pub const CODES: &str = "/two-step/recovery-codes";
/// Milliseconds until an app shows the next code.
pub const NEXT_CODE: i64 = 30 * SECOND;

/// An app that shows somebody's codes.
pub struct Authenticator(Totp);

impl Authenticator {
    /// One that was given the key on the page.
    pub fn of_page(page: &str) -> Self {
        let secret = Secret::try_from_base32(secret_on(page, "key").replace(' ', "")).unwrap();
        Self(Builder::new().with_secret(secret).build().unwrap())
    }

    /// What it shows at this moment.
    pub fn code_at(&self, at: Instant) -> String {
        self.0.generate(u64::try_from(at.0 / SECOND).unwrap()).to_string()
    }

    /// What it shows now.
    pub fn code(&self, app: &App) -> String {
        self.code_at(app.keel.now())
    }

    /// Six digits that it shows neither now nor in the spans around.
    pub fn wrong_code(&self, app: &App) -> String {
        let shown = [-2, -1, 0, 1, 2].map(|spans| self.code_at(app.keel.now().plus(spans * NEXT_CODE)));
        (0..10).map(|n: u32| format!("{n:06}")).find(|code| !shown.contains(code)).unwrap()
    }
}

/// What the page shows to be copied under this id.
pub fn secret_on(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} on {page}"));
    rest.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()
}

impl Browser {
    /// The ten codes that its person is shown, once.
    pub async fn recovery_codes(&self) -> Vec<String> {
        let page = self.get(CODES).await;
        let codes: Vec<String> = secret_on(&page.body, "codes").split_whitespace().map(str::to_owned).collect();
        assert_eq!(codes.len(), 10, "{}", page.body);
        codes
    }
}

impl App {
    /// Turns two-step verification on for whoever is signed in there and has no recovery codes yet; gives the app and the codes. The code
    /// that turned it on is spent: the next one counts.
    pub async fn turns_on_two_step(&self, browser: &Browser) -> (Authenticator, Vec<String>) {
        let authenticator = self.sets_up_app(browser, CODES).await;
        (authenticator, browser.recovery_codes().await)
    }

    /// The same for whoever has a passkey, and with it recovery codes, which stay.
    pub async fn adds_app(&self, browser: &Browser) -> Authenticator {
        self.sets_up_app(browser, "/private-dashboard/settings/security").await
    }

    async fn sets_up_app(&self, browser: &Browser, next: &str) -> Authenticator {
        browser.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let authenticator = Authenticator::of_page(&browser.get(SET_UP).await.body);
        let code = authenticator.code(self);
        browser.form("/api/two-step/confirm", &[("code", &code)]).await.leads_to(next);
        self.advance(NEXT_CODE).await;
        authenticator
    }

    /// Moves the clock to where apps have just begun to show another code, so that what a test computes is not a span older when it is
    /// looked at.
    pub async fn next_code_begins(&self) {
        self.advance(NEXT_CODE - self.keel.now().0 % NEXT_CODE).await;
    }

    /// A browser in which the first factor of somebody was right, and the second is awaited.
    pub async fn begins_to_sign_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        assert_eq!(self.sign_in_with(&browser, email).await, "/two-step");
        browser
    }
}
