//! Pieces of syntax that are no call of a signature: casts, conditions, choices, arrays.

use etl::row::SqlType;

use super::grammar::Grammar;
use super::literals;
use super::tree::{Tree, quote};

/// Where an expression can stand that no signature makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Compare,
    Distinct,
    IsNull,
    IsTruth,
    And,
    Or,
    Not,
    Like,
    Similar,
    Regex,
    RegexpLike,
    Valid,
    In,
    Between,
    Quantified,
    Cast,
    Case,
    SimpleCase,
    Coalesce,
    Nullif,
    Greatest,
    Least,
    Subscript,
    Slice,
    Array,
    Concatenate,
    RegexpReplace,
}

const OF_BOOL: &[Form] = &[
    Form::Compare,
    Form::Compare,
    Form::Distinct,
    Form::IsNull,
    Form::IsTruth,
    Form::And,
    Form::Or,
    Form::Not,
    Form::Like,
    Form::Similar,
    Form::Regex,
    Form::RegexpLike,
    Form::Valid,
    Form::In,
    Form::Between,
    Form::Quantified,
];
const OF_ANY: &[Form] =
    &[Form::Cast, Form::Cast, Form::Case, Form::SimpleCase, Form::Coalesce, Form::Nullif, Form::Greatest, Form::Least, Form::Subscript];

/// All forms that give a value of a type.
pub fn forms(ty: &SqlType) -> Vec<Form> {
    let mut forms = OF_ANY.to_vec();
    match ty {
        SqlType::Bool => forms.extend(OF_BOOL),
        SqlType::Text => forms.extend([Form::Concatenate, Form::Concatenate, Form::RegexpReplace]),
        SqlType::Array(_) => forms.extend([Form::Slice, Form::Array, Form::Concatenate]),
        SqlType::Jsonb | SqlType::Bytea | SqlType::Varbit => forms.push(Form::Concatenate),
        _ => {}
    }
    forms
}

