//! From a code to whom it stands for: the exchange, and the judgement of the ID token. Tested in `tests/flows/providers/`.

use super::discovery::{Endpoints, Provider, TENANT};
use super::settings::Kind;
use super::{Failure, Identity, Known, github};
use crate::access::Outside;
use crate::outgoing::{Outgoing, Unreached};
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{EndpointNotSet, EndpointSet, ExtraTokenFields, StandardRevocableToken};
use openidconnect::core::{CoreGenderClaim, CoreIdTokenVerifier, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthUrl, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IdToken, IdTokenClaims, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// What is signed with a pair of keys: nobody but the issuer can make it.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the browser's token is signed into, for one trip to one provider.
pub(super) struct Ties {
    /// Comes back beside the code.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Goes with the code; its hash went ahead.
    pub verifier: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Fields {
    id_token: Option<String>,
}
impl ExtraTokenFields for Fields {}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    /// Google: the domain whose mail it hosts.
    hd: Option<String>,
    /// Microsoft: the tenant.
    tid: Option<String>,
    /// Microsoft: whether the owner of the address's domain vouches for it.
    xms_edov: Option<serde_json::Value>,
}
impl AdditionalClaims for Claims {}

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<Fields, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;
type Token = IdToken<Claims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Verified = IdTokenClaims<Claims, CoreGenderClaim>;

fn client(provider: &Provider, endpoints: &Endpoints, back: &str) -> Result<Client, Failure> {
    let settings = &provider.settings;
    let bad = |error: url::ParseError| Failure::untrusted(&error);
    Ok(oauth2::Client::new(ClientId::new(settings.client_id.clone()))
        .set_client_secret(ClientSecret::new(settings.client_secret.clone()))
        .set_auth_type(endpoints.auth.clone())
        .set_redirect_uri(RedirectUrl::new(back.to_owned()).map_err(bad)?)
        .set_auth_uri(AuthUrl::new(endpoints.authorization.clone()).map_err(bad)?)
        .set_token_uri(TokenUrl::new(endpoints.token.clone()).map_err(bad)?))
}

/// Where a browser is sent, to come back to `back`.
pub(super) fn authorization(provider: &Provider, endpoints: &Endpoints, ties: &Ties, back: &str) -> Result<String, Failure> {
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(ties.verifier.clone()));
    let client = client(provider, endpoints, back)?;
    let request = client.authorize_url(|| CsrfToken::new(ties.state.clone())).set_pkce_challenge(challenge);
    let openid = || ["openid", "email"].map(|scope| Scope::new(scope.to_owned()));
    let request = match provider.settings.kind {
        Kind::GitHub => request.add_scope(Scope::new("user:email".to_owned())),
        Kind::OpenId => request.add_scopes(openid()).add_extra_param("nonce", ties.nonce.clone()),
        // Both know several people in one browser, and take the last one unless they are told to ask.
        Kind::Google | Kind::Microsoft => {
            request.add_scopes(openid()).add_extra_param("nonce", ties.nonce.clone()).add_extra_param("prompt", "select_account")
        }
    };
    Ok(request.url().0.into())
}

/// The way outside, as the library asks for it.
struct Way<'a> {
    outgoing: &'a Outgoing,
    out: &'a Outside,
}

impl<'c> AsyncHttpClient<'c> for Way<'_> {
    type Error = Unreached;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unreached>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.outgoing.send(self.out, request))
    }
}

