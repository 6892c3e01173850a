//! Looking at an invoice that is not made: it is made, and all of it is taken back.

use serde_json::Value;

use crate::ids;
use crate::json::At;
use crate::store::Tx;

/// The invoice that `make` drafts, under an id that nothing is stored under. Everything the transaction wrote is undone.
///
/// # Errors
/// Those of `make`.
pub fn look<E>(tx: &mut Tx, make: impl FnOnce(&mut Tx) -> Result<String, E>) -> Result<Value, E> {
    let (faults, now) = (tx.faults().clone(), tx.now);
    let preview = make(tx).map(|invoice| as_preview(tx.value(&invoice)));
    tx.undo();
    *tx.faults() = faults;
    tx.now = now;
    preview
}

fn as_preview(invoice: &Value) -> Value {
    let id = invoice.text("id");
    let text = invoice.to_string().replace(id, &ids::fresh("upcoming_in_1", 23));
    serde_json::from_str(&text).unwrap_or_default()
}
