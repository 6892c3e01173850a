//! What comes before: a request to each endpoint that writes, from somebody to whom it would be granted.

use super::NAMED;
use super::endpoints::{
    ACCEPT, ADD_PASSKEY, ASK_PASSKEY, BEGIN_PASSKEY, BY_PASSKEY, CHANGE_OWNER, CHANGE_ROLE, CHECKOUT, CLOSE, CONFIRM_APP, CONFIRM_CODE,
    CONFIRM_PASSWORD, CONFIRM_SECOND, CREATE, CREATE_FIRST, DECLINE, FREE, INVITE, LEAVE, LICENCE, LINK, MAIL_CODE, OF_PLANS, OF_SESSIONS,
    OF_TWO_STEPS, ONE_CLICK, PROVE, PROVIDER, REMOVE, RESTORE, SCHEDULE, SWITCH, TRANSFER, UNLINK, UNSUBSCRIBE,
};
use crate::process::support::{Deployment, Person, wire};
use crate::support::{Authenticator, Device, NEXT_CODE, sign};
use keel_domain::ids;
use keel_domain::secrets::{PlainToken, reference};
use keel_types::IdentityId;
use serde_json::json;
use std::time::{Duration, Instant};

const PASSWORD: &str = "a long walk on the quay";

/// A request to an endpoint that would be granted, after everything that has to come before.
pub async fn prepared(deployment: &Deployment, person: &mut Person, method: &str, path: &str) -> Vec<u8> {
    let email = person.email.clone();
    let by_email = [("email", email.as_str())];
    let with_password = [("email", email.as_str()), ("password", PASSWORD)];
    let guest = format!("guest-of-{email}");
    match path {
        "/api/auth/request-link" | "/api/auth/request-reset" => wire::form(&person.browser, path, &by_email),
        "/api/auth/sign-up" => wire::form(&person.browser, path, &with_password),
        "/api/auth/resend" => {
            person.posts("/api/auth/request-link", &by_email).await;
            deployment.advance(&deployment.bases[0], 31_000).await;
            wire::form(&person.browser, path, &[])
        }
        "/api/auth/confirm-link" => {
            person.posts("/api/auth/request-link", &by_email).await;
            let token = person.link_token().await;
            wire::form(&person.browser, path, &[("token", &token)])
        }
        "/api/auth/verify-otp" => {
            person.posts("/api/auth/request-link", &by_email).await;
            let code = person.code().await;
            wire::form(&person.browser, path, &[("code", &code)])
        }
        "/api/auth/sign-in" => {
            person.posts("/api/auth/sign-up", &with_password).await;
            let code = person.code().await;
            person.posts("/api/auth/verify-otp", &[("code", &code)]).await;
            wire::form(&person.browser, path, &with_password)
        }
        MAIL_CODE | CONFIRM_CODE => {
            person.signs_in("").await;
            if path == MAIL_CODE {
                return wire::form(&person.browser, path, &[]);
            }
            person.posts(MAIL_CODE, &[]).await;
            let code = person.code().await;
            wire::form(&person.browser, path, &[("code", &code)])
        }
        CONFIRM_PASSWORD => {
            person.posts("/api/auth/sign-up", &with_password).await;
            let code = person.code().await;
            person.posts("/api/auth/verify-otp", &[("code", &code)]).await;
            wire::form(&person.browser, path, &[("password", PASSWORD)])
        }
        path if OF_SESSIONS.contains(&path) => {
            if path == "/api/auth/change-password" {
                person.posts("/api/auth/sign-up", &with_password).await;
                let code = person.code().await;
                person.posts("/api/auth/verify-otp", &[("code", &code)]).await;
            } else {
                person.signs_in("").await;
            }
            let moved = format!("moved-{email}");
            let token = if path == "/api/auth/confirm-email" {
                person.posts("/api/auth/change-email", &[("email", &moved)]).await;
                person.token_mailed_to(&moved).await
            } else {
                String::new()
            };
            let session = deployment
                .db
                .text(&format!("SELECT s.id FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE u.email = '{email}'"))
                .await;
            let fields = [("email", moved.as_str()), ("token", &token), ("session", &session), ("current_password", PASSWORD)];
            let fields: Vec<_> = fields.into_iter().chain([("password", "a longer walk on the pier")]).collect();
            wire::form(&person.browser, path, &fields)
        }
        PROVIDER | PROVE | LINK | UNLINK => with_provider(deployment, person, path).await,
        path if path.contains("passkey") => with_passkey(deployment, person, path).await,
        "/api/auth/reset-password" => {
            person.signs_in("").await;
            person.posts("/api/auth/request-reset", &by_email).await;
            let token = person.link_token().await;
            wire::form(&person.browser, path, &[("token", &token), ("password", PASSWORD)])
        }
        CREATE_FIRST => {
            person.signs_in("/invitations/none").await;
            wire::form(&person.browser, path, &[("name", "Acme")])
        }
        "/api/stripe/webhook" => {
            let object = json!({ "id": format!("new_{email}"), "object": "novelty" });
            let event = json!({ "id": format!("evt_{email}"), "object": "event", "type": "something.new", "created": 1, "livemode": false,
                "data": { "object": object } });
            let signature = sign(deployment.setting("STRIPE_WEBHOOK_SECRET"), event.to_string().as_bytes(), deployment.now().await);
            wire::json(path, &format!("Stripe-Signature: {signature}"), &event.to_string())
        }
        "/dev/clock" => wire::json(path, "Accept: */*", "{\"advance_ms\":0}"),
        INVITE => {
            person.signs_in("").await;
            wire::form(&person.browser, path, &[("emails", &guest), ("role", "member")])
        }
        "/api/invitations/resend" | "/api/invitations/revoke" => {
            person.signs_in("").await;
            person.posts(INVITE, &[("emails", &guest), ("role", "member")]).await;
            let invitation = deployment.db.text(&format!("SELECT id FROM invitations WHERE email = '{guest}'")).await;
            deployment.advance(&deployment.bases[0], 31_000).await;
            wire::form(&person.browser, path, &[("invitation", &invitation)])
        }
        ACCEPT | DECLINE => {
            let token = invited(deployment, person).await.1;
            person.signs_in(&format!("/invitations/{token}")).await;
            wire::form(&person.browser, path, &[("token", &token)])
        }
        UNSUBSCRIBE | ONE_CLICK => {
            let (host, token) = invited(deployment, person).await;
            person.posts(DECLINE, &[("token", &token)]).await;
            let told = format!("SELECT unsubscribe FROM mail_outbox WHERE recipient = '{}' AND unsubscribe IS NOT NULL", host.email);
            let link = deployment.db.text(&told).await;
            let token = link.rsplit('/').next().unwrap();
            wire::form(&person.browser, &path.replace("{token}", token), &[("token", token)])
        }
        CHANGE_ROLE | REMOVE | LEAVE | TRANSFER | CHANGE_OWNER => {
            let (mut host, token) = invited(deployment, person).await;
            person.signs_in(&format!("/invitations/{token}")).await;
            person.posts(ACCEPT, &[("token", &token)]).await;
            if path == LEAVE {
                return wire::form(&person.browser, path, &[]);
            }
            let member = deployment.db.text(&format!("SELECT id FROM memberships WHERE role = 'member' AND email = '{email}'")).await;
            if path == CHANGE_OWNER {
                host.posts(CHANGE_ROLE, &[("member", &member), ("role", "owner")]).await;
            }
            let named = format!("SELECT a.name FROM accounts a JOIN memberships m ON m.account_id = a.id WHERE m.id = '{member}'");
            let name = deployment.db.text(&named).await;
            wire::form(&host.browser, path, &[("member", &member), ("role", "admin"), ("confirmation", &name)])
        }
        SCHEDULE | RESTORE => {
            person.signs_in("").await;
            let of_person = format!("JOIN memberships m ON m.account_id = a.id WHERE a.kind = 'workspace' AND m.email = '{email}'");
            let name = deployment.db.text(&format!("SELECT a.name FROM accounts a {of_person}")).await;
            if path == RESTORE {
                person.posts(SCHEDULE, &[("confirmation", &name)]).await;
            }
            wire::form(&person.browser, path, &[("confirmation", &name)])
        }
        CLOSE => {
            person.signs_in("").await;
            let of_person = format!("JOIN memberships m ON m.account_id = a.id WHERE a.kind = 'workspace' AND m.email = '{email}'");
            let workspace = deployment.db.text(&format!("SELECT a.id FROM accounts a {of_person}")).await;
            wire::form(&person.browser, path, &[("confirmation", &email), ("workspaces", &workspace)])
        }
        "/api/org/update-settings" => {
            person.signs_in("").await;
            let slug = format!("w-{}", reference());
            wire::form(&person.browser, path, &[("name", "Acme"), ("slug", &slug)])
        }
        "/api/roles/create" | "/api/roles/update" | "/api/roles/delete" => {
            person.signs_in("").await;
            let fields = [("name", "Desk"), ("permissions", "members:view"), ("permissions", "audit:view")];
            if path == "/api/roles/create" {
                return wire::form(&person.browser, path, &fields);
            }
            person.posts("/api/roles/create", &fields).await;
            let role = role_of(deployment, &email).await;
            wire::form(&person.browser, path, &[("role", role.as_str()), ("name", "Bureau"), ("permissions", "members:view")])
        }
        "/api/audit/export" => {
            person.signs_in("").await;
            wire::form(&person.browser, path, &[("format", "csv")])
        }
        "/api/admin/roles" | "/api/admin/roles/{id}" => {
            person.signs_in("").await;
            deployment.db.run(&format!("UPDATE users SET platform_role = 'admin' WHERE email = '{email}'")).await;
            let whose = format!("user_id = (SELECT id FROM users WHERE email = '{email}')");
            deployment.db.run(&format!("UPDATE user_sessions SET second_factor = 'totp' WHERE {whose}")).await;
            let id = format!("rol-{}", &email[..email.find('@').unwrap_or(30).min(30)]);
            if method == "POST" {
                return wire::program(&person.browser, method, path, &json!({ "name": id }).to_string());
            }
            let row = format!("('{id}', '{id}', '', 0, '{id}')");
            deployment.db.run(&format!("INSERT INTO roles (id, name, permissions, created_at, sort_key) VALUES {row}")).await;
            wire::program(&person.browser, method, &path.replace("{id}", &id), &json!({ "permissions": ["members:view"] }).to_string())
        }
        path if OF_PLANS.contains(&path) => {
            person.buys().await;
            has_a_plan(deployment, &email).await;
            wire::form(&person.browser, path, &[("plan", "business"), ("interval", "month"), ("seats", "3")])
        }
        path if OF_TWO_STEPS.contains(&path) => {
            person.signs_in("").await;
            person.posts("/api/two-step/start", &[]).await;
            let authenticator = Authenticator::of_page(&person.opens("/two-step/set-up").await.body);
            let code = authenticator.code_at(deployment.now().await);
            if path == CONFIRM_APP {
                return wire::form(&person.browser, path, &[("code", &code)]);
            }
            person.posts(CONFIRM_APP, &[("code", &code)]).await;
            if path.starts_with("/api/auth/") && path != CONFIRM_SECOND {
                person.signs_in("").await;
            }
            // The code that turned it on is spent; the next one counts already.
            let code = authenticator.code_at(deployment.now().await.plus(NEXT_CODE));
            wire::form(&person.browser, path, &[("code", &code), ("two_step", "on")])
        }
        "/api/billing/choose" => wire::form(&person.browser, path, &[("plan", "pro"), ("interval", "month")]),
        _ => {
            let fields: &[(&str, &str)] = match path {
                CREATE => &[("name", "Acme")],
                "/api/billing/update-company" => &[("company_name", "Acme Inc."), ("billing_email", "bills@acme.example")],
                SWITCH => &[("account", "personal")],
                "/api/auth/sign-out"
                | "/api/org/remove-logo"
                | "/api/org/export-data"
                | "/api/user/export-data"
                | "/api/user/keep-account"
                | "/api/two-step/start"
                | FREE => &[],
                CHECKOUT => &[("plan", "pro"), ("interval", "month"), ("currency", "usd")],
                LICENCE => &[("licence", "prolifetime"), ("currency", "usd")],
                "/api/billing/export" => &[("what", "credits")],
                "/api/language/choose" => &[("language", "en")],
                "/api/notifications/save" => &[("members", "on")],
                "/api/profile/save" | "/api/user/onboarding" => &[("first_name", "Olivia"), ("last_name", "Example")],
                unknown => panic!("{unknown} writes: say here what is posted to it"),
            };
            person.signs_in("").await;
            wire::form(&person.browser, path, fields)
        }
    }
}

