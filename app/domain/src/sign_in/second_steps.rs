//! The second step of a sign-in: whoever has turned on two-step verification gets no session for the first factor, but a step that
//! waits for the second, in the same browser, for ten minutes and five tries. Only then does the session begin.

use super::{LIFE, Welcome, Wish, admit, keep_next, read_next};
use crate::access::sessions::Factor;
use crate::access::{Read, Visitor, Write};
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::limits::Take;
use crate::mail::letters;
use crate::providers::WaitingIdentity;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::two_step::{self, Shown, Ways};
use crate::{Keel, args, ids, sql};
use keel_types::{Code, Email, Fault, Instant, SecondStepId, UserId};

/// What may be shown before the sign-in has to begin anew.
const TRIES: i64 = 5;

sql! {
    INSERT = "INSERT INTO second_steps (id, token_hash, user_id, factor, next, intent, identity, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = "SELECT s.id, s.user_id, u.email, s.factor, s.next, s.intent, s.identity FROM second_steps s JOIN users u ON u.id = s.user_id
        WHERE s.token_hash = $1 AND s.used_at IS NULL AND s.expires_at > $2";
    // A try is taken before anything is compared, so that parallel ones get five in all.
    TAKE_TRY = "UPDATE second_steps SET tries = tries + 1 WHERE id = $1 AND used_at IS NULL AND tries < $2 RETURNING tries";
    USE = "UPDATE second_steps SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
    END_OF_USER = "UPDATE second_steps SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL";
}

#[derive(sqlx::FromRow)]
struct StepRow {
    #[sqlx(try_from = "String")]
    id: SecondStepId,
    #[sqlx(try_from = "String")]
    user_id: UserId,
    #[sqlx(try_from = "String")]
    email: Email,
    factor: String,
    next: Option<String>,
    intent: Option<String>,
    identity: Option<String>,
}

/// A step that waits, as the browser that has it may see it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Who is signing in.
    pub email: Email,
    /// What they can show.
    pub ways: Ways,
}

/// Begins the second step of a sign-in whose first factor was right. Gives the token for the browser's cookie.
pub(super) async fn begin(tx: &mut Tx, keel: &Keel, user: &UserId, wish: &Wish, factor: Factor, now: Instant) -> Result<PlainToken> {
    let (id, token) = (ids::new::<SecondStepId>(), PlainToken::random());
    let next = keep_next(keel, wish.next.as_ref())?;
    let intent = wish.choice.as_ref().and_then(|choice| serde_json::to_string(choice).ok());
    let identity = wish.identity.as_ref().and_then(WaitingIdentity::text);
    let row = args![&id, &token.hashed(), user, factor.as_str(), next, intent, identity, now, now.plus(LIFE)];
    tx.run(INSERT, row).await?;
    Ok(token)
}

/// Ends every step of a person's that waits.
pub(crate) async fn end_all(tx: &mut Tx, user: &UserId, now: Instant) -> Result<()> {
    tx.run(END_OF_USER, args![user, now]).await?;
    Ok(())
}

/// The step that waits in this browser.
pub async fn find_waiting(call: &mut Read<Visitor>, token: &PlainToken) -> Result<Option<Waiting>> {
    let now = call.now();
    let row: Option<StepRow> = call.conn().find(FIND, args![&token.hashed(), now]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Waiting { ways: two_step::ways(call.conn(), &row.user_id).await?, email: row.email }))
}

/// Signs in by what is shown as the second factor. However often at the same instant: one session. A refusal is a value: its count must
/// be committed. The person is told when somebody has used up the tries: whoever came so far has the first factor.
///
/// # Errors
/// `Refused(Expired)` when nothing waits in this browser; `TooMany` tries for this person, or wrong ones by this client.
pub async fn verify(call: &mut Write<Visitor>, token: &PlainToken, shown: &Shown) -> Result<std::result::Result<Welcome, Fault>> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    let row: Option<StepRow> = tx.find(FIND, args![&token.hashed(), now]).await?;
    let row = row.ok_or(Refusal::Refused(Code::Expired))?;
    let factor = Factor::parse(&row.factor).ok_or_else(|| Refusal::internal(&"a second step behind no factor"))?;
    let take = Take::second_factor(tx, &keel, &asked, &row.email, shown).await?;
    take.take(tx, now).await?;
    // The person before their steps, as whoever ends these does.
    locks::lock_user(tx, &row.user_id).await?;
    let tries: Option<(i64,)> = tx.find(TAKE_TRY, args![&row.id, TRIES]).await?;
    let Some((tries,)) = tries else {
        take.give_back(tx).await?;
        return Ok(Err(Fault::StartOver));
    };
    match two_step::take(tx, &keel, &row.user_id, shown, now).await? {
        Ok(second) => {
            tx.run(USE, args![&row.id, now]).await?;
            take.give_back(tx).await?;
            let (user, wish) = (row.user_id.clone(), row.wish(&keel));
            admit(call, &user, wish, factor, Some(second)).await.map(Ok)
        }
        Err(fault) => {
            let actor = Actor::Unknown(row.email.as_str(), &asked);
            let metadata = [("factor", shown.factor().as_str())];
            audit::write(tx, &actor, Action::SignInFailed, None, row.id.as_str(), &metadata, now).await?;
            if tries < TRIES {
                return Ok(Err(fault));
            }
            letters::two_step::guessed(tx, &keel, &row.email).await?;
            Ok(Err(Fault::StartOver))
        }
    }
}

/// Ends the step that waits in this browser.
pub async fn start_over(call: &mut Write<Visitor>, token: &PlainToken) -> Result<()> {
    let now = call.now();
    let tx = call.tx()?;
    let row: Option<StepRow> = tx.find(FIND, args![&token.hashed(), now]).await?;
    if let Some(row) = row {
        tx.run(USE, args![&row.id, now]).await?;
    }
    Ok(())
}

impl StepRow {
    fn wish(self, keel: &Keel) -> Wish {
        let next = read_next(keel, self.next.as_deref());
        let choice = self.intent.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let identity = self.identity.as_deref().and_then(WaitingIdentity::parse);
        Wish { email: self.email, next, choice, identity }
    }
}
