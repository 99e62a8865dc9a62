//! What can be typed. Boundary: names, defaults and help; nothing is looked at here, neither plan nor file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Moves a legacy relational database into a re-modelled PostgreSQL schema, and proves that nothing was lost.
#[derive(Debug, Parser)]
#[command(name = "etl", version, arg_required_else_help = true, disable_help_subcommand = true, max_term_width = 100, after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 command line or plan wrong, 3 over the quarantine budget,
4 the target differs, 5 refused, 130 interrupted (the same command continues).";

const EXAMPLES: &str = "\
Exit codes:
    0  done
    1  failed; what was done is kept
    2  the command line or the plan is wrong; nothing was begun
    3  done, but more rows are in quarantine than the plan's budget
    4  validation found a difference
    5  refused: another etl is at work, or the plan changed under what would be continued
  130  interrupted; the same command continues where it stopped

Examples:
  etl check                            everything that can be known before a row moves
  etl run                              the whole migration, validated, with a report
  etl run --only tasks --with-deps     one entity and everything it refers to
  etl status                           where it stands, also while it runs
  etl quarantine list                  which rows are kept aside, and why
  etl inspect rows orders --limit 5    staged rows, without any server";

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Global {
    /// The plan; without it etl.toml here or in a folder above
    #[arg(short, long, value_name = "FILE", global = true, help_heading = HEADING)]
    pub plan: Option<PathBuf>,
    /// The staging file; without it the one that the plan names
    #[arg(long, value_name = "FILE", global = true, help_heading = HEADING)]
    pub staging: Option<PathBuf>,
    /// The old database; without it [source] url of the plan
    ///
    /// A password in it can be seen by others on this machine: better PGPASSWORD, PGPASSFILE, or a variable that the plan names.
    #[arg(long, value_name = "URL", global = true, help_heading = HEADING)]
    pub source: Option<String>,
    /// The new database; without it [target] url of the plan
    #[arg(long, value_name = "URL", global = true, help_heading = HEADING)]
    pub target: Option<String>,
    /// Only these entities
    #[arg(long, value_name = "ENTITY,…", value_delimiter = ',', global = true, help_heading = HEADING)]
    pub only: Vec<String>,
    /// Only the entities of this phase of the plan
    #[arg(long, value_name = "NAME", value_delimiter = ',', global = true, help_heading = HEADING)]
    pub phase: Vec<String>,
    /// With --only or --phase: also everything that they refer to
    #[arg(long, global = true, help_heading = HEADING)]
    pub with_deps: bool,
    /// All entities but these
    #[arg(long, value_name = "ENTITY,…", value_delimiter = ',', global = true, help_heading = HEADING)]
    pub exclude: Vec<String>,
    /// The result as one JSON object on stdout
    #[arg(long, global = true, help_heading = HEADING)]
    pub json: bool,
    /// Say nothing but results, warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = HEADING)]
    pub quiet: bool,
    #[allow(clippy::doc_markdown, reason = "help text, shown as it stands")]
    /// Say more; twice for debugging (RUST_LOG works as well)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = HEADING)]
    pub verbose: u8,
    /// How much goes on at a time; without it as many as there are processors
    #[arg(short, long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = HEADING)]
    pub jobs: Option<u16>,
    /// Colours on stderr
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", help_heading = HEADING)]
    pub color: When,
    /// How progress is shown on stderr
    #[arg(long, value_name = "HOW", global = true, default_value = "auto", help_heading = HEADING)]
    pub progress: ProgressMode,
    /// The form of log lines
    #[arg(long, value_name = "FORM", global = true, default_value = "text", help_heading = HEADING)]
    pub log_format: LogFormat,
    /// Show values of rows in messages and results; they can be personal data
    #[arg(long, global = true, help_heading = HEADING)]
    pub show_values: bool,
}

const HEADING: &str = "Options of every command";

