//! Choosing: radio groups as cards, for choices with consequences, or in a row, for switching a view; groups of checkboxes;
//! and the switch, for one thing that is on or off.

use leptos::prelude::*;

use super::{
    Maybe, Text,
    fields::{described_by, error_line, hint_line},
};

/// One choice of a group.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// What is sent when it is chosen.
    pub value: String,
    pub label: Text,
    /// What happens then, in a sentence.
    pub hint: Maybe,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<Text>, hint: impl Into<Maybe>) -> Self {
        Self { value: value.into(), label: label.into(), hint: hint.into() }
    }
}

/// A radio group; the legend is its name.
#[component]
pub fn RadioCards(
    /// The name the choice is sent under; the first choice has it as id.
    name: &'static str,
    #[prop(into)] legend: Text,
    choices: Vec<Choice>,
    /// The value chosen now; none is chosen if it is none of them.
    #[prop(into, optional)]
    value: Maybe,
    #[prop(into, optional)] error: Maybe,
    #[prop(into, optional)] hint: Maybe,
    /// In one row instead of cards.
    #[prop(optional)]
    row: bool,
) -> impl IntoView {
    let described = described_by(name, &hint, &error);
    let choices = choices
        .into_iter()
        .enumerate()
        .map(|(i, choice)| {
            let id = if i == 0 { name.to_owned() } else { format!("{name}-{}", choice.value) };
            let checked = value.0.as_deref() == Some(choice.value.as_str());
            let hint_id = choice.hint.0.is_some().then(|| format!("{name}-{}-hint", choice.value));
            let hint = choice.hint.0.map(|text| view! { <span class="choice-hint" id=hint_id.clone()>{text}</span> });
            view! {
                <div class="choice">
                    <input type="radio" id=id.clone() name=name value=choice.value checked=checked aria-describedby=hint_id/>
                    <label class="choice-label" for=id>{choice.label}</label>
                    {hint}
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset role="radiogroup" class=if row { "choices choices-row" } else { "choices" } aria-describedby=described>
            <legend>{legend}</legend>
            {hint_line(name, hint)}
            {error_line(name, error)}
            <div class="choices-list">{choices}</div>
        </fieldset>
    }
}

/// A group of checkboxes; the legend is its name. Each choice has an id of its own: `{name}-{value}`.
#[component]
pub fn Checkboxes(
    /// The name every choice is sent under; the first one has it as id.
    name: &'static str,
    #[prop(into)] legend: Text,
    choices: Vec<Choice>,
    /// The values checked now.
    #[prop(default = Vec::new())]
    values: Vec<String>,
    #[prop(into, optional)] error: Maybe,
    #[prop(into, optional)] hint: Maybe,
) -> impl IntoView {
    let described = described_by(name, &hint, &error);
    let choices = choices
        .into_iter()
        .enumerate()
        .map(|(i, choice)| {
            let id = if i == 0 { name.to_owned() } else { format!("{name}-{}", choice.value) };
            let checked = values.contains(&choice.value);
            view! { <CheckLine id name value=choice.value checked label=choice.label hint=choice.hint/> }
        })
        .collect_view();
    view! {
        <fieldset class="choices" aria-describedby=described>
            <legend>{legend}</legend>
            {hint_line(name, hint)}
            {error_line(name, error)}
            <div class="checks">{choices}</div>
        </fieldset>
    }
}

/// One thing that is on or off, sent as `{name}=on` while it is on. It changes nothing before its form is sent.
#[component]
pub fn Switch(
    /// The name it is sent under, also its id.
    name: &'static str,
    #[prop(into)] label: Text,
    #[prop(optional)] on: bool,
    /// What it means when it is on.
    #[prop(into, optional)]
    hint: Maybe,
    /// Shown, but not to be changed.
    #[prop(optional)]
    locked: bool,
) -> impl IntoView {
    view! { <CheckLine id=name.to_owned() name value="on".to_owned() checked=on label hint switch=true locked/> }
}

/// A checkbox with its label, and with what it means below.
#[component]
fn CheckLine(
    id: String,
    name: &'static str,
    value: String,
    checked: bool,
    label: Text,
    hint: Maybe,
    #[prop(optional)] switch: bool,
    #[prop(optional)] locked: bool,
) -> impl IntoView {
    let hint_id = hint.0.is_some().then(|| format!("{id}-means"));
    let hint = hint.0.map(|text| view! { <span class="check-hint" id=hint_id.clone()>{text}</span> });
    view! {
        <div class=if switch { "check check-switch" } else { "check" }>
            <input
                type="checkbox" role=switch.then_some("switch") id=id.clone() name=name value=value checked=checked
                disabled=locked aria-describedby=hint_id
            />
            <label class="check-label" for=id>{label}</label>
            {hint}
        </div>
    }
}
