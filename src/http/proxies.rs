//! Who really asks: behind proxies that are trusted, the address they say; otherwise the peer itself.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The networks whose word about a client's address is taken.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Reads addresses and networks with commas between them: `10.0.0.0/8, 2001:db8::7`.
    pub fn parse(text: &str) -> Option<Self> {
        let net = |one: &str| one.parse::<IpNet>().ok().or_else(|| one.parse::<IpAddr>().ok().map(|address| address.to_canonical().into()));
        text.split(',').map(|one| net(one.trim())).collect::<Option<_>>().map(Self)
    }

    /// The client's address. Each proxy adds at the right who asked it, so what a trusted one added is read from there, up to
    /// the first address that is none of theirs; what stands further left anybody can have written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut told = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while self.trusts(client) {
            let Some(address) = told.next().and_then(|text| address(text.trim())) else { break };
            client = address;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

/// An address, which some proxies write with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    bare.or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip())).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn client(proxies: &str, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let proxies = if proxies.is_empty() { TrustedProxies::default() } else { TrustedProxies::parse(proxies).unwrap() };
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(client("", "203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
        assert_eq!(client("10.0.0.0/8", "203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", "10.0.0.2", &["198.51.100.1"]), "10.0.0.2");
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_is_the_client() {
        let proxies = "10.0.0.0/8, 2001:db8:ffff::/48";
        assert_eq!(client(proxies, "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1", "the left one is made up");
        assert_eq!(client(proxies, "10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.2.3.4"]), "198.51.100.1", "in several lines");
        assert_eq!(client(proxies, "2001:db8:ffff::1", &["2001:db8:1:2::3"]), "2001:db8:1:2::3");
        assert_eq!(client(proxies, "10.0.0.1", &["10.0.0.3,10.0.0.2"]), "10.0.0.3", "a request of a proxy's own");
        assert_eq!(client(proxies, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        let proxies = "10.0.0.0/8";
        for line in ["unknown", "", "1.1.1.1, ", "1.1.1.1, _hidden", "1.1.1.1 198.51.100.1", "1.1.1.1, 198.51.100", "x, \u{e9}"] {
            assert_eq!(client(proxies, "10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
        assert_eq!(client(proxies, "10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn ports_and_mapped_addresses_are_written_alike() {
        let proxies = "10.0.0.0/8";
        assert_eq!(client(proxies, "::ffff:10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("", "::ffff:203.0.113.7", &[]), "203.0.113.7");
    }

    #[test]
    fn settings_that_cannot_be_read_are_refused() {
        for text in ["", ",", "10.0.0.0/8,", "10.0.0.0/33", "10.0.0", "proxy.example", "10.0.0.1 10.0.0.2", "10.0.0.1:80", "*"] {
            assert!(TrustedProxies::parse(text).is_none(), "{text}");
        }
        for text in ["127.0.0.1", "::1", "10.0.0.0/8,192.168.0.0/16 , fd00::/8", "0.0.0.0/0"] {
            assert!(TrustedProxies::parse(text).is_some(), "{text}");
        }
    }
}
