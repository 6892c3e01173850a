//! A provider of sign-ins on loopback, as bad as a test wants it: OpenID Connect with any token, and GitHub's interface.

use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keel_domain::clock::Clock;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// What every Keel of a test is known as, and by which.
pub const CLIENT: (&str, &str) = ("keel-at-the-issuer", "a-secret-between-the-two");

/// Keys there are so far; no two issuers share one.
static KEYS: AtomicU16 = AtomicU16::new(0);
static ALL: LazyLock<Mutex<HashMap<String, Arc<Issuer>>>> = LazyLock::new(Mutex::default);

/// A provider, and what it is going to say.
pub struct Issuer {
    /// Where it is.
    pub base: String,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// What codes stand for: the hash of the verifier that has to come with each, and the token, or GitHub's person.
    codes: HashMap<String, (String, Value)>,
    exchanged: usize,
    discovery: Option<Value>,
    /// The number of the key it signs with, and of the one it tells.
    key: u16,
    published: u16,
    /// What goes wrong where.
    troubles: HashMap<&'static str, Trouble>,
}

/// How an issuer fails to answer.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It takes the question and says nothing.
    Silence,
    /// It says something else than it should.
    Garbage,
    /// It does not stop.
    Flood,
    /// It says that it cannot answer.
    Failure,
    /// It says that the answer is elsewhere.
    Redirect,
}

impl Issuer {
    /// Opens one, within the runtime of the test; gives its address.
    pub fn open() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Arc::new(Self { base: base.clone(), told: Mutex::default() });
        issuer.takes_another_key(true);
        ALL.lock().unwrap().insert(base.clone(), issuer.clone());
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/login/oauth/access_token", post(token))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/emails", get(addresses))
            .layer(from_fn_with_state(issuer.clone(), in_trouble))
            .with_state(issuer);
        tokio::spawn(async move { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await });
        base
    }

    /// The one at this address.
    pub fn at(base: &str) -> Arc<Self> {
        ALL.lock().unwrap()[base].clone()
    }

    /// Lets a code stand for a token, made of these claims, or whatever else.
    pub fn promises(&self, code: &str, challenge: &str, token: Value) {
        self.told.lock().unwrap().codes.insert(code.to_owned(), (challenge.to_owned(), token));
    }

    /// How many codes it was asked to exchange.
    pub fn exchanged(&self) -> usize {
        self.told.lock().unwrap().exchanged
    }

    /// Says this of itself from now on.
    pub fn says_of_itself(&self, changed: &[(&str, Value)]) {
        let mut document = self.document();
        for (name, value) in changed {
            document[*name] = value.clone();
        }
        self.told.lock().unwrap().discovery = Some(document);
    }

    /// Has this trouble from now on, at one of its addresses alone.
    pub fn has(&self, trouble: Trouble, path: &'static str) {
        self.told.lock().unwrap().troubles = HashMap::from([(path, trouble)]);
    }

    /// Answers again.
    pub fn recovers(&self) {
        self.told.lock().unwrap().troubles.clear();
    }

    /// Signs with another key from now on; whether it tells so.
    pub fn takes_another_key(&self, publishes: bool) {
        let mut told = self.told.lock().unwrap();
        told.key = KEYS.fetch_add(1, Ordering::Relaxed);
        if publishes {
            told.published = told.key;
        }
    }

    /// What a good token says, for this nonce.
    pub fn claims(&self, nonce: &str, more: &Value) -> Value {
        let now = Clock::default().now().0 / 1_000;
        let mut claims = json!({ "iss": self.base, "aud": CLIENT.0, "iat": now, "exp": now + 300, "nonce": nonce });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    /// A token of these claims, signed.
    pub fn signed(&self, claims: &Value) -> String {
        let text = format!("{}.{}", encoded(&json!({ "alg": "EdDSA", "kid": self.kid(), "typ": "JWT" })), encoded(claims));
        format!("{text}.{}", self.signature(&text))
    }

    /// Its signature of a text, as it stands in a token.
    pub fn signature(&self, text: &str) -> String {
        let key = key(self.told.lock().unwrap().key);
        URL_SAFE_NO_PAD.encode(key.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap())
    }

    /// The name of its key.
    pub fn kid(&self) -> String {
        kid(self.told.lock().unwrap().key)
    }

    fn document(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.base);
        json!({ "issuer": self.base, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "jwks_uri": at("/keys") })
    }
}

/// JSON as it stands in a token.
pub fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn kid(number: u16) -> String {
    format!("key-{number}")
}

fn key(number: u16) -> CoreEdDsaPrivateSigningKey {
    // A PKCS #8 document: how Ed25519 is written, and the 32 bytes of the key.
    let mut document = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    document.extend(number.to_be_bytes().repeat(16));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(document));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(kid(number)))).unwrap()
}

async fn in_trouble(State(issuer): State<Arc<Issuer>>, request: Request, next: Next) -> Response {
    let trouble = issuer.told.lock().unwrap().troubles.get(request.uri().path()).copied();
    match trouble {
        None => next.run(request).await,
        Some(Trouble::Silence) => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            StatusCode::REQUEST_TIMEOUT.into_response()
        }
        Some(Trouble::Garbage) => "<html>Welcome to the hotel's network".into_response(),
        Some(Trouble::Flood) => "[".repeat(4 * 1024 * 1024).into_response(),
        Some(Trouble::Failure) => StatusCode::BAD_GATEWAY.into_response(),
        Some(Trouble::Redirect) => (StatusCode::FOUND, [(header::LOCATION, format!("{}/elsewhere", issuer.base))]).into_response(),
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let changed = issuer.told.lock().unwrap().discovery.clone();
    Json(changed.unwrap_or_else(|| issuer.document()))
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Json<CoreJsonWebKeySet> {
    let told = issuer.told.lock().unwrap();
    Json(CoreJsonWebKeySet::new(vec![key(told.published).as_verification_key()]))
}

/// Exchanges a code, once, for whoever knows the secret and the verifier.
async fn token(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1)));
    let is_known =
        headers.get("authorization").is_some_and(|value| *value == *basic) || (text("client_id"), text("client_secret")) == CLIENT;
    if !is_known {
        return refused("invalid_client");
    }
    let mut told = issuer.told.lock().unwrap();
    told.exchanged += 1;
    let Some((challenge, token)) = told.codes.remove(text("code")) else { return refused("invalid_grant") };
    if URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier"))) != challenge {
        return refused("invalid_grant");
    }
    let mut answer = json!({ "access_token": text("code"), "token_type": "bearer" });
    if token.is_string() {
        answer["id_token"] = token;
    } else {
        told.codes.insert(text("code").to_owned(), (String::new(), token));
    }
    (StatusCode::OK, Json(answer))
}

/// What GitHub would say to whoever has this access.
fn of_access(issuer: &Issuer, headers: &HeaderMap, part: &str) -> (StatusCode, Json<Value>) {
    let access = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).unwrap_or_default();
    match issuer.told.lock().unwrap().codes.get(access) {
        Some((_, person)) if headers.contains_key("user-agent") => (StatusCode::OK, Json(person[part].clone())),
        _ => (StatusCode::UNAUTHORIZED, Json(json!({ "message": "Bad credentials" }))),
    }
}

async fn user(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    of_access(&issuer, &headers, "user")
}

async fn addresses(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    of_access(&issuer, &headers, "emails")
}