/// The same about an account at a provider.
async fn with_provider(deployment: &Deployment, person: &mut Person, path: &str) -> Vec<u8> {
    let email = person.email.clone();
    match path {
        PROVIDER => wire::form(&person.browser, &path.replace("{provider}", "acme"), &[]),
        PROVE => {
            person.posts(&PROVIDER.replace("{provider}", "acme"), &[]).await;
            let trip = PlainToken::parse(&person.browser.cookie("keel_trip").unwrap()).unwrap().hashed();
            let identity = json!({ "provider": "acme", "issuer": "acme", "subject": email, "label": email });
            let came_back = format!("SET identity = '{identity}' WHERE browser_hash = '{}'", trip.as_str());
            deployment.db.run(&format!("UPDATE provider_trips {came_back}")).await;
            wire::form(&person.browser, path, &[("email", &email)])
        }
        LINK => {
            person.signs_in("").await;
            wire::form(&person.browser, path, &[("provider", "acme")])
        }
        _ => {
            person.signs_in("").await;
            let id = ids::new::<IdentityId>();
            let row = format!("SELECT '{id}', id, 'acme', 'acme', '{email}', '', 0 FROM users WHERE email = '{email}'");
            deployment.db.run(&format!("INSERT INTO identities (id, user_id, provider, issuer, subject, label, created_at) {row}")).await;
            wire::form(&person.browser, path, &[("identity", id.as_str())])
        }
    }
}

