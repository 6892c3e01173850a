//! Two instances on one PostgreSQL: sessions and limits are common, work is done once, and when one is killed the other goes on.

use super::support::{Chance, Crowd, Deployment, Person, scaled};
use crate::support::{Browser, Engine, together};
use std::time::Duration;

const WRONG: &str = "a longer walk on the pier";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_made_at_one_instance_work_at_the_other() {
    let deployment = Deployment::new(Engine::Postgres).await;
    let (first, second) = (deployment.serve().await, second(&deployment).await);
    let mut olivia = Person::new(deployment.bases.clone());
    olivia.signs_in("").await;
    for instance in [&second, &first] {
        olivia.browser.turn_to(&instance.base);
        assert_eq!(olivia.browser.get("/org-dashboard").await.status, 200);
    }
    let elsewhere = olivia.browser.copy();
    olivia.browser.turn_to(&second.base);
    olivia.browser.form("/api/auth/sign-out", &[]).await.leads_to("/login");
    assert_eq!(elsewhere.get("/org-dashboard").await.status, 303, "ended here is ended there");
    drop((first, second));
    deployment.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_counted_together() {
    let deployment = Deployment::new(Engine::Postgres).await;
    let instances = [deployment.serve().await, second(&deployment).await];
    let bases = deployment.bases.clone();
    // Few at a time: at most two passwords are hashed at once, and who would wait too long is sent away.
    let mut tries = vec![];
    for round in 0..10 {
        tries.extend(together((0..2).map(|_| sign_in(bases[round % 2].clone()))).await);
    }
    assert_eq!(tries.iter().filter(|status| **status == 422).count(), 10, "{tries:?}");
    assert_eq!(tries.iter().filter(|status| **status == 429).count(), 10, "{tries:?}");
    let mails = together((0..40).map(|number| ask_for_reset(bases[number % 2].clone()))).await;
    assert_eq!(mails.iter().filter(|status| **status == 303).count(), 10, "{mails:?}");
    assert_eq!(deployment.db.number("SELECT COUNT(*) FROM mail_outbox").await, 10);
    drop(instances);
    deployment.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_one_instance_is_killed_the_other_settles_everything() {
    let mut chance = Chance::new("instances");
    let deployment = Deployment::new(Engine::Postgres).await;
    let survivor = second(&deployment).await;
    deployment.webhooks_to(&survivor.base).await;
    let crowd = Crowd::gathers(&deployment, 6, 2);
    let kills = scaled(2, 20);
    for _ in 0..kills {
        let keel = deployment.serve().await;
        tokio::time::sleep(Duration::from_millis(chance.between(1_500, 3_000))).await;
        keel.kill();
        tokio::time::sleep(Duration::from_millis(chance.between(100, 500))).await;
    }
    let people = crowd.leaves().await;
    deployment.settles(&survivor.base).await;
    let held = deployment.holds(&survivor.base, &people).await;
    println!("{kills} kills of one of two instances: {held}");
    drop(survivor);
    deployment.remove().await;
}

async fn second(deployment: &Deployment) -> super::support::Instance {
    let mut keel = deployment.start(1);
    keel.ready().await;
    keel
}

async fn sign_in(base: String) -> u16 {
    let fields = [("email", "olivia@acme.example"), ("password", WRONG)];
    Browser::new(&base).form("/api/auth/sign-in?at=/login", &fields).await.status
}

async fn ask_for_reset(base: String) -> u16 {
    Browser::new(&base).form("/api/auth/request-reset?at=/forgot-password", &[("email", "olivia@acme.example")]).await.status
}
