//! Arrays and rows of values in expressions: `array[…]`, subscripts and slices, `any` and `all`, `||` of arrays, comparisons of rows.
//! Boundary: binding; what is evaluated is in `array` and `quantified.rs`.

use std::ops::Range;

use super::array::{self, Construct, Slice, Subscript};
use super::ast::{Kind, Node as AstNode, Test};
use super::bind::{Binder, Bound};
use super::cast::{self, How};
use super::compare::Comparison;
use super::diagnostic::{Diagnostic, codes};
use super::direct::Form;
use super::fold;
use super::json;
use super::quantified::Quantified;
use super::registry::{Builtin, Prepared, RunTyped, Types};
use super::typed::{Extended, Extra, Node};
use crate::row::{MOST_DIMENSIONS, SqlType, Value};

fn prepared(builtin: &'static Builtin, args: Vec<Node>, by: impl Prepared + 'static) -> Node {
    Node::Extended(Box::new(Extended { builtin, args: args.into(), extra: Extra::Prepared(Box::new(by)) }))
}

/// The parts of a row, where a node is one.
pub(super) fn row(node: &AstNode) -> Option<&[AstNode]> {
    match &node.kind {
        Kind::Row(parts) => Some(parts),
        Kind::Call { name, args, named } if name == "row" && named.is_empty() => Some(args),
        _ => None,
    }
}

