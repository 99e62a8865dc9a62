//! The target side: is every table there, may we write it, and what would happen to rows that are written. Boundary: asks the
//! catalogue and looks whether tables are empty; reads no row.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{controls, near};
use crate::pg::{
    ColumnList, PgError, QualifiedName, RelationKind, RowSecurity, ServerInfo, Session, TableInfo, are_empty, column_list, describe_table,
    describe_tables, ident,
};
use crate::plan::{AdoptPlan, Constraints, Plan, Problem, Problems, Severity, TargetColumn, Text, Triggers, nearest};

/// Looks at the tables of the selected entities, and at the mapping table. A table that cannot be used is a problem where it is
/// named; only a failing connection is an error.
pub(super) struct TargetLook<'a> {
    pub plan: &'a Plan,
    pub session: &'a mut Session,
    pub server: &'a ServerInfo,
    pub problems: &'a mut Problems,
    /// Worth knowing, and no problem.
    pub notes: &'a mut Vec<String>,
    /// All tables of the target, once they were needed.
    pub known: Option<Vec<ColumnList>>,
    /// What was asked for all tables at once.
    pub asked: Asked,
}

/// What the target was asked for all tables at once; what is not here is asked where it is needed, and told there.
#[derive(Debug, Default)]
pub(super) struct Asked {
    tables: HashMap<QualifiedName, TableInfo>,
    empty: HashMap<QualifiedName, bool>,
}

impl Asked {
    /// Asks for these tables. A refusal leaves it empty; only a failing connection is an error.
    fn ask(session: &mut Session, names: Vec<QualifiedName>) -> Result<Self, PgError> {
        let mut asked = Self::default();
        match describe_tables(session, &names) {
            Ok(tables) => asked.tables.extend(names.into_iter().zip(tables).filter_map(|(name, table)| Some((name, table?)))),
            Err(error) => {
                error.refusal()?;
                return Ok(asked);
            }
        }
        let readable: BTreeSet<QualifiedName> = asked.tables.values().filter(|t| can_be_looked_into(t)).map(|t| t.name.clone()).collect();
        let readable: Vec<QualifiedName> = readable.into_iter().collect();
        match are_empty(session, &readable) {
            Ok(empty) => asked.empty.extend(readable.into_iter().zip(empty)),
            Err(error) => {
                error.refusal()?;
            }
        }
        Ok(asked)
    }
}

fn can_be_looked_into(table: &TableInfo) -> bool {
    let rows_are_here = matches!(table.kind, RelationKind::Table | RelationKind::Partitioned);
    rows_are_here && table.privileges.select && table.row_security != RowSecurity::Applies
}

/// The columns of a table as a plan needs them.
pub(super) fn shape(table: &TableInfo) -> Vec<TargetColumn> {
    let columns = table.columns.iter();
    columns.map(|c| TargetColumn { column: c.column.clone(), has_default: c.has_default(), generated: c.generated }).collect()
}

