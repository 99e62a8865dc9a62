-- Format 1 of the staging file: all tables and views. Run once, in the transaction that creates the file; never changed
-- afterwards. A later format is a file of its own beside this one. The meaning of every byte is in FORMAT.md.
--
-- STRICT everywhere: a value of another type is an error here, not a surprise later. Times are microseconds since 1970 UTC.

CREATE TABLE meta (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    format_version INTEGER NOT NULL,
    staging_id     TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    tool_version   TEXT    NOT NULL,
    migration      TEXT    NOT NULL
) STRICT;

-- Plans, whole: a run can be understood and continued without the files it was started with.
CREATE TABLE plans (
    hash TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_files (
    plan    TEXT    NOT NULL REFERENCES plans,
    ordinal INTEGER NOT NULL,
    path    TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (plan, ordinal)
) STRICT;

CREATE TABLE runs (
    id           TEXT    PRIMARY KEY,
    command      TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    exit_code    INTEGER,
    exit_reason  TEXT,
    tool_version TEXT    NOT NULL,
    plan         TEXT    NOT NULL REFERENCES plans,
    source       TEXT,
    target       TEXT,
    CHECK ((finished_at IS NULL) = (exit_code IS NULL) AND (finished_at IS NULL) = (exit_reason IS NULL))
) STRICT;

CREATE TABLE snapshots (
    id                INTEGER PRIMARY KEY,
    run               TEXT    NOT NULL REFERENCES runs,
    taken_at          INTEGER NOT NULL,
    exported_name     TEXT    NOT NULL,
    system_identifier TEXT,
    database          TEXT    NOT NULL,
    server_version    TEXT    NOT NULL,
    wal_lsn           TEXT
) STRICT;

CREATE TABLE entities (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    target_table   TEXT NOT NULL,
    key_kind       TEXT NOT NULL CHECK (key_kind IN ('int', 'text')),
    source_columns TEXT NOT NULL CHECK (json_valid(source_columns)),
    target_columns TEXT NOT NULL CHECK (json_valid(target_columns)),
    extract_hash   TEXT NOT NULL,
    transform_hash TEXT NOT NULL,
    adopt_hash     TEXT NOT NULL,
    extracted_run  TEXT REFERENCES runs,
    adopted_run    TEXT REFERENCES runs,
    adopted_stale  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Keys of rows that were in the target before; `survivor` is the key of the row that stands for this one, where it is another.
CREATE TABLE adopted (
    entity    INTEGER NOT NULL REFERENCES entities,
    key       ANY     NOT NULL,
    new_key   BLOB    NOT NULL CHECK (length(new_key) = 16),
    survivor  ANY,
    published INTEGER NOT NULL CHECK (published IN (0, 1)),
    PRIMARY KEY (entity, key)
) STRICT, WITHOUT ROWID;

-- lower < key <= upper
CREATE TABLE ranges (
    entity   INTEGER NOT NULL REFERENCES entities,
    range_no INTEGER NOT NULL,
    lower    ANY,
    upper    ANY,
    done     INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    PRIMARY KEY (entity, range_no)
) STRICT, WITHOUT ROWID;

-- What is known of a chunk without touching its rows. A chunk that is planned has no row here: its range says so.
CREATE TABLE chunks (
    id                 INTEGER PRIMARY KEY,
    entity             INTEGER NOT NULL REFERENCES entities,
    range_no           INTEGER NOT NULL,
    seq                INTEGER NOT NULL,
    state              TEXT    NOT NULL CHECK (state IN ('extracted', 'transformed', 'loaded')),
    snapshot           INTEGER NOT NULL REFERENCES snapshots,
    first_key          ANY     NOT NULL,
    last_key           ANY     NOT NULL,
    rows               INTEGER NOT NULL CHECK (rows > 0),
    raw_bytes          INTEGER NOT NULL,
    stored_bytes       INTEGER NOT NULL,
    digest             BLOB    NOT NULL CHECK (length(digest) = 16),
    extracted_run      TEXT    NOT NULL REFERENCES runs,
    transformed_rows   INTEGER,
    transformed_bytes  INTEGER,
    transformed_digest BLOB    CHECK (length(transformed_digest) = 16),
    transformed_run    TEXT    REFERENCES runs,
    key_min            ANY,
    key_max            ANY,
    map_digest         BLOB    CHECK (length(map_digest) = 16),
    loaded             INTEGER NOT NULL DEFAULT 0,
    merged             INTEGER NOT NULL DEFAULT 0,
    filtered           INTEGER NOT NULL DEFAULT 0,
    quarantined        INTEGER NOT NULL DEFAULT 0,
    moved              INTEGER NOT NULL DEFAULT 0,
    adopted            INTEGER NOT NULL DEFAULT 0,
    refused            INTEGER NOT NULL DEFAULT 0,
    loaded_run         TEXT    REFERENCES runs,
    withdrawn_by       TEXT    REFERENCES runs,
    UNIQUE (entity, range_no, seq),
    FOREIGN KEY (entity, range_no) REFERENCES ranges,
    -- The ledger closes for every chunk that is transformed, and the parts are there or not as the state says.
    CHECK (loaded + merged + filtered + quarantined + adopted = CASE state WHEN 'extracted' THEN 0 ELSE rows - moved END),
    CHECK ((state = 'extracted') = (transformed_digest IS NULL) AND (state = 'extracted') = (map_digest IS NULL)),
    CHECK ((state = 'loaded') = (loaded_run IS NOT NULL)),
    CHECK (withdrawn_by IS NULL OR state = 'loaded')
) STRICT;

-- Apart from chunks, so that reading the metadata does not read over the rows.
CREATE TABLE extracted (
    chunk   INTEGER PRIMARY KEY REFERENCES chunks,
    payload BLOB    NOT NULL
) STRICT;

CREATE TABLE transformed (
    chunk   INTEGER PRIMARY KEY REFERENCES chunks,
    payload BLOB    NOT NULL
) STRICT;

-- Rows that went from quarantine into a later chunk: their payload stays here and counts there. `had_tuple`: the server refused
-- the row, so that a target tuple of it stays in the transformed payload.
CREATE TABLE moved_rows (
    chunk     INTEGER NOT NULL REFERENCES chunks,
    row_no    INTEGER NOT NULL,
    key       ANY     NOT NULL,
    moved_to  INTEGER NOT NULL REFERENCES chunks,
    had_tuple INTEGER NOT NULL CHECK (had_tuple IN (0, 1)),
    PRIMARY KEY (chunk, row_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE outcomes (
    code INTEGER PRIMARY KEY,
    word TEXT    NOT NULL
) STRICT;

INSERT INTO outcomes VALUES (0, 'loaded'), (1, 'merged'), (2, 'filtered'), (3, 'quarantined'), (4, 'adopted');

-- One row for every source row of a transformed chunk. No foreign keys and no second index: this is the table that grows with
-- the data, and what they would guard is guarded by the digest of each chunk and by the check for collisions.
CREATE TABLE id_map (
    entity  INTEGER NOT NULL,
    key     ANY     NOT NULL,
    outcome INTEGER NOT NULL,
    new_key BLOB,
    chunk   INTEGER NOT NULL,
    row_no  INTEGER NOT NULL,
    detail  TEXT,
    PRIMARY KEY (entity, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    chunk           INTEGER NOT NULL REFERENCES chunks,
    row_no          INTEGER NOT NULL,
    entity          INTEGER NOT NULL REFERENCES entities,
    key             ANY     NOT NULL,
    stage           TEXT    NOT NULL CHECK (stage IN ('transform', 'load')),
    code            TEXT    NOT NULL,
    column_name     TEXT,
    sqlstate        TEXT,
    constraint_name TEXT,
    message         TEXT    NOT NULL,
    detail          TEXT,
    run             TEXT    NOT NULL REFERENCES runs,
    PRIMARY KEY (chunk, row_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    chunk       INTEGER NOT NULL REFERENCES chunks,
    column_name TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (chunk, column_name, code)
) STRICT, WITHOUT ROWID;

-- Sums as exact decimals in text: a REAL would round them. A group is the JSON array of its values in text, [] where nothing is grouped.
CREATE TABLE control_sums (
    chunk   INTEGER NOT NULL REFERENCES chunks,
    name    TEXT    NOT NULL,
    outcome INTEGER NOT NULL REFERENCES outcomes,
    grp     TEXT    NOT NULL CHECK (json_valid(grp)),
    sum     TEXT    NOT NULL,
    PRIMARY KEY (chunk, name, outcome, grp)
) STRICT, WITHOUT ROWID;

CREATE TABLE source_controls (
    entity   INTEGER NOT NULL REFERENCES entities,
    name     TEXT    NOT NULL,
    snapshot INTEGER NOT NULL REFERENCES snapshots,
    grp      TEXT    NOT NULL CHECK (json_valid(grp)),
    sum      TEXT    NOT NULL,
    PRIMARY KEY (entity, name, grp)
) STRICT, WITHOUT ROWID;

CREATE TABLE reference_counts (
    chunk              INTEGER NOT NULL REFERENCES chunks,
    column_name        TEXT    NOT NULL,
    parent             INTEGER NOT NULL REFERENCES entities,
    hit                INTEGER NOT NULL,
    nulls              INTEGER NOT NULL,
    missing            INTEGER NOT NULL,
    parent_quarantined INTEGER NOT NULL,
    parent_filtered    INTEGER NOT NULL,
    PRIMARY KEY (chunk, column_name, parent)
) STRICT, WITHOUT ROWID;

-- What is taken down in the target for the load, written before it is.
CREATE TABLE target_constraints (
    schema_name TEXT    NOT NULL,
    table_name  TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    ordinal     INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    definition  TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('dismantled', 'restored')),
    run         TEXT    NOT NULL REFERENCES runs,
    PRIMARY KEY (schema_name, table_name, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE stage_times (
    run      TEXT    NOT NULL REFERENCES runs,
    entity   INTEGER NOT NULL REFERENCES entities,
    stage    TEXT    NOT NULL,
    micros   INTEGER NOT NULL,
    rows     INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (run, entity, stage)
) STRICT, WITHOUT ROWID;

-- What validations found, as JSON, so that a report can be made again without the databases.
CREATE TABLE validations (
    id          INTEGER PRIMARY KEY,
    run         TEXT    NOT NULL REFERENCES runs,
    recorded_at INTEGER NOT NULL,
    result      TEXT    NOT NULL CHECK (json_valid(result))
) STRICT;

-- What the source answered to the expectations of the plan, in the last snapshot in which it was asked.
CREATE TABLE expectations (
    name     TEXT    PRIMARY KEY,
    question TEXT    NOT NULL,
    snapshot INTEGER NOT NULL REFERENCES snapshots,
    found    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Plans that were mended after rows of an entity were loaded: with the new plan, all of these come out as they are. `run` says by
-- which command, and its plan is the new one.
CREATE TABLE plan_changes (
    run       TEXT    NOT NULL REFERENCES runs,
    entity    INTEGER NOT NULL REFERENCES entities,
    from_plan TEXT    NOT NULL REFERENCES plans,
    from_hash TEXT    NOT NULL,
    to_hash   TEXT    NOT NULL,
    rows      INTEGER NOT NULL,
    PRIMARY KEY (run, entity)
) STRICT, WITHOUT ROWID;

-- For people with a plain sqlite3: names instead of numbers, keys as they are written elsewhere.

CREATE VIEW keys AS
SELECT e.name AS entity, m.key AS key, o.word AS outcome,
       CASE WHEN m.new_key IS NULL THEN NULL
         -- A number that was kept: the row's own key, or that of the row that stands for it.
         WHEN substr(m.new_key, 1, 8) = x'6B65707400000000' THEN iif(m.outcome = 1, m.detail, CAST(m.key AS TEXT))
         ELSE
         lower(substr(hex(m.new_key), 1, 8) || '-' || substr(hex(m.new_key), 9, 4) || '-' || substr(hex(m.new_key), 13, 4) || '-'
               || substr(hex(m.new_key), 17, 4) || '-' || substr(hex(m.new_key), 21)) END AS new_key,
       m.detail AS detail, m.chunk AS chunk, m.row_no AS row_no
FROM id_map AS m JOIN entities AS e ON e.id = m.entity JOIN outcomes AS o ON o.code = m.outcome;

CREATE VIEW ledger AS
SELECT e.name AS entity, count(c.id) AS chunks, coalesce(sum(c.rows - c.moved), 0) AS read,
       coalesce(sum(c.loaded) FILTER (WHERE c.state = 'loaded'), 0) AS loaded,
       coalesce(sum(c.loaded) FILTER (WHERE c.state = 'transformed'), 0) AS to_load,
       coalesce(sum(c.merged), 0) AS merged, coalesce(sum(c.filtered), 0) AS filtered,
       coalesce(sum(c.quarantined), 0) AS quarantined, coalesce(sum(c.adopted), 0) AS adopted,
       coalesce(sum(c.rows - c.moved) FILTER (WHERE c.state = 'extracted'), 0) AS to_transform
FROM entities AS e LEFT JOIN chunks AS c ON c.entity = e.id GROUP BY e.id;

CREATE VIEW reasons AS
SELECT e.name AS entity, q.stage AS stage, q.code AS code, q.column_name AS column_name, count(*) AS rows
FROM quarantine AS q JOIN entities AS e ON e.id = q.entity GROUP BY q.entity, q.stage, q.code, q.column_name;

CREATE VIEW run_list AS
SELECT id, command, strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000000, 'unixepoch') AS started,
       strftime('%Y-%m-%dT%H:%M:%SZ', finished_at / 1000000, 'unixepoch') AS finished, exit_code, exit_reason, tool_version,
       source, target
FROM runs ORDER BY started_at;
