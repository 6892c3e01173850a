//! What surrounds every page of a signed-in person: the account switcher, the sections they may open, their own menu.

use crate::flash::Said;
use crate::layouts::{AccountEntry, BannerText, Frame, Section, User};
use crate::page::Visit;
use crate::pages::own_settings::{DATA, PROFILE};
use crate::pages::{accounts, audit, members, settings, sign_in, workspaces};
use crate::ui::{Icon, Text, Tone};
use keel_domain::access::{Caller, Standing};
use keel_domain::accounts::{Mine, billing};
use keel_text::{Catalogue, Lang, fill};
use keel_types::{AccountKind, BusinessModel, Permission, url};

/// The frame of this visit, for its caller and the caller's accounts.
pub(crate) fn of(visit: &Visit, caller: &Caller, mine: &[Mine], lang: Lang, said: Option<Said>) -> Frame {
    let text = lang.catalogue();
    let (teams, standing) = (visit.keel().settings().model().has_teams(), caller.usual_standing());
    let accounts: Vec<AccountEntry> = mine.iter().map(|mine| entry(visit, mine, standing, text)).collect();
    let current = accounts.iter().find(|account| account.current).cloned();
    Frame {
        lang,
        user: user(visit, caller),
        account: current.unwrap_or_else(|| AccountEntry {
            id: standing.account.to_string(),
            name: standing.name.clone(),
            note: String::new(),
            logo: None,
            current: true,
        }),
        sections: sections(visit, standing, text),
        accounts: if teams { accounts } else { vec![] },
        switch_action: accounts::switch::at(visit.here()),
        create_workspace: teams.then(|| workspaces::NEW_PAGE.to_owned()),
        banner: closing(visit, caller, text).or_else(|| banner(visit, standing, text)),
        flash: said.and_then(|said| said.spoken(text)),
    }
}

/// That the person's own account will be closed, which is weightier than what becomes of any other.
fn closing(visit: &Visit, caller: &Caller, text: &'static Catalogue) -> Option<BannerText> {
    let due = caller.closing_due?;
    let page = link(visit, caller.usual_standing(), DATA);
    let said = fill(text.closing.banner, &[("date", &text.date(due))]);
    Some(BannerText { tone: Tone::Danger, text: said.into(), link: Some((text.closing.banner_link.into(), page)) })
}

/// The weightiest thing to say about the account: that it will be deleted, else that a payment failed.
fn banner(visit: &Visit, standing: &Standing, text: &'static Catalogue) -> Option<BannerText> {
    if let Some(due) = standing.deletion_due {
        return Some(BannerText {
            tone: Tone::Danger,
            text: fill(text.danger.banner, &[("account", &standing.name), ("date", &text.date(due))]).into(),
            link: standing.role.is_owner().then(|| (text.danger.banner_link.into(), link(visit, standing, settings::PAGE))),
        });
    }
    let until = standing.kept_until?;
    let is_kept = until > visit.keel().now();
    let said = if is_kept { text.overdue.banner } else { text.overdue.banner_over };
    let billing = billing(standing, visit.keel().settings().model());
    Some(BannerText {
        tone: if is_kept { Tone::Warning } else { Tone::Danger },
        text: fill(said, &[("account", &standing.name), ("date", &text.date(until))]).into(),
        link: billing.map(|page| (text.overdue.banner_link.into(), link(visit, standing, page))),
    })
}

/// One of the person's accounts, with plan and role. In b2b a personal account never has a plan.
fn entry(visit: &Visit, mine: &Mine, standing: &Standing, text: &'static Catalogue) -> AccountEntry {
    let settings = visit.keel().settings();
    let plan = mine.plan.as_ref().map_or_else(|| text.navigation.no_plan.to_owned(), |id| settings.product.plan_name(id));
    let note = |role: &str| fill(text.navigation.account_note, &[("plan", &plan), ("role", &role)]);
    AccountEntry {
        id: mine.account.to_string(),
        name: mine.name.clone(),
        note: match mine.kind {
            AccountKind::Personal if settings.model() == BusinessModel::B2b => text.navigation.personal.to_owned(),
            AccountKind::Personal => note(text.navigation.personal),
            AccountKind::Workspace => note(text.role(&mine.role.name)),
        },
        logo: mine.logo.as_ref().map(|file| url::logo(mine.account.as_str(), file)),
        current: mine.account == standing.account,
    }
}

fn user(visit: &Visit, caller: &Caller) -> User {
    User {
        name: caller.shown_name(),
        email: caller.email.to_string(),
        your_account: link(visit, caller.usual_standing(), PROFILE),
        sign_out_action: sign_in::sign_out::at(visit.here()),
    }
}

/// A page, about this account where the request named one.
fn link(visit: &Visit, standing: &Standing, page: &str) -> String {
    visit.account().map_or_else(|| page.to_owned(), |_| url::about(page, standing.handle()))
}

/// The dashboards, whose addresses others of the navigation begin with.
const ROOTS: [&str; 2] = ["/org-dashboard", "/private-dashboard"];

/// The pages this person may open, each carrying the account the request named.
fn sections(visit: &Visit, standing: &Standing, text: &'static Catalogue) -> Vec<Section> {
    let section = |label: &'static str, path: &'static str, icon| Section {
        label: Text::from(label),
        href: link(visit, standing, path),
        icon,
        current: visit.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && !ROOTS.contains(&path))),
    };
    let home = section(text.navigation.home, "/private-dashboard", Icon::Home);
    let billing = billing(standing, visit.keel().settings().model()).map(|path| {
        let section = section(text.navigation.billing, path, Icon::Billing);
        Section { current: section.current || visit.path().starts_with("/billing/"), ..section }
    });
    if standing.is_manager() {
        let overview = section(text.navigation.overview, "/org-dashboard", Icon::Overview);
        let may = |permission| standing.role.permissions.has(permission);
        let members = may(Permission::ViewMembers).then(|| section(text.navigation.members, members::PAGE, Icon::Members));
        let audit = may(Permission::ViewAudit).then(|| section(text.navigation.audit, audit::PAGE, Icon::Audit));
        let settings = may(Permission::UpdateAccount).then(|| section(text.navigation.settings, settings::PAGE, Icon::Settings));
        [Some(overview), members, billing, audit, settings, Some(home)].into_iter().flatten().collect()
    } else {
        [Some(home), billing].into_iter().flatten().collect()
    }
}
