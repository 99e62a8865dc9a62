"""The tasks of the flagship example: the entity with the most rows, five references to parents that are loaded already.

Databases: `legacy` the source, `app_base` a target in which the parents of tasks are loaded, `app` a fresh copy of it for every candidate.
"""
import subprocess

from bench import EXAMPLE, Candidate, read_tables, table_bytes
from server import output, timed
from state import constraints, copied, dismantling, rows, same

PARENTS = ("orders", "templates", "profiles", "treatment_plans", "files")
# updated_at is the time of the load; everything else is what the plan says.
COLUMNS = ("id, order_id, template_id, assigned_to, treatment_plan_id, file_id, description, jaw_code, status, checked, completed_at, legacy_task_id")
STATE = {
    "tasks": f"select {COLUMNS} from tasks",
    "migration_mappings": "select entity_type, legacy_id, new_id from migration_mappings",
}
# What a task becomes, in SQL, but for its key; %(map)s is a table or a query (entity, legacy, id).
VALUES = """o.id as order_id, te.id as template_id, p.id as assigned_to, tp.id as treatment_plan_id, f.id as file_id, t.text as description, t.jaw::smallint as jaw_code,
    (case when t.checked and isfinite(t.done_at) then 'completed' when t.checked then 'in_progress' else 'pending' end)%(cast)s as status, t.checked,
    case when isfinite(t.done_at) then t.done_at end as completed_at, t.id as legacy_task_id
  from %(task)s t
    join %(map)s o on o.entity = 'orders' and o.legacy = t.instruction_id
    left join %(map)s te on te.entity = 'templates' and te.legacy = t.template_id
    left join %(map)s p on p.entity = 'profiles' and p.legacy = t.actor_id
    left join %(map)s tp on tp.entity = 'treatment_plans' and tp.legacy = t.plan_id
    left join %(map)s f on f.entity = 'files' and f.legacy = t.file_id"""
NAMESPACE = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"


