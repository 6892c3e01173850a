//! A letter as HTML and as plain text: one heading, one button, one code, and why it was sent.

/// A letter before it is written out. Its texts are escaped when they become HTML.
pub(super) struct Letter<'a> {
    pub subject: String,
    pub heading: &'a str,
    /// Above the button, in HTML.
    pub before: String,
    pub button: &'a str,
    /// Above the address, in plain text.
    pub before_plain: String,
    pub link: String,
    /// Above the code.
    pub after: &'a str,
    pub code: &'a str,
    pub reason: String,
}

impl Letter<'_> {
    pub fn links(&self) -> Vec<&str> {
        vec![&self.link]
    }

    pub fn plain(&self) -> String {
        let Self { heading, before_plain, link, after, code, reason, .. } = self;
        format!("{heading}\n\n{before_plain}\n\n{link}\n\n{after}\n\n    {code}\n\n--\n{reason}\n")
    }

    // Mail programs read inline styles and tables only; the page's Content-Security-Policy does not apply to them.
    pub fn html(&self) -> String {
        const BODY: &str =
            "margin:0;padding:24px;background:#f6f4ef;font:16px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif;color:#12282b";
        const CARD: &str = "max-width:480px;margin:0 auto;background:#ffffff;border:1px solid #dcd8cd;border-radius:8px;padding:32px";
        const BUTTON: &str = "display:inline-block;background:#0f5f66;color:#ffffff;text-decoration:none;padding:12px 20px;border-radius:6px;font-weight:600";
        const DIGITS: &str = "font:600 28px/1.2 ui-monospace,SFMono-Regular,Menlo,monospace;letter-spacing:4px;margin:8px 0 24px";
        let [subject, heading, before, button, link, after, code, reason] =
            [&self.subject, self.heading, &self.before, self.button, &self.link, self.after, self.code, &self.reason].map(escape);
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{subject}</title></head><body style=\"{BODY}\"><div style=\"{CARD}\">\
             <h1 style=\"font-size:22px;margin:0 0 16px\">{heading}</h1><p>{before}</p><p style=\"margin:24px 0\"><a href=\"{link}\" style=\"{BUTTON}\">{button}</a></p>\
             <p style=\"margin-bottom:0\">{after}</p><p style=\"{DIGITS}\">{code}</p>\
             <p style=\"font-size:13px;color:#5a6b6d;margin:0\">{reason}</p></div></body></html>"
        )
    }
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let letter = Letter {
            subject: "<s>".into(),
            heading: "a & b",
            before: "\"".into(),
            button: "<script>",
            before_plain: "open".into(),
            link: "http://127.0.0.1:3000/auth/link?token=x&y".into(),
            after: "or",
            code: "123456",
            reason: "'".into(),
        };
        let html = letter.html();
        assert!(!html.contains("<script>") && !html.contains("<s>"));
        assert!(html.contains("a &amp; b") && html.contains("token=x&amp;y"));
        assert!(letter.plain().contains("token=x&y") && letter.plain().contains("123456"));
    }
}
