//! Clients that hang up, in the middle of what they say or of what they are told, at every endpoint that writes: nothing is
//! done by half, every claim is settled later, and the process is as it was before.

use super::support::{Chance, Deployment, Person, scaled, wire};
use crate::on_both;
use crate::support::{Authenticator, CLIENT, Device, Engine, Issuer, NEXT_CODE, sign, together};
use keel_domain::ids;
use keel_domain::secrets::{PlainToken, reference};
use keel_types::IdentityId;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

const PASSWORD: &str = "a long walk on the quay";
const CHECKOUT: &str = "/api/billing/checkout";
const LICENCE: &str = "/api/billing/license-checkout";
const FREE: &str = "/api/billing/subscribe-free";
const SWITCH: &str = "/api/accounts/switch";
const CREATE: &str = "/api/workspaces/create";
const CREATE_FIRST: &str = "/api/workspaces/create-first";
const INVITE: &str = "/api/org/invite";
const ACCEPT: &str = "/api/invitations/accept";
const DECLINE: &str = "/api/invitations/decline";
const CHANGE_ROLE: &str = "/api/members/change-role";
const REMOVE: &str = "/api/members/remove";
const LEAVE: &str = "/api/members/leave";
const TRANSFER: &str = "/api/members/transfer-ownership";
const CHANGE_OWNER: &str = "/api/billing/change-owner";
const MAIL_CODE: &str = "/api/auth/mail-code";
const CONFIRM_CODE: &str = "/api/auth/confirm-code";
const SCHEDULE: &str = "/api/org/schedule-deletion";
const RESTORE: &str = "/api/org/cancel-deletion";
const CLOSE: &str = "/api/user/close-account";
const CONFIRM_PASSWORD: &str = "/api/auth/confirm-password";
/// What people do with how they sign in, in a session that has just begun.
const OF_SESSIONS: [&str; 7] = [
    "/api/auth/cancel-email",
    "/api/auth/change-email",
    "/api/auth/change-password",
    "/api/auth/confirm-email",
    "/api/auth/end-other-sessions",
    "/api/auth/end-session",
    "/api/auth/set-password",
];
const PROVIDER: &str = "/auth/oauth/{provider}";
const PROVE: &str = "/api/auth/prove-address";
const LINK: &str = "/api/user/link-provider";
const UNLINK: &str = "/api/user/unlink-provider";
const BY_PASSKEY: &str = "/api/auth/by-passkey";
const ASK_PASSKEY: &str = "/api/auth/ask-passkey";
const BEGIN_PASSKEY: &str = "/api/passkeys/begin";
const ADD_PASSKEY: &str = "/api/passkeys/add";
/// Where the pages say that they are: there are no passkeys at bare addresses.
const NAMED: &str = "http://localhost:3000";
const UNSUBSCRIBE: &str = "/api/notifications/unsubscribe";
const ONE_CLICK: &str = "/unsubscribe/{token}";
/// What is done to a plan that is paid.
const OF_PLANS: [&str; 7] = [
    "/api/billing/cancel-plan",
    "/api/billing/change-plan",
    "/api/billing/end-trial",
    "/api/billing/keep-plan",
    "/api/billing/portal",
    "/api/billing/resume-plan",
    "/api/billing/sync",
];
const CONFIRM_APP: &str = "/api/two-step/confirm";
const CONFIRM_SECOND: &str = "/api/auth/confirm-second-factor";
/// What is done by and to people with two-step verification.
const OF_TWO_STEPS: [&str; 7] = [
    CONFIRM_APP,
    CONFIRM_SECOND,
    "/api/two-step/new-recovery-codes",
    "/api/two-step/turn-off",
    "/api/auth/verify-second-step",
    "/api/auth/start-over",
    "/api/org/require-two-step",
];
/// Where those who hang up come from.
const STRANGERS: Ipv4Addr = Ipv4Addr::new(127, 2, 0, 1);
const DAY: i64 = 24 * 3_600_000;

on_both! { who_hangs_up_leaves_nothing_done_by_half }

