"""The same entity with ten times the rows: memory and rate must not depend on how many there are. One run; it takes minutes to prepare."""
from bench import EXAMPLE
from server import Failed, output, say
from tasks import PARENTS

LARGEST = 10  # of the generator


class Ten:
    def __init__(self, tasks):
        self.tasks, self.bench, self.server = tasks, tasks.bench, tasks.server
        self.staging = self.bench.work / "ten.db"

    def run(self):
        """Prepares and times it; the databases `legacy_ten` and `ten` are dropped afterwards."""
        bench, server = self.bench, self.server
        if bench.scale * 10 > LARGEST:
            bench.missing["ten_run"] = f"the generator ends at scale {LARGEST}"
            return
        try:
            say(f"scale {bench.scale * 10:g}: preparing")
            bench.remove_staging(self.staging)
            server.recreate("legacy_ten")
            output([EXAMPLE / "legacy/generate", "--url", server.url("legacy_ten"), "--scale", f"{bench.scale * 10:g}", "--seed", str(bench.seed)])
            server.recreate("ten")
            output([EXAMPLE / "target/create", "--url", server.url("ten")])
            bench.etl_run("legacy_ten", "ten", "--only", ",".join(PARENTS), "--with-deps", "--no-validate", staging=self.staging)
            server.settle()
            sample = bench.etl_run("legacy_ten", "ten", "--only", "tasks", staging=self.staging)
            ledger = {entity["name"]: entity for entity in bench.summary()["entities"]}
            bench.facts["ten_rows"] = ledger["tasks"]["read"]
            bench.facts["ten_parent_keys"] = self.tasks.parent_keys("ten")
            bench.samples["ten_run"] = [sample]
            say(f"scale {bench.scale * 10:g}: {sample.wall:.2f} s, {sample.rss / 1e6:.0f} MB")
        except Failed as failure:
            bench.give_up("ten_run", str(failure))
        finally:
            server.drop("legacy_ten", "ten")
            bench.remove_staging(self.staging)
