//! A table of named columns, whatever format it is written in.

use serde_json::{Map, Value};

/// A table; all columns have the same number of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// What it holds, for `summary.json`.
    pub(super) meaning: &'static str,
    pub(super) values: Values,
}

/// The values of a column; only text can be missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Text(Vec<Option<String>>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Flag(Vec<bool>),
}

impl Table {
    pub(super) fn of(columns: Vec<Column>) -> Self {
        let table = Self { columns };
        debug_assert!(
            table
                .columns
                .iter()
                .all(|column| column.values.len() == table.rows())
        );
        table
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// Keeps the first rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        for column in &mut self.columns {
            match &mut column.values {
                Values::Text(values) => values.truncate(rows),
                Values::Integer(values) => values.truncate(rows),
                Values::Real(values) => values.truncate(rows),
                Values::Flag(values) => values.truncate(rows),
            }
        }
    }

    /// What each column holds.
    pub(super) fn described(&self) -> Value {
        let of = |column: &Column| (column.name.to_owned(), Value::from(column.meaning));
        Value::Object(self.columns.iter().map(of).collect::<Map<_, _>>())
    }
}

impl Column {
    pub(super) fn new(name: &'static str, meaning: &'static str, values: Values) -> Self {
        Self {
            name,
            meaning,
            values,
        }
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Flag(values) => values.len(),
        }
    }

    /// A value as JSON; a missing one is null.
    pub(super) fn json(&self, row: usize) -> Value {
        match self {
            Self::Text(values) => Value::from(values[row].as_deref()),
            Self::Integer(values) => Value::from(values[row]),
            Self::Real(values) => Value::from(values[row]),
            Self::Flag(values) => Value::from(values[row]),
        }
    }
}