impl Grammar<'_> {
    /// A piece of syntax that gives a value of a type.
    pub fn form(&mut self, form: Form, ty: &SqlType, depth: usize) -> Option<Tree> {
        match form {
            Form::Cast => self.cast(ty, depth),
            Form::Case => {
                let (when, then, other) = (self.tree(&SqlType::Bool, depth), self.tree(ty, depth), self.near_or(ty, depth));
                // A constant condition is decided when the statement is planned, and the branch with it.
                let when = if self.rng.percent(8) { Tree::bare(self.rng.word(&["true", "false", "null"]), &SqlType::Bool) } else { when };
                if self.rng.percent(30) {
                    return self.made(form, ty, "case when $ then $ end", vec![when, then]);
                }
                self.made(form, ty, "case when $ then $ else $ end", vec![when, then, other])
            }
            Form::SimpleCase => {
                let of = self.any_type();
                let (x, a, b) = (self.column(&of), self.leaf(&of), self.leaf(&of));
                let (then, other) = (self.tree(ty, depth), self.near_or(ty, depth));
                self.made(form, ty, "case $ when $ then $ when $ then $ else null end", vec![x, a, then, b, other])
            }
            Form::Coalesce => {
                let (a, b) = (self.tree(ty, depth), self.near_or(ty, depth));
                // A constant that is not the last one is the whole when the statement is planned.
                let a = if a.has_column() { a } else { self.column(ty) };
                if self.rng.percent(20) {
                    return self.made(form, ty, "coalesce(null, $, $)", vec![a, b]);
                }
                self.made(form, ty, "coalesce($, $)", vec![a, b])
            }
            Form::Nullif => {
                let (a, b) = (self.tree(ty, depth), self.near_or(ty, depth));
                self.made(form, ty, "nullif($, $)", vec![a, b])
            }
            Form::Greatest | Form::Least => {
                let (a, b, c) = (self.tree(ty, depth), self.near_or(ty, depth), self.leaf(ty));
                let collate = if is_text(ty) { " collate \"C\"" } else { "" };
                let text = format!("{}($, $, ${collate})", name(form));
                self.made(form, ty, &text, vec![a, b, c])
            }
            Form::Subscript => {
                let array = self.tree(&ty.clone().array(), depth);
                let at = self.tree(&SqlType::Int4, 0);
                if self.rng.percent(20) {
                    let second = Tree::column("i4_1", &SqlType::Int4);
                    return self.made(form, ty, "$[$][$]", vec![boxed(array), at, second]);
                }
                self.made(form, ty, "$[$]", vec![boxed(array), at])
            }
            Form::Slice => {
                let array = self.tree(ty, depth);
                let (low, high) = (self.tree(&SqlType::Int4, 0), self.tree(&SqlType::Int4, 0));
                let text = self.rng.word(&["$[$:$]", "$[$:]"]);
                self.made(form, ty, text, vec![boxed(array), low, high])
            }
            Form::Array => {
                let SqlType::Array(array) = ty else { return None };
                let (a, b) = (self.tree(&array.element, depth), self.near_or(&array.element, depth));
                let text = self.rng.word(&["array[$, $]", "array[$, null, $]", "array[$]"]);
                self.made(form, ty, text, vec![a, b])
            }
            Form::Concatenate => {
                let other = match ty {
                    SqlType::Text if self.rng.percent(40) => self.any_type(),
                    SqlType::Array(array) if self.rng.percent(40) => array.element.clone(),
                    _ => ty.clone(),
                };
                let (a, b) = (self.tree(ty, depth), self.tree(&other, depth));
                let sides = if self.rng.percent(50) { vec![a, b] } else { vec![b, a] };
                self.made(form, ty, "$ || $", sides)
            }
            Form::RegexpReplace => {
                let (text, by) = (self.tree(&SqlType::Text, depth), self.leaf(&SqlType::Text));
                let by =
                    if self.rng.percent(50) { Tree::bare(quote(self.rng.word(&["", "x", r"<\&>", r"[\1]", r"\\"])), &by.ty) } else { by };
                let pattern = quote(self.rng.word(literals::PATTERNS));
                let flags = quote(self.rng.word(literals::FLAGS));
                let with = if self.rng.percent(50) {
                    format!("regexp_replace($, {pattern}, $)")
                } else {
                    format!("regexp_replace($, {pattern}, $, {flags})")
                };
                self.made(form, ty, &with, vec![text, by])
            }
            _ => self.condition(form, depth),
        }
    }

    /// Mostly the type itself, sometimes one near it or a literal without a type.
    fn near_or(&mut self, ty: &SqlType, depth: usize) -> Tree {
        if self.rng.percent(15) {
            let near = self.near(ty);
            return self.tree(&near, depth);
        }
        if self.rng.percent(6) {
            return Tree::bare("null", ty);
        }
        self.tree(ty, depth)
    }

    fn cast(&mut self, ty: &SqlType, depth: usize) -> Option<Tree> {
        let typed = self.typed(ty)?;
        let (name, prefix) = (typed.name, typed.prefix);
        let from = if self.rng.percent(35) { SqlType::Text } else { self.any_type() };
        // Texts that read as values are in the second column.
        let operand = if from == SqlType::Text && self.rng.percent(60) {
            Tree::column(self.rng.word(&["t_1", "t_3"]), &from)
        } else {
            self.tree(&from, depth)
        };
        let modifier: &[&str] = match ty {
            SqlType::Numeric => &["(6,2)", "(3)", "(4,-2)", "(2,4)", "(38,10)"],
            SqlType::Varchar => &["(3)", "(1)", "(100)"],
            SqlType::Bpchar => &["(3)", "(10)"],
            SqlType::Timestamp | SqlType::TimestampTz | SqlType::Time | SqlType::TimeTz | SqlType::Interval => &["(0)", "(3)", "(6)"],
            SqlType::Bit => &["(3)", "(8)"],
            SqlType::Varbit => &["(3)", "(64)"],
            _ => &[""],
        };
        let name = if self.rng.percent(20) && prefix != "bt" {
            let name = if prefix == "c" { "char" } else { name };
            format!("{name}{}", self.rng.word(modifier))
        } else if prefix == "bt" {
            format!("bit{}", self.rng.word(modifier))
        } else {
            name.to_owned()
        };
        let text = if self.rng.percent(50) { format!("$::{name}") } else { format!("cast($ as {name})") };
        self.made(Form::Cast, ty, &text, vec![operand])
    }

    /// Two conditions, a constant among them now and then: it decides when the statement is planned.
    fn connected(&mut self, form: Form, depth: usize) -> Option<Tree> {
        let bool = SqlType::Bool;
        let mut sides =
            [self.tree(&bool, depth), self.tree(&bool, depth)].map(|side| if side.has_column() { side } else { self.column(&bool) });
        if self.rng.percent(20) {
            let constant = self.rng.word(&["true", "false", "null", "null::bool", "1 = 2", "'a' < null"]);
            sides[self.rng.below(2)] = Tree { atom: false, ..Tree::bare(constant, &bool) };
        }
        self.made(form, &bool, &format!("$ {} $", name(form)), sides.into())
    }

    fn condition(&mut self, form: Form, depth: usize) -> Option<Tree> {
        let bool = SqlType::Bool;
        match form {
            Form::Compare | Form::Distinct => {
                let of = self.any_type();
                let (a, b) = (self.tree(&of, depth), self.near_or(&of, depth));
                let sides = if self.rng.percent(30) { vec![b, a] } else { vec![a, b] };
                if form == Form::Distinct {
                    let text = self.rng.word(&["$ is distinct from $", "$ is not distinct from $"]);
                    return self.made(form, &bool, text, sides);
                }
                let operator = self.rng.word(&["=", "<>", "<", "<=", ">", ">="]);
                let collate = if is_text(&of) && !matches!(operator, "=" | "<>") { " collate \"C\"" } else { "" };
                self.made(form, &bool, &format!("${collate} {operator} $"), sides)
            }
            Form::IsNull => {
                let of = self.any_type();
                let x = self.tree(&of, depth);
                let text = self.rng.word(&["$ is null", "$ is not null"]);
                self.made(form, &bool, text, vec![x])
            }
            Form::IsTruth => {
                let x = self.tree(&bool, depth);
                let test = self.rng.word(&["true", "false", "unknown", "not true", "not false", "not unknown"]);
                self.made(form, &bool, &format!("$ is {test}"), vec![x])
            }
            Form::And | Form::Or => self.connected(form, depth),
            Form::Not => {
                let x = self.tree(&bool, depth);
                self.made(form, &bool, "not $", vec![x])
            }
            Form::Like => {
                let of = self.rng.pick(&[SqlType::Text, SqlType::Text, SqlType::Varchar, SqlType::Bpchar, SqlType::Name]).clone();
                let x = self.tree(&of, depth);
                let operator = self.rng.word(&["like", "not like", "ilike", "not ilike"]);
                if self.rng.percent(25) {
                    let pattern = self.column(&SqlType::Text);
                    return self.made(form, &bool, &format!("$ {operator} $"), vec![x, pattern]);
                }
                let escape = self.rng.word(&["", "", "", " escape '!'", " escape ''", " escape 'a'"]);
                let pattern = quote(self.rng.word(literals::LIKES));
                self.made(form, &bool, &format!("$ {operator} {pattern}{escape}"), vec![x])
            }
            Form::Similar => {
                let x = self.tree(&SqlType::Text, depth);
                let pattern = quote(self.rng.word(literals::SIMILAR));
                let not = self.rng.word(&["", "not "]);
                self.made(form, &bool, &format!("$ {not}similar to {pattern}"), vec![x])
            }
            Form::Regex | Form::RegexpLike => {
                let of = self.rng.pick(&[SqlType::Text, SqlType::Text, SqlType::Varchar, SqlType::Bpchar]).clone();
                let x = self.tree(&of, depth);
                let pattern = quote(self.rng.word(literals::PATTERNS));
                if form == Form::RegexpLike {
                    let flags = self.rng.word(&["", ", 'i'", ", 'c'", ", 'n'", ", ''"]);
                    return self.made(form, &bool, &format!("regexp_like($, {pattern}{flags})"), vec![x]);
                }
                let operator = self.rng.word(&["~", "~*", "!~", "!~*"]);
                self.made(form, &bool, &format!("$ {operator} {pattern}"), vec![x])
            }
            Form::Valid => {
                let x = Tree::column(self.rng.word(&["t_1", "t_3"]), &SqlType::Text);
                let ty = quote(self.rng.word(literals::TYPES));
                self.made(form, &bool, &format!("pg_input_is_valid($, {ty})"), vec![x])
            }
            Form::In => {
                let of = self.any_type();
                let mut all = vec![self.tree(&of, depth)];
                let count = 1 + self.rng.below(3);
                for _ in 0..count {
                    all.push(self.near_or(&of, 0));
                }
                let text = format!("$ {}in ({})", self.rng.word(&["", "not "]), vec!["$"; count].join(", "));
                self.made(form, &bool, &text, all)
            }
            Form::Between => {
                let of = self.any_type();
                let (x, low, high) = (self.tree(&of, depth), self.near_or(&of, 0), self.near_or(&of, 0));
                let collate = if is_text(&of) { " collate \"C\"" } else { "" };
                let not = self.rng.word(&["", "not "]);
                self.made(form, &bool, &format!("${collate} {not}between $ and $"), vec![x, low, high])
            }
            Form::Quantified => {
                let arrays: Vec<SqlType> = self.types.iter().filter(|t| matches!(t.ty, SqlType::Array(_))).map(|t| t.ty.clone()).collect();
                let array = self.rng.pick(&arrays).clone();
                let SqlType::Array(of) = &array else { return None };
                let (x, list) = (self.near_or(&of.element, depth), self.tree(&array, depth));
                let operator = self.rng.word(&["=", "=", "<>", "<", ">="]);
                let collate = if is_text(&of.element) && !matches!(operator, "=" | "<>") { " collate \"C\"" } else { "" };
                let quantifier = self.rng.word(&["any", "all"]);
                self.made(form, &bool, &format!("${collate} {operator} {quantifier}($)"), vec![x, list])
            }
            _ => None,
        }
    }
}

fn boxed(mut tree: Tree) -> Tree {
    // A subscript stands behind a column or behind parentheses.
    if tree.rule != "column" {
        tree.atom = false;
    }
    tree
}

fn is_text(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name)
}

/// The word under which a form is counted.
pub fn name(form: Form) -> &'static str {
    match form {
        Form::Compare => "comparison",
        Form::Distinct => "is distinct from",
        Form::IsNull => "is null",
        Form::IsTruth => "is true",
        Form::And => "and",
        Form::Or => "or",
        Form::Not => "not",
        Form::Like => "like",
        Form::Similar => "similar to",
        Form::Regex => "~",
        Form::RegexpLike => "regexp_like",
        Form::Valid => "pg_input_is_valid",
        Form::In => "in",
        Form::Between => "between",
        Form::Quantified => "any, all",
        Form::Cast => "cast",
        Form::Case => "case when",
        Form::SimpleCase => "case of",
        Form::Coalesce => "coalesce",
        Form::Nullif => "nullif",
        Form::Greatest => "greatest",
        Form::Least => "least",
        Form::Subscript => "subscript",
        Form::Slice => "slice",
        Form::Array => "array",
        Form::Concatenate => "||",
        Form::RegexpReplace => "regexp_replace",
    }
}
