//! Security limits, kept in the database: how often somebody may try, whichever instance they come to.
//!
//! A limit counts under an address, under a browser that is known to be that address's, under a client, under a
//! person who is signed in, or under a workspace. Strangers share the address's count, the person's own browsers have counts of their
//! own, and ten times as much together: whoever uses up the first keeps nobody out, and who has collected cookies of many has not many
//! times as much. Nothing here ever locks an account. Tested in `tests/flows/limits.rs`.

use crate::access::Asked;
use crate::db::{Conn, Tx};
use crate::refusal::{Refusal, Result};
use crate::sign_in::devices;
use crate::two_step::Shown;
use crate::{Keel, args, sql};
use keel_types::time::{DAY, HOUR, MINUTE, SECOND};
use keel_types::{AccountId, Email, Instant, UserId};
use std::net::{IpAddr, Ipv6Addr};

sql! {
    // One statement, so that parallel calls cannot take more than there is. Who is refused writes nothing.
    TAKE = "INSERT INTO limits (key, started_at, taken) VALUES ($1, $2, 1)
        ON CONFLICT (key) DO UPDATE SET
            taken = CASE WHEN limits.started_at <= $3 THEN 1 ELSE limits.taken + 1 END,
            started_at = CASE WHEN limits.started_at <= $3 THEN $2 ELSE limits.started_at END
        WHERE limits.started_at <= $3 OR limits.taken < $4";
    FIND_START = "SELECT started_at FROM limits WHERE key = $1";
    GIVE_BACK = "UPDATE limits SET taken = taken - 1 WHERE key = $1 AND taken > 0";
}

/// What is limited: so many within so many milliseconds of the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    name: &'static str,
    most: u32,
    window: i64,
}

/// How many of a person's own browsers get as much as one, together.
const BROWSERS: u32 = 10;

const fn limit(name: &'static str, most: u32, window: i64) -> Limit {
    Limit { name, most, window }
}

/// Mails with a link to one address: one every ten seconds. The window is the life of a link: who is refused has a mail that
/// still works.
pub(crate) const SIGN_IN_MAILS: Limit = limit("sign-in mail", 60, 10 * MINUTE);
/// The same for links to a new password.
pub(crate) const RESET_MAILS: Limit = limit("reset mail", 10, 10 * MINUTE);
/// Passwords tried at one address. A stranger gets a thousand a day; a password that is taken withstands a million. The
/// person can sign in by mail meanwhile.
pub(crate) const PASSWORDS: Limit = limit("password", 10, 15 * MINUTE);
/// Codes tried at one address: a stranger guesses one of a million. The link of the same mail works meanwhile.
pub(crate) const CODES: Limit = limit("code", 40, DAY);
/// Mails with a code to one person who is signed in.
pub(crate) const STEP_UP_MAILS: Limit = limit("step-up mail", 10, 10 * MINUTE);
/// Such codes tried by one person, who can sign in anew meanwhile.
pub(crate) const STEP_UP_CODES: Limit = limit("step-up code", 40, DAY);
/// New addresses one person asks for, each with a mail to the old one.
const NEW_ADDRESSES: Limit = limit("new address", 10, HOUR);
/// Mails to one address that somebody wants to have.
const NEW_ADDRESS_MAILS: Limit = limit("new address mail", 10, 10 * MINUTE);
/// Codes of an app shown for one person, by somebody who has the first factor: three of a million are right at a time, and the person
/// is told. Their own browsers have counts of their own, and recovery codes, which nobody guesses, are not counted here.
const SECOND_STEPS: Limit = limit("second step", 20, 6 * HOUR);
/// Mails one client asks for: an office behind one address, in the morning.
const MAILS_OF_CLIENT: Limit = limit("client mail", 200, 10 * MINUTE);
/// Passwords and codes one client gets wrong.
const FAILURES_OF_CLIENT: Limit = limit("client failure", 100, 10 * MINUTE);

/// Trips to providers of sign-ins that one client begins.
const TRIPS_OF_CLIENT: Limit = limit("client provider trip", 200, 10 * MINUTE);
/// Questions to passkeys that one client asks for; each is answered once.
const PASSKEYS_OF_CLIENT: Limit = limit("client passkey", 200, 10 * MINUTE);

/// Invitations one person sends, first ones and further ones.
const INVITATIONS: Limit = limit("invitation", 200, DAY);
/// Invitations a workspace sends.
const INVITATIONS_OF_WORKSPACE: Limit = limit("workspace invitation", 500, DAY);
/// Invitations a workspace sends to one address, so that none uses up what others may send there.
const INVITATIONS_TO_ADDRESS_OF_WORKSPACE: Limit = limit("workspace invitation to", 10, DAY);
/// Invitations one address is sent, by whatever workspaces.
const INVITATIONS_TO_ADDRESS: Limit = limit("invitation to", 40, DAY);

/// Copies of an account's data, or a person's.
const COPIES: Limit = limit("copy", 10, DAY);

/// Workspaces one person makes.
const WORKSPACES: Limit = limit("workspace", 20, DAY);

/// Slugs a workspace takes. Each is held for a while after it, so that one workspace cannot hold many.
const SLUGS: Limit = limit("slug", 10, DAY);

/// Logos a workspace is given: decoding one costs.
const LOGOS: Limit = limit("logo", 50, DAY);
/// Exports one person begins of one workspace.
const EXPORTS: Limit = limit("export", 30, HOUR);

/// Ways to the payment page that one person begins, and that are begun for one account: each leaves a row here and a session at
/// Stripe, and who tries stolen cards needs many.
const CHECKOUTS: Limit = limit("checkout", 200, DAY);
/// See [`CHECKOUTS`].
const CHECKOUTS_OF_ACCOUNT: Limit = limit("account checkout", 100, DAY);

