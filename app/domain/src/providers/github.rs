//! GitHub, which speaks OAuth 2 and tells who somebody is by an interface of its own.

use super::settings::ProviderSettings;
use super::{Failure, Identity, Known, json};
use crate::access::Outside;
use crate::outgoing::Outgoing;
use http::{Request, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// GitHub itself; an address of another host is an enterprise's own.
pub(super) const GITHUB: &str = "https://github.com";

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// Whose access this is. An address is told only when it is the primary one and verified.
pub(super) async fn ask(settings: &ProviderSettings, outgoing: &Outgoing, out: &Outside, access: &str) -> Result<Known, Failure> {
    let base = if settings.issuer == GITHUB { "https://api.github.com".to_owned() } else { format!("{}/api/v3", settings.issuer) };
    let user: User = get(outgoing, out, &format!("{base}/user"), access).await?;
    let addresses: Vec<Address> = get(outgoing, out, &format!("{base}/user/emails"), access).await?;
    let email = addresses.into_iter().find(|address| address.primary && address.verified).map(|address| address.email);
    let identity = Identity::of(settings, &settings.issuer, &user.id.to_string(), &user.login)?;
    Ok(Known { identity, is_vouched: email.is_some(), email })
}

async fn get<T: DeserializeOwned>(outgoing: &Outgoing, out: &Outside, address: &str, access: &str) -> Result<T, Failure> {
    let request = Request::get(address).header(header::ACCEPT, "application/vnd.github+json");
    json(outgoing, out, request.header(header::AUTHORIZATION, format!("Bearer {access}")).body(vec![])).await
}