async fn who_hangs_up_leaves_nothing_done_by_half(engine: Engine) {
    let mut chance = Chance::new("hang-ups");
    let mut deployment = Deployment::new(engine).await;
    for (name, value) in [("CLIENT_ID", CLIENT.0), ("CLIENT_SECRET", CLIENT.1), ("ISSUER", &Issuer::open())] {
        deployment.set(&format!("OAUTH_ACME_{name}"), value);
    }
    deployment.set("KEEL_BASE_URL", NAMED);
    let deployment = Arc::new(deployment);
    let keel = deployment.serve().await;
    let at: SocketAddr = keel.base["http://".len()..].parse().unwrap();
    let writing = writing(&deployment).await;
    let each = scaled(10, 1_000_usize.div_ceil(writing.len()));
    // So that some hang up while Stripe is being asked.
    deployment.trouble(json!({ "path": "/v1/", "method": "POST", "delay_ms": 30, "count": 1_000_000 })).await;
    let (mut buyers, mut payers) = (vec![], 0);
    for (method, path) in &writing {
        // Whoever does something to a plan has bought one before: fewer of them.
        let has_plan = OF_PLANS.contains(&path.as_str());
        let each = if has_plan { each.div_ceil(5) } else { each };
        payers += if has_plan { each } else { 0 };
        let hang_ups = (0..each).map(|_| {
            let (deployment, method, path) = (deployment.clone(), method.clone(), path.clone());
            let (mut person, how) = (Person::new(deployment.bases.clone()), How::by(&mut chance));
            async move {
                let bytes = prepared(&deployment, &mut person, &method, &path).await;
                how.hang_up(at, &bytes).await;
                person
            }
        });
        let people = together(hang_ups.collect::<Vec<_>>()).await;
        // Of those who were about to pay everybody comes again, of the others one: unless a plan or another account may be in
        // their way now.
        let otherwise = [FREE, SWITCH, CREATE, CREATE_FIRST, ACCEPT, DECLINE, CHANGE_ROLE, REMOVE, LEAVE, TRANSFER, CHANGE_OWNER];
        // Or their invitation was declined.
        let declined = [UNSUBSCRIBE, ONE_CLICK];
        // Or their session has a token that they were not told, as after some of what is done with sessions.
        let signed_out = [&OF_TWO_STEPS[..], &[CONFIRM_CODE, CONFIRM_PASSWORD, ADD_PASSKEY, BY_PASSKEY]].concat();
        // Or their workspace is to be deleted.
        let leaving = [SCHEDULE, RESTORE, CLOSE];
        let astray = [&otherwise[..], &declined, &signed_out[..], &leaving, &OF_PLANS, &OF_SESSIONS].concat().contains(&path.as_str());
        let again = if path == CHECKOUT || path == LICENCE { each } else { usize::from(!astray) };
        buyers.extend(people.into_iter().take(again));
    }
    deployment.trouble(Value::Null).await;
    everybody_is_gone(at).await;

    let buyers = together(buyers.into_iter().map(|mut person| async move {
        person.buys().await;
        person
    }));
    let buyers = buyers.await;
    deployment.settles(&keel.base).await;
    let held = deployment.holds(&keel.base, &buyers).await;
    deployment.advance(&keel.base, 3 * DAY).await;
    nothing_is_claimed(&deployment).await;
    let customers = deployment.stripe_list("/v1/customers?limit=100").await.len();
    assert_eq!(customers, buyers.len() + payers, "one customer each, however often they hung up");
    println!("{each} hang-ups at each of {} endpoints on {engine:?}: {held}", writing.len());
    drop(keel);
    Arc::into_inner(deployment).expect("nobody else").remove().await;
}

/// Every endpoint that writes, with its method.
async fn writing(deployment: &Deployment) -> Vec<(String, String)> {
    let routes: Value = serde_json::from_slice(&deployment.run("routes").await.stdout).unwrap();
    let writing = routes.as_array().unwrap().iter().filter(|route| route["method"] != "GET");
    let text = |route: &Value, name: &str| route[name].as_str().unwrap().to_owned();
    writing.map(|route| (text(route, "method"), text(route, "path"))).collect()
}

/// Such a request about an account at a provider.
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

/// A request to an endpoint that would be granted, after everything that has to come before.
async fn prepared(deployment: &Deployment, person: &mut Person, method: &str, path: &str) -> Vec<u8> {
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

/// The same of an endpoint that has to do with passkeys.
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

/// How somebody hangs up.
#[derive(Clone, Copy, Debug)]
enum How {
    /// After this share of the request, in thousandths.
    Within(usize),
    /// After the request and so many milliseconds.
    Waiting(u64),
    /// After so many bytes of the answer.
    Reading(usize),
}

impl How {
    fn by(chance: &mut Chance) -> Self {
        let some = |chance: &mut Chance, end| chance.between(1, end);
        match chance.between(0, 3) {
            0 => Self::Within(usize::try_from(some(chance, 1_000)).unwrap()),
            1 => Self::Waiting(some(chance, 60)),
            _ => Self::Reading(usize::try_from(some(chance, 64)).unwrap()),
        }
    }

    async fn hang_up(self, at: SocketAddr, request: &[u8]) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((STRANGERS, 0).into()).unwrap();
        let mut stream = socket.connect(at).await.unwrap();
        match self {
            Self::Within(share) => stream.write_all(&request[..request.len() * share / 1_000]).await.unwrap(),
            Self::Waiting(milliseconds) => {
                stream.write_all(request).await.unwrap();
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            Self::Reading(bytes) => {
                stream.write_all(request).await.unwrap();
                stream.read_exact(&mut vec![0; bytes]).await.unwrap();
            }
        }
    }
}

/// Waits until the process holds no connection any more that a stranger opened.
async fn everybody_is_gone(at: SocketAddr) {
    const OPEN: [&str; 2] = ["01", "08"];
    let started = Instant::now();
    loop {
        let all = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let held = all.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|fields| {
            let ours = fields[1].ends_with(&format!(":{:04X}", at.port()));
            ours && fields[2].starts_with("0100027F:") && OPEN.contains(&fields[3])
        });
        let held = held.count();
        if held == 0 {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{held} connections are left of those who hung up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until no claim is left that nobody came back for.
async fn nothing_is_claimed(deployment: &Deployment) {
    let claims = "SELECT (SELECT COUNT(*) FROM checkouts WHERE state = 'claimed')
        + (SELECT COUNT(*) FROM stripe_customers WHERE customer_id IS NULL) + (SELECT COUNT(*) FROM deletions WHERE renewal_open)
        + (SELECT COUNT(*) FROM plan_changes WHERE state = 'open') + (SELECT COUNT(*) FROM stripe_customers WHERE tell_at IS NOT NULL)";
    let started = Instant::now();
    while deployment.db.number(claims).await > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "claims are left");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
