//! People who use Keel while it is killed, stopped and cut off. They try again when nobody answers, as people do, and remember
//! what they were promised: what was answered with success. [`super::books`] holds Keel to it.

use super::Deployment;
use crate::support::{Answer, Browser, GOOD_CARD, pay};
use reqwest::RequestBuilder;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How long a person goes on trying the same thing.
const PATIENCE: Duration = Duration::from_secs(90);
/// The longest a single answer may take.
const LONGEST: Duration = Duration::from_secs(20);

/// Somebody, and what they were promised.
pub struct Person {
    pub email: String,
    pub browser: Browser,
    /// Requests for a mail that were taken.
    pub mails: i64,
    /// Payment pages they were led to.
    pub checkouts: Vec<String>,
    /// Whether they paid.
    pub paid: bool,
    /// What they called their workspace.
    pub workspace: Option<String>,
    /// The last name they told.
    pub last_name: Option<String>,
    /// A browser that was signed out.
    pub signed_out: Option<Browser>,
    address: Ipv4Addr,
    bases: [String; 2],
}

/// People there have been so far.
static PEOPLE: AtomicU32 = AtomicU32::new(0);

impl Person {
    /// Somebody at an address of their own, who starts at the first of the bases and goes to the other when nobody answers.
    pub fn new(bases: [String; 2]) -> Self {
        let number = PEOPLE.fetch_add(1, Ordering::Relaxed);
        let bytes = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 1 + bytes[1], bytes[2], bytes[3]);
        Self {
            email: format!("person{number}@acme.example"),
            browser: Browser::at(&bases[0], address),
            mails: 0,
            checkouts: vec![],
            paid: false,
            workspace: None,
            last_name: None,
            signed_out: None,
            address,
            bases,
        }
    }

    /// From the pricing page to a paid plan, and the name.
    pub async fn buys(&mut self) {
        self.posts("/api/billing/choose", &[("plan", "pro"), ("interval", "month")]).await;
        self.signs_in("").await;
        self.opens("/checkout").await;
        let order = [("plan", "pro"), ("interval", "month"), ("currency", "usd")];
        let page = self.posts("/api/billing/checkout", &order).await.location().to_owned();
        self.checkouts.push(page.rsplit('/').next().unwrap().to_owned());
        let back = pay(&page, GOOD_CARD).await.location().to_owned();
        self.paid = true;
        self.opens(&back[back.find("/checkout").unwrap()..]).await;
        self.introduces("Buyer").await;
    }

    /// A workspace by name, another browser, and out again.
    pub async fn founds(&mut self) {
        self.signs_in("/invitations/none").await;
        let name = format!("Workspace of {}", self.email);
        self.posts("/api/workspaces/create-first", &[("name", &name)]).await.location();
        self.workspace = Some(name);
        self.introduces("Founder").await;
        let second = Browser::at(&self.bases[0], self.address);
        let first = std::mem::replace(&mut self.browser, second);
        self.signs_in("").await;
        self.introduces("Owner").await;
        let second = std::mem::replace(&mut self.browser, first);
        // Asked again because the answer was lost, it is nobody's session any more.
        let left = self.posts("/api/auth/sign-out", &[]).await;
        assert!([303, 401].contains(&left.status), "{}", left.status);
        self.signed_out = Some(std::mem::replace(&mut self.browser, second));
    }

    /// Signs in by a code, as often as it takes: when an answer is lost the code was used, and another one is needed.
    pub async fn signs_in(&mut self, next: &str) {
        let email = self.email.clone();
        loop {
            self.posts("/api/auth/request-link", &[("email", &email), ("redirectTo", next)]).await.leads_to("/verify");
            self.mails += 1;
            let code = self.code().await;
            let answer = self.posts("/api/auth/verify-otp", &[("code", &code)]).await;
            if answer.status != 422 {
                answer.location();
                return;
            }
        }
    }

    async fn introduces(&mut self, last_name: &str) {
        self.posts("/api/user/onboarding", &[("first_name", "Pat"), ("last_name", last_name)]).await.location();
        self.last_name = Some(last_name.to_owned());
    }

    /// The code of the newest mail.
    pub async fn code(&mut self) -> String {
        let text = self.mail().await["text"].as_str().expect("a text").to_owned();
        let code = text.split_whitespace().find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
        code.expect("six digits").to_owned()
    }

    /// The token of the newest mail's link.
    pub async fn link_token(&mut self) -> String {
        let link = self.mail().await["links"][0].as_str().expect("a link").to_owned();
        link.split_once("token=").expect("a token").1.to_owned()
    }

    /// The token of the newest link mailed to another address.
    pub async fn token_mailed_to(&mut self, address: &str) -> String {
        let mails: Value = self.opens(&format!("/dev/mailbox.json?to={address}")).await.json();
        let link = mails[0]["links"][0].as_str().expect("a link").to_owned();
        link.split_once("token=").expect("a token").1.to_owned()
    }

    /// The token of the invitation mailed last.
    pub async fn invitation_token(&mut self) -> String {
        let link = self.mail().await["links"][0].as_str().expect("a link").to_owned();
        link.split_once("/invitations/").expect("a token").1.to_owned()
    }

    async fn mail(&mut self) -> Value {
        let mails: Value = self.opens(&format!("/dev/mailbox.json?to={}", self.email)).await.json();
        mails[0].clone()
    }

    /// Posts a form, as often as it takes to be answered.
    pub async fn posts(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.insists(path, |browser| browser.posted(path, fields)).await
    }

    pub async fn opens(&mut self, path: &str) -> Answer {
        let answer = self.insists(path, |browser| browser.page(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        answer
    }

    /// Sends until there is an answer, now here, now there. What was sent before may have been done all the same.
    async fn insists(&mut self, path: &str, request: impl Fn(&Browser) -> RequestBuilder) -> Answer {
        let started = Instant::now();
        loop {
            let answered = tokio::time::timeout(LONGEST, self.browser.try_send(request(&self.browser))).await;
            if let Ok(answer) = answered.expect("an answer in time")
                && answer.status != 503
            {
                assert!([200, 303, 401, 422].contains(&answer.status), "{path}: {}", answer.status);
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "nobody answers {path}");
            self.bases.reverse();
            self.browser.turn_to(&self.bases[0]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Many people, each doing one thing after another.
pub struct Crowd {
    leaving: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Person>>>,
}

impl Crowd {
    /// So many at a time, at the deployment's first instance or at both.
    pub fn gathers(deployment: &Deployment, at_once: u32, instances: usize) -> Self {
        let leaving = Arc::new(AtomicBool::new(false));
        let bases = [0, 1].map(|number| deployment.bases[number % instances].clone());
        let tasks = (0..at_once).map(|_| tokio::spawn(come_and_go(leaving.clone(), bases.clone()))).collect();
        Self { leaving, tasks }
    }

    /// Everybody who came, after they have finished what they were at.
    pub async fn leaves(self) -> Vec<Person> {
        self.leaving.store(true, Ordering::Relaxed);
        let mut people = vec![];
        for task in self.tasks {
            people.extend(task.await.unwrap());
        }
        people
    }
}

async fn come_and_go(leaving: Arc<AtomicBool>, mut bases: [String; 2]) -> Vec<Person> {
    let mut people: Vec<Person> = vec![];
    while !leaving.load(Ordering::Relaxed) {
        bases.reverse();
        let mut person = Person::new(bases.clone());
        if people.len() % 3 == 1 {
            person.founds().await;
        } else {
            person.buys().await;
        }
        people.push(person);
    }
    people
}
