//! Passwords: which are taken, and what is kept of them. Hashing costs 19 MiB and tens of milliseconds, so two are under
//! way at most, a few wait, and who comes then is told to come back. Tested in `tests/flows/passwords.rs`.

use crate::refusal::{Refusal, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keel_types::{Email, Fault};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Characters of a password. Fewer are guessed, more are refused before anything is computed from them.
pub const SHORTEST: usize = 8;
/// See [`SHORTEST`].
pub const LONGEST: usize = 128;

/// Kibibytes, passes and lanes of argon2id: the first choice of OWASP's cheat sheet.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of a hash.
const LENGTH: usize = 32;
/// What every password that is kept now begins with. One that was kept at another cost is kept anew when its person signs in.
const BEGINNING: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// What every kept password begins with, whatever its cost.
const ALGORITHM: &str = "$argon2id$v=19$m=";
/// A hash nobody has the password of: addresses without a password are compared with it, so that they take as long.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$S2VlbCBuZWVkcyBhIHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const AT_ONCE: usize = 2;
/// About half a second's worth of waiting on a small machine.
const WAITING: usize = 16;

/// Whoever guesses gets a few tries an hour; what a thousand times a thousand guesses find is too common all the same.
const COMMON_BELOW: f64 = 6.0;
/// Characters that are judged: enough to say that a password is not common, few enough to be quick.
const JUDGED: usize = 64;

/// A password exactly as it was typed. Shown nowhere, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// What is kept of a password: algorithm, cost, salt and hash.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword(String);

impl Password {
    /// A password to compare.
    pub fn typed(text: &str) -> std::result::Result<Self, Fault> {
        match text.chars().take(LONGEST + 1).count() {
            0 => Err(Fault::Required),
            length if length > LONGEST => Err(Fault::TooLong),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// A password to keep from now on: also not too short. Whether it is common is judged when it is hashed.
    pub fn chosen(text: &str) -> std::result::Result<Self, Fault> {
        let password = Self::typed(text)?;
        if text.chars().count() < SHORTEST { Err(Fault::TooShort) } else { Ok(password) }
    }

    /// Whether it is among the first a guesser would try, who knows the address.
    fn is_common(&self, email: &Email) -> bool {
        let beginning: String = self.0.chars().take(JUDGED).collect();
        let mut known: Vec<&str> = email.as_str().split(|c: char| !c.is_alphanumeric()).collect();
        known.extend([email.as_str(), email.local_part(), "keel"]);
        zxcvbn::zxcvbn(&beginning, &known).guesses_log10() < COMMON_BELOW
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl HashedPassword {
    /// A hash as it was kept.
    pub(crate) fn kept(text: String) -> Self {
        Self(text)
    }

    /// The hash as it is kept.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it costs today's guesser what a password that is kept now does.
    pub(crate) fn is_current(&self) -> bool {
        self.0.starts_with(BEGINNING)
    }

    fn of(password: &Password, memory: &mut Vec<Block>) -> Result<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| Refusal::internal(&error))?;
        let cost = Params::new(MEMORY, PASSES, LANES, Some(LENGTH)).map_err(|error| Refusal::internal(&error))?;
        let hash = compute(password, &salt, cost, memory)?;
        Ok(Self(format!("{BEGINNING}{}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash))))
    }

    fn fits(&self, password: &Password, memory: &mut Vec<Block>) -> Result<bool> {
        let (cost, salt, hash) = self.parts().ok_or_else(|| Refusal::internal(&"a kept password cannot be read"))?;
        let found = compute(password, &salt, cost, memory)?;
        // Every byte is looked at, wherever the first difference is.
        Ok(hash.len() == found.len() && hash.iter().zip(found).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0)
    }

    /// Cost, salt and hash.
    fn parts(&self) -> Option<(Params, Vec<u8>, Vec<u8>)> {
        let (memory, rest) = self.0.strip_prefix(ALGORITHM)?.split_once(",t=")?;
        let (passes, rest) = rest.split_once(",p=")?;
        let (lanes, rest) = rest.split_once('$')?;
        let (salt, hash) = rest.split_once('$')?;
        let cost = Params::new(memory.parse().ok()?, passes.parse().ok()?, lanes.parse().ok()?, Some(LENGTH)).ok()?;
        Some((cost, STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(hash).ok()?))
    }
}

impl From<&HashedPassword> for crate::db::Arg {
    fn from(hash: &HashedPassword) -> Self {
        hash.as_str().into()
    }
}

impl std::fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashedPassword(…)")
    }
}

fn compute(password: &Password, salt: &[u8], cost: Params, memory: &mut Vec<Block>) -> Result<[u8; LENGTH]> {
    let blocks = cost.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let mut hash = [0; LENGTH];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost);
    let done = argon.hash_password_into_with_memory(password.0.as_bytes(), salt, &mut hash, &mut memory[..blocks]);
    done.map_err(|error| Refusal::internal(&error))?;
    Ok(hash)
}

/// Where passwords are hashed: so many at once, so many waiting. Its memory is kept between passwords, because an allocator
/// that is asked for 19 MiB by changing threads keeps a piece for each.
pub(crate) struct Hashing {
    places: Arc<Semaphore>,
    benches: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// A place at the hashing, or in the queue before it.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "given back when it is dropped")] OwnedSemaphorePermit);

impl Default for Hashing {
    fn default() -> Self {
        let room = |size| Arc::new(Semaphore::new(size));
        Self { places: room(AT_ONCE + WAITING), benches: room(AT_ONCE), memory: Arc::default() }
    }
}

impl Hashing {
    /// A place. Asked for before anything is written, so that who is turned away costs nothing.
    ///
    /// # Errors
    /// `Unavailable` when the queue is full.
    pub fn place(&self) -> Result<Place> {
        self.places.clone().try_acquire_owned().map(Place).map_err(|_| Refusal::Unavailable)
    }

    /// What to keep of a password, unless too many have it.
    pub async fn hash(&self, place: Place, password: Password, email: Email) -> Result<std::result::Result<HashedPassword, Fault>> {
        self.work(place, move |memory| {
            if password.is_common(&email) {
                return Ok(Err(Fault::CommonPassword));
            }
            HashedPassword::of(&password, memory).map(Ok)
        })
        .await
    }

    /// Whether a password is the kept one. Without a kept one it is not, after the same time.
    pub async fn fits(&self, place: Place, password: Password, kept: Option<HashedPassword>) -> Result<bool> {
        Ok(self.compare(place, password, kept).await?.is_some())
    }

    /// What to keep of a password that is the kept one: that, or the same at today's cost.
    pub async fn compare(&self, place: Place, password: Password, kept: Option<HashedPassword>) -> Result<Option<HashedPassword>> {
        self.work(place, move |memory| {
            let compared = kept.clone().unwrap_or_else(|| HashedPassword::kept(NOBODYS.to_owned()));
            let fits = compared.fits(&password, memory)?;
            match kept.filter(|_| fits) {
                Some(kept) if kept.is_current() => Ok(Some(kept)),
                Some(_) => HashedPassword::of(&password, memory).map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, place: Place, work: impl FnOnce(&mut Vec<Block>) -> Result<T> + Send + 'static) -> Result<T> {
        let bench = self.benches.clone().acquire_owned().await.map_err(|error| Refusal::internal(&error))?;
        let kept = self.memory.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when nobody waits for it any more.
            let _held = (place, bench);
            let memory = kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = memory.unwrap_or_else(|| vec![Block::new(); MEMORY as usize]);
            let done = work(&mut memory);
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            done
        });
        done.await.map_err(|error| Refusal::internal(&error))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    fn password(text: &str) -> Password {
        Password::chosen(text).unwrap()
    }

    fn olivia() -> Email {
        Email::parse("olivia.owens@acme.example").unwrap()
    }

    #[test]
    fn eight_to_a_hundred_and_twenty_eight_characters() {
        assert_eq!(Password::chosen(""), Err(Fault::Required));
        assert_eq!(Password::chosen("sevenür"), Err(Fault::TooShort));
        assert!(Password::chosen("eightürs").is_ok());
        assert!(Password::typed("x").is_ok());
        for (length, taken) in [(128, true), (129, false), (1_000_000, false)] {
            assert_eq!(Password::chosen(&"ü".repeat(length)).is_ok(), taken, "{length}");
            assert_eq!(Password::typed(&"x".repeat(length)).is_ok(), taken, "{length}");
        }
        assert_eq!(Password::chosen("  spaces  ").unwrap().0, "  spaces  ", "exactly as typed");
    }

    #[test]
    fn common_passwords_are_not_taken() {
        let common = [
            "password",
            "12345678",
            "qwertyuiop",
            "Password1",
            "P@ssw0rd!",
            "iloveyou",
            "sunshine",
            "princess",
            "football1",
            "11111111",
            "trustno1",
            "baseball",
            "superman",
            "1q2w3e4r",
            "zaq12wsx",
            "letmein123",
            "olivia.owens",
            "oliviaolivia",
            "abcdefgh",
            "keelkeel",
            "starwars",
        ];
        for text in common {
            assert!(password(text).is_common(&olivia()), "{text}");
        }
        for text in ["correct horse battery staple", "vT7#qLw9zR", "a long walk on the quay", "Zwölf Boxkämpfer jagen", "xkq-mvt-bnw"] {
            assert!(!password(text).is_common(&olivia()), "{text}");
        }
    }

    /// About every thirtieth of the 3 000 most usual ones that are long enough to be chosen, as zxcvbn's list from leaks ranks them.
    #[test]
    fn passwords_from_leaks_are_not_taken() {
        const LEAKED: &str = "12345678 marlboro asdfghjk snickers bulldogs rolltide 01011980 123qweasdzxc sweetpea 123qwe123 ghbdtnbr \
            stardust guardian keyboard kingston amsterdam viktoria technics jamesbon treasure skorpion wrestlin 12131415 \
            madison1 philippe blessing gesperrt fishing1 dolphin1 thunderb elizaveta radiohea concorde michael2 02011984 \
            12051988 01011900 bluebell pipeline 02041989 marines1 ghbdtn123 02081980 28021992 vendetta rfvfcenhf 08081988 \
            02051978 26031988 captain1 mandrake 135798642 nineinch 02101976 02021971 herewego apollo11 7777777a \
            123456789qwe abcdefg1 zxcvb123 gogators ronaldinho nokia5800 thebeast 1q2q3q4q copenhag monkeyboy gizmodo1 \
            magic123 skydiver petrovich flathead lincoln1 bajingan wrinkles mannheim tailgate undertow q1q2q3q4 cowboyup \
            vfhnsirf snowman1 mackenzi adventur 43046721 fordf250 lagwagon cxfcnkbdfz sonyvaio golfclub sidewind dragon11 \
            babushka teamwork novifarm";
        let somebody = Email::parse("j@acme.example").unwrap();
        let taken: Vec<&str> = LEAKED.split(' ').filter(|text| !password(text).is_common(&somebody)).collect();
        assert_eq!(taken, Vec::<&str>::new(), "of {}", LEAKED.split(' ').count());
    }

    #[test]
    fn the_longest_passwords_are_judged_in_no_time() {
        let started = std::time::Instant::now();
        for text in ["a", "4@8(31!0$7", "password", "qwerty2019"] {
            password(&text.repeat(128).chars().take(LONGEST).collect::<String>()).is_common(&olivia());
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hashing = Hashing::default();
        let place = || hashing.place().unwrap();
        let kept = hashing.hash(place(), password("a long walk on the quay"), olivia()).await.unwrap().unwrap();
        assert!(kept.0.starts_with(BEGINNING));
        let again = hashing.hash(place(), password("a long walk on the quay"), olivia()).await.unwrap().unwrap();
        assert_ne!(kept, again, "the salt is another one");
        for (text, fits) in [("a long walk on the quay", true), ("a long walk on the quay ", false), ("A long walk on the quay", false)] {
            assert_eq!(hashing.fits(place(), password(text), Some(kept.clone())).await, Ok(fits), "{text}");
        }
        assert_eq!(hashing.fits(place(), password("a long walk on the quay"), None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_password_kept_at_another_cost_fits_and_is_kept_anew() {
        let hashing = Hashing::default();
        let place = || hashing.place().unwrap();
        for (memory, passes, lanes) in [(8, 1, 1), (4_096, 3, 1), (8_192, 1, 2), (24_000, 1, 1)] {
            let (salt, mut buffer) = ([7; 16], vec![]);
            let hash = compute(
                &password("a long walk on the quay"),
                &salt,
                Params::new(memory, passes, lanes, Some(LENGTH)).unwrap(),
                &mut buffer,
            );
            let [salt, hash] = [&salt[..], &hash.unwrap()].map(|bytes| STANDARD_NO_PAD.encode(bytes));
            let old = HashedPassword::kept(format!("{ALGORITHM}{memory},t={passes},p={lanes}${salt}${hash}"));
            assert!(!old.is_current());
            assert_eq!(hashing.compare(place(), password("another walk on it"), Some(old.clone())).await, Ok(None));
            let anew = hashing.compare(place(), password("a long walk on the quay"), Some(old)).await.unwrap().expect("it fits");
            assert!(anew.is_current());
            assert_eq!(hashing.compare(place(), password("a long walk on the quay"), Some(anew.clone())).await, Ok(Some(anew)), "once");
        }
        for broken in ["", "$argon2id$v=19$m=1,t=0,p=0$AA$AA", "$argon2i$v=19$m=8,t=1,p=1$AA$AA", "$argon2id$v=19$m=8,t=1$AA$AA"] {
            let kept = Some(HashedPassword::kept(broken.to_owned()));
            assert!(hashing.fits(place(), password("a long walk on the quay"), kept).await.is_err(), "{broken}");
        }
    }

    #[tokio::test]
    async fn two_are_hashed_at_once_and_a_full_queue_turns_away() {
        let hashing = Hashing::default();
        let places: Vec<Place> = (0..AT_ONCE + WAITING).map(|_| hashing.place().unwrap()).collect();
        assert_eq!(hashing.place().err(), Some(Refusal::Unavailable));
        drop(places);
        let mut abandoned = Box::pin(hashing.fits(hashing.place().unwrap(), password("a long walk on the quay"), None));
        // Only begun: whoever waits a moment may find it done.
        assert!(std::future::poll_fn(|context| Poll::Ready(abandoned.as_mut().poll(context).is_pending())).await);
        drop(abandoned);
        assert!(hashing.benches.available_permits() < AT_ONCE, "the permit stays with the work");
        while hashing.benches.available_permits() < AT_ONCE {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(hashing.places.available_permits(), AT_ONCE + WAITING);
        assert_eq!(hashing.memory.lock().unwrap().len(), 1, "the memory is used again");
    }
}
