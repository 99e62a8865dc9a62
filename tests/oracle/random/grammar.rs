//! Random expressions, typed, made of the registry's signatures and of the syntax around them. Every part is bound as soon as it is
//! made: what is refused is written down and replaced by a column, so a whole expression is refused only for its own root.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use etl::expr::{Builtin, Expr, Ty};
use etl::row::SqlType;

use super::forms::{Form, forms, name};
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

    pub fn typed(&self, ty: &SqlType) -> Option<&Typed> {
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

    pub fn column(&mut self, ty: &SqlType) -> Tree {
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
        // A date that no timestamp holds, where one is made of it unasked, fails when the statement is planned.
        if *ty == SqlType::Date && (text.starts_with("5874897") || text.starts_with("4714")) {
            return self.column(ty);
        }
        let tree = match ty {
            SqlType::Text if self.rng.percent(60) => Tree::bare(quote(&text), ty),
            SqlType::Int4 if self.rng.percent(70) && !text.starts_with('-') => Tree::bare(text, ty),
            SqlType::Numeric if self.rng.percent(50) && text.contains('.') && !text.starts_with('-') => Tree::bare(text, ty),
            _ => Tree::literal(&text, name, ty),
        };
        // A literal that is malformed, or of a type that has none here, is no expression of either side.
        let known = catch_unwind(AssertUnwindSafe(|| self.table.bind(&tree.text()).is_ok())).unwrap_or(false);
        if known { tree } else { self.column(ty) }
    }

    pub fn leaf(&mut self, ty: &SqlType) -> Tree {
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
            let word = *ty == Ty::Text && literals::known(builtin.name, at, numbers).is_some() && self.rng.percent(50);
            args.push(if word || builtin.literals().contains(&at) {
                let pool = self.rng.pick(literals::of(builtin.name, at, numbers));
                Tree::bare(quote(self.rng.word(pool)), &SqlType::Text)
            } else {
                self.argument(*ty, &element, builtin.name, depth)
            });
        }
        self.matched(builtin.name, &mut args);
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

    /// Texts that a template was made for: others hardly ever fit it.
    fn matched(&mut self, name: &str, args: &mut [Tree]) {
        let [text, template] = args else { return };
        if matches!(name, "normalize" | "is_normalized") {
            *template = Tree::bare(quote(self.rng.word(literals::FORMS)), &SqlType::Text);
            return;
        }
        let pairs: &[(&str, &str)] = match name {
            "to_date" => &[("$::text", "YYYY-MM-DD")],
            "to_timestamp" => &[("$::text || ' 10:20:30+02'", "YYYY-MM-DD HH24:MI:SSTZH"), ("$::text", "YYYY-MM-DD")],
            "to_number" => &[("$::text", "S99999D999"), ("$::text", "FM999999999")],
            _ => return,
        };
        if self.rng.percent(50) {
            let (form, of) = *self.rng.pick(pairs);
            let column = self.column(if name == "to_number" { &SqlType::Numeric } else { &SqlType::Date });
            *text = Tree::form("text", &SqlType::Text, form, vec![column]);
            *template = Tree::bare(quote(of), &SqlType::Text);
        }
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
        if function == "array_fill" && ty == SqlType::Int4.array() {
            let sizes =
                ["{2}", "{2,3}", "{0}", "{-1}", "{3,NULL}", "{}", "{1,1,1,1,1,1,1}", "[0:1]={2,2}", "{2147483647}", "{70000,70000}", "{7}"];
            return Tree::literal(self.rng.word(&sizes), "int4[]", &ty);
        }
        // The server multiplies one by one, and takes seconds for what just fits.
        if function == "factorial" && ty == SqlType::Int8 {
            let of = self.column(&ty);
            let long = Tree::bare("40000", &ty);
            return if self.rng.percent(10) { long } else { Tree::form("remainder", &ty, "$ % 2000", vec![of]) };
        }
        // Places and counts of matches.
        if function.starts_with("regexp_") && ty == SqlType::Int4 && self.rng.percent(60) {
            return Tree::bare(self.rng.word(&["0", "1", "1", "2"]), &ty);
        }
        // Parts of dates and times that go together.
        if function.starts_with("make_") && self.rng.percent(60) {
            match ty {
                SqlType::Int4 => return Tree::bare((1 + self.rng.below(12)).to_string(), &ty),
                SqlType::Float8 => return Tree::literal("12.5", "float8", &ty),
                SqlType::Text => return Tree::bare(quote(self.rng.word(literals::ZONES)), &ty),
                _ => {}
            }
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
    pub fn near(&mut self, ty: &SqlType) -> SqlType {
        use SqlType as T;
        let near: &[SqlType] = match ty {
            T::Int4 => &[T::Int2],
            T::Int8 => &[T::Int2, T::Int4],
            T::Numeric => &[T::Int2, T::Int4, T::Int8],
            T::Float8 => &[T::Int4, T::Numeric, T::Float4, T::Int8],
            T::Text => &[T::Varchar, T::Bpchar, T::Name],
            T::Varchar => &[T::Text, T::Bpchar, T::Name],
            T::Bpchar => &[T::Text, T::Varchar, T::Name],
            T::Name => &[T::Text, T::Varchar, T::Bpchar],
            T::Date => &[T::Timestamp],
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

    pub fn made(&mut self, form: Form, ty: &SqlType, text: &str, mut children: Vec<Tree>) -> Option<Tree> {
        let free: Vec<usize> = (0..children.len()).collect();
        self.with_column(&mut children, &free);
        let of = children.first().map_or_else(String::new, |child| child.ty.to_string());
        let rule = if form == Form::Cast { format!("cast {of} as {ty}") } else { format!("{} {of}", name(form)) };
        let tree = Tree::form(rule, ty, text, children);
        self.checked(tree)
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

fn ty_word(ty: &SqlType) -> String {
    ty.to_string()
}

fn is_number(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric | SqlType::Float4 | SqlType::Float8)
}
