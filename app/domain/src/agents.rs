//! What browsers say they are, in words people know. They may say what they like: this names them and decides nothing.

use keel_text::{Catalogue, fill};

/// A browser and the system it runs on, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    browser: Option<&'static str>,
    system: Option<&'static str>,
}

/// What stands in the description of each browser. Most also claim to be those further down, so the first that is found counts.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// The same of systems.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

impl Agent {
    /// Reads a `User-Agent`.
    pub fn read(text: &str) -> Self {
        let first = |known: &[(&str, &'static str)]| known.iter().find(|(part, _)| text.contains(part)).map(|(_, name)| *name);
        Self { browser: first(BROWSERS), system: first(SYSTEMS) }
    }

    /// Browser and system: `Firefox on Windows`.
    pub fn words(self, text: &Catalogue) -> String {
        match (self.browser, self.system) {
            (Some(browser), Some(system)) => fill(text.sessions.browser_on_system, &[("browser", &browser), ("system", &system)]),
            (Some(known), None) | (None, Some(known)) => known.to_owned(),
            (None, None) => text.sessions.unknown_device.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keel_text::EN;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (text, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/126.0",
                "Opera on ChromeOS",
            ),
            ("curl/8.5.0", "curl"),
            ("Something (Linux)", "Linux"),
            ("", "Unknown device"),
            ("<script>alert(1)</script>", "Unknown device"),
        ] {
            assert_eq!(Agent::read(text).words(&EN), words, "{text}");
        }
    }
}
