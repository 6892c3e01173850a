//! Sweeping: rows that have done their duty. What people or the books may ask for stays.

use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::time::{DAY, HOUR};
use std::sync::atomic::{AtomicI64, Ordering};

/// How often an instance sweeps, in milliseconds.
const EVERY: i64 = HOUR;

sql! {
    SWEEP_SIGN_INS = "DELETE FROM sign_ins WHERE expires_at < $1";
    SWEEP_TRIPS = "DELETE FROM provider_trips WHERE expires_at < $1";
    SWEEP_STEP_UPS = "DELETE FROM step_ups WHERE expires_at < $1";
    SWEEP_ADDRESS_CHANGES = "DELETE FROM address_changes WHERE expires_at < $1";
    SWEEP_SECOND_STEPS = "DELETE FROM second_steps WHERE expires_at < $1";
    SWEEP_PENDING_APPS = "DELETE FROM totp WHERE secret IS NULL AND pending_until < $1";
    SWEEP_CHALLENGES = "DELETE FROM passkey_challenges WHERE expires_at < $1";
    SWEEP_RESETS = "DELETE FROM password_resets WHERE expires_at < $1";
    SWEEP_INVITATIONS = "DELETE FROM invitations WHERE expires_at < $1";
    SWEEP_SLUGS = "DELETE FROM slugs WHERE held_until < $1";
    SWEEP_LIMITS = "DELETE FROM limits WHERE started_at < $1";
    SWEEP_SESSIONS = "DELETE FROM user_sessions WHERE created_at < $1";
    SWEEP_BROWSERS = "DELETE FROM known_browsers WHERE seen_at < $1";
    SWEEP_JOBS = "DELETE FROM jobs WHERE state = 'done' AND due_at < $1";
    // Sent or given up by then: tries end after thirty hours.
    SWEEP_MAIL = "DELETE FROM mail_outbox WHERE created_at < $1";
    CLOSE_CLAIMS = "UPDATE checkouts SET state = 'expired' WHERE state = 'claimed' AND created_at < $1";
    // Of contracts that ended: those that live are never behind.
    SWEEP_MONTHS = "DELETE FROM credit_months WHERE due_at < $1";
    // Holds for answers; those for disputes are found by their payment again.
    SWEEP_HOLDS = "DELETE FROM credit_holds WHERE state <> 'open' AND settled_at < $1 AND expires_at IS NOT NULL";
    SWEEP_TOLD = "DELETE FROM told WHERE told_at < $1";
    SWEEP_DRIFT = "DELETE FROM drift_reports WHERE started_at < $1";
    EMPTY_BODIES = "UPDATE stripe_events SET body = '' WHERE state IN ('done', 'ignored') AND received_at < $1 AND body <> ''";
}

/// When an instance sweeps next.
#[derive(Debug, Default)]
pub(crate) struct Broom {
    due: AtomicI64,
}

impl Broom {
    /// Sweeps, once an hour: used-up sign-ins, trips to providers, second steps, codes, apps nobody confirmed, resets, wishes for another
    /// address, limits and slugs that are held no more after a day, sessions after sixty, known browsers after a year, finished jobs, mail and ended holds
    /// after thirty, checkouts that never reached Stripe after two; the bodies of settled events after ninety, months that an
    /// ended contract left over, comparisons with Stripe and what was told once after four hundred, invitations ninety after they ran out.
    pub async fn sweep(&self, keel: &Keel) -> Result<()> {
        let now = keel.now();
        if self.due.load(Ordering::Relaxed) > now.0 {
            return Ok(());
        }
        self.due.store(now.plus(EVERY).0, Ordering::Relaxed);
        for (statement, days) in [
            (SWEEP_SIGN_INS, 1),
            (SWEEP_TRIPS, 1),
            (SWEEP_STEP_UPS, 1),
            (SWEEP_ADDRESS_CHANGES, 1),
            (SWEEP_SECOND_STEPS, 1),
            (SWEEP_PENDING_APPS, 1),
            (SWEEP_CHALLENGES, 1),
            (SWEEP_RESETS, 1),
            (SWEEP_INVITATIONS, 90),
            (SWEEP_SLUGS, 1),
            (SWEEP_LIMITS, 1),
            (SWEEP_SESSIONS, 60),
            (SWEEP_BROWSERS, 365),
            (SWEEP_JOBS, 30),
            (SWEEP_MAIL, 30),
            (SWEEP_HOLDS, 30),
            (SWEEP_TOLD, 400),
            (SWEEP_DRIFT, 400),
            (CLOSE_CLAIMS, 2),
            (EMPTY_BODIES, 90),
            (SWEEP_MONTHS, 400),
        ] {
            let mut tx = keel.db().begin().await?;
            tx.run(statement, args![now.plus(-days * DAY)]).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
