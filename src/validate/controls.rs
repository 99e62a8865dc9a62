//! Control sums: the source's own sum against the outcomes, and the loaded part against the target's own sum, for each group that the
//! plan names. Boundary: exact decimals from all three sides; the sums themselves were made by `source`, `transform` and the target's
//! server.

use std::collections::BTreeMap;

use super::amount::Amount;
use super::finding::{Control, ControlGroup, Difference, DifferenceKind, GROUPS_LISTED, Validation};
use super::subject::{Subject, Subjects, Table};
use super::{Request, ValidateError};
use crate::pg::{QualifiedName, Session, ident, literal};
use crate::plan::{CompiledControl, ControlPlan};
use crate::row::{Group, Outcome};
use crate::staging::{EntityId, StagingReader};
use crate::target::group_sums;

/// The sums of one side by group. A control without groups has one, which is empty.
type Sums = BTreeMap<Group, Amount>;

/// Checks the control sums of the selected entities. `others` has the number of rows of others for each table.
pub(super) fn check_controls(
    request: &Request<'_>,
    subjects: &Subjects,
    others: &[u64],
    reader: &StagingReader,
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    for subject in &subjects.entities {
        for control in &request.plan.entities[subject.index].controls {
            let (table, others) = (&subjects.tables[subject.table], others.get(subject.table).copied().unwrap_or(0));
            let compiled = compiled(request, subject.index, control);
            let (loaded, held) = staged_sums(reader, subject.id, &subject.name, &control.name)?;
            let source = source_sums(reader, subject, control, compiled)?;
            let target = target_sums(request, table, others, control, compiled, reader, session)?;
            judge(subject, control, &Sides { source, loaded, held, target }, found);
            if let Some(control_found) = found.controls.last_mut() {
                (control_found.source_sql, control_found.target_sql) = queries(request, subject.index, table, control);
            }
        }
    }
    Ok(())
}

fn compiled<'r>(request: &Request<'r>, index: usize, control: &ControlPlan) -> Option<&'r CompiledControl> {
    request.entities.get(index)?.as_ref()?.controls.iter().find(|compiled| compiled.name == control.name)
}

fn add(sums: &mut Sums, group: Group, amount: Amount) {
    let sum = sums.remove(&group).unwrap_or_else(Amount::zero).plus(amount);
    sums.insert(group, sum);
}

/// The values of a group as all sides write them.
fn normal(parts: Vec<Option<String>>, compiled: Option<&CompiledControl>) -> Group {
    let part = |(at, text): (usize, Option<String>)| match compiled.and_then(|control| control.by.get(at)) {
        Some(by) => text.map(|text| by.normal(text)),
        None => text,
    };
    Group(parts.into_iter().enumerate().map(part).collect())
}

fn amount(text: &str, entity: &str, control: &str) -> Result<Amount, ValidateError> {
    Amount::read(text).ok_or_else(|| ValidateError::NotANumber { entity: entity.to_owned(), control: control.to_owned() })
}

/// What an entity loaded or adopted, and what it held back.
fn staged_sums(reader: &StagingReader, entity: EntityId, name: &str, control: &str) -> Result<(Sums, Sums), ValidateError> {
    let (mut loaded, mut held) = (Sums::new(), Sums::new());
    for total in reader.control_totals(entity)?.into_iter().filter(|total| total.name == control) {
        let sum = amount(&total.sum, name, control)?;
        match total.outcome {
            Outcome::Loaded | Outcome::Adopted => add(&mut loaded, total.group, sum),
            Outcome::Merged | Outcome::Filtered | Outcome::Quarantined => add(&mut held, total.group, sum),
        }
    }
    Ok((loaded, held))
}

/// What the source said, in groups where it could tell them; `None` where it was never asked.
fn source_sums(
    reader: &StagingReader,
    subject: &Subject,
    control: &ControlPlan,
    compiled: Option<&CompiledControl>,
) -> Result<Option<Sums>, ValidateError> {
    let mut sums = Sums::new();
    let mut recorded = reader.source_controls(subject.id)?.into_iter().filter(|sum| sum.name == control.name).peekable();
    if recorded.peek().is_none() {
        return Ok(None);
    }
    for one in recorded {
        let sum = amount(&one.sum, &subject.name, &control.name)?;
        add(&mut sums, normal(one.group.0, compiled), sum);
    }
    Ok(Some(sums))
}

