"""Five tables as they are: keys kept, nothing mapped, the source's own schema in the target. etl stages and proves them; the peers clone them.

Databases: `plain` the source, `clone` an empty target for every candidate, its schema part of what is timed.
"""
import re

from bench import Candidate
from peers import install
from peers.tasks import pgloader_url, write_secret
from server import output, timed
from state import constraints, rows, same

TABLES = ("dispatch_task", "dispatch_file", "dispatch_project", "dispatch_plan", "dispatch_instruction")

PLAN = """[migration]
name       = "identity"
entities   = ["entities/*.toml"]
ids        = "keep"
quarantine = "0%"

[source]
url = "${SOURCE_DATABASE_URL}"

[target]
url         = "${TARGET_DATABASE_URL}"
constraints = "auto"
"""
# Fewer rows at once than it takes by itself: with 100,000 its memory, fixed when it was built, is exhausted.
PGLOADER = """load database from {source} into {target}
  with include drop, create tables, create indexes, reset sequences, workers = 2, concurrency = 1, prefetch rows = 10000
  set maintenance_work_mem to '256MB';
"""


class Identity:
    def __init__(self, bench):
        self.bench, self.server = bench, bench.server
        self.plan = bench.work / "identity/etl.toml"
        self.staging = bench.work / "identity.db"

    def prepare(self):
        server = self.server
        server.recreate("plain")
        tables = " ".join(f"-t public.{table}" for table in TABLES)
        output(["bash", "-o", "pipefail", "-c", f"pg_dump {tables} --no-owner legacy | psql -X -q -v ON_ERROR_STOP=1 -d plain"])
        server.sql("plain", "vacuum (analyze)")
        self.columns = {table: server.value("plain", f"select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute "
                                                     f"where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped") for table in TABLES}
        self.selects = {table: f"select {columns} from {table}" for table, columns in self.columns.items()}
        self.expected = rows(server, "plain", self.selects)
        self.expected_constraints = self.names(constraints(server, "plain", TABLES))

        self.write_plan()

    def write_plan(self):
        """An entity a table, each column itself."""
        entities = self.plan.parent / "entities"
        entities.mkdir(parents=True, exist_ok=True)
        self.plan.write_text(PLAN)
        for table, columns in self.columns.items():
            lines = "".join(f'{name} = "{name}"\n' for name in (column.strip('"') for column in columns.split(", ")))
            (entities / f"{table}.toml").write_text(f'target = "public.{table}"\nkey    = "id"\nfrom   = "{table}"\n\n[columns]\n{lines}')

    def schema(self):
        """Times the making of the target's tables: the peers make theirs too."""
        return timed(self.server, "pg_dump --schema-only --no-owner plain | psql -X -q -v ON_ERROR_STOP=1 -d clone")

    @staticmethod
    def names(lines):
        """Indexes and constraints without the names that pgloader gives them."""
        return sorted(re.sub(r"^(\S+ )\S+( (?:PRIMARY|UNIQUE|CHECK|FOREIGN))|INDEX \S+ ON", r"\1\2", line) for line in lines)

    def candidates(self, names):
        every = [
            Candidate("identity_etl", self.fresh, self.etl, lambda: self.check("etl")),
            Candidate("identity_pgcopydb", self.fresh, self.pgcopydb, lambda: self.check("pgcopydb")),
            Candidate("identity_pgloader", self.fresh, self.pgloader, lambda: self.check("pgloader")),
        ]
        needs = {"identity_etl": lambda: None, "identity_pgcopydb": lambda: install.program("pgcopydb", self.bench.install),
                 "identity_pgloader": lambda: install.program("pgloader", self.bench.install)}
        return [candidate for candidate in every if candidate.name in names and self.bench.there(candidate.name, needs[candidate.name])]

    def fresh(self):
        self.server.recreate("clone")
        self.bench.remove_staging(self.staging)
        output(["rm", "-rf", self.bench.work / "pgcopydb"])

    def check(self, what):
        same(what, self.expected, rows(self.server, "clone", self.selects))
        same(what, self.expected_constraints, self.names(constraints(self.server, "clone", TABLES)))

    def etl(self):
        schema = self.schema()
        return {"identity_etl": schema + self.bench.etl_run("plain", "clone", plan=self.plan, staging=self.staging)}

    def pgcopydb(self):
        env = {"PGCOPYDB_SOURCE_PGURI": self.server.url("plain"), "PGCOPYDB_TARGET_PGURI": self.server.url("clone")}
        return {"identity_pgcopydb": timed(self.server, ["pgcopydb", "clone", "--no-owner", "--dir", self.bench.work / "pgcopydb"], env=env)}

    def pgloader(self):
        script = self.bench.work / "identity.load"
        write_secret(script, PGLOADER.format(source=pgloader_url(self.server, "plain"), target=pgloader_url(self.server, "clone")))
        return {"identity_pgloader": timed(self.server, ["pgloader", "--root-dir", self.bench.work / "pgloader", "--on-error-stop", script])}
