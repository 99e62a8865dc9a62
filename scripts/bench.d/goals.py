"""The goals, and what a run has measured of them."""
from dataclasses import dataclass

MAP_BYTES_A_KEY = 24


@dataclass
class Row:
    """One line of the table: what, the goal as words, and either a value with its verdict or the reason why there is none."""
    what: str
    goal: str
    value: str = ""
    met: object = None  # True, False, None: not measured
    ratio: object = None
    key: str = ""


def table(bench):
    """All rows, measured or not, in the order of the project's goals."""
    identity = "identity plan, staged and proved"
    return [
        over(bench, "unvalidated_over_floor", "etl run --no-validate ÷ floor, to the same state", "etl_run_without_validation", "floor", 1.25),
        over(bench, "unvalidated_over_table_floor", "etl run --no-validate ÷ floor of the table alone, no map published", "etl_run_without_validation", "table_floor", 1.25),
        over(bench, "unvalidated_over_pipe", "etl run --no-validate ÷ psql pipe", "etl_run_without_validation", "psql_pipe", 0.33),
        over(bench, "validation_over_load", "etl validate ÷ etl run --no-validate", "etl_validate", "etl_run_without_validation", 0.5),
        over(bench, "unvalidated_over_insert", "etl run --no-validate ÷ INSERT of 500 rows, LIMIT/OFFSET", "etl_run_without_validation", "insert", 0.05),
        over(bench, "unvalidated_over_pgloader", "etl run --no-validate ÷ pgloader + SQL mapping", "etl_run_without_validation", "pgloader", 0.2),
        over(bench, "unvalidated_over_psycopg", "etl run --no-validate ÷ psycopg binary COPY + Python mapping", "etl_run_without_validation", "psycopg", 0.2),
        over(bench, "identity_over_pgcopydb", f"{identity} ÷ pgcopydb clone", "identity_etl", "identity_pgcopydb", 1.5),
        over(bench, "identity_over_pgloader", f"{identity} ÷ pgloader", "identity_etl", "identity_pgloader", 0.4),
        rss(bench), rss_at_ten(bench), rate_at_ten(bench),
        staging(bench, "staging_over_source", "tasks and all that they refer to", "", "etl_run"),
        staging(bench, "full_staging_over_source", "flagship full", "full_", "full_run"),
        cpu(bench, "cpu_over_servers", "etl run", "etl_run"),
        cpu(bench, "unvalidated_cpu_over_servers", "etl run --no-validate", "etl_run_without_validation"),
        over(bench, "full_over_floor", "flagship full, etl run ÷ its floor", "full_run", "full_floor", 1.5),
        over(bench, "large_over_floor", "flagship large, etl run ÷ its floor", "large_run", "large_floor", 1.5),
        over(bench, "latency_over_run", "etl run with 20 ms of latency on both links ÷ without", "latency", "etl_run", 1.2),
    ]


def others(bench):
    """Ratios without a goal, for orientation: whole runs with the proof beside references that prove nothing."""
    rows = [over(bench, "ten_over_floor", f"etl run (validated) ÷ floor, both at scale {bench.scale * 10:g}", "ten_run", "ten_floor", None), floor_rate_at_ten(bench)]
    return [row for row in rows if row.ratio is not None] + [row for row in (over(bench, f"run_over_{key}", f"etl run (validated) ÷ {what}", "etl_run", name, None) for key, what, name in (
        ("floor", "floor", "floor"), ("pipe", "psql pipe", "psql_pipe"), ("insert", "INSERT of 500 rows", "insert"),
        ("pgloader", "pgloader + SQL mapping", "pgloader"), ("psycopg", "psycopg binary COPY", "psycopg"))) if row.ratio is not None]


def lacking(bench, *names):
    """Why the first of the named things was not measured."""
    for name in names:
        if name not in bench.samples:
            return "not measured: " + bench.missing.get(name, "not asked for")
    return None


def over(bench, key, what, name, reference, goal):
    row = Row(what, f"≤ {goal:g}" if goal else "", key=key)
    row.value = lacking(bench, name, reference) or ""
    if not row.value:
        row.ratio = bench.median(name) / bench.median(reference)
        row.value, row.met = f"{row.ratio:.3f}", row.ratio <= goal if goal else None
    return row


def rss(bench):
    row = Row("peak memory of etl run", "≤ 150 MB", key="")
    row.value = lacking(bench, "etl_run") or ""
    if not row.value:
        most = max(sample.rss for sample in bench.samples["etl_run"])
        row.value, row.met = f"{most / 1e6:.0f} MB", most <= 150e6
    return row


def rss_at_ten(bench):
    row = Row(f"peak memory at scale {bench.scale * 10:g} ÷ at scale {bench.scale:g}, each without {MAP_BYTES_A_KEY} bytes a key of the parents", "≤ 1.3", key="rss_at_ten")
    row.value = lacking(bench, "etl_run", "ten_run") or ""
    if not row.value:
        small, large = max(sample.rss for sample in bench.samples["etl_run"]), bench.samples["ten_run"][0].rss
        row.ratio = (large - MAP_BYTES_A_KEY * bench.facts["ten_parent_keys"]) / (small - MAP_BYTES_A_KEY * bench.facts["parent_keys"])
        row.value, row.met = f"{row.ratio:.3f} ({large / 1e6:.0f} MB with {bench.facts['ten_parent_keys']:,} keys)", row.ratio <= 1.3
    return row


def rate_at_ten(bench):
    row = Row(f"rows/s at scale {bench.scale * 10:g} ÷ at scale {bench.scale:g}", "≥ 0.9", key="rate_at_ten")
    row.value = lacking(bench, "etl_run", "ten_run") or ""
    if not row.value:
        row.ratio = bench.facts["ten_rows"] / bench.median("ten_run") / (bench.facts["rows"] / bench.median("etl_run"))
        row.value, row.met = f"{row.ratio:.3f} ({bench.facts['ten_rows'] / bench.median('ten_run'):,.0f} rows/s)", row.ratio >= 0.9
    return row


def floor_rate_at_ten(bench):
    """How much of the rate the servers alone lose: no tool can lose less."""
    row = Row(f"floor: rows/s at scale {bench.scale * 10:g} ÷ at scale {bench.scale:g}", "", key="floor_rate_at_ten")
    row.value = lacking(bench, "floor", "ten_floor") or ""
    if not row.value:
        row.ratio = bench.facts["ten_rows"] / bench.median("ten_floor") / (bench.facts["rows"] / bench.median("floor"))
        row.value = f"{row.ratio:.3f}"
    return row


def staging(bench, key, what, prefix, name):
    row = Row(f"staging.db ÷ bytes of the source tables, {what}", "≤ 0.6", key=key)
    staged, source = bench.facts.get(prefix + "staging_bytes"), bench.facts.get(prefix + "source_bytes")
    if not staged or not source:
        row.value = lacking(bench, name) or "not measured: not asked for"
        return row
    row.ratio = staged / source
    row.value, row.met = f"{row.ratio:.3f} ({staged / 1e6:.0f} MB)", row.ratio <= 0.6
    return row


def cpu(bench, key, what, name):
    row = Row(f"CPU of {what} ÷ CPU of the servers", "≤ 0.5", key=key)
    row.value = lacking(bench, name) or ""
    if not row.value:
        row.ratio = bench.median(name, "cpu") / bench.median(name, "server_cpu")
        row.value, row.met = f"{row.ratio:.3f}", row.ratio <= 0.5
    return row
