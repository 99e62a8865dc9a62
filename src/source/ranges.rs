//! Cutting big entities into ranges of their key, so that several readers can work on one. Boundary: it plans; `read` reads.
//!
//! A range is read by running the entity's query with a condition on the key. That pays only where the server can use the condition
//! early; otherwise the whole query is run once for each range. The planner itself is asked (EXPLAIN), so the rule is one for tables,
//! joins and views: an entity is cut where all ranges together are estimated to cost little more than reading it once, and where the places to cut are
//! known from statistics, or finding the smallest and largest key costs next to nothing.

use std::cmp::Reverse;

use super::{EntityQuery, Reader, SourceError};
use crate::pg::{PgError, ident, values_apart};
use crate::row::Column;

/// A part of an entity, by its whole-number key; without bounds it is all of it. The last range also holds the rows without key, so
/// that they are found and not lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Its number, from 0 in key order.
    pub index: u32,
    /// Keys above this.
    pub above: Option<i64>,
    /// Keys up to and with this.
    pub to: Option<i64>,
    /// Rows as estimated.
    pub estimated_rows: u64,
}

/// How to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeOptions {
    /// At most this many ranges an entity.
    pub max_ranges: u32,
    /// About this many rows a range; entities with fewer rows are not cut.
    pub min_rows: u64,
}

impl Default for RangeOptions {
    fn default() -> Self {
        // Some 150,000 rows take about a second: less is not worth a query of its own, and a few ranges keep every reader busy.
        Self { max_ranges: 8, min_rows: 150_000 }
    }
}

/// The ranges of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangePlan {
    /// In key order. Together they hold every row once.
    pub ranges: Vec<KeyRange>,
    /// Rows as estimated.
    pub estimated_rows: u64,
    /// Bytes as estimated.
    pub estimated_bytes: u64,
    /// Why it is cut so, in words.
    pub why: &'static str,
}

/// The ranges' cost together may exceed that of one read by this factor. The planner's cost says nothing of sending and receiving the rows,
/// which is the larger part of the work and is not done twice.
const WORTH_CUTTING: f64 = 2.5;
/// Finding smallest and largest key may cost this part of one read.
const CHEAP: f64 = 0.05;

/// How much all of an entity is, and what reading it costs, as the source's planner estimates it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeSize(Estimate);

/// Asks for the sizes of many entities, many to a round trip, in their order.
pub fn whole_sizes<'q>(
    reader: &mut Reader,
    entities: impl ExactSizeIterator<Item = &'q EntityQuery> + Clone,
) -> Result<Vec<WholeSize>, SourceError> {
    let explains: Vec<String> = entities.clone().map(|entity| explained(&entity.copy_query(""))).collect();
    match values_apart(reader.session(), &explains) {
        Ok(texts) => Ok(texts.iter().map(|text| WholeSize(read_estimate(text.as_deref()))).collect()),
        Err(error) => {
            error.refusal()?;
            // One by one, the entity that is refused is named.
            let one = |entity: &EntityQuery| {
                let size = estimate(reader, entity, &entity.copy_query("")).map(WholeSize)?;
                reader.let_go()?;
                Ok(size)
            };
            entities.map(one).collect()
        }
    }
}

/// Plans the ranges of an entity of this size. What it locked for that, the next request lets go.
pub fn plan_ranges(reader: &mut Reader, entity: &EntityQuery, size: WholeSize, options: RangeOptions) -> Result<RangePlan, SourceError> {
    let whole = size.0;
    let one = |why| whole.in_one(why);
    let key = match entity.key.as_slice() {
        [at] => entity.columns.get(*at).filter(|c| c.ty.is_integer()),
        _ => None,
    };
    let Some(key) = key else { return Ok(one("one range: its key is not one whole number")) };
    if whole.rows < options.min_rows || options.max_ranges < 2 {
        return Ok(one("one range: it is small"));
    }
    let plan = cut(reader, entity, key, whole, options)?;
    reader.let_go_and_read_on();
    Ok(plan)
}

/// Asks the server where to cut, and whether it pays.
fn cut(reader: &mut Reader, entity: &EntityQuery, key: &Column, whole: Estimate, options: RangeOptions) -> Result<RangePlan, SourceError> {
    let one = |why| whole.in_one(why);
    let count = (whole.rows / options.min_rows.max(1)).clamp(2, u64::from(options.max_ranges));
    let histogram = histogram(reader, entity, &key.name).map_err(|source| entity.failed(source))?;
    let (cuts, why) = if let Some(cuts) = histogram.as_deref().and_then(|h| cuts_by_histogram(h, count)) {
        // The outer ranges are open, so neither the smallest nor the largest key need be known.
        (cuts, "cut by the statistics of its key")
    } else {
        let column = ident(&key.name);
        let sql = format!("SELECT min(src.{column})::bigint, max(src.{column})::bigint {}", entity.query.from_clause());
        if estimate(reader, entity, &sql)?.cost > whole.cost * CHEAP {
            return Ok(one("one range: the query would have to be run to find its smallest and largest key"));
        }
        let bounds = reader.session().text_rows(&sql).map_err(|source| entity.failed(source))?;
        let number = |i: usize| bounds.first().and_then(|r| r.get(i)?.as_ref()?.parse::<i64>().ok());
        let (Some(min), Some(max)) = (number(0), number(1)) else { return Ok(one("one range: it is empty")) };
        (cuts_evenly(min, max, count), "cut evenly between its smallest and largest key")
    };
    if cuts.is_empty() {
        return Ok(one("one range: its keys leave nothing to cut"));
    }
    let ranges = ranges_of(&cuts, whole.rows);
    let middle = &ranges[ranges.len() / 2];
    let part = estimate(reader, entity, &entity.copy_query(&entity.range_condition(middle, None)))?;
    #[allow(clippy::cast_precision_loss, reason = "a handful of ranges")]
    if part.cost * ranges.len() as f64 > whole.cost * WORTH_CUTTING {
        return Ok(one("one range: the server would run the whole query for every range"));
    }
    Ok(RangePlan { ranges, why, ..one("") })
}

