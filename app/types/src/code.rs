//! The stable codes an answer can carry.

use crate::Fault;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $status:literal $word:literal $says:literal;)*) => {
        /// What went wrong, for programs; the catalogue has the sentence for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code { $(#[doc = $says] #[serde(rename = $word)] $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as sent.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The HTTP status it is sent with.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// When it is sent.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }
        }
    };
}

codes! {
    Malformed         = 400 "MALFORMED"          "The request cannot be read.";
    WorkspaceRequired = 400 "WORKSPACE_REQUIRED" "A personal account was named where only a workspace is billed.";
    PriceUnknown      = 400 "PRICE_UNKNOWN"      "No such product, interval or currency is sold.";
    PaymentDeclined   = 402 "PAYMENT_DECLINED"   "The card was declined, or asks for a confirmation; nothing changed.";
    InsufficientCredits = 402 "INSUFFICIENT_CREDITS" "There are fewer credits than this may cost.";
    SignInRequired    = 401 "SIGN_IN_REQUIRED"   "Nobody is signed in.";
    StepUpRequired    = 401 "STEP_UP_REQUIRED"   "The person has to prove anew who they are: it is more than ten minutes ago.";
    Forbidden         = 403 "FORBIDDEN"          "The role does not hold the permission.";
    TwoStepRequired   = 403 "TWO_STEP_REQUIRED"  "What is asked for opens only to sessions begun with a second factor.";
    OriginRequired    = 403 "ORIGIN_REQUIRED"    "The request does not prove that it comes from Keel's own pages.";
    NotFound          = 404 "NOT_FOUND"          "There is no such thing, or not for this person.";
    MethodNotAllowed  = 405 "METHOD_NOT_ALLOWED" "The URL does not take this method.";
    AlreadySubscribed = 409 "ALREADY_SUBSCRIBED" "The account has a live subscription.";
    NotSubscribed     = 409 "NOT_SUBSCRIBED"     "The account has nothing that is paid for.";
    ChangeUnderway    = 409 "CHANGE_UNDERWAY"    "Another change of the plan is under way.";
    PlanEnds          = 409 "PLAN_ENDS"          "The plan is to end; it has to be resumed first.";
    PaymentDue        = 409 "PAYMENT_DUE"        "The last payment is still to be made.";
    LastOwner         = 409 "LAST_OWNER"         "A workspace would be left without an owner.";
    BillingOwner      = 409 "BILLING_OWNER"      "The billing owner has to hand over billing first.";
    OwnerNeeded       = 409 "OWNER_NEEDED"       "Workspaces with other people would be left without an owner, or without a billing owner.";
    SlugTaken         = 409 "SLUG_TAKEN"         "Another workspace has the address, or had it within the last 30 days.";
    SeatLimitReached  = 409 "SEAT_LIMIT_REACHED" "The seats do not suffice.";
    DeletionScheduled = 409 "DELETION_SCHEDULED" "The workspace is to be deleted; nothing is bought for it meanwhile.";
    DeletionUnderway  = 409 "DELETION_UNDERWAY"  "The workspace is being deleted; that cannot be stopped any more.";
    RoleInUse         = 409 "ROLE_IN_USE"        "Somebody has the role or is invited into it, and no role was named to replace it.";
    RoleProtected     = 409 "ROLE_PROTECTED"     "The role is the same for everybody, and is not changed here.";
    OwnRole           = 409 "OWN_ROLE"           "Nobody changes the role they hold.";
    RoleLimitReached  = 409 "ROLE_LIMIT_REACHED" "There are as many roles as there may be.";
    TwoStepOff        = 409 "TWO_STEP_OFF"       "The person has to turn on two-step verification first.";
    TwoStepKept       = 409 "TWO_STEP_KEPT"      "A workspace of the person's requires two-step verification.";
    ProviderFailed    = 400 "PROVIDER_FAILED"    "What a provider of sign-ins answered is not good.";
    ProviderCanceled  = 409 "PROVIDER_CANCELED"  "The person did not agree at the provider of sign-ins.";
    IdentityTaken     = 409 "IDENTITY_TAKEN"     "The account elsewhere is linked to somebody else.";
    WrongAddress      = 409 "WRONG_ADDRESS"      "The invitation is for another address than the one signed in.";
    AddressTaken      = 409 "ADDRESS_TAKEN"      "Another person has the e-mail address.";
    Expired           = 410 "EXPIRED"            "The link or code is too old.";
    Used              = 410 "USED"               "The link, code or invitation was used.";
    Revoked           = 410 "REVOKED"            "The invitation was withdrawn, or whoever sent it may not invite any more.";
    TooLarge          = 413 "TOO_LARGE"          "The body is larger than the URL takes.";
    MediaType         = 415 "UNSUPPORTED_MEDIA"  "The body is neither a form nor JSON.";
    Invalid           = 422 "INVALID"            "One or more fields were not taken.";
    TooMany           = 429 "TOO_MANY"           "Too often; the answer says when to try again.";
    Internal          = 500 "INTERNAL"           "A fault of ours; the reference finds it in the log.";
    Unavailable       = 503 "UNAVAILABLE"        "Something Keel needs does not answer; try again shortly.";
}

/// `docs/errors.md`, whole.
pub fn document() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# Errors\n\nMade from `app/types/src/code.rs` and `app/types/src/fault.rs`; a test compares them. Programs get them as\n\
         `application/problem+json` (RFC 9457).\n\n\
         | code | status | when |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", code.as_str(), code.status(), code.says());
    }
    text.push_str(
        "\nWhere fields were not taken, `errors` names each in `field`, says why in `code`, and of a list which entry in `value`.\n\n\
         | code | when |\n|---|---|\n",
    );
    for fault in Fault::ALL {
        let _ = writeln!(text, "| `{}` | {} |", fault.as_str(), fault.says());
    }
    text
}
