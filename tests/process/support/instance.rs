//! One `keel serve`, a child of the test. However the test ends, it ends too.

use super::binary;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anybody waits for a process here, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running process.
pub struct Instance {
    /// Where it serves, without a slash at the end.
    pub base: String,
    child: Child,
    started: Instant,
    log: PathBuf,
}

impl Instance {
    /// Starts one with nothing but this environment; what it logs is kept.
    pub fn start(base: String, env: &[(String, String)], log: &Path) -> Self {
        let output = File::options().create(true).append(true).open(log).unwrap();
        let mut command = command(env);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        Self { base, started: Instant::now(), child: command.spawn().unwrap(), log: log.to_owned() }
    }

    /// Waits until it is ready; gives how long that took from its start on.
    pub async fn ready(&mut self) -> Duration {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
        while !client.get(format!("{}/health/ready", self.base)).send().await.is_ok_and(|answer| answer.status() == 200) {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended");
            assert!(self.started.elapsed() < PATIENCE, "it is not ready after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.started.elapsed()
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop, as operators do.
    pub fn terminate(&self) {
        assert!(signal(self.child.id(), "TERM"));
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let waiting = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(waiting.elapsed() < PATIENCE, "it has not ended after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// The binary, in this repository, with nothing but this environment.
pub fn command(env: &[(String, String)]) -> Command {
    let mut command = Command::new(binary());
    let inherited = ["PATH", "TMPDIR"].into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().envs(inherited).envs(env.iter().cloned());
    command
}

/// Sends a signal to one process; false when there is none.
pub fn signal(pid: u32, name: &str) -> bool {
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]).stderr(Stdio::null());
    kill.status().unwrap().success()
}
