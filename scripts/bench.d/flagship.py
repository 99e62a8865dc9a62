"""The whole flagship example, 46 entities into an empty target, beside its own floor.

Databases, for SET full or large: `legacy_SET` the source, `SET_base` the empty target, `flagship` a fresh copy of it for every candidate.
"""
from bench import EXAMPLE, Candidate, read_tables, table_bytes
from server import output
from state import constraints, copied, dismantling, rows, same
from tasks import floor


class Flagship:
    def __init__(self, bench, data):
        self.bench, self.server, self.data = bench, bench.server, data
        self.source, self.base = f"legacy_{data}", f"{data}_base"
        self.staging = bench.work / f"{data}.db"
        self.folder = bench.work / data

    def prepare(self):
        """Databases; one run that is not timed, which gives the finished rows of every table and the tables that the plan reads."""
        bench, server = self.bench, self.server
        server.recreate(self.source)
        output([EXAMPLE / "legacy/generate", "--url", server.url(self.source), "--scale", str(bench.scale), "--seed", str(bench.seed), "--set", self.data])
        server.recreate(self.base)
        output([EXAMPLE / "target/create", "--url", server.url(self.base)])
        server.sql(self.source, "select pg_stat_reset()")
        self.fresh()
        bench.etl_run(self.source, "flagship", staging=self.staging)
        summary = bench.summary()
        self.read = read_tables(server, self.source)
        bench.facts[f"{self.data}_rows"] = summary["totals"]["read"]
        bench.facts[f"{self.data}_loaded"] = summary["totals"]["loaded"]
        bench.facts[f"{self.data}_tables_read"] = len(self.read)
        bench.facts[f"{self.data}_staging_bytes"] = bench.staging_bytes(self.staging)
        bench.facts[f"{self.data}_source_bytes"] = table_bytes(server, self.source, self.read)
        loaded = {entity["target"].split(".")[-1].strip('"') for entity in summary["entities"] if entity["loaded"]} | {"migration_mappings"}
        self.folder.mkdir(exist_ok=True)
        self.tuples = {}
        for table in sorted(loaded):
            columns = copied(server, "flagship", table)
            self.tuples[table] = (columns, self.folder / f"{table}.bin")
            server.script("flagship", f"\\copy public.{table} ({columns}) to '{self.folder}/{table}.bin' (format binary)")
        self.counts = {table: f"select from public.{table}" for table in self.tuples}
        self.expected = {table: found[0] for table, found in rows(server, "flagship", self.counts).items()}
        self.expected_constraints = constraints(server, "flagship", list(self.tuples))
        self.down, self.up = dismantling(server, self.base, list(self.tuples))

    def candidates(self, names):
        every = [Candidate(f"{self.data}_run", self.fresh, self.run, self.check), Candidate(f"{self.data}_floor", self.fresh, self.floor, self.check)]
        return [candidate for candidate in every if candidate.name in names]

    def fresh(self):
        self.server.recreate("flagship", self.base)
        self.bench.remove_staging(self.staging)

    def run(self):
        return {f"{self.data}_run": self.bench.etl_run(self.source, "flagship", staging=self.staging)}

    def floor(self):
        self.server.script("flagship", self.down + "".join(f"alter table public.{table} disable trigger user;\n" for table in self.tuples))
        return {f"{self.data}_floor": floor(self.bench, self.source, self.read, "flagship", self.tuples, self.up)}

    def check(self):
        """As many rows in every table, and the same constraints and indexes."""
        found = {table: found[0] for table, found in rows(self.server, "flagship", self.counts).items()}
        same("the flagship's candidate", self.expected, found)
        same("the flagship's candidate", self.expected_constraints, constraints(self.server, "flagship", list(self.tuples)))
