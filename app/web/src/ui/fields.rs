//! Fields with label, hint and error, and the summary of errors above a form.

use leptos::prelude::*;

use super::{Icon, IconOf, Maybe, Text};

/// What a field takes. It decides the keyboard, the browser's help and whether the value is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    Text,
    Email,
    Phone,
    Number,
    /// A one-time code of digits. Never filled from what was typed.
    Code,
    /// Never filled from what was typed.
    Password,
}

impl Kind {
    fn input_type(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "tel",
            Self::Password => "password",
            // A number field would drop what it cannot read; the server says what is wrong instead.
            Self::Text | Self::Number | Self::Code => "text",
        }
    }

    fn keyboard(self) -> Option<&'static str> {
        matches!(self, Self::Number | Self::Code).then_some("numeric")
    }

    fn class(self) -> &'static str {
        match self {
            Self::Code => "input input-code",
            Self::Number => "input input-number",
            _ => "input",
        }
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::Code | Self::Password)
    }
}

/// One field with its label; its id is its name.
#[component]
pub fn Field(
    /// The name it is sent under, also its id.
    name: &'static str,
    #[prop(into)] label: Text,
    /// What stands in it, as typed before or as known.
    #[prop(into, optional)]
    value: Maybe,
    /// What is wrong with it.
    #[prop(into, optional)]
    error: Maybe,
    /// What helps to fill it.
    #[prop(into, optional)]
    hint: Maybe,
    #[prop(optional)] kind: Kind,
    /// The token of the browser's own help: `email`, `given-name`, `one-time-code`, `off`.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// Characters it takes.
    #[prop(optional)]
    maxlength: Option<u16>,
    /// Whether it must be filled; said to assistive technology.
    #[prop(optional)]
    required: bool,
    /// Whether typing starts here when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// What could be typed, offered while typing.
    #[prop(default = Vec::new())]
    suggestions: Vec<String>,
) -> impl IntoView {
    let described = described_by(name, &hint, &error);
    let value = value.0.filter(|_| !kind.is_secret());
    let list = (!suggestions.is_empty()).then(|| format!("{name}-list"));
    let offered = list.clone().map(|id| {
        let options = suggestions.into_iter().map(|text| view! { <option value=text></option> }).collect_view();
        view! { <datalist id=id>{options}</datalist> }
    });
    view! {
        <div class="field">
            <label class="field-label" for=name>{label}</label>
            {hint_line(name, hint)}
            {error_line(name, error.clone())}
            <input
                class=kind.class()
                id=name
                name=name
                type=kind.input_type()
                inputmode=kind.keyboard()
                value=value
                autocomplete=autocomplete
                maxlength=maxlength.map(|n| n.to_string())
                required=required
                autofocus=autofocus
                spellcheck=(kind != Kind::Text).then_some("false")
                list=list
                aria-invalid=error.0.is_some().then_some("true")
                aria-describedby=described
            />
            {offered}
        </div>
    }
}

