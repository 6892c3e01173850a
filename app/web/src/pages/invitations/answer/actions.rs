//! What people do with an invitation they were sent.

use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::pages::invitations::INVITATION;
use crate::problem::Problem;
use keel_domain::access::{SignedIn, Visitor, Write};
use keel_domain::accounts::next_after_joining;
use keel_domain::invitations;
use keel_domain::secrets::PlainToken;
use keel_types::Code;

actions! {
    /// Joins the workspace.
    accept: "invitations/accept" on [INVITATION], SignedIn, Link;
    /// Declines for good.
    decline: "invitations/decline" on [INVITATION], Visitor, Link;
}

struct Link {
    token: Option<PlainToken>,
}

impl Link {
    fn require(self) -> Result<PlainToken, Problem> {
        self.token.ok_or_else(|| Problem::new(Code::NotFound))
    }
}

impl Input for Link {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { token: PlainToken::parse(form.text("token")) })
    }
}

async fn accept(call: &mut Write<SignedIn>, link: Link) -> Answer {
    let joined = invitations::accept(call, &link.require()?).await?;
    let said = if joined.newly { Said::InvitationAccepted } else { Said::InvitationNeedless };
    Ok(Done::go(next_after_joining(call, joined.manager).await?).say(said))
}

async fn decline(call: &mut Write<Visitor>, link: Link) -> Answer {
    invitations::decline(call, &link.require()?).await?;
    Ok(Done::go("/login").say(Said::InvitationDeclined))
}
