//! The forms of a page, as a browser would send them.

use super::Answer;

/// A form: where it posts to, and what stands in its fields.
#[derive(Debug)]
pub struct PageForm {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl PageForm {
    /// What stands in a field.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Where it posts to, without the page to come back to.
    pub fn url(&self) -> &str {
        self.action.split('?').next().unwrap_or_default()
    }

    /// The fields with some of them filled in.
    pub fn filled<'a>(&'a self, with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let stays = self.fields.iter().filter(|(name, _)| with.iter().all(|(filled, _)| name != filled));
        stays.map(|(name, value)| (name.as_str(), value.as_str())).chain(with.iter().copied()).collect()
    }
}

impl Answer {
    /// Every form of the page, in order. Of radio buttons only the one that is chosen stands in it.
    pub fn forms(&self) -> Vec<PageForm> {
        let parts = self.body.split("<form ").skip(1).map(|part| part.split("</form>").next().unwrap_or_default());
        parts.map(|part| PageForm { action: attribute(part, "action").unwrap_or_default(), fields: inputs(part) }).collect()
    }

    /// The one form that posts to `url`.
    pub fn form_to(&self, url: &str) -> PageForm {
        self.forms().into_iter().find(|form| form.url() == url).unwrap_or_else(|| panic!("no form posts to {url}: {}", self.body))
    }
}

impl Answer {
    /// Where a page leads on by itself, and by its one link for whoever is not led on.
    pub fn onward(&self) -> String {
        assert_eq!((self.status, self.headers["cache-control"].to_str().unwrap()), (200, "no-store"), "{}", self.body);
        let refresh =
            self.body.split("<meta ").find_map(|tag| tag.starts_with("http-equiv=\"refresh\"").then(|| attribute(tag, "content")));
        let address = refresh.flatten().unwrap_or_else(|| panic!("it leads nowhere: {}", self.body));
        let address = address.strip_prefix("0;url=").unwrap_or_else(|| panic!("it leads on to {address}")).to_owned();
        let main = self.body.split("<main ").nth(1).unwrap().split("</main>").next().unwrap();
        let links: Vec<_> = main.split("<a ").skip(1).map(|tag| attribute(tag, "href").unwrap()).collect();
        assert_eq!(links, [address.as_str()]);
        address
    }
}

fn inputs(form: &str) -> Vec<(String, String)> {
    let tags = form.split("<input ").skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    let sent = tags.filter(|tag| attribute(tag, "type").as_deref() != Some("radio") || tag.contains(" checked"));
    sent.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next().unwrap_or_default();
    let start = if tag.starts_with(&format!("{name}=\"")) { 0 } else { tag.find(&format!(" {name}=\""))? + 1 };
    let value = &tag[start + name.len() + 2..];
    let value = value.split('"').next().unwrap_or_default();
    Some(value.replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">"))
}
