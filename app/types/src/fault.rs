//! Why what was typed into a field was not taken.

use serde::{Deserialize, Serialize};

macro_rules! faults {
    ($($name:ident = $word:literal $says:literal;)*) => {
        /// Why a typed text was not taken: the catalogue has the sentence for people, programs get the word in `errors`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Fault { $(#[doc = $says] #[serde(rename = $word)] $name,)* }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word as sent.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// When it is sent.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }
        }
    };
}

faults! {
    Required           = "required"             "Nothing was typed where something is needed.";
    TooLong            = "too_long"             "More characters than the field takes.";
    TooShort           = "too_short"            "Fewer characters than the field takes.";
    NotAnAddress       = "not_an_address"       "Not `name@domain`.";
    NotANumber         = "not_a_number"         "Not a whole number.";
    OutOfRange         = "out_of_range"         "A number outside the range the field takes.";
    NotAChoice         = "not_a_choice"         "None of the choices offered.";
    Reserved           = "reserved"             "A word that addresses need for something else.";
    Taken              = "taken"                "Somebody else has it.";
    FileTooLarge       = "file_too_large"       "A file of more bytes than the field takes.";
    NotAPicture        = "not_a_picture"        "A file that is no picture of a kind the field takes, or not a whole one.";
    TooManyPixels      = "too_many_pixels"      "A picture of more pixels than the field takes.";
    BadCharacters      = "bad_characters"       "Characters the field does not take.";
    NotAVatNumber      = "not_a_vat_number"     "Not how the country it begins with writes VAT numbers.";
    NotACode           = "not_a_code"           "Not six digits.";
    WrongCode          = "wrong_code"           "The code is wrong; another try is left.";
    NoTriesLeft        = "no_tries_left"        "The code has had its tries; a new one is needed.";
    ExpiredCode        = "expired_code"         "The code is older than ten minutes.";
    UsedCode           = "used_code"            "The code was used.";
    NotAnAppCode       = "not_an_app_code"      "Not six digits, where an app shows them.";
    WrongAppCode       = "wrong_app_code"       "Not the code that the person's app shows.";
    SpentAppCode       = "spent_app_code"       "The app's code was taken once; the next one counts.";
    NotARecoveryCode   = "not_a_recovery_code"  "Not written like a recovery code.";
    WrongRecoveryCode  = "wrong_recovery_code"  "None of the person's recovery codes, or one that was used.";
    StartOver          = "start_over"           "The second step has had its tries; the sign-in begins anew.";
    WrongPassword      = "wrong_password"       "The address and the password do not fit together.";
    NotThePassword     = "not_the_password"     "Not the person's password.";
    PasskeyCancelled   = "passkey_cancelled"    "The person or the browser used no passkey, or not in time.";
    PasskeyFailed      = "passkey_failed"       "What the passkey signed does not hold.";
    PasskeyExpired     = "passkey_expired"      "What the passkey was asked for is too old, was answered, or was asked in another browser.";
    PasskeyUnverified  = "passkey_unverified"   "The device did not find out who uses it.";
    PasskeyUnknown     = "passkey_unknown"      "Nobody has the passkey, or not any more.";
    PasskeyOfAnother   = "passkey_of_another"   "The passkey is somebody else's.";
    PasskeyCopied      = "passkey_copied"       "The passkey's counter went back: there may be two of it.";
    PasskeyKnown       = "passkey_known"        "Somebody has the passkey already.";
    TooManyPasskeys    = "too_many_passkeys"    "As many passkeys as a person may have.";
    NotTheName         = "not_the_name"         "Not the name of what this is about.";
    NotOwnAddress      = "not_own_address"      "Not the person's own address.";
    NotConfirmed       = "not_confirmed"        "Something else belongs to it by now than was confirmed.";
    CommonPassword     = "common_password"      "A password that many people have.";
    TooManyAddresses   = "too_many_addresses"   "More addresses than one list takes.";
    Twice              = "twice"                "The address stands in the list twice.";
    AlreadyMember      = "already_member"       "The person belongs to the workspace.";
    AlreadyInvited     = "already_invited"      "An invitation to the address waits.";
    NoSeat             = "no_seat"              "No seat is left for the address.";
    TooManyInvitations = "too_many_invitations" "Too many invitations were sent, by this person, this workspace or to this address.";
    NameTaken          = "name_taken"           "Something else has this name.";
    NotADay            = "not_a_day"            "Not a day, `2026-11-20`.";
    EndsTooEarly       = "ends_too_early"       "A span of days that ends before it begins.";
    Nobody             = "nobody"               "No name in the log begins so.";
    Several            = "several"              "Several names in the log begin so.";
    OwnAddress         = "own_address"          "The address the person has.";
}
