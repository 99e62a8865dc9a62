"""What the parts of the benchmark share: where things are, what was measured, and why something was not."""
import json
import os
import shutil
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from server import PROJECT, Failed, say, timed

EXAMPLE = PROJECT / "examples/orthodontics"
PLAN = EXAMPLE / "etl.toml"


@dataclass
class Candidate:
    """Something that is timed once a round. `prepare` comes before the clock, `check` after it, in the first round only.

    `measure` returns {name of a timed thing: Sample}."""
    name: str
    prepare: object
    measure: object
    check: object = None
    rounds: int = 0  # at most so many rounds; 0: all


@dataclass
class Bench:
    server: object
    etl: Path
    latency: Path
    work: Path
    scale: float
    seed: int
    rounds: int
    install: bool
    samples: dict = field(default_factory=dict)  # name of a timed thing: [Sample]
    missing: dict = field(default_factory=dict)  # name of a timed thing: why it was not measured
    facts: dict = field(default_factory=dict)  # what was counted, not timed
    failed: list = field(default_factory=list)

    def run(self, candidates):
        """Every candidate in turn, once a round. One that fails is left out from then on and named in the results."""
        for round_ in range(1, self.rounds + 1):
            for candidate in candidates:
                if candidate.name in self.missing or candidate.rounds and round_ > candidate.rounds:
                    continue
                try:
                    candidate.prepare()
                    self.server.settle()
                    measured = candidate.measure()
                    if candidate.check and round_ == 1:
                        candidate.check()
                except Failed as failure:
                    self.give_up(candidate.name, str(failure))
                    continue
                for name, sample in measured.items():
                    self.samples.setdefault(name, []).append(sample)
                say(f"round {round_} of {self.rounds}: " + ", ".join(f"{name} {sample.wall:.2f} s, {sample.rss / 1e6:.0f} MB" for name, sample in measured.items()))

    def give_up(self, name, reason):
        say(f"{name} failed: {reason}")
        self.missing[name] = "failed: " + " ".join(reason.split())[:300]
        self.failed.append(name)
        self.samples.pop(name, None)

    def there(self, name, look):
        """Whether a peer is there; why not is kept for the results."""
        try:
            look()
        except Failed as reason:
            say(f"{name}: {reason}")
            self.missing[name] = str(reason)
        return name not in self.missing

    def median(self, name, what="wall"):
        """The median of a timed thing, or None."""
        samples = self.samples.get(name)
        return statistics.median(getattr(sample, what) for sample in samples) if samples else None

    def etl_command(self, *arguments, plan=PLAN, staging):
        return [self.etl, arguments[0], "-p", plan, "--staging", staging, "--progress", "none", *arguments[1:]]

    def etl_run(self, source, target, *arguments, command="run", plan=PLAN, staging, port=None):
        """Times one command of etl; its JSON summary is read by `summary`."""
        env = {"SOURCE_DATABASE_URL": self.server.url(source, port), "TARGET_DATABASE_URL": self.server.url(target, port)}
        return timed(self.server, self.etl_command(command, "--json", *arguments, plan=plan, staging=staging), env=env, stdout=self.work / "summary.json")

    def summary(self):
        return json.loads((self.work / "summary.json").read_text())

    def copy_staging(self, source, to):
        """The staging file of a finished run under another name: the target knows it by the id inside, which a copy keeps."""
        self.remove_staging(to)
        shutil.copyfile(source, to)

    def remove_staging(self, staging):
        for path in staging.parent.glob(staging.name + "*"):
            path.unlink()

    def staging_bytes(self, staging):
        return sum(os.path.getsize(path) for path in staging.parent.glob(staging.name + "*"))


def read_tables(server, database):
    """Tables of a source that were read since pg_stat_reset: what the plan needs of it, as the server counted it."""
    return server.value(database, """select coalesce(string_agg(relname, ' ' order by relname), '') from pg_stat_user_tables
      where schemaname = 'public' and seq_scan + coalesce(idx_scan, 0) > 0""").split()


def table_bytes(server, database, tables):
    """Bytes of the tables with their large values, without their indexes."""
    names = ", ".join(f"'public.{table}'::regclass" for table in tables)
    return int(server.value(database, f"select sum(pg_table_size(t)) from unnest(array[{names}]) t"))
