"""The same entity with ten times the rows: memory and rate must not depend on how many there are. One run; it takes minutes to prepare."""
from bench import EXAMPLE
from server import Failed, output, say
from tasks import PARENTS, floor

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
            server.recreate("ten_base", "ten")
            server.settle()
            sample = bench.etl_run("legacy_ten", "ten", "--only", "tasks", staging=self.staging)
            ledger = {entity["name"]: entity for entity in bench.summary()["entities"]}
            bench.facts["ten_rows"] = ledger["tasks"]["read"]
            bench.facts["ten_parent_keys"] = self.tasks.parent_keys("ten")
            bench.samples["ten_run"] = [sample]
            say(f"scale {bench.scale * 10:g}: {sample.wall:.2f} s, {sample.rss / 1e6:.0f} MB")
            bench.samples["ten_floor"] = [self.floor()]
            say(f"scale {bench.scale * 10:g}, floor: {bench.samples['ten_floor'][0].wall:.2f} s")
        except Failed as failure:
            bench.give_up("ten_run", str(failure))
        finally:
            server.drop("legacy_ten", "ten", "ten_base")
            bench.remove_staging(self.staging)

    def floor(self):
        """What the servers alone need for as many rows: indexes of ten times the rows take more than ten times as long."""
        tasks, server, work = self.tasks, self.server, self.bench.work
        tuples = {"tasks": (tasks.copied, work / "ten-tuples.bin"), "migration_mappings": (tasks.map_copied, work / "ten-map.bin")}
        server.script("ten", f"\\copy tasks ({tasks.copied}) to '{work}/ten-tuples.bin' (format binary)")
        server.script("ten", f"\\copy (select {tasks.map_copied} from migration_mappings where entity_type = 'tasks') to '{work}/ten-map.bin' (format binary)")
        server.recreate("ten", "ten_base")
        server.script("ten", tasks.down + tasks.map_down)
        server.settle()
        try:
            return floor(self.bench, "legacy_ten", ["dispatch_task"], "ten", tuples, tasks.up + tasks.map_up)
        finally:
            for _, path in tuples.values():
                path.unlink()
