//! The proof of the ledger: what must be true of every account, looked up anew.

use crate::access::SystemGrant;
use crate::refusal::Result;
use crate::{args, sql};

sql! {
    BALANCES_THAT_ARE_NOT_THE_SUM = "SELECT a.id FROM accounts a
        LEFT JOIN credit_balances b ON b.account_id = a.id
        LEFT JOIN credit_entries e ON e.account_id = a.id
        WHERE a.id > $1 AND a.id <= $2
        GROUP BY a.id, b.balance
        HAVING COALESCE(b.balance, 0) <> CAST(COALESCE(SUM(e.amount), 0) AS BIGINT)";
    BALANCES_THAT_ARE_NOT_THE_LOTS = "SELECT a.id FROM accounts a
        LEFT JOIN credit_balances b ON b.account_id = a.id
        LEFT JOIN credit_lots l ON l.account_id = a.id
        WHERE a.id > $1 AND a.id <= $2
        GROUP BY a.id, b.balance
        HAVING COALESCE(b.balance, 0) <> CAST(COALESCE(SUM(l.remaining), 0) AS BIGINT)";
    ENTRIES_OUT_OF_LINE = "SELECT e.id FROM credit_entries e
        LEFT JOIN credit_entries p ON p.account_id = e.account_id AND p.number = e.number - 1
        WHERE e.account_id > $1 AND e.account_id <= $2
            AND (e.balance_after <> COALESCE(p.balance_after, 0) + e.amount OR (e.number > 1 AND p.id IS NULL) OR e.balance_after < 0)";
    COUNT_ENTRIES = "SELECT COUNT(*) FROM credit_entries WHERE account_id > $1 AND account_id <= $2";
    LIST_ACCOUNTS = "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT 1000";
}

/// What the proof found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Rows of the ledger that were looked at.
    pub entries: i64,
    /// Accounts whose balance is not the sum of their entries.
    pub not_the_sum: Vec<String>,
    /// Accounts whose balance is not what their lots hold.
    pub not_the_lots: Vec<String>,
    /// Entries whose balance does not follow from the one before, or is negative.
    pub out_of_line: Vec<String>,
}

impl Proof {
    /// Whether everything is as it must be.
    pub fn holds(&self) -> bool {
        self.not_the_sum.is_empty() && self.not_the_lots.is_empty() && self.out_of_line.is_empty()
    }
}

/// Proves the ledger of every account, a thousand at a time, so that no statement takes long. That each grant stands for one fact
/// is an index.
pub async fn verify(system: &SystemGrant) -> Result<Proof> {
    let mut conn = system.keel().db().read();
    let (mut proof, mut after) = (Proof::default(), String::new());
    loop {
        let accounts: Vec<(String,)> = conn.list(LIST_ACCOUNTS, args![after.as_str()]).await?;
        let Some((last,)) = accounts.into_iter().next_back() else { return Ok(proof) };
        for (sql, found) in [
            (BALANCES_THAT_ARE_NOT_THE_SUM, &mut proof.not_the_sum),
            (BALANCES_THAT_ARE_NOT_THE_LOTS, &mut proof.not_the_lots),
            (ENTRIES_OUT_OF_LINE, &mut proof.out_of_line),
        ] {
            let rows: Vec<(String,)> = conn.list(sql, args![after.as_str(), last.as_str()]).await?;
            found.extend(rows.into_iter().map(|(id,)| id));
        }
        let (entries,): (i64,) = conn.get(COUNT_ENTRIES, args![after.as_str(), last.as_str()]).await?;
        proof.entries += entries;
        after = last;
    }
}
