//! A letter as HTML and as plain text: one heading, one text, at most one button and one code, and why it was sent.

use keel_text::Lang;

/// A letter before it is written out. Its texts are escaped when they become HTML.
pub(super) struct Letter<'a> {
    pub lang: Lang,
    pub subject: String,
    pub heading: &'a str,
    pub text: String,
    pub button: Option<Button<'a>>,
    pub digits: Option<Digits<'a>>,
    pub reason: String,
    /// What ends letters of this kind, on those that can be ended.
    pub end: Option<Button<'a>>,
}

/// What to press, in HTML; in plain text its address.
pub(super) struct Button<'a> {
    pub label: &'a str,
    /// Above the address, in plain text.
    pub before: &'a str,
    pub address: String,
}

/// What to type.
pub(super) struct Digits<'a> {
    /// Above the code.
    pub before: &'a str,
    pub code: &'a str,
}

impl Letter<'_> {
    pub fn links(&self) -> Vec<&str> {
        self.button.iter().chain(&self.end).map(|button| button.address.as_str()).collect()
    }

    pub fn plain(&self) -> String {
        let Self { heading, text, button, digits, reason, end, .. } = self;
        let button = button.as_ref().map(|Button { before, address, .. }| format!("{before}\n\n{address}\n\n"));
        let digits = digits.as_ref().map(|Digits { before, code }| format!("{before}\n\n    {code}\n\n"));
        let end = end.as_ref().map(|Button { before, address, .. }| format!("\n{before}\n{address}\n"));
        let [button, digits, end] = [button, digits, end].map(Option::unwrap_or_default);
        format!("{heading}\n\n{text}\n\n{button}{digits}--\n{reason}\n{end}")
    }

    // Mail programs read inline styles and tables only; the page's Content-Security-Policy does not apply to them.
    pub fn html(&self) -> String {
        const BODY: &str =
            "margin:0;padding:24px;background:#f6f4ef;font:16px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif;color:#12282b";
        const CARD: &str = "max-width:480px;margin:0 auto;background:#ffffff;border:1px solid #dcd8cd;border-radius:8px;padding:32px";
        const BUTTON: &str = "display:inline-block;background:#0f5f66;color:#ffffff;text-decoration:none;padding:12px 20px;border-radius:6px;font-weight:600";
        const DIGITS: &str = "font:600 28px/1.2 ui-monospace,SFMono-Regular,Menlo,monospace;letter-spacing:4px;margin:8px 0 24px";
        let [subject, heading, text, reason] = [&self.subject, self.heading, &self.text, &self.reason].map(escape);
        let button = self.button.as_ref().map(|button| {
            let [link, label] = [&button.address, button.label].map(escape);
            format!("<p style=\"margin:24px 0\"><a href=\"{link}\" style=\"{BUTTON}\">{label}</a></p>")
        });
        let digits = self.digits.as_ref().map(|digits| {
            let [before, code] = [digits.before, digits.code].map(escape);
            format!("<p style=\"margin-bottom:0\">{before}</p><p style=\"{DIGITS}\">{code}</p>")
        });
        let end = self.end.as_ref().map(|end| {
            let [link, label] = [&end.address, end.label].map(escape);
            format!(" <a href=\"{link}\" style=\"color:#5a6b6d\">{label}</a>")
        });
        let [button, digits, end] = [button, digits, end].map(Option::unwrap_or_default);
        let lang = self.lang.tag();
        format!(
            "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{subject}</title></head><body style=\"{BODY}\"><div style=\"{CARD}\">\
             <h1 style=\"font-size:22px;margin:0 0 16px\">{heading}</h1><p>{text}</p>{button}{digits}\
             <p style=\"font-size:13px;color:#5a6b6d;margin:0\">{reason}{end}</p></div></body></html>"
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
            lang: Lang::Fr,
            subject: "<s>".into(),
            heading: "a & b",
            text: "\"".into(),
            button: Some(Button { label: "<script>", before: "open", address: "http://127.0.0.1:3000/auth/link?token=x&y".into() }),
            digits: Some(Digits { before: "or", code: "123456" }),
            reason: "'".into(),
            end: Some(Button { label: "a < b", before: "end:", address: "http://127.0.0.1:3000/unsubscribe/x&y".into() }),
        };
        let html = letter.html();
        assert!(!html.contains("<script>") && !html.contains("<s>"));
        assert!(html.contains("<html lang=\"fr\">") && html.contains("/unsubscribe/x&amp;y") && html.contains("a &lt; b</a>"));
        assert!(letter.plain().ends_with("end:\nhttp://127.0.0.1:3000/unsubscribe/x&y\n"));
        assert!(html.contains("a &amp; b") && html.contains("token=x&amp;y"));
        assert!(letter.plain().contains("token=x&y") && letter.plain().contains("123456"));
    }
}
