use keel_text::Lang;
use leptos::prelude::*;

use crate::pages::languages::choose;
use crate::reading::Reading;
use crate::ui::{Button, Form, Weight};

/// The choice of a language, which leads back to the same page. Each is called by its own name.
#[component]
pub(super) fn Languages() -> impl IntoView {
    let reading = Reading::now();
    let text = &reading.text().common;
    let option = |lang: &Lang| view! { <option value=lang.tag() lang=lang.tag() selected={*lang == reading.lang}>{lang.name()}</option> };
    let options = Lang::ALL.iter().map(option).collect_view();
    view! {
        <Form action=choose::at(&reading.here) class="languages">
            <label for="languages">{text.language}</label>
            <select class="input" id="languages" name="language">{options}</select>
            <Button label=text.change_language weight=Weight::Quiet/>
        </Form>
    }
}
