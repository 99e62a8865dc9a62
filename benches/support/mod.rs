//! What the benches measure with: rows like those of the flagship migration's largest table, its parents' keys, and a plan for it.
//! Boundary: no measuring here. Every number comes from the row's own number, so that each run sees the same bytes.
#![allow(dead_code, reason = "each bench is a program of its own and takes what it needs")]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use etl::plan::{CompiledEntity, Problems, TargetColumn, TargetShape, compile, load};
use etl::row::{Column, EnumType, KeyKind, LegacyKey, Outcome, SqlType, TupleWriter};
use etl::staging::{EntityId, EntityRecord, RangeSpec, RunId, RunStart, SnapshotId, SnapshotRecord, StagingWriter};
use etl::transform::{Inputs, KeySnapshot, KeySnapshotBuilder, Minter};
use uuid::Uuid;

/// Rows of a chunk of tasks: what fits into the some 3 MB that a chunk of them has.
pub const CHUNK: i64 = 27_000;

/// The entities that a task refers to, with their rows in the flagship migration.
pub const PARENTS: [(&str, i64); 5] =
    [("orders", 25_012), ("templates", 169), ("profiles", 9_839), ("treatment_plans", 37_530), ("files", 327_771)];

/// Where the parents' and the tasks' new keys are minted.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xcfb8_76f9_4e6b_5f83_a236_2b37_d70f_3a41);

const PLAN: &str = r#"
[migration]
name      = "bench"
entities  = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"

[functions]
ts = { args = ["x"], expr = "case when x is null or isfinite(x) then x else incident('TIMESTAMP_INFINITE', null::timestamptz) end" }
"#;

/// The largest entity of the flagship migration, line for line.
const TASKS: &str = r#"
target = "public.tasks"
key    = "id"
from   = "dispatch_task"

[columns]
id                = "new_id()"
order_id          = "ref('orders', instruction_id)"
template_id       = "ref('templates', template_id, on_missing => 'null')"
assigned_to       = "ref('profiles', actor_id, on_missing => 'null')"
treatment_plan_id = "ref('treatment_plans', plan_id, on_missing => 'null')"
file_id           = "ref('files', file_id, on_missing => 'null')"
description       = "text"
jaw_code          = "jaw"
status            = "case when checked and isfinite(done_at) then 'completed' when checked then 'in_progress' else 'pending' end"
checked           = "checked"
completed_at      = "ts(done_at)"
legacy_task_id    = "id"

[ignore]
order_id = "always NULL"
"#;

