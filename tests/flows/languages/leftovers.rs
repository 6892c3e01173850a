//! No English is left over on a page in another language.

use crate::both;
use crate::support::{App, Browser, Cast};
use keel_domain::billing::catalogue::Article;
use keel_text::{EN, Lang};
use std::collections::BTreeSet;

/// What everybody can open, and what Olivia can.
const PUBLIC: [&str; 10] = [
    "/",
    "/pricing",
    "/login",
    "/signup",
    "/forgot-password",
    "/verify",
    "/legal/terms",
    "/legal/privacy",
    "/nothing",
    "/invitations/none",
];
const OWN: [&str; 12] = [
    "/org-dashboard",
    "/org-dashboard/members",
    "/org-dashboard/members?search=nobody",
    "/org-dashboard/members/invite",
    "/org-dashboard/billing",
    "/private-dashboard",
    "/private-dashboard?account=personal",
    "/private-dashboard/settings",
    "/private-dashboard/settings/notifications",
    "/onboarding",
    "/workspaces/new",
    "/checkout",
];

/// The texts between the tags of a page and in its spoken attributes.
fn spoken(html: &str) -> BTreeSet<String> {
    let plain =
        |text: &str| text.replace("&amp;", "&").replace("&#39;", "'").replace("&#x27;", "'").replace("&quot;", "\"").trim().to_owned();
    let mut said: BTreeSet<String> = html.split('>').filter_map(|part| part.split('<').next()).map(plain).collect();
    for attribute in ["aria-label=\"", "alt=\"", "title=\"", "content=\""] {
        said.extend(html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).map(plain));
    }
    said
}

/// Whole texts of the English catalogue on a page that are none of the other language's, nor what the operator says of plans.
async fn leftovers(app: &App, browser: &Browser, path: &str, lang: Lang) -> Vec<String> {
    let page = browser.get(path).await;
    assert!(page.body.contains(&format!("<html lang=\"{}\"", lang.tag())), "{path} in {lang:?}: {} {:?}", page.status, page.headers);
    let product = &app.keel.settings().product;
    let features =
        product.plans.iter().flat_map(|plan| &plan.features).chain(product.licences.iter().flat_map(|licence| &licence.features));
    let plans = product.articles().map(Article::name).chain(features.map(String::as_str));
    let own: BTreeSet<&str> = lang.catalogue().entries().into_iter().map(|(.., text)| text).chain(plans).collect();
    let english: BTreeSet<&str> = EN.entries().into_iter().map(|(.., text)| text).filter(|text| !own.contains(text)).collect();
    // A text with placeholders is known by its words in front of the first one.
    let stems: BTreeSet<&str> =
        english.iter().filter_map(|text| text.split_once('{')).map(|(stem, _)| stem.trim()).filter(|stem| stem.len() > 8).collect();
    let said = spoken(&page.body).into_iter().filter(|text| !own.contains(text.as_str()));
    said.filter(|text| english.contains(text.as_str()) || stems.iter().any(|stem| text.starts_with(stem))).collect()
}

both! {
    async fn no_english_is_left_over(app: App) {
        let cast = Cast::gather(&app).await;
        let member = format!("/org-dashboard/members/{}", app.member("max").await);
        for lang in Lang::ALL.iter().copied().filter(|lang| *lang != Lang::En) {
            let stranger = app.browser();
            for browser in [&stranger, &cast.olivia] {
                browser.form("/api/language/choose", &[("language", lang.tag())]).await.leads_to("/");
            }
            let public = PUBLIC.iter().map(|path| (&stranger, *path));
            let own = OWN.iter().copied().chain([member.as_str()]).map(|path| (&cast.olivia, path));
            for (browser, path) in public.chain(own) {
                let left = leftovers(&app, browser, path, lang).await;
                assert!(left.is_empty(), "{path} in {lang:?}: {left:?}");
            }
        }
        let english = leftovers(&app, &app.browser(), "/login", Lang::En).await;
        assert!(english.is_empty(), "in English nothing is left over, by definition: {english:?}");
        let stranger = app.browser();
        let seen = spoken(&stranger.get("/login").await.body);
        assert!(seen.contains("Email me a sign-in link") && seen.contains("Sign in"), "the check reads what is said: {seen:?}");
    }
}
