//! Recovery codes: ten, each good once, for people who have lost their second factor, be it an app or a passkey. They come with the first
//! one and go with the last. A code has 120 bits, so its hash is a plain one, and nobody has to be kept from guessing.

use super::{require_shown, ways};
use crate::access::{Fresh, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::db::Tx;
use crate::mail::letters::two_step as letters;
use crate::refusal::{Refusal, Result};
use crate::secrets::{self, HashedToken};
use crate::{Keel, args, sql};
use keel_types::{Code, Email, Fault, Instant, UserId};

/// How many a person gets.
const COUNT: usize = 10;
/// Characters of a code, and of the groups it is shown in.
const LENGTH: usize = 24;
const GROUP: usize = 6;
/// Small letters and digits, without those that look like others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

sql! {
    INSERT = "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)";
    CLEAR = "DELETE FROM recovery_codes WHERE user_id = $1";
    USE = "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL";
    COUNT_LEFT = "SELECT u.email, (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL) FROM users u WHERE u.id = $1";
}

/// A code as its person has it. Kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    fn random() -> Self {
        let bits = secrets::random::<LENGTH>();
        Self(bits.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect())
    }

    /// Reads a code as people copy or type it: case, spaces and hyphens are not theirs, nor is which of 0 and o, or of 1, i and l.
    pub fn parse(text: &str) -> std::result::Result<Self, Fault> {
        let read = |c: char| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let code: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(LENGTH + 1).map(read).collect();
        match code.len() {
            0 => Err(Fault::Required),
            LENGTH if code.bytes().all(|byte| ALPHABET.contains(&byte)) => Ok(Self(code)),
            _ => Err(Fault::NotARecoveryCode),
        }
    }

    fn hashed(&self) -> HashedToken {
        secrets::hash(&self.0)
    }
}

impl std::fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, c) in self.0.chars().enumerate() {
            if place > 0 && place.is_multiple_of(GROUP) {
                f.write_str("-")?;
            }
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// Gives the caller ten other codes; none of those before is good any more.
///
/// # Errors
/// `Refused(TwoStepOff)` for people without a second factor; `TwoStepNeeded` when one is required of the caller and the session has
/// shown none.
pub async fn renew(call: &mut Write<Fresh<SignedIn>>) -> Result<Vec<RecoveryCode>> {
    call.lock_caller().await?;
    let (caller, keel) = (call.proof().clone(), call.keel().clone());
    let tx = call.tx()?;
    require_shown(tx, &caller).await?;
    if !ways(tx, &caller.user).await?.any() {
        return Err(Refusal::Refused(Code::TwoStepOff));
    }
    let codes = replace(tx, &caller.user).await?;
    letters::new_codes(tx, &keel, &caller.email).await?;
    audit::record(call, Action::FactorAdded, None, caller.user.as_str(), &[("factor", "recovery")]).await?;
    Ok(codes)
}

/// The codes as a text that only [`carried`] reads, for the same person: to be carried by the browser to the page that shows them.
pub fn carry(call: &Write<Fresh<SignedIn>>, codes: &[RecoveryCode]) -> Result<String> {
    let shown: Vec<String> = codes.iter().map(ToString::to_string).collect();
    call.keel().settings().secret.encrypt(&purpose(&call.proof().user), shown.join(" ").as_bytes())
}

/// The codes that were carried; none where they are not this person's.
pub fn carried(call: &Read<SignedIn>, text: &str) -> Vec<String> {
    let codes = call.keel().settings().secret.decrypt(&purpose(&call.proof().user), text);
    let codes = codes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    codes.split_whitespace().map(str::to_owned).collect()
}

fn purpose(user: &UserId) -> String {
    format!("recovery codes of {user}")
}

/// Ten codes in the place of whatever there were.
pub(super) async fn replace(tx: &mut Tx, user: &UserId) -> Result<Vec<RecoveryCode>> {
    clear(tx, user).await?;
    let codes: Vec<RecoveryCode> = (0..COUNT).map(|_| RecoveryCode::random()).collect();
    for code in &codes {
        tx.run(INSERT, args![user, &code.hashed()]).await?;
    }
    Ok(codes)
}

/// None is left, used or not.
pub(super) async fn clear(tx: &mut Tx, user: &UserId) -> Result<()> {
    tx.run(CLEAR, args![user]).await?;
    Ok(())
}

/// Uses a code up, and mails that it was.
pub(super) async fn take(
    tx: &mut Tx,
    keel: &Keel,
    user: &UserId,
    code: &RecoveryCode,
    now: Instant,
) -> Result<std::result::Result<(), Fault>> {
    if !tx.ran(USE, args![user, &code.hashed(), now]).await? {
        return Ok(Err(Fault::WrongRecoveryCode));
    }
    let (email, left): (String, i64) = tx.get(COUNT_LEFT, args![user]).await?;
    if let Ok(email) = Email::parse(&email) {
        letters::recovery_code_used(tx, keel, &email, left).await?;
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_shown_and_as_people_type_it() {
        let code = RecoveryCode::random();
        let shown = code.to_string();
        assert_eq!((shown.len(), shown.matches('-').count()), (27, 3));
        for typed in [shown.clone(), shown.to_uppercase(), shown.replace('-', " "), shown.replace('1', "l").replace('0', "O")] {
            assert_eq!(RecoveryCode::parse(&typed), Ok(code.clone()), "{typed}");
        }
        assert_eq!(RecoveryCode::parse(" - "), Err(Fault::Required));
        for wrong in [&shown[1..], &format!("{shown}0"), &shown.replacen(&shown[..1], "u", 1), "123456", &"ü".repeat(24)] {
            assert_eq!(RecoveryCode::parse(wrong), Err(Fault::NotARecoveryCode), "{wrong}");
        }
        assert_ne!(RecoveryCode::random(), code);
    }
}