impl Binder<'_> {
    /// An array, a subscript, a slice, or an operator before `any` or `all`.
    pub fn collection(&mut self, node: &AstNode) -> Option<Bound> {
        let span = &node.span;
        match &node.kind {
            Kind::Array(items) => self.array(items, None, span),
            Kind::Quantified { operator, operand, array, all } => self.quantified(operator, operand, array, *all, span),
            _ => self.subscripts(node),
        }
    }

    /// `array[…]`; `target` is the type that a cast around it names, which then holds for every element.
    pub fn array(&mut self, items: &[AstNode], target: Option<&SqlType>, span: &Range<usize>) -> Option<Bound> {
        if items.is_empty() {
            let Some(target) = target else {
                let message = "the type of an empty array is not known";
                return self
                    .refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message).help("write it: array[]::text[], or '{}'"));
            };
            let node = self.coerce_unknown(Bound::new(Node::Const(Value::text("{}")), None, span), target)?;
            return Some(Bound::new(node, target.clone(), span));
        }
        let bound: Vec<_> = items
            .iter()
            .map(|item| match &item.kind {
                Kind::Array(inner) => self.array(inner, target, &item.span),
                _ => self.bind(item, None),
            })
            .collect();
        let bound = bound.into_iter().collect::<Option<Vec<_>>>()?;
        let nested = bound.iter().any(|part| matches!(part.ty, Some(SqlType::Array(_))));
        let (nodes, part) = match target {
            Some(target) => {
                let part = match target {
                    SqlType::Array(array) if !nested => array.element.clone(),
                    _ => target.clone(),
                };
                let nodes: Vec<_> = bound.into_iter().map(|item| self.explicit(item, &part, span)).collect();
                (nodes.into_iter().collect::<Option<Vec<_>>>()?, part)
            }
            None => self.unify(bound, None, "array", span)?,
        };
        let ty = if nested { part } else { part.array() };
        if !matches!(ty, SqlType::Array(_)) {
            let message = format!("the elements of an array are arrays or none of them is, not {ty}");
            return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message));
        }
        let node = prepared(&array::ARRAY, nodes, Construct { ty: ty.clone(), nested });
        Some(Bound::new(node, ty, span))
    }

    /// All subscripts that stand behind one another are one access.
    fn subscripts(&mut self, node: &AstNode) -> Option<Bound> {
        let span = &node.span;
        let (mut chain, mut base) = (Vec::new(), node);
        while let Kind::Subscript { array: inner, .. } | Kind::Slice { array: inner, .. } = &base.kind {
            // Parentheses begin a new one; the parser refuses those that it would lose.
            if base.span != node.span {
                break;
            }
            chain.push(&base.kind);
            base = inner;
        }
        chain.reverse();
        let whole = self.bind(base, None);
        let sliced = chain.iter().any(|kind| matches!(kind, Kind::Slice { .. }));
        let whole = whole?;
        let element = match &whole.ty {
            Some(SqlType::Array(of)) => of.clone(),
            Some(SqlType::Jsonb) if !sliced => return self.json_subscripts(whole, &chain, span),
            _ => {
                let message = format!("a value of type {} has no subscripts", whole.type_name());
                return self
                    .refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message).help("subscripts are for arrays and jsonb"));
            }
        };
        if chain.len() > MOST_DIMENSIONS {
            return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), "an array has at most 6 dimensions"));
        }
        let array_type = whole.ty.clone()?;
        let mut args = vec![whole.node];
        for kind in chain {
            match kind {
                Kind::Subscript { index, .. } => {
                    if sliced {
                        args.push(Node::Const(Value::Int4(1)));
                    }
                    args.push(self.index(index)?);
                }
                Kind::Slice { lower, upper, .. } => {
                    let mut bound = |side: Option<&AstNode>, otherwise| match side {
                        Some(side) => self.index(side),
                        None => Some(Node::Const(Value::Int4(otherwise))),
                    };
                    args.push(bound(lower.as_deref(), i32::MIN)?);
                    args.push(bound(upper.as_deref(), i32::MAX)?);
                }
                _ => return None,
            }
        }
        if sliced {
            let node = fold::constant(prepared(&array::SLICE, args, Slice { element_oid: element.element_oid.0 }));
            return Some(Bound::new(node, array_type, span));
        }
        let node = fold::constant(prepared(&array::SUBSCRIPT, args, Subscript { element: element.element.clone() }));
        Some(Bound::new(node, element.element.clone(), span))
    }

    /// A subscript: an `integer`, or what is assigned to one.
    fn index(&mut self, index: &AstNode) -> Option<Node> {
        let bound = self.bind(index, None)?;
        let fits = bound.ty.as_ref().is_none_or(|ty| cast::find(ty, &SqlType::Int4).is_some_and(|cast| cast.how <= How::Assignment));
        if !fits {
            let message = format!("a subscript is an integer, not {}", bound.type_name());
            return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, bound.span, message));
        }
        self.explicit(bound, &SqlType::Int4, &index.span)
    }

    /// `j['key'][0]`: the path that the subscripts are.
    fn json_subscripts(&mut self, whole: Bound, chain: &[&Kind], span: &Range<usize>) -> Option<Bound> {
        let mut args = vec![whole.node];
        for kind in chain {
            let Kind::Subscript { index, .. } = kind else { return None };
            let bound = self.bind(index, None)?;
            let node = match &bound.ty {
                None => self.coerce_unknown(bound, &SqlType::Text)?,
                Some(SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name) => self.implicit(bound, &SqlType::Text)?,
                Some(SqlType::Int2 | SqlType::Int4) => self.as_text(bound, false)?,
                Some(ty) => {
                    let message = format!("a subscript of jsonb is text or an integer, not {ty}");
                    return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, bound.span, message));
                }
            };
            args.push(node);
        }
        let node = fold::constant(Node::Call { builtin: &json::SUBSCRIPT, args: args.into() });
        Some(Bound::new(node, SqlType::Jsonb, span))
    }

    /// `x = any (array)`: the operator is bound for the operand and one element.
    fn quantified(&mut self, operator: &'static str, operand: &AstNode, array: &AstNode, all: bool, span: &Range<usize>) -> Option<Bound> {
        let (left, right) = (self.bind(operand, None), self.bind(array, None));
        let (left, mut right) = (left?, right?);
        if right.ty.is_none() {
            // A literal is an array of what is compared with it.
            let element = match &left.ty {
                Some(SqlType::Varchar) | None => SqlType::Text,
                Some(ty) => ty.clone(),
            };
            if Comparison::named(operator).is_none() && element != SqlType::Text {
                let message = format!("the type of the array behind `{operator}` is not known");
                return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, right.span, message).help("write a cast: …::text[]"));
            }
            let ty = element.array();
            let node = self.coerce_unknown(right, &ty)?;
            right = Bound::new(node, ty, &array.span);
        }
        let Some(SqlType::Array(of)) = right.ty.clone() else {
            let message = format!("`{}` takes an array, not {}", if all { "all" } else { "any" }, right.type_name());
            return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, right.span, message));
        };
        let slot = |index: usize, part: &Bound, ty: SqlType| {
            let mut slot = Bound::new(Node::Column { index, form: Form::Other, name: "".into() }, ty, &part.span);
            slot.bytewise = part.bytewise;
            slot
        };
        let element = slot(1, &right, of.element.clone());
        // An operand without a type takes on that of the elements: it is part of the comparison itself.
        let (operand, inner) = match left.ty.clone() {
            Some(ty) => {
                let inner = slot(0, &left, ty);
                (left.node, inner)
            }
            None => (Node::Const(Value::Null), left),
        };
        let predicate = self.infix(operator, [Some(inner), Some(element)], span)?;
        if predicate.ty != Some(SqlType::Bool) {
            let message = format!("`{operator}` before an array must give a boolean");
            return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message));
        }
        let quantified = Quantified { operator, all, predicate: predicate.node, sides: [operand, right.node], element: of.element.clone() };
        Some(Bound::new(fold::constant(Node::Quantified(Box::new(quantified))), SqlType::Bool, span))
    }

    /// `||` where one side is an array.
    pub fn array_concatenation(&mut self, left: Bound, right: Bound, span: &Range<usize>) -> Option<Bound> {
        let is_array = |part: &Bound| matches!(part.ty, Some(SqlType::Array(_)));
        // A literal beside an array is one, as PostgreSQL takes it.
        let builtin: &'static Builtin = match (is_array(&left), is_array(&right)) {
            (true, true) => &array::CAT,
            (true, false) if right.ty.is_none() => &array::CAT,
            (false, true) if left.ty.is_none() => &array::CAT,
            (true, false) => &array::APPEND,
            _ => &array::PREPEND,
        };
        let run: RunTyped = match builtin.args {
            [super::registry::Ty::AnyArray, super::registry::Ty::AnyArray] => array::cat,
            [super::registry::Ty::AnyArray, _] => array::append,
            _ => array::prepend,
        };
        let element = |part: &Bound| match &part.ty {
            Some(SqlType::Array(of)) => Some(of.element.clone()),
            ty => ty.clone(),
        };
        let stand_ins = [&left, &right].map(|part| Bound::new(Node::Const(Value::Null), element(part), span));
        let Some(Some(common)) = Self::common_type(&stand_ins) else {
            let message = format!("there is no {} || {}", left.type_name(), right.type_name());
            return self.refuse(Diagnostic::new(codes::UNKNOWN_OPERATOR, span.clone(), message).help("cast one side"));
        };
        let ty = common.clone().array();
        let wanted = |is: bool| if is || std::ptr::eq(builtin, &raw const array::CAT) { ty.clone() } else { common.clone() };
        let types = [wanted(is_array(&left)), wanted(is_array(&right))];
        let nodes = [self.implicit(left, &types[0]), self.implicit(right, &types[1])];
        let [left, right] = nodes;
        let extra = Extra::Typed(run, Types { args: types.into(), result: ty.clone() });
        let node = Node::Extended(Box::new(Extended { builtin, args: Box::new([left?, right?]), extra }));
        Some(Bound::new(node, ty, span))
    }

    /// A comparison of two parts as they are written, rows among them.
    pub fn compared(&mut self, op: Comparison, left: &AstNode, right: &AstNode, span: &Range<usize>) -> Option<Bound> {
        if let Some(bound) = self.rows(op, left, right, span) {
            return bound;
        }
        let (left, right) = (self.bind(left, None), self.bind(right, None));
        self.comparison(op, left?, right?, span)
    }

    /// A comparison of two rows. `None` where neither side is one.
    #[allow(clippy::option_option, reason = "no rows, a mistake, a comparison")]
    pub fn rows(&mut self, op: Comparison, left: &AstNode, right: &AstNode, span: &Range<usize>) -> Option<Option<Bound>> {
        let Some(pairs) = self.paired(left, right, span)? else { return Some(None) };
        let compared: Vec<_> = pairs
            .into_iter()
            .map(|(left, right)| {
                let (left, right) = (self.bind(left, None), self.bind(right, None));
                self.comparable(left?, right?, op.name(), op.orders(), span)
            })
            .collect();
        let Some(compared) = compared.into_iter().collect::<Option<Vec<_>>>() else { return Some(None) };
        if op.orders() {
            let pairs = compared.into_iter().map(|(by, left, right)| (by, [left, right])).collect();
            return Some(Some(Bound::new(Node::RowCompare { op, pairs }, SqlType::Bool, span)));
        }
        // Equality of all, or inequality of any: what PostgreSQL makes of it, the order of evaluation included.
        let join = if op == Comparison::Equal { fold::and } else { fold::or };
        let each = compared.into_iter().map(|(by, left, right)| fold::compare(op, by, left, right));
        Some(each.reduce(join).map(|node| Bound::new(node, SqlType::Bool, span)))
    }

    /// `is [not] distinct from` of two rows.
    #[allow(clippy::option_option, reason = "no rows, a mistake, a comparison")]
    pub fn rows_distinct(&mut self, left: &AstNode, right: &AstNode, negated: bool, span: &Range<usize>) -> Option<Option<Bound>> {
        let Some(pairs) = self.paired(left, right, span)? else { return Some(None) };
        let each: Vec<_> = pairs.into_iter().map(|(left, right)| self.distinct(left, right, negated, span)).collect();
        let Some(each) = each.into_iter().collect::<Option<Vec<_>>>() else { return Some(None) };
        let join = if negated { fold::and } else { fold::or };
        Some(each.into_iter().map(|bound| bound.node).reduce(join).map(|node| Bound::new(node, SqlType::Bool, span)))
    }

    /// `is [not] null` of a row: whether all its parts are, or none of them is.
    #[allow(clippy::option_option, reason = "no row, a mistake, a test")]
    pub fn row_is_null(&mut self, operand: &AstNode, negated: bool, span: &Range<usize>) -> Option<Option<Bound>> {
        let parts = row(operand)?;
        let each: Vec<_> = parts
            .iter()
            .map(|part| {
                let bound = self.bind(part, None)?;
                Some(fold::is(self.settle(bound)?, Test::Null, negated))
            })
            .collect();
        let Some(each) = each.into_iter().collect::<Option<Vec<_>>>() else { return Some(None) };
        Some(each.into_iter().reduce(fold::and).map(|node| Bound::new(node, SqlType::Bool, span)))
    }

    /// `row in (row, …)`
    #[allow(clippy::option_option, reason = "no row, a mistake, a test")]
    pub fn row_within(&mut self, operand: &AstNode, list: &[AstNode], negated: bool, span: &Range<usize>) -> Option<Option<Bound>> {
        if row(operand).is_none() && list.iter().all(|item| row(item).is_none()) {
            return None;
        }
        let op = if negated { Comparison::NotEqual } else { Comparison::Equal };
        let each: Vec<_> = list.iter().map(|item| self.compared(op, operand, item, span)).collect();
        let Some(each) = each.into_iter().collect::<Option<Vec<_>>>() else { return Some(None) };
        let join = if negated { fold::and } else { fold::or };
        Some(each.into_iter().map(|bound| bound.node).reduce(join).map(|node| Bound::new(node, SqlType::Bool, span)))
    }

    /// The parts of two rows, side by side. `None` where neither is a row; `Some(None)` where they do not go together.
    #[allow(clippy::option_option, clippy::type_complexity, reason = "no rows, a mistake, the pairs")]
    fn paired<'n>(
        &mut self,
        left: &'n AstNode,
        right: &'n AstNode,
        span: &Range<usize>,
    ) -> Option<Option<Vec<(&'n AstNode, &'n AstNode)>>> {
        let (left, right) = match (row(left), row(right)) {
            (None, None) => return None,
            (Some(left), Some(right)) if left.len() == right.len() && !left.is_empty() => (left, right),
            (Some(_), Some(_)) => {
                let message = "rows that are compared have as many values, and at least one";
                return Some(self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message)));
            }
            _ => {
                let message = "a row of values is compared with another row of values only";
                return Some(self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message)));
            }
        };
        Some(Some(left.iter().zip(right).collect()))
    }
}