/// A field of several lines with its label; its id is its name.
#[component]
pub fn TextArea(
    /// The name it is sent under, also its id.
    name: &'static str,
    #[prop(into)] label: Text,
    /// What stands in it, as typed before.
    #[prop(into, optional)]
    value: Maybe,
    /// What is wrong with it.
    #[prop(into, optional)]
    error: Maybe,
    /// What helps to fill it.
    #[prop(into, optional)]
    hint: Maybe,
    /// Lines shown at first.
    #[prop(default = 4)]
    rows: u8,
    /// Whether it must be filled; said to assistive technology.
    #[prop(optional)]
    required: bool,
) -> impl IntoView {
    let described = described_by(name, &hint, &error);
    // Leptos writes what stands in a text area as it is. A browser drops the first line break, which is this one and not what
    // was typed.
    let value = format!("\n{}", value.0.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
    view! {
        <div class="field">
            <label class="field-label" for=name>{label}</label>
            {hint_line(name, hint)}
            {error_line(name, error.clone())}
            <textarea
                class="input"
                id=name
                name=name
                rows=rows.to_string()
                required=required
                autocomplete="off"
                spellcheck="false"
                aria-invalid=error.0.is_some().then_some("true")
                aria-describedby=described
            >
                {value}
            </textarea>
        </div>
    }
}

/// A field for one file; its id is its name. What was chosen is not there when the page is shown again: browsers forget it.
#[component]
pub fn FileField(
    /// The name it is sent under, also its id.
    name: &'static str,
    #[prop(into)] label: Text,
    /// What the browser offers to choose from: types, parted by commas. What is sent may be something else.
    accept: &'static str,
    /// What is wrong with it.
    #[prop(into, optional)]
    error: Maybe,
    /// What helps to fill it.
    #[prop(into, optional)]
    hint: Maybe,
) -> impl IntoView {
    let described = described_by(name, &hint, &error);
    view! {
        <div class="field">
            <label class="field-label" for=name>{label}</label>
            {hint_line(name, hint)}
            {error_line(name, error.clone())}
            <input
                class="input input-file"
                id=name
                name=name
                type="file"
                accept=accept
                aria-invalid=error.0.is_some().then_some("true")
                aria-describedby=described
            />
        </div>
    }
}

/// One choice out of a list.
#[component]
pub fn Select(
    /// The name it is sent under, also its id.
    name: &'static str,
    #[prop(into)] label: Text,
    /// Value and label of each choice.
    options: Vec<(String, Text)>,
    /// The value chosen now.
    #[prop(into, optional)]
    value: Maybe,
    #[prop(into, optional)] error: Maybe,
    #[prop(into, optional)] hint: Maybe,
) -> impl IntoView {
    let described = described_by(name, &hint, &error);
    let options = options
        .into_iter()
        .map(|(option, label)| {
            let selected = value.0.as_deref() == Some(option.as_str());
            view! { <option value=option selected=selected>{label}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="field-label" for=name>{label}</label>
            {hint_line(name, hint)}
            {error_line(name, error.clone())}
            <select class="input" id=name name=name aria-invalid=error.0.is_some().then_some("true") aria-describedby=described>
                {options}
            </select>
        </div>
    }
}

/// All errors of a form above it, each leading to its field. Nothing when there are none.
#[component]
pub fn ErrorSummary(
    #[prop(into)] title: Text,
    /// What is wrong with the request as a whole.
    #[prop(into, optional)]
    problem: Maybe,
    /// Field name and sentence, in the order of the fields.
    #[prop(default = Vec::new())]
    errors: Vec<(&'static str, Text)>,
) -> impl IntoView {
    if problem.0.is_none() && errors.is_empty() {
        return None;
    }
    let problem = problem.0.map(|text| view! { <p>{text}</p> });
    let list = (!errors.is_empty()).then(|| {
        let items = errors.into_iter().map(|(field, text)| view! { <li><a href=format!("#{field}")>{text}</a></li> }).collect_view();
        view! { <ul class="error-list">{items}</ul> }
    });
    // It has the focus when the page opens, so that keyboard and screen reader start at what is wrong.
    Some(view! {
        <div class="error-summary" role="alert" tabindex="-1" autofocus>
            <h2 class="error-title"><IconOf icon=Icon::Warning/>{title}</h2>
            {problem}
            {list}
        </div>
    })
}

pub(super) fn described_by(name: &str, hint: &Maybe, error: &Maybe) -> Option<String> {
    match (&hint.0, &error.0) {
        (None, None) => None,
        (Some(_), None) => Some(format!("{name}-hint")),
        (None, Some(_)) => Some(format!("{name}-error")),
        (Some(_), Some(_)) => Some(format!("{name}-error {name}-hint")),
    }
}

pub(super) fn hint_line(name: &str, hint: Maybe) -> impl IntoView + use<> {
    let id = format!("{name}-hint");
    hint.0.map(|text| view! { <p class="field-hint" id=id>{text}</p> })
}

pub(super) fn error_line(name: &str, error: Maybe) -> impl IntoView + use<> {
    let id = format!("{name}-error");
    error.0.map(|text| view! { <p class="field-error" id=id>{text}</p> })
}
