//! `make bench`: prints what Keel does beside the least that does the same, each target a ratio inside one run.
//!
//! The servers run on one core; the client, PostgreSQL and the billing sandbox on the other. What a figure means, and what
//! was measured last, is in `docs/performance.md`.

mod bare;
mod data;
mod load;
mod overload;
mod pages;
mod processes;
mod report;
mod servers;
mod webhooks;

use data::{BILLING, Database, LEDGER, MEMBERS, Person, Size};
use keel_domain::db::Db;
use report::{Line, Lines};
use servers::Server;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::Builder;

/// Why something was not measured.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// 100 000 accounts and 2 000 000 ledger rows, half of them of the workspace that is looked at, which has ten thousand members and a log
/// of a million events.
const MUCH: Size = Size { people: 50_000, members: 10_000, entries: 1_000_000, events: 1_000_000, subscribed: 45_000 };
/// Ten accounts; the workspace that is looked at has as many ledger rows as a page of them shows, and a next page.
const LITTLE: Size = Size { people: 5, members: 0, entries: 100, events: 120, subscribed: 5 };
/// A hundred accounts; as many people as one page of members shows belong to the workspace that is looked at.
const FIFTY: Size = Size { people: 50, members: 49, entries: 0, events: 0, subscribed: 5 };

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[expect(clippy::print_stderr, reason = "whoever started it reads why it ended")]
            {
                eprintln!("keel-bench: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        // As Keel's own process.
        [word, listen, what] if word == "bare" => Builder::new_multi_thread().enable_all().build()?.block_on(serve_bare(listen, what)),
        _ => Builder::new_current_thread().enable_all().build()?.block_on(Bench::run()),
    }
}

async fn serve_bare(listen: &str, what: &str) -> Result<(), Failure> {
    bare::serve(listen.parse()?, serde_json::from_str(what)?).await
}

/// A run of the bench: its files, and the PostgreSQL server that make started.
pub struct Bench {
    home: PathBuf,
    postgres: String,
    /// What was not measured.
    failures: usize,
}

/// A database that was filled, and who is signed in there.
struct Filled {
    url: String,
    person: Person,
}

impl Bench {
    async fn run() -> Result<(), Failure> {
        let home = std::env::current_exe()?.with_file_name("bench");
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home)?;
        let postgres = std::env::var("KEEL_TEST_POSTGRES").map_err(|_| "KEEL_TEST_POSTGRES is unset: run `make bench`")?;
        let mut bench = Self { home, postgres, failures: 0 };
        let measured = Box::pin(bench.measure()).await;
        std::fs::remove_dir_all(&bench.home)?;
        measured?;
        if bench.failures == 0 { Ok(()) } else { Err(format!("{} measurements failed", bench.failures).into()) }
    }

    async fn measure(&mut self) -> Result<(), Failure> {
        report::print_head();
        let stripe = servers::sandbox().await?;
        Box::pin(self.on_sqlite(&stripe)).await?;
        Box::pin(self.on_postgres(stripe.address)).await?;
        report::print(&[Line::missing("GET /api/v1/account with an API key", "not built yet")]);
        Ok(())
    }

    async fn on_sqlite(&mut self, sandbox: &Server) -> Result<(), Failure> {
        let stripe = sandbox.address;
        let (much, little) = (self.filled("much", &MUCH).await?, self.filled("little", &LITTLE).await?);
        let fifty = self.filled("fifty", &FIFTY).await?;
        let starts = processes::starts(&self.home, "SQLite", &little.url, stripe, 150.0).await;
        self.add(starts);
        let keel = servers::keel(&self.home, &much.url, stripe).await?;
        self.add(processes::idle(&keel).await);
        self.add(pages::anonymous(self, &keel).await);
        self.dashboards("SQLite", &keel, stripe, &much, &little, &fifty).await?;
        self.add(overload::measure(&keel, &pages::request(BILLING, &much.person)).await);
        self.add(webhooks::measure(self, &keel, &much.url, sandbox).await);
        self.add(processes::loaded(&keel));
        self.add(pages::downloads(&keel, &much.person).await);
        Ok(())
    }

    async fn on_postgres(&mut self, stripe: SocketAddr) -> Result<(), Failure> {
        let (much, little) = (self.filled_postgres("much", &MUCH).await?, self.filled_postgres("little", &LITTLE).await?);
        let fifty = self.filled_postgres("fifty", &FIFTY).await?;
        let starts = processes::starts(&self.home, "PostgreSQL", &little.url, stripe, 300.0).await;
        self.add(starts);
        let keel = servers::keel(&self.home, &much.url, stripe).await?;
        self.dashboards("PostgreSQL", &keel, stripe, &much, &little, &fifty).await
    }

    /// The pages of somebody signed in, each beside its statements, and beside itself with little to read.
    async fn dashboards(
        &mut self,
        on: &str,
        keel: &Server,
        stripe: SocketAddr,
        much: &Filled,
        little: &Filled,
        fifty: &Filled,
    ) -> Result<(), Failure> {
        for (page, than, what) in [
            (BILLING, little, "100 000 accounts beside ten"),
            (LEDGER, little, "a million rows beside a hundred"),
            (MEMBERS, fifty, "10 000 members beside fifty"),
        ] {
            self.add(pages::signed_in(self, keel, page, on, &much.url, &much.person).await);
            let small = servers::keel(&self.home, &than.url, stripe).await?;
            self.add(beside(page, &format!("{what}, {on}"), (keel, much), (&small, than)).await);
        }
        let small = servers::keel(&self.home, &little.url, stripe).await?;
        self.add(pages::audit(on, (keel, &much.person), (&small, &little.person)).await);
        Ok(())
    }

    async fn filled(&self, name: &str, size: &Size) -> Result<Filled, Failure> {
        let url = self.sqlite(name);
        Ok(Filled { person: data::fill(&url, size).await?, url })
    }

    async fn filled_postgres(&self, name: &str, size: &Size) -> Result<Filled, Failure> {
        let url = data::create_postgres(&self.postgres, name).await?;
        Ok(Filled { person: data::fill(&url, size).await?, url })
    }

    /// A new database with nothing in it.
    async fn migrated(&self, name: &str) -> Result<String, Failure> {
        let url = self.sqlite(name);
        Db::open(&url).await?.close().await;
        Ok(url)
    }

    fn sqlite(&self, name: &str) -> String {
        format!("sqlite:{}", self.home.join(name).with_extension("db").display())
    }

    /// Keeps bytes in a file.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let file = self.home.join(name);
        std::fs::write(&file, bytes)?;
        Ok(file)
    }

    fn add(&mut self, lines: Lines) {
        let lines = lines.unwrap_or_else(|failure| {
            self.failures += 1;
            vec![Line::missing("not measured", &failure.to_string())]
        });
        report::print(&lines);
    }
}

async fn beside(page: &str, what: &str, much: (&Server, &Filled), little: (&Server, &Filled)) -> Lines {
    let database = Database::open(&much.1.url).await?;
    let lines = pages::size(page, what, (much.0, &much.1.person), (little.0, &little.1.person), &database).await;
    database.close().await;
    lines
}
