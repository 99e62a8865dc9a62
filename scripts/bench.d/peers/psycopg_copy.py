"""Peer: psycopg 3, binary COPY on both sides, the mapping in Python; to the same end state as etl.

    python psycopg_copy.py DOWN.sql UP.sql     with PGHOST, PGPORT, PGUSER, PGPASSWORD; databases legacy and app

The published keys of the parents are read into dictionaries, constraints and indexes of tasks are taken down, every row is decoded,
mapped and written as Python values, the mapping table follows, and the constraints are built again. One transaction a table.
"""
import sys
from pathlib import Path

import mapping
import psycopg
from psycopg.types.enum import EnumInfo, register_enum

SOURCE = """copy (select id, checked, file_id, template_id, case when isfinite(done_at) then done_at end, text, plan_id, instruction_id, actor_id, jaw
  from dispatch_task order by id) to stdout (format binary)"""
SOURCE_TYPES = ["int4", "bool", "int4", "int4", "timestamptz", "text", "int4", "int4", "int4", "int4"]


def main():
    down, up = (Path(path).read_text() for path in sys.argv[1:3])
    with psycopg.connect(dbname="legacy") as source, psycopg.connect(dbname="app") as target:
        maps = mapping.read(target)
        target.execute(down)
        types = ["uuid"] * 6 + ["text", "int2", status_type(target), "bool", "timestamptz", "int4"]
        keys = []
        with source.cursor() as reading, target.cursor() as writing:
            with reading.copy(SOURCE) as rows, writing.copy(f"copy tasks ({mapping.COLUMNS}) from stdin (format binary)") as tasks:
                rows.set_types(SOURCE_TYPES)
                tasks.set_types(types)
                for row in rows.rows():
                    made = mapping.task(row, maps)
                    if made is not None:
                        tasks.write_row(made)
                        keys.append((made[-1], made[0]))
            with writing.copy("copy migration_mappings (entity_type, legacy_id, new_id, migration_batch) from stdin (format binary)") as mappings:
                mappings.set_types(["text", "text", "uuid", "text"])
                for legacy, new in keys:
                    mappings.write_row(("tasks", str(legacy), new, "bench"))
        target.execute(up)


def status_type(connection):
    """The enum of the column: its labels travel as their text."""
    info = EnumInfo.fetch(connection, "task_status")
    register_enum(info, connection, mapping.Status, mapping={label: label.value for label in mapping.Status})
    return "task_status"


if __name__ == "__main__":
    main()