/// What one call takes: of the address's limit, then of the client's. Always in this order, so that no two wait for each other.
pub(crate) struct Take(Vec<(Limit, String)>);

impl Take {
    /// A mail to this address.
    pub async fn mail(limit: Limit, conn: &mut Conn, keel: &Keel, asked: &Asked, email: &Email) -> Result<Self> {
        Self::at_address(limit, MAILS_OF_CLIENT, conn, keel, asked, email).await
    }

    /// A try at this address: given back when it was right.
    pub async fn attempt(limit: Limit, conn: &mut Conn, keel: &Keel, asked: &Asked, email: &Email) -> Result<Self> {
        Self::at_address(limit, FAILURES_OF_CLIENT, conn, keel, asked, email).await
    }

    async fn at_address(limit: Limit, of_client: Limit, conn: &mut Conn, keel: &Keel, asked: &Asked, email: &Email) -> Result<Self> {
        let mut all = match devices::recognise(conn, keel, asked, email).await? {
            Some(browser) => {
                let together = Limit { most: limit.most * BROWSERS, ..limit };
                vec![(limit, format!("{email} {browser}")), (together, format!("{email} of own browsers"))]
            }
            None => vec![(limit, email.to_string())],
        };
        all.push((of_client, client(&asked.address)));
        Ok(Self(all))
    }

    /// An address that this person wants to have.
    pub fn new_address(user: &UserId, asked: &Asked, email: &Email) -> Self {
        let client = (MAILS_OF_CLIENT, client(&asked.address));
        Self(vec![(NEW_ADDRESSES, user.to_string()), (NEW_ADDRESS_MAILS, email.to_string()), client])
    }

    /// A second factor of this person's: given back when it was right.
    pub async fn second_factor(conn: &mut Conn, keel: &Keel, asked: &Asked, email: &Email, shown: &Shown) -> Result<Self> {
        match shown {
            Shown::Code(_) => Self::attempt(SECOND_STEPS, conn, keel, asked, email).await,
            Shown::RecoveryCode(_) | Shown::Passkey(..) => Ok(Self(vec![(FAILURES_OF_CLIENT, client(&asked.address))])),
        }
    }

    /// A trip to a provider of sign-ins.
    pub fn trip(asked: &Asked) -> Self {
        Self(vec![(TRIPS_OF_CLIENT, client(&asked.address))])
    }

    /// A question to a passkey, whoever's.
    pub fn passkey(asked: &Asked) -> Self {
        Self(vec![(PASSKEYS_OF_CLIENT, client(&asked.address))])
    }

    /// A workspace of this person's.
    pub fn workspace(user: &UserId) -> Self {
        Self(vec![(WORKSPACES, user.to_string())])
    }

    /// A slug of this workspace's.
    pub fn slug(account: &AccountId) -> Self {
        Self(vec![(SLUGS, account.to_string())])
    }

    /// A logo of this workspace's.
    pub fn logo(account: &AccountId) -> Self {
        Self(vec![(LOGOS, account.to_string())])
    }

    /// A copy of this account's data; of the person's, where it is the personal one.
    pub fn copy(account: &AccountId) -> Self {
        Self(vec![(COPIES, account.to_string())])
    }

    /// An export of a workspace's, by this person.
    pub fn export(user: &UserId, account: &AccountId) -> Self {
        Self(vec![(EXPORTS, format!("{user} of {account}"))])
    }

    /// A way to the payment page, for this account.
    pub fn checkout(user: &UserId, account: &AccountId) -> Self {
        Self(vec![(CHECKOUTS, user.to_string()), (CHECKOUTS_OF_ACCOUNT, account.to_string())])
    }

    /// An invitation mailed to an address.
    pub fn invitation(user: &UserId, account: &AccountId, email: &Email) -> Self {
        Self(vec![
            (INVITATIONS, user.to_string()),
            (INVITATIONS_OF_WORKSPACE, account.to_string()),
            (INVITATIONS_TO_ADDRESS_OF_WORKSPACE, format!("{email} of {account}")),
            (INVITATIONS_TO_ADDRESS, email.to_string()),
        ])
    }

    /// Counts one.
    ///
    /// # Errors
    /// `TooMany` when one of the limits is used up, with the seconds until its window ends.
    pub async fn take(&self, tx: &mut Tx, now: Instant) -> Result<()> {
        for (limit, who) in &self.0 {
            let key = key(*limit, who);
            if tx.run(TAKE, args![&key, now, now.plus(-limit.window), limit.most]).await? == 0 {
                let (started_at,): (i64,) = tx.get(FIND_START, args![&key]).await?;
                let wait = (started_at + limit.window - now.0).clamp(SECOND, limit.window);
                return Err(Refusal::TooMany { retry_after: u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(u32::MAX) });
            }
        }
        Ok(())
    }

    /// Takes the count back.
    pub async fn give_back(&self, tx: &mut Tx) -> Result<()> {
        for (limit, who) in &self.0 {
            tx.run(GIVE_BACK, args![&key(*limit, who)]).await?;
        }
        Ok(())
    }
}

fn key(limit: Limit, who: &str) -> String {
    format!("{}: {who}", limit.name)
}

/// Whom an address stands for: of IPv6 the network of 64 bits, which is what one customer is given at least.
pub fn client(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network() {
        assert_eq!(client("203.0.113.7"), "203.0.113.7");
        assert_eq!(client("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(client("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
        assert_ne!(client("2001:db8:1:3::1"), "2001:db8:1:2::/64");
        assert_eq!(client(""), "");
    }
}
