//! What the components are shown with: people and workspaces nobody has, among them names that do not fit.

use crate::assets;
use crate::layouts::{AccountEntry, BannerText, Frame, Section, User};
use crate::page::Page;
use crate::ui::{Icon, Spoken, Tone};
use keel_domain::audit::Done;
use keel_domain::billing::overview::Entry;
use keel_text::Catalogue;
use keel_types::Instant;
use keel_types::time::{DAY, HOUR};

/// 21 November 2026, 09:30 UTC.
const NOW: Instant = Instant(1_795_253_400_000);

/// A name with the longest word of German law.
pub const LONG_NAME: &str = "Rinderkennzeichnungsfleischetikettierungsüberwachungsaufgabenübertragungsgesellschaft mbH";
/// A name that is read from right to left.
pub const HEBREW_NAME: &str = "נועה לוי";

/// Four hundred characters without a place to break.
pub fn long_word() -> String {
    "keel".repeat(100)
}

/// Olivia's dashboard, with more accounts than most have.
pub fn frame(page: &Page) -> Frame {
    let text = page.text;
    let names = ["Acme", LONG_NAME, HEBREW_NAME, "Olivia Owens"];
    let entry = |(i, name): (usize, &&str)| AccountEntry {
        id: format!("acc_{i}"),
        name: (*name).to_owned(),
        note: text.navigation.personal.to_owned(),
        logo: (i == 1).then(|| assets::url("favicon.svg").to_owned()),
        current: i == 0,
    };
    let accounts: Vec<AccountEntry> = names.iter().enumerate().map(entry).collect();
    let section = |label: &'static str, icon, current| Section { label: label.into(), href: page.here.clone(), icon, current };
    Frame {
        lang: page.lang,
        user: User {
            name: "Olivia Owens".to_owned(),
            email: "olivia@acme.example".to_owned(),
            your_account: page.here.clone(),
            sign_out_action: page.here.clone(),
        },
        account: accounts[0].clone(),
        sections: vec![
            section(text.navigation.overview, Icon::Overview, true),
            section(text.navigation.members, Icon::Members, false),
            section(text.navigation.billing, Icon::Billing, false),
            section(text.navigation.settings, Icon::Settings, false),
        ],
        accounts,
        switch_action: page.here.clone(),
        create_workspace: Some(page.here.clone()),
        banner: Some(BannerText {
            tone: Tone::Warning,
            text: text.problem.payment_due.into(),
            link: Some((text.overview.see_billing.into(), page.here.clone())),
        }),
        flash: Some(Spoken { text: text.flash.profile_saved.into(), tone: Tone::Success }),
    }
}

/// Two weeks of credits, newest first.
pub fn entries() -> Vec<Entry> {
    let moves = [
        ("subscription", 2_500),
        ("ai_request", -300),
        ("ai_request", -900),
        ("credit_pack", 1_000),
        ("ai_request", -1_400),
        ("expiry", -900),
    ];
    let mut balance = 0;
    let mut entries: Vec<Entry> = (0..)
        .zip(moves)
        .map(|(day, (kind, amount))| {
            balance += amount;
            Entry { number: day + 1, kind: kind.to_owned(), amount, balance, at: NOW.plus((day - 14) * DAY) }
        })
        .collect();
    entries.reverse();
    entries
}

/// What was done lately, newest first.
pub fn done(text: &Catalogue) -> Vec<Done> {
    let done =
        |actor: &str, action: &str, hours: i64| Done { actor: actor.to_owned(), action: action.to_owned(), at: NOW.plus(-hours * HOUR) };
    vec![
        done("Olivia Owens", "subscription.started", 1),
        done(text.actor.stripe, "payment.failed", 26),
        done(HEBREW_NAME, "workspace.created", 27),
        done(LONG_NAME, "auth.signed_in", 300),
    ]
}
