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
