//! Names and types: from the untyped tree to the typed one. Boundary: every mistake becomes a diagnostic, and as many of
//! them as possible at once; which cast or function is meant is decided in `coerce.rs` and `resolve.rs`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::ast::{Ast, Kind, Node as AstNode, Pattern, Test, TypeName};
use super::code_table::CodeTable;
use super::compare::{Comparator, Comparison};
use super::diagnostic::{Diagnostic, codes, nearest};
use super::direct::Form;
use super::functions::Functions;
use super::pattern;
use super::typed::{Expr, Node};
use super::{bits, fold, numeric, typed};
use crate::row::{Column, KeyKind, SqlType, Value};

/// How rows of an entity are called: what `ref` needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityKey {
    /// The entity's number, handed back in [`super::Reference`].
    pub index: usize,
    /// The kind of each column of its legacy key. One whole-number column makes a whole-number key; everything else is text.
    pub key: Vec<KeyKind>,
    /// The type of its new keys: `uuid`, or that of its legacy key where it keeps them.
    pub new_key: SqlType,
}

/// The names that an expression can use.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The columns of the source query.
    pub columns: &'a [Column],
    /// The plan's functions.
    pub functions: &'a Functions,
    /// The plan's code tables, by name.
    pub codes: &'a BTreeMap<String, Arc<CodeTable>>,
    /// The entities that `ref` can name.
    pub entities: &'a dyn Fn(&str) -> Option<EntityKey>,
    /// All their names, for suggestions.
    pub entity_names: &'a [String],
    /// What `new_id()` gives: `uuid`, or the type of the key where the entity keeps it.
    pub new_id: &'a SqlType,
}

/// Resolves names and types. `expected` is the type of the target column: literals of no type of their own take it on, and values whose
/// type has an assignment cast to it that loses nothing are cast.
pub fn bind(ast: &Ast, scope: &Scope, expected: Option<&SqlType>) -> Result<Expr, Vec<Diagnostic>> {
    let root = scope.functions.expand(&ast.root).map_err(|mistake| vec![mistake])?;
    let mut binder = Binder { scope, expected, mistakes: Vec::new() };
    let bound = binder.bind(&root, expected).and_then(|bound| binder.assign(bound, expected));
    match bound {
        Some((node, ty)) if binder.mistakes.is_empty() => Ok(finish(node, ty)),
        _ => {
            let mut mistakes = binder.mistakes;
            // Operands that are expanded (`between`, simple `case`) are bound, and complain, once for each use.
            let mut seen = Vec::new();
            mistakes.retain(|mistake| {
                let new = !seen.contains(mistake);
                if new {
                    seen.push(mistake.clone());
                }
                new
            });
            Err(mistakes)
        }
    }
}

fn finish(node: Node, ty: SqlType) -> Expr {
    let (mut columns, mut references, mut fallible) = (Vec::new(), Vec::new(), false);
    let mut open = vec![&node];
    while let Some(next) = open.pop() {
        match next {
            Node::Column { index, .. } => columns.push(*index),
            Node::Ref(reference) if !references.contains(&reference.reference) => references.push(reference.reference.clone()),
            _ => {}
        }
        fallible |= next.can_fail();
        open.extend(next.children().into_iter().rev());
    }
    columns.sort_unstable();
    columns.dedup();
    Expr { node, ty, columns, references, fallible }
}

/// A bound part of an expression.
pub(super) struct Bound {
    pub node: Node,
    /// `None` for a part that has no type of its own and takes one on: literals, NULL, `code`, `reject`.
    pub ty: Option<SqlType>,
    pub span: Range<usize>,
    /// Whether its collation is "C": by `collate "C"`, of a column of type `name`, or of an operand that has it. Texts in it are ordered
    /// by their bytes, and only ASCII letters are letters.
    pub bytewise: bool,
}

impl Bound {
    pub fn new(node: Node, ty: impl Into<Option<SqlType>>, span: &Range<usize>) -> Self {
        let ty = ty.into();
        let bytewise = ty == Some(SqlType::Name);
        Self { node, ty, span: span.clone(), bytewise }
    }

