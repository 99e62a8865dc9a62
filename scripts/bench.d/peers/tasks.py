"""The peers that bring the tasks to the same end state as etl: same rows under the same keys, same mapping table, same constraints and indexes."""
from bench import Candidate
from peers import install
from server import PROJECT, timed
from tasks import COLUMNS, NAMESPACE, VALUES

HERE = PROJECT / "scripts/bench.d/peers"

# Fewer rows at once than it takes by itself: with 100,000 its memory, fixed when it was built, can be exhausted.
PGLOADER = """load database from {source} into {target}
  with create tables, create no indexes, no foreign keys, reset no sequences, workers = 2, concurrency = 1, prefetch rows = 10000
  including only table names matching 'dispatch_task' in schema 'public'
  alter schema 'public' rename to 'raw'
  before load do $$ drop schema if exists raw cascade; $$, $$ create schema raw; $$;
"""
# pgloader moves tables and maps nothing: the mapping is SQL in the target afterwards, set by set, with constraints and indexes down
# and with the statistics that the planner needs (without them it takes nested loops, and minutes).
MAPPED = """analyze raw.dispatch_task;
begin;
{down}
create temporary table map as select entity_type as entity, legacy_id::int as legacy, new_id as id from migration_mappings
  where entity_type in ('orders', 'templates', 'profiles', 'treatment_plans', 'files');
analyze map;
create temporary table made as
  select uuid_generate_v5('{namespace}', 'tasks:' || t.id) as id, {values};
insert into tasks ({columns}) select {columns} from made;
insert into migration_mappings (entity_type, legacy_id, new_id, migration_batch) select 'tasks', legacy_task_id, id, 'bench' from made;
{up}
drop schema raw cascade;
commit;
"""


class Peers:
    def __init__(self, tasks):
        self.tasks, self.bench, self.server = tasks, tasks.bench, tasks.server

    def candidates(self, names):
        every = [
            Candidate("pgloader", self.before_pgloader, self.pgloader, lambda: self.same("pgloader")),
            Candidate("psycopg", self.tasks.fresh, self.psycopg, lambda: self.same("psycopg")),
            # LIMIT and OFFSET make it minutes; its ratio is far from its goal, and one run says so.
            Candidate("insert", self.tasks.fresh, self.insert, lambda: self.same("insert"), rounds=1),
        ]
        needs = {"pgloader": lambda: install.program("pgloader", self.bench.install)}
        return [candidate for candidate in every if candidate.name in names and
                self.bench.there(candidate.name, needs.get(candidate.name, lambda: install.python(self.bench.install)))]

    def same(self, what):
        if what == "pgloader":
            self.server.sql("app", 'drop extension "uuid-ossp"')
        self.tasks.check_same(what)

    def before_pgloader(self):
        self.tasks.fresh()
        self.server.sql("app", 'create extension "uuid-ossp"')

    def pgloader(self):
        work = self.bench.work
        write_secret(work / "tasks.load", PGLOADER.format(source=pgloader_url(self.server, "legacy"), target=pgloader_url(self.server, "app")))
        values = VALUES % {"map": "map", "task": "raw.dispatch_task", "cast": "::task_status"}
        (work / "mapped.sql").write_text(MAPPED.format(down=self.tasks.down, up=self.tasks.up, namespace=NAMESPACE, values=values, columns=COLUMNS))
        return {"pgloader": timed(self.server, f"pgloader --root-dir '{work}/pgloader' --on-error-stop '{work}/tasks.load' && "
                                               f"psql -X -q -v ON_ERROR_STOP=1 -d app -f '{work}/mapped.sql'")}

    def psycopg(self):
        down, up = self.bench.work / "down.sql", self.bench.work / "up.sql"
        down.write_text(self.tasks.down)
        up.write_text(self.tasks.up)
        return {"psycopg": timed(self.server, [install.VENV / "bin/python", "-B", HERE / "psycopg_copy.py", down, up])}

    def insert(self):
        return {"insert": timed(self.server, [install.VENV / "bin/python", "-B", HERE / "insert_500.py"])}


def pgloader_url(server, database):
    return f"pgsql://{server.user}:{server.password}@{server.host}:{server.port}/{database}"


def write_secret(path, text):
    """A file with a URL that only its owner reads."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
