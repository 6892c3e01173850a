//! Requests to addresses in which somebody outside has a say. The host is looked up once, and only the address that was looked
//! at is connected to; it is a public one and not our own. Over https, no redirect is followed, time and size are bounded. In
//! development this machine may be asked too, without encryption: tests run there what they talk to.

use crate::access::Outside;
use crate::settings::Settings;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The longest an answer may take, from looking up the host to its last byte.
const LONGEST: Duration = Duration::from_secs(8);
/// The largest answer, in bytes.
const LARGEST: usize = 256 * 1024;

/// The way to such addresses.
pub(crate) struct Outgoing {
    tls: TlsConnector,
    in_development: bool,
    /// Host and port of this Keel.
    own: Option<(String, u16)>,
}

/// Why an answer did not come.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreached {
    #[error("not an https address")]
    NotHttps,
    #[error("no public address, or our own")]
    NotPublic,
    #[error("no answer in time")]
    TooLate,
    #[error("the answer is larger than is read")]
    TooLarge,
    #[error("answered {0}")]
    Away(StatusCode),
    #[error("{0}")]
    Network(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

impl Outgoing {
    /// With the roots of trust that are compiled in.
    pub fn new(settings: &Settings) -> Result<Self, rustls::Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let own = settings.base_url.parse::<Uri>().ok().and_then(|base| place(&base));
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), in_development: settings.in_development(), own })
    }

    /// What is answered, whatever its status, unless it says that there is no answer now.
    pub async fn send(&self, _: &Outside, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreached> {
        let answer = timeout(LONGEST, self.ask(request)).await.map_err(|_| Unreached::TooLate)??;
        match answer.status() {
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => Err(Unreached::Away(status)),
            _ => Ok(answer),
        }
    }

    async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreached> {
        let uri = request.uri().clone();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_https = uri.scheme_str() == Some("https");
        let addresses = self.resolve(&uri, &host, is_https).await?;
        let stream = TcpStream::connect(addresses.as_slice()).await?;
        if is_https {
            let name = ServerName::try_from(host).map_err(|_| Unreached::NotHttps)?;
            talk(self.tls.connect(name, stream).await?, request).await
        } else {
            talk(stream, request).await
        }
    }

    /// The addresses of a host, when each of them may be connected to.
    async fn resolve(&self, uri: &Uri, host: &str, is_https: bool) -> Result<Vec<SocketAddr>, Unreached> {
        if !is_https && (uri.scheme_str() != Some("http") || !self.in_development) {
            return Err(Unreached::NotHttps);
        }
        let is_own = place(uri) == self.own;
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port(uri))).await?.collect();
        let may_be_asked = |address: &SocketAddr| {
            let address = address.ip();
            (is_https && is_public(address)) || (self.in_development && address.is_loopback())
        };
        if is_own || addresses.is_empty() || !addresses.iter().all(may_be_asked) {
            return Err(Unreached::NotPublic);
        }
        Ok(addresses)
    }
}

/// Host and port of an address, however it is written.
fn place(uri: &Uri) -> Option<(String, u16)> {
    let host = uri.host()?.trim_end_matches('.').to_ascii_lowercase();
    Some((host, port(uri)))
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
}

async fn talk<S>(stream: S, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreached>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with this set, also when nobody waits any more.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let (mut head, body) = request.into_parts();
    if let Some(host) = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        head.headers.insert(header::HOST, host);
    }
    head.headers.insert(header::USER_AGENT, HeaderValue::from_static("keel"));
    head.uri = head.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
    let answer = sender.send_request(Request::from_parts(head, Full::new(Bytes::from(body)))).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(|_| Unreached::TooLarge)?;
    Ok(Response::from_parts(head, body.to_bytes().to_vec()))
}

/// Whether an address is one that anybody on the internet can be reached at. Of IPv6 only what is handed out to networks, without
/// the parts that stand for IPv4 addresses or for no place at all.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let reserved = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation() || v4.is_multicast();
            let special = matches!((a, b, c), (0 | 240.., ..) | (100, 64..128, _) | (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _));
            !reserved && !special
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            let special = matches!((a, b), (0x2001, ..0x200 | 0xdb8) | (0x2002, _) | (0x3fff, ..0x1000));
            (0x2000..0x4000).contains(&a) && !special
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_address_is_ours_however_it_is_written() {
        let place = |address: &str| place(&address.parse().unwrap());
        let own = place("https://keel.example");
        assert!(own.is_some());
        for written in ["https://KEEL.example/token", "https://keel.example:443/", "https://keel.example./", "https://me@keel.example/"] {
            assert_eq!(place(written), own, "{written}");
        }
        for another in ["https://keel.example:8443/", "https://www.keel.example/", "http://keel.example/"] {
            assert_ne!(place(another), own, "{another}");
        }
    }

    #[test]
    fn only_public_addresses_are_public() {
        for public in ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.9.9.9",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }
}