/// When something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressMode {
    /// Bars on a terminal, lines elsewhere
    #[default]
    Auto,
    /// One bar for the whole run and one for each entity at work
    Bar,
    /// A line every ten seconds
    Log,
    /// One event a line, with exactly one closing event
    Json,
    /// Nothing
    None,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look for everything that is wrong, before a row moves
    ///
    /// Both catalogues are opened, nothing is written anywhere. All problems are reported at once, each with file, line, column and
    /// what to do; then the entities in load order with their rows and bytes as estimated.
    #[command(after_long_help = "Examples:\n  etl check\n  etl check --only tasks --with-deps --json")]
    Check,
    /// Run the unit tests of the plan: a source row, and what must come of it
    ///
    /// Needs the types of the columns, from both databases or as the staging file recorded them, and no rows. `etl check` and every command
    /// that moves rows run them as well. A test that fails is shown with what it expects and what it got; the exit code is then 2.
    #[command(after_long_help = "Examples:\n  etl test\n  etl test --only orders\n  etl test \"price\" --json")]
    Test {
        /// Only tests with these words in their names
        name: Option<String>,
    },
    /// Read the old database into the staging file
    ///
    /// All readers share one snapshot. A stopped extract continues behind the last stored chunk. Afterwards the source is not needed
    /// any more.
    #[command(after_long_help = "Examples:\n  etl extract\n  etl extract --only tasks --jobs 4\n  etl extract --redo extract")]
    Extract(StageArgs),
    /// Make target rows of staged source rows
    ///
    /// Needs no server: when the target cannot be reached, what the staging file recorded of it is used.
    #[command(after_long_help = "Examples:\n  etl transform\n  etl transform --redo transform   (after the plan was mended)")]
    Transform(StageArgs),
    /// Write staged target rows into the new database
    ///
    /// A chunk and the proof that it was loaded are committed together: whatever happens, no row is lost and none comes twice.
    #[command(after_long_help = "Examples:\n  etl load\n  etl load --target postgresql://etl@db.example/app")]
    Load(StageArgs),
    /// Everything: extract, transform and load overlapped, then validate and report
    ///
    /// Can be stopped or killed at any moment; typed again, it continues where it stopped. A finished run typed again moves nothing.
    #[command(
        after_long_help = "Examples:\n  etl run\n  etl run --json > result.json\n  etl run --progress json 2> events.jsonl\n  etl run --only tasks --with-deps"
    )]
    Run(RunArgs),
    /// Read the keys of rows that are in the target already
    ///
    /// From the column or query that `adopt` in the plan names, and from the mapping table of an earlier migration. Their rows count
    /// as adopted and are not loaded again. A run does it by itself for entities with `adopt` in the plan; typed, it also takes up
    /// what an earlier migration published, when its staging file is lost.
    #[command(after_long_help = "Examples:\n  etl adopt\n  etl adopt --only offices,profiles")]
    Adopt,
    /// Take back what was loaded
    ///
    /// Removes from the target the rows and the published keys that this staging file loaded, children first; shows what it will do and
    /// asks. Adopted rows, and rows of others, stay. Can be stopped at any moment; typed again, it goes on. Afterwards `etl run` loads
    /// the rows again, under the same new keys.
    #[command(after_long_help = "Examples:\n  etl rollback\n  etl rollback --run 7f3a9c --yes\n  etl rollback --only orders --cascade")]
    Rollback(RollbackArgs),
    /// Compare the target with what was staged, every cell of every row
    #[command(after_long_help = "Examples:\n  etl validate\n  etl validate --only payments --show-values")]
    Validate,
    /// Where every entity stands, and what to type next
    ///
    /// Works without any server, also while a run is going on.
    #[command(after_long_help = "Examples:\n  etl status\n  watch etl status")]
    Status,
    /// Look into the staging file; needs no server
    #[command(
        after_long_help = "Examples:\n  etl inspect runs\n  etl inspect chunks tasks\n  etl inspect rows orders --where \"status = 9\" --limit 5\n  etl inspect rows orders --transformed\n  etl inspect id orders 4711\n  etl inspect sql \"SELECT state, count(*) FROM chunks GROUP BY 1\""
    )]
    Inspect(InspectArgs),
    /// Rows that are kept aside, and why
    #[command(
        after_long_help = "Examples:\n  etl quarantine list\n  etl quarantine list --entity tasks --reason REF_MISSING --keys\n  etl quarantine show tasks 4711 --show-values"
    )]
    Quarantine(QuarantineArgs),
    /// The last run as text, JSON, Markdown or one HTML page
    #[command(after_long_help = "Examples:\n  etl report\n  etl report --format html > report.html\n  etl report --json")]
    Report(ReportArgs),
    #[allow(clippy::doc_markdown, reason = "help text, shown as it stands")]
    /// What a code means (E0110, REF_MISSING), with an example and its mended form; all codes without one
    #[command(after_long_help = "Examples:\n  etl explain E0110\n  etl explain ref_missing\n  etl explain")]
    Explain {
        /// The code of a message, or the reason of a row in quarantine
        code: Option<String>,
    },
}

/// What commands understand that move rows.
#[derive(Clone, Debug, Args)]
pub(super) struct StageArgs {
    /// What a changed plan may redo; without it a changed plan is refused
    #[arg(long, value_name = "STAGE")]
    pub redo: Option<RedoStage>,
    /// Show what the threads spent their time on, and what held the run back
    #[arg(long)]
    pub profile: bool,
    /// Bytes of rows in a chunk
    #[arg(long, value_name = "BYTES", default_value_t = CHUNK_BYTES, value_parser = clap::value_parser!(u64).range(1_024..=268_435_456), hide_short_help = true)]
    pub chunk_bytes: u64,
}

