//! Radio groups: as cards, for choices with consequences, or in a row, for switching a view.

use leptos::prelude::*;

use super::{
    Maybe, Text,
    fields::{described_by, error_line, hint_line},
};

/// One choice of a radio group.
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
