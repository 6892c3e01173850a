//! Pages: requests per second beside the least that answers the same, and what a browser downloads.

use crate::bare::Bare;
use crate::data::{BILLING, Database, Person};
use crate::load::{self, get};
use crate::report::{Line, Lines, compare, in_turn};
use crate::servers::{Server, bare};
use crate::{Bench, Failure};
use std::collections::BTreeSet;
use std::path::Path;

const AUDIT: &str = "/org-dashboard/audit";
const AUDIT_OF_ONE: &str = "/org-dashboard/audit?actor=person+number+1";

/// Anonymous pages, as they are kept; and rendered for each request, because it has a cookie.
pub async fn anonymous(bench: &Bench, keel: &Server) -> Lines {
    let mut lines = vec![];
    for path in ["/pricing", "/login"] {
        let request = get(path, &[]);
        let file = bench.write("page.html", &load::ask(keel.address, &request).await?.body)?;
        let same = bare(&Bare::Bytes { file }).await?;
        lines.push(Line::ratio(format!("{path}, anonymous"), &compare((keel, &request), (&same, &request)).await?, 50));
    }
    for path in ["/pricing", "/login"] {
        let request = get(path, &[("cookie", "theme=dark")]);
        let same = bare(&Bare::Leptos { path: path.to_owned(), home: bench.home.clone() }).await?;
        lines.push(Line::ratio(format!("{path}, rendered each time"), &compare((keel, &request), (&same, &request)).await?, 80));
    }
    Ok(lines)
}

/// A page of somebody signed in beside the same statements and bytes, and how even its answers are.
pub async fn signed_in(bench: &Bench, keel: &Server, page: &str, on: &str, database: &str, person: &Person) -> Lines {
    let request = request(page, person);
    let file = bench.write("page.html", &load::ask(keel.address, &request).await?.body)?;
    let same = bare(&Bare::Statements { page: page.to_owned(), database: database.to_owned(), person: person.clone(), file }).await?;
    let comparison = compare((keel, &request), (&same, &request)).await?;
    let (p50, p99) = (comparison.ours.percentile(50), comparison.ours.percentile(99));
    Ok(vec![
        Line::ratio(format!("{page}, {on}"), &comparison, 50),
        Line::most(format!("  its p99 ({:.1} ms) beside its p50 ({:.1} ms)", p99 / 1_000.0, p50 / 1_000.0), p99 / p50, "×", 5.0),
    ])
}

/// The same page of the same account, in a database with much else and in one with little.
pub async fn size(page: &str, what: &str, much: (&Server, &Person), little: (&Server, &Person), database: &Database) -> Lines {
    let [ours, other] = [much, little].map(|(server, person)| (server, request(page, person)));
    let comparison = in_turn((ours.0, &ours.1), (other.0, &other.1)).await?;
    Ok(vec![
        Line::ratio(format!("the same, {what}"), &comparison, 80),
        Line::none("  tables that its statements read whole", &database.whole_table_reads(page, much.1).await?),
    ])
}

/// A page as this person asks for it.
pub fn request(page: &str, person: &Person) -> Vec<u8> {
    get(page, &[("cookie", &person.cookie())])
}

/// A page of the audit log, of all events and of one actor's, out of a million and out of 120.
pub async fn audit(on: &str, much: (&Server, &Person), little: (&Server, &Person)) -> Lines {
    let mut lines = vec![];
    for path in [AUDIT, AUDIT_OF_ONE] {
        let [ours, other] = [much, little].map(|(server, person)| (server, get(path, &[("cookie", &person.cookie())])));
        let comparison = in_turn((ours.0, &ours.1), (other.0, &other.1)).await?;
        lines.push(Line::ratio(format!("{path}, a million events beside 120, {on}"), &comparison, 80));
    }
    Ok(lines)
}

/// What a browser with an empty cache downloads, compressed: the page, and what it links to.
pub async fn downloads(keel: &Server, person: &Person) -> Lines {
    let cookie = person.cookie();
    let plain = download(keel, "/pricing", &[]).await?;
    let island = download(keel, BILLING, &[("cookie", &cookie)]).await?;
    let mut lines = vec![
        kibibytes("downloaded for /pricing, cold, brotli", &plain, 45.0),
        Line::none("  WebAssembly among it, and other origins", &plain.unwanted),
    ];
    lines.push(if island.unwanted.iter().any(|path| is_wasm(path)) {
        kibibytes("downloaded for a page with an island (billing)", &island, 150.0)
    } else {
        Line::missing("downloaded for a page with an island (billing)", "built without islands")
    });
    Ok(lines)
}

fn kibibytes(what: &str, downloaded: &Downloaded, most: f64) -> Line {
    Line::most(format!("{what}, {} files", downloaded.files), f64::from(downloaded.bytes) / 1_024.0, "KiB", most)
}

#[derive(Default)]
struct Downloaded {
    bytes: u32,
    files: usize,
    /// WebAssembly, and what another origin would have to send.
    unwanted: Vec<String>,
}

/// Follows a page's links as a browser does: from tags, stylesheets and modules.
async fn download(keel: &Server, page: &str, headers: &[(&str, &str)]) -> Result<Downloaded, Failure> {
    let mut downloaded = Downloaded::default();
    let (mut open, mut known) = (vec![page.to_owned()], BTreeSet::new());
    while let Some(path) = open.pop() {
        if !known.insert(path.clone()) {
            continue;
        }
        if is_wasm(&path) || !path.starts_with('/') {
            downloaded.unwanted.push(path.clone());
        }
        if !path.starts_with('/') {
            continue;
        }
        let compressed = load::ask(keel.address, &get(&path, &[headers, &[("accept-encoding", "br")]].concat())).await?;
        let plain = load::ask(keel.address, &get(&path, headers)).await?;
        if compressed.status != 200 {
            return Err(format!("{path} answers {}", compressed.status).into());
        }
        downloaded.bytes += u32::try_from(compressed.size)?;
        downloaded.files += 1;
        let kind = plain.header("content-type").unwrap_or_default().to_owned();
        open.extend(links(&kind, &plain.text()));
    }
    Ok(downloaded)
}

fn is_wasm(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "wasm")
}

/// What a file has the browser load. Links that people follow are not among it.
fn links(kind: &str, text: &str) -> Vec<String> {
    let quoted = |text: &str, before: &str, end: &[char]| -> Vec<String> {
        text.split(before).skip(1).filter_map(|rest| rest.split(end).next()).map(str::to_owned).collect()
    };
    if kind.starts_with("text/html") {
        let tags = text.split('<').filter(|tag| ["link ", "script ", "img ", "source "].iter().any(|name| tag.starts_with(name)));
        tags.flat_map(|tag| [" href=\"", " src=\"", " srcset=\""].map(|before| quoted(tag, before, &['"', ' ', '>']))).flatten().collect()
    } else if kind.starts_with("text/css") {
        quoted(text, "url(", &[')'])
            .into_iter()
            .map(|path| path.trim_matches(['"', '\'']).to_owned())
            .filter(|path| !path.starts_with("data:"))
            .collect()
    } else if kind.starts_with("text/javascript") {
        quoted(text, "'/assets/", &['\'']).into_iter().map(|rest| format!("/assets/{rest}")).collect()
    } else {
        vec![]
    }
}
