//! The calls a door gives: one to read with, one to write with.

use super::{Asked, Caller, Door, Grant, Proof as _};
use crate::Keel;
use crate::db::{Conn, Tx, locks};
use crate::refusal::{Refusal, Result};
use crate::request;
use keel_types::Instant;

/// A call that only reads. Ended before anything is rendered.
pub struct Read<D: Door> {
    conn: Conn,
    proof: D::Proof,
    keel: Keel,
    asked: Asked,
}

/// A call that writes: one transaction. Dropped without [`Write::commit`], nothing of it happened.
pub struct Write<D: Door> {
    /// None only while [`Write::outside`] is under way, and after it failed.
    tx: Option<Tx>,
    proof: D::Proof,
    keel: Keel,
    asked: Asked,
}

/// The permission to talk to the outside: only between two transactions, never within one.
#[derive(Debug)]
pub struct Outside(pub(crate) ());

impl<D: Door> Read<D> {
    /// Opens the door to read.
    pub async fn open(keel: &Keel, asked: Asked) -> Result<Self> {
        let mut conn = keel.db().read();
        let proof = enter::<D>(&mut conn, keel, &asked).await?;
        Ok(Self { conn, proof, keel: keel.clone(), asked })
    }

    /// The same call through another door: the same person, account and connection, another proof.
    pub fn through<E: Door>(self) -> Result<Read<E>> {
        let proof = E::admit(self.proof.caller().cloned(), self.asked.account.is_some())?;
        Ok(Read { conn: self.conn, proof, keel: self.keel, asked: self.asked })
    }

    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl<D: Door> Write<D> {
    /// Opens the door to write. Whoever cannot be let in takes no lock.
    pub async fn open(keel: &Keel, asked: Asked) -> Result<Self> {
        asked.require_origin()?;
        if asked.session.is_none() {
            D::admit(None, asked.account.is_some())?;
        }
        let mut tx = keel.db().begin().await?;
        let proof = enter::<D>(&mut tx, keel, &asked).await?;
        Ok(Self { tx: Some(tx), proof, keel: keel.clone(), asked })
    }

    /// Makes what was written last. The worker looks for work at once.
    pub async fn commit(mut self) -> Result<()> {
        if let Some(tx) = self.tx.take() {
            tx.commit().await?;
        }
        self.keel.wake();
        Ok(())
    }

    /// Commits, does something outside the database, and opens the same door again: rights are looked at as they are then,
    /// in the same account, whichever is the active one by then.
    pub async fn outside<T, F, W>(&mut self, work: F) -> Result<T>
    where
        F: FnOnce(Keel, Outside) -> W,
        W: Future<Output = Result<T>>,
    {
        if let Some(tx) = self.tx.take() {
            tx.commit().await?;
        }
        let done = work(self.keel.clone(), Outside(())).await?;
        if self.asked.account.is_none() {
            self.asked.account = self.proof.caller().map(|caller| caller.usual_standing().account.to_string());
        }
        let again = Self::open(&self.keel, self.asked.clone()).await?;
        self.proof = again.proof;
        self.tx = again.tx;
        Ok(done)
    }

    /// Makes other calls that lock the account wait until this one ends, and looks at the caller's rights once more: what
    /// they were at the door may have changed while this call waited. Verbs with rules across members begin with it.
    ///
    /// # Errors
    /// What the door refuses now.
    pub(crate) async fn lock_account<R>(&mut self) -> Result<()>
    where
        D: Door<Proof = Grant<R>>,
    {
        let account = self.proof.account().clone();
        locks::lock_account(self.tx()?, &account).await?;
        let asked = Asked { account: Some(account.to_string()), ..self.asked.clone() };
        let keel = self.keel.clone();
        self.proof = enter::<D>(self.tx()?, &keel, &asked).await?;
        Ok(())
    }

    /// Makes other calls that lock the caller, if there is one, wait until this one ends, and opens the door once more: whose session
    /// was ended while this call waited does nothing more, or is a visitor. Verbs about how somebody signs in begin with it.
    ///
    /// # Errors
    /// What the door refuses now.
    pub(crate) async fn lock_caller(&mut self) -> Result<()> {
        let Some(user) = self.caller().map(|caller| caller.user.clone()) else { return Ok(()) };
        let (asked, keel) = (self.asked.clone(), self.keel.clone());
        let tx = self.tx()?;
        locks::lock_user(tx, &user).await?;
        self.proof = enter::<D>(tx, &keel, &asked).await?;
        Ok(())
    }

    pub(crate) fn tx(&mut self) -> Result<&mut Tx> {
        self.tx.as_mut().ok_or_else(|| Refusal::internal(&"a call went on after its transaction ended"))
    }

    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }
}

macro_rules! both {
    ($($call:ident),*) => { $(
        impl<D: Door> $call<D> {
            /// What the door proved.
            pub fn proof(&self) -> &D::Proof {
                &self.proof
            }

            /// The person, if one is known.
            pub fn caller(&self) -> Option<&Caller> {
                self.proof.caller()
            }

            /// The Keel that was called.
            pub fn keel(&self) -> &Keel {
                &self.keel
            }

            /// The moment it is.
            pub fn now(&self) -> Instant {
                self.keel.now()
            }
        }
    )* };
}
both!(Read, Write);

async fn enter<D: Door>(conn: &mut Conn, keel: &Keel, asked: &Asked) -> Result<D::Proof> {
    let now = keel.now();
    let caller = Caller::find(conn, asked, keel.settings().model(), now).await?;
    if let Some(caller) = &caller {
        keel.seen().note(caller, now);
        request::note_asker(&caller.user, &caller.usual_standing().account);
    }
    D::admit(caller, asked.account.is_some())
}
