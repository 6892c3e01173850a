//! `kill -9` while people sign up, pay and set up: what was acknowledged is there afterwards, once.

use super::support::{Chance, Crowd, Deployment, scaled, spread};
use crate::on_both;
use crate::support::Engine;
use std::time::Duration;

on_both! { what_was_acknowledged_outlives_a_kill }

async fn what_was_acknowledged_outlives_a_kill(engine: Engine) {
    let mut chance = Chance::new("crash");
    let deployment = Deployment::new(engine).await;
    let crowd = Crowd::gathers(&deployment, 6, 1);
    let mut starts = vec![];
    let kills = scaled(10, 100);
    for _ in 0..kills {
        let mut keel = deployment.start(0);
        starts.push(keel.ready().await);
        tokio::time::sleep(Duration::from_millis(chance.between(100, 1_200))).await;
        keel.kill();
    }
    let mut keel = deployment.start(0);
    starts.push(keel.ready().await);
    let people = crowd.leaves().await;
    deployment.settles(&keel.base).await;
    let held = deployment.holds(&keel.base, &people).await;
    println!("{kills} kills on {engine:?}: {held}; ready again: {}", spread(&starts));
    assert!(starts.iter().all(|start| *start <= Duration::from_secs(2)), "{starts:?}");
    drop(keel);
    deployment.remove().await;
}
