//! SIGTERM under load: not ready at once, accepting for `KEEL_DRAIN` more, no answer cut, ended in time.

use super::support::{Answered, Chance, Crowd, Deployment, Instance, Person, scaled, spread, wire};
use crate::on_both;
use crate::support::{Browser, Engine};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const DRAIN: Duration = Duration::from_secs(2);
/// How long Stripe takes to open a payment page: asked for within the drain, the answer outlasts it.
const SLOW: Duration = Duration::from_secs(2);

on_both! { a_process_told_to_stop_cuts_no_answer }

async fn a_process_told_to_stop_cuts_no_answer(engine: Engine) {
    let mut chance = Chance::new("stop");
    let mut deployment = Deployment::new(engine).await;
    deployment.set("KEEL_DRAIN", &DRAIN.as_secs().to_string());
    let keel = deployment.serve().await;
    let mut olivia = Person::new(deployment.bases.clone());
    olivia.signs_in("").await;
    drop(keel);
    let crowd = Crowd::gathers(&deployment, 2, 1);
    let slow = json!({ "path": "/v1/checkout/sessions", "method": "POST", "delay_ms": SLOW.as_millis(), "count": 1_000_000 });
    deployment.trouble(slow).await;
    let (mut noticed, mut ends, mut answers) = (vec![], vec![], 0);
    let stops = scaled(5, 50);
    for _ in 0..stops {
        let mut keel = deployment.serve().await;
        let probes = probes(&keel, &olivia.browser);
        tokio::time::sleep(Duration::from_millis(chance.between(200, 1_000))).await;
        let told = Instant::now();
        keel.terminate();
        noticed.push(unready_since(&keel, told).await);
        let status = keel.ended().await;
        ends.push(told.elapsed());
        assert!(status.success(), "{status}");
        for probe in probes {
            answers += judge(&probe.await.unwrap(), told);
        }
    }
    deployment.trouble(Value::Null).await;
    let keel = deployment.serve().await;
    let people = crowd.leaves().await;
    deployment.settles(&keel.base).await;
    let held = deployment.holds(&keel.base, &people).await;
    println!("{stops} SIGTERMs on {engine:?}: {answers} answers, 0 cut; not ready: {}; ended: {}; {held}", spread(&noticed), spread(&ends));
    assert!(noticed.iter().all(|after| *after < DRAIN / 2), "{noticed:?}");
    assert!(ends.iter().all(|after| *after <= Duration::from_secs(10)), "{ends:?}");
    drop(keel);
    deployment.remove().await;
}

/// When a request was sent, and what became of it.
type Asked = (Instant, Answered);

/// People who ask until nobody listens: for pages, over new connections and over kept ones, and for what writes, fast and slow.
fn probes(keel: &Instance, olivia: &Browser) -> Vec<JoinHandle<Vec<Asked>>> {
    let at: SocketAddr = keel.base["http://".len()..].parse().unwrap();
    let page = wire::page(olivia, "/pricing");
    let told = wire::form(olivia, "/api/user/onboarding", &[("first_name", "Olivia"), ("last_name", "Example")]);
    let order = wire::form(olivia, "/api/billing/checkout", &[("plan", "pro"), ("interval", "month"), ("currency", "usd")]);
    let mut probes: Vec<_> = [&page, &page, &told, &order].map(|request| tokio::spawn(asks(at, request.clone()))).into();
    probes.push(tokio::spawn(keeps_asking(at, page)));
    probes
}

async fn asks(at: SocketAddr, request: Vec<u8>) -> Vec<Asked> {
    let mut asked = vec![];
    loop {
        let started = Instant::now();
        let answered = wire::ask(at, &request).await;
        asked.push((started, answered));
        if answered == Answered::Refused {
            return asked;
        }
    }
}

/// The same over one connection as long as it lasts. A connection that is closed between two answers is opened again.
async fn keeps_asking(at: SocketAddr, request: Vec<u8>) -> Vec<Asked> {
    let request = String::from_utf8(request).unwrap().replace("Connection: close\r\n", "").into_bytes();
    let mut asked = vec![];
    while let Ok(mut stream) = TcpStream::connect(at).await {
        loop {
            let started = Instant::now();
            let _ = stream.write_all(&request).await;
            let answered = wire::read(&mut stream).await;
            if answered == Answered::Nothing {
                break;
            }
            asked.push((started, answered));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    asked
}

/// How long after it was told the process says that it is not ready. It stays alive for as long as it listens.
async fn unready_since(keel: &Instance, told: Instant) -> Duration {
    let browser = Browser::new(&keel.base);
    while browser.get("/health/ready").await.status == 200 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let after = told.elapsed();
    assert_eq!(browser.get("/health/live").await.status, 200);
    after
}

/// Asserts that everything asked until shortly before the end of the drain was answered whole, and nothing later by half; gives how many
/// were answered. Who comes when the listener is being closed may have waited at the door in vain: as long as a busy machine takes to
/// open it.
fn judge(asked: &[Asked], told: Instant) -> usize {
    let closes = told + DRAIN.mul_f32(0.75);
    for (started, answered) in asked {
        let late = *started > closes && matches!(answered, Answered::Refused | Answered::Nothing);
        assert!(
            late || matches!(answered, Answered::Whole(200 | 303)),
            "{answered:?}, {:?} after the drain began",
            started.duration_since(told)
        );
    }
    asked.iter().filter(|(_, answered)| matches!(answered, Answered::Whole(_))).count()
}
