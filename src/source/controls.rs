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

/// The sum of each group in the snapshot: the values it is grouped by, and the sum, as text.
pub type GroupSum = (Vec<Option<String>>, Option<String>);

/// Sums an expression for each group of an entity's rows. All are SQL of the source over `src`.
pub fn group_sums(reader: &mut Reader, entity: &EntityQuery, expression: &str, by: &[&str]) -> Result<Vec<GroupSum>, SourceError> {
    let keys: Vec<String> = by.iter().map(|key| format!(", ({key}\n)::text")).collect();
    let numbers: Vec<String> = (2..by.len() + 2).map(|number| number.to_string()).collect();
    let sql = format!("SELECT sum({expression}\n)::text{} {} GROUP BY {}", keys.concat(), entity.query.from_clause(), numbers.join(", "));
    let rows = reader.session().text_rows(&sql).map_err(|e| entity.failed(e))?;
    Ok(rows
        .into_iter()
        .map(|mut row| {
            let sum = if row.is_empty() { None } else { row.remove(0) };
            (row, sum)
        })
        .collect())
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
