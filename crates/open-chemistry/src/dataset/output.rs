//! Writing a table in the format asked for.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use super::table::Table;
use super::{DatasetError, parquet};
use crate::params::OutputFormat;
use crate::results::{WriteError, quoted};

/// Writes a table into a folder; returns the file's name.
pub(super) fn write(
    table: &Table,
    format: OutputFormat,
    folder: &Path,
) -> Result<&'static str, DatasetError> {
    let name = match format {
        OutputFormat::Parquet => "dataset.parquet",
        OutputFormat::Json => "dataset.json",
        OutputFormat::Csv => "dataset.csv",
    };
    let path = folder.join(name);
    let shown = path.display().to_string();
    let unwritten = |source| WriteError::File {
        path: shown.clone(),
        source,
    };
    let mut file = BufWriter::new(File::create(&path).map_err(unwritten)?);
    match format {
        OutputFormat::Parquet => {
            parquet::write(table, &mut file).map_err(|source| DatasetError::Parquet {
                path: shown.clone(),
                source,
            })?
        }
        OutputFormat::Json => write_json(table, &mut file).map_err(unwritten)?,
        OutputFormat::Csv => write_csv(table, &mut file).map_err(unwritten)?,
    }
    file.flush().map_err(unwritten)?;
    Ok(name)
}

/// A JSON array with one object per line.
fn write_json(table: &Table, file: &mut impl Write) -> io::Result<()> {
    file.write_all(b"[")?;
    for row in 0..table.rows() {
        file.write_all(if row == 0 { b"\n{" } else { b",\n{" })?;
        for (index, column) in table.columns().iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(
                file,
                "{comma}\"{}\": {}",
                column.name,
                column.values.json(row)
            )?;
        }
        file.write_all(b"}")?;
    }
    file.write_all(b"\n]\n")
}

/// A header line, then one line per row; a missing value is empty.
fn write_csv(table: &Table, file: &mut impl Write) -> io::Result<()> {
    let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    writeln!(file, "{}", names.join(","))?;
    for row in 0..table.rows() {
        for (index, column) in table.columns().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match column.values.json(row) {
                Value::Null => file.write_all(comma.as_bytes())?,
                Value::String(text) => write!(file, "{comma}{}", quoted(&text))?,
                value => write!(file, "{comma}{value}")?,
            }
        }
        file.write_all(b"\n")?;
    }
    Ok(())
}
