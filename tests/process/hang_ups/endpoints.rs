//! The endpoints that are asked for, by the names under which a request to them is prepared, and where they leave who asked.

pub const CHECKOUT: &str = "/api/billing/checkout";
pub const LICENCE: &str = "/api/billing/license-checkout";
pub const FREE: &str = "/api/billing/subscribe-free";
pub const SWITCH: &str = "/api/accounts/switch";
pub const CREATE: &str = "/api/workspaces/create";
pub const CREATE_FIRST: &str = "/api/workspaces/create-first";
pub const INVITE: &str = "/api/org/invite";
pub const ACCEPT: &str = "/api/invitations/accept";
pub const DECLINE: &str = "/api/invitations/decline";
pub const CHANGE_ROLE: &str = "/api/members/change-role";
pub const REMOVE: &str = "/api/members/remove";
pub const LEAVE: &str = "/api/members/leave";
pub const TRANSFER: &str = "/api/members/transfer-ownership";
pub const CHANGE_OWNER: &str = "/api/billing/change-owner";
pub const MAIL_CODE: &str = "/api/auth/mail-code";
pub const CONFIRM_CODE: &str = "/api/auth/confirm-code";
pub const SCHEDULE: &str = "/api/org/schedule-deletion";
pub const RESTORE: &str = "/api/org/cancel-deletion";
pub const CLOSE: &str = "/api/user/close-account";
pub const CONFIRM_PASSWORD: &str = "/api/auth/confirm-password";
/// What people do with how they sign in, in a session that has just begun.
pub const OF_SESSIONS: [&str; 7] = [
    "/api/auth/cancel-email",
    "/api/auth/change-email",
    "/api/auth/change-password",
    "/api/auth/confirm-email",
    "/api/auth/end-other-sessions",
    "/api/auth/end-session",
    "/api/auth/set-password",
];
pub const PROVIDER: &str = "/auth/oauth/{provider}";
pub const PROVE: &str = "/api/auth/prove-address";
pub const LINK: &str = "/api/user/link-provider";
pub const UNLINK: &str = "/api/user/unlink-provider";
pub const BY_PASSKEY: &str = "/api/auth/by-passkey";
pub const ASK_PASSKEY: &str = "/api/auth/ask-passkey";
pub const BEGIN_PASSKEY: &str = "/api/passkeys/begin";
pub const ADD_PASSKEY: &str = "/api/passkeys/add";
pub const UNSUBSCRIBE: &str = "/api/notifications/unsubscribe";
pub const ONE_CLICK: &str = "/unsubscribe/{token}";
/// What is done to a plan that is paid.
pub const OF_PLANS: [&str; 7] = [
    "/api/billing/cancel-plan",
    "/api/billing/change-plan",
    "/api/billing/end-trial",
    "/api/billing/keep-plan",
    "/api/billing/portal",
    "/api/billing/resume-plan",
    "/api/billing/sync",
];
pub const CONFIRM_APP: &str = "/api/two-step/confirm";
pub const CONFIRM_SECOND: &str = "/api/auth/confirm-second-factor";
/// What is done by and to people with two-step verification.
pub const OF_TWO_STEPS: [&str; 7] = [
    CONFIRM_APP,
    CONFIRM_SECOND,
    "/api/two-step/new-recovery-codes",
    "/api/two-step/turn-off",
    "/api/auth/verify-second-step",
    "/api/auth/start-over",
    "/api/org/require-two-step",
];

/// Whether something may be in somebody's way to a payment, once they have asked for this.
pub fn leads_astray(path: &str) -> bool {
    // A plan or another account.
    let otherwise = [FREE, SWITCH, CREATE, CREATE_FIRST, ACCEPT, DECLINE, CHANGE_ROLE, REMOVE, LEAVE, TRANSFER, CHANGE_OWNER];
    // Or their invitation was declined.
    let declined = [UNSUBSCRIBE, ONE_CLICK];
    // Or their session has a token that they were not told, as after some of what is done with sessions.
    let signed_out = [&OF_TWO_STEPS[..], &[CONFIRM_CODE, CONFIRM_PASSWORD, ADD_PASSKEY, BY_PASSKEY]].concat();
    // Or their workspace is to be deleted.
    let leaving = [SCHEDULE, RESTORE, CLOSE];
    [&otherwise[..], &declined, &signed_out[..], &leaving, &OF_PLANS, &OF_SESSIONS].concat().contains(&path)
}
