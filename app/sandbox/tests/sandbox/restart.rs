//! What a restart, and a kill, leaves.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bench, DAY_MS, KEY, Sink, form, send};

/// A data file of its own for each test, gone afterwards.
struct DataFile(PathBuf);

impl DataFile {
    fn fresh(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("billing-sandbox-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        Self(folder.join("sandbox.jsonl"))
    }

    async fn bench(&self) -> Bench {
        Bench::with(|options| options.data_file = Some(self.0.clone())).await
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(self.0.parent().unwrap()));
    }
}

#[tokio::test]
async fn everything_is_there_again() {
    let file = DataFile::fresh("again");
    let bench = file.bench().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let paid = bench.session("subscription", &price, &[]).await;
    let open = bench.session("subscription", &price, &[]).await;
    bench.pay(&paid, "4242424242424242").await;
    let key = [("idempotency-key", "k")];
    let customer = bench.call("POST", "/v1/customers", &key, &[]).await.text;
    bench.advance(40 * DAY_MS).await;
    let events = bench.events().await;
    bench.sandbox.stop().await;

    // A kill in the middle of writing leaves half a line.
    std::fs::OpenOptions::new().append(true).open(&file.0).unwrap().write_all(b"[{\"put\":{\"id\":\"cus_ha").unwrap();
    let bench = file.bench().await;
    assert_eq!(bench.events().await, events);
    assert_eq!(bench.list("/v1/invoices").await.len(), 2);
    assert_eq!(bench.pay(&open, "4242424242424242").await.status, 410, "the own clock is where it was");
    assert_ne!(bench.call("POST", "/v1/customers", &key, &[]).await.text, customer, "the key is older than a day");
    bench.advance(31 * DAY_MS).await;
    assert_eq!(bench.list("/v1/invoices").await.len(), 3, "renewals go on");
}

#[tokio::test]
async fn undelivered_webhooks_go_on() {
    let file = DataFile::fresh("webhooks");
    let nobody = billing_sandbox::Webhook { url: "http://127.0.0.1:9/".to_owned(), secret: "whsec_old".to_owned() };
    let bench = Bench::with(|options| {
        options.data_file = Some(file.0.clone());
        options.webhook = Some(nobody);
    })
    .await;
    bench.customer().await;
    bench.sandbox.stop().await;
    let sink = Sink::start().await;
    let bench = Bench::with(|options| {
        options.data_file = Some(file.0.clone());
        options.webhook = Some(sink.webhook());
    })
    .await;
    assert_eq!(sink.settled(1).await, ["customer.created"]);
    bench.sandbox.stop().await;
}

#[tokio::test]
async fn a_data_file_belongs_to_one_sandbox() {
    let file = DataFile::fresh("lock");
    let bench = file.bench().await;
    let options = billing_sandbox::Options {
        listen: ([127, 0, 0, 1], 0).into(),
        public_host: "localhost".to_owned(),
        data_file: Some(file.0.clone()),
        api_key: KEY.to_owned(),
        webhook: None,
        clock: billing_sandbox::Clock::wall(),
    };
    assert!(billing_sandbox::Sandbox::start(options).await.is_err());
    bench.sandbox.stop().await;
}

/// The sandbox as a process that can be killed.
fn spawn(file: &DataFile, port: u16) -> Child {
    Command::new(env!("CARGO_BIN_EXE_billing-sandbox"))
        .args(["--listen", &format!("127.0.0.1:{port}"), "--api-key", KEY, "--data"])
        .arg(&file.0)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_nothing_acknowledged_and_doubles_nothing() {
    let file = DataFile::fresh("kill");
    // Below the ports that outgoing connections are given: it stays free between two starts.
    let first = 10_000 + u16::try_from(std::process::id() % 5_000).unwrap();
    let port = (first..20_000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
    let address = format!("127.0.0.1:{port}");
    let (ended, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let clients: Vec<_> =
        (0..4).map(|client| tokio::spawn(make_customers(client, address.clone(), Arc::clone(&ended), Arc::clone(&acknowledged)))).collect();
    for round in 0..5 {
        let mut process = spawn(&file, port);
        ten_more(&acknowledged).await;
        tokio::time::sleep(Duration::from_millis(70 * round)).await;
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let mut process = spawn(&file, port);
    ten_more(&acknowledged).await;
    ended.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let authorization = format!("Bearer {KEY}");
    for (number, id) in &acknowledged {
        let path = format!("/v1/customers?email={number}@x.test");
        let found = send(&address, "GET", &path, &[("authorization", &authorization)], "").await.unwrap().json();
        assert_eq!((found["data"].as_array().unwrap().len(), found["data"][0]["id"].as_str()), (1, Some(id.as_str())), "{number}");
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Waits until ten more customers were acknowledged.
async fn ten_more(acknowledged: &Mutex<Vec<(String, String)>>) {
    let made = || acknowledged.lock().unwrap().len();
    let before = made();
    for _ in 0..2_000 {
        if made() >= before + 10 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("only {} customers were made", made() - before);
}

/// Makes customers one after the other, each until it is acknowledged, under a key of its own.
async fn make_customers(client: u32, address: String, ended: Arc<AtomicBool>, acknowledged: Arc<Mutex<Vec<(String, String)>>>) {
    let authorization = format!("Bearer {KEY}");
    for number in 0.. {
        let number = format!("{client}-{number}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("idempotency-key", number.as_str()),
        ];
        let body = form(&[("email", &format!("{number}@x.test"))]);
        loop {
            if ended.load(Ordering::SeqCst) {
                return;
            }
            match send(&address, "POST", "/v1/customers", &headers, &body).await {
                Ok(answer) if answer.status == 200 => {
                    let id = answer.json()["id"].as_str().unwrap().to_owned();
                    acknowledged.lock().unwrap().push((number.clone(), id));
                    break;
                }
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}
