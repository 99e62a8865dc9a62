# What the acceptance scenarios share; sourced by them, run by scripts/acceptance, which sets:
#   SERVER   URL of a private server, without the database     WORK    a folder of this call
#   SCALE    scale of the legacy database                      RESULTS one line a scenario: name, ok or FAILED, seconds, words
# Databases that stand ready: `legacy`; `start_a` and `start_b`, targets to copy. `etl` is on PATH.
# Expected numbers come from expected/compute for this scale, or are asked of the legacy database; none is typed here.
# shellcheck shell=bash
set -euo pipefail

example=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${SERVER:?call scripts/acceptance}" "${WORK:?}" "${SCALE:?}" "${RESULTS:?}"
plan_dir=$WORK/plan source_db=legacy target_db='' staging='' scenario='' began='' title=''

# ---------------------------------------------------------------- scenarios
scenario() {  # scenario NAME TITLE: ends the one before
  pass
  scenario=$1 title=$2 began=$EPOCHREALTIME
}
pass() { [[ -z $scenario ]] || result ok; scenario=''; }
result() { printf '%s\t%s\t%s\t%s\n' "$scenario" "$1" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" "$title" >>"$RESULTS"; }
skip() { result "skipped: $*"; scenario=''; }
fail() { printf '%s: %s\n' "${scenario:-?}" "$*" >&2; exit 1; }
ended() { local status=$?; if [[ -n $scenario ]]; then result "$( ((status == 0)) && echo ok || echo FAILED)"; fi; }
trap ended EXIT
trap 'echo "$0: line $LINENO: $BASH_COMMAND" >&2' ERR

equals() { [[ $1 == "$2" ]] || fail "$3: '$1' is not '$2'"; }                   # equals FOUND EXPECTED WHAT
says() { grep -qF -- "$1" "$WORK/said" || { cat "$WORK/said" >&2; fail "'$1' was not said"; }; }  # of the last `etl_`

# ---------------------------------------------------------------- databases
sql() { PGOPTIONS='-c client_min_messages=warning -c timezone=UTC' psql -X -q -At -v ON_ERROR_STOP=1 "$SERVER/$1" -c "$2"; }  # sql DATABASE SQL
target() { sql "$target_db" "$1"; }
copy_database() { sql postgres "drop database if exists $2 (force)"; sql postgres "create database $2 template $1 ${3:-}"; }
fresh() {  # fresh NAME START: a target of its own with its own staging file
  target_db=$1 staging=$WORK/$1.db
  rm -f "$staging"*
  copy_database "start_$2" "$target_db"
}
# Every row of every table of a target: what two ways to migrate are compared by. Technical columns are left out.
content() {  # content DATABASE
  sql "$1" "select format('select %L, count(*), md5(coalesce(string_agg(r, '''' order by r), '''')) from (select (to_jsonb(t) - ''{updated_at,migrated_at,migration_batch}''::text[])::text as r from public.%I t) x;', relname, relname)
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname" >"$WORK/content.sql"
  PGOPTIONS='-c timezone=UTC' psql -X -q -At -v ON_ERROR_STOP=1 "$SERVER/$1" -f "$WORK/content.sql"
}
same_content() { diff <(content "$1") <(content "$2") >&2 || fail "$1 and $2 hold different rows"; }
definitions() { sql "$1" "select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated from pg_constraint where connamespace = 'public'::regnamespace
  union all select indexdef from pg_indexes where schemaname = 'public' union all select tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text from pg_trigger where not tgisinternal order by 1"; }
same_definitions() { diff <(definitions "$1") <(definitions "$2") >&2 || fail "$1 and $2 have different constraints, indexes or triggers"; }

# ---------------------------------------------------------------- what is expected
expected_from() {  # expected_from START
  "$example/expected/compute" --scale "$SCALE" --set full --start "$1" >"$WORK/expected.$1"
}
expected() { awk -F '\t' -v e="$2" -v m="$3" -v n="$4" '$1 == e && $2 == m && $3 == n { print $4; found = 1 } END { if (!found) print 0 }' "$WORK/expected.$1"; }  # expected START ENTITY MEASURE NAME
held() {  # held START [ENTITY…]: rows that a correct run holds in quarantine; of all entities without a name
  awk -F '\t' -v names=" ${*:2} " '$2 == "ledger" && $3 == "quarantined" && (names == "  " || index(names, " " $1 " ")) { n += $4 } END { print n + 0 }' "$WORK/expected.$1"
}
# The report of a run against what is expected of these entities: ledger, reasons, filters, incidents and control sums.
as_expected() {  # as_expected START REPORT ENTITY…
  local names=" ${*:3} "
  ETL_REPORT=$2 psql -X -q "$SERVER/postgres" -f "$example/expected/report.sql" >"$WORK/reported"
  grep '^report' "$WORK/reported" >&2 && fail "the run was not validated, or differs"
  diff <(awk -F '\t' -v names="$names" 'index(names, " " $1 " ")' "$WORK/expected.$1" | LC_ALL=C sort) \
       <(awk -F '\t' -v names="$names" 'index(names, " " $1 " ")' "$WORK/reported" | LC_ALL=C sort) >&2 || fail "expected (<) and reported (>) differ"
}
distributed() {  # distributed ENTITY…: how the values of their columns are distributed, in the legacy database and in the target
  local names=" $* "
  [[ -s $WORK/distribution ]] || psql -X -q -v ON_ERROR_STOP=1 -v full=on -v start=b -v newest=0 -v what=all "$SERVER/legacy" -f "$example/expected/verify.sql" >"$WORK/distribution"
  diff <(awk -F '\t' -v names="$names" '$2 == "distribution" && index(names, " " $1 " ")' "$WORK/distribution" | LC_ALL=C sort) \
       <(psql -X -q -v ON_ERROR_STOP=1 -v full=on -v start=b -v what=distribution "$SERVER/$target_db" -f "$example/expected/target.sql" |
         awk -F '\t' -v names="$names" 'index(names, " " $1 " ")' | LC_ALL=C sort) >&2 || fail "values of the legacy database (<) and the target (>) differ"
}

# ---------------------------------------------------------------- etl
# The plan with a budget of exactly so many rows: the shipped one allows a percentage, which no scenario could be strict with.
plan() {  # plan BUDGET
  mkdir -p "$plan_dir/entities"
  cp "$example"/entities/*.toml "$plan_dir/entities/"
  sed "s/^quarantine = .*/quarantine = $1/" "$example/etl.toml" >"$plan_dir/etl.toml"
}
environment() { export SOURCE_DATABASE_URL=$SERVER/$source_db TARGET_DATABASE_URL=$SERVER/$target_db; }
# etl_ EXIT ARG…: etl with the plan, this target and its staging file; must end so. What it said is in $WORK/said, its stdout in $WORK/out.
etl_() {
  local wanted=$1 status=0
  shift
  environment
  etl "$@" -p "$plan_dir/etl.toml" --staging "$staging" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  cat "$WORK/out" "$WORK/err" >"$WORK/said"
  cat "$WORK/said" >>"$WORK/everything-said"  # for the scenario that looks for secrets
  (( status == wanted )) || { cat "$WORK/said" >&2; fail "etl $* ended with $status, not $wanted"; }
}
run() {  # run EXIT REPORT ARG…: the run's JSON goes to REPORT
  local wanted=$1 report=$2
  shift 2
  etl_ "$wanted" run --json --progress none "$@"
  cp "$WORK/out" "$report"
}
json() {  # json FILE "->> 'run'": a value in a JSON file; the file goes through psql's own variable, since it may be long
  JSON=$1 psql -X -q -At -v ON_ERROR_STOP=1 "$SERVER/postgres" <<<"\\set json \`cat \"\$JSON\"\`
select (:'json'::jsonb) $2;"
}
random() { awk -v n="$1" -v low="$2" -v high="$3" 'BEGIN { srand(n); rand(); printf "%.2f", low + rand() * (high - low) }'; }  # the same in every call