/// What `run` understands besides.
#[derive(Clone, Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub stage: StageArgs,
    /// Leave out the validation at the end; `etl validate` does it later
    #[arg(long)]
    pub no_validate: bool,
}

/// Big enough that a transaction for each is cheap, small enough that a handful in flight stay within the memory of a small machine.
pub(super) const CHUNK_BYTES: u64 = 2 << 20;

/// What is redone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RedoStage {
    /// What was transformed and not loaded
    Transform,
    /// What was read and not loaded; needs the source again
    Extract,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    #[command(subcommand)]
    pub what: Inspect,
}

/// What can be looked at.
#[derive(Debug, Subcommand)]
pub(super) enum Inspect {
    /// All runs, with how they ended
    Runs,
    /// The entities with their columns and ledgers
    Entities,
    /// The chunks, with their states
    Chunks {
        /// Of one entity
        entity: Option<String>,
    },
    /// Rows as they were read, or as they will be sent
    Rows {
        /// The entity
        entity: String,
        /// Only rows for which this holds; an expression as in the plan, over the shown columns
        #[arg(long = "where", value_name = "EXPR")]
        condition: Option<String>,
        /// Target rows instead of source rows
        #[arg(long)]
        transformed: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// What became of one row
    Id {
        /// The entity
        entity: String,
        /// Its key in the old database
        key: String,
    },
    /// One query over the tables of the staging file
    Sql {
        /// SQL as SQLite understands it; reads only
        query: String,
        /// At most so many rows
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
}

#[derive(Debug, Args)]
pub(super) struct QuarantineArgs {
    #[command(subcommand)]
    pub what: Quarantine,
}

/// What can be done with rows that are kept aside.
#[derive(Debug, Subcommand)]
pub(super) enum Quarantine {
    /// The reasons with their counts
    List {
        /// Of one entity
        #[arg(long)]
        entity: Option<String>,
        /// With one reason
        #[arg(long, value_name = "CODE")]
        reason: Option<String>,
        /// The rows' keys instead of counts
        #[arg(long)]
        keys: bool,
        /// At most so many keys
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u64,
    },
    /// Take rows up again, after the source, the target or the plan was mended
    ///
    /// Reads them anew and transforms and loads those that go through now, children after their parents; nothing else is touched: a
    /// mended plan is taken over where all loaded rows come out the same, and refused where they would not. The next run also takes up
    /// what earlier runs kept aside, but sends rows that the target refused again only when they have changed.
    Retry {
        /// Of one entity
        #[arg(long)]
        entity: Option<String>,
        /// With one reason
        #[arg(long, value_name = "CODE")]
        reason: Option<String>,
    },
    /// One row with the rule that held it; values are masked without --show-values
    Show {
        /// The entity
        entity: String,
        /// Its key in the old database
        key: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// Only what this run loaded; the beginning of its id is enough
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Also everything loaded that refers to it
    #[arg(long)]
    pub cascade: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The form
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// For people who were not there
    Markdown,
    /// The same as one page that needs nothing else
    Html,
}

impl Command {
    /// The word that is recorded with a run.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Test { .. } => "test",
            Self::Extract(_) => "extract",
            Self::Transform(_) => "transform",
            Self::Load(_) => "load",
            Self::Run(_) => "run",
            Self::Adopt => "adopt",
            Self::Rollback(_) => "rollback",
            Self::Validate => "validate",
            Self::Status => "status",
            Self::Inspect(_) => "inspect",
            Self::Quarantine(QuarantineArgs { what: Quarantine::Retry { .. } }) => "quarantine retry",
            Self::Quarantine(_) => "quarantine",
            Self::Report(_) => "report",
            Self::Explain { .. } => "explain",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_and_behind_the_command() {
        let cli = Cli::try_parse_from(["etl", "-p", "a.toml", "run", "--only", "a,b", "--with-deps", "--redo", "extract", "-vv"]).unwrap();
        assert_eq!(cli.global.plan, Some(PathBuf::from("a.toml")));
        assert_eq!(cli.global.only, ["a", "b"]);
        assert_eq!(cli.global.verbose, 2);
        let Command::Run(RunArgs { stage, no_validate: false }) = cli.command else { panic!("another command") };
        assert_eq!((stage.redo, stage.chunk_bytes), (Some(RedoStage::Extract), CHUNK_BYTES));
    }

    #[test]
    fn what_is_not_known_is_the_command_lines_fault() {
        for wrong in
            [&["etl", "rnu"][..], &["etl", "run", "--nope"], &["etl", "run", "--jobs", "0"], &["etl", "-q", "-v", "check"], &["etl"]]
        {
            assert_eq!(Cli::try_parse_from(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
        for right in [&["etl", "--version"][..], &["etl", "run", "-h"], &["etl", "--help"]] {
            assert_eq!(Cli::try_parse_from(right).unwrap_err().exit_code(), 0, "{right:?}");
        }
    }
}
