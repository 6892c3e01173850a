//! The database away: stopped, and frozen with its connections open. Every page says so soon, the process stays alive, and is
//! well again soon after the database is.

use super::support::{Cluster, Crowd, Deployment, Person, scaled, spread};
use crate::support::{Browser, together};
use reqwest::RequestBuilder;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest a page may take to say that it cannot be made, besides what a busy machine takes for any answer.
const SOON: Duration = Duration::from_secs(3);
/// The longest until everything works again, likewise.
const WELL: Duration = Duration::from_secs(5);
/// The longest until what asks the database for nothing is answered, likewise.
const ALIVE: Duration = Duration::from_millis(500);
const SAVING: &str = "/api/user/onboarding";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_database_is_told_of_and_comes_back() {
    outage("stopped", Cluster::stop, Cluster::start_again).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_database_is_told_of_and_comes_back() {
    outage("frozen", |cluster| cluster.freeze(), |cluster| cluster.thaw()).await;
}

async fn outage(how: &str, goes: impl Fn(&mut Cluster), comes_back: impl Fn(&mut Cluster)) {
    let mut cluster = Cluster::start();
    let deployment = Deployment::at(&cluster.url).await;
    let keel = deployment.serve().await;
    let mut olivia = Person::new(deployment.bases.clone());
    olivia.buys().await;
    let crowd = Crowd::gathers(&deployment, 3, 1);
    let leaving = Arc::new(AtomicBool::new(false));
    let pages = pages(&deployment).await;
    let watch = |page: &str| tokio::spawn(watches(olivia.browser.copy(), page.to_owned(), leaving.clone()));
    let watching: Vec<_> = pages.iter().map(|page| watch(page)).collect();
    let living = watch("/health/live");
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    goes(&mut cluster);
    let gone = Instant::now();
    let away = Duration::from_secs(scaled(5, 30));
    tokio::time::sleep(away).await;
    let over = Instant::now();
    comes_back(&mut cluster);
    let back = Instant::now();
    tokio::time::sleep(WELL + Duration::from_millis(500)).await;
    leaving.store(true, Ordering::Relaxed);
    let living = living.await.unwrap();
    let is_away = |look: &Look| look.started >= gone && look.ended <= over;
    let mut watched = vec![];
    for watcher in watching {
        watched.push(watcher.await.unwrap());
    }
    let unharmed = living.iter().chain(watched.iter().flatten()).filter(|look| look.ended <= gone);
    let busy = unharmed.map(Look::took).max().expect("pages were looked at while it was there");
    assert!(living.iter().all(|look| look.status == 200 && (!is_away(look) || look.took() < ALIVE + busy)), "it was not alive");
    let (mut told, mut well, mut wrong) = (vec![], Duration::ZERO, vec![]);
    for looks in watched {
        let (before, unanswered) = (told.len(), looks.iter().filter(|look| look.status == 503));
        told.extend(unanswered.clone().map(Look::took));
        well = unanswered.map(|look| look.ended.saturating_duration_since(back)).fold(well, Duration::max);
        if told.len() == before {
            wrong.push(format!("{} was there all the while", looks[0].page));
        }
        for look in &looks {
            if look.took() > SOON + busy || look.status != 503 && (is_away(look) || look.status >= 500) {
                let since = look.started.saturating_duration_since(gone);
                wrong.push(format!("{} answered {} after {:?}, asked {since:?} after it was gone", look.page, look.status, look.took()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let people = crowd.leaves().await;
    // No connection is left that does not work: more at once than there are.
    let many = together((0..64).map(|_| {
        let browser = olivia.browser.copy();
        async move { browser.get("/org-dashboard").await.status }
    }));
    assert_eq!(many.await, [200; 64]);
    deployment.settles(&keel.base).await;
    let held = deployment.holds(&keel.base, &people).await;
    assert!(well <= WELL + busy, "{well:?}");
    println!(
        "database {how} for {away:?}: {} answers 503, {}; well again after {} ms; {held}",
        told.len(),
        spread(&told),
        well.as_millis()
    );
    drop(keel);
    deployment.remove().await;
}

/// Every page there is, readiness, and something that writes.
async fn pages(deployment: &Deployment) -> Vec<String> {
    let routes: Value = serde_json::from_slice(&deployment.run("routes").await.stdout).unwrap();
    let pages = routes.as_array().unwrap().iter().filter(|route| route["kind"] == "page");
    let pages = pages.map(|page| page["path"].as_str().unwrap().to_owned());
    pages.chain(["/health/ready".to_owned(), SAVING.to_owned()]).collect()
}

/// What somebody saw.
struct Look {
    page: String,
    status: u16,
    started: Instant,
    ended: Instant,
}

impl Look {
    fn took(&self) -> Duration {
        self.ended - self.started
    }
}

/// Looks at a page, over and over, whatever happens meanwhile.
async fn watches(browser: Browser, page: String, leaving: Arc<AtomicBool>) -> Vec<Look> {
    let mut looks = vec![];
    while !leaving.load(Ordering::Relaxed) {
        let started = Instant::now();
        let status = browser.send(look(&browser, &page)).await.status;
        looks.push(Look { page: page.clone(), status, started, ended: Instant::now() });
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    looks
}

fn look(browser: &Browser, page: &str) -> RequestBuilder {
    if page == SAVING { browser.posted(page, &[("first_name", "Olivia"), ("last_name", "Example")]) } else { browser.page(page) }
}
