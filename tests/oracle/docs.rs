//! The generated half of `docs/expressions.md`: what the registry holds, and what a few expressions that stand for whole pieces of
//! syntax come to. `UPDATE_DOCS=1 cargo test --test oracle documentation` writes it anew.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use etl::expr::{Builtin, Functions, Scope, bind, operator_signatures, parse, signatures, special, volatile};
use etl::row::Column;

use crate::random::{entries, known, types};
use crate::{Server, families};

const PATH: &str = "docs/expressions.md";
const BEGIN: &str = "<!-- generated: what stands below is written by UPDATE_DOCS=1 cargo test --test oracle documentation -->\n";

/// Pieces of syntax, each with an expression that uses it.
const SYNTAX: &[(&str, &str)] = &[
    ("arithmetic", "i4_0 + i4_1 * 2 - n_0 / 3"),
    ("comparisons", "i4_0 <> i4_1 and n_0 >= 1.5"),
    ("order of texts", "t_0 < t_1"),
    ("order of the bytes of texts", "t_0 collate \"C\" < t_1"),
    ("three-valued logic", "b_0 and not b_1 or b_0 is not true"),
    ("tests for NULL", "t_0 is not null"),
    ("is distinct from", "t_0 is not distinct from t_1"),
    ("in", "i4_0 in (1, 2, 3)"),
    ("between", "d_0 between '2000-01-01' and d_1"),
    ("between symmetric", "i4_0 between symmetric 3 and 1"),
    ("like, ilike", "t_0 ilike '%x!%' escape '!'"),
    ("similar to", "t_0 similar to '(a|b)%'"),
    ("regular expressions", "t_0 ~* '^[a-z]+$'"),
    ("a regular expression of the row", "t_0 ~ t_1"),
    ("case", "case when b_0 then 1 else 2 end"),
    ("simple case", "case i4_0 when 1 then 'one' end"),
    ("coalesce, nullif", "coalesce(nullif(t_0, ''), t_1)"),
    ("greatest, least", "greatest(i4_0, i4_1, 0)"),
    ("casts", "t_0::int + cast(t_1 as int)"),
    ("typed literals", "date '2020-01-01'"),
    ("casts with a length", "t_0::varchar(10)"),
    ("casts with a precision", "n_0::numeric(12,2)"),
    ("casts of times to a precision", "ts_0::timestamp(0)"),
    ("concatenation", "t_0 || '-' || i4_0"),
    ("substring in words", "substring(t_0 from 2 for 3)"),
    ("substring by a pattern", "substring(t_0 from 'a(.*)b')"),
    ("trim in words", "trim(both 'x' from t_0)"),
    ("position", "position('x' in t_0)"),
    ("overlay", "overlay(t_0 placing 'xx' from 2 for 3)"),
    ("extract", "extract(year from d_0)"),
    ("at time zone", "ts_0 at time zone 'Europe/Berlin'"),
    ("intervals", "ts_0 + interval '1 day'"),
    ("text from bytes", "encode(y_0, 'hex')"),
    ("json operators", "jb_0 -> 'a' ->> 0"),
    ("json paths", "jb_0 #>> '{a,b}'"),
    ("json containment", "jb_0 @> '{\"a\": 1}'"),
    ("array constructors", "array[i4_0, i4_1]"),
    ("subscripts", "ai4_0[1]"),
    ("slices", "ai4_0[1:2]"),
    ("any, all", "i4_0 = any (ai4_0)"),
    ("any of a literal", "t_0 = any ('{a,b}')"),
    ("rows", "(i4_0, i4_1) = (1, 2)"),
    ("bit operators", "i4_0 & i4_1 | 1"),
    ("exponentiation", "n_0 ^ 2"),
    ("named arguments", "make_interval(days => 10)"),
    ("subqueries", "(select 1)"),
    ("aggregates", "sum(i4_0)"),
    ("window functions", "row_number() over ()"),
];

fn columns() -> Vec<Column> {
    let mut columns = Vec::new();
    for ty in types::all() {
        columns.extend((0..ty.columns).map(|n| Column { name: ty.column(n), ty: ty.ty.clone(), typmod: -1, nullable: true }));
    }
    columns
}