/// A number that looks random and is the same every time (splitmix64).
pub fn mixed(n: i64) -> u64 {
    let mut z = n.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One of the numbers below `bound`, picked by `x`.
pub fn below(bound: i64, x: u64) -> i64 {
    (x % bound.unsigned_abs()).cast_signed()
}

/// The `n`-th id of a table, from 0: every eleventh id is missing, as after years of deletes.
pub fn nth_id(n: i64) -> i64 {
    n + n / 10 + 1
}

/// A column whose type has no modifier.
pub fn column(name: &str, ty: SqlType, nullable: bool) -> Column {
    Column { name: name.to_owned(), ty, typmod: -1, nullable }
}

/// The columns of `dispatch_task`.
pub fn task_columns() -> Vec<Column> {
    let int = |name, nullable| column(name, SqlType::Int4, nullable);
    vec![
        int("id", false),
        column("checked", SqlType::Bool, false),
        int("file_id", true),
        int("template_id", false),
        column("done_at", SqlType::TimestampTz, true),
        column("text", SqlType::Text, true),
        int("plan_id", true),
        int("instruction_id", true),
        int("actor_id", true),
        int("jaw", false),
        int("order_id", true),
    ]
}

fn target_columns() -> Vec<TargetColumn> {
    let status = ["pending", "in_progress", "completed"].map(str::to_owned).to_vec();
    let status = SqlType::Enum(Arc::new(EnumType { name: "task_status".to_owned(), labels: status }));
    let reference = |name, nullable| column(name, SqlType::Uuid, nullable);
    let columns = [
        reference("id", false),
        reference("order_id", false),
        reference("template_id", true),
        reference("assigned_to", true),
        reference("treatment_plan_id", true),
        reference("file_id", true),
        column("description", SqlType::Text, true),
        column("jaw_code", SqlType::Int2, false),
        column("status", status, false),
        column("checked", SqlType::Bool, false),
        column("completed_at", SqlType::TimestampTz, true),
        column("legacy_task_id", SqlType::Int4, false),
    ];
    columns.into_iter().map(|column| TargetColumn { column, has_default: false, generated: false }).collect()
}

/// The tasks numbered `range` as the source sends them. In every thousand, five have no order and three one that is missing, and
/// two of the other parents are gone.
pub fn tasks(range: Range<i64>) -> Vec<u8> {
    let mut writer = TupleWriter::default();
    for n in range {
        let (x, per_mille) = (mixed(n), n % 1_000);
        let pick = |shift: u32, rows: i64| Some(id_bytes(nth_id(below(rows, x >> shift))));
        let done = n % 10 != 5 && n % 50 != 0;
        let text = (x % 6 == 0).then(|| format!("Task {n}: see the plan of the patient and call back"));
        writer.begin(11);
        writer.field(&id_bytes(nth_id(n)));
        writer.field(&[u8::from(n % 10 != 5)]);
        optional(&mut writer, if per_mille == 7 { Some(id_bytes(MISSING)) } else { pick(3, 327_771).filter(|_| x % 5 == 0) });
        optional(&mut writer, pick(5, 169));
        optional(&mut writer, done.then(|| (700_000_000_000_000 + n * 61_000_000).to_be_bytes()));
        optional(&mut writer, text);
        optional(&mut writer, pick(9, 37_530).filter(|_| x % 3 == 0));
        optional(
            &mut writer,
            match per_mille {
                0..5 => None,
                5 | 6 | 8 => Some(id_bytes(MISSING)),
                _ => pick(11, 25_012),
            },
        );
        optional(&mut writer, if per_mille == 9 { Some(id_bytes(MISSING)) } else { pick(13, 9_839).filter(|_| x % 7 != 6) });
        writer.field(&id_bytes(n % 4));
        writer.null();
    }
    writer.into_bytes()
}

/// Adds a field, or NULL.
pub fn optional(writer: &mut TupleWriter, field: Option<impl AsRef<[u8]>>) {
    match field {
        Some(bytes) => writer.field(bytes.as_ref()),
        None => writer.null(),
    }
}

/// An id that no parent has.
const MISSING: i64 = 11;

fn id_bytes(id: i64) -> [u8; 4] {
    i32::try_from(id).unwrap().to_be_bytes()
}

/// The tasks entity, compiled from a plan in `folder`.
pub fn tasks_entity(folder: &Path) -> CompiledEntity {
    let entities = folder.join("entities");
    std::fs::create_dir_all(&entities).unwrap();
    std::fs::write(folder.join("etl.toml"), PLAN).unwrap();
    std::fs::write(entities.join("tasks.toml"), TASKS).unwrap();
    for (parent, _) in PARENTS {
        let text =
            format!("target = \"public.{parent}\"\nkey = \"id\"\nfrom = \"{parent}\"\n[columns]\nid = \"new_id()\"\nlegacy_id = \"id\"\n");
        std::fs::write(entities.join(format!("{parent}.toml")), text).unwrap();
    }
    let mut problems = Problems::default();
    let plan = load(&folder.join("etl.toml"), &mut problems).unwrap();
    // The parents are known to the plan and never compiled: only their key snapshots take part.
    let shape = |name: &str| (name == "tasks").then(|| TargetShape { source: task_columns(), target: target_columns() });
    let shapes: Vec<_> = plan.entities.iter().map(|entity| shape(&entity.name)).collect();
    let compiled = compile(&plan, &shapes, &mut problems);
    assert!(!problems.has_errors(), "{:?}", problems.all());
    compiled.into_iter().flatten().next().unwrap()
}

/// The key snapshot of a parent with so many rows.
pub fn snapshot(parent: &str, rows: i64) -> KeySnapshot {
    let (mut minter, mut builder) = (Minter::new(NAMESPACE, parent), KeySnapshotBuilder::new(KeyKind::Int));
    for n in 0..rows {
        let key = LegacyKey::Int(nth_id(n));
        let id = minter.mint(&key);
        // One in five thousand is in quarantine.
        let outcome = if n % 5_000 == 4_999 { Outcome::Quarantined } else { Outcome::Loaded };
        builder.add(key, outcome, Some(id));
    }
    builder.finish()
}

/// What transforms of the tasks read besides their rows. `entity` tells which parent stands at which place of the plan: the
/// references of the target columns come in the order of [`PARENTS`].
pub fn inputs(entity: &CompiledEntity) -> Inputs {
    let mut parents = vec![None; PARENTS.len() + 1];
    for reference in entity.columns.iter().flat_map(|column| column.expr.references()) {
        let (name, rows) = PARENTS.into_iter().find(|(name, _)| *name == reference.entity_name).unwrap();
        parents[reference.entity] = Some(Arc::new(snapshot(name, rows)));
    }
    Inputs { namespace: NAMESPACE, run_started_at: 800_000_000_000_000, parents, adopted: None, survey: None }
}

/// A staging file with one entity and one range of it, ready for chunks.
pub struct Staging {
    /// The one connection that writes.
    pub writer: StagingWriter,
    /// The run.
    pub run: RunId,
    /// The snapshot that chunks are read in.
    pub snapshot: SnapshotId,
    /// The entity.
    pub entity: EntityId,
}

/// Creates `staging.db` in `folder`.
pub fn staging(folder: &Path) -> Staging {
    let mut writer = StagingWriter::create(&folder.join("staging.db")).unwrap();
    let start = RunStart { command: "run".into(), plan_hash: "hash".into(), plan_files: vec![], source: None, target: None };
    let run = writer.start_run(&start).unwrap().id;
    let snapshot = writer
        .record_snapshot(&SnapshotRecord {
            run,
            exported_name: "1".into(),
            system_identifier: None,
            database: "legacy".into(),
            server_version: "15".into(),
            wal_lsn: None,
        })
        .unwrap();
    let entity = register(&mut writer, "tasks");
    writer.plan_ranges(entity, &[RangeSpec { lower: None, upper: None }]).unwrap();
    Staging { writer, run, snapshot, entity }
}

/// Registers an entity of which nothing but its name matters.
pub fn register(writer: &mut StagingWriter, name: &str) -> EntityId {
    let record = EntityRecord {
        name: name.into(),
        target_table: format!("public.{name}"),
        key_kind: KeyKind::Int,
        source_columns: vec![],
        target_columns: vec![],
        extract_hash: String::new(),
        transform_hash: String::new(),
        adopt_hash: String::new(),
    };
    writer.register_entity(&record).unwrap()
}
