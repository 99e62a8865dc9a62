//! Random expressions, typed, made of the registry's signatures and of the syntax around them. Every part is bound as soon as it is
//! made: what is refused is written down and replaced by a column, so a whole expression is refused only for its own root.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use etl::expr::{Builtin, Expr, Ty};
use etl::row::SqlType;

use super::literals;
use super::rng::Rng;
use super::tree::{Tree, quote};
use super::types::{self, Typed};
use super::values;
use crate::Table;

/// A signature of the registry.
#[derive(Clone, Copy)]
pub struct Entry {
    pub builtin: &'static Builtin,
    pub operator: bool,
}

impl Entry {
    /// What it is counted under.
    pub fn rule(&self) -> String {
        self.builtin.signature()
    }

    /// Whether it is this signature that a call was bound to, or the one with the operands in turn that stands in for it.
    pub fn is(&self, chosen: &Builtin) -> bool {
        let turned = || self.operator && chosen.args.len() == 2 && self.builtin.args == [chosen.args[1], chosen.args[0]];
        chosen.name == self.builtin.name && (chosen.args == self.builtin.args || turned())
    }
}

/// An expression that was refused here.
pub struct Refusal {
    pub text: String,
    pub rule: String,
    pub why: String,
}

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

/// Makes expressions over the columns of a table.
pub struct Grammar<'t> {
    pub rng: Rng,
    pub table: &'t Table,
    pub types: Vec<Typed>,
    entries: Vec<Entry>,
    by_result: BTreeMap<String, Vec<Entry>>,
    pub refusals: Vec<Refusal>,
    pub panics: Vec<String>,
}

