//! What is measured: processes of their own, on a core of their own.

use crate::Failure;
use crate::bare::Bare;
use crate::load;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The core of the servers; make runs the bench, and PostgreSQL beside it, on the other one.
const CORE: &str = "0";
/// What Keel and the billing sandbox know each other by.
const STRIPE_KEY: &str = "sk_test_bench";
pub const AUTHORIZATION: (&str, &str) = ("authorization", "Bearer sk_test_bench");
pub const WEBHOOK_SECRET: &str = "whsec_bench";
/// How long a server may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that answers at an address. Ended when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    started: Instant,
    /// Keel's log.
    log: Option<PathBuf>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The settings of a production Keel: the environment of its process.
pub fn settings(home: &Path, database: &str, listen: SocketAddr, stripe: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("KEEL_ENV", "production".to_owned()),
        ("KEEL_BASE_URL", "https://keel.example".to_owned()),
        ("KEEL_LISTEN", listen.to_string()),
        ("KEEL_SECRET", "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2g=".to_owned()),
        ("KEEL_DATA_DIR", home.display().to_string()),
        ("DATABASE_URL", database.to_owned()),
        ("KEEL_MAIL_FROM", "Keel <keel@keel.example>".to_owned()),
        ("SMTP_URL", "smtp://127.0.0.1:9".to_owned()),
        ("STRIPE_SECRET_KEY", STRIPE_KEY.to_owned()),
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ("STRIPE_API_BASE", format!("http://{stripe}")),
    ]
}

/// A Keel in production, which has answered 200. Its log goes to a file.
pub async fn keel(home: &Path, database: &str, stripe: SocketAddr) -> Result<Server, Failure> {
    let listen = free_address()?;
    let log = home.join(format!("keel-{}.log", listen.port()));
    let mut command = pinned(&beside("keel")?);
    command.env_clear().envs(settings(home, database, listen, stripe)).stdout(Stdio::null()).stderr(File::create(&log)?);
    Server::spawn(command, listen, Some(log))?.answers("/login").await
}

/// A server that does the least, in this same program.
pub async fn bare(bare: &Bare) -> Result<Server, Failure> {
    let listen = free_address()?;
    let mut command = pinned(&std::env::current_exe()?);
    command.arg("bare").arg(listen.to_string()).arg(serde_json::to_string(bare)?).stderr(Stdio::inherit());
    Server::spawn(command, listen, None)?.answers("/").await
}

/// The billing sandbox. It stands for somebody else's machine, so it runs beside the client.
pub async fn sandbox() -> Result<Server, Failure> {
    let listen = free_address()?;
    let mut command = Command::new(beside("billing-sandbox")?);
    command.args(["--listen", &listen.to_string(), "--api-key", STRIPE_KEY]).stdout(Stdio::null());
    Server::spawn(command, listen, None)?.answers("/_sandbox").await
}

impl Server {
    fn spawn(mut command: Command, address: SocketAddr, log: Option<PathBuf>) -> Result<Self, Failure> {
        let started = Instant::now();
        Ok(Self { child: command.stdin(Stdio::null()).spawn()?, address, started, log })
    }

    /// The server, once it has answered 200.
    async fn answers(mut self, path: &str) -> Result<Self, Failure> {
        let request = load::get(path, &[]);
        while !load::ask(self.address, &request).await.is_ok_and(|answer| answer.status == 200) {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("a server ended at its start: {status}").into());
            }
            if self.started.elapsed() > PATIENCE {
                return Err("a server did not answer in time".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(self)
    }

    /// What Keel has logged so far.
    pub fn log(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.log.as_deref().ok_or("it keeps no log")?)?)
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Memory of its own that is in use, in KiB.
    pub fn memory(&self) -> Result<u32, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        Ok(line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or("no RssAnon")?)
    }

    /// Processor time it has used.
    pub fn processor(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }
}

fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", CORE]).arg(program);
    command
}

/// Another program of the same build.
fn beside(name: &str) -> Result<PathBuf, Failure> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// An address of this machine nobody listens on.
fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