/// The target's own sums, and what all entities that are summed with it have loaded.
struct TargetSums {
    sums: Sums,
    of_all: Sums,
}

/// `None` where our rows cannot be told from others.
fn target_sums(
    request: &Request<'_>,
    table: &Table,
    others: u64,
    control: &ControlPlan,
    compiled: Option<&CompiledControl>,
    reader: &StagingReader,
    session: &mut Session,
) -> Result<Option<TargetSums>, ValidateError> {
    let mut filter = None;
    if others > 0 {
        // Rows of others have no part in the sum; ours are those that the mapping table names, which it does not of keys that are kept.
        let mappings = request.plan.mappings.as_ref().filter(|_| table.is_published);
        let Some(mappings) = mappings.and_then(|text| QualifiedName::parse(&text.value)) else { return Ok(None) };
        let ours = format!("SELECT new_id FROM {} WHERE entity_type = {}", mappings.to_sql(), literal(&table.entity_type));
        filter = Some(format!("{} IN ({ours})", ident(&table.columns[table.id_at])));
    }
    let mut of_all = Sums::new();
    for feed in &table.feeds {
        let controls = feed.index.map(|index| &request.plan.entities[index].controls);
        let Some(same) = controls.and_then(|controls| controls.iter().find(|other| is_same(other, control))) else { return Ok(None) };
        let (loaded, _) = staged_sums(reader, feed.id, &feed.name, &same.name)?;
        for (group, sum) in loaded {
            add(&mut of_all, group, sum);
        }
    }
    let by: Vec<&str> = control.by.iter().map(|group| group.target.value.as_str()).collect();
    let mut sums = Sums::new();
    for (parts, sum) in group_sums(session, &table.info.name, &control.target.value, &by, filter.as_deref())? {
        let sum = amount(sum.as_deref().unwrap_or("0"), &table.name(), &control.name)?;
        add(&mut sums, normal(parts, compiled), sum);
    }
    Ok(Some(TargetSums { sums, of_all }))
}

/// Whether two controls ask the target the same.
fn is_same(one: &ControlPlan, other: &ControlPlan) -> bool {
    let by = |control: &ControlPlan| control.by.iter().map(|group| group.target.value.clone()).collect::<Vec<_>>();
    one.target.value == other.target.value && by(one) == by(other)
}

/// The sums of one control.
struct Sides {
    source: Option<Sums>,
    loaded: Sums,
    held: Sums,
    target: Option<TargetSums>,
}

/// What to type to get the figures again.
fn queries(request: &Request<'_>, index: usize, table: &Table, control: &ControlPlan) -> (String, String) {
    let from = request.plan.entities[index].from.value.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = if from.contains(' ') { format!("({from}) AS src") } else { from };
    let with = if request.plan.with.is_empty() { "" } else { " -- with the plan's named queries" };
    let sql = |sum: &str, by: &[&str], from: &str| {
        let keys: Vec<String> = by.iter().map(|key| format!(", {key}")).collect();
        let numbers: Vec<String> = (2..by.len() + 2).map(|number| number.to_string()).collect();
        let grouped = if by.is_empty() { String::new() } else { format!(" GROUP BY {}", numbers.join(", ")) };
        format!("SELECT sum({sum}){} FROM {from}{grouped}", keys.concat())
    };
    let of_source: Vec<&str> = if control.source_has_groups() {
        control.by.iter().filter_map(|group| Some(group.source.as_ref()?.value.as_str())).collect()
    } else {
        Vec::new()
    };
    let of_target: Vec<&str> = control.by.iter().map(|group| group.target.value.as_str()).collect();
    let source = sql(&control.source_text.value, &of_source, &from) + with;
    (source, sql(&control.target.value, &of_target, &table.info.name.to_sql()))
}

/// One line of a control: the whole of it, or a group.
struct Line {
    source: Option<Amount>,
    loaded: Amount,
    held: Amount,
    /// The target's sum, and what was loaded into it.
    target: Option<(Amount, Amount)>,
    /// Whether the source was to say something.
    asked: bool,
}

impl Line {
    /// Whether source = loaded + held. A source that was never asked can only be believed where there is nothing to sum.
    fn is_closed(&self) -> bool {
        let accounted = self.loaded.clone().plus(self.held.clone());
        !self.asked || self.source.as_ref().map_or(accounted == Amount::zero(), |source| *source == accounted)
    }

