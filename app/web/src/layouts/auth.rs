use keel_text::{Lang, fill};
use leptos::prelude::*;

use super::{
    Frame,
    accounts::Accounts,
    document::{Document, Home, MAIN},
    languages::Languages,
};
use crate::ui::{Button, Flash, Form, Maybe, Spoken, Text, Weight};

/// One card with one thing to do: signing up and in, paying, the first steps.
#[component]
pub fn Auth(
    lang: Lang,
    /// The heading, also the document's title.
    #[prop(into)]
    title: Text,
    /// What happens next, in a sentence.
    #[prop(into, optional)]
    next: Maybe,
    /// For search engines, on the pages they may list.
    #[prop(into, optional)]
    description: Maybe,
    /// The page that follows by itself, as [`Document`] takes it.
    #[prop(into, optional)]
    refresh: Maybe,
    /// What the last action said.
    #[prop(optional_no_strip)]
    flash: Option<Spoken>,
    /// What surrounds a person signed in, on the pages where one is: shown above are their account and the way out.
    #[prop(optional_no_strip)]
    frame: Option<Frame>,
    /// Room for a summary beside its form.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    let text = &lang.catalogue().navigation;
    let person = frame.map(|frame| {
        let user = frame.user.clone();
        // Where there is one account there is nothing to say about it.
        let accounts = frame.create_workspace.is_some().then(|| view! { <Accounts frame/> });
        view! {
            {accounts}
            <div class="auth-user">
                <span>{fill(text.user, &[("email", &user.email)])}</span>
                <Form action=user.sign_out_action class=""><Button label=text.sign_out weight=Weight::Quiet/></Form>
            </div>
        }
    });
    view! {
        <Document lang title=title.clone() description refresh>
            <div class="auth">
                <header class="auth-header"><Home lang/>{person}</header>
                <main class=if wide { "auth-main auth-wide" } else { "auth-main" } id=MAIN tabindex="-1">
                    {flash.map(|spoken| view! { <Flash spoken/> })}
                    <h1>{title}</h1>
                    {next.0.map(|text| view! { <p class="lead">{text}</p> })}
                    {children()}
                </main>
                <footer class="auth-footer"><Languages/></footer>
            </div>
        </Document>
    }
}
