"""What a target holds: the check that two candidates reached the same end, and the taking down and putting back of constraints."""
from server import Failed


def listed(tables):
    return ", ".join(f"'public.{table}'::regclass" for table in tables)


def rows(server, database, selects):
    """{name: (count, checksum)} of the rows of each SELECT in {name: select}. The checksum is a sum over the rows, so it knows no order."""
    found = {}
    for name, select in selects.items():
        answer = server.value(database, f"""select count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0) from ({select}) t""")
        found[name] = tuple(answer.split("|"))
    return found


def constraints(server, database, tables):
    """Every constraint (with its state) and every index of the tables, as PostgreSQL writes them, sorted."""
    text = server.script(database, f"""
      select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
        from pg_constraint where conrelid in ({listed(tables)}) or confrelid in ({listed(tables)})
      union all select pg_get_indexdef(indexrelid) || ' ' || indisvalid from pg_index where indrelid in ({listed(tables)})
      order by 1;""")
    return text.splitlines()


def same(what, expected, found):
    """Fails with the name of the first part that differs; no values are shown."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            if found.get(name) != value:
                raise Failed(f"{what} ends in another state than etl: {name} has (rows, checksum) {found.get(name)} instead of {value}")
    elif expected != found:
        missing, more = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
        raise Failed(f"{what} ends with other constraints or indexes than etl: missing {missing[:3]}, more {more[:3]}")


def copied(server, database, table):
    """The columns of a table that COPY can fill: all but generated ones."""
    return server.value(database, f"""select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
      where attrelid = 'public.{table}'::regclass and attnum > 0 and not attisdropped and attgenerated = ''""")


def dismantling(server, database, tables):
    """(down, up): two SQL scripts that drop all constraints and indexes of the tables, and all foreign keys into them, and build them again."""
    constraint = f"""select c.contype, c.conrelid::regclass::text as tab, quote_ident(c.conname) as name, pg_get_constraintdef(c.oid) as def
        from pg_constraint c where c.conrelid in ({listed(tables)}) or c.contype = 'f' and c.confrelid in ({listed(tables)})"""
    index = f"""select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as def from pg_index i
        where i.indrelid in ({listed(tables)}) and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid and c.conrelid = i.indrelid)"""
    down = server.script(database, f"""
      select format('alter table %s drop constraint %s;', tab, name) from ({constraint}) c order by contype <> 'f', tab, name;
      select format('drop index %s;', name) from ({index}) i order by name;""")
    up = server.script(database, f"""
      select format('alter table %s add constraint %s %s;', tab, name, def) from ({constraint}) c where contype not in ('c', 'f') order by contype <> 'p', tab, name;
      select def || ';' from ({index}) i order by name;
      select format('alter table %s add constraint %s %s;', tab, name, def) from ({constraint}) c where contype in ('c', 'f') order by contype, tab, name;""")
    return down + "\n", "set maintenance_work_mem = '256MB';\n" + up + "\n"