/// The same about a passkey.
async fn with_passkey(deployment: &Deployment, person: &mut Person, path: &str) -> Vec<u8> {
    if path == ASK_PASSKEY {
        return wire::form(&person.browser, path, &[("purpose", "sign-in")]);
    }
    person.signs_in("").await;
    if path == BEGIN_PASSKEY {
        return wire::form(&person.browser, path, &[]);
    }
    let mut device = Device::at(NAMED);
    let options = person.browser.json(BEGIN_PASSKEY, &json!({})).await.json();
    let made = device.registers(&options["given"]);
    if path == ADD_PASSKEY {
        return wire::form(&person.browser, path, &[("passkey", &made)]);
    }
    person.posts(ADD_PASSKEY, &[("passkey", &made)]).await.location();
    if path != BY_PASSKEY {
        let whose = format!("JOIN users u ON u.id = p.user_id WHERE u.email = '{}'", person.email);
        let id = deployment.db.text(&format!("SELECT p.id FROM passkeys p {whose}")).await;
        return wire::form(&person.browser, path, &[("passkey_id", &id), ("passkey_name", "Phone")]);
    }
    let options = person.browser.json(ASK_PASSKEY, &json!({ "purpose": "sign-in" })).await.json();
    let signed = device.signs(&options["given"]);
    wire::form(&person.browser, path, &[("passkey", &signed)])
}

/// Waits until what somebody has paid for is there.
async fn has_a_plan(deployment: &Deployment, email: &str) {
    let of_person = format!("JOIN memberships m ON m.account_id = s.account_id WHERE s.live AND m.email = '{email}'");
    let started = Instant::now();
    while deployment.db.number(&format!("SELECT COUNT(*) FROM subscriptions s {of_person}")).await == 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "nothing comes of a payment");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The role that somebody made of their workspace's own.
async fn role_of(deployment: &Deployment, email: &str) -> String {
    let whose = "JOIN accounts a ON a.id = r.account_id JOIN users u ON u.id = a.billing_owner_id";
    deployment.db.text(&format!("SELECT r.id FROM roles r {whose} WHERE u.email = '{email}'")).await
}

/// Somebody else invites this person; gives them, and the token of the invitation.
async fn invited(deployment: &Deployment, person: &mut Person) -> (Person, String) {
    let mut host = Person::new(deployment.bases.clone());
    host.signs_in("").await;
    host.posts(INVITE, &[("emails", &person.email), ("role", "member")]).await;
    (host, person.invitation_token().await)
}
