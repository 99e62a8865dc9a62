//! What was asked, how it ended, and what was refused.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use etl::expr::{Builtin, Expr};

use super::ask::Outcome;
use super::grammar::Entry;

/// How often a rule ended how.
#[derive(Clone, Default)]
pub struct Count {
    pub expressions: usize,
    pub values: usize,
    pub nulls: usize,
    pub errors: usize,
    /// Rows refused at the value.
    pub guarded: usize,
    /// Expressions refused when they were bound.
    pub refused: usize,
    /// Those of them that were shown to the server, and that it accepts.
    pub shown: usize,
    pub accepted: usize,
}

/// The counts of a run.
#[derive(Default)]
pub struct Tally {
    pub cases: usize,
    pub slow: usize,
    /// Expressions that fail there when they are planned.
    pub planned: usize,
    /// Expressions that took long, and on which side.
    pub long: Vec<String>,
    pub rules: BTreeMap<String, Count>,
    /// For each signature that was chosen, how many rows gave a value.
    pub values: HashMap<String, (&'static Builtin, usize)>,
    /// Refusals that the server accepts: rule and reason, how often, one of them.
    pub gaps: BTreeMap<(String, String), (usize, String)>,
}

impl Tally {
    /// Counts the rows of an expression that was asked about.
    pub fn add(&mut self, rule: &str, expr: &Expr, outcomes: &[Outcome]) {
        let count = self.rules.entry(rule.to_owned()).or_default();
        count.expressions += 1;
        let mut values = 0;
        for outcome in outcomes {
            match outcome {
                Outcome::Value(_) => values += 1,
                Outcome::Null => count.nulls += 1,
                Outcome::Refused(_) => count.guarded += 1,
                Outcome::Error(_) | Outcome::Broken(_) => count.errors += 1,
            }
        }
        count.values += values;
        self.cases += outcomes.len();
        for builtin in expr.builtins() {
            self.values.entry(builtin.signature()).or_insert((builtin, 0)).1 += values;
        }
    }

    /// How many rows gave a value of a signature.
    pub fn values_of(&self, entry: &Entry) -> usize {
        self.values.values().filter(|(builtin, _)| entry.is(builtin)).map(|(_, values)| values).sum()
    }

    /// The counts as a table, the refusals behind it.
    pub fn report(&self) -> String {
        let mut out =
            format!("{:<58} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "rule", "asked", "values", "NULL", "errors", "guarded", "refused");
        let mut all = Count::default();
        for (rule, c) in &self.rules {
            let _ = writeln!(
                out,
                "{rule:<58} {:>6} {:>8} {:>8} {:>8} {:>8} {:>7}%",
                c.expressions,
                c.values,
                c.nulls,
                c.errors,
                c.guarded,
                100 * c.refused / (c.refused + c.expressions).max(1)
            );
            all.expressions += c.expressions;
            all.values += c.values;
            all.nulls += c.nulls;
            all.errors += c.errors;
            all.guarded += c.guarded;
            all.refused += c.refused;
            all.shown += c.shown;
            all.accepted += c.accepted;
        }
        let _ = writeln!(
            out,
            "\n{} expressions, {} cases: {} values, {} NULL, {} errors, {} refused at the value, {} expressions too slow there, {} that fail there \
             when they are planned",
            all.expressions, self.cases, all.values, all.nulls, all.errors, all.guarded, self.slow, self.planned
        );
        let _ = writeln!(
            out,
            "{} parts of expressions refused here ({}%); of {} that were shown to the server it accepts {}",
            all.refused,
            100 * all.refused / (all.refused + all.expressions).max(1),
            all.shown,
            all.accepted
        );
        for long in &self.long {
            let _ = writeln!(out, "slow: {}", long.chars().take(2000).collect::<String>());
        }
        out.push_str("\nrefused here and accepted by the server:\n");
        for ((rule, why), (times, example)) in &self.gaps {
            let _ = writeln!(out, "{times:>5} × {rule}: {why}\n        {}", example.chars().take(160).collect::<String>());
        }
        out
    }
}
