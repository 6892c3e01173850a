//! Trips to providers of sign-ins: the form that begins one, and the address a provider sends browsers back to.

use super::actions::{accepts_html, is_form};
use super::posts::Post;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use http::{HeaderMap, Method, Uri};
use keel_domain::access::{Origin, Read, SignedIn, Visitor, Write};
use keel_domain::billing::intents;
use keel_domain::providers::{self, Back, Landing, Missed, Why};
use keel_domain::secrets::PlainToken;
use keel_domain::{Refusal, accounts};
use keel_types::Code;
use keel_types::url::{self, LocalPath};
use keel_web::arrival::Arrival;
use keel_web::cookies::Cookie;
use keel_web::flash::{self, Said};
use keel_web::form::Fields;
use keel_web::page::{append, see_other};
use keel_web::pages::errors;
use keel_web::pages::sign_in::{ADDRESS, LOGIN, onward, welcomed};
use keel_web::problem::Problem;
use serde::Deserialize;

/// `POST /auth/oauth/{provider}`: sends a program to the provider, a browser by a step in between.
pub async fn depart(
    Extension(arrival): Extension<Arrival>,
    Path(provider): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let post = Post { method, headers, body, page: LOGIN };
    post.answer(arrival, |arrival, fields| async move { begin(&arrival, &provider, &fields).await }).await
}

async fn begin(arrival: &Arrival, provider: &str, fields: &Fields) -> Result<Response, Problem> {
    let next = fields.get("redirectTo").and_then(LocalPath::parse);
    let login = login(next.as_ref());
    let mut call = Write::<Visitor>::open(&arrival.keel, arrival.asked.clone()).await?;
    let departure = providers::depart(&mut call, provider, next).await?;
    call.commit().await?;
    match departure {
        Ok(departure) => {
            let name = arrival.keel.settings().provider_name(provider);
            let mut response = if is_form(&arrival.headers) && accepts_html(&arrival.headers) {
                onward::page(arrival, &login, name, &departure.address).await
            } else {
                see_other(&departure.address)
            };
            append(&mut response, Cookie::Trip.set(arrival.keel.settings(), departure.browser.reveal()));
            Ok(response)
        }
        Err(why) if arrival.is_program() => Err(Problem::new(why.code())),
        Err(why) => Ok(refused(arrival, &login, why)),
    }
}

/// What a provider adds to the address. Whatever else stands there is not read.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /auth/oauth/{provider}/callback`: the one GET that signs in. Only a browser that really goes there uses the trip up.
pub async fn land(
    Extension(arrival): Extension<Arrival>,
    Path(provider): Path<String>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Response {
    let here = uri.path().to_owned();
    let answer: Option<Answer> = serde_urlencoded::from_str(query.as_deref().unwrap_or_default()).ok();
    let Some(answer) = answer.filter(|_| method == Method::GET && is_visited(&arrival.headers)) else {
        return refuse(&arrival, &here, Problem::new(Code::Malformed)).await;
    };
    match end(&arrival, &provider, answer).await {
        Ok(response) => response,
        Err(refusal) => refuse(&arrival, &here, refusal.into()).await,
    }
}

async fn refuse(arrival: &Arrival, here: &str, problem: Problem) -> Response {
    if accepts_html(&arrival.headers) { errors::problem(arrival, here, problem).await } else { errors::json(&problem) }
}

/// Whether a person's browser goes there, and does not only look ahead or load a part of another page.
fn is_visited(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let looks_ahead = ["sec-purpose", "purpose"].iter().any(|name| text(name).is_some_and(|purpose| purpose.contains("prefetch")));
    !looks_ahead && text("sec-fetch-dest").is_none_or(|dest| dest == "document")
}

async fn end(arrival: &Arrival, provider: &str, answer: Answer) -> Result<Response, Refusal> {
    let back = Back {
        browser: arrival.cookie(Cookie::Trip).and_then(PlainToken::parse),
        state: answer.state,
        code: answer.code,
        error: answer.error,
        issuer: answer.iss,
        choice: arrival.cookie(Cookie::PendingCheckout).and_then(|cookie| intents::open(&arrival.keel, cookie)),
    };
    // What answers nothing takes no lock.
    if !back.fits(&arrival.keel, provider)? {
        return Ok(missed_trip(arrival, Missed::stale()).await);
    }
    let mut asked = arrival.asked.clone();
    asked.origin = Origin::NamedGet;
    let mut call = Write::<Visitor>::open(&arrival.keel, asked).await?;
    let landing = providers::land(&mut call, provider, back).await?;
    call.commit().await?;
    Ok(match landing {
        Landing::SignedIn(welcome) => {
            let done = welcomed(&arrival.keel, &welcome);
            let mut response = see_other(&done.next);
            for cookie in done.cookies() {
                append(&mut response, Some(cookie.clone()));
            }
            response
        }
        Landing::Asks => see_other(ADDRESS),
        Landing::Linked => told(arrival, url::SECURITY, Said::ProviderLinked),
        Landing::Missed(missed) => missed_trip(arrival, missed).await,
    })
}

/// Back to where the trip began. Somebody who is signed in by it and only loads the address again goes on instead.
async fn missed_trip(arrival: &Arrival, Missed { why, linking, next }: Missed) -> Response {
    if arrival.is_program() {
        return errors::json(&Problem::new(why.code()));
    }
    if why == Why::Stale && !linking {
        let call = Read::<SignedIn>::open(&arrival.keel, arrival.asked.clone()).await;
        if let Ok(mut call) = call
            && let Ok(next) = accounts::next_of(&mut call, None).await
        {
            return see_other(&next);
        }
    }
    let page = if linking { url::SECURITY.to_owned() } else { login(next.as_ref()) };
    refused(arrival, &page, why)
}

/// The page somebody signs in at, who goes on to `next`.
fn login(next: Option<&LocalPath>) -> String {
    next.map_or_else(|| LOGIN.to_owned(), |next| url::login(next.as_str()))
}

fn said(why: Why) -> Said {
    match why {
        Why::Canceled => Said::ProviderCanceled,
        Why::Stale => Said::ProviderStale,
        Why::Unreached => Said::ProviderUnreached,
        Why::Untrusted => Said::ProviderUntrusted,
        Why::Taken => Said::ProviderTaken,
    }
}

/// To a page that says why not. The code goes along for the access log.
fn refused(arrival: &Arrival, page: &str, why: Why) -> Response {
    let mut response = told(arrival, page, said(why));
    response.extensions_mut().insert(why.code());
    response
}

/// To a page that says this. The trip is over.
fn told(arrival: &Arrival, page: &str, said: Said) -> Response {
    let mut response = see_other(page);
    append(&mut response, flash::carry(&arrival.keel, said));
    append(&mut response, Cookie::Trip.forget(arrival.keel.settings()));
    response
}
