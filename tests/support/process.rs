//! A Keel in a process of its own, on SQLite, in a directory of its own: what only a whole process can show.

#![expect(clippy::disallowed_methods, reason = "tests look at the database past the doors")]

use super::Browser;
use sqlx::{Connection as _, SqliteConnection};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What production needs.
const PRODUCTION: [(&str, &str); 8] = [
    ("KEEL_ENV", "production"),
    ("KEEL_BASE_URL", "https://keel.example"),
    ("KEEL_SECRET", "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlIGFyZSAzMg=="),
    ("SMTP_URL", "smtp://127.0.0.1:9"),
    ("KEEL_MAIL_FROM", "Keel <keel@keel.example>"),
    ("STRIPE_SECRET_KEY", "sk_test_none"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_none"),
    ("STRIPE_API_BASE", "http://127.0.0.1:9"),
];

/// Such a process. It is killed when it is dropped.
pub struct Alone {
    /// Where it is, without a slash at the end.
    pub base: String,
    /// Its directory; the database is `keel.db` in it.
    pub dir: PathBuf,
    process: Child,
}

impl Alone {
    /// Starts `keel serve` with these settings besides the usual ones, and waits until it is ready.
    pub async fn serve(settings: &[(&str, &str)]) -> Self {
        let address = free_address();
        let alone = Self::start("serve", &address, settings);
        alone.answers(&format!("http://{address}/health/ready")).await;
        alone
    }

    /// Starts a command of the binary. Where it listens, it is at `address`.
    pub fn start(command: &str, address: &str, settings: &[(&str, &str)]) -> Self {
        let dir = std::env::temp_dir().join(format!("keel-alone-{}", keel_domain::secrets::reference()));
        std::fs::create_dir_all(&dir).unwrap();
        let base = format!("http://{address}");
        let log = std::fs::File::create(dir.join("log")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_keel"));
        process.arg(command).env_clear().env("KEEL_LISTEN", address).env("KEEL_BASE_URL", &base).env("KEEL_DATA_DIR", &dir);
        process.env("KEEL_DRAIN", "0").envs(settings.iter().copied()).stdout(Stdio::null()).stderr(log);
        Self { process: process.spawn().unwrap(), base, dir }
    }

    /// Waits until an address answers 200.
    pub async fn answers(&self, url: &str) {
        for _ in 0..400 {
            if let Ok(answer) = reqwest::get(url).await
                && answer.status() == 200
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{url} does not answer: {}", self.log());
    }

    /// Runs a statement on its database, past it.
    pub async fn run_sql(&self, sql: &'static str) {
        let url = format!("sqlite:{}", self.dir.join("keel.db").display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// A Keel in production, which has answered, and a browser there.
    pub async fn in_production(settings: &[(&str, &str)]) -> (Self, Browser) {
        let address = free_address();
        let keel = Self::start("serve", &address, &[&PRODUCTION, settings].concat());
        keel.answers(&format!("http://{address}/health/ready")).await;
        (keel, Browser::new(&format!("http://{address}")))
    }

    /// What a Keel says that does not start in production, because of these settings.
    pub async fn not_in_production(settings: &[(&str, &str)]) -> String {
        let mut keel = Self::start("serve", &free_address(), &[&PRODUCTION, settings].concat());
        for _ in 0..400 {
            if let Some(status) = keel.process.try_wait().unwrap() {
                assert!(!status.success(), "{}", keel.log());
                return keel.log();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it runs: {}", keel.log());
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap()
    }

    /// MiB of memory that are its own.
    pub fn memory(&self) -> u64 {
        self.status("RssAnon:")
    }

    /// MiB of memory it had at most, its program among them.
    pub fn memory_at_most(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a Linux kernel");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// An address of this machine nobody listens on. Its port is below those that outgoing connections are given, so that it stays free
/// until it is taken, and between two starts; no two tests are given the same one, nor the next, on which the billing sandbox listens.
pub fn free_address() -> String {
    const PORTS: u32 = 5_000;
    static NEXT: LazyLock<AtomicU32> =
        LazyLock::new(|| AtomicU32::new(u32::from_str_radix(&keel_domain::secrets::reference()[..6], 16).unwrap()));
    let mut addresses = (0..PORTS).map(|_| format!("127.0.0.1:{}", 10_000 + 2 * (NEXT.fetch_add(1, Ordering::Relaxed) % PORTS)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a free port")
}