/// The order in which (entity, range) pairs should be read: the biggest first, so that the last reader does not work on alone.
pub fn biggest_first<T>(work: &mut [(T, KeyRange)]) {
    work.sort_by_key(|(_, range)| (Reverse(range.estimated_rows), range.index));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Estimate {
    rows: u64,
    width: u64,
    cost: f64,
}

impl Estimate {
    /// The plan that does not cut.
    fn in_one(&self, why: &'static str) -> RangePlan {
        RangePlan {
            ranges: vec![KeyRange { index: 0, above: None, to: None, estimated_rows: self.rows }],
            estimated_rows: self.rows,
            estimated_bytes: self.rows.saturating_mul(self.width),
            why,
        }
    }
}

fn estimate(reader: &mut Reader, entity: &EntityQuery, sql: &str) -> Result<Estimate, SourceError> {
    let rows = reader.session().text_rows(&explained(sql)).map_err(|source| entity.failed(source))?;
    Ok(read_estimate(rows.into_iter().flatten().next().flatten().as_deref()))
}

fn explained(sql: &str) -> String {
    format!("EXPLAIN (FORMAT JSON) {sql}")
}

fn read_estimate(text: Option<&str>) -> Estimate {
    let plan: serde_json::Value = serde_json::from_str(text.unwrap_or_default()).unwrap_or_default();
    let number = |name: &str| plan.pointer(&format!("/0/Plan/{name}")).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "estimates; `as` saturates")]
    Estimate { rows: number("Plan Rows") as u64, width: number("Plan Width") as u64, cost: number("Total Cost") }
}

/// The histogram of the key in the server's statistics, where the key is a column of a table (a query may pass it through).
fn histogram(reader: &mut Reader, entity: &EntityQuery, key: &str) -> Result<Option<Vec<i64>>, PgError> {
    const BOUNDS: &str =
        "SELECT s.histogram_bounds::text::bigint[] FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
           JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
          WHERE s.histogram_bounds IS NOT NULL AND";
    let session = reader.session();
    if let Some(table) = entity.query.table() {
        let sql = format!("{BOUNDS} c.oid = pg_catalog.to_regclass($1::text) AND a.attname = $2 ORDER BY s.inherited DESC LIMIT 1");
        return Ok(session.query(&sql, &[&table.to_sql(), &key])?.first().map(|row| row.get(0)));
    }
    let statement = session.prepare(&format!("SELECT src.{} {}", ident(key), entity.query.from_clause()))?;
    let origin = statement.columns().first().and_then(|c| c.table_oid().zip(c.column_id()));
    let Some((table, column)) = origin else { return Ok(None) };
    let sql = format!("{BOUNDS} c.oid = $1 AND a.attnum = $2 ORDER BY s.inherited DESC LIMIT 1");
    let rows = session.query(&sql, &[&table, &column])?;
    Ok(rows.first().map(|r| r.get(0)))
}

/// Cuts so that each range holds about the same number of the histogram's buckets, which hold about the same number of rows.
fn cuts_by_histogram(bounds: &[i64], count: u64) -> Option<Vec<i64>> {
    let buckets = bounds.len().checked_sub(1)?;
    let count = usize::try_from(count).ok()?.min(buckets / 2);
    if count < 2 {
        return None;
    }
    let mut cuts: Vec<i64> = (1..count).map(|i| bounds[i * buckets / count]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    Some(cuts)
}

fn cuts_evenly(min: i64, max: i64, count: u64) -> Vec<i64> {
    let (low, span) = (i128::from(min), i128::from(max) - i128::from(min));
    let mut cuts: Vec<i64> =
        (1..i128::from(count)).filter_map(|i| i64::try_from(low + span * i / i128::from(count)).ok()).filter(|c| *c < max).collect();
    cuts.dedup();
    cuts
}

fn ranges_of(cuts: &[i64], rows: u64) -> Vec<KeyRange> {
    let each = rows / (cuts.len() as u64 + 1);
    let above = std::iter::once(None).chain(cuts.iter().copied().map(Some));
    let to = cuts.iter().copied().map(Some).chain(std::iter::once(None));
    (0_u32..).zip(above.zip(to)).map(|(index, (above, to))| KeyRange { index, above, to, estimated_rows: each }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_is_in_exactly_one_range(min: i64, max: i64, count in 2_u64..9, key: i64) {
            let (min, max) = (min.min(max), min.max(max));
            let ranges = ranges_of(&cuts_evenly(min, max, count), 1_000_000);
            let holding = ranges.iter().filter(|r| r.above.is_none_or(|a| key > a) && r.to.is_none_or(|t| key <= t)).count();
            prop_assert_eq!(holding, 1);
        }
    }

    #[test]
    fn skewed_keys_are_cut_where_the_rows_are() {
        let mut bounds: Vec<i64> = (0..100).collect();
        bounds.push(1_000_000);
        assert_eq!(cuts_by_histogram(&bounds, 4), Some(vec![25, 50, 75]));
        assert_eq!(cuts_by_histogram(&[1, 2], 4), None);
    }
}