/// The type of an expression, or why there is none.
fn asked(text: &str, columns: &[Column]) -> Result<String, String> {
    let (functions, codes) = (Functions::new(), BTreeMap::new());
    let scope =
        Scope { columns, functions: &functions, codes: &codes, entities: &|_| None, entity_names: &[], new_id: &etl::row::SqlType::Uuid };
    let why = |mistake: &etl::expr::Diagnostic| match &mistake.help {
        Some(help) => format!("{}; {help}", mistake.message),
        None => mistake.message.clone(),
    };
    let ast = parse(text).map_err(|mistake| why(&mistake))?;
    match bind(&ast, &scope, None) {
        Ok(expr) => Ok(expr.ty().to_string()),
        Err(mistakes) => Err(mistakes.first().map(why).unwrap_or_default()),
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn types_of(builtin: &Builtin) -> Vec<String> {
    builtin
        .args
        .iter()
        .enumerate()
        .map(|(at, ty)| {
            let literal = if builtin.literals().contains(&at) { "literal " } else { "" };
            format!("{literal}{}", ty.word())
        })
        .collect()
}

fn function_form(builtin: &Builtin) -> String {
    format!("{}({}{}) → {}", builtin.name, types_of(builtin).join(", "), if builtin.variadic { ", …" } else { "" }, builtin.result.word())
}

fn operator_form(builtin: &Builtin) -> String {
    match &types_of(builtin)[..] {
        [operand] => format!("{} {operand} → {}", builtin.name, builtin.result.word()),
        operands => format!("{} → {}", operands.join(&format!(" {} ", builtin.name)), builtin.result.word()),
    }
}

/// The forms of a name, one behind the other.
fn forms(of: &[&Builtin], form: fn(&Builtin) -> String) -> String {
    of.iter().map(|builtin| code(&form(builtin))).collect::<Vec<_>>().join("<br>")
}

/// Signatures that share a row of a table.
type Group = Vec<&'static Builtin>;

/// Signatures by family and then by `part`, in the order of the registry.
fn grouped(all: impl Iterator<Item = (&'static str, &'static Builtin)>, part: fn(&Builtin) -> String) -> Vec<(&'static str, Vec<Group>)> {
    let mut families: Vec<(&str, Vec<(String, Group)>)> = Vec::new();
    for (family, builtin) in all {
        if families.last().is_none_or(|(last, _)| *last != family) {
            families.push((family, Vec::new()));
        }
        let groups = &mut families.last_mut().expect("just made").1;
        let part = part(builtin);
        match groups.iter_mut().find(|(known, _)| *known == part) {
            Some((_, group)) => group.push(builtin),
            None => groups.push((part, vec![builtin])),
        }
    }
    families.into_iter().map(|(family, groups)| (family, groups.into_iter().map(|(_, group)| group).collect())).collect()
}

/// What is asked of the server.
struct Tested {
    signatures: HashSet<String>,
    cases: Vec<String>,
}

impl Tested {
    fn word(&self, of: &[&Builtin]) -> &'static str {
        if of.iter().all(|builtin| self.signatures.contains(&builtin.signature())) { "yes" } else { "ours" }
    }

    fn is_called(&self, name: &str) -> &'static str {
        let call = format!("{name}(");
        if self.cases.iter().any(|text| text.contains(&call)) { "yes" } else { "ours" }
    }
}

