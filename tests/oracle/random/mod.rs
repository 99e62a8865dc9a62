//! Random expressions on random rows, here and on a real server: every value to the byte, every error to its SQLSTATE.
//!
//! A case is one expression on one row. What may differ: an expression that is refused when it is bound (counted, by rule and
//! reason), a row that is refused at the value (SQLSTATE 0A000 here, counted), and an expression with a constant part that fails when the
//! server plans it and here at the rows that reach it (counted). Everything else that is not equal fails, with
//! the smallest part of the expression that differs, and the seed and batch to repeat it:
//!
//! ```text
//! ETL_ORACLE_SEED    the seed (default: a fixed one)
//! ETL_ORACLE_CASES   how many cases at least (default: 200,000)
//! ETL_ORACLE_BATCH   one batch alone
//! ETL_ORACLE_REPORT  a file for the table of what was asked
//! ```

mod ask;
mod forms;
mod grammar;
mod literals;
mod pools;
mod rng;
mod tally;
mod tree;
pub mod types;
mod values;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use etl::expr::Expr;
use postgres::Client;

use ask::{Outcome, Theirs};
pub use grammar::{Entry, entries};
use grammar::{Grammar, Refusal};
use rng::Rng;
use tally::Tally;
use tree::{Tree, quote};

use crate::{Server, Table};

/// Rows of a table; each expression is asked about all of them.
const ROWS: usize = 48;
/// Expressions on one table.
const EXPRESSIONS: usize = 120;
/// Signatures of the registry that one table is for.
const SIGNATURES: usize = 30;
/// Expressions that give values, for each signature.
const LEAST: usize = 2;
/// How often a signature is tried until that many gave a value.
const TRIES: usize = 120;
/// What takes longer, on either side, is named in the report.
const LONG: Duration = Duration::from_secs(2);
/// Differences after which the run ends.
const ENOUGH: usize = 60;

const SETUP: &str = r"
create function trap(ids int[]) returns table (id int, state text) language plpgsql as $f$ declare i int; begin
  foreach i in array ids loop
    begin execute format('execute p(%s)', i); state := null; exception when others then state := sqlstate; end;
    id := i; return next;
  end loop;
end $f$;
create function pg_input_is_valid(x text, ty text) returns bool language plpgsql strict as $f$ begin
  execute 'select $1::' || ty using x; return true;
exception when data_exception or invalid_text_representation then return false; end $f$;
";

/// The names of the server's functions and operators: what is not among them cannot be asked about.
pub fn known(client: &mut Client) -> HashSet<String> {
    let names = "select proname::text from pg_proc union select oprname::text from pg_operator";
    client.query(names, &[]).expect("names").iter().map(|row| row.get(0)).collect()
}

/// A run.
struct Run {
    client: Client,
    seed: u64,
    tally: Tally,
    /// The differences by the rule of their root: one that is wrong everywhere is shown a few times.
    wrong: BTreeMap<String, Vec<String>>,
    known: HashSet<String>,
}

impl Run {
    fn new(mut client: Client, seed: u64) -> Self {
        let schema = format!("oracle_random_{}_{seed:x}", std::process::id());
        client.batch_execute(&format!("create schema {schema}; set search_path = {schema}, pg_catalog")).expect("schema");
        client.batch_execute("set statement_timeout = '20s'; set plan_cache_mode = force_generic_plan; set jit = off").expect("settings");
        client.batch_execute(SETUP).expect("functions");
        client.batch_execute(&types::create_table()).expect("table");
        let known = known(&mut client);
        Self { client, seed, tally: Tally::default(), wrong: BTreeMap::new(), known }
    }

    fn fill(&mut self, rng: &mut Rng) -> Table {
        let types = types::all();
        let mut rows = Vec::new();
        for id in 0..ROWS {
            let mut fields = vec![id.to_string()];
            for ty in &types {
                for n in 0..ty.columns {
                    // The last row is NULL everywhere.
                    let null = id + 1 == ROWS || rng.percent(8);
                    fields.push(if null { "null".into() } else { quote(&values::value(&ty.ty, n, rng)) });
                }
            }
            rows.push(format!("({})", fields.join(", ")));
        }
        self.client.batch_execute("truncate cases").expect("truncate");
        self.client
            .batch_execute(&format!("insert into cases values {}", rows.join(", ")))
            .unwrap_or_else(|error| panic!("a row: {error:?}"));
        Table::read(&mut self.client)
    }

