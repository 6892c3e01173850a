//! What a flood of passwords costs in memory: measured on a process of its own.

use crate::support::{Browser, together};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A Keel in a process of its own, on SQLite, in a directory of its own.
struct Alone {
    process: Child,
    base: String,
    dir: PathBuf,
}

impl Alone {
    async fn start() -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let dir = std::env::temp_dir().join(format!("keel-alone-{}", keel_domain::secrets::reference()));
        let base = format!("http://{address}");
        let settings =
            [("KEEL_LISTEN", address.to_string()), ("KEEL_BASE_URL", base.clone()), ("KEEL_DATA_DIR", dir.display().to_string())];
        let mut command = Command::new(env!("CARGO_BIN_EXE_keel"));
        command.arg("serve").env_clear().envs(settings).env("KEEL_DRAIN", "0").stdout(Stdio::null()).stderr(Stdio::null());
        let alone = Self { process: command.spawn().unwrap(), base, dir };
        for _ in 0..400 {
            if let Ok(answer) = reqwest::get(format!("{}/health/ready", alone.base)).await
                && answer.status() == 200
            {
                return alone;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not get ready");
    }

    /// MiB of memory that are its own.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a Linux kernel");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_passwords_takes_the_memory_of_two() {
    let keel = Alone::start().await;
    let before = keel.memory();
    for round in 0..3 {
        let statuses = together((0..200_u32).map(|number| {
            let browser = Browser::at(&keel.base, [127, 1, round, u8::try_from(number % 250 + 1).unwrap()].into());
            let email = format!("person{number}@acme.example");
            async move { browser.form("/api/auth/sign-in", &[("email", &email), ("password", "a long walk on the quay")]).await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| [422, 429, 503].contains(status)), "{statuses:?}");
    }
    let after = keel.memory();
    println!("{before} MiB before, {after} MiB after");
    // Twice 19 MiB for the hashing; the rest is two hundred connections of a build that is not optimized.
    assert!(after < before + 2 * 19 + 60, "{before} MiB before, {after} MiB after");
}
