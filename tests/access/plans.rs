//! How lists are read: by an index, and where they are long in its order, so that what they cost does not grow with the data.

use crate::both;
use crate::support::App;
use keel_domain::db::sql::registered;
use std::collections::BTreeSet;

/// How a list has to be read.
struct Plan {
    /// The file and the name of the statement.
    list: &'static str,
    /// What stands in the places of its arguments.
    values: &'static [&'static str],
    /// Indexes it uses, each by its name on one of the databases or on the other.
    indexes: &'static [&'static str],
    /// Whether it may sort what it has found, which is little.
    may_sort: bool,
}

const fn sorted(list: &'static str, values: &'static [&'static str], indexes: &'static [&'static str]) -> Plan {
    Plan { list, values, indexes, may_sort: false }
}

const fn short(list: &'static str, values: &'static [&'static str], indexes: &'static [&'static str]) -> Plan {
    Plan { list, values, indexes, may_sort: true }
}

// The tables that were made anew keep the names their indexes had then.
const LEDGER: &str = "kept_entries_account_id_number_key|sqlite_autoindex_credit_entries";
const MEMBERS: &str = "memberships_|sqlite_autoindex_memberships";
const CUSTOMER: &str = "stripe_customers_customer_id_key|sqlite_autoindex_stripe_customers";

/// Every list. One that is new needs a line; so do tables it reads in [`fill`].
const PLANS: &[Plan] = &[
    sorted("members/mod.rs LIST_BY_NAME", &["'acc_7'", "'person 7100'", "'mem_'", "51"], &["memberships_by_name"]),
    sorted("members/mod.rs LIST_OF_ROLE", &["'acc_7'", "'person 7100'", "'mem_'", "51", "'viewer'"], &["memberships_by_role"]),
    short(
        "members/mod.rs SEARCH",
        &["'acc_7'", "'person 7100'", "'mem_'", "51", "NULL", "'person 71'", "'person 72'"],
        &["memberships_by_name", "memberships_by_email"],
    ),
    sorted("members/changes.rs COUNT_OWNERS", &["'acc_7'", "'mem_1'"], &["memberships_by_role"]),
    short("members/mod.rs LIST_ROLES", &["'acc_7'"], &["roles_of_account"]),
    short("accounts/mod.rs LIST_MINE", &["'usr_00000000000000000000000000007100'", "TRUE"], &["memberships_of_user"]),
    sorted("providers/identities.rs LIST_IDENTITIES", &["'usr_00000000000000000000000000007100'"], &["identities_of_user"]),
    sorted("accounts/mod.rs LIST_PEOPLE", &["'acc_7'", "12"], &["memberships_by_age"]),
    sorted("invitations/listing.rs LIST_PENDING", &["'acc_7'"], &["invitations_of_account|invitations_by_state"]),
    short("invitations/listing.rs LIST_WAITING", &["'p70@new.example'", "0"], &["invitations_to_address"]),
    short(
        "sign_in/own_sessions.rs LIST_OWN",
        &["'usr_00000000000000000000000000001500'", "0", "0", "'ses_7'", "100"],
        &["user_sessions_of_user"],
    ),
    sorted("audit/mod.rs LIST_OF_ACCOUNT", &["'acc_7'", "20"], &["audit_events_of_account"]),
    sorted("audit/mod.rs LIST_OF_PERSON", &["'usr_7'", "'acc_7'", "20"], &["audit_events_of_actor"]),
    sorted("billing/overview.rs LIST_ENTRIES", &["'acc_7'"], &[LEDGER]),
    sorted("billing/overview.rs LIST_PAYMENTS", &["'acc_7'"], &["payments_of_account"]),
    // The pages of both need no sorting on SQLite; PostgreSQL sorts the few rows of a short span.
    short("billing/records.rs LIST_LEDGER", &["'acc_7'", "100", "9000", "8000", "7000", "51"], &["credit_entries_by_time"]),
    short(
        "billing/records.rs LIST_LEDGER_OF_KIND",
        &["'acc_7'", "100", "9000", "8000", "7000", "51", "'trial'"],
        &["credit_entries_by_kind|credit_entries_by_time"],
    ),
    short("billing/records.rs LIST_PAID", &["'acc_7'", "100", "9000", "8000", "'pay_1'", "51"], &["payments_of_account"]),
    short(
        "billing/records.rs LIST_PAID_OF_STATUS",
        &["'acc_7'", "100", "9000", "8000", "'pay_1'", "51", "'failed'"],
        &["payments_by_status|payments_of_account"],
    ),
    short("billing/changes/wishes.rs LIST_LEFT", &["10"], &["plan_changes_left"]),
    sorted("billing/customers.rs LIST_UNTOLD", &["10"], &["stripe_customers_untold"]),
    short("billing/subscriptions.rs LIST_WAITING", &["'acc_80'"], &["subscriptions_of_account"]),
    sorted("billing/repair.rs LIST_CUSTOMERS", &["'cus_5'"], &[CUSTOMER]),
    short("billing/repair.rs LIST_FAILED", &[], &["stripe_events_failed"]),
    short("billing/repair.rs LIST_MIRRORED", &["'cus_50'"], &[CUSTOMER, "subscriptions_of_account|subscriptions_one_live"]),
    short("billing/months.rs LIST_DUE", &["10"], &["credit_months_due"]),
    sorted("billing/lanes.rs LIST_DUE_LANES", &["10", "20"], &["stripe_lanes_due"]),
    short("billing/lanes.rs LIST_DUE_EVENTS", &["'cus_50'", "10", "20"], &["stripe_events_due"]),
    short("credits.rs LIST_DUE_LOTS", &["'acc_80'", "10"], &["credit_lots_open"]),
    sorted("credits.rs LIST_ACCOUNTS_WITH_DUE_LOTS", &["10"], &["credit_lots_due"]),
    short("credits.rs LIST_OPEN_LOTS", &["'acc_80'", "''"], &["credit_lots_open|credit_lots_of_account"]),
    short("credits/holds.rs LIST_ACCOUNTS_WITH_DUE_HOLDS", &["10"], &["credit_holds_due"]),
    short("credits/reversals.rs LIST_DEBTS", &["'acc_80'"], &["credit_debts_open"]),
    short("credits/reversals.rs LIST_DEBTS_OF_PAYMENT", &["'in_80'", "'refund'"], &["credit_debts_of_payment"]),
    short("billing/seats.rs LIST_LICENCES", &["'acc_80'"], &["licences_of_account"]),
    short("billing/licences.rs LIST_NEWEST", &["'acc_80'"], &["licences_of_account"]),
    short("billing/charges.rs LIST_MIRRORED_CHARGES", &["'cus_50'"], &[CUSTOMER, "charges_of_account"]),
    short("billing/charges.rs LIST_RETURNED", &["8000"], &["charges_returned"]),
    short("billing/licences.rs LIST_DUE", &["10"], &["licences_due"]),
    short("billing/dunning.rs LIST_LAPSING", &["10"], &["subscriptions_kept"]),
    short("billing/surpluses.rs LIST_NEXT", &["10"], &["surpluses_next"]),
    sorted("jobs.rs LIST_DUE", &["10", "20"], &["jobs_due"]),
    // That the pages of the log need no sorting is a test of its own.
    short("audit/log.rs LIST_EVENTS", &["'acc_7'", "100", "8000", "'aud_1'", "51"], &["audit_events_of_account"]),
    short("audit/log.rs LIST_EVENTS_BY_ACTOR", &["'acc_7 olivia'", "100", "8000", "'aud_1'", "51"], &["audit_events_by_actor"]),
    short("audit/log.rs LIST_EVENTS_BY_ACTION", &["'acc_7 member.left'", "100", "8000", "'aud_1'", "51"], &["audit_events_by_action"]),
    short("audit/log.rs LIST_EVENTS_BY_BOTH", &["'acc_7 member.left olivia'", "100", "8000", "'aud_1'", "51"], &["audit_events_by_both"]),
    short("audit/log.rs LIST_ACTORS", &["'acc_7 '", "'acc_7!'", "20"], &["audit_events_by_actor"]),
    short("audit/mod.rs LIST_BEHIND", &["'acc_7'", "8000", "'aud_1'", "1000"], &["audit_events_of_account"]),
    sorted("closings/steps.rs LIST_NEXT", &["10"], &["closings_next"]),
    short("closings/steps.rs LIST_DONE", &["'usr_1'"], &["audit_events_of_actor"]),
    short("closings/ties.rs LIST", &["'usr_00000000000000000000000000007100'"], &["memberships_of_user"]),
    short("closings/ties.rs LIST_ACCOUNTS", &["'usr_00000000000000000000000000007100'"], &["memberships_of_user"]),
    short("deletions/mod.rs LIST_TAKEN_ALONG", &["'cls_1'"], &["deletions_of_closing|deletions_one_open"]),
    short("credits/verify.rs LIST_ACCOUNTS", &["'acc_99'"], &["accounts_pkey|sqlite_autoindex_accounts"]),
    short("deletions/notices.rs LIST_BEHIND", &["'acc_7'", "'mem_'", "250"], &[MEMBERS]),
    short("deletions/purge.rs LIST_MEMBERS", &["'acc_7'"], &[MEMBERS]),
    sorted("deletions/steps.rs LIST_NEXT", &["10"], &["deletions_next"]),
    sorted("exports/building.rs LIST_NEXT", &["10"], &["exports_next"]),
    sorted("members/ownership.rs LIST_OWNERS", &["'acc_7'", "50"], &["memberships_by_role"]),
    sorted("passkeys/mod.rs LIST_OF_PERSON", &["'usr_00000000000000000000000000007100'", "20"], &["passkeys_of_user"]),
    sorted("passkeys/mod.rs LIST_KNOWN", &["'usr_00000000000000000000000000007100'", "20"], &["passkeys_of_user"]),
    short("roles/grantors.rs LIST_GRANTORS", &["'acc_7'", "'usr_1'"], &["memberships_"]),
    short("roles/news.rs LIST_UNTOLD", &["250"], &["role_news_pkey|sqlite_autoindex_role_news|role_news_"]),
    short("two_step/news.rs LIST_UNTOLD", &["250"], &["two_step_news_pkey|sqlite_autoindex_two_step_news"]),
    short("roles/mod.rs LIST_DEFINED", &["'acc_1500'"], &["roles_of_account"]),
    short("roles/platform.rs LIST_PLATFORM", &[], &["roles_of_account"]),
];

/// Where a statement stands and what it is called: `members/mod.rs SEARCH`.
fn name_of(at: &str) -> String {
    let (file, rest) = at.split_once(':').expect("a line");
    let file = file.split_once("src/").expect("a source").1;
    format!("{file} {}", rest.rsplit(' ').next().expect("a name"))
}

/// A statement, by its name with or without its file, with its placeholders filled in.
fn filled(name: &str, values: &[&str]) -> String {
    let is_it = |at: &str| [Some(name_of(at).as_str()), at.rsplit(' ').next()].contains(&Some(name));
    let text = registered().find(|statement| is_it(statement.at)).expect(name).text.to_owned();
    values.iter().enumerate().rev().fold(text, |text, (place, value)| text.replace(&format!("${}", place + 1), value))
}

/// So many rows of a table; `i` counts them from one.
async fn rows(app: &App, count: u32, into: &str, values: &str) {
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    app.db.run(&format!("INSERT INTO {into} {numbers} SELECT {values} FROM n")).await;
}

/// What every table of much has: its columns, and their values in the row of number `i`.
const FILLING: &[(&str, &str)] = &[
    (
        "invitations (id, account_id, email, role, token_hash, inviter_name, state, created_at, mailed_at, expires_at, settled_at)",
        "'inv_' || i, <account>, 'p' || i || '@new.example', 'member', 'hash ' || i, 'Olivia',
            CASE WHEN i % 5 = 0 THEN 'pending' ELSE 'accepted' END, i, i, i, CASE WHEN i % 5 = 0 THEN NULL ELSE i END",
    ),
    (
        "audit_events (id, account_id, actor_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)",
        "'aud_' || i, <account>, CASE WHEN i % 2 = 0 THEN 'usr_7' ELSE 'usr_' || (i % 100) END, 'Olivia',
            CASE WHEN i % 4 = 0 THEN 'member.left' ELSE 'auth.signed_in' END, '', '', '', '', i, 'olivia'",
    ),
    ("identities (id, user_id, provider, issuer, subject, label, created_at)", "'idt_' || i, 'usr_1', 'acme', 'acme', 's' || i, '', i"),
    (
        "credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)",
        "'cre_' || i, <account>, i, 'subscription', 1, 1, 'fact ' || i, i",
    ),
    ("credit_lots (id, account_id, remaining, expires_at, created_at)", "'lot_' || i, <account>, i % 2, i, i"),
    (
        "payments (id, account_id, stripe_id, product, amount, currency, status, created_at)",
        "'pay_' || i, <account>, 'in_' || i, 'Pro', 2900, 'usd', 'paid', i",
    ),
    (
        "subscriptions (id, account_id, stripe_id, plan, unit_amount, currency, seats, status, live, period_start, created_at, synced_at, kept_until)",
        "'sub_' || i, 'acc_' || (i % 2000), 'stripe_' || i, 'pro', 1, 'usd', 1, 'active', i <= 2000, i, i, i, CASE WHEN i % 50 = 0 THEN i END",
    ),
    ("credit_months (subscription_id, account_id, begins_at, months, due_at)", "'sub_' || i, 'acc_' || (i % 2000), i, NULL, i"),
    (
        "plan_changes (id, account_id, wish, state, until, created_at)",
        "'chg_' || i, 'acc_' || (i % 2000), 'cancel', CASE WHEN i < 2000 THEN 'open' ELSE 'done' END, i, i",
    ),
    ("role_news (change_id, membership_id, added, removed, created_at)", "'change_' || i, (SELECT MIN(id) FROM memberships), '', '', i"),
    (
        "licences (id, account_id, stripe_id, licence, live, begins_at, due_at, created_at)",
        "'lic_' || i, 'acc_' || (i % 2000), 'cs_' || i, 'prolifetime', i % 3 = 0, i, i, i",
    ),
    (
        "charges (stripe_id, account_id, payment, refunded, lost, contested, returned_at)",
        "'ch_' || i, 'acc_' || (i % 2000), 'in_' || i, 0, 0, 0, CASE WHEN i % 50 = 0 THEN i END",
    ),
    (
        "surpluses (id, account_id, stripe_id, reason, state, next_at, created_at)",
        "'spl_' || i, 'acc_' || (i % 2000), 'sub_' || i, 'second', 'done', CASE WHEN i % 50 = 0 THEN i END, i",
    ),
    (
        "credit_holds (id, account_id, fact, amount, state, expires_at, created_at)",
        "'hld_' || i, 'acc_' || (i % 2000), 'fact ' || i, 1, CASE WHEN i % 5 = 0 THEN 'open' ELSE 'settled' END, i, i",
    ),
    (
        "credit_debts (id, account_id, kind, payment, fact, amount, remaining, created_at)",
        "'dbt_' || i, 'acc_' || (i % 2000), 'refund', 'in_' || i, 'fact ' || i, 1, i % 2, i",
    ),
    (
        "user_sessions (id, token_hash, user_id, agent, address, created_at, last_seen_at)",
        "'ses_' || i, 'hash ' || i, 'usr_0000000000000000000000000000' || (1000 + i % 1000), '', '', i, i",
    ),
    ("stripe_lanes (customer, due_at)", "'cus_' || i, i"),
    (
        "stripe_events (id, kind, object_kind, object_id, customer, body, state, due_at, happened_at, received_at)",
        "'evt_' || i, 'k', 'o', 'id', 'cus_' || (i % 2000), '', CASE WHEN i % 5 = 0 THEN 'new' WHEN i % 50 = 1 THEN 'failed' ELSE 'done' END, i, i, i",
    ),
    (
        "deletions (id, account_id, account_name, by_name, state, due_at, renewal_open, next_at, created_at)",
        "'del_' || i, 'acc_' || i, 'A', 'Olivia', 'done', i, FALSE, i, i",
    ),
    (
        "closings (id, user_id, account_id, email, state, due_at, next_at, created_at)",
        "'cls_' || i, 'usr_' || i, 'acc_' || i, 'a', 'done', i, i, i",
    ),
    ("exports (id, account_id, user_id, state, next_at, created_at)", "'exp_' || i, 'acc_' || (i % 2000), 'usr_1', 'ready', i, i"),
    (
        "passkeys (id, user_id, name, credential_id, user_handle, credential, created_at)",
        "'pky_' || i, 'usr_1', 'Laptop', 'id ' || i, 'handle', '', i",
    ),
    (
        "jobs (id, kind, subject, state, due_at, created_at)",
        "'job_' || i, 'mail', 's' || i, CASE WHEN i % 5 = 0 THEN 'due' ELSE 'done' END, i, i",
    ),
];

/// Much of everything. A third of what belongs to an account is one account's.
async fn fill(app: &App) {
    const ACCOUNT: &str = "CASE WHEN i % 3 = 0 THEN 'acc_7' ELSE 'acc_' || (i % 2000) END";
    app.db.run("INSERT INTO users (id, email, verified_at, created_at) VALUES ('usr_1', 'olivia@acme.example', 0, 0)").await;
    rows(
        app,
        2_000,
        "accounts (id, kind, name, slug, billing_owner_id, created_at)",
        "'acc_' || (i - 1), 'workspace', 'A', 'a' || i, 'usr_1', 0",
    )
    .await;
    for n in 0..10 {
        let roles: Vec<String> =
            (0..if n == 0 { 3_000 } else { 10 }).map(|role| format!("('rol_{n}_{role}', 'acc_{n}', 'R', '', 0)")).collect();
        app.db.run(&format!("INSERT INTO roles (id, account_id, name, permissions, created_at) VALUES {}", roles.join(", "))).await;
        app.crowd(&format!("acc_{n}"), n * 1_000, 1_000, if n % 2 == 0 { "member" } else { "viewer" }).await;
    }
    for (into, values) in FILLING {
        rows(app, 9_000, into, &values.replace("<account>", ACCOUNT)).await;
    }
    rows(app, 2_000, "stripe_customers (account_id, customer_id, claimed_at, tell_at)", "'acc_' || (i - 1), 'cus_' || i, i, i").await;
    // Last, because the worker tells them, which fills the tables of mails and jobs.
    app.db.run("INSERT INTO two_step_news (membership_id, created_at) SELECT id, 0 FROM memberships ORDER BY id LIMIT 3000").await;
}

/// Lines of a plan that read a table from its beginning to its end.
fn reads_whole(plan: &str) -> Vec<&str> {
    // What a statement makes itself is no table.
    let made = |line: &str| ["SCAN (", "SCAN actors", "SCAN CONSTANT ROW"].iter().any(|made| line.starts_with(made));
    let sqlite = |line: &&str| line.starts_with("SCAN ") && !line.contains(" INDEX ") && !made(line);
    plan.lines().filter(|line| sqlite(line) || line.contains("Seq Scan on")).collect()
}

both! {
    async fn every_list_is_read_by_an_index(app: App) {
        fill(&app).await;
        app.db.run("ANALYZE").await;
        for known in PLANS {
            let plan = app.db.plan(&filled(known.list, known.values)).await;
            for index in known.indexes {
                assert!(index.split('|').any(|name| plan.contains(name)), "{} does not use {index}:\n{plan}", known.list);
            }
            assert!(reads_whole(&plan).is_empty(), "{} reads a whole table:\n{plan}", known.list);
            let sorts = plan.contains("TEMP B-TREE FOR ORDER BY") || plan.contains("Sort Key");
            assert!(known.may_sort || !sorts, "{} sorts what the index has sorted:\n{plan}", known.list);
        }
    }

    async fn the_audit_log_is_listed_by_an_index(app: App) {
        for (account, count) in [("acc_1", 20_000), ("acc_2", 2_000), ("acc_3", 10)] {
            let actions = "CASE i % 3 WHEN 0 THEN 'auth.signed_in' WHEN 1 THEN 'member.left' ELSE 'role.created' END";
            let ids = format!("'{account}' || CAST(i AS TEXT)");
            app.db
                .run(&format!(
                    "INSERT INTO audit_events (id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)
                     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                     SELECT {ids}, '{account}', 'Person', {actions}, '', '', '', '', i, 'person ' || CAST(i % 7 AS TEXT) FROM n"
                ))
                .await;
        }
        app.db.run("ANALYZE").await;
        let page = |chosen: &'static str| vec![chosen, "100", "15000", "'acc_1'", "51"];
        for (name, values, index) in [
            ("LIST_EVENTS", page("'acc_1'"), "audit_events_of_account"),
            ("LIST_EVENTS_BY_ACTOR", page("'acc_1 person 3'"), "audit_events_by_actor"),
            ("LIST_EVENTS_BY_ACTION", page("'acc_1 role.created'"), "audit_events_by_action"),
            ("LIST_EVENTS_BY_BOTH", page("'acc_1 role.created person 3'"), "audit_events_by_both"),
            ("LIST_OF_ACCOUNT", vec!["'acc_1'", "10"], "audit_events_of_account"),
            ("LIST_ACTORS", vec!["'acc_1 person'", "'acc_1 persoo'", "20"], "audit_events_by_actor"),
        ] {
            let plan = app.db.plan(&filled(name, &values)).await;
            assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
            assert!(!plan.contains("SCAN audit_events") && !plan.contains("SCAN e\n") && !plan.contains("Seq Scan on audit_events"), "{name}:\n{plan}");
            let sorts = plan.contains("TEMP B-TREE FOR ORDER BY") || plan.contains("Sort Key");
            assert!(!sorts, "{name} sorts what the index has sorted:\n{plan}");
        }
    }

    async fn whoever_has_a_role_is_found_by_an_index(app: App) {
        let cast = crate::support::Cast::gather(&app).await;
        app.crowd(&app.account("olivia@acme.example", "workspace").await, 0, 3_000, "member").await;
        drop(cast);
        for (name, values) in [
            ("LIST_DEFINED", vec!["'acc_7'"]),
            ("LIST_GRANTORS", vec!["'acc_7'", "'usr_1'"]),
            ("MOVE_MEMBERS", vec!["'acc_7'", "'rol_auditor'", "'viewer'"]),
            ("MOVE_ALL_MEMBERS", vec!["'rol_auditor'", "'viewer'"]),
            ("IS_USED", vec!["'rol_auditor'"]),
            ("IS_HELD_BY", vec!["'usr_1'", "'viewer'"]),
        ] {
            let plan = app.db.plan(&filled(name, &values)).await;
            for whole in ["SCAN m\n", "SCAN memberships", "SCAN invitations", "Seq Scan on memberships"] {
                assert!(!plan.contains(whole), "{name} reads a whole table:\n{plan}");
            }
        }
    }
}

#[test]
fn the_plan_of_every_list_is_read() {
    let lists: BTreeSet<String> =
        registered().map(|statement| name_of(statement.at)).filter(|name| name.contains(" LIST_") || name.ends_with(" SEARCH")).collect();
    let missing: Vec<&String> = lists.iter().filter(|list| PLANS.iter().all(|plan| plan.list != list.as_str())).collect();
    assert!(lists.len() > 20 && missing.is_empty(), "without a plan: {missing:?}");
}
