//! The cast: Olivia owns Acme, Adam is its admin, Max a member, Vera a viewer, Aude may read its audit log and nothing more,
//! Rob was removed and kept his session. Eve owns Evil Corp.

use super::{App, Browser};

/// Everybody, signed in, each in a browser of their own.
pub struct Cast {
    pub olivia: Browser,
    pub adam: Browser,
    pub max: Browser,
    pub vera: Browser,
    pub aude: Browser,
    pub rob: Browser,
    pub eve: Browser,
}

const PLACES: &str = "memberships m JOIN users u ON u.id = m.user_id JOIN accounts a ON a.id = m.account_id WHERE a.slug = 'acme'";

/// The slug of Olivia's workspace.
pub const ACME: &str = "acme";
/// The slug of Eve's workspace.
pub const EVIL_CORP: &str = "evil-corp";

impl Cast {
    /// Signs everybody in and gives them their places, in b2b and hybrid. Nobody is invited yet: that is written past the doors.
    pub async fn gather(app: &App) -> Self {
        let olivia = person(app, "Olivia").await;
        olivia.form("/api/workspaces/create", &[("name", "Acme")]).await.leads_to("/org-dashboard");
        let eve = person(app, "Eve").await;
        eve.form("/api/workspaces/create", &[("name", "Evil Corp")]).await.leads_to("/org-dashboard");
        app.db
            .run(
                "INSERT INTO roles (id, account_id, name, permissions, created_at)
                 SELECT 'rol_auditor', id, 'Auditor', 'audit:view', 0 FROM accounts WHERE slug = 'acme'",
            )
            .await;
        let (adam, max, vera) = (person(app, "Adam").await, person(app, "Max").await, person(app, "Vera").await);
        let (aude, rob) = (person(app, "Aude").await, person(app, "Rob").await);
        for (name, role) in [("adam", "admin"), ("max", "member"), ("vera", "viewer"), ("aude", "rol_auditor"), ("rob", "member")] {
            app.joins(name, role).await;
        }
        app.leaves("rob").await;
        Self { olivia, adam, max, vera, aude, rob, eve }
    }
}

/// Somebody who has just signed in and told the name, without a workspace of their own.
async fn person(app: &App, name: &str) -> Browser {
    let browser = app.sign_in_to_join(&address(name)).await;
    let told = [("first_name", name), ("last_name", "Example")];
    assert_eq!(browser.form("/api/user/onboarding", &told).await.status, 303);
    browser
}

/// The address of somebody of the cast.
pub fn address(name: &str) -> String {
    let domain = if name == "Eve" { "evil.example" } else { "acme.example" };
    format!("{}@{domain}", name.to_lowercase())
}

impl App {
    /// A browser in which somebody has just signed in on the way to an invitation: they get no workspace by it.
    pub async fn sign_in_to_join(&self, email: &str) -> Browser {
        let browser = self.browser();
        let wish = [("email", email), ("redirectTo", "/invitations/none")];
        browser.form("/api/auth/request-link", &wish).await.leads_to("/verify");
        let code = self.code(email).await;
        browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/invitations/none");
        browser
    }

    /// Makes somebody at Acme a member of it, with their sessions in it.
    pub async fn joins(&self, name: &str, role: &str) {
        let number = name.bytes().fold(0, |number: u128, byte| number << 8 | u128::from(byte));
        let statements = [
            format!(
                "INSERT INTO memberships (id, account_id, user_id, role, created_at, sort_key, email)
                 SELECT 'mem_{number:032x}', a.id, u.id, '{role}', u.created_at, '{name} example', u.email FROM accounts a, users u
                 WHERE a.slug = 'acme' AND u.email = '{name}@acme.example'"
            ),
            format!(
                "UPDATE user_sessions SET active_account_id = (SELECT id FROM accounts WHERE slug = 'acme')
                 WHERE user_id = (SELECT id FROM users WHERE email = '{name}@acme.example')"
            ),
            "UPDATE accounts SET member_count = member_count + 1 WHERE slug = 'acme'".to_owned(),
        ];
        for statement in statements {
            self.db.run(&statement).await;
        }
    }

    /// Somebody's place in Acme.
    pub async fn member(&self, name: &str) -> String {
        self.db.text(&format!("SELECT m.id FROM {PLACES} AND u.email = '{name}@acme.example'")).await
    }

    /// Somebody's role in Acme; `none` for people who are not there.
    pub async fn role(&self, name: &str) -> String {
        self.db.text(&format!("SELECT COALESCE((SELECT m.role FROM {PLACES} AND u.email = '{name}@acme.example'), 'none')")).await
    }

    /// Adds people called Person 0001 Crowd and so on, numbered from `first`, to an account. Written past the doors.
    pub async fn crowd(&self, account: &str, first: usize, count: usize, role: &str) {
        let rows = |row: &dyn Fn(usize) -> String| (first..first + count).map(row).collect::<Vec<_>>().join(", ");
        let user = |n: usize| format!("usr_{n:032x}");
        let address = |n: usize| format!("p{n:04}@crowd.example");
        let statements = [
            format!(
                "INSERT INTO users (id, email, verified_at, created_at) VALUES {}",
                rows(&|n| format!("('{}', '{}', 0, 0)", user(n), address(n)))
            ),
            format!(
                "INSERT INTO user_profiles (user_id, first_name, last_name, onboarded_at) VALUES {}",
                rows(&|n| format!("('{}', 'Person {n:04}', 'Crowd', 0)", user(n)))
            ),
            format!(
                "INSERT INTO memberships (id, account_id, user_id, role, created_at, sort_key, email) VALUES {}",
                rows(&|n| format!("('mem_{n:032x}', '{account}', '{}', '{role}', 0, 'person {n:04} crowd', '{}')", user(n), address(n)))
            ),
            format!("UPDATE accounts SET member_count = member_count + {count} WHERE id = '{account}'"),
        ];
        for statement in statements {
            self.db.run(&statement).await;
        }
    }

    /// Removes somebody from Acme; their sessions stay as they are.
    pub async fn leaves(&self, name: &str) {
        let of = "account_id = (SELECT id FROM accounts WHERE slug = 'acme')";
        let who = format!("user_id = (SELECT id FROM users WHERE email = '{name}@acme.example')");
        self.db.run(&format!("DELETE FROM memberships WHERE {of} AND {who}")).await;
        self.db.run("UPDATE accounts SET member_count = member_count - 1 WHERE slug = 'acme'").await;
    }
}
