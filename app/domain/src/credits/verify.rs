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
    HELD_THAT_IS_NOT_THE_HOLDS = "SELECT a.id FROM accounts a
        LEFT JOIN credit_balances b ON b.account_id = a.id
        LEFT JOIN credit_holds h ON h.account_id = a.id AND h.state = 'open'
        WHERE a.id > $1 AND a.id <= $2
        GROUP BY a.id, b.held
        HAVING COALESCE(b.held, 0) <> CAST(COALESCE(SUM(h.amount), 0) AS BIGINT)";
    // What is owed is repaid before anything else.
    CREDITS_BESIDE_A_DEBT = "SELECT a.id FROM accounts a JOIN credit_balances b ON b.account_id = a.id
        WHERE a.id > $1 AND a.id <= $2 AND b.balance > 0
            AND EXISTS (SELECT 1 FROM credit_debts d WHERE d.account_id = a.id AND d.remaining > 0)";
    // What is given back or lost takes no more than the payment granted.
    PAYMENTS_THAT_TOOK_MORE = "SELECT e.payment FROM credit_entries e
        WHERE e.account_id > $1 AND e.account_id <= $2 AND e.payment IS NOT NULL
        GROUP BY e.account_id, e.payment
        HAVING SUM(CASE WHEN e.kind IN ('refund', 'dispute') THEN -e.amount ELSE 0 END) > 0
            AND SUM(CASE WHEN e.kind IN ('refund', 'dispute') THEN -e.amount ELSE 0 END)
                > SUM(CASE WHEN e.kind IN ('refund', 'dispute') THEN 0 ELSE e.amount END)";
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
    /// Accounts of which more or less is kept back than their holds come to.
    pub not_the_holds: Vec<String>,
    /// Accounts that owe credits and have some all the same.
    pub owing: Vec<String>,
    /// Payments whose refunds and disputes took more than they had granted.
    pub taken_too_much: Vec<String>,
}

impl Proof {
    /// Whether everything is as it must be.
    pub fn holds(&self) -> bool {
        let all = [&self.not_the_sum, &self.not_the_lots, &self.out_of_line, &self.not_the_holds, &self.owing, &self.taken_too_much];
        all.into_iter().all(Vec::is_empty)
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
        proof.not_the_holds.extend(ids(HELD_THAT_IS_NOT_THE_HOLDS).await?);
        proof.owing.extend(ids(CREDITS_BESIDE_A_DEBT).await?);
        proof.taken_too_much.extend(ids(PAYMENTS_THAT_TOOK_MORE).await?);
        let (entries,): (i64,) = conn.get(COUNT_ENTRIES, range()).await?;
        proof.entries += entries;
        let Some(last) = last else { return Ok(proof) };
        after = last;
    }
}
