//! What the forms of signing in do.

use super::{FORGOT, LOGIN, RESET, SIGNUP, TWO_STEP, VERIFY};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::problem::Problem;
use keel_domain::Keel;
use keel_domain::access::{SignedIn, Visitor, Write, sessions};
use keel_domain::billing::catalogue::Choice;
use keel_domain::billing::intents;
use keel_domain::passwords::Password;
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::{self, Entry, Welcome, Wish, resets};
use keel_types::url::LocalPath;
use keel_types::{Code, Email, Fault};

actions! {
    /// Mails a link and a code.
    request_link: "auth/request-link" on [LOGIN, SIGNUP], Visitor, Wish;
    /// Mails a link and a code, and keeps the password until the mailbox is proven.
    sign_up: "auth/sign-up" on [SIGNUP, LOGIN], Visitor, NewPerson;
    /// Signs in by the password.
    by_password: "auth/sign-in" on [LOGIN, SIGNUP], Visitor, Attempt;
    /// Mails another link and code for the same sign-in.
    resend: "auth/resend" on [VERIFY], Visitor, Browser;
    /// Signs in by the code.
    verify_otp: "auth/verify-otp" on [VERIFY], Visitor, TypedCode;
    /// Signs in by the link.
    confirm_link: "auth/confirm-link" on ["/auth/link"], Visitor, Link;
    /// Mails a link to a new password.
    request_reset: "auth/request-reset" on [FORGOT], Visitor, Email;
    /// Keeps a new password, and signs in.
    reset_password: "auth/reset-password" on [RESET], Visitor, NewPassword;
    /// Ends the session.
    sign_out: "auth/sign-out" on ["/private-dashboard"], SignedIn, Onward;
}

impl Input for Wish {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let email = form.get("email", Email::parse)?;
        Some(Self { email, next: LocalPath::parse(form.text("redirectTo")), choice: pending(form), identity: None })
    }
}

/// The plan this browser has chosen.
pub(super) fn pending(form: &Reader<'_>) -> Option<Choice> {
    intents::open(&form.arrival().keel, form.cookie(Cookie::PendingCheckout)?)
}

async fn request_link(call: &mut Write<Visitor>, wish: Wish) -> Answer {
    let browser = sign_in::request(call, &wish).await?;
    Ok(Done::go(VERIFY).cookie(Cookie::SignIn.set(call.keel().settings(), browser.reveal())))
}

struct NewPerson {
    wish: Wish,
    password: Password,
}

impl Input for NewPerson {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let (wish, password) = (Wish::read(form), form.get("password", Password::chosen));
        Some(Self { wish: wish?, password: password? })
    }
}

async fn sign_up(call: &mut Write<Visitor>, form: NewPerson) -> Answer {
    match sign_in::sign_up(call, &form.wish, form.password).await? {
        Ok(browser) => Ok(Done::go(VERIFY).cookie(Cookie::SignIn.set(call.keel().settings(), browser.reveal()))),
        Err(fault) => Err(Problem::remembered("password", fault)),
    }
}

struct Attempt {
    wish: Wish,
    password: Password,
}

impl Input for Attempt {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let (wish, password) = (Wish::read(form), form.get("password", Password::typed));
        Some(Self { wish: wish?, password: password? })
    }
}

async fn by_password(call: &mut Write<Visitor>, form: Attempt) -> Answer {
    match sign_in::by_password(call, form.wish, form.password).await? {
        Ok(welcome) => Ok(welcomed(call.keel(), &welcome)),
        Err(fault) => Err(Problem::remembered("password", fault)),
    }
}

/// The browser that asked, if it still has its cookie.
struct Browser {
    token: Option<PlainToken>,
}

impl Browser {
    /// The token; without it nothing waits here.
    fn require(self) -> Result<PlainToken, Problem> {
        self.token.ok_or_else(|| Problem::new(Code::Expired))
    }
}

impl Input for Browser {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { token: form.cookie(Cookie::SignIn).and_then(PlainToken::parse) })
    }
}

async fn resend(call: &mut Write<Visitor>, browser: Browser) -> Answer {
    sign_in::resend(call, &browser.require()?).await?;
    Ok(Done::go(VERIFY).say(Said::LinkSent))
}

