//! A way to PostgreSQL that can be held, closed, or lost: what a database that is away looks like.

use super::free_address;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the way is like.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing passes, nobody is told.
    Held,
    /// It is held as soon as somebody says this.
    HeldAt(&'static str),
    /// Connections are ended, new ones refused.
    Closed,
}

/// A way to a server. Ends when it is dropped.
pub struct Relay {
    address: SocketAddr,
    /// The way, and how often what was connected was forgotten: an older connection moves nothing any more.
    state: watch::Sender<(Way, u32)>,
}

impl Relay {
    /// A way to the server of a database URL, and the URL that takes it.
    pub async fn to(url: &str) -> (Self, String) {
        let (start, rest) = url.split_once('@').expect("a server in the URL");
        let (server, database) = rest.split_once('/').expect("a database in the URL");
        // While it is closed, nobody else takes this port.
        let listener = TcpListener::bind(free_address()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, seen) = watch::channel((Way::Open, 0));
        tokio::spawn(accept(listener, server.parse().unwrap(), seen, state.clone()));
        (Self { address, state }, format!("{start}@{address}/{database}"))
    }

    pub fn open(&self) {
        self.state.send_modify(|state| state.0 = Way::Open);
    }

    pub fn hold(&self) {
        self.state.send_modify(|state| state.0 = Way::Held);
    }

    pub fn hold_at(&self, word: &'static str) {
        self.state.send_modify(|state| state.0 = Way::HeldAt(word));
    }

    pub async fn close(&self) {
        self.state.send_modify(|state| state.0 = Way::Closed);
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Opens the way for new connections; those there are stay silent for ever.
    pub fn open_anew(&self) {
        self.state.send_modify(|state| *state = (Way::Open, state.1 + 1));
    }
}

type Seen = watch::Receiver<(Way, u32)>;
type Mood = watch::Sender<(Way, u32)>;

async fn accept(listener: TcpListener, server: SocketAddr, mut seen: Seen, mood: Mood) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        if seen.borrow_and_update().0 == Way::Closed {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            client = accepted => drop(client.map(|(client, _)| tokio::spawn(carry(client, server, seen.clone(), mood.clone())))),
            changed = seen.changed() => if changed.is_err() { return },
        }
    }
}

async fn carry(client: TcpStream, server: SocketAddr, seen: Seen, mood: Mood) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let born = seen.borrow().1;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut closed = seen.clone();
    tokio::select! {
        () = pass(from_client, to_server, born, seen.clone(), Some(Arc::new(mood))) => {}
        () = pass(from_server, to_client, born, seen, None) => {}
        _ = closed.wait_for(|state| state.0 == Way::Closed) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, born: u32, mut seen: Seen, holds: Option<Arc<Mood>>) {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut piece).await else { return };
        let state = seen.borrow().clone();
        if let (Some(mood), (Way::HeldAt(word), _)) = (&holds, &state)
            && piece[..length].windows(word.len()).any(|part| part == word.as_bytes())
        {
            mood.send_modify(|state| state.0 = Way::Held);
        }
        let open = |state: &(Way, u32)| state.1 == born && matches!(state.0, Way::Open | Way::HeldAt(_));
        if seen.wait_for(open).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
