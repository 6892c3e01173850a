//! The region Sign-in with other accounts: which are linked, linking further ones, and parting with them.

use super::SECURITY;
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::page::Page;
use crate::problem::Problem;
use crate::ui::{Button, Column, Day, Form, Region, Table, Weight};
use keel_domain::Refusal;
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::providers::{self, Linked};
use keel_text::fill;
use keel_types::{Code, IdentityId};
use leptos::prelude::*;

actions! {
    /// Sends the browser to a provider, to link an account there.
    link_provider: "user/link-provider" on [SECURITY], Fresh<SignedIn>, Chosen;
    /// Parts with an account elsewhere.
    unlink_provider: "user/unlink-provider" on [SECURITY], Fresh<SignedIn>, Parted;
}

/// The slug of a provider.
struct Chosen(String);

impl Input for Chosen {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(form.text("provider").to_owned()))
    }
}

async fn link_provider(call: &mut Write<Fresh<SignedIn>>, Chosen(provider): Chosen) -> Answer {
    let departure = providers::link(call, &provider).await?.map_err(|why| Problem::new(why.code()))?;
    let settings = call.keel().settings();
    let trip = Cookie::Trip.set(settings, departure.browser.reveal());
    Ok(Done::go(departure.address).by_step_to(settings.provider_name(&provider)).cookie(trip))
}

/// An account elsewhere.
struct Parted(Option<IdentityId>);

impl Input for Parted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(IdentityId::parse(form.text("identity")).ok()))
    }
}

async fn unlink_provider(call: &mut Write<Fresh<SignedIn>>, Parted(identity): Parted) -> Answer {
    let identity = identity.ok_or_else(|| Problem::new(Code::NotFound))?;
    providers::unlink(call, &identity).await?;
    Ok(Done::go(SECURITY).say(Said::ProviderUnlinked))
}

/// What stands in the region.
pub struct Providers {
    /// The caller's accounts, with what people know the provider as.
    linked: Vec<(String, Linked)>,
    /// Providers none of them is at: slugs and names.
    others: Vec<(String, String)>,
}

/// The caller's accounts elsewhere; where no provider is set up nobody comes in by one, and none is looked for.
pub async fn load(call: &mut Read<SignedIn>) -> Result<Providers, Refusal> {
    if call.keel().settings().providers.is_empty() {
        return Ok(Providers { linked: vec![], others: vec![] });
    }
    let linked = providers::list(call).await?;
    let settings = call.keel().settings();
    let others = settings.providers.iter().filter(|provider| linked.iter().all(|one| one.provider != provider.slug));
    let others = others.map(|provider| (provider.slug.clone(), provider.name.clone())).collect();
    let named = |one: Linked| (settings.provider_name(&one.provider).to_owned(), one);
    Ok(Providers { linked: linked.into_iter().map(named).collect(), others })
}

/// The region; nothing where there are no providers.
#[component]
pub fn OtherAccounts(page: Page, providers: Providers) -> impl IntoView {
    let words = &page.text.providers;
    let Providers { linked, others } = providers;
    let is_empty = linked.is_empty() && others.is_empty();
    let rows = (!linked.is_empty()).then(|| {
        let shared = &page.text.passkeys;
        let columns = [words.provider, words.account, words.linked, shared.used, shared.actions].map(Column::text).to_vec();
        let rows = linked.into_iter().map(|(name, one)| row(&page, name, one)).collect();
        view! { <Table caption=words.title quiet_caption=true columns rows/> }
    });
    let link = link_provider::at(&page.here);
    let button = move |(slug, name): (String, String)| {
        let (label, action) = (fill(words.link, &[("provider", &name)]), link.clone());
        view! {
            <Form action class="">
                <input type="hidden" name="provider" value=slug/>
                <Button label weight=Weight::Secondary/>
            </Form>
        }
    };
    let buttons = (!others.is_empty()).then(|| view! { <div class="cluster">{others.into_iter().map(button).collect_view()}</div> });
    (!is_empty).then(|| view! { <Region id="providers" title=words.title wide=true><p>{words.lead}</p>{rows}{buttons}</Region> })
}

fn row(page: &Page, name: String, one: Linked) -> Vec<AnyView> {
    let label = fill(page.text.providers.unlink, &[("provider", &name)]);
    let used = match one.last_used {
        Some(at) => view! { <Day at/> }.into_any(),
        None => view! { <span class="soft">{page.text.passkeys.never}</span> }.into_any(),
    };
    let unlink = view! {
        <Form action=unlink_provider::at(&page.here) class="">
            <input type="hidden" name="identity" value=one.id.to_string()/>
            <Button label weight=Weight::Secondary/>
        </Form>
    };
    vec![name.into_any(), one.label.into_any(), view! { <Day at=one.at/> }.into_any(), used, unlink.into_any()]
}