struct TypedCode {
    browser: Browser,
    code: String,
    choice: Option<Choice>,
}

impl Input for TypedCode {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let code = form.get("code", six_digits)?;
        Some(Self { code, choice: pending(form), browser: Browser::read(form)? })
    }
}

/// Six digits as people type them: spaces and hyphens between them are not theirs.
pub(super) fn six_digits(text: &str) -> Result<String, Fault> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    match digits.len() {
        0 => Err(Fault::Required),
        6 if digits.bytes().all(|b| b.is_ascii_digit()) => Ok(digits),
        _ => Err(Fault::NotACode),
    }
}

async fn verify_otp(call: &mut Write<Visitor>, form: TypedCode) -> Answer {
    match sign_in::verify_code(call, &form.browser.require()?, &form.code, form.choice).await? {
        Ok(welcome) => Ok(welcomed(call.keel(), &welcome)),
        Err(fault) => Err(Problem::remembered("code", fault)),
    }
}

struct Link {
    token: Option<PlainToken>,
    browser: Browser,
    choice: Option<Choice>,
}

impl Input for Link {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { token: PlainToken::parse(form.text("token")), choice: pending(form), browser: Browser::read(form)? })
    }
}

async fn confirm_link(call: &mut Write<Visitor>, link: Link) -> Answer {
    let token = link.token.ok_or_else(|| Problem::new(Code::NotFound))?;
    let welcome = sign_in::confirm_link(call, &token, link.browser.token.as_ref(), link.choice).await?;
    Ok(welcomed(call.keel(), &welcome))
}

/// The session's cookie, and on to where the person goes; or the cookie of the second step, and on to its page.
pub fn welcomed(keel: &Keel, welcome: &Welcome) -> Done {
    let settings = keel.settings();
    let entry = match welcome {
        Welcome::In(entry) => entry,
        Welcome::SecondStep(token) => {
            return Done::go(TWO_STEP).cookie(Cookie::SecondStep.set(settings, token.reveal())).cookie(Cookie::SignIn.forget(settings));
        }
    };
    let Entry { token, device, next, lang } = entry;
    Done::go(next)
        .cookie(Cookie::Session.set(settings, token.reveal()))
        .cookie(Cookie::Device.set(settings, device))
        .cookie(Cookie::SignIn.forget(settings))
        .cookie(Cookie::SecondStep.forget(settings))
        .cookie(Cookie::Trip.forget(settings))
        .cookie(Cookie::Passkey.forget(settings))
        .cookie(Cookie::Typed.forget(settings))
        .cookie(lang.and_then(|lang| Cookie::Language.set(settings, lang.tag())))
}

impl Input for Email {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        form.get("email", Self::parse)
    }
}

async fn request_reset(call: &mut Write<Visitor>, email: Email) -> Answer {
    resets::request(call, &email).await?;
    Ok(Done::go(FORGOT).say(Said::ResetSent))
}

struct NewPassword {
    token: Option<PlainToken>,
    password: Password,
    choice: Option<Choice>,
}

impl Input for NewPassword {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let password = form.get("password", Password::chosen)?;
        Some(Self { token: PlainToken::parse(form.text("token")), password, choice: pending(form) })
    }
}

async fn reset_password(call: &mut Write<Visitor>, form: NewPassword) -> Answer {
    let token = form.token.ok_or_else(|| Problem::new(Code::NotFound))?;
    match resets::choose(call, &token, form.password, form.choice).await? {
        Ok(welcome) => Ok(welcomed(call.keel(), &welcome).say(Said::PasswordSaved)),
        Err(fault) => Err(Problem::remembered("password", fault)),
    }
}

/// Where to go on as somebody else.
struct Onward {
    next: Option<LocalPath>,
}

impl Input for Onward {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { next: LocalPath::parse(form.text("redirectTo")) })
    }
}

async fn sign_out(call: &mut Write<SignedIn>, onward: Onward) -> Answer {
    sessions::sign_out(call).await?;
    let next = onward.next.as_ref().map_or(LOGIN, LocalPath::as_str);
    let settings = call.keel().settings();
    let done = Done::go(next).say(Said::SignedOut).cookie(Cookie::Typed.forget(settings));
    Ok(done.cookie(Cookie::Session.forget(settings)))
}
