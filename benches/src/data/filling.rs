//! What a database of the bench holds: rows of every table that the pages read, made by a statement a table.

use super::{Database, Person};
use crate::Failure;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use keel_domain::secrets::PlainToken;
use keel_types::time::DAY;

/// How much there is in a database.
pub struct Size {
    /// People. Each has a personal account and owns a workspace.
    pub people: u32,
    /// People who are members of the first workspace besides.
    pub members: u32,
    /// Ledger rows that the first workspace has besides the twenty that every one has.
    pub entries: u32,
    /// Events in the first workspace's audit log.
    pub events: u32,
    /// Workspaces that pay; the last ones do not.
    pub subscribed: u32,
}

/// Migrates and fills a database that is new. The person is signed in.
pub async fn fill(url: &str, size: &Size) -> Result<Person, Failure> {
    Db::open(url).await?.close().await;
    let database = Database::open_writer(url).await?;
    if let Database::Sqlite(_) = database {
        database.execute("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF".to_owned()).await?;
    }
    for insert in inserts(size) {
        database.execute(insert).await?;
    }
    let token = PlainToken::random();
    let person = Person {
        token: token.reveal().to_owned(),
        hash: token.hashed().as_str().to_owned(),
        user: id("usr", 1, 1),
        workspace: id("acc", 2, 1),
    };
    let now = Clock::default().now().0;
    database
        .execute(format!(
            "INSERT INTO user_sessions (id, token_hash, user_id, active_account_id, factor, agent, address, created_at, last_seen_at)
             VALUES ('{}', '{}', '{}', '{}', 'link', '', '', {now}, {now})",
            id("ses", 2, 1),
            person.hash,
            person.user,
            person.workspace
        ))
        .await?;
    if let Database::Postgres(_) = database {
        database.execute("VACUUM ANALYZE".to_owned()).await?;
    }
    database.close().await;
    Ok(person)
}

/// Says which customer at Stripe belongs to each of the last workspaces.
pub async fn add_customers(url: &str, people: u32, customers: &[String]) -> Result<(), Failure> {
    let rows: Vec<String> =
        (1..=people).rev().zip(customers).map(|(i, customer)| format!("('{}', '{customer}', 1)", id("acc", 2, i))).collect();
    let database = Database::open_writer(url).await?;
    database.execute(format!("INSERT INTO stripe_customers (account_id, customer_id, claimed_at) VALUES {}", rows.join(", "))).await?;
    database.close().await;
    Ok(())
}

/// Ids have 32 digits: 20 for the series, 12 for the number.
const FIRST: u64 = 100_000_000_000;

fn id(kind: &str, series: u32, number: u32) -> String {
    format!("{kind}_{series:020}{}", FIRST + u64::from(number))
}

/// The same, where the number is an expression of SQL.
fn ids(kind: &str, series: u32, number: &str) -> String {
    format!("'{kind}_{series:020}' || CAST({FIRST} + {number} AS TEXT)")
}

