//! Profiles: what people tell about themselves, and how they want to be spoken to. Nothing here gives or takes a right.
//! Tested in `tests/flows/profiles.rs`.

use crate::access::{Read, SignedIn, Visitor, Write};
use crate::people::{self, Introduction};
use crate::refusal::Result;
use crate::{args, sql};
use keel_text::Lang;
use keel_types::{JobTitle, TimeZone, VatNumber};

sql! {
    FIND_DETAILS = "SELECT job_title, phone, vat_number FROM user_profiles WHERE user_id = $1";
    SET_DETAILS = "UPDATE user_profiles SET job_title = $2, vat_number = $3, language = $4, time_zone = $5 WHERE user_id = $1";
    SET_LANGUAGE = "UPDATE user_profiles SET language = $2 WHERE user_id = $1";
}

/// What a person tells.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name, and the phone if told.
    pub introduction: Introduction,
    /// What they do.
    pub job_title: Option<JobTitle>,
    /// Their VAT number.
    pub vat_number: Option<VatNumber>,
    /// The language of pages and mails; without one the browser's.
    pub language: Option<Lang>,
    /// The zone times are written in; without one the browser's.
    pub time_zone: Option<TimeZone>,
}

/// What is told besides what every call knows of its caller.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct Details {
    /// What they do.
    pub job_title: Option<String>,
    /// Their phone.
    pub phone: Option<String>,
    /// Their VAT number.
    pub vat_number: Option<String>,
}

/// The caller's own.
pub async fn get(call: &mut Read<SignedIn>) -> Result<Details> {
    let user = call.proof().user.clone();
    Ok(call.conn().get(FIND_DETAILS, args![&user]).await?)
}

/// Keeps all of it; the profile is finished from now on.
pub async fn save(call: &mut Write<SignedIn>, profile: &Profile) -> Result<()> {
    let (user, now) = (call.proof().user.clone(), call.now());
    let tx = call.tx()?;
    people::keep_introduction(tx, &user, &profile.introduction, now).await?;
    let title = profile.job_title.as_ref().map(|title| title.as_str().to_owned());
    let vat_number = profile.vat_number.as_ref().map(|vat| vat.as_str().to_owned());
    let language = profile.language.map(|lang| lang.tag().to_owned());
    let time_zone = profile.time_zone.map(|zone| zone.as_str().to_owned());
    tx.run(SET_DETAILS, args![&user, title, vat_number, language, time_zone]).await?;
    Ok(())
}

/// Keeps the language of a person who is signed in. Of others only their browser knows it.
pub async fn keep_language(call: &mut Write<Visitor>, lang: Lang) -> Result<()> {
    if let Some(user) = call.caller().map(|caller| caller.user.clone()) {
        call.tx()?.run(SET_LANGUAGE, args![&user, lang.tag()]).await?;
    }
    Ok(())
}