impl TargetLook<'_> {
    pub fn tables(&mut self, selected: &[bool]) -> Result<Vec<Option<TableInfo>>, PgError> {
        let plan = self.plan;
        let mut tables: Vec<Option<TableInfo>> = Vec::new();
        let mut seen: HashSet<QualifiedName> = HashSet::new();
        let named = plan.entities.iter().zip(selected).filter(|(_, selected)| **selected);
        let targets = named.map(|(entity, _)| &entity.target).chain(&plan.mappings);
        let targets: BTreeSet<QualifiedName> = targets.filter_map(|target| QualifiedName::parse(&target.value)).collect();
        self.asked = Asked::ask(self.session, targets.into_iter().collect())?;
        for (entity, selected) in plan.entities.iter().zip(selected) {
            let table = if *selected { self.table(&entity.target)? } else { None };
            if let Some(table) = &table
                && seen.insert(table.name.clone())
            {
                self.usable(&entity.target, table)?;
            }
            if let (Some(table), Some(adopt)) = (&table, &entity.adopt) {
                self.adoption(adopt, table)?;
            }
            tables.push(table);
        }
        let with_table = || plan.entities.iter().zip(&tables).filter_map(|(entity, table)| Some((entity, &table.as_ref()?.name)));
        if !controls::all_at_target(with_table(), self.session)? {
            for (entity, table) in with_table() {
                controls::of_target(entity, table, self.session, self.problems)?;
            }
        }
        if let Some(mappings) = &plan.mappings {
            self.mapping_table(mappings)?;
        }
        self.own_schema()?;
        Ok(tables)
    }

    fn error(&mut self, code: &'static str, text: &Text, message: String, label: &str, help: Option<String>) {
        self.problems.error(code, Some(text.whole()), message, label, help);
    }

    fn table(&mut self, text: &Text) -> Result<Option<TableInfo>, PgError> {
        let Some(name) = QualifiedName::parse(&text.value) else {
            let help = Some("write schema.table; a name with capitals or spaces stands in double quotes".to_owned());
            self.error("E0320", text, format!("`{}` is no table name", text.value), "here", help);
            return Ok(None);
        };
        if let Some(table) = self.asked.tables.get(&name) {
            return Ok(Some(table.clone()));
        }
        match describe_table(self.session, &name) {
            Ok(table) => Ok(Some(table)),
            Err(PgError::NoTable { candidates, .. }) => {
                if candidates.is_empty() && self.known.is_none() {
                    self.known = Some(column_list(self.session)?);
                }
                let nearest = || near::table(&text.value, self.known.as_deref().unwrap_or_default());
                let near = candidates.into_iter().next().or_else(nearest);
                let help = near.map_or_else(
                    || "create it first: etl fills tables, it does not make them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error("E0321", text, format!("the target has no table {name}"), "not there", Some(help));
                Ok(None)
            }
            Err(error) => {
                let error = error.refusal()?;
                let help = (error.sqlstate == "42501").then(|| format!("GRANT USAGE ON SCHEMA … TO {}", ident(&self.server.user)));
                let message = format!("the target does not let {name} be looked at: {}", error.safe_message());
                self.error("E0323", text, message, "this table", help);
                Ok(None)
            }
        }
    }

    /// Where the keys of rows that are there already are read: a column of the table, a query that the target can run.
    fn adoption(&mut self, adopt: &AdoptPlan, table: &TableInfo) -> Result<(), PgError> {
        if let Some(column) = adopt.column.as_ref().filter(|column| table.column(&column.value).is_none()) {
            let near = nearest(&column.value, table.columns.iter().map(|c| c.column.name.as_str()));
            let message = format!("{} has no column `{}` to adopt keys from", table.name, column.value);
            self.error("E0330", column, message, "not in the target", near.map(|near| format!("did you mean `{near}`?")));
        }
        if let Some(pairs) = &adopt.pairs {
            let query = pairs.value.trim().trim_end_matches(';');
            let sql = format!("EXPLAIN SELECT k::text, i::text::uuid FROM ({query}) AS q (k, i)");
            if let Err(error) = self.session.text_rows(&sql) {
                let message = format!("the target cannot run the query for keys to adopt: {}", error.refusal()?.safe_message());
                let help = "it gives two columns: the legacy key and the new key".to_owned();
                self.error("E0331", pairs, message, "this query", Some(help));
            }
        }
        Ok(())
    }

    /// What would keep rows from being written, or change them on the way.
    fn usable(&mut self, text: &Text, table: &TableInfo) -> Result<(), PgError> {
        let name = &table.name;
        let kind = match table.kind {
            RelationKind::Table | RelationKind::Partitioned => None,
            RelationKind::View => Some("a view"),
            RelationKind::Foreign => Some("a foreign table, where a chunk and its proof cannot be committed together"),
        };
        if let Some(kind) = kind {
            let help = Some("name the table behind it".to_owned());
            self.error("E0322", text, format!("{name} is {kind}"), "must be a table", help);
            return Ok(());
        }
        self.privileges(text, table);
        if table.row_security == RowSecurity::Applies {
            let message = format!("row level security of {name} applies to {}: rows could be hidden or refused", self.server.user);
            let help = format!(
                "load as the table's owner ({}) or as a role with BYPASSRLS, or: ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
                table.owner,
                name.to_sql()
            );
            self.error("E0325", text, message, "guarded by policies", Some(help));
        }
        self.triggers(text, table);
        self.domains(table);
        if can_be_looked_into(table) {
            let known = self.asked.empty.get(name).copied();
            let empty = match known {
                Some(empty) => empty,
                None => are_empty(self.session, std::slice::from_ref(name))?.contains(&true),
            };
            if !empty {
                let rows = table.estimated_rows.filter(|rows| *rows > 0).map_or_else(String::new, |rows| format!(" (about {rows})"));
                self.notes.push(format!("{name} holds rows already{rows}; they stay as they are, and so do its constraints and indexes"));
            } else if self.plan.constraints == Constraints::Auto && !table.privileges.owner {
                self.notes.push(format!(
                    "{name} belongs to {}, so its constraints and indexes stay up during the load; as its owner the load is faster",
                    table.owner
                ));
            }
        }
        Ok(())
    }

    /// Checks of domains are the server's to enforce: a row that it refuses is quarantined while it is loaded.
    fn domains(&mut self, table: &TableInfo) {
        for column in &table.columns {
            let Some(domain) = column.domain.as_ref().filter(|domain| !domain.checks.is_empty()) else { continue };
            self.notes.push(format!(
                "{}.{} is {}: {}; rows that the target refuses for it are quarantined as they are loaded",
                table.name,
                column.column.name,
                domain.name,
                domain.checks.join(" ")
            ));
        }
    }

    fn privileges(&mut self, text: &Text, table: &TableInfo) {
        let lacking: Vec<&str> = [("INSERT", table.privileges.insert), ("SELECT", table.privileges.select)]
            .into_iter()
            .filter_map(|(word, granted)| (!granted).then_some(word))
            .collect();
        if lacking.is_empty() {
            return;
        }
        let message = format!("{} has no {} on {}", self.server.user, lacking.join(" and no "), table.name);
        let help = format!("GRANT {} ON {} TO {}", lacking.join(", "), table.name.to_sql(), ident(&self.server.user));
        self.error("E0323", text, message, "may not be used", Some(help));
    }

    fn triggers(&mut self, text: &Text, table: &TableInfo) {
        let names: Vec<&str> = table.triggers.iter().filter(|t| t.enabled && t.on_insert).map(|t| t.name.as_str()).collect();
        if names.is_empty() {
            return;
        }
        let names = names.join(", ");
        match (self.plan.triggers, table.privileges.owner) {
            (Triggers::Disable, true) => {}
            (Triggers::Disable, false) => {
                let message = format!("triggers = \"disable\", but {} is not the owner of {}", self.server.user, table.name);
                let help = Some(format!("connect as {}, or write triggers = \"fire\"", table.owner));
                self.error("E0327", text, message, "has triggers", help);
            }
            (Triggers::Fire, _) => self.problems.push(Problem {
                severity: Severity::Warning,
                code: "E0326",
                message: format!("inserting into {} fires {names}", table.name),
                place: Some(text.whole()),
                label: "has triggers".into(),
                help: Some(
                    "what they change, validation reports as a difference; write triggers = \"disable\" under [target] to leave them out"
                        .into(),
                ),
            }),
        }
    }

    /// The mapping table takes exactly these columns.
    fn mapping_table(&mut self, text: &Text) -> Result<(), PgError> {
        const COLUMNS: [&str; 4] = ["entity_type", "legacy_id", "new_id", "migration_batch"];
        let Some(table) = self.table(text)? else { return Ok(()) };
        self.privileges(text, &table);
        let lacking: Vec<&str> = COLUMNS.into_iter().filter(|name| table.column(name).is_none()).collect();
        let wrong: Vec<String> = table
            .columns
            .iter()
            .filter(|c| COLUMNS.contains(&c.column.name.as_str()))
            .filter(|c| if c.column.name == "new_id" { c.column.ty != crate::row::SqlType::Uuid } else { !c.column.ty.is_text() })
            .map(|c| format!("{} is {}", c.column.name, c.declared))
            .collect();
        let unfilled: Vec<&str> = table
            .columns
            .iter()
            .filter(|c| !COLUMNS.contains(&c.column.name.as_str()) && !c.column.nullable && !c.has_default())
            .map(|c| c.column.name.as_str())
            .collect();
        let mut found = Vec::new();
        if !lacking.is_empty() {
            found.push(format!("it has no {}", lacking.join(", no ")));
        }
        if !wrong.is_empty() {
            found.push(wrong.join(", "));
        }
        if !unfilled.is_empty() {
            found.push(format!("{} is NOT NULL and nothing fills it", unfilled.join(", ")));
        }
        if !found.is_empty() {
            let message = format!("{} cannot hold the id map: {}", table.name, found.join("; "));
            let help = "it needs entity_type text, legacy_id text, new_id uuid, migration_batch text".to_owned();
            self.error("E0328", text, message, "the mapping table", Some(help));
        }
        Ok(())
    }

    /// The schema that proves exactly-once: it must be there, or we must be allowed to make it.
    fn own_schema(&mut self) -> Result<(), PgError> {
        let rows = self.session.text_rows(
            "SELECT CASE WHEN pg_catalog.to_regnamespace('etl') IS NULL
                         THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
                         ELSE pg_catalog.has_schema_privilege('etl', 'USAGE') END",
        )?;
        if rows.into_iter().flatten().next().flatten().as_deref() == Some("t") {
            return Ok(());
        }
        let ServerInfo { user, database, .. } = self.server;
        let message = format!("{user} may not keep the load's ledger in the schema `etl` of the target");
        let help =
            format!("GRANT CREATE ON DATABASE {} TO {}; the schema can be dropped after the migration", ident(database), ident(user));
        self.problems.error("E0329", None, message, "", Some(help));
        Ok(())
    }
}
