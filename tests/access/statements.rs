//! Every statement is understood by both databases.

use crate::both;
use keel_domain::db::{Db, sql::registered};

both! {
    async fn every_statement_is_prepared(app: App) {
        let db = Db::open(&app.db.url).await.unwrap();
        assert!(registered().count() > 60);
        for statement in registered() {
            if let Err(error) = db.prepare(statement).await {
                panic!("{}: {error}", statement.at);
            }
        }
        db.close().await;
    }
}

/// SQLite looks at the value of an argument that is a limit, and plans the statement anew whenever it is run.
#[test]
fn no_limit_is_a_bare_argument() {
    let bare: Vec<&str> = registered().filter(|statement| statement.text.contains("LIMIT $")).map(|statement| statement.at).collect();
    assert_eq!(bare, Vec::<&str>::new(), "written `LIMIT 0 + $n` it is planned once");
}