    fn differences(&self) -> usize {
        self.wrong.values().map(Vec::len).sum()
    }

    fn note(&mut self, rule: &str, batch: u64, what: &str) {
        let list = self.wrong.entry(rule.to_owned()).or_default();
        if list.len() < 3 {
            list.push(format!("{what}\n    rule {rule}; ETL_ORACLE_SEED={} ETL_ORACLE_BATCH={batch}", self.seed));
        }
    }

    /// One table and the expressions over it. `work` are signatures that must be asked about.
    fn batch(&mut self, batch: u64, work: &[Entry]) {
        let mut rng = Rng::part(self.seed, batch);
        let zone = *rng.pick(&["UTC", "America/New_York", "Asia/Kathmandu"]);
        self.client.batch_execute("set timezone = 'UTC'").expect("settings");
        let table = self.fill(&mut rng);
        self.client.batch_execute(&format!("set timezone = '{zone}'")).expect("settings");
        let known = std::mem::take(&mut self.known);
        let mut grammar = Grammar::new(rng, &table, &known);
        self.known = known;
        let mut trees: Vec<(Tree, Expr)> = Vec::new();
        for entry in work {
            Self::systematic(&mut grammar, *entry, &mut trees);
        }
        for _ in 0..3 * EXPRESSIONS {
            if trees.len() >= EXPRESSIONS {
                break;
            }
            if let Some(tree) = grammar.random()
                && let Some(expr) = grammar.bind(&tree)
            {
                trees.push((tree, expr));
            }
        }
        let (refusals, panics) = (grammar.refusals, grammar.panics);
        for text in panics {
            self.note("a panic", batch, &text);
        }
        self.refusals(refusals);
        for (tree, expr) in trees {
            self.ask(batch, &table, &tree, &expr);
        }
    }

