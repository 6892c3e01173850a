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
    // Of accounts that were deleted: what was left was taken away.
    LEDGERS_THAT_DID_NOT_END = "SELECT e.account_id FROM credit_entries e LEFT JOIN accounts a ON a.id = e.account_id WHERE a.id IS NULL
            AND e.account_id > $1 AND e.account_id <= $2
        GROUP BY e.account_id HAVING SUM(e.amount) <> 0";
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
    /// Accounts whose balance is not the sum of their entries; deleted ones whose entries are not nothing in all.
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

/// More than every account's id.
const BEYOND: &str = "acd";

/// Proves the ledger of every account, a thousand at a time, so that no statement takes long. That each grant stands for one fact
/// is an index.
pub async fn verify(system: &SystemGrant) -> Result<Proof> {
    let mut conn = system.keel().db().read();
    let (mut proof, mut after) = (Proof::default(), String::new());
    loop {
        let accounts: Vec<(String,)> = conn.list(LIST_ACCOUNTS, args![after.as_str()]).await?;
        let last = accounts.into_iter().next_back().map(|(last,)| last);
        let range = || args![after.as_str(), last.as_deref().unwrap_or(BEYOND)];
        let mut ids = async |sql| -> Result<Vec<String>> {
            let rows: Vec<(String,)> = conn.list(sql, range()).await?;
            Ok(rows.into_iter().map(|(id,)| id).collect())
        };
        proof.not_the_sum.extend(ids(BALANCES_THAT_ARE_NOT_THE_SUM).await?);
        proof.not_the_sum.extend(ids(LEDGERS_THAT_DID_NOT_END).await?);
        proof.not_the_lots.extend(ids(BALANCES_THAT_ARE_NOT_THE_LOTS).await?);
        proof.out_of_line.extend(ids(ENTRIES_OUT_OF_LINE).await?);
        let (entries,): (i64,) = conn.get(COUNT_ENTRIES, range()).await?;
        proof.entries += entries;
        let Some(last) = last else { return Ok(proof) };
        after = last;
    }
}
