//! The way out: lettre over SMTP where a server is set, otherwise nowhere.

use super::Mail;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends mail.
#[derive(Debug)]
pub struct Post {
    from: Mailbox,
    server: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

/// Why a mail setting is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BadMailSetting {
    /// Not `Name <address>`.
    #[error("KEEL_MAIL_FROM: not `Name <address>`")]
    From,
    /// Not an SMTP URL.
    #[error("SMTP_URL: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The address or the text cannot be sent.
    #[error("{0}")]
    Message(#[from] lettre::error::Error),
    /// The recipient's address.
    #[error("{0}")]
    Address(#[from] lettre::address::AddressError),
    /// The server did not take it.
    #[error("{0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

impl Post {
    /// Whether mail can come from whoever a setting names.
    pub fn is_sender(from: &str) -> bool {
        from.parse::<Mailbox>().is_ok()
    }

    /// Whether a setting is the address of a mail server.
    pub fn is_server(smtp_url: &str) -> bool {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp_url).is_ok()
    }

    /// Reads the settings; connects at the first mail.
    pub fn new(smtp_url: Option<&str>, from: &str) -> Result<Self, BadMailSetting> {
        let from = from.parse().map_err(|_| BadMailSetting::From)?;
        let server = |url| AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map(|builder| builder.timeout(Some(TIMEOUT)).build());
        Ok(Self { from, server: smtp_url.map(server).transpose()? })
    }

    /// Sends a mail with its text and HTML parts, under an id that stays the same when it is sent again.
    pub async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let Some(server) = &self.server else { return Ok(()) };
        let builder = match &mail.unsubscribe {
            Some(address) => Message::builder().header(Unsubscribe(format!("<{address}>"))).header(OneClick),
            None => Message::builder(),
        };
        let message = builder
            .from(self.from.clone())
            .to(Mailbox::new(None, mail.to.as_str().parse()?))
            .subject(mail.subject.clone())
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
        server.send(message).await?;
        Ok(())
    }
}

/// Where whoever got the mail ends others of its kind (RFC 2369).
#[derive(Clone)]
struct Unsubscribe(String);

impl Header for Unsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// That one POST there does it, without a page (RFC 8058).
#[derive(Clone)]
struct OneClick;

impl Header for OneClick {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".to_owned())
    }
}
