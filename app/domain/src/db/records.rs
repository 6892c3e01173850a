//! Rows of whatever columns a statement names, as values: for exports, which only pass them on.

use super::Error;
use keel_types::Instant;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, FromRow, Row as _, TypeInfo as _, ValueRef as _};

/// A row: the names of its columns and what stands in them, in order.
#[derive(Debug)]
pub(crate) struct Record(pub Vec<(String, Value)>);

impl Record {
    /// Its first two columns, by which lists go on: a number and a text.
    pub fn place(&self) -> Option<(i64, String)> {
        match self.0.as_slice() {
            [(_, number), (_, text), ..] => Some((number.as_i64()?, text.as_str()?.to_owned())),
            _ => None,
        }
    }

    /// With moments as people and programs write them, instead of milliseconds.
    #[must_use]
    pub fn readable(mut self) -> Self {
        for (name, value) in &mut self.0 {
            let is_moment = name.ends_with("_at") || ["period_start", "period_end", "trial_start", "trial_end"].contains(&name.as_str());
            if let Some(milliseconds) = value.as_i64().filter(|_| is_moment) {
                *value = keel_text::iso(Instant(milliseconds)).into();
            }
        }
        self
    }
}

/// Reads every column by its type; what is neither a truth, a number nor a text is left out.
macro_rules! records {
    ($($row:ty),*) => { $(
        impl FromRow<'_, $row> for Record {
            fn from_row(row: &$row) -> Result<Self, Error> {
                let mut columns = Vec::with_capacity(row.columns().len());
                for column in row.columns() {
                    let place = column.ordinal();
                    let raw = row.try_get_raw(place)?;
                    let kind = if column.type_info().is_null() { raw.type_info().name().to_owned() } else { column.type_info().name().to_owned() };
                    let value = match kind.as_str() {
                        _ if raw.is_null() => Value::Null,
                        "BOOLEAN" | "BOOL" => row.try_get::<bool, _>(place)?.into(),
                        "BIGINT" | "INTEGER" | "INT8" => row.try_get::<i64, _>(place)?.into(),
                        "TEXT" => row.try_get::<String, _>(place)?.into(),
                        _ => continue,
                    };
                    columns.push((column.name().to_owned(), value));
                }
                Ok(Self(columns))
            }
        }
    )* };
}
records!(SqliteRow, PgRow);