class Tasks:
    def __init__(self, bench, data="core"):
        self.bench, self.server, self.data = bench, bench.server, data
        self.base = bench.work / "base.db"
        self.staging = bench.work / "tasks.db"

    def prepare(self):
        """Source, base target, what etl makes of it (the state that all must reach), and the finished rows for the floor."""
        bench, server = self.bench, self.server
        server.recreate("legacy")
        output([EXAMPLE / "legacy/generate", "--url", server.url("legacy"), "--scale", str(bench.scale), "--seed", str(bench.seed), "--set", self.data])
        server.sql("legacy", "select pg_stat_reset()")
        server.recreate("app_base")
        output([EXAMPLE / "target/create", "--url", server.url("app_base")])
        bench.remove_staging(self.base)
        bench.etl_run("legacy", "app_base", "--only", ",".join(PARENTS), "--with-deps", staging=self.base)
        self.fresh()
        bench.etl_run("legacy", "app", "--only", "tasks", staging=self.staging)
        ledger = {entity["name"]: entity for entity in bench.summary()["entities"]}
        bench.facts["rows"] = ledger["tasks"]["read"]
        bench.facts["loaded"] = ledger["tasks"]["loaded"]
        bench.facts["parent_keys"] = self.parent_keys("app")
        bench.facts["staging_bytes"] = bench.staging_bytes(self.staging)
        bench.facts["source_bytes"] = table_bytes(server, "legacy", read_tables(server, "legacy"))
        self.expected = rows(server, "app", STATE)
        self.expected_constraints = constraints(server, "app", ["tasks"])
        self.expected_map_constraints = constraints(server, "app", ["migration_mappings"])
        self.down, self.up = dismantling(server, "app", ["tasks"])
        self.copied = copied(server, "app", "tasks")
        server.script("app", f"\\copy tasks ({self.copied}) to '{bench.work}/tuples.bin' (format binary)")
        self.map_down, self.map_up = dismantling(server, "app", ["migration_mappings"])
        self.map_copied = "entity_type, legacy_id, new_id, migration_batch"
        server.script("app", f"\\copy (select {self.map_copied} from migration_mappings where entity_type = 'tasks') to '{bench.work}/map.bin' (format binary)")
        self.map()

    def parent_keys(self, database):
        names = ", ".join(f"'{name}'" for name in PARENTS)
        return int(self.server.value(database, f"select count(*) from migration_mappings where entity_type in ({names})"))

    def map(self):
        """The pipe looks parents up in the source; its copy of the map is made beforehand and not counted."""
        names = ", ".join(f"'{name}'" for name in PARENTS)
        self.server.sql("legacy", "drop schema if exists bench cascade", "create schema bench", "create table bench.map (entity text, legacy int, id uuid)")
        map_ = output(["psql", "-X", "-d", "app_base", "-c", f"copy (select entity_type, legacy_id, new_id from migration_mappings where entity_type in ({names})) to stdout"])
        subprocess.run(["psql", "-X", "-q", "-d", "legacy", "-c", "copy bench.map from stdin"], input=map_, check=True)
        self.server.sql("legacy", "create index on bench.map (entity, legacy)", "analyze bench.map")

    def fresh(self):
        self.server.recreate("app", "app_base")
        self.bench.copy_staging(self.base, self.staging)

    def check_same(self, what):
        """The candidate's target holds what etl's holds: rows, keys, mapping table, constraints and indexes."""
        same(what, self.expected, rows(self.server, "app", STATE))
        same(what, self.expected_constraints, constraints(self.server, "app", ["tasks"]))

    def candidates(self, names):
        every = [
            Candidate("etl_run", self.fresh, self.run, lambda: self.check_same("etl run")),
            Candidate("etl_run_without_validation", self.fresh, self.load_and_validate, lambda: self.check_same("etl run --no-validate")),
            Candidate("floor", self.fresh, self.floor, self.check_floor),
            Candidate("table_floor", self.fresh, self.table_floor, self.check_count),
            Candidate("psql_pipe", self.fresh, self.pipe, self.check_count),
        ]
        return [candidate for candidate in every if candidate.name in names]

    def check_count(self):
        """Neither the pipe (other keys, no mapping table) nor the floor of the table alone reaches the whole state: their rows are counted."""
        count = self.server.value("app", "select count(*) from tasks")
        same("the table of tasks", {"tasks": self.expected["tasks"][0]}, {"tasks": count})
        same("the table of tasks", self.expected_constraints, constraints(self.server, "app", ["tasks"]))

    def check_floor(self):
        """The floor reaches the whole state, by rows that were made for it."""
        self.check_same("the floor")
        same("the floor", self.expected_map_constraints, constraints(self.server, "app", ["migration_mappings"]))

    def run(self):
        return {"etl_run": self.bench.etl_run("legacy", "app", "--only", "tasks", staging=self.staging)}

    def load_and_validate(self):
        load = self.bench.etl_run("legacy", "app", "--only", "tasks", "--no-validate", staging=self.staging)
        return {"etl_run_without_validation": load, "etl_validate": self.bench.etl_run("legacy", "app", "--only", "tasks", command="validate", staging=self.staging)}

    def pipe(self):
        select = "select md5('tasks:' || t.id)::uuid as id, " + VALUES % {"map": "bench.map", "task": "dispatch_task", "cast": ""}
        (self.bench.work / "pipe.sql").write_text(f"copy ({select}) to stdout;\n")
        command = f"psql -X -q -v ON_ERROR_STOP=1 -d legacy -f '{self.bench.work}/pipe.sql' | psql -X -q -v ON_ERROR_STOP=1 -d app -c 'copy tasks ({COLUMNS}) from stdin'"
        return {"psql_pipe": timed(self.server, command)}

    def floor(self):
        """What the servers alone need for the state that etl leaves: rows out, finished rows into the bare tables (the tasks, and their part of the
        published map), indexes and constraints of both; one after the other."""
        self.server.script("app", self.down + self.map_down)
        tuples = {"tasks": (self.copied, self.bench.work / "tuples.bin"), "migration_mappings": (self.map_copied, self.bench.work / "map.bin")}
        return {"floor": floor(self.bench, "legacy", ["dispatch_task"], "app", tuples, self.up + self.map_up)}

    def table_floor(self):
        """The same for the tasks alone, as if nobody wanted to know afterwards which row became which."""
        self.server.script("app", self.down)
        return {"table_floor": floor(self.bench, "legacy", ["dispatch_task"], "app", {"tasks": (self.copied, self.bench.work / "tuples.bin")}, self.up)}


def floor(bench, source, tables, target, tuples, up):
    """Times binary COPY of source tables into files, of the tuples {table: (columns, path)} into the target, and the script `up`."""
    out, into, build = (bench.work / name for name in ("floor-out.sql", "floor-in.sql", "floor-build.sql"))
    out.write_text("".join(f"\\copy public.{table} to '{bench.work}/source.bin' (format binary)\n" for table in tables))
    into.write_text("".join(f"\\copy public.{table} ({columns}) from '{path}' (format binary)\n" for table, (columns, path) in tuples.items()))
    build.write_text(up)
    total = None
    for database, script in ((source, out), (target, into), (target, build)):
        sample = timed(bench.server, ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", script])
        total = sample if total is None else total + sample
    return total
