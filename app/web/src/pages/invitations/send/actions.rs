//! What people do who may invite.

use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::pages::invitations::INVITE;
use crate::pages::members;
use crate::problem::{FieldProblem, Problem};
use keel_domain::access::Write;
use keel_domain::invitations;
use keel_types::permission::may;
use keel_types::url::LocalPath;
use keel_types::{Code, Fault, InvitationId, email};

/// The pages that list invitations.
const LISTED: [&str; 2] = [INVITE, members::PAGE];

actions! {
    /// Invites the addresses of a list.
    invite: "org/invite" on [INVITE], may::InviteMembers, Invitees;
    /// Mails a new link for an invitation.
    resend: "invitations/resend" on LISTED, may::InviteMembers, Chosen;
    /// Withdraws an invitation.
    revoke: "invitations/revoke" on LISTED, may::InviteMembers, Chosen;
}

struct Invitees {
    emails: Vec<String>,
    role: String,
}

impl Input for Invitees {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let some = |text: &str| Some(email::listed(text)).filter(|emails| !emails.is_empty()).ok_or(Fault::Required);
        let emails = form.get("emails", some);
        let role = form.get("role", |text| if text.is_empty() { Err(Fault::Required) } else { Ok(text.to_owned()) });
        Some(Self { emails: emails?, role: role? })
    }
}

/// Those that can be are invited, whatever is wrong with others.
async fn invite(call: &mut Write<may::InviteMembers>, form: Invitees) -> Answer {
    let invited = invitations::invite(call, &form.emails, &form.role).await?;
    if invited.refused.is_empty() {
        return Ok(Done::back_to(call, INVITE).say(Said::InvitationsSent));
    }
    let no_seat = invited.refused.iter().any(|(_, fault)| *fault == Fault::NoSeat);
    let problem = Problem::new(if no_seat { Code::SeatLimitReached } else { Code::Invalid });
    let errors = invited.refused.into_iter().map(|(typed, code)| FieldProblem { field: "emails".to_owned(), code, value: Some(typed) });
    Err(Problem { errors: errors.collect(), remembered: true, ..problem })
}

struct Chosen {
    invitation: Option<InvitationId>,
    /// The page it was chosen on.
    page: &'static str,
}

impl Chosen {
    fn require(&self) -> Result<InvitationId, Problem> {
        self.invitation.clone().ok_or_else(|| Problem::new(Code::NotFound))
    }
}

impl Input for Chosen {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let at = form.arrival().at.as_ref().map(LocalPath::path).unwrap_or_default();
        let page = LISTED.into_iter().find(|page| *page == at).unwrap_or(INVITE);
        Some(Self { invitation: InvitationId::parse(form.text("invitation")).ok(), page })
    }
}

async fn resend(call: &mut Write<may::InviteMembers>, chosen: Chosen) -> Answer {
    invitations::resend(call, &chosen.require()?).await?;
    Ok(Done::back_to(call, chosen.page).say(Said::InvitationResent))
}

async fn revoke(call: &mut Write<may::InviteMembers>, chosen: Chosen) -> Answer {
    invitations::revoke(call, &chosen.require()?).await?;
    Ok(Done::back_to(call, chosen.page).say(Said::InvitationRevoked))
}
