//! The proof of commands and jobs: no person asked, Keel's operator or its own clock did.

use crate::Keel;

/// A right that no request can have: made where the process starts a command or a job, with the reason.
pub struct SystemGrant {
    keel: Keel,
    reason: &'static str,
}

impl SystemGrant {
    /// The grant for a command of the binary, or for a job.
    pub fn new(keel: &Keel, reason: &'static str) -> Self {
        Self { keel: keel.clone(), reason }
    }

    /// Why it was made, for the audit log.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    pub(crate) fn keel(&self) -> &Keel {
        &self.keel
    }
}
