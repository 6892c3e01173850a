//! A browser as far as HTTP goes: cookies, the headers browsers send, no redirects followed.

use reqwest::{Client, Method, RequestBuilder, StatusCode, header, redirect};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

/// A browser, or a program, with its cookies.
pub struct Browser {
    base: String,
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub body: String,
}

impl Browser {
    pub fn new(base: &str) -> Self {
        Self::at(base, Ipv4Addr::LOCALHOST)
    }

    /// One at another address of this machine: 127.0.0.2 and so on.
    pub fn at(base: &str, address: Ipv4Addr) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).local_address(IpAddr::V4(address)).build().unwrap();
        Self { base: base.to_owned(), client, cookies: Mutex::default() }
    }

    /// Another one with the same cookies.
    pub fn copy(&self) -> Self {
        Self { base: self.base.clone(), client: self.client.clone(), cookies: Mutex::new(self.cookies.lock().unwrap().clone()) }
    }

    /// Another one with the same cookies, as another client: the one of this number, at 127.0.1.0 and so on.
    pub fn elsewhere(&self, number: usize) -> Self {
        Self {
            cookies: Mutex::new(self.cookies.lock().unwrap().clone()),
            ..Self::at(&self.base, Ipv4Addr::new(127, 0, 1, u8::try_from(number).unwrap()))
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// Goes on at another address, as behind a load balancer.
    pub fn turn_to(&mut self, base: &str) {
        base.clone_into(&mut self.base);
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.page(path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Posts a form of our own pages.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.posted(path, fields)).await
    }

    /// Posts JSON as a program with our own origin does.
    pub async fn json(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header(header::ACCEPT, "application/json").header("sec-fetch-site", "same-origin");
        self.send(request.header(header::CONTENT_TYPE, "application/json").body(body.to_string())).await
    }

    /// Changes something as a program with our own origin does.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::PATCH, path).header(header::ACCEPT, "application/json").header("sec-fetch-site", "same-origin");
        self.send(request.header(header::CONTENT_TYPE, "application/json").body(body.to_string())).await
    }

    /// Deletes something as a program with our own origin does.
    pub async fn delete_proven(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).header(header::ACCEPT, "application/json").header("sec-fetch-site", "same-origin"))
            .await
    }

    /// The request that opens a page.
    pub fn page(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path).header(header::ACCEPT, "text/html,*/*")
    }

    /// The request that posts a form of our own pages.
    pub fn posted(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = self.request(Method::POST, path).header(header::ACCEPT, "text/html").header("sec-fetch-site", "same-origin");
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// The request that posts a form of our own pages with a file, as browsers send it.
    pub fn uploaded(&self, path: &str, accept: &str, fields: &[(&str, &str)], file: (&str, &[u8])) -> RequestBuilder {
        const BOUNDARY: &str = "----keel-test-boundary";
        let mut body = vec![];
        for (name, text) in fields {
            body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
        }
        let (name, bytes) = file;
        let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png");
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes().chain(bytes.iter().copied()));
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let request = self.request(Method::POST, path).header(header::ACCEPT, accept).header("sec-fetch-site", "same-origin");
        request.header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
    }

    /// A request with this browser's cookies, for what browsers do not do by themselves.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies = self.cookies();
        let request = self.client.request(method, format!("{}{path}", self.base));
        if cookies.is_empty() { request } else { request.header(header::COOKIE, cookies) }
    }

    /// The cookies as they are sent.
    pub fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Sends it, and keeps the cookies of the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    /// The same where nobody may be there to answer.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if text.contains("Max-Age=0") {
                cookies.remove(name)
            } else {
                cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        Ok(Answer { status: status.as_u16(), headers, body: response.text().await? })
    }
}

impl Answer {
    /// Where it leads.
    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER.as_u16(), "{}", self.body);
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// Asserts where it leads.
    pub fn leads_to(&self, place: &str) {
        assert_eq!(self.location(), place);
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// The status and the code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.body);
        (self.status, self.json()["code"].as_str().unwrap().to_owned())
    }
}

/// A `Set-Cookie` value with all but the secret part.
pub fn cookie_without_value(cookie: &str) -> String {
    let (name, rest) = cookie.split_once('=').unwrap();
    let attributes = rest.split_once(';').map_or("", |(_, attributes)| attributes);
    format!("{name}=…;{attributes}")
}
