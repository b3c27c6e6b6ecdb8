//! Writing a table as Apache Parquet, column by column.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::table::{Table, Values};

/// Writes the whole table as one row group.
pub(super) fn write(table: &Table, file: impl Write + Send) -> Result<()> {
    let schema = Arc::new(parse_message_type(&schema_of(table))?);
    let created_by = concat!("open-chemistry version ", env!("CARGO_PKG_VERSION"));
    let properties = WriterProperties::builder()
        .set_created_by(created_by.to_owned())
        .build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for column in table.columns() {
        let mut writer = rows
            .next_column()?
            .expect("the schema has every column of the table");
        write_column(&mut writer, &column.values)?;
        writer.close()?;
    }
    rows.close()?;
    writer.close()?;
    Ok(())
}

fn schema_of(table: &Table) -> String {
    let mut schema = String::from("message dataset {\n");
    for column in table.columns() {
        let kind = match column.values {
            Values::Text(_) => ("OPTIONAL BYTE_ARRAY", " (STRING)"),
            Values::Integer(_) => ("REQUIRED INT64", ""),
            Values::Real(_) => ("REQUIRED DOUBLE", ""),
            Values::Flag(_) => ("REQUIRED BOOLEAN", ""),
        };
        let _ = writeln!(schema, "  {} {}{};", kind.0, column.name, kind.1);
    }
    schema.push('}');
    schema
}

fn write_column(writer: &mut SerializedColumnWriter<'_>, values: &Values) -> Result<()> {
    match values {
        Values::Text(values) => {
            let present: Vec<ByteArray> = values
                .iter()
                .flatten()
                .map(|text| ByteArray::from(text.as_str()))
                .collect();
            let levels: Vec<i16> = values.iter().map(|value| value.is_some().into()).collect();
            writer
                .typed::<ByteArrayType>()
                .write_batch(&present, Some(&levels), None)?;
        }
        Values::Integer(values) => {
            writer
                .typed::<Int64Type>()
                .write_batch(values, None, None)?;
        }
        Values::Real(values) => {
            writer
                .typed::<DoubleType>()
                .write_batch(values, None, None)?;
        }
        Values::Flag(values) => {
            writer.typed::<BoolType>().write_batch(values, None, None)?;
        }
    }
    Ok(())
}