    /// With the collation of its operands, where its type has any.
    pub fn collated(mut self, bytewise: bool) -> Self {
        let of = match &self.ty {
            Some(SqlType::Array(array)) => Some(&array.element),
            ty => ty.as_ref(),
        };
        self.bytewise |= bytewise && of.is_some_and(SqlType::is_text);
        self
    }

    /// The type's name, as in PostgreSQL's messages.
    pub fn type_name(&self) -> String {
        self.ty.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string)
    }
}

/// The walk over one expression. A part that cannot be bound is `None`, and its mistake is written down.
pub(super) struct Binder<'a> {
    pub scope: &'a Scope<'a>,
    pub expected: Option<&'a SqlType>,
    pub mistakes: Vec<Diagnostic>,
}

impl Binder<'_> {
    /// Writes a mistake down.
    pub fn refuse<T>(&mut self, mistake: Diagnostic) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }

    /// Binds a part. `hint` is the type that literals below take on, where the part's value goes straight into a column.
    ///
    /// It recurs, once for each level of the expression, and so does little itself: without optimisation every arm has its own place in
    /// the frame.
    pub fn bind(&mut self, node: &AstNode, hint: Option<&SqlType>) -> Option<Bound> {
        let span = &node.span;
        match &node.kind {
            Kind::Null | Kind::Text(_) | Kind::Bool(_) | Kind::Number(_) | Kind::Column(_) => self.leaf(node),
            Kind::Not(_) | Kind::And(..) | Kind::Or(..) | Kind::Is(..) => self.connective(node),
            Kind::Prefix(operator, operand) => self.prefix(operator, operand, span),
            Kind::Binary(operator, left, right) => self.binary(operator, left, right, span),
            Kind::Distinct { left, right, negated } => self.distinct(left, right, *negated, span),
            Kind::In { operand, list, negated } => self.within(operand, list, *negated, span),
            Kind::Between { operand, low, high, negated } => self.between(operand, low, high, *negated, span),
            Kind::Like { operand, pattern, escape, by: Pattern::Similar, negated } => {
                self.similar(operand, pattern, escape.as_deref(), *negated, span)
            }
            Kind::Like { operand, pattern, escape, by, negated } => {
                self.like(operand, pattern, escape.as_deref(), (*by == Pattern::Ilike, *negated), span)
            }
            Kind::Array(_) | Kind::Subscript { .. } | Kind::Slice { .. } | Kind::Quantified { .. } => self.collection(node),
            Kind::Row(_) => self.unsupported(span, "a row of several values", "compare the values one by one"),
            Kind::Case { operand, branches, otherwise } => self.case(operand.as_deref(), branches, otherwise.as_deref(), hint, span),
            Kind::Cast(operand, name) => self.written_cast(operand, name, span),
            Kind::Collate(operand, collation) => self.collate(operand, collation, span),
            Kind::Call { name, args, named } => self.call(name, args, named, hint, span),
        }
    }

    fn unsupported(&mut self, span: &Range<usize>, what: &str, help: &str) -> Option<Bound> {
        let message = format!("{what} is not part of the expression language");
        self.refuse(Diagnostic::new(codes::UNSUPPORTED_SYNTAX, span.clone(), message).help(help))
    }

    fn leaf(&mut self, node: &AstNode) -> Option<Bound> {
        let span = &node.span;
        match &node.kind {
            Kind::Text(text) => Some(Bound::new(Node::Const(Value::Text(text.clone().into())), None, span)),
            Kind::Bool(value) => Some(Bound::new(Node::Const(Value::Bool(*value)), SqlType::Bool, span)),
            Kind::Number(digits) => self.number(digits, span),
            Kind::Column(name) => self.column(name, span),
            _ => Some(Bound::new(Node::Const(Value::Null), None, span)),
        }
    }

    fn connective(&mut self, node: &AstNode) -> Option<Bound> {
        let bound = match &node.kind {
            Kind::And(left, right) => {
                let (left, right) = self.conditions(left, right, "and")?;
                fold::and(left, right)
            }
            Kind::Or(left, right) => {
                let (left, right) = self.conditions(left, right, "or")?;
                fold::or(left, right)
            }
            Kind::Is(operand, Test::Null, negated) if super::collection::row(operand).is_some() => {
                return self.row_is_null(operand, *negated, &node.span).flatten();
            }
            Kind::Not(operand) => {
                let operand = self.bind(operand, None)?;
                fold::not(self.condition(operand, "not")?)
            }
            Kind::Is(operand, test, negated) => {
                let operand = self.bind(operand, None)?;
                let operand = if *test == Test::Null { self.settle(operand)? } else { self.condition(operand, "is")? };
                fold::is(operand, *test, *negated)
            }
            _ => return None,
        };
        Some(Bound::new(bound, SqlType::Bool, &node.span))
    }

    fn prefix(&mut self, operator: &str, operand: &AstNode, span: &Range<usize>) -> Option<Bound> {
        let operand = self.bind(operand, None)?;
        self.operator(operator, vec![operand], span)
    }

    pub fn distinct(&mut self, left: &AstNode, right: &AstNode, negated: bool, span: &Range<usize>) -> Option<Bound> {
        if let Some(bound) = self.rows_distinct(left, right, negated, span) {
            return bound;
        }
        let (left, right) = (self.bind(left, None), self.bind(right, None));
        let (by, left, right) = self.comparable(left?, right?, "is distinct from", false, span)?;
        let node = fold::constant(Node::Distinct { by, sides: Box::new([left, right]), negated });
        Some(Bound::new(node, SqlType::Bool, span))
    }

    fn collate(&mut self, operand: &AstNode, collation: &str, span: &Range<usize>) -> Option<Bound> {
        let operand = self.bind(operand, None)?;
        if !matches!(collation, "C" | "POSIX" | "ucs_basic") {
            let message = format!("the collation {collation} is not supported");
            return self.refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("write collate \"C\""));
        }
        let arrays = operand.ty.as_ref().and_then(Self::comparator).is_some_and(|by| by.is_collated());
        let mut operand = if arrays { operand } else { self.textual(operand, "collate")? };
        operand.bytewise = true;
        Some(operand)
    }

    fn number(&mut self, digits: &str, span: &Range<usize>) -> Option<Bound> {
        let (value, ty) = if let Ok(n) = digits.parse::<i32>() {
            (Value::Int4(n), SqlType::Int4)
        } else if let Ok(n) = digits.parse::<i64>() {
            (Value::Int8(n), SqlType::Int8)
        } else {
            match numeric::parse(digits) {
                Ok(n) => (Value::Numeric(n), SqlType::Numeric),
                Err(error) => return self.refuse(Diagnostic::new(codes::BAD_LITERAL, span.clone(), error.to_string())),
            }
        };
        Some(Bound::new(Node::Const(value), ty, span))
    }

    fn column(&mut self, name: &str, span: &Range<usize>) -> Option<Bound> {
        let columns = self.scope.columns;
        if let Some((index, column)) = columns.iter().enumerate().find(|(_, column)| column.name == name) {
            return Some(Bound::new(Node::Column { index, form: Form::of(&column.ty), name: name.into() }, column.ty.clone(), span));
        }
        let help = match nearest(name, columns.iter().map(|c| c.name.as_str())) {
            Some(near) => format!("the source query has {near}"),
            None => format!("the source query has {}", columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")),
        };
        self.refuse(Diagnostic::new(codes::UNKNOWN_COLUMN, span.clone(), format!("unknown column `{name}`")).help(help))
    }

    /// A condition of a connective, of `case` or of `is true`.
    pub fn condition(&mut self, bound: Bound, of: &str) -> Option<Node> {
        match &bound.ty {
            Some(SqlType::Bool) => Some(bound.node),
            None => self.coerce_unknown(bound, &SqlType::Bool),
            Some(ty) => {
                let message = format!("`{of}` takes a boolean, not {ty}");
                self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, bound.span, message).help("write a comparison, such as x <> 0"))
            }
        }
    }

    fn conditions(&mut self, left: &AstNode, right: &AstNode, of: &str) -> Option<(Node, Node)> {
        let (left, right) = (self.bind(left, None), self.bind(right, None));
        let left = left.and_then(|left| self.condition(left, of));
        let right = right.and_then(|right| self.condition(right, of));
        Some((left?, right?))
    }

    fn binary(&mut self, operator: &str, left: &AstNode, right: &AstNode, span: &Range<usize>) -> Option<Bound> {
        if let Some(op) = Comparison::named(operator)
            && let Some(bound) = self.rows(op, left, right, span)
        {
            return bound;
        }
        // Both sides are bound before either is given up, so that the mistakes of both are found.
        let sides = [self.bind(left, None), self.bind(right, None)];
        self.infix(operator, sides, span)
    }

    pub fn infix(&mut self, operator: &str, [left, right]: [Option<Bound>; 2], span: &Range<usize>) -> Option<Bound> {
        let (left, right) = (left?, right?);
        if let Some(op) = Comparison::named(operator) {
            return self.comparison(op, left, right, span);
        }
        match operator {
            "||" => self.concatenation(left, right, span),
            _ => self.operator(operator, vec![left, right], span),
        }
    }

    pub fn comparison(&mut self, op: Comparison, left: Bound, right: Bound, span: &Range<usize>) -> Option<Bound> {
        let (by, left, right) = self.comparable(left, right, op.name(), op.orders(), span)?;
        Some(Bound::new(fold::compare(op, by, left, right), SqlType::Bool, span))
    }

    fn within(&mut self, operand: &AstNode, list: &[AstNode], negated: bool, span: &Range<usize>) -> Option<Bound> {
        if let Some(bound) = self.row_within(operand, list, negated, span) {
            return bound;
        }
        let bound = self.bind(operand, None);
        let items: Vec<_> = list.iter().map(|item| self.bind(item, None)).collect();
        let mut all = vec![bound?];
        for item in items {
            all.push(item?);
        }
        // Several items that read no column have one type with the operand, where there is one; each other item is compared on its own,
        // as PostgreSQL does.
        let (apart, together): (Vec<_>, Vec<_>) = all.drain(1..).partition(|item| reads_a_column(&item.node));
        let mut apart = apart;
        all.extend(together);
        let mut any: Option<Node> = None;
        if all.len() > 2
            && let Some(Some(ty)) = Self::common_type(&all)
            && matches!(ty, SqlType::Float4 | SqlType::Float8)
        {
            // Rounding makes a difference here: the items take on the type, the operand is compared with them as it is.
            for item in all.drain(1..) {
                let span = item.span.clone();
                apart.push(Bound::new(self.implicit(item, &ty)?, ty.clone(), &span));
            }
        } else if all.len() > 2
            && let Some(Some(ty)) = Self::common_type(&all)
            && !matches!(ty, SqlType::Array(_))
            && let Some(by) = Self::comparator(&ty)
        {
            let mut nodes = all.drain(..).map(|bound| self.implicit(bound, &ty)).collect::<Option<Vec<_>>>()?;
            let operand = Box::new(nodes.remove(0));
            let within = fold::constant(Node::In { by, operand, list: nodes.into(), negated });
            if apart.is_empty() {
                return Some(Bound::new(within, SqlType::Bool, span));
            }
            any = Some(fold::turned(within, negated));
        } else {
            apart.extend(all.drain(1..));
        }
        for item in apart {
            let left = self.bind(operand, None)?;
            let equal = self.comparison(Comparison::Equal, left, item, span)?.node;
            any = Some(match any {
                None => equal,
                Some(any) => fold::or(any, equal),
            });
        }
        let any = any?;
        Some(Bound::new(fold::turned(any, negated), SqlType::Bool, span))
    }

    fn between(&mut self, operand: &AstNode, low: &AstNode, high: &AstNode, negated: bool, span: &Range<usize>) -> Option<Bound> {
        let mut side = |op, bound: &AstNode| Some(self.compared(op, operand, bound, span)?.node);
        let (low, high) = if negated {
            (side(Comparison::Less, low), side(Comparison::Greater, high))
        } else {
            (side(Comparison::GreaterOrEqual, low), side(Comparison::LessOrEqual, high))
        };
        let join = if negated { fold::or } else { fold::and };
        Some(Bound::new(join(low?, high?), SqlType::Bool, span))
    }

    fn like(&mut self, operand: &AstNode, like: &AstNode, escape: Option<&str>, how: (bool, bool), span: &Range<usize>) -> Option<Bound> {
        let (insensitive, negated) = how;
        let (operand, mut pattern) = (self.bind(operand, None), self.bind(like, None)?);
        if insensitive {
            self.by_database("ilike", [operand.as_ref(), Some(&pattern)].into_iter().flatten())?;
        }
        if let Node::Const(Value::Text(text)) = &mut pattern.node {
            if let Some(escape) = escape {
                let Some(escaped) = pattern::with_escape(text, escape) else {
                    let message = "an escape is one character or none";
                    return self.refuse(Diagnostic::new(codes::PATTERN, like.span.clone(), message));
                };
                *text = escaped.into();
            }
            if !typed::like_is_well_formed(text) {
                let message = "the pattern ends in its escape character";
                return self.refuse(Diagnostic::new(codes::PATTERN, like.span.clone(), message).help("double it to mean itself"));
            }
        } else if escape.is_some_and(|escape| escape != "\\") {
            let message = "an escape character needs a literal pattern";
            return self.refuse(Diagnostic::new(codes::PATTERN, like.span.clone(), message).help("escape with backslashes"));
        }
        // The operators of citext never regard case.
        let insensitive = insensitive || matches_as_citext(operand.as_ref()?, &pattern);
        let name = if insensitive { "ilike" } else { "like" };
        let operand = self.textual(operand?, name)?.node;
        let pattern = self.textual(pattern, name)?.node;
        if matches!(operand, Node::Const(Value::Null)) || matches!(pattern, Node::Const(Value::Null)) {
            return Some(Bound::new(Node::Const(Value::Null), SqlType::Bool, span));
        }
        let builtin = match (insensitive, &pattern) {
            (false, Node::Const(_)) => &super::registry::LIKE_LITERAL,
            (true, Node::Const(_)) => &super::registry::ILIKE_LITERAL,
            (false, _) => &super::registry::LIKE,
            (true, _) => &super::registry::ILIKE,
        };
        let node = fold::constant(Node::Call { builtin, args: Box::new([operand, pattern]) });
        Some(Bound::new(fold::turned(node, negated), SqlType::Bool, span))
    }

    /// `similar to`, as the regular expression that it is.
    fn similar(&mut self, operand: &AstNode, like: &AstNode, escape: Option<&str>, negated: bool, span: &Range<usize>) -> Option<Bound> {
        let (operand, mut pattern) = (self.bind(operand, None), self.bind(like, None)?);
        match &mut pattern.node {
            Node::Const(Value::Null) => {}
            Node::Const(Value::Text(text)) => match pattern::similar(text, escape) {
                Ok(regex) => *text = regex.into(),
                Err(why) => return self.refuse(Diagnostic::new(codes::PATTERN, like.span.clone(), why)),
            },
            _ => {
                let message = "the pattern of `similar to` must be a literal";
                return self.refuse(Diagnostic::new(codes::PATTERN, like.span.clone(), message).help("write it as '…'"));
            }
        }
        self.operator(if negated { "!~" } else { "~" }, vec![operand?, pattern], span)
    }

    fn case(
        &mut self,
        operand: Option<&AstNode>,
        branches: &[(AstNode, AstNode)],
        otherwise: Option<&AstNode>,
        hint: Option<&SqlType>,
        span: &Range<usize>,
    ) -> Option<Bound> {
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for (when, then) in branches {
            let condition = match operand {
                None => self.bind(when, None).and_then(|when| self.condition(when, "when")),
                Some(operand) => self.case_of(operand, when).map(|bound| bound.node),
            };
            conditions.push(condition);
            results.push(self.bind(then, hint));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.bind(otherwise, hint),
            None => Some(Bound::new(Node::Const(Value::Null), None, span)),
        };
        // Of several types that convert both ways the first one is the result's, and PostgreSQL puts `else` before the branches.
        results.insert(0, otherwise);
        let conditions = conditions.into_iter().collect::<Option<Vec<_>>>();
        let results = results.into_iter().collect::<Option<Vec<_>>>()?;
        let bytewise = results.iter().any(|result| result.bytewise);
        let (mut results, ty) = self.unify(results, hint, "case", span)?;
        let otherwise = results.remove(0);
        let node = fold::case(conditions?.into_iter().zip(results), otherwise);
        Some(Bound::new(node, ty, span).collated(bytewise))
    }

    /// The condition of a simple `case`. What it is of is a text where it has no type of its own, whatever it is compared with.
    fn case_of(&mut self, operand: &AstNode, when: &AstNode) -> Option<Bound> {
        if let Some(bound) = self.rows(Comparison::Equal, operand, when, &when.span) {
            return bound;
        }
        let (mut left, right) = (self.bind(operand, None), self.bind(when, None));
        if let Some(untyped) = left.take_if(|left| left.ty.is_none()) {
            let node = self.coerce_unknown(untyped, &SqlType::Text)?;
            left = Some(Bound::new(node, SqlType::Text, &operand.span));
        }
        self.comparison(Comparison::Equal, left?, right?, &when.span)
    }

    fn written_cast(&mut self, operand: &AstNode, name: &TypeName, span: &Range<usize>) -> Option<Bound> {
        let ty = self.named_type(name, span)?;
        if let (Kind::Array(items), SqlType::Array(_), []) = (&operand.kind, &ty, name.modifiers.as_slice()) {
            return self.array(items, Some(&ty), span);
        }
        let operand = self.bind(operand, Some(&ty))?;
        let bytewise = operand.bytewise;
        let node = self.explicit(operand, &ty, span)?;
        let node = match (&ty, name.modifiers.as_slice()) {
            (_, []) if name.name == "bit" => {
                let message = "bit without a length is bit(1), and cuts everything else off";
                return self.refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("write bit(n) or bit varying"));
            }
            (_, []) => node,
            (SqlType::Bit | SqlType::Varbit, [length @ 1..=bits::MOST_BITS]) => {
                let builtin = if ty == SqlType::Bit { &bits::FIXED } else { &bits::AT_MOST };
                let length = Node::Const(Value::Int4(i32::try_from(*length).unwrap_or(i32::MAX)));
                fold::strict(node, |node| Node::Call { builtin, args: Box::new([*node, length, Node::Const(Value::Bool(true))]) })
            }
            (SqlType::Numeric, [precision, rest @ ..])
                if !(1..=1000).contains(precision) || rest.first().is_some_and(|scale| !(-1000..=1000).contains(scale)) =>
            {
                let message = "a numeric has 1 to 1000 digits, and a scale of -1000 to 1000";
                return self.refuse(Diagnostic::new(codes::BAD_LITERAL, span.clone(), message));
            }
            (SqlType::Numeric, [precision, scale @ ..]) => {
                let scale = scale.first().copied().unwrap_or(0);
                fold::strict(node, |operand| Node::Precision { precision: *precision, scale, operand })
            }
            (SqlType::Varchar, [length]) => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                fold::strict(node, |operand| Node::Truncate { length, operand })
            }
            _ => {
                let message = format!("a cast to {} with a length or precision is not supported", name.name);
                return self.refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("cast to the type without it"));
            }
        };
        Some(Bound::new(node, ty, span).collated(bytewise))
    }

    /// The type of this name.
    pub fn named_type(&mut self, name: &TypeName, span: &Range<usize>) -> Option<SqlType> {
        if name.dimensions > 0 {
            // However many dimensions are written, there is one array type for all.
            let element = self.named_type(&TypeName { dimensions: 0, ..name.clone() }, span)?;
            return Some(element.array());
        }
        let known = match name.name.as_str() {
            "boolean" | "bool" => SqlType::Bool,
            "smallint" | "int2" => SqlType::Int2,
            "integer" | "int" | "int4" => SqlType::Int4,
            "bigint" | "int8" => SqlType::Int8,
            "numeric" | "decimal" => SqlType::Numeric,
            "text" => SqlType::Text,
            "character varying" | "varchar" => SqlType::Varchar,
            "character" | "bpchar" | "char" => SqlType::Bpchar,
            "date" => SqlType::Date,
            "timestamp without time zone" | "timestamp" => SqlType::Timestamp,
            "timestamp with time zone" | "timestamptz" => SqlType::TimestampTz,
            "uuid" => SqlType::Uuid,
            "json" => SqlType::Json,
            "jsonb" => SqlType::Jsonb,
            "name" => SqlType::Name,
            "real" | "float4" => SqlType::Float4,
            "double precision" | "float8" => SqlType::Float8,
            "bytea" => SqlType::Bytea,
            "time without time zone" | "time" => SqlType::Time,
            "time with time zone" | "timetz" => SqlType::TimeTz,
            "interval" => SqlType::Interval,
            "inet" => SqlType::Inet,
            "cidr" => SqlType::Cidr,
            "macaddr" => SqlType::Macaddr,
            "macaddr8" => SqlType::Macaddr8,
            "bit" => SqlType::Bit,
            "bit varying" | "varbit" => SqlType::Varbit,
            "money" => SqlType::Money,
            "xml" => SqlType::Xml,
            "citext" => SqlType::Citext,
            other => {
                // Enumerated types are known as far as a column has them.
                let types = self.scope.columns.iter().map(|c| &c.ty).chain(self.expected);
                let found = types.clone().find(|ty| matches!(ty, SqlType::Enum(_)) && same_type_name(&ty.to_string(), other));
                if let Some(found) = found {
                    return Some(found.clone());
                }
                let message = format!("the type {other} is not known here");
                return self.refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("cast to a built-in type"));
            }
        };
        Some(known)
    }

    /// The order and equality of a type.
    pub fn comparator(ty: &SqlType) -> Option<Comparator> {
        Some(match ty {
            SqlType::Bool => Comparator::Bool,
            SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => Comparator::Int,
            SqlType::Numeric => Comparator::Numeric,
            SqlType::Float4 | SqlType::Float8 => Comparator::Float,
            SqlType::Text | SqlType::Varchar | SqlType::Name => Comparator::Text,
            SqlType::Bpchar => Comparator::Padded,
            SqlType::Date | SqlType::Timestamp => Comparator::Instant,
            SqlType::TimestampTz => Comparator::TimestampTz,
            SqlType::Time => Comparator::Time,
            SqlType::TimeTz => Comparator::TimeTz,
            SqlType::Interval => Comparator::Interval,
            SqlType::Uuid => Comparator::Uuid,
            SqlType::Citext => Comparator::Citext,
            SqlType::Inet | SqlType::Cidr => Comparator::Network,
            SqlType::Macaddr | SqlType::Macaddr8 => Comparator::Bytes,
            SqlType::Bit | SqlType::Varbit => Comparator::Bits,
            SqlType::Bytea => Comparator::Bytea,
            SqlType::Enum(ty) => Comparator::Enum(ty.clone()),
            SqlType::Jsonb => Comparator::Jsonb,
            SqlType::Array(array) => Comparator::Array(Arc::new((Self::comparator(&array.element)?, array.element.clone()))),
            _ => return None,
        })
    }
}

fn reads_a_column(node: &Node) -> bool {
    matches!(node, Node::Column { .. }) || node.children().into_iter().any(reads_a_column)
}

/// Whether a pattern is matched by an operator of citext: it stands left, or beside a literal.
pub(super) fn matches_as_citext(operand: &Bound, pattern: &Bound) -> bool {
    operand.ty == Some(SqlType::Citext) || (operand.ty.is_none() && pattern.ty == Some(SqlType::Citext))
}

/// `public.mood` and `mood` are one type to the author of a plan.
fn same_type_name(known: &str, written: &str) -> bool {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_owned();
    known == written || (last(known) == last(written) && (!known.contains('.') || !written.contains('.')))
}