/// Statements that fill every table the pages read. `i` counts from one.
fn inserts(size: &Size) -> Vec<String> {
    let Size { people, members, entries, events, subscribed } = *size;
    let now = Clock::default().now().0;
    let (user, personal, workspace) = (ids("usr", 1, "i"), ids("acc", 1, "i"), ids("acc", 2, "i"));
    // What is counted across all workspaces, in equal shares: whose it is, and its place there.
    let (shared, place) = (ids("acc", 2, &format!("(i - 1) % {people} + 1")), format!("((i - 1) / {people} + 1)"));
    let first = format!("'{}'", id("acc", 2, 1));
    let made = |what, series| ids(what, series, "i");
    let membership = |series, account: &str, number: &str, role| {
        let (id, user) = (made("mem", series), ids("usr", 1, number));
        format!("{id}, {account}, {user}, '{role}', {now}, 'person number ' || {number}, 'person' || {number} || '@bench.example'")
    };
    let entry = |series, account: &str, number: &str| {
        format!(
            "{}, {account}, {number}, 'subscription', 100, 100 * {number}, 'bench:{series}:' || i, {now} - 60000 * i",
            made("cre", series)
        )
    };
    let mut all = vec![
        insert(people, USERS, &format!("{user}, 'person' || i || '@bench.example', {now}, {now}")),
        insert(people, PROFILES, &format!("{user}, 'Person', 'Number ' || i, {now}")),
        insert(people, ACCOUNTS, &format!("{personal}, 'personal', 'Person Number ' || i, NULL, {user}, {user}, 1, 1, {now}")),
        insert(people, ACCOUNTS, &format!("{workspace}, 'workspace', 'Workspace ' || i, 'workspace-' || i, NULL, {user}, 10, 1, {now}")),
        insert(people, SLUGS, &format!("'workspace-' || i, {workspace}, CAST(NULL AS BIGINT)")),
        insert(
            people,
            INVITATIONS,
            &format!(
                "{}, {workspace}, 'invited' || i || '@bench.example', 'member', 'nobody knows the link of ' || i, 'Person Number ' || i, 'pending',
                {now} - {DAY}, {now} - {DAY}, {now} + {DAY}",
                made("inv", 1)
            ),
        ),
        insert(people, MEMBERSHIPS, &membership(1, &personal, "i", "owner")),
        insert(people, MEMBERSHIPS, &membership(2, &workspace, "i", "owner")),
        insert(
            subscribed,
            SUBSCRIPTIONS,
            &format!(
                "{}, {workspace}, 'sub_bench' || i, 'pro', 'month', 2900, 'usd', 1, 'active', TRUE, {now}, {now}, {now}",
                made("sub", 1)
            ),
        ),
        insert(people, SESSIONS, &format!("{}, 'nobody knows the token of ' || i, {user}, 'link', '', '', {now}, {now}", made("ses", 1))),
        insert(people, BALANCES, &format!("{workspace}, 2000")),
        insert(people, LOTS, &format!("{}, {workspace}, 2000, {now}", made("lot", 1))),
        insert(people, COMPANIES, &format!("{workspace}, 'Company ' || i, 'Quay 1', {now}")),
        insert(20 * people, ENTRIES, &entry(1, &shared, &place)),
        insert(2 * people, PAYMENTS, &format!("{}, {shared}, 'in_bench' || i, 'Pro', 2900, 'usd', 'paid', {now}", made("pay", 1))),
    ];
    all.push(insert(
        events,
        EVENTS,
        &format!(
            "{}, {first}, 'Person Number ' || (i % 2), 'member.role_changed', {first}, '203.0.113.7', 'bench', '{{}}', {now} - 1000 * i,
            'person number ' || (i % 2)",
            made("aud", 1)
        ),
    ));
    if members > 0 {
        all.push(insert(members, MEMBERSHIPS, &membership(3, &first, "(i + 1)", "member")));
        all.push(format!("UPDATE accounts SET member_count = member_count + {members} WHERE id = {first}"));
    }
    if entries > 0 {
        all.push(insert(entries, ENTRIES, &entry(2, &first, "(20 + i)")));
        all.push(format!("UPDATE credit_balances SET balance = balance + 100 * {entries} WHERE account_id = {first}"));
        all.push(format!("UPDATE credit_lots SET remaining = remaining + 100 * {entries} WHERE account_id = {first}"));
    }
    all
}

const USERS: &str = "users (id, email, verified_at, created_at)";
const PROFILES: &str = "user_profiles (user_id, first_name, last_name, onboarded_at)";
const ACCOUNTS: &str = "accounts (id, kind, name, slug, person_id, billing_owner_id, max_members, member_count, created_at)";
const SLUGS: &str = "slugs (slug, account_id, held_until)";
const INVITATIONS: &str = "invitations (id, account_id, email, role, token_hash, inviter_name, state, created_at, mailed_at, expires_at)";
const MEMBERSHIPS: &str = "memberships (id, account_id, user_id, role, created_at, sort_key, email)";
const SUBSCRIPTIONS: &str = "subscriptions
    (id, account_id, stripe_id, plan, period, unit_amount, currency, seats, status, live, period_start, created_at, synced_at)";
const SESSIONS: &str = "user_sessions (id, token_hash, user_id, factor, agent, address, created_at, last_seen_at)";
const COMPANIES: &str = "companies (account_id, name, address, updated_at)";
const BALANCES: &str = "credit_balances (account_id, balance)";
const LOTS: &str = "credit_lots (id, account_id, remaining, created_at)";
const ENTRIES: &str = "credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)";
const EVENTS: &str = "audit_events (id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)";
const PAYMENTS: &str = "payments (id, account_id, stripe_id, product, amount, currency, status, created_at)";

/// Inserts a row for each `i` up to `rows`.
fn insert(rows: u32, into: &str, values: &str) -> String {
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    format!("INSERT INTO {into} {numbers} SELECT {values} FROM n")
}
