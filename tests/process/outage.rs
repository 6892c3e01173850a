//! The database away: stopped, and frozen with its connections open. Every page says so soon, the process stays alive, and is
//! well again soon after the database is.

use super::support::{Cluster, Crowd, Deployment, Person, scaled};
use crate::support::{Browser, together};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long it is away.
fn away() -> Duration {
    Duration::from_secs(scaled(5, 30))
}

/// The longest a page may take to say that it cannot be made, and a little for a busy machine.
const SOON: Duration = Duration::from_millis(3_200);
/// The longest until everything works again.
const WELL: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_database_is_told_of_and_comes_back() {
    outage(Cluster::stop, Cluster::start_again).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_database_is_told_of_and_comes_back() {
    outage(|cluster| cluster.freeze(), |cluster| cluster.thaw()).await;
}

async fn outage(goes: impl Fn(&mut Cluster), comes_back: impl Fn(&mut Cluster)) {
    let mut cluster = Cluster::start();
    let deployment = Deployment::at(&cluster.url).await;
    let keel = deployment.serve().await;
    let mut olivia = Person::new(deployment.bases.clone());
    olivia.buys().await;
    let pages = pages(&deployment).await;
    let crowd = Crowd::gathers(&deployment, 4, 1);
    tokio::time::sleep(Duration::from_secs(1)).await;

    goes(&mut cluster);
    let gone = Instant::now();
    let (mut asked, mut longest) = (0, Duration::ZERO);
    while gone.elapsed() < away() {
        let answers = together(pages.iter().map(|page| open(olivia.browser.copy(), page.clone()))).await;
        for (page, status, took) in answers {
            assert_eq!(status, 503, "{page}");
            assert!(took <= SOON, "{page} took {took:?}");
            longest = longest.max(took);
            asked += 1;
        }
        let alive = Instant::now();
        assert_eq!(olivia.browser.get("/health/live").await.status, 200);
        assert!(alive.elapsed() < Duration::from_millis(500), "alive after {:?}", alive.elapsed());
    }

    comes_back(&mut cluster);
    let back = Instant::now();
    let well = loop {
        let answers = together(pages.iter().map(|page| open(olivia.browser.copy(), page.clone()))).await;
        if answers.iter().all(|(_, status, _)| *status < 500) {
            break back.elapsed();
        }
        assert!(back.elapsed() < 2 * WELL, "{answers:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // No connection is left that does not work: more at once than there are.
    let many = together((0..64).map(|_| open(olivia.browser.copy(), "/org-dashboard".to_owned()))).await;
    assert!(many.iter().all(|(_, status, _)| *status == 200), "{many:?}");
    let mut people = crowd.leaves().await;
    people.push(olivia);
    deployment.settles(&keel.base).await;
    let held = deployment.holds(&keel.base, &people).await;
    println!(
        "database away {:?}: {asked} pages answered 503, the slowest after {} ms; well again after {} ms; {held}",
        away(),
        longest.as_millis(),
        well.as_millis()
    );
    assert!(well <= WELL, "{well:?}");
    drop(keel);
    deployment.remove().await;
}

/// Every page there is, readiness among them.
async fn pages(deployment: &Deployment) -> Vec<String> {
    let routes: Value = serde_json::from_slice(&deployment.run("routes").await.stdout).unwrap();
    let pages = routes.as_array().unwrap().iter().filter(|route| route["kind"] == "page");
    let pages = pages.map(|page| page["path"].as_str().unwrap().to_owned());
    pages.chain(["/health/ready".to_owned()]).collect()
}

async fn open(browser: Browser, page: String) -> (String, u16, Duration) {
    let started = Instant::now();
    let status = browser.get(&page).await.status;
    (page, status, started.elapsed())
}
