"""The results: a table for people, one JSON object for programs, and the file that is kept."""
import json
import os
import re
import statistics
import time
from pathlib import Path

import goals
from peers import install
from server import PROJECT, output

VERDICT = {True: "met", False: "missed", None: ""}
TITLES = {
    "etl_run": "etl run",
    "etl_run_without_validation": "etl run --no-validate",
    "etl_validate": "etl validate",
    "floor": "floor (servers alone)",
    "table_floor": "floor of the table alone, no map",
    "psql_pipe": "psql pipe",
    "latency": "etl run, 20 ms of latency",
    "insert": "INSERT of 500 rows, LIMIT/OFFSET",
    "pgloader": "pgloader + SQL mapping",
    "psycopg": "psycopg binary COPY + Python mapping",
    "identity_etl": "identity: etl run",
    "identity_pgcopydb": "identity: pgcopydb clone",
    "identity_pgloader": "identity: pgloader",
    "full_run": "flagship full: etl run",
    "full_floor": "flagship full: floor",
    "large_run": "flagship large: etl run",
    "large_floor": "flagship large: floor",
    "ten_run": "etl run at ten times the scale",
    "ten_floor": "floor at ten times the scale",
}


def machine():
    """CPU model and cores; no name of a host."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)|Model\s*: (.*)", info)
    model = next(filter(None, model.groups())) if model else os.uname().machine
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1e6
    return re.sub(r"\((?:R|TM)\)|\s+CPU\b|\s+Processor\b", "", model).strip(), os.cpu_count(), memory


def text(bench):
    """The table for a terminal."""
    every = goals.table(bench)
    rows = [("", "measured", "goal", "")] + [(row.what, row.value, row.goal, VERDICT[row.met]) for row in every if row.met is not None]
    rows += [(row.what, row.value, "", "") for row in goals.others(bench)]
    width = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [f"{row[0]:{width[0]}}  {row[1]:>{width[1]}}  {row[2]:>{width[2]}}  {row[3]}".rstrip() for row in rows]
    lines += [f"{row.what} {row.goal}: {row.value}" for row in every if row.met is None]
    timed = [f"{TITLES[name]:{width[0]}}  {bench.median(name):9.2f}" for name in TITLES if name in bench.samples]
    return "\n".join([headline(bench), "", *lines, "", f"{'median seconds':{width[0]}}", *timed])


def headline(bench):
    rows = f"{bench.facts['rows']:,} tasks, " if "rows" in bench.facts else ""
    return f"{rows}scale {bench.scale:g}, {bench.rounds} rounds; medians"


def as_json(bench):
    """One object: what it holds is only ever added to."""
    every = goals.table(bench) + goals.others(bench)
    loaded = bench.samples.get("etl_run")
    return json.dumps({
        "scale": bench.scale,
        "rounds": bench.rounds,
        "rows": bench.facts.get("rows"),
        "seconds": {name: round(bench.median(name), 3) for name in bench.samples},
        "cpu_seconds": {name: {"command": round(bench.median(name, "cpu"), 3), "servers": round(bench.median(name, "server_cpu"), 3)} for name in bench.samples},
        "ratios": {row.key: round(row.ratio, 4) for row in every if row.ratio is not None},
        "rows_per_second": round(bench.facts["rows"] / bench.median("etl_run")) if loaded else None,
        "peak_rss_bytes": max(sample.rss for sample in loaded) if loaded else None,
        "goals": [{"what": row.what, "goal": row.goal, "measured": row.value, "met": row.met} for row in every if row.goal],
        "not_measured": bench.missing,
        "facts": bench.facts,
    }, ensure_ascii=False, indent=1)


def markdown(bench, settings):
    """The file of a run: versions, goals, and every timed thing with median, least and most."""
    model, cores, memory = machine()
    lines = [f"# Measured on {time.strftime('%Y-%m-%d')}: {model}, {cores} cores", "", headline(bench) + ". Written by `scripts/bench`.", "",
             "| goal | measured | | |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.value} | {row.goal} | {VERDICT[row.met]} |" for row in goals.table(bench)]
    lines += [f"| {row.what} | {row.value} | | |" for row in goals.others(bench)]
    lines += ["", "## Timed", "", "Wall-clock seconds; CPU seconds are medians; memory is the largest of all rounds.", "",
              "| what | median | least | most | runs | CPU | CPU of the servers | memory |", "|---|---|---|---|---|---|---|---|"]
    for name in TITLES:
        if name in bench.samples:
            samples = bench.samples[name]
            walls = [sample.wall for sample in samples]
            lines.append(f"| {TITLES[name]} | {statistics.median(walls):.2f} | {min(walls):.2f} | {max(walls):.2f} | {len(walls)} | {bench.median(name, 'cpu'):.2f} | "
                         f"{bench.median(name, 'server_cpu'):.2f} | {max(sample.rss for sample in samples) / 1e6:.0f} MB |")
    left_out = [f"| {TITLES.get(name, name)} | {reason} |" for name, reason in bench.missing.items()]
    if left_out:
        lines += ["", "## Not measured", "", "| what | why |", "|---|---|", *left_out]
    lines += ["", "## Counted", "", "| what | |", "|---|---|", *(f"| {name.replace('_', ' ')} | {counted(value)} |" for name, value in bench.facts.items())]
    lines += ["", "## Versions", "", "| | |", "|---|---|", f"| etl | {output([bench.etl, '--version']).decode().split()[-1]}, {revision()} |",
              f"| machine | {model}, {cores} cores, {memory:.0f} GB |", f"| kernel | {os.uname().sysname} {os.uname().release} |"]
    lines += [f"| {name} | {value} |" for name, value in {**settings, **install.versions()}.items()]
    return "\n".join(lines) + "\n"


def counted(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def revision():
    """The commit that was measured, and whether there was more than it."""
    try:
        commit = output(["git", "-C", PROJECT, "rev-parse", "--short", "HEAD"]).decode().strip()
        changed = output(["git", "-C", PROJECT, "status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock"]).strip()
    except Exception:  # noqa: BLE001: an export without git is measured as well
        return "unknown commit"
    return commit + (" with changes" if changed else "")


def settings(server):
    """What of the server decides about speed."""
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "maintenance_work_mem", "max_wal_size")
    values = [server.value("postgres", f"show {name}") for name in names]
    return {"PostgreSQL": values[0], "its settings": ", ".join(f"{name} {value}" for name, value in zip(names[1:], values[1:]))}


def save(bench, server):
    """Writes benches/results/DATE-MACHINE.md and returns its path."""
    model, cores, _ = machine()
    slug = re.sub(r"[^a-z0-9]+", "-", f"{model} {cores} cores".lower()).strip("-")
    path = PROJECT / "benches/results" / f"{time.strftime('%Y-%m-%d')}-{slug}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(markdown(bench, settings(server)))
    return path
