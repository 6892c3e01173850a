//! Clients that hang up, in the middle of what they say or of what they are told, at every endpoint that writes: nothing is
//! done by half, every claim is settled later, and the process is as it was before.

mod endpoints;
mod prepared;

use super::support::{Chance, Deployment, Person, scaled};
use crate::on_both;
use crate::support::{CLIENT, Engine, Issuer, together};
use endpoints::{CHECKOUT, LICENCE, OF_PLANS, leads_astray};
use prepared::prepared;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

/// Where the pages say that they are: there are no passkeys at bare addresses.
const NAMED: &str = "http://localhost:3000";
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
        // Of those who were about to pay everybody comes again, of the others one.
        let again = if path == CHECKOUT || path == LICENCE { each } else { usize::from(!leads_astray(path)) };
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

/// Waits until no claim is left that nobody came back for. The nightly comparison with Stripe may come first.
async fn nothing_is_claimed(deployment: &Deployment) {
    let claims = "SELECT (SELECT COUNT(*) FROM checkouts WHERE state = 'claimed')
        + (SELECT COUNT(*) FROM stripe_customers WHERE customer_id IS NULL) + (SELECT COUNT(*) FROM deletions WHERE renewal_open)
        + (SELECT COUNT(*) FROM plan_changes WHERE state = 'open') + (SELECT COUNT(*) FROM stripe_customers WHERE tell_at IS NOT NULL)";
    let started = Instant::now();
    while deployment.db.number(claims).await > 0 {
        assert!(started.elapsed() < Duration::from_mins(1), "claims are left");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
