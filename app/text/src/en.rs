//! English: the texts every other language is translated from, in the order a customer meets them.
//!
//! Words: plain, short, second person; say what happened and what to do; buttons are verbs.
//! `{placeholders}` are filled by [`fill`](crate::fill) and written in snake case.

use crate::catalogue::catalogue;
use crate::format::Conventions;

const CONVENTIONS: Conventions = Conventions {
    decimal: '.',
    group: ',',
    grouped_from: 4,
    money: "{sign}{symbol}{number}",
    date: "{day} {month} {year}",
    first: "1",
    months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
};

catalogue! { EN =

// ── Everywhere ──────────────────────────────────────────────────────────────────────────────

common: Common {
    product: "Keel",
    page_title: "{title} · Keel",
    skip: "Skip to content",
    home: "Keel, home",
    seats_used: "{used} of {limit} seats used",
    seats_used_unlimited: "{used} {used:seat|seats} used, no limit",
    language: "Language",
    change_language: "Change",
}

navigation: Navigation {
    site: "Site",
    pricing: "Pricing",
    see_pricing: "See pricing",
    sign_in: "Sign in",
    sign_up: "Create your account",
    dashboard: "Go to your dashboard",
    terms: "Terms",
    privacy: "Privacy",
    legal: "Legal",
    menu: "Menu",
    sections: "Sections",
    account: "Account: {name}",
    accounts: "Your accounts",
    current_account: "Current",
    account_note: "{plan} · {role}",
    no_plan: "No plan",
    personal: "Personal",
    create_workspace: "Create workspace",
    user: "Signed in as {email}",
    your_account: "Your account",
    sign_out: "Sign out",
    overview: "Overview",
    home: "Home",
    billing: "Billing",
    members: "Members",
    settings: "Settings",
}

// ── Before signing in ───────────────────────────────────────────────────────────────────────

home: Home {
    title: "Your product, on an even keel",
    description: "Sign-up, workspaces, plans, payments and credits for a software business, in place from the first minute.",
    promise: "Your product, on an even keel",
    lead: "Sign-up, workspaces, plans, payments and credits are in place from the first minute. You build the part only you can build.",
    picture: "The overview of a workspace in Keel: its members, its plan and its credits.",
    reasons: "Why start here",
    path: "One path to a paying customer",
    path_text: "A visitor picks a plan, signs up by e-mail, pays, and stands in their workspace with the plan and the credits there.",
    door: "One check for every page",
    door_text: "Who may do what is one table. Every page and every action asks it, and nothing reaches the data without it.",
    own: "Small enough to own",
    own_text: "One program and one database, SQLite or PostgreSQL. Pages are plain HTML and work without scripts.",
    teaser: "Start free, pay when it works for you",
    teaser_text: "Every plan comes with monthly credits. Change or cancel whenever you like.",
}

pricing: Pricing {
    title: "Pricing",
    description: "Plans and prices, by month or by year.",
    lead: "Pick the plan that fits today. You can change it later.",
    period: "Billing period",
    monthly: "Monthly",
    yearly: "Yearly",
    saving: "{months} {months:month|months} free",
    free: "no card needed",
    per_month: "per month",
    per_year: "per year",
    per_seat_month: "per seat, per month",
    per_seat_year: "per seat, per year",
    credits: "{credits} {credits:credit|credits} a month",
    credits_per_seat: "{credits} {credits:credit|credits} per seat a month",
    seats: "Up to {seats} {seats:seat|seats}",
    seats_flexible: "As many seats as you pay for, up to {seats}",
    trial: "{days} {days:day|days} free to try",
    choose: "Choose {plan}",
    by_arrangement: "By arrangement",
    contact: "Contact us",
    licences: "Licences are sold by arrangement. Write to us what you need, and you get an offer.",
    taxes: "Prices are without tax. The payment page shows what is added where you live.",
}

/// Said of an amount, see [`Catalogue::price`].
price: Price {
    month: "{amount} per month",
    year: "{amount} per year",
    seat_month: "{amount} per seat, per month",
    seat_year: "{amount} per seat, per year",
    nothing: "Free",
}

sign_up: SignUp {
    title: "Create your account",
    next: "With a password or without one. Either way we e-mail you a link and a code.",
    next_with_plan: "With a password or without one. Then you go on with {plan}.",
    email: "Email",
    password: "Password",
    password_hint: "At least {least} characters",
    by_password: "Create account",
    by_mail: "Email me a sign-in link",
    have_account: "Already have an account?",
    sign_in: "Sign in",
}

sign_in: SignIn {
    title: "Sign in",
    next: "With your password, or with a link and a code that we e-mail you.",
    next_with_plan: "With your password, or by e-mail. Then you go on with {plan}.",
    email: "Email",
    password: "Password",
    by_password: "Sign in",
    by_mail: "Email me a sign-in link",
    forgot: "Forgot your password?",
    no_account: "New here?",
    sign_up: "Create your account",
}

verify: Verify {
    title: "Check your email",
    next: "We sent a link and a six-digit code to {email}. Open the link or type the code here within {minutes} minutes.",
    code: "Code",
    code_hint: "Six digits from the e-mail",
    submit: "Verify",
    again: "Send again",
    again_hint: "Nothing there? Look in the spam folder, or send it again after {seconds} seconds.",
    other_address: "Use another address",
    mailbox: "Open the mailbox of this development server",
    nothing: "Nothing is waiting",
    nothing_text: "The sign-in you asked for was used, ran out, or was made in another browser. Ask for a new link.",
    new_request: "Ask for a new link",
}

confirm_link: ConfirmLink {
    title: "Confirm sign-in",
    next: "One more click, so that programs which open links in e-mails cannot sign in for you.",
    submit: "Sign in as {email}",
    switches: "You are signed in as {email} now. This ends that session.",
    password_elsewhere: "The password typed at sign-up counts only in the browser where it was typed. Here you are signed in without it.",
}

forgot_password: ForgotPassword {
    title: "Reset your password",
    next: "We e-mail you a link that lets you choose a new one. It works once, for {minutes} minutes.",
    email: "Email",
    submit: "Email me a reset link",
    remembered: "Remembered it?",
    sign_in: "Sign in",
}

reset_password: ResetPassword {
    title: "Choose a new password",
    next: "For {email}. It ends every other session, and signs you in here.",
    password: "New password",
    password_hint: "At least {least} characters",
    submit: "Save password",
}

// ── Paying ──────────────────────────────────────────────────────────────────────────────────

checkout: Checkout {
    title: "Checkout",
    next: "You pay on a page of our payment provider. We never see your card.",
    next_free: "Nothing to pay and no card to show. You can move to another plan whenever you like.",
    summary: "What you get",
    plan: "Plan",
    price: "Price",
    interval: "Billing period",
    monthly: "Monthly",
    yearly: "Yearly",
    account: "For",
    credits: "Credits",
    credits_monthly: "{credits} a month",
    seats: "Seats",
    seats_hint: "From {least} to {most}. You pay for each, and each brings its own credits.",
    start: "Start",
    pay_now: "Pay now",
    pay_now_text: "The plan and its credits start at once.",
    trial: "{days} {days:day|days} free",
    trial_text: "Your card is asked now and first charged on {date}, unless you cancel before.",
    submit: "Continue to payment",
    submit_free: "Start with Free",
    change_plan: "Change plan",
    total: "Today",
    total_trial: "Nothing, then {amount} on {date}",
    total_seats: "{amount} for {seats} {seats:seat|seats}",
    cancelled: "You came back without paying. Nothing was charged, and your choice is still here.",
    no_choice: "No plan is chosen yet",
    no_choice_text: "Choose one on the pricing page, then come back here to start it.",
    subscribed: "{account} is on {plan} already",
    subscribed_text: "One account has one plan. Its billing page shows the plan it has.",
    open_billing: "Open billing",
    owner_only: "Your role does not include choosing a plan",
    owner_only_text: "Whoever answers for the money of {account} can. Ask an owner.",
    open_dashboard: "Go to your dashboard",
    workspace_needed: "Plans belong to workspaces",
    workspace_needed_text: "You are in your personal account now. Choose the workspace this plan is for. Your choice is kept.",
    use_workspace: "Switch to {account}",
}

success: Success {
    paid: "Payment received",
    paid_text: "{account} is on {plan} now.",
    trial: "Your trial has started",
    trial_text: "{account} tries {plan} until {date}. Nothing was charged today.",
    free: "You're on Free",
    free_text: "{account} starts with {credits} credits each month.",
    pending: "Confirming your payment",
    pending_text: "This takes a few seconds. The page looks again by itself.",
    slow: "This is taking longer than usual. Nothing is lost: go on, and the plan appears as soon as the payment is confirmed.",
    failed: "Nothing was paid",
    failed_text: "The payment page was left, or it closed before you paid. Nothing was charged, and you can start again.",
    try_again: "Open the checkout",
    go_on: "Continue",
}

// ── The first steps ─────────────────────────────────────────────────────────────────────────

onboarding: Onboarding {
    title: "About you",
    next: "So that the people you work with know who you are.",
    first_name: "First name",
    last_name: "Last name",
    phone: "Phone",
    phone_hint: "Optional, with the country code",
    submit: "Continue",
    unfinished: "People here see your e-mail address until you tell them your name.",
    finish: "Finish your profile",
}

create_workspace: CreateWorkspace {
    title: "Create a workspace",
    next: "A workspace is where a team works and what a plan is paid for.",
    name: "Workspace name",
    name_hint: "Your company or team. You can change it later.",
    submit: "Create workspace",
    back: "Back to your dashboard",
}

invitation: Invitation {
    title: "Join {account}",
    next: "{inviter} invites you to work together in {account}.",
    role: "Your role",
    inviter: "Invited by",
    address: "For",
    expires: "Good until",
    accept: "Accept invitation",
    decline: "Decline",
    declining: "Declining is final. {inviter} is told.",
    new_here: "To join you need an account with the address {email}. Creating one takes a minute.",
    have_account: "Already have an account?",
    sign_in: "Sign in",
    wrong_address: "This invitation is for {invited}",
    wrong_address_text: "You are signed in as {email}. Nothing was joined. Sign out to go on as {invited}; you come back to this page.",
    switch: "Switch account",
    expired: "This invitation has run out",
    expired_text: "It was good for seven days. Ask the person who invited you to send it again.",
    used: "This invitation was answered",
    used_text: "An invitation works once. If you joined with it, your dashboard is where to go on.",
    revoked: "This invitation was withdrawn",
    revoked_text: "The person who invited you took it back, or may not invite any more. Ask them, or an owner, for another one.",
    not_found_text: "There is no invitation behind this link. If you were sent several, the newest e-mail has the one that works.",
    waiting: "{inviter} invites you to {account}",
    waiting_text: "Open the link in the e-mail you were sent to join, instead of making a workspace of your own.",
}

// ── Dashboards ──────────────────────────────────────────────────────────────────────────────

overview: Overview {
    title: "Overview",
    lead: "{account} at a glance.",
    members: "Members",
    plan: "Plan",
    see_billing: "See billing",
    credits: "Credits",
    credits_left: "left to use",
    no_plan: "No plan",
    no_plan_text: "A plan brings seats and monthly credits.",
    choose_plan: "Choose a plan",
    activity: "Recent activity",
    no_activity: "Nothing has happened yet",
    no_activity_text: "What people do in {account} appears here.",
    invite: "Invite people",
    unseen_activity: "Only people who may read the audit log see what happens here.",
}

private_dashboard: PrivateDashboard {
    title: "Welcome, {name}",
    title_nameless: "Welcome",
    lead: "What is yours in {account}.",
    lead_personal: "Your personal account.",
    subscription: "Subscription",
    credits: "Credits",
    credits_left: "left to use",
    quick_actions: "Quick actions",
    activity: "Recent activity",
    projects: "My projects",
    people: "People",
    upgrade: "Upgrade plan",
    choose_plan: "Choose a plan",
    no_plan: "No plan",
    no_plan_text: "A plan brings monthly credits.",
    ask_owner: "An owner of {account} can choose a plan.",
    see_billing: "See billing",
    open_overview: "Open the overview",
    compare_plans: "Compare plans",
    edit_profile: "Change your name",
    no_activity: "Nothing has happened yet",
    no_activity_text: "What you do appears here.",
    no_projects: "No projects yet",
    no_projects_text: "Projects you work on appear here.",
    only_you: "Nobody else is here yet.",
    yours_alone: "This account is yours alone.",
    personal: "This is your personal account",
    personal_text: "Work and billing live in workspaces. Open one of yours:",
    open_workspace: "Open {account}",
}

/// What the roles are called that are there from the start, see [`Catalogue::role`].
role_name: RoleName {
    owner: "Owner",
    admin: "Admin",
    member: "Member",
    viewer: "Viewer",
}

/// What was done, see [`Catalogue::activity`].
activity: Activity {
    auth_signed_in: "Signed in",
    auth_failed: "Sign-in failed",
    auth_signed_out: "Signed out",
    user_password_changed: "Password changed",
    checkout_started: "Checkout opened",
    subscription_started: "Plan started",
    subscription_changed: "Plan updated",
    subscription_canceled: "Plan ended",
    payment_failed: "Payment failed",
    workspace_created: "Workspace created",
    member_role_changed: "Role changed",
    member_removed: "Member removed",
    member_left: "Left the workspace",
    invitation_created: "Invitation sent",
    invitation_resent: "Invitation sent again",
    invitation_revoked: "Invitation withdrawn",
    invitation_accepted: "Invitation accepted",
    invitation_declined: "Invitation declined",
}

/// Who acted when it was no person, see [`Catalogue::actor`].
actor: Actor {
    stripe: "Payment provider",
    bootstrap: "Keel",
    nobody: "Somebody",
}

/// The pages of a person's own settings.
own_settings: OwnSettings {
    pages: "Your settings",
    profile: "Profile",
    security: "Security",
    notifications: "Notifications",
    data: "Your data",
}

profile: Profile {
    title: "Profile",
    lead: "Who you are to the people you work with, and how Keel speaks to you.",
    about: "About you",
    job_title: "Title",
    job_title_hint: "What you do, such as Head of Sales",
    vat_number: "VAT number",
    vat_number_hint: "With the country code, such as DE123456789",
    language: "Language",
    language_hint: "Of pages and e-mails",
    language_of_browser: "As the browser asks for",
    time_zone: "Time zone",
    time_zone_hint: "Days and times are written in it",
    time_zone_of_browser: "As on this device",
    submit: "Save",
    workspaces: "Workspaces",
    workspace: "Workspace",
    actions: "Actions",
    no_workspaces: "You belong to no workspace",
    no_workspaces_text: "Workspaces that you make or join are listed here, each with your role.",
    leave_last_owner: "You are the only owner of {account}",
    leave_last_owner_text: "A workspace needs an owner. Give somebody else the role of an owner, then you can leave.",
    leave_billing_owner: "You answer for the bills of {account}",
    leave_billing_owner_text: "Hand over billing to another owner first, then you can leave.",
    open_members: "Open members",
}

notifications: Notifications {
    title: "Notifications",
    lead: "Which e-mails you get at {email}.",
    always: "Always sent",
    security: "Security",
    security_hint: "Sign-ins, passwords, and what becomes of your own access",
    billing: "Billing",
    billing_hint: "Payments and plans, for whoever answers for them",
    optional: "As you like",
    members: "Members",
    members_hint: "Who accepts or declines your invitations",
    projects: "Projects",
    projects_hint: "What happens in projects you work on",
    credits: "Credits",
    credits_hint: "When credits run low",
    product: "Product news",
    product_hint: "What is new, a few times a year",
    submit: "Save",
}

unsubscribe: Unsubscribe {
    title: "Unsubscribe",
    next: "You get no more e-mails of this kind: {kind}.",
    submit: "Unsubscribe",
    done: "You are unsubscribed",
    done_text: "You get no more e-mails of this kind: {kind}. In your settings you can turn them on again.",
    settings: "Open your settings",
}

members: Members {
    title: "Members",
    lead: "Who belongs to {account}, and in which role.",
    seats: "Seats",
    find: "Find people",
    people: "People",
    search: "Search",
    search_hint: "How a name or an email address begins",
    show: "Show",
    everybody: "Everybody",
    submit: "Search",
    role: "Role",
    name: "Name",
    email: "Email",
    joined: "Joined",
    last_active: "Last active",
    never: "Not yet",
    you: "You",
    billing_owner: "Billing owner",
    pages: "Pages of members",
    first: "First page",
    next: "Next page",
    nobody: "Nobody like this is here",
    nobody_text: "Names and addresses are looked for by how they begin. Shorten it, or choose another role.",
    show_all: "Show everybody",
    only_you: "Only you are here so far",
    only_you_text: "Invite the people you work with. Each takes a seat, and you choose what they may do.",
}

member: Member {
    all: "All members",
    details: "Details",
    change_role: "Change role",
    role_hint: "It counts from their next click on.",
    above_you: "Your role does not include changing this one. An owner of {account} can.",
    remove: "Remove from workspace",
    remove_title: "Remove {name} from {account}?",
    remove_text: "{name} cannot open {account} from the next click on. What they did there keeps their name.",
    leave: "Leave workspace",
    leave_title: "Leave {account}?",
    leave_text: "You cannot open {account} any more, unless somebody invites you again. What you did there keeps your name.",
    cancel: "Cancel",
}

invite: Invite {
    title: "Invite members",
    lead: "Who joins {account}, and as what.",
    form: "New invitations",
    emails: "Email addresses",
    emails_hint: "Up to {most}, parted by commas, spaces or lines. Names around them are fine.",
    emails_error: "Not every address could be invited. The list above says why.",
    role: "Role",
    role_hint: "Only roles whose permissions you have yourself.",
    submit: "Send invitations",
    sent: "{count} {count:invitation was|invitations were} sent.",
    seats: "Seats",
    full: "Every seat is taken",
    full_text: "Withdraw an invitation or take a larger plan to invite more people.",
    see_billing: "See billing",
    pending: "Pending invitations",
    email: "Email",
    invited_by: "Invited by",
    expires: "Good until",
    expired: "Ran out",
    actions: "Actions",
    resend: "Resend",
    revoke: "Revoke",
    none: "Nobody is waiting to join",
    none_text: "People you invite stand here until they answer.",
}

billing: Billing {
    title: "Billing",
    lead: "The plan, the credits and the payments of {account}.",
    lead_personal: "The plan, the credits and the payments of your personal account.",
    current_plan: "Current plan",
    no_plan: "No plan yet",
    no_plan_text: "Choose a plan to get monthly credits.",
    choose_plan: "Choose a plan",
    price: "Price",
    status: "Status",
    seats: "Seats",
    renews: "Renews on {date}",
    ends: "Ends on {date}",
    trial_ends: "Trial until {date}",
    credits: "Credits",
    credits_left: "left to use",
    transactions: "Credit transactions",
    date: "Date",
    kind: "Type",
    amount: "Amount",
    balance: "Balance",
    description: "Description",
    balances: "The balance after each transaction, as in the table below",
    balance_after: "left after {kind}, {date}",
    no_transactions: "No credit has moved yet",
    no_transactions_text: "Credits you get and use are listed here, each with the balance after it.",
    payments: "Recent payments",
    no_payments: "No payments yet",
    no_payments_text: "What was paid is listed here, newest first.",
    owner: "Billing owner",
    owner_text: "Receives the bills and answers for them.",
    ask_owner: "An owner of {account} can choose a plan.",
}

subscription_status: SubscriptionStatus {
    active: "Active",
    trialing: "Trial",
    past_due: "Past due",
    unpaid: "Unpaid",
    incomplete: "Waiting for payment",
    incomplete_expired: "Expired",
    paused: "Paused",
    canceled: "Ended",
    free: "Free",
}

ledger_kind: LedgerKind {
    ai_request: "AI request",
    subscription: "Subscription",
    trial: "Trial",
    free_plan: "Free plan",
    plan_change: "Plan change",
    credit_pack: "Credit pack",
    licence: "Licence",
    adjustment: "Adjustment",
    expiry: "Expiry",
    refund: "Refund",
    dispute: "Dispute",
}

payment_status: PaymentStatus {
    paid: "Paid",
    pending: "Pending",
    failed: "Failed",
    refunded: "Refunded",
    disputed: "Disputed",
}

// ── Messages ────────────────────────────────────────────────────────────────────────────────

flash: Flash {
    signed_out: "You are signed out.",
    link_sent: "A new link and code are on their way.",
    reset_sent: "A mail is on its way. If it does not arrive, look in the spam folder.",
    password_saved: "Your new password is saved.",
    profile_saved: "Your profile is saved.",
    notifications_saved: "Your choice is saved.",
    workspace_created: "Your workspace is ready.",
    account_switched: "You switched accounts.",
    role_changed: "The role is changed.",
    member_removed: "They are no longer in this workspace.",
    workspace_left: "You left the workspace.",
    invitations_sent: "The invitations are on their way.",
    invitation_resent: "A new link is on its way. The earlier one works no more.",
    invitation_revoked: "The invitation is withdrawn. Its link works no more.",
    invitation_accepted: "You are in. This is your workspace now, too.",
    invitation_needless: "You belong to this workspace already. Your role stays as it was.",
    invitation_declined: "You declined the invitation. Whoever sent it is told.",
}

form: Form {
    problem: "There is a problem",
    field: "{label}: {error}",
}

/// Said at a field, see [`Catalogue::fault`].
fields: Fields {
    required: "Fill this in.",
    not_an_address: "Type an e-mail address, such as name@example.com.",
    too_short: "This is too short.",
    too_long: "This is too long.",
    out_of_range: "This number is outside what is allowed.",
    not_a_number: "Type a whole number.",
    not_a_code: "Type the six digits from the e-mail.",
    not_a_choice: "Choose one of these.",
    not_a_vat_number: "A VAT number of this country looks different. Compare it with an invoice of yours.",
    bad_characters: "This contains characters that do not belong here.",
    wrong_code: "This is not the code from the newest e-mail. Try again.",
    no_tries_left: "That was the last try for this code. Send a new one.",
    expired_code: "This code is older than ten minutes. Send a new one.",
    used_code: "This code was used already. Send a new one.",
    wrong_password: "The address and this password do not belong together. Try again, or sign in with a link.",
    too_many_addresses: "This is more than 50 addresses. Send them in several goes.",
    twice: "This address stands in the list twice. One invitation is enough.",
    already_member: "This person belongs to the workspace already.",
    already_invited: "An invitation is waiting for an answer. Resend it below.",
    no_seat: "No seat is left for this one.",
    too_many_invitations: "Too many invitations were sent today. Try again tomorrow.",
    common_password: "Too many people use a password like this. Choose a rarer one, such as a few words in a row.",
}

/// Said about a whole request, see [`Catalogue::code`].
problem: Problem {
    malformed: "This request could not be read. Open the page again and repeat it there.",
    invalid: "Some of it needs another look. What you typed is still there.",
    sign_in_required: "Sign in first.",
    step_up_required: "Confirm that it is you first.",
    workspace_required: "A plan is bought for a workspace, not for a personal account. Choose a workspace first.",
    price_unknown: "This price is not on offer any more. Choose again.",
    insufficient_credits: "There are not enough credits left for this.",
    forbidden: "Your role does not allow this.",
    origin_required: "This request did not come from one of our pages. Open the page again and repeat it there.",
    not_found: "There is nothing here.",
    already_subscribed: "This account has a plan already. Change that plan instead of buying a second one.",
    last_owner: "A workspace needs an owner. Make somebody else an owner first.",
    billing_owner: "The billing owner has to hand over billing first.",
    seat_limit_reached: "All seats are taken.",
    slug_taken: "This address is taken. Choose another one.",
    wrong_address: "This was meant for another e-mail address.",
    conflict: "Somebody changed this at the same moment. Look again and repeat it.",
    expired: "This ran out. Ask for a new one.",
    used: "This has already been used. Ask for a new one.",
    revoked: "This was withdrawn.",
    too_large: "This is more than one request may carry.",
    method_not_allowed: "This address does not take this kind of request.",
    unsupported_media: "This kind of request is not understood here.",
    too_many: "That was too often. Try again in {seconds} {seconds:second|seconds}.",
    payment_declined: "The payment was declined: {reason}",
    payment_unavailable: "The payment provider does not answer. Nothing was charged. Try again in a minute.",
    mail_unavailable: "The e-mail could not be sent. Try again in a minute.",
    unavailable: "We cannot do this right now. Try again in {seconds} {seconds:second|seconds}.",
    internal: "Something went wrong on our side. Nothing you did was lost.",
}

error_page: ErrorPage {
    not_found: "Not found",
    not_found_text: "There is no page at this address. It may have moved, or it belongs to an account you are not in.",
    forbidden: "You can't do this here",
    forbidden_text: "Your role in {account} does not include this.",
    your_role: "Your role",
    missing: "Missing permission",
    who_can_help: "Who can help",
    who_can_help_text: "An owner of {account} can do this, or give you a role that may.",
    failed: "That didn't work",
    reference: "Reference",
    reference_text: "Send it along if you ask for help.",
    retry: "Try again",
    sign_in: "Sign in",
    to_start: "Go to the start page",
    to_dashboard: "Go to your dashboard",
}

/// What a permission allows, see [`Catalogue::permission`].
permission: Permission {
    account_update: "Change the workspace's name, address and settings",
    account_delete: "Delete the workspace",
    billing_view: "See prices, payments and credits",
    billing_manage: "Choose and change the plan, and pay",
    members_view: "See who belongs to the workspace",
    members_invite: "Invite people",
    members_remove: "Remove people",
    members_update_role: "Change roles",
    members_transfer_ownership: "Hand over the workspace or its billing",
    api_keys_view: "See API keys",
    api_keys_create: "Create API keys",
    api_keys_delete: "Revoke API keys",
    ai_use: "Use AI chat and drafting",
    projects_view: "See projects",
    projects_create: "Create projects",
    projects_update: "Change projects",
    projects_delete: "Delete projects",
    legal_entity_view: "See the legal entity",
    legal_entity_manage: "Link, verify and unlink the legal entity",
    audit_view: "Read the audit log",
    audit_export: "Export the audit log",
    webhooks_view: "See webhook endpoints and deliveries",
    webhooks_manage: "Change and test webhook endpoints",
    analytics_view: "See how the workspace uses the product",
}

// ── Mail ────────────────────────────────────────────────────────────────────────────────────

mail: Mail {
    reason: "You get this message because somebody used {email} to sign in to Keel. If it was not you, ignore it: nothing happens without it.",
    sign_in_subject: "{code} is your code for Keel",
    sign_in_heading: "Sign in to Keel",
    sign_in_text: "Use this button to sign in. It works once, for {minutes} minutes.",
    sign_in_button: "Sign in to Keel",
    sign_in_link: "Open this address:",
    sign_in_code: "Or type this code where you asked for it:",
    sign_up_heading: "Confirm your address",
    sign_up_text: "Use this button to create your account at Keel. It works once, for {minutes} minutes.",
    sign_up_button: "Create your account",
    sign_up_again_heading: "You have an account already",
    sign_up_again_text: "Somebody typed your address and a password to create an account at Keel. There is one already: this button signs you in, once, within {minutes} minutes. In the browser where the password was typed, it replaces the one you had.",
    reset_subject: "Reset your password for Keel",
    reset_heading: "Choose a new password",
    reset_text: "Use this button to choose a new password for Keel. It works once, for {minutes} minutes.",
    reset_button: "Choose a new password",
    reset_link: "Open this address:",
    reset_reason: "You get this message because somebody asked for a new password for {email} at Keel. If it was not you, ignore it: nothing changes without it.",
    nobody_heading: "There is no account for this address",
    nobody_text: "Somebody asked for a new password for {email}, but nobody has signed up with this address. Try the other addresses you use, or create an account.",
    nobody_button: "Create your account",
    nobody_link: "Open this address to create an account:",
    changed_subject: "Your password for Keel was changed",
    changed_heading: "Your password was changed",
    changed_text: "The password of {email} at Keel is another one now, and every other session has ended. If it was not you, choose a new one at once and look after your mailbox.",
    changed_button: "Choose a new password",
    changed_link: "If it was not you, choose a new one here:",
    invitation_subject: "{inviter} invites you to {account}",
    invitation_heading: "Join {account}",
    invitation_text: "{inviter} invites you to work together in {account}, in the role {role}. The button leads to a page where you accept or decline. It works once, for {days} days.",
    invitation_button: "See the invitation",
    invitation_link: "Open this address:",
    invitation_reason: "You get this message because {inviter} invited {email} to a workspace at Keel. If you do not know them, ignore it: nothing happens without you.",
    joined_subject: "{name} joined {account}",
    joined_heading: "Your invitation was accepted",
    joined_text: "{name} belongs to {account} now, in the role {role}.",
    declined_subject: "{email} declined to join {account}",
    declined_heading: "Your invitation was declined",
    declined_text: "{email} does not want to join {account}. Their seat is free again.",
    answer_reason: "You get this message because you invited {email} to {account} at Keel.",
    changed_reason: "You get this message because it concerns the safety of your account.",
    role_changed_subject: "Your role in {account} is now {role}",
    role_changed_heading: "Your role changed",
    role_changed_text: "{by} changed your role in {account} from {before} to {role}. What you may see and do there is different from now on.",
    role_changed_button: "Open your dashboard",
    role_changed_link: "Open your dashboard:",
    removed_subject: "You are no longer in {account}",
    removed_heading: "You were removed from a workspace",
    removed_text: "{by} removed you from {account}. It does not open for you any more. What you did there keeps your name, and your other workspaces are as they were.",
    membership_reason: "You get this message because it concerns your place in {account}.",
    unsubscribe: "Stop e-mails of this kind:",
}

mailbox: Mailbox {
    title: "Mailbox",
    lead: "Mail this development server would have sent, newest first.",
    to: "To",
    empty: "No mail yet",
    empty_text: "Sign up, and the message appears here.",
}

components: Components {
    title: "Components",
    lead: "Every part that pages are made of, in its states. Development only; what is said here is borrowed from other pages.",
    close: "Close",
    copy: "Copy",
    copied: "Copied",
    language: "Language",
    newer: "Newer",
    older: "Older",
}

// ── Legal ───────────────────────────────────────────────────────────────────────────────────

terms: Terms {
    title: "Terms",
    description: "The terms of use of this service.",
    placeholder: "Not written yet",
    placeholder_text: "This page is for the company that runs this service to fill in. Until it does, there are no terms here to agree to.",
    should: "What belongs here",
    should_parties: "Who runs the service, and how to reach them.",
    should_service: "What the service does, and what it does not promise.",
    should_money: "How plans renew, how to cancel, and when money comes back.",
    should_law: "Which law applies, and what happens in a dispute.",
}

privacy: Privacy {
    title: "Privacy",
    description: "What this service keeps about you.",
    placeholder: "Not complete yet",
    placeholder_text: "The company that runs this service has to add who they are, why they keep data, and for how long. What the software itself does is below.",
    kept: "What is kept",
    kept_account: "Your e-mail address, and the name and phone number you type in.",
    kept_sessions: "When and from where you are signed in, so that you can end a session.",
    kept_payments: "What you bought, and what was paid. Card numbers stay with the payment provider.",
    cookies: "Cookies",
    cookie_session: "One keeps you signed in.",
    cookie_device: "One remembers for a year that this browser has signed in before, so that nobody can use up your tries.",
    cookie_choice: "One remembers the plan you chose, for 30 minutes.",
    cookie_language: "One remembers the language you chose, for a year.",
    cookie_flash: "One carries a message to the next page, for a minute.",
    no_tracking: "There are no cookies for advertising, and nothing is loaded from other companies.",
}

}