    /// Expressions of one signature over columns, until some gave values.
    fn systematic(grammar: &mut Grammar, entry: Entry, trees: &mut Vec<(Tree, Expr)>) {
        let mut gave = 0;
        let most = if entry.builtin.is_supported() { TRIES } else { 1 };
        for attempt in 0..most {
            let Some(tree) = grammar.entry(entry, attempt / 10) else { continue };
            let Some(expr) = grammar.bind(&tree) else { continue };
            let meant = expr.builtins().iter().any(|builtin| entry.is(builtin));
            let outcomes = ask::here(&expr, expr.ty(), &grammar.table.rows);
            let values = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Value(_)));
            // Errors are asked about as well, though not sixty times.
            if attempt < 4 || (meant && values) {
                trees.push((tree, expr));
            }
            gave += usize::from(meant && values);
            if gave >= LEAST {
                return;
            }
        }
    }

    /// Counts what was refused here, and shows some of it to the server.
    fn refusals(&mut self, refusals: Vec<Refusal>) {
        for Refusal { text, rule, why } in refusals {
            let count = self.tally.rules.entry(rule.clone()).or_default();
            count.refused += 1;
            if count.shown >= 12 {
                continue;
            }
            count.shown += 1;
            if ask::type_there(&mut self.client, &text).is_ok() {
                count.accepted += 1;
                let gap = self.tally.gaps.entry((rule, why)).or_insert_with(|| (0, text));
                gap.0 += 1;
            }
        }
    }

    fn ask(&mut self, batch: u64, table: &Table, tree: &Tree, expr: &Expr) {
        let text = tree.text();
        let began = Instant::now();
        let outcomes = ask::here(expr, expr.ty(), &table.rows);
        let (here, began) = (began.elapsed(), Instant::now());
        let theirs = ask::there(&mut self.client, &text, expr.ty(), &outcomes);
        let there = began.elapsed();
        if here.max(there) > LONG {
            self.tally.long.push(format!("{here:.1?} here, {there:.1?} there, ETL_ORACLE_BATCH={batch}: {text}"));
        }
        match theirs {
            Theirs::OtherType(theirs) => self.note(&tree.rule, batch, &format!("{text}\n    type here {}, there {theirs}", expr.ty())),
            Theirs::Refused(why) => self.note(&tree.rule, batch, &format!("{text}\n    accepted here, there {why}")),
            Theirs::Slow => self.tally.slow += 1,
            Theirs::Rows(rows) => {
                if let Some((row, _)) = rows.iter().find(|(row, theirs)| outcomes[*row] != *theirs) {
                    if ask::fails_when_planned(&mut self.client, &text) {
                        self.tally.planned += 1;
                        return;
                    }
                    let smallest = ask::shrink(&mut self.client, table, tree, *row);
                    self.note(&tree.rule, batch, &smallest);
                }
            }
        }
        self.tally.add(&tree.rule, expr, &outcomes);
    }

    /// The signatures of which no row gave a value.
    fn without_values(&self) -> Vec<Entry> {
        let entries = grammar::entries(&self.known).into_iter();
        entries.filter(|entry| entry.builtin.is_supported() && self.tally.values_of(entry) == 0).collect()
    }

    fn finish(mut self, began: Instant, whole: bool) {
        let seconds = began.elapsed().as_secs_f64();
        let never: Vec<String> = self.without_values().iter().map(Entry::rule).collect();
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.tally.cases as f64 / seconds;
        let mut report = format!("seed {}\n\n{}\n", self.seed, self.tally.report());
        report.push_str(&format!("{} cases in {seconds:.1} s: {rate:.0} cases a second\n", self.tally.cases));
        if whole {
            report.push_str(&format!("never a value: {}\n", never.join(", ")));
        }
        let shown: Vec<String> = self.wrong.values().flatten().cloned().collect();
        report.push_str(&format!("\n{} differences\n{}\n", shown.len(), shown.join("\n")));
        if let Ok(path) = std::env::var("ETL_ORACLE_REPORT") {
            std::fs::write(path, &report).expect("the report");
        }
        self.client.batch_execute("do $$ begin execute 'drop schema ' || current_schema() || ' cascade'; end $$").expect("clean up");
        assert!(shown.is_empty(), "{} differences, seed {}:\n{}", shown.len(), self.seed, shown.join("\n"));
        assert!(!whole || never.is_empty(), "signatures that never gave a value (seed {}): {}", self.seed, never.join(", "));
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Every signature of the registry, then random expressions.
#[test]
fn random_expressions_give_what_postgresql_gives() {
    let seed = setting("ETL_ORACLE_SEED").unwrap_or(20_251_015);
    let cases = usize::try_from(setting("ETL_ORACLE_CASES").unwrap_or(200_000)).expect("a number of cases");
    let server = Server::new("random");
    let mut run = Run::new(server.connect(), seed);
    let began = Instant::now();
    let work = grammar::entries(&run.known);
    // Each batch has its own signatures, whatever the others did: it can be repeated alone.
    let part = |batch: u64| {
        let from = usize::try_from(batch).map_or(work.len(), |batch| (batch * SIGNATURES).min(work.len()));
        &work[from..(from + SIGNATURES).min(work.len())]
    };
    if let Some(batch) = setting("ETL_ORACLE_BATCH") {
        run.batch(batch, part(batch));
        return run.finish(began, false);
    }
    let mut batch = 0;
    while (run.tally.cases < cases || !part(batch).is_empty()) && run.differences() < ENOUGH {
        run.batch(batch, part(batch));
        batch += 1;
    }
    // What gave no value so far is tried on other rows. These batches cannot be repeated alone.
    for _ in 0..20 {
        let open = run.without_values();
        if open.is_empty() || run.differences() >= ENOUGH {
            break;
        }
        run.batch(batch, &open);
        batch += 1;
    }
    run.finish(began, true);
}
