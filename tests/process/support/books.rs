//! What must be true afterwards: everything that was promised is there, and nothing twice.

use super::{Deployment, Person};
use std::collections::BTreeMap;

impl Deployment {
    /// Asserts it, by the books and by the instance at `base`. Gives a line for people.
    pub async fn holds(&self, base: &str, people: &[Person]) -> String {
        for person in people {
            self.holds_for(base, person).await;
        }
        self.is_whole().await;
        let mails = self.mails_left().await;
        let proof = self.run("verify-ledger").await;
        assert!(proof.status.success(), "{}", String::from_utf8_lossy(&proof.stdout));
        let count = |kept: fn(&Person) -> bool| people.iter().filter(|person| kept(person)).count();
        format!(
            "{} people, {} payments, {} workspaces by name, {mails} mails: nothing lost, nothing doubled",
            people.len(),
            count(|person| person.paid),
            count(|person| person.workspace.is_some())
        )
    }

    async fn holds_for(&self, base: &str, person: &Person) {
        let Person { email, checkouts, paid, .. } = person;
        let of_user = format!("FROM users u WHERE u.email = '{email}'");
        let of_accounts =
            format!("FROM accounts a JOIN memberships m ON m.account_id = a.id JOIN users u ON u.id = m.user_id WHERE u.email = '{email}'");
        let of_workspace = |table: &str| {
            format!(
                "FROM {table} t JOIN accounts a ON a.id = t.account_id JOIN memberships m ON m.account_id = a.id JOIN users u ON u.id = m.user_id WHERE u.email = '{email}'"
            )
        };
        let bought = i64::from(*paid);
        for (what, from, wanted) in [
            ("user", of_user.clone(), 1),
            ("personal account", format!("{of_accounts} AND a.kind = 'personal'"), 1),
            ("workspace", format!("{of_accounts} AND a.kind = 'workspace' AND m.role = 'owner' AND a.member_count = 1"), 1),
            ("subscription", of_workspace("subscriptions"), bought),
            ("live subscription", format!("{} AND t.live AND t.status = 'active'", of_workspace("subscriptions")), bought),
            ("payment", format!("{} AND t.status = 'paid'", of_workspace("payments")), bought),
            ("grant", of_workspace("credit_entries"), bought),
            ("balance", format!("{} AND t.balance = 2500", of_workspace("credit_balances")), bought),
            ("customer", of_workspace("stripe_customers"), bought),
        ] {
            assert_eq!(self.db.number(&format!("SELECT COUNT(*) {from}")).await, wanted, "{what} of {email}");
        }
        for checkout in checkouts {
            let kept = format!("SELECT COUNT(*) FROM checkouts WHERE stripe_id = '{checkout}' AND state = 'complete'");
            assert_eq!(self.db.number(&kept).await, 1, "checkout of {email}");
        }
        let mails = self.db.number(&format!("SELECT COUNT(*) FROM mail_outbox WHERE recipient = '{email}'")).await;
        assert!(mails >= person.mails, "{mails} of {} mails to {email}", person.mails);
        if let Some(name) = &person.workspace {
            assert_eq!(self.db.text(&format!("SELECT a.name {of_accounts} AND a.kind = 'workspace'")).await, *name);
        }
        if let Some(name) = &person.last_name {
            let told = format!("SELECT last_name FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE u.email = '{email}'");
            assert_eq!(self.db.text(&told).await, *name, "name of {email}");
        }
        assert!(is_signed_in(base, &person.browser).await, "session of {email}");
        if let Some(browser) = &person.signed_out {
            assert!(!is_signed_in(base, browser).await, "session that {email} ended");
        }
    }

    /// Asserts that no transaction was done by half.
    pub async fn is_whole(&self) {
        for (what, from) in [
            ("people without a profile", "users u WHERE NOT EXISTS (SELECT 1 FROM user_profiles p WHERE p.user_id = u.id)"),
            ("people without a personal account", "users u WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.person_id = u.id)"),
            (
                "members counted wrongly",
                "accounts a WHERE a.member_count <> (SELECT COUNT(*) FROM memberships m WHERE m.account_id = a.id)",
            ),
            (
                "accounts without an owner",
                "accounts a WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = a.id AND m.role = 'owner')",
            ),
            ("mails nobody sends", "mail_outbox o WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject = o.id)"),
            (
                "sign-ins without a session",
                "sign_ins s WHERE s.used_at IS NOT NULL AND NOT EXISTS
                    (SELECT 1 FROM user_sessions t JOIN users u ON u.id = t.user_id
                     LEFT JOIN address_changes c ON c.user_id = u.id AND c.used_at IS NOT NULL WHERE s.email IN (u.email, c.from_email))",
            ),
            ("events given up", "stripe_events e WHERE e.state = 'failed'"),
            ("jobs given up", "jobs j WHERE j.state = 'failed'"),
            (
                "payments without a grant",
                "payments p WHERE p.status = 'paid' AND NOT EXISTS (SELECT 1 FROM credit_entries e WHERE e.account_id = p.account_id)",
            ),
        ] {
            assert_eq!(self.db.number(&format!("SELECT COUNT(*) FROM {from}")).await, 0, "{what}");
        }
    }

    /// Asserts that every mail of the outbox arrived, under its own id; gives how many there are, and how many came again.
    async fn mails_left(&self) -> String {
        let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
        for mail in self.mail.taken() {
            let id = mail.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("an id");
            *arrived.entry(id.split('@').next().unwrap().to_owned()).or_default() += 1;
        }
        let written = self.db.texts("SELECT id FROM mail_outbox").await;
        for id in &written {
            assert!(arrived.contains_key(id), "{id} never arrived");
        }
        let again = written.iter().filter(|id| arrived[*id] > 1).count();
        format!("{} ({again} more than once)", written.len())
    }
}

async fn is_signed_in(base: &str, browser: &crate::support::Browser) -> bool {
    let mut browser = browser.copy();
    browser.turn_to(base);
    let answer = browser.get("/onboarding").await;
    assert!(answer.status == 200 || answer.location().starts_with("/login"), "{}", answer.body);
    answer.status == 200
}