/// Whom the code stands for. `sender` is the issuer that says to have sent it.
pub(super) async fn redeem(
    provider: &Provider,
    outgoing: &Outgoing,
    out: &Outside,
    ties: Ties,
    back: &str,
    code: String,
    sender: Option<&str>,
) -> Result<Known, Failure> {
    let endpoints = provider.endpoints(outgoing, out).await?;
    // Of Microsoft's the issuer is that of a tenant, which nobody knows yet.
    let is_one = matches!(provider.settings.kind, Kind::OpenId | Kind::Google);
    if is_one && sender.map_or(endpoints.tells_sender, |sender| sender != endpoints.issuer) {
        return Err(Failure::untrusted("the code is from another issuer"));
    }
    let client = client(provider, &endpoints, back)?;
    let exchange = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(PkceCodeVerifier::new(ties.verifier));
    let answer = exchange.request_async(&Way { outgoing, out }).await.map_err(|error| match error {
        RequestTokenError::Request(error) => Failure::Unreached(error),
        RequestTokenError::ServerResponse(answer) => Failure::untrusted(&format!("the code was refused: {}", answer.error())),
        // What could not be read may hold a token.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Failure::untrusted("the answer to a code cannot be read"),
    })?;
    if provider.settings.kind == Kind::GitHub {
        return github::ask(&provider.settings, outgoing, out, answer.access_token().secret()).await;
    }
    let token = answer.extra_fields().id_token.as_deref().ok_or_else(|| Failure::untrusted("no ID token came for the code"))?;
    let token: Token = token.parse().map_err(|_| Failure::untrusted("the ID token cannot be read"))?;
    let nonce = Nonce::new(ties.nonce);
    let keys = provider.keys(outgoing, out, &endpoints, false).await?;
    let verified = match verify(provider, &endpoints, keys, &token, &nonce) {
        Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
            let keys = provider.keys(outgoing, out, &endpoints, true).await?;
            verify(provider, &endpoints, keys, &token, &nonce)
        }
        verified => verified,
    };
    known(provider, &endpoints, verified.map_err(|error| Failure::untrusted(&error))?)
}

fn verify<'a>(
    provider: &Provider,
    endpoints: &Endpoints,
    keys: openidconnect::core::CoreJsonWebKeySet,
    token: &'a Token,
    nonce: &Nonce,
) -> Result<&'a Verified, ClaimsVerificationError> {
    let issuer = IssuerUrl::new(endpoints.issuer.clone()).map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
    let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new(provider.settings.client_id.clone()), issuer, keys)
        .set_allowed_algs(ALGORITHMS)
        .require_issuer_match(!endpoints.issuer.contains(TENANT));
    token.claims(&verifier, nonce)
}

/// Who a token that is good speaks of.
fn known(provider: &Provider, endpoints: &Endpoints, claims: &Verified) -> Result<Known, Failure> {
    let (issuer, more) = (claims.issuer().as_str(), claims.additional_claims());
    // The library leaves this to its users: what was made for another client is none of ours, though we may be named beside it.
    if claims.authorized_party().is_some_and(|party| party.as_str() != provider.settings.client_id) {
        return Err(Failure::untrusted("the ID token is for another client"));
    }
    if endpoints.issuer.contains(TENANT) {
        let tenant = more.tid.as_deref().filter(|tid| tid.len() == 36 && tid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'));
        if tenant.is_none_or(|tenant| endpoints.issuer.replace(TENANT, tenant) != issuer) {
            return Err(Failure::untrusted("the ID token is of another issuer than of its tenant"));
        }
    }
    let email = claims.email().map(|email| email.as_str().to_owned()).filter(|email| !email.is_empty());
    let is_vouched = match provider.settings.kind {
        // What they say is only that the address was the person's once, unless they run its mailbox.
        Kind::Google => {
            let runs = email.as_deref().is_some_and(|email| email.to_ascii_lowercase().ends_with("@gmail.com")) || more.hd.is_some();
            claims.email_verified() == Some(true) && runs
        }
        Kind::Microsoft => more.xms_edov.as_ref().is_some_and(is_true),
        Kind::OpenId | Kind::GitHub => claims.email_verified() == Some(true),
    };
    let subject = claims.subject().as_str();
    let called = claims.preferred_username().map(|name| name.as_str().to_owned());
    let label = email.as_deref().or(called.as_deref()).unwrap_or(subject);
    Ok(Known { identity: Identity::of(&provider.settings, issuer, subject, label)?, email, is_vouched })
}

fn is_true(value: &serde_json::Value) -> bool {
    matches!(value.as_str(), Some("1" | "true")) || value.as_bool() == Some(true) || value.as_i64() == Some(1)
}
