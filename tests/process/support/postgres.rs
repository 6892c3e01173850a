//! A PostgreSQL cluster of one test's own, started as `.ci/postgres` starts any, to be stopped and frozen.

use super::instance::signal;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running cluster. It ends with this value, and with the process of the test.
pub struct Cluster {
    /// Its one database.
    pub url: String,
    dir: PathBuf,
    port: String,
    /// The first process of the server, parent of all others.
    postmaster: u32,
    /// `.ci/postgres` around a command that ends when nobody holds its input any more.
    holder: Child,
    /// The server, once it was started again.
    server: Option<Child>,
}

impl Cluster {
    pub fn start() -> Self {
        let mut holder = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/postgres"));
        holder.args(["sh", "-c", "echo \"$KEEL_TEST_POSTGRES\"; echo \"$TMPDIR\"; exec cat"]);
        let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines().map(Result::unwrap);
        let (url, temporary) = (lines.next().expect("an address"), lines.next().expect("a directory"));
        let dir = Path::new(&temporary).with_file_name("cluster");
        let known = std::fs::read_to_string(dir.join("postmaster.pid")).unwrap();
        let known: Vec<&str> = known.lines().collect();
        Self { url, dir, port: known[3].to_owned(), postmaster: known[0].parse().unwrap(), holder, server: None }
    }

    /// What `pg_ctl stop -m immediate` does: every connection breaks, nobody listens.
    pub fn stop(&mut self) {
        assert!(signal(self.postmaster, "QUIT"));
        match self.server.take() {
            Some(mut server) => drop(server.wait().unwrap()),
            None => {
                while Path::new(&format!("/proc/{}/exe", self.postmaster)).exists() {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    /// Starts the server again where it was, and waits until it takes connections.
    pub fn start_again(&mut self) {
        let mut server = Command::new("postgres");
        server.arg("-D").arg(&self.dir).args(["-p", &self.port, "-h", "127.0.0.1", "-k"]).arg(&self.dir);
        // It refuses to run as root: as whoever owns its files.
        let (owner, us) = (self.dir.metadata().unwrap(), Path::new("/proc/self").metadata().unwrap());
        if us.uid() != owner.uid() {
            server.uid(owner.uid()).gid(owner.gid());
        }
        let mut server = server.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.postmaster = server.id();
        let mut ask = Command::new("pg_isready");
        ask.args(["--quiet", "--host=127.0.0.1", &format!("--port={}", self.port)]);
        while !ask.status().unwrap().success() {
            assert!(server.try_wait().unwrap().is_none(), "it ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server = Some(server);
    }

    /// Freezes it as it is: connections stay, nobody answers.
    pub fn freeze(&self) {
        assert!(signal(self.postmaster, "STOP"));
        self.tell_children("STOP");
    }

    /// Has it go on.
    pub fn thaw(&self) {
        self.tell_children("CONT");
        assert!(signal(self.postmaster, "CONT"));
    }

    fn tell_children(&self, name: &str) {
        let pid = self.postmaster;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace() {
            // One that has just ended is as good.
            signal(child.parse().unwrap(), name);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Whoever is frozen does not hear that it should end.
        self.tell_children("CONT");
        signal(self.postmaster, "CONT");
        if let Some(server) = &mut self.server {
            signal(self.postmaster, "INT");
            let _ = server.wait();
        }
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