    fn has_arrived(&self) -> bool {
        self.target.as_ref().is_none_or(|(sum, all)| sum == all)
    }

    fn scale(&self) -> i64 {
        [self.source.as_ref(), Some(&self.loaded), Some(&self.held)].into_iter().flatten().map(Amount::scale).max().unwrap_or(0)
    }
}

fn total(sums: &Sums) -> Amount {
    sums.values().cloned().fold(Amount::zero(), Amount::plus)
}

fn judge(subject: &Subject, control: &ControlPlan, sides: &Sides, found: &mut Validation) {
    let whole = Line {
        source: sides.source.as_ref().map(total),
        loaded: total(&sides.loaded),
        held: total(&sides.held),
        target: sides.target.as_ref().map(|target| (total(&target.sums), total(&target.of_all))),
        asked: true,
    };
    let scale = whole.scale();
    let mut equal = tell(subject, control, None, &whole, scale, found);
    let mut groups = Vec::new();
    if !control.by.is_empty() {
        let of_source = sides.source.as_ref().filter(|_| control.source_has_groups());
        let of_target = sides.target.iter().flat_map(|target| target.sums.keys().chain(target.of_all.keys()));
        let mut names: Vec<&Group> =
            of_source.into_iter().flat_map(BTreeMap::keys).chain(sides.loaded.keys()).chain(sides.held.keys()).chain(of_target).collect();
        names.sort_unstable();
        names.dedup();
        for group in names {
            let of = |sums: &Sums| sums.get(group).cloned().unwrap_or_else(Amount::zero);
            let line = Line {
                source: of_source.map(of),
                loaded: of(&sides.loaded),
                held: of(&sides.held),
                target: sides.target.as_ref().map(|target| (of(&target.sums), of(&target.of_all))),
                asked: of_source.is_some(),
            };
            let same = tell(subject, control, Some(group), &line, scale, found);
            equal &= same;
            groups.push(ControlGroup {
                group: group.clone(),
                source: line.source.as_ref().map(|sum| sum.text(scale)),
                loaded: line.loaded.text(scale),
                held: line.held.text(scale),
                target: line.target.as_ref().map(|(sum, _)| sum.text(scale)),
                equal: same,
            });
        }
    }
    let groups_found = groups.len() as u64;
    // Those that differ come first: they must not fall off the list.
    groups.sort_by_key(|group| group.equal);
    groups.truncate(GROUPS_LISTED);
    found.controls.push(Control {
        entity: subject.name.clone(),
        name: control.name.clone(),
        source: whole.source.map(|sum| sum.text(scale)),
        loaded: whole.loaded.text(scale),
        held: whole.held.text(scale),
        target: whole.target.map(|(sum, _)| sum.text(scale)),
        equal,
        by: control.by.iter().map(|group| group.expr_text.value.clone()).collect(),
        groups,
        groups_found,
        source_sql: String::new(),
        target_sql: String::new(),
    });
}

/// Adds what differs in a line, and says whether nothing does.
fn tell(subject: &Subject, control: &ControlPlan, group: Option<&Group>, line: &Line, scale: i64, found: &mut Validation) -> bool {
    let (closed, arrived) = (line.is_closed(), line.has_arrived());
    let of = group.map_or_else(String::new, |group| format!(" of the group ({})", group.words()));
    let mut differs = |expected: String, there: String, message: String| {
        let mut difference = Difference::new(DifferenceKind::Control, message);
        difference.entity = Some(subject.name.clone());
        difference.column = Some(control.name.clone());
        difference.expected = Some(expected);
        difference.found = Some(there);
        found.add(difference);
    };
    if !closed {
        let expected = line.source.as_ref().map_or_else(|| "not recorded".to_owned(), |sum| sum.text(scale));
        let accounted = line.loaded.clone().plus(line.held.clone());
        differs(expected, accounted.text(scale), format!("the sum{of} over all outcomes is not the source's sum"));
    }
    if let Some((sum, all)) = line.target.as_ref().filter(|_| !arrived) {
        differs(all.text(scale), sum.text(scale), format!("the target's sum{of} is not the sum of what was loaded"));
    }
    closed && arrived
}