fn generated(tested: &Tested) -> String {
    let columns = columns();
    let mut out = String::from(BEGIN);
    out.push_str("\n## Syntax\n\n| | example | |\n|---|---|---|\n");
    for (what, example) in SYNTAX {
        let verdict = match asked(example, &columns) {
            Ok(ty) => format!("gives `{ty}`"),
            Err(why) => format!("refused: {}", cell(&why)),
        };
        let _ = writeln!(out, "| {what} | {} | {verdict} |", code(example));
    }

    out.push_str("\n## Types\n\n| type | `=` | `<` | can be cast to |\n|---|---|---|---|\n");
    let all = types::all();
    for ty in &all {
        let column = ty.column(0);
        let mark = |text: String| if asked(&text, &columns).is_ok() { "yes" } else { "no" };
        let collate = if ty.ty.is_text() { " collate \"C\"" } else { "" };
        let casts: Vec<&str> = all
            .iter()
            .filter(|to| to.ty != ty.ty && asked(&format!("{column}::{}", to.name), &columns).is_ok())
            .map(|to| to.name)
            .collect();
        let equal = mark(format!("{column} = {column}"));
        let ordered = mark(format!("{column}{collate} < {column}"));
        let _ = writeln!(out, "| {} | {equal} | {ordered} | {} |", code(&ty.ty.to_string()), casts.join(", "));
    }

    out.push_str(
        "\n## Functions\n\n`yes` is asked of a PostgreSQL server in the tests; `ours` is a function that PostgreSQL does not have.\n",
    );
    let supported = signatures().filter(|(_, builtin)| builtin.is_supported());
    for (family, groups) in grouped(supported, |b| format!("{} {}", b.name, b.summary)) {
        let _ = writeln!(out, "\n### {family}\n\n| function | | tested |\n|---|---|---|");
        for group in groups {
            let _ = writeln!(out, "| {} | {} | {} |", forms(&group, function_form), cell(group[0].summary), tested.word(&group));
        }
    }
    out.push_str("\n### of any type\n\n| function | | tested |\n|---|---|---|\n");
    for (name, summary) in special() {
        let _ = writeln!(out, "| {} | {} | {} |", code(&format!("{name}(…)")), cell(summary), tested.is_called(name));
    }

    out.push_str("\n## Operators\n\nComparisons, logic, `like`, `~` and `||` of texts are syntax: see above.\n");
    let supported = operator_signatures().filter(|(_, builtin)| builtin.is_supported());
    for (family, groups) in grouped(supported, |b| b.name.to_owned()) {
        let _ = writeln!(out, "\n### {family}, operators\n\n| operator | tested |\n|---|---|");
        for group in groups {
            let _ = writeln!(out, "| {} | {} |", forms(&group, operator_form), tested.word(&group));
        }
    }

    out.push_str("\n## Refused overloads\n\nPostgreSQL would choose these; no other one is chosen in their place.\n\n| overload | instead |\n|---|---|\n");
    let mut refused: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let functions = signatures().map(|(_, builtin)| (builtin, function_form as fn(&Builtin) -> String));
    let operators = operator_signatures().map(|(_, builtin)| (builtin, operator_form as fn(&Builtin) -> String));
    for (builtin, form) in functions.chain(operators) {
        if let Some(instead) = builtin.instead() {
            refused.entry((builtin.name.to_owned(), instead)).or_default().push(code(&form(builtin)));
        }
    }
    for ((_, instead), forms) in &refused {
        let _ = writeln!(out, "| {} | {} |", forms.join("<br>"), cell(instead));
    }
    out.push_str("\n## Functions that give another value on every call\n\nAll refused.\n\n| function | instead |\n|---|---|\n");
    let mut by_advice: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, instead) in volatile() {
        match by_advice.iter_mut().find(|(known, _)| known == instead) {
            Some((_, names)) => names.push(code(name)),
            None => by_advice.push((instead, vec![code(name)])),
        }
    }
    for (instead, names) in by_advice {
        let _ = writeln!(out, "| {} | {} |", names.join(", "), cell(instead));
    }
    out
}

#[test]
fn documentation_is_what_the_registry_holds() {
    let server = Server::new("docs");
    let known = known(&mut server.connect());
    let tested = Tested {
        signatures: entries(&known).iter().filter(|entry| entry.builtin.is_supported()).map(|entry| entry.builtin.signature()).collect(),
        cases: families::all().into_iter().flat_map(|family| family.expressions).collect(),
    };
    let generated = generated(&tested);
    let text = std::fs::read_to_string(PATH).unwrap_or_default();
    let by_hand = text.split(BEGIN).next().unwrap_or_default();
    let whole = format!("{by_hand}{generated}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(PATH, whole).expect("the documentation");
    }
    assert!(text == whole, "{PATH} is not what the registry holds: UPDATE_DOCS=1 cargo test --test oracle documentation");
}
