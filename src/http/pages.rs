//! The pages: path, module, door, and whether they are kept.

use axum::Router;
use axum::routing::get;
use keel_domain::access::{Door, Fresh, Manager, Member, SignedIn, Visitor};
use keel_types::permission::may;
use keel_web::endpoints::{Endpoint, Kind, Page};
use keel_web::page::{Stop, Visit};
use std::marker::PhantomData;

/// From each line come a route, a row of the table of endpoints, and whom the page opens to. The module's `load` takes a call of
/// that door. A page that is `kept` is the same for everybody who brings neither a cookie nor a query, which only visitors' pages
/// can be.
macro_rules! pages {
    (@kept kept $path:literal $door:ty) => {{
        const _: PhantomData<Visitor> = PhantomData::<$door>;
        $path
    }};
    ($($path:literal => $($module:ident)::+, $door:ty $(, $kept:ident)?;)*) => {
        /// Every page with its door.
        pub const PAGES: &[Endpoint] = &[
            $(Endpoint { path: $path, method: "GET", door: <$door as Door>::NAME, step_up: <$door as Door>::STEP_UP, kind: Kind::Page },)*
        ];

        $(inventory::submit! { Page::behind::<$door>($path) })*

        /// The paths of the pages that [`super::kept`] answers.
        pub const KEPT: &[&str] = &[$($(pages!(@kept $kept $path $door),)?)*];

        /// The pages, without the layers around them.
        pub fn router() -> Router {
            Router::new()$(.route($path, get(|visit: Visit| async move {
                use keel_web::pages::$($module)::+ as page;
                let shown = async {
                    loop {
                        let mut call = visit.read::<$door>().await?;
                        let around = visit.around(&mut call).await?;
                        match page::load(call, &visit).await {
                            Err(Stop::Again) => {}
                            model => break Ok(visit.show($path, around, model?, page::view)),
                        }
                    }
                };
                match shown.await {
                    Ok(response) => response,
                    Err(stop) => visit.stop(stop).await,
                }
            })))*
        }
    };
}

pages! {
    "/"                           => home,                     Visitor, kept;
    "/pricing"                    => pricing,                  Visitor, kept;
    "/login"                      => sign_in::login,           Visitor, kept;
    "/signup"                     => sign_in::login,           Visitor, kept;
    "/verify"                     => sign_in::verify,          Visitor;
    "/two-step"                   => sign_in::second_step,     Visitor;
    "/auth/link"                  => sign_in::link,            Visitor;
    "/auth/email"                 => sign_in::new_address,     SignedIn;
    "/auth/address"               => sign_in::address,         Visitor;
    "/forgot-password"            => sign_in::forgot,          Visitor, kept;
    "/reset-password"             => sign_in::reset,           Visitor;
    "/legal/terms"                => legal::terms,             Visitor, kept;
    "/legal/privacy"              => legal::privacy,           Visitor, kept;
    "/step-up"                    => sign_in::step_up,         SignedIn;
    "/two-step/set-up"            => two_step::set_up,         Fresh<SignedIn>;
    "/two-step/recovery-codes"    => two_step::codes,          SignedIn;
    "/two-step/required"          => two_step::required,       SignedIn;
    "/checkout"                   => checkout,                 SignedIn;
    "/checkout/success"           => checkout::success,        SignedIn;
    "/onboarding"                 => onboarding,               SignedIn;
    "/onboarding/workspace"       => workspaces::first,        SignedIn;
    "/workspaces/new"             => workspaces::another,      SignedIn;
    "/private-dashboard"          => dashboards::private,      Member;
    "/private-dashboard/billing"  => billing::personal,        Member;
    "/private-dashboard/settings" => own_settings::profile,    SignedIn;
    "/private-dashboard/settings/security" => own_settings::security, SignedIn;
    "/private-dashboard/settings/notifications" => own_settings::notifications, SignedIn;
    "/private-dashboard/settings/data" => own_settings::data, SignedIn;
    "/org-dashboard"              => dashboards::organization, Manager;
    "/org-dashboard/billing"      => billing,                  may::ViewBilling;
    "/billing/change"             => billing::change,          may::ManageBilling;
    "/billing/end-trial"          => billing::trial,           may::ManageBilling;
    "/billing/credits"            => billing::records::credits, may::ViewBilling;
    "/billing/payments"           => billing::records::payments, may::ViewBilling;
    "/org-dashboard/members"      => members,                  may::ViewMembers;
    "/org-dashboard/members/{member}" => members::member,      may::ViewMembers;
    "/org-dashboard/members/invite" => invitations::send,      may::InviteMembers;
    "/org-dashboard/settings"     => settings,                 may::UpdateAccount;
    "/org-dashboard/members/roles" => roles,                   may::UpdateRole;
    "/org-dashboard/audit"        => audit,                    may::ViewAudit;
    "/invitations/{token}"        => invitations::answer,      Visitor;
    "/unsubscribe/{token}"        => unsubscribe,              Visitor;
    "/dev/components"             => components,               Visitor;
    "/dev/mailbox"                => mailbox,                  Visitor;
}