impl<'t> Grammar<'t> {
    /// Of signatures whose names are in `known`: those that the server has.
    pub fn new(rng: Rng, table: &'t Table, known: &HashSet<String>) -> Self {
        let entries = entries(known);
        let mut by_result: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.builtin.is_supported()) {
            by_result.entry(entry.builtin.result.word()).or_default().push(*entry);
        }
        Self { rng, table, types: types::all(), entries, by_result, refusals: Vec::new(), panics: Vec::new() }
    }

    /// The expression that a text is here; what is refused is written down.
    pub fn bind(&mut self, tree: &Tree) -> Option<Expr> {
        let text = tree.text();
        match catch_unwind(AssertUnwindSafe(|| self.table.bind(&text))) {
            Ok(Ok(expr)) => Some(expr),
            Ok(Err(why)) => {
                self.refusals.push(Refusal { text, rule: tree.rule.clone(), why });
                None
            }
            Err(_) => {
                self.panics.push(text);
                None
            }
        }
    }

    fn typed(&self, ty: &SqlType) -> Option<&Typed> {
        self.types.iter().find(|known| known.ty == *ty)
    }

    pub fn any_type(&mut self) -> SqlType {
        // Half of all values are of the types that most columns have.
        let common = [
            SqlType::Int4,
            SqlType::Text,
            SqlType::Numeric,
            SqlType::Jsonb,
            SqlType::Date,
            SqlType::Timestamp,
            SqlType::Bool,
            SqlType::Int8,
        ];
        if self.rng.percent(50) { self.rng.pick(&common).clone() } else { self.types[self.rng.below(self.types.len())].ty.clone() }
    }

    fn column(&mut self, ty: &SqlType) -> Tree {
        let Some((prefix, columns)) = self.typed(ty).map(|t| (t.prefix, t.columns)) else {
            // A type without columns: a cast makes it of a text.
            let form = format!("t_2::{}", if *ty == SqlType::Xml { "xml".to_owned() } else { ty.to_string() });
            return Tree { rule: "column".into(), ..Tree::bare(form, ty) };
        };
        Tree::column(&format!("{prefix}_{}", self.rng.below(columns)), ty)
    }

    fn literal(&mut self, ty: &SqlType) -> Tree {
        let Some(name) = self.typed(ty).map(|t| t.name) else { return self.column(ty) };
        let column = self.rng.below(4);
        let text = values::value(ty, column, &mut self.rng);
        let tree = match ty {
            SqlType::Text if self.rng.percent(60) => Tree::bare(quote(&text), ty),
            SqlType::Int4 if self.rng.percent(70) && !text.starts_with('-') => Tree::bare(text, ty),
            SqlType::Numeric if self.rng.percent(50) && text.contains('.') && !text.starts_with('-') => Tree::bare(text, ty),
            _ => Tree::literal(&text, name, ty),
        };
        // A literal that is malformed, or of a type that has none here, is no expression of either side.
        if self.table.bind(&tree.text()).is_ok() { tree } else { self.column(ty) }
    }

    fn leaf(&mut self, ty: &SqlType) -> Tree {
        if self.rng.percent(25) { self.literal(ty) } else { self.column(ty) }
    }

    /// An expression of a type, or of one near it.
    pub fn tree(&mut self, ty: &SqlType, depth: usize) -> Tree {
        if depth == 0 || self.rng.percent(20) {
            return self.leaf(ty);
        }
        let mut known = self.by_result.get(&ty_word(ty)).cloned().unwrap_or_default();
        if let Some(any) = self.by_result.get("element").filter(|_| self.rng.percent(10)) {
            known.extend(any);
        }
        let tree = if !known.is_empty() && self.rng.percent(60) {
            let entry = *self.rng.pick(&known);
            self.entry(entry, depth - 1)
        } else {
            let form = *self.rng.pick(&forms(ty));
            self.form(form, ty, depth - 1)
        };
        tree.unwrap_or_else(|| self.column(ty))
    }

    /// A call of a signature.
    pub fn entry(&mut self, entry: Entry, depth: usize) -> Option<Tree> {
        let builtin = entry.builtin;
        let mut types = builtin.args.to_vec();
        if builtin.variadic
            && let Some(last) = types.last().copied()
        {
            types.extend(std::iter::repeat_n(last, self.rng.below(3)));
        }
        let elements: Vec<SqlType> = self
            .types
            .iter()
            .filter_map(|ty| match &ty.ty {
                SqlType::Array(array) => Some(array.element.clone()),
                _ => None,
            })
            .collect();
        let element = self.rng.pick(&elements).clone();
        let numbers = types.first().and_then(|ty| ty.sql()).is_some_and(|ty| is_number(&ty));
        let mut args: Vec<Tree> = Vec::new();
        for (at, ty) in types.iter().enumerate() {
            args.push(if builtin.literals().contains(&at) {
                let pool = self.rng.pick(literals::of(builtin.name, at, numbers));
                Tree::bare(quote(self.rng.word(pool)), &SqlType::Text)
            } else {
                self.argument(*ty, &element, builtin.name, depth)
            });
        }
        let free: Vec<usize> = (0..args.len()).filter(|at| !builtin.literals().contains(at)).collect();
        self.with_column(&mut args, &free);
        let result = builtin.result.sql().unwrap_or_else(|| if builtin.result == Ty::AnyArray { element.clone().array() } else { element });
        let form = if entry.operator {
            if args.len() == 1 { format!("{} $", builtin.name) } else { format!("$ {} $", builtin.name) }
        } else {
            let dollars = vec!["$"; args.len()].join(", ");
            match builtin.name {
                "extract" => "extract($ from $)".to_owned(),
                "position" => "position($ in $)".to_owned(),
                "trim" if args.len() == 1 => "trim($)".to_owned(),
                "normalize" => format!("pg_catalog.normalize({dollars})"),
                name => format!("{name}({dollars})"),
            }
        };
        let tree = Tree::form(entry.rule(), &result, &form, args);
        self.checked(tree)
    }

    /// Binds a tree and gives it the type that it really has.
    fn checked(&mut self, mut tree: Tree) -> Option<Tree> {
        tree.ty = self.bind(&tree)?.ty().clone();
        Some(tree)
    }

    fn argument(&mut self, ty: Ty, element: &SqlType, function: &str, depth: usize) -> Tree {
        let ty = match ty {
            Ty::AnyElement => element.clone(),
            Ty::AnyArray => element.clone().array(),
            other => other.sql().unwrap_or_else(|| self.any_type()),
        };
        // What makes a text of any length takes lengths that neither side chokes on.
        if matches!(function, "repeat" | "lpad" | "rpad") && ty == SqlType::Int4 {
            return if self.rng.percent(70) { Tree::column("i4_1", &ty) } else { Tree::bare(self.rng.below(40).to_string(), &ty) };
        }
        match self.rng.below(100) {
            0..=4 => {
                let column = self.rng.below(3);
                let text = values::value(&ty, column, &mut self.rng);
                Tree::bare(quote(&text), &ty)
            }
            5..=11 => {
                let near = self.near(&ty);
                self.tree(&near, depth)
            }
            _ => self.tree(&ty, depth),
        }
    }

    /// A type that is taken for this one.
    fn near(&mut self, ty: &SqlType) -> SqlType {
        use SqlType as T;
        let near: &[SqlType] = match ty {
            T::Int4 => &[T::Int2],
            T::Int8 => &[T::Int2, T::Int4],
            T::Numeric => &[T::Int2, T::Int4, T::Int8],
            T::Float8 => &[T::Int4, T::Numeric, T::Float4, T::Int8],
            T::Text => &[T::Varchar, T::Bpchar, T::Name],
            T::Timestamp => &[T::Date],
            T::TimestampTz => &[T::Date, T::Timestamp],
            T::Inet => &[T::Cidr],
            T::Interval => &[T::Time],
            T::Varbit => &[T::Bit],
            _ => return ty.clone(),
        };
        self.rng.pick(near).clone()
    }

    /// Puts a column in where there is none: what is constant is evaluated when the statement is planned.
    fn with_column(&mut self, args: &mut [Tree], free: &[usize]) {
        if let Some(first) = free.first()
            && !args.iter().any(Tree::has_column)
        {
            args[*first] = self.column(&args[*first].ty.clone());
        }
    }

    fn made(&mut self, form: Form, ty: &SqlType, text: &str, mut children: Vec<Tree>) -> Option<Tree> {
        let free: Vec<usize> = (0..children.len()).collect();
        self.with_column(&mut children, &free);
        let of = children.first().map_or_else(String::new, |child| child.ty.to_string());
        let rule = if form == Form::Cast { format!("cast {of} as {ty}") } else { format!("{} {of}", name(form)) };
        let tree = Tree::form(rule, ty, text, children);
        self.checked(tree)
    }

    /// A piece of syntax that gives a value of a type.
    pub fn form(&mut self, form: Form, ty: &SqlType, depth: usize) -> Option<Tree> {
        match form {
            Form::Cast => self.cast(ty, depth),
            Form::Case => {
                let (when, then, other) = (self.tree(&SqlType::Bool, depth), self.tree(ty, depth), self.near_or(ty, depth));
                // A constant condition is decided when the statement is planned, and the branch with it.
                let when = if when.has_column() { when } else { self.column(&SqlType::Bool) };
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
            // A constant side decides when the statement is planned.
            Form::And | Form::Or => {
                let (a, b) = (self.tree(&bool, depth), self.tree(&bool, depth));
                let a = if a.has_column() { a } else { self.column(&bool) };
                let b = if b.has_column() { b } else { self.column(&bool) };
                self.made(form, &bool, &format!("$ {} $", name(form)), vec![a, b])
            }
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

    /// An expression whose root is any rule.
    pub fn random(&mut self) -> Option<Tree> {
        let depth = self.rng.below(4);
        if self.rng.percent(60) {
            let supported: Vec<Entry> = self.entries.iter().filter(|entry| entry.builtin.is_supported()).copied().collect();
            let entry = *self.rng.pick(&supported);
            return self.entry(entry, depth);
        }
        let ty = self.any_type();
        let form = *self.rng.pick(&forms(&ty));
        self.form(form, &ty, depth)
    }
}

/// The signatures whose names are known.
pub fn entries(known: &HashSet<String>) -> Vec<Entry> {
    let functions = etl::expr::signatures().map(|(_, builtin)| Entry { builtin, operator: false });
    let operators = etl::expr::operator_signatures().map(|(_, builtin)| Entry { builtin, operator: true });
    functions.chain(operators).filter(|entry| known.contains(entry.builtin.name)).collect()
}

fn boxed(mut tree: Tree) -> Tree {
    // A subscript stands behind a column or behind parentheses.
    if tree.rule != "column" {
        tree.atom = false;
    }
    tree
}

fn ty_word(ty: &SqlType) -> String {
    ty.to_string()
}

fn is_number(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric | SqlType::Float4 | SqlType::Float8)
}

fn is_text(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name)
}

/// The word under which a form is counted.
fn name(form: Form) -> &'static str {
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
