//! What the last action did, said on the next page: a code from a closed list, signed, for one minute.

use crate::arrival::Arrival;
use crate::cookies::Cookie;
use http::HeaderValue;
use keel_domain::Keel;
use keel_domain::settings::Settings;
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "flash";
/// Milliseconds it is believed.
const LIFE: i64 = 60_000;

macro_rules! said {
    ($($name:ident = $word:literal,)*) => {
        /// What can be said. The word is the text's name in the catalogue's `flash`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Said { $(#[doc = concat!("`", $word, "`.")] #[serde(rename = $word)] $name,)* }

        impl Said {
            /// Everything that can be said.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The text's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

said! {
    SignedOut = "signed_out",
    ProviderCanceled = "provider_canceled",
    ProviderStale = "provider_stale",
    ProviderUnreached = "provider_unreached",
    ProviderUntrusted = "provider_untrusted",
    ProviderTaken = "provider_taken",
    ProviderLinked = "provider_linked",
    ProviderUnlinked = "provider_unlinked",
    LinkSent = "link_sent",
    CodeSent = "code_sent",
    ResetSent = "reset_sent",
    PasswordSaved = "password_saved",
    EmailRequested = "email_requested",
    EmailKept = "email_kept",
    EmailChanged = "email_changed",
    SessionEnded = "session_ended",
    SessionsEnded = "sessions_ended",
    PasskeyAdded = "passkey_added",
    PasskeyRenamed = "passkey_renamed",
    PasskeyRemoved = "passkey_removed",
    ProfileSaved = "profile_saved",
    NotificationsSaved = "notifications_saved",
    WorkspaceCreated = "workspace_created",
    AccountSwitched = "account_switched",
    RoleChanged = "role_changed",
    OwnershipTransferred = "ownership_transferred",
    ExportAsked = "export_asked",
    OwnExportAsked = "own_export_asked",
    ClosingScheduled = "closing_scheduled",
    ClosingCanceled = "closing_canceled",
    DeletionScheduled = "deletion_scheduled",
    DeletionCanceled = "deletion_canceled",
    BillingOwnerChanged = "billing_owner_changed",
    MemberRemoved = "member_removed",
    WorkspaceLeft = "workspace_left",
    RoleSaved = "role_saved",
    RoleDeleted = "role_deleted",
    InvitationsSent = "invitations_sent",
    InvitationResent = "invitation_resent",
    InvitationRevoked = "invitation_revoked",
    InvitationAccepted = "invitation_accepted",
    InvitationNeedless = "invitation_needless",
    InvitationDeclined = "invitation_declined",
    SettingsSaved = "settings_saved",
    LogoRemoved = "logo_removed",
    CompanySaved = "company_saved",
    PlanCanceled = "plan_canceled",
    PlanResumed = "plan_resumed",
    PlanKept = "plan_kept",
    PlanChanged = "plan_changed",
    PlanChanges = "plan_changes",
    TrialEnded = "trial_ended",
    TwoStepOff = "two_step_off",
    TwoStepSaved = "two_step_saved",
    BillingSynced = "billing_synced",
}

#[derive(Serialize, Deserialize)]
struct Kept {
    said: Said,
    until: i64,
}

/// The `Set-Cookie` value that carries it to the next page.
pub fn carry(keel: &Keel, said: Said) -> Option<HeaderValue> {
    let kept = Kept { said, until: keel.now().plus(LIFE).0 };
    Cookie::Flash.set(keel.settings(), &keel.settings().secret.seal(PURPOSE, &kept))
}

/// What the last action said, if it said something within the last minute.
pub fn said(arrival: &Arrival) -> Option<Said> {
    let kept: Kept = arrival.keel.settings().secret.open(PURPOSE, arrival.cookie(Cookie::Flash)?)?;
    (kept.until > arrival.keel.now().0).then_some(kept.said)
}

/// The `Set-Cookie` value that ends it: shown once.
pub fn end(settings: &Settings) -> Option<HeaderValue> {
    Cookie::Flash.forget(settings)
}
