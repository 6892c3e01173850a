//! Where Stripe's pages are: people are led there and nowhere else, whatever an answer says.

use url::{Host, Url};

use super::PaymentError;

/// The pages of Stripe, and of whoever plays Stripe at the base address.
#[derive(Clone, Debug)]
pub(super) struct Pages(Url);

impl Pages {
    /// Those beside the API at `base`; nothing when that is no address.
    pub fn beside(base: &str) -> Option<Self> {
        Url::parse(base).ok().map(Self)
    }

    /// An address of an answer, if people may be led there.
    pub fn lead_to(&self, address: &str) -> Result<String, PaymentError> {
        let url = Url::parse(address).map_err(|_| PaymentError::Unreadable)?;
        if self.has(&url) { Ok(url.into()) } else { Err(PaymentError::Elsewhere(url.host_str().unwrap_or_default().to_owned())) }
    }

    /// The same for an address that is done without where people may not be led there.
    pub fn perhaps(&self, address: Option<String>) -> Option<String> {
        self.lead_to(&address?).inspect_err(|error| tracing::error!(%error, "an address of Stripe's was dropped")).ok()
    }

    fn has(&self, url: &Url) -> bool {
        let is_bare = url.username().is_empty() && url.password().is_none();
        let of_stripe = |host: &str| host == "stripe.com" || host.ends_with(".stripe.com");
        let at_stripe = url.scheme() == "https" && url.port().is_none() && url.domain().is_some_and(of_stripe);
        let same_host = url.host() == self.0.host() || (is_this_machine(url) && is_this_machine(&self.0));
        let at_base = same_host && url.scheme() == self.0.scheme() && url.port_or_known_default() == self.0.port_or_known_default();
        is_bare && (at_stripe || at_base)
    }
}

/// The billing sandbox calls itself `localhost` on its pages.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(base: &str, address: &str) -> bool {
        Pages::beside(base).unwrap().lead_to(address).is_ok()
    }

    #[test]
    fn nobody_is_led_to_a_page_that_is_not_stripes() {
        for base in ["https://api.stripe.com/", "http://127.0.0.1:3001/"] {
            for good in [
                "https://checkout.stripe.com/c/pay/cs_1#fid",
                "https://billing.stripe.com/p/session/1",
                "https://invoice.stripe.com/i/acct_1/1?s=ap",
                "https://pay.stripe.com/receipts/1",
            ] {
                assert!(led(base, good), "{good}");
            }
            for bad in [
                "https://evil.example/c/pay/cs_1",
                "https://checkout.stripe.com.evil.example/",
                "https://evilstripe.com/",
                "https://checkout.stripe.com@evil.example/",
                "https://user:password@checkout.stripe.com/",
                "https://checkout.stripe.com:8443/",
                "http://checkout.stripe.com/",
                "https:\\\\evil.example\\.stripe.com",
                "javascript:alert(1)//.stripe.com",
                "//evil.example/",
                "/checkout",
                "",
            ] {
                assert!(!led(base, bad), "{bad}");
            }
        }
    }

    #[test]
    fn who_plays_stripe_leads_to_its_own_pages() {
        assert!(led("http://127.0.0.1:3001/", "http://localhost:3001/pay/cs_1"));
        assert!(led("https://stripe.example/", "https://stripe.example/pay/cs_1"));
        for (base, bad) in [
            ("http://127.0.0.1:3001/", "http://localhost:3000/pay/cs_1"),
            ("http://127.0.0.1:3001/", "https://localhost:3001/pay/cs_1"),
            ("https://stripe.example/", "https://pay.stripe.example/cs_1"),
            ("https://api.stripe.com/", "http://localhost:3001/pay/cs_1"),
        ] {
            assert!(!led(base, bad), "{base} {bad}");
        }
    }
}
