//! How often a column of a source query is NULL: the statistics are of tables, and a query may leave such rows out. Boundary: the one
//! place of the check that runs a query of the plan, within a few seconds; who cannot be asked in time is not known of.

use std::time::Duration;

use crate::pg::{Endpoint, Session, ident};
use crate::plan::{EntityPlan, Plan};
use crate::source::source_query;
use crate::staging::Moment;

/// For one query: enough for some million rows, and nobody waits for it in vain.
const OF_ONE: Duration = Duration::from_secs(2);
/// For all queries of a check.
const OF_ALL: Duration = Duration::from_secs(6);

/// Asks the source how many rows have no value, as long as there is time.
pub(super) struct Census<'a> {
    endpoint: Option<&'a Endpoint>,
    session: Option<Session>,
    left: Duration,
}

impl<'a> Census<'a> {
    /// Of this source; of none, nothing is known.
    pub(super) fn new(endpoint: Option<&'a Endpoint>) -> Self {
        Self { endpoint, session: None, left: OF_ALL }
    }

    /// For each of these columns, in how many rows of the entity's query it is NULL; `None` where `from` is a table, whose statistics
    /// say it, or where it takes too long.
    pub(super) fn nulls(&mut self, plan: &Plan, entity: &EntityPlan, columns: &[&str]) -> Option<Vec<u64>> {
        let query = source_query(plan, entity);
        let time = OF_ONE.min(self.left);
        if query.table().is_some() || columns.is_empty() || time < Duration::from_millis(1) {
            return None;
        }
        if self.session.is_none() {
            self.session = self.endpoint?.connect().ok();
        }
        let session = self.session.as_mut()?;
        let began = Moment::now();
        let counts: Vec<String> = columns.iter().map(|name| format!("count(*) FILTER (WHERE src.{} IS NULL)", ident(name))).collect();
        session.text_rows(&format!("SET statement_timeout = {}", time.as_millis())).ok()?;
        let rows = session.text_rows(&format!("SELECT {} {}", counts.join(", "), query.from_clause()));
        self.left = self.left.saturating_sub(Duration::from_micros(Moment::now().micros_since(began)));
        // A warning that stays is all that is at stake.
        let row = rows.ok()?.into_iter().next()?;
        row.into_iter().map(|count| count?.parse().ok()).collect()
    }
}
