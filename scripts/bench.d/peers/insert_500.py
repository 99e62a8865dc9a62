"""Peer: the loop that many migrations begin as. psycopg 3, pages of 500 rows by LIMIT and OFFSET, one INSERT of 500 rows of VALUES
a page into the table with all its constraints and indexes, the mapping table in the same transaction; to the same end state as etl.

    python insert_500.py     with PGHOST, PGPORT, PGUSER, PGPASSWORD; databases legacy and app

The parents' keys are in memory from the start and the statements are prepared: both is kinder than what is usually found.
"""
import mapping
import psycopg

PAGE = 500
SELECT = f"""select id, checked, file_id, template_id, case when isfinite(done_at) then done_at end, text, plan_id, instruction_id, actor_id, jaw
  from dispatch_task order by id limit {PAGE} offset %s"""


def insert(cursor, table, columns, rows):
    line = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
    cursor.execute(f"insert into {table} ({columns}) values " + ", ".join([line] * len(rows)), [value for row in rows for value in row], prepare=True)


def main():
    with psycopg.connect(dbname="legacy") as source, psycopg.connect(dbname="app") as target:
        maps = mapping.read(target)
        target.commit()
        offset = 0
        with source.cursor(binary=True) as reading, target.cursor() as writing:
            while True:
                page = reading.execute(SELECT, [offset], prepare=True).fetchall()
                if not page:
                    break
                offset += PAGE
                rows = [made for row in page if (made := mapping.task(row, maps)) is not None]
                if rows:
                    insert(writing, "tasks", mapping.COLUMNS, [tuple(value.value if isinstance(value, mapping.Status) else value for value in row) for row in rows])
                    insert(writing, "migration_mappings", "entity_type, legacy_id, new_id, migration_batch", [("tasks", str(row[-1]), row[0], "bench") for row in rows])
                target.commit()


if __name__ == "__main__":
    main()
