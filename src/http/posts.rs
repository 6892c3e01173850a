//! Forms that are answered by a file, which no action can: read and refused as the layer in front of actions does.

use super::actions::{LARGEST, accepts_html, is_form, refuse, refuse_method, understand};
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderMap, Method};
use keel_domain::access::Origin;
use keel_types::Code;
use keel_web::arrival::Arrival;
use keel_web::form::Fields;
use keel_web::page::see_other;
use keel_web::problem::Problem;

/// A form as it came, and the page it stands on.
pub(super) struct Post {
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Body,
    pub page: &'static str,
}

impl Post {
    /// Answers with what `begin` makes of the fields, for the account they name.
    pub async fn answer<F>(self, mut arrival: Arrival, begin: impl FnOnce(Arrival, Fields) -> F) -> Response
    where
        F: Future<Output = Result<Response, Problem>>,
    {
        let browser = is_form(&self.headers) && accepts_html(&self.headers);
        if self.method == Method::GET || self.method == Method::HEAD {
            return see_other(self.page);
        }
        if self.method != Method::POST {
            return refuse_method(&arrival, self.page, browser).await;
        }
        let body = to_bytes(self.body, LARGEST).await;
        if arrival.asked.origin == Origin::Unproven {
            return refuse(&arrival, self.page, browser, Problem::new(Code::OriginRequired)).await;
        }
        let answer = match understand(&self.headers, body) {
            Err(problem) => Err(problem),
            Ok(fields) => {
                arrival = arrival.about(fields.get("account"));
                begin(arrival.clone(), fields).await
            }
        };
        match answer {
            Ok(file) => file,
            Err(problem) => refuse(&arrival, self.page, browser, problem).await,
        }
    }
}
