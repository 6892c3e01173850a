//! A mail server on loopback that takes mail, refuses it, or takes it and dies before saying so.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

static ALL: LazyLock<Mutex<HashMap<String, Arc<Mailroom>>>> = LazyLock::new(Mutex::default);

/// A mail server, and what it took.
#[derive(Default)]
pub struct Mailroom {
    mood: AtomicUsize,
    taken: Mutex<Vec<String>>,
}

/// What it does with mail.
#[derive(Clone, Copy)]
pub enum Mood {
    Takes,
    Refuses,
    TakesAndDies,
}

impl Mailroom {
    /// Opens one; gives its `SMTP_URL`.
    pub fn open() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let room = Arc::new(Self::default());
        ALL.lock().unwrap().insert(url.clone(), room.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (room, stream) = (room.clone(), stream.unwrap());
                std::thread::spawn(move || room.talk(stream));
            }
        });
        url
    }

    /// The one at this address.
    pub fn at(url: &str) -> Arc<Self> {
        ALL.lock().unwrap()[url].clone()
    }

    pub fn is(&self, mood: Mood) {
        self.mood.store(mood as usize, Ordering::SeqCst);
    }

    /// The mails so far: envelope, headers and body.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    /// One conversation; it ends with the first thing that fails.
    fn talk(&self, stream: TcpStream) -> Option<()> {
        let refuses = || self.mood.load(Ordering::SeqCst) == Mood::Refuses as usize;
        let dies = || self.mood.load(Ordering::SeqCst) == Mood::TakesAndDies as usize;
        let mut out = stream.try_clone().ok()?;
        let mut lines = BufReader::new(stream).lines();
        let mut mail = String::new();
        out.write_all(b"220 mailroom\r\n").ok()?;
        loop {
            let line = lines.next()?.ok()?;
            let answer = match line.get(..4)? {
                "EHLO" => "250 mailroom",
                "MAIL" if refuses() => "451 not now",
                "DATA" => {
                    out.write_all(b"354 go on\r\n").ok()?;
                    for line in lines.by_ref() {
                        let line = line.ok()?;
                        if line == "." {
                            break;
                        }
                        mail.extend([line.as_str(), "\n"]);
                    }
                    self.taken.lock().unwrap().push(std::mem::take(&mut mail));
                    if dies() {
                        return None;
                    }
                    "250 taken"
                }
                _ => {
                    mail.extend([line.as_str(), "\n"]);
                    "250 ok"
                }
            };
            out.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
        }
    }
}
