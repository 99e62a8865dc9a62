//! Control sums, computed by the source in the snapshot that is read. Boundary: SQL of the source, results as text.

use super::{EntityQuery, Reader, SourceError};

/// Control sums of an entity in the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSums {
    /// Rows.
    pub rows: u64,
    /// The sums in the order asked for, as text, so that no digit is lost; `None` where all values are NULL.
    pub sums: Vec<Option<String>>,
}

/// Counts an entity's rows and sums expressions over its columns, in one pass. The expressions are SQL of the source over `src`.
pub fn control_sums(reader: &mut Reader, entity: &EntityQuery, expressions: &[&str]) -> Result<ControlSums, SourceError> {
    let mut list = "count(*)::text".to_owned();
    for expression in expressions {
        // The line break ends a comment in the expression.
        list.push_str(", sum(");
        list.push_str(expression);
        list.push_str("\n)::text");
    }
    let rows = reader.session().text_rows(&format!("SELECT {list} {}", entity.query.from_clause())).map_err(|e| entity.failed(e))?;
    let mut fields = rows.into_iter().next().unwrap_or_default().into_iter();
    let count = fields.next().flatten().and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(ControlSums { rows: count, sums: fields.collect() })
}
