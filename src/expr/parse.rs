//! Text to tree. The only file that names `sqlparser`: its tree is turned into ours here, at once.
//!
//! Boundary: what `sqlparser` accepts and PostgreSQL would read otherwise (precedence of `~`, chains of comparisons) is
//! refused here rather than turned into something else. Names and types are `bind`'s.

use std::ops::Range;

use sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, CharacterLength, DataType, DateTimeField,
    ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArguments, Ident, Interval, ObjectName,
    ObjectNamePart, Spanned, Subscript, TimezoneInfo, TrimWhereField, UnaryOperator, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::ast::{Ast, Kind, Node, Pattern, Test, TypeName};
use super::diagnostic::{Diagnostic, codes};

/// Nesting beyond which an expression is refused: what the stack of a worker thread holds with a wide margin.
const DEEPEST: usize = 50;
/// The same for chains: `a || b || c` is a tree that is deep to the left, and the parser makes it without any recursion of its own, only
/// to be dropped, measured and walked with one.
const LONGEST: usize = 128;

/// Parses the text of one expression.
pub fn parse(text: &str) -> Result<Ast, Diagnostic> {
    let source = Source::new(text);
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location().map_err(|error| {
        let at = source.offset(error.location);
        Diagnostic::new(codes::SYNTAX, at..text.len().max(at), error.message)
    })?;
    if tokens.iter().all(|t| matches!(t.token, Token::Whitespace(_))) {
        return Err(Diagnostic::new(codes::SYNTAX, 0..text.len(), "an expression is missing").help("write null for no value"));
    }
    if longest_chain(&tokens) > LONGEST {
        return Err(source.too_deep());
    }
    let tokens = with_spaces_to_trim(tokens);
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().map_err(|error| source.syntax_error(error))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let span = source.range(rest.span);
        return Err(
            Diagnostic::new(codes::SYNTAX, span, format!("`{}` is not expected here", rest.token)).help("one column takes one expression")
        );
    }
    let root = source.node(&expr, 0)?;
    Ok(Ast { root, text: text.to_owned() })
}

/// The text and where its lines begin: the parser counts lines and characters, diagnostics count bytes.
struct Source<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

type Parsed = Result<Node, Diagnostic>;

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines }
    }

    fn offset(&self, at: Location) -> usize {
        let (line, column) = (usize::try_from(at.line).unwrap_or(0), usize::try_from(at.column).unwrap_or(0));
        let Some(start) = line.checked_sub(1).and_then(|line| self.lines.get(line)) else { return 0 };
        let rest = &self.text[*start..];
        start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
    }

    /// The bytes of a span; the whole expression where the parser knows none.
    fn range(&self, span: Span) -> Range<usize> {
        if span == Span::empty() {
            return 0..self.text.len();
        }
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    /// Calls end at their last argument as far as the parser knows; takes the closing parentheses in.
    fn close(&self, range: Range<usize>) -> Range<usize> {
        let mut end = range.end;
        let mut depth = 0_i32;
        let mut quoted = false;
        for byte in self.text[range.clone()].bytes() {
            match byte {
                b'\'' => quoted = !quoted,
                b'(' if !quoted => depth += 1,
                b')' if !quoted => depth -= 1,
                _ => {}
            }
        }
        let rest = self.text[end..].bytes().enumerate();
        if depth == 0 {
            // `f()`: not even the opening parenthesis belongs to the span.
            if let Some(inner) = self.text[end..].trim_start().strip_prefix('(')
                && let Some(after) = inner.trim_start().strip_prefix(')')
            {
                end = self.text.len() - after.len();
            }
            return range.start..end;
        }
        for (at, byte) in rest {
            match byte {
                b')' => {
                    depth -= 1;
                    if depth <= 0 {
                        return range.start..end + at + 1;
                    }
                }
                b if b.is_ascii_whitespace() => {}
                _ => break,
            }
        }
        range
    }

    fn syntax_error(&self, error: ParserError) -> Diagnostic {
        let message = match error {
            ParserError::RecursionLimitExceeded => return self.too_deep(),
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
        };
        // The place is only in the words: "…, found: x at Line: 1, Column: 5".
        let place = message.rsplit_once(" at Line: ").and_then(|(words, place)| {
            let (line, column) = place.split_once(", Column: ")?;
            Some((words, Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? }))
        });
        match place {
            Some((words, at)) if at.line > 0 => {
                let start = self.offset(at);
                let end = self.text[start..].find(|c: char| c.is_whitespace()).map_or(self.text.len(), |n| start + n);
                Diagnostic::new(codes::SYNTAX, start..end, plain(words))
            }
            other => {
                let words = other.map_or(message.as_str(), |(words, _)| words);
                let help = if words.starts_with("Expected: )") { "close the parenthesis" } else { "complete it, or leave its end out" };
                let help = words.ends_with("found: EOF").then(|| help.to_owned());
                Diagnostic::new(codes::SYNTAX, 0..self.text.len(), plain(words)).help_if(help)
            }
        }
    }

    fn too_deep(&self) -> Diagnostic {
        Diagnostic::new(codes::SYNTAX, 0..self.text.len(), "the expression is nested too deeply")
            .help("compute a part of it in the source query")
    }

    fn unsupported(span: Range<usize>, what: &str, help: &str) -> Diagnostic {
        Diagnostic::new(codes::UNSUPPORTED_SYNTAX, span, format!("{what} is not part of the expression language")).help(help)
    }

    fn boxed(&self, expr: &Expr, depth: usize) -> Result<Box<Node>, Diagnostic> {
        self.node(expr, depth).map(Box::new)
    }

    fn optional(&self, expr: Option<&Expr>, depth: usize) -> Result<Option<Box<Node>>, Diagnostic> {
        expr.map(|expr| self.boxed(expr, depth)).transpose()
    }

    // This and what it calls recur, once for each level of the expression: they take the tree by reference and do little each, because
    // without optimisation every arm of a match has its own place in the frame.
    fn node(&self, expr: &Expr, depth: usize) -> Parsed {
        if depth > 2 * LONGEST {
            return Err(self.too_deep());
        }
        let span = self.range(expr.span());
        match expr {
            // Parentheses have done their work; the node keeps its own span.
            Expr::Nested(inner) => self.node(inner, depth + 1),
            Expr::Function(function) => {
                let span = self.close(span);
                let kind = self.call(function, &span, depth + 1)?;
                Ok(Node { kind, span })
            }
            expr => {
                let kind = self.kind(expr, &span, depth + 1)?;
                Ok(Node { kind, span })
            }
        }
    }

    fn kind(&self, expr: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::TypedString(_) => Self::leaf(expr, span),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, span, deeper),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, span, deeper),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), deeper)
            }
            Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, format: None } => {
                Ok(Kind::Cast(self.boxed(expr, deeper)?, Self::type_name(data_type, span)?))
            }
            Expr::Collate { expr, collation } => Ok(Kind::Collate(self.boxed(expr, deeper)?, last_name(collation))),
            Expr::Like { .. } | Expr::ILike { .. } | Expr::SimilarTo { .. } => self.like(expr, span, deeper),
            Expr::Ceil { .. } | Expr::Floor { .. } | Expr::Position { .. } | Expr::Substring { .. } | Expr::Trim { .. } => {
                self.call_in_words(expr, span, deeper)
            }
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) | Expr::InList { .. } | Expr::Between { .. } => {
                self.predicate(expr, deeper)
            }
            Expr::AnyOp { .. } | Expr::AllOp { .. } | Expr::Array(_) | Expr::CompoundFieldAccess { .. } | Expr::Tuple(_) => {
                self.collection(expr, span, deeper)
            }
            Expr::AtTimeZone { .. } | Expr::Extract { .. } | Expr::Overlay { .. } => self.call_in_words(expr, span, deeper),
            Expr::IsNormalized { expr, form, negated } => {
                let form = form.iter().map(|form| Node { kind: Kind::Text(form.to_string()), span: span.clone() });
                let args = std::iter::once(self.node(expr, deeper)?).chain(form).collect();
                let call = Kind::Call { name: "is_normalized".to_owned(), args, named: Vec::new() };
                Ok(if *negated { Kind::Not(Box::new(Node { kind: call, span: span.clone() })) } else { call })
            }
            Expr::Interval(interval) => Self::interval(interval, span),
            expr => self.test(expr, span, deeper),
        }
    }

    fn leaf(expr: &Expr, span: &Range<usize>) -> Result<Kind, Diagnostic> {
        match expr {
            Expr::Identifier(ident) => Ok(Kind::Column(fold(ident))),
            Expr::Value(value) => Self::literal(&value.value, span),
            Expr::TypedString(typed) => {
                let name = Self::type_name(&typed.data_type, span)?;
                let kind = Self::literal(&typed.value.value, span)?;
                Ok(Kind::Cast(Box::new(Node { kind, span: span.clone() }), name))
            }
            Expr::CompoundIdentifier(idents) => {
                let column = idents.last().map(|i| i.value.clone()).unwrap_or_default();
                let help = format!("columns are those of the source query: write {column}");
                Err(Self::unsupported(span.clone(), "a qualified name", &help))
            }
            other => Err(Self::refused(other, span.clone())),
        }
    }

    /// `is …`, and whatever is no part of the language.
    fn test(&self, expr: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let (operand, test, negated) = match expr {
            Expr::IsNull(e) => (e, Test::Null, false),
            Expr::IsNotNull(e) => (e, Test::Null, true),
            Expr::IsTrue(e) => (e, Test::True, false),
            Expr::IsNotTrue(e) => (e, Test::True, true),
            Expr::IsFalse(e) => (e, Test::False, false),
            Expr::IsNotFalse(e) => (e, Test::False, true),
            Expr::IsUnknown(e) => (e, Test::Unknown, false),
            Expr::IsNotUnknown(e) => (e, Test::Unknown, true),
            other => return Err(Self::refused(other, span.clone())),
        };
        Ok(Kind::Is(self.boxed(operand, deeper)?, test, negated))
    }

    fn predicate(&self, expr: &Expr, deeper: usize) -> Result<Kind, Diagnostic> {
        Ok(match expr {
            Expr::InList { expr, list, negated } => Kind::In {
                operand: self.boxed(expr, deeper)?,
                list: list.iter().map(|item| self.node(item, deeper)).collect::<Result<_, _>>()?,
                negated: *negated,
            },
            Expr::Between { expr, negated, low, high } => Kind::Between {
                operand: self.boxed(expr, deeper)?,
                low: self.boxed(low, deeper)?,
                high: self.boxed(high, deeper)?,
                negated: *negated,
            },
            Expr::IsDistinctFrom(l, r) | Expr::IsNotDistinctFrom(l, r) => Kind::Distinct {
                left: self.boxed(l, deeper)?,
                right: self.boxed(r, deeper)?,
                negated: matches!(expr, Expr::IsNotDistinctFrom(..)),
            },
            other => return Err(Self::refused(other, self.range(other.span()))),
        })
    }

    fn unary(&self, op: UnaryOperator, expr: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        match op {
            UnaryOperator::Not => Ok(Kind::Not(self.boxed(expr, deeper)?)),
            // PostgreSQL raises the negative number to the power, the parser negates the power.
            UnaryOperator::Minus | UnaryOperator::Plus if matches!(expr, Expr::BinaryOp { op: BinaryOperator::PGExp, .. }) => {
                let message = format!("the operands of `{op}` are not plain");
                Err(Diagnostic::new(codes::PRECEDENCE, span.clone(), message).help("put parentheses around what belongs together"))
            }
            UnaryOperator::Minus => match self.node(expr, deeper)? {
                // PostgreSQL folds the sign in before it looks for a type: -2147483648 is an integer.
                Node { kind: Kind::Number(digits), .. } if !digits.starts_with('-') => Ok(Kind::Number(format!("-{digits}"))),
                operand => Ok(Kind::Prefix("-", Box::new(operand))),
            },
            UnaryOperator::Plus => match self.node(expr, deeper)? {
                Node { kind: Kind::Number(digits), .. } => Ok(Kind::Number(digits)),
                operand => Ok(Kind::Prefix("+", Box::new(operand))),
            },
            UnaryOperator::BitwiseNot => Ok(Kind::Prefix("~", self.boxed(expr, deeper)?)),
            UnaryOperator::PGAbs => Ok(Kind::Prefix("@", self.boxed(expr, deeper)?)),
            UnaryOperator::PGSquareRoot => Ok(Kind::Prefix("|/", self.boxed(expr, deeper)?)),
            UnaryOperator::PGCubeRoot => Ok(Kind::Prefix("||/", self.boxed(expr, deeper)?)),
            other => Err(Self::unsupported(span.clone(), &format!("the operator {other}"), "compute it in the source query")),
        }
    }

    fn case(&self, operand: Option<&Expr>, branches: &[CaseWhen], otherwise: Option<&Expr>, deeper: usize) -> Result<Kind, Diagnostic> {
        let operand = self.optional(operand, deeper)?;
        let mut parsed = Vec::with_capacity(branches.len());
        for branch in branches {
            parsed.push((self.node(&branch.condition, deeper)?, self.node(&branch.result, deeper)?));
        }
        Ok(Kind::Case { operand, branches: parsed, otherwise: self.optional(otherwise, deeper)? })
    }

    /// Functions whose calls have words in them.
    fn call_in_words(&self, expr: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let first = Expr::value(Value::Number("1".to_owned(), false));
        let (name, args): (_, Vec<&Expr>) = match expr {
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => ("ceil", vec![expr]),
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => ("floor", vec![expr]),
            Expr::Position { expr, r#in } => ("position", vec![r#in, expr]),
            // Only `substring` is syntax; `substr` is a function like any other, and takes no patterns.
            Expr::Substring { special: false, shorthand: true, .. } => {
                return Err(Self::unsupported(span.clone(), "`substr` with words in it", "write substring(x from 2 for 3)"));
            }
            Expr::Substring { expr, substring_from, substring_for, shorthand, .. } => {
                let from = substring_from.as_deref().unwrap_or(&first);
                (if *shorthand { "substr" } else { "substring" }, [&**expr, from].into_iter().chain(substring_for.as_deref()).collect())
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "btrim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let set = trim_what.as_deref().filter(|what| !is_unwritten(what)).into_iter().chain(trim_characters.iter().flatten());
                (name, std::iter::once(&**expr).chain(set).collect())
            }
            // What PostgreSQL's own grammar makes of these.
            Expr::AtTimeZone { timestamp, time_zone } => ("timezone", vec![time_zone, timestamp]),
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                ("overlay", [&**expr, overlay_what, overlay_from].into_iter().chain(overlay_for.as_deref()).collect())
            }
            Expr::Extract { field, expr, .. } => {
                let field = field.to_string().trim_matches(['\'', '"']).to_ascii_lowercase();
                let field = Node { kind: Kind::Text(field), span: span.clone() };
                let args = vec![field, self.node(expr, deeper)?];
                return Ok(Kind::Call { name: "extract".to_owned(), args, named: Vec::new() });
            }
            _ => return Err(Self::unsupported(span.clone(), "a second argument", "write ceil(x) or floor(x)")),
        };
        let args = args.into_iter().map(|arg| self.node(arg, deeper)).collect::<Result<_, _>>()?;
        Ok(Kind::Call { name: name.to_owned(), args, named: Vec::new() })
    }

    fn refused(expr: &Expr, span: Range<usize>) -> Diagnostic {
        let (what, help) = match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                ("a subquery", "put it into the source query and use its column here")
            }
            Expr::CompoundFieldAccess { .. } => ("a field of a composite value", "compute it in the source query"),
            Expr::IsJson { .. } => ("`is json`", "write pg_input_is_valid(x, 'jsonb')"),
            Expr::Like { .. } | Expr::ILike { .. } => ("`like any`", "write one `like` for each pattern, joined by `or`"),
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => ("`*`", "name the column"),
            _ => ("this syntax", "compute it in the source query"),
        };
        Self::unsupported(span, what, help)
    }

    fn literal(value: &Value, span: &Range<usize>) -> Result<Kind, Diagnostic> {
        Ok(match value {
            Value::Number(digits, false) => Kind::Number(digits.replace('_', "")),
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) | Value::UnicodeStringLiteral(text) => {
                Kind::Text(text.clone())
            }
            Value::DollarQuotedString(text) => Kind::Text(text.value.clone()),
            Value::Boolean(value) => Kind::Bool(*value),
            Value::Null => Kind::Null,
            other => return Err(Self::unsupported(span.clone(), &format!("the literal {other}"), "write a number or 'a text'")),
        })
    }

    /// Arrays, rows of values, and what takes them apart.
    fn collection(&self, expr: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let nodes = |list: &[Expr]| list.iter().map(|item| self.node(item, deeper)).collect::<Result<Vec<_>, _>>();
        match expr {
            Expr::Array(array) => Ok(Kind::Array(nodes(&array.elem)?)),
            Expr::Tuple(list) => Ok(Kind::Row(nodes(list)?)),
            Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right } => {
                let operator = operator_name(compare_op).ok_or_else(|| {
                    Self::unsupported(span.clone(), &format!("the operator {compare_op} before an array"), "compute it in the source query")
                })?;
                let (operand, array) = (self.boxed(left, deeper)?, self.boxed(right, deeper)?);
                Ok(Kind::Quantified { operator, operand, array, all: matches!(expr, Expr::AllOp { .. }) })
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                // Parentheses begin a new access, and would be lost.
                if let Expr::Nested(inner) = &**root
                    && matches!(**inner, Expr::CompoundFieldAccess { .. })
                {
                    return Err(Self::unsupported(span.clone(), "a subscript of a subscript in parentheses", "leave the parentheses out"));
                }
                if !matches!(**root, Expr::Nested(_) | Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    return Err(Self::unsupported(span.clone(), "a subscript without parentheses", "write (…)[1]"));
                }
                let mut node = self.node(root, deeper)?;
                for access in access_chain {
                    let AccessExpr::Subscript(subscript) = access else { return Err(Self::refused(expr, span.clone())) };
                    let array = Box::new(node);
                    let kind = match subscript {
                        Subscript::Index { index } => Kind::Subscript { array, index: self.boxed(index, deeper)? },
                        Subscript::Slice { lower_bound, upper_bound, stride: None } => Kind::Slice {
                            array,
                            lower: self.optional(lower_bound.as_ref(), deeper)?,
                            upper: self.optional(upper_bound.as_ref(), deeper)?,
                        },
                        Subscript::Slice { .. } => return Err(Self::unsupported(span.clone(), "a slice with a stride", "write x[1:2]")),
                    };
                    node = Node { kind, span: span.clone() };
                }
                Ok(node.kind)
            }
            other => Err(Self::refused(other, span.clone())),
        }
    }

    /// `interval '1 day'`; the fields behind the literal (`day to second`) cut it and are refused.
    fn interval(interval: &Interval, span: &Range<usize>) -> Result<Kind, Diagnostic> {
        let help = "write interval '1 day 02:00'";
        let Interval { value, leading_field: None, leading_precision: None, last_field: None, fractional_seconds_precision: None } =
            interval
        else {
            return Err(Self::unsupported(span.clone(), "an interval with a field behind it", help));
        };
        let Expr::Value(value) = &**value else { return Err(Self::unsupported(span.clone(), "an interval that is computed", help)) };
        let literal = Node { kind: Self::literal(&value.value, span)?, span: span.clone() };
        Ok(Kind::Cast(Box::new(literal), TypeName { name: "interval".to_owned(), modifiers: Vec::new(), dimensions: 0 }))
    }

    fn like(&self, expr: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let by = match expr {
            Expr::ILike { .. } => Pattern::Ilike,
            Expr::SimilarTo { .. } => Pattern::Similar,
            _ => Pattern::Like,
        };
        let (Expr::Like { negated, any: false, expr, pattern, escape_char }
        | Expr::ILike { negated, any: false, expr, pattern, escape_char }
        | Expr::SimilarTo { negated, expr, pattern, escape_char }) = expr
        else {
            return Err(Self::refused(expr, span.clone()));
        };
        let escape = match self.optional(escape_char.as_deref(), deeper)? {
            None => None,
            Some(node) => match node.kind {
                Kind::Text(text) => Some(text),
                _ => return Err(Self::unsupported(node.span, "a computed escape character", "write escape '!'")),
            },
        };
        let (operand, pattern) = (self.boxed(expr, deeper)?, self.boxed(pattern, deeper)?);
        Ok(Kind::Like { operand, pattern, escape, by, negated: *negated })
    }

    fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let name = Self::plain_operator(left, op, right, span)?;
        let (left, right) = (self.boxed(left, deeper)?, self.boxed(right, deeper)?);
        Ok(match name {
            "and" => Kind::And(left, right),
            "or" => Kind::Or(left, right),
            name => Kind::Binary(name, left, right),
        })
    }

    /// The operator, where PostgreSQL would give it the same operands.
    fn plain_operator(left: &Expr, op: &BinaryOperator, right: &Expr, span: &Range<usize>) -> Result<&'static str, Diagnostic> {
        let (l, r) = (Shape::of(left), Shape::of(right));
        let name = match op {
            BinaryOperator::And => return Ok("and"),
            BinaryOperator::Or => return Ok("or"),
            BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch
            | BinaryOperator::PGNotLikeMatch
            | BinaryOperator::PGNotILikeMatch => {
                return Err(Self::unsupported(span.clone(), &format!("the operator {op}"), "write like or ilike"));
            }
            other => operator_name(other)
                .ok_or_else(|| Self::unsupported(span.clone(), &format!("the operator {other}"), "compute it in the source query"))?,
        };
        // PostgreSQL: `~` binds as `||` does, before `like`, before comparisons, and a comparison has no chain.
        // The parser puts `~` among the comparisons, so where that matters the author must say what is meant.
        let plain = match Shape::of_operator(name) {
            Shape::Match => !matches!(l, Shape::Comparison | Shape::Like) && !matches!(r, Shape::Other | Shape::Like),
            Shape::Comparison => l != Shape::Comparison && r != Shape::Comparison,
            // PostgreSQL: `@ a + b` is `@ (a + b)`, as with every operator of this kind in front of its operand.
            Shape::Closed => !ends_in_prefix(left),
            _ => true,
        };
        if !plain {
            let message = format!("what belongs to `{name}` can be read in two ways");
            return Err(Diagnostic::new(codes::PRECEDENCE, span.clone(), message).help("put parentheses around what belongs together"));
        }
        Ok(name)
    }

    fn call(&self, function: &Function, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let name = last_name(&function.name);
        if function.name.0.len() > 1 {
            // `pg_catalog.lower(…)` is the same function; any other schema holds functions that are not here.
            if !function.name.to_string().to_lowercase().starts_with("pg_catalog.") {
                return Err(Self::unsupported(span.clone(), &format!("the function {}", function.name), "compute it in the source query"));
            }
        }
        if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() || function.null_treatment.is_some() {
            return Err(Self::unsupported(span.clone(), "a window or aggregate call", "compute it in the source query"));
        }
        let list = match &function.args {
            FunctionArguments::None => {
                return Ok(Kind::Call { name, args: Vec::new(), named: Vec::new() });
            }
            FunctionArguments::Subquery(_) => {
                return Err(Self::unsupported(span.clone(), "a subquery", "put it into the source query and use its column here"));
            }
            FunctionArguments::List(list) => list,
        };
        if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(Self::unsupported(span.clone(), "an aggregate call", "compute it in the source query"));
        }
        let (mut args, mut named) = (Vec::new(), Vec::new());
        for arg in &list.args {
            let (key, value) = match arg {
                FunctionArg::Unnamed(value) => (None, value),
                FunctionArg::Named { name, arg, operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment } => {
                    (Some(fold(name)), arg)
                }
                FunctionArg::ExprNamed {
                    name: Expr::Identifier(name),
                    arg,
                    operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
                } => (Some(fold(name)), arg),
                other => {
                    return Err(Self::unsupported(self.range(other.span()), "an argument of this form", "write name => value"));
                }
            };
            let FunctionArgExpr::Expr(value) = value else {
                return Err(Self::unsupported(span.clone(), "`*` as an argument", "compute it in the source query"));
            };
            let value = self.node(value, deeper)?;
            match key {
                Some(key) => named.push((key, value)),
                None if named.is_empty() => args.push(value),
                None => {
                    return Err(Diagnostic::new(codes::SYNTAX, value.span, "an argument without a name stands behind one with a name")
                        .help("put it in front"));
                }
            }
        }
        // A name in a schema is a plain call to the grammar, too.
        match (name.as_str(), &mut args[..]) {
            _ if function.name.0.len() > 1 => {}
            // The form is a word of the grammar, and a text is none.
            ("normalize", [_, Node { kind, span }]) => match kind {
                Kind::Column(form) if matches!(form.as_str(), "nfc" | "nfd" | "nfkc" | "nfkd") => {
                    *kind = Kind::Text(form.to_ascii_uppercase());
                }
                _ => return Err(Diagnostic::new(codes::SYNTAX, span.clone(), "the form is a word").help("write normalize(x, NFC)")),
            },
            // PostgreSQL's grammar has no plain call of it.
            ("position", [_, _]) => {
                return Err(Diagnostic::new(codes::SYNTAX, span.clone(), "`position` has words in it").help("write position(part in x)"));
            }
            _ => {}
        }
        Ok(Kind::Call { name, args, named })
    }

    fn type_name(ty: &DataType, span: &Range<usize>) -> Result<TypeName, Diagnostic> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let exact = |info: &ExactNumberInfo| match info {
            ExactNumberInfo::None => Vec::new(),
            ExactNumberInfo::Precision(p) => vec![number(*p)],
            ExactNumberInfo::PrecisionAndScale(p, s) => vec![number(*p), *s],
        };
        let length = |length: &Option<CharacterLength>| match length {
            Some(CharacterLength::IntegerLength { length, .. }) => vec![number(*length)],
            _ => Vec::new(),
        };
        if let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _) | ArrayElemTypeDef::Qualified(element, _)) = ty {
            let name = Self::type_name(element, span)?;
            return Ok(TypeName { dimensions: name.dimensions + 1, ..name });
        }
        let (name, modifiers) = match ty {
            DataType::Bool | DataType::Boolean => ("boolean", Vec::new()),
            DataType::Int2(None) | DataType::SmallInt(None) => ("smallint", Vec::new()),
            DataType::Int(None) | DataType::Int4(None) | DataType::Integer(None) => ("integer", Vec::new()),
            DataType::Int8(None) | DataType::BigInt(None) => ("bigint", Vec::new()),
            DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => ("numeric", exact(info)),
            DataType::Real | DataType::Float4 => ("real", Vec::new()),
            DataType::DoublePrecision | DataType::Float8 | DataType::Float(ExactNumberInfo::None) => ("double precision", Vec::new()),
            DataType::Text => ("text", Vec::new()),
            DataType::Varchar(n) | DataType::CharacterVarying(n) | DataType::CharVarying(n) => ("character varying", length(n)),
            // `character` without a length is `character(1)`.
            DataType::Character(n) | DataType::Char(n) => ("character", if n.is_none() { vec![1] } else { length(n) }),
            DataType::Bytea => ("bytea", Vec::new()),
            DataType::Date => ("date", Vec::new()),
            DataType::Time(p, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
                ("time without time zone", p.iter().map(|p| number(*p)).collect())
            }
            DataType::Timestamp(p, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
                ("timestamp without time zone", p.iter().map(|p| number(*p)).collect())
            }
            DataType::Timestamp(p, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                ("timestamp with time zone", p.iter().map(|p| number(*p)).collect())
            }
            DataType::Time(p, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                ("time with time zone", p.iter().map(|p| number(*p)).collect())
            }
            DataType::Interval { fields: None, precision } => ("interval", precision.iter().map(|p| number(*p)).collect()),
            DataType::Bit(n) => ("bit", n.map_or_else(|| vec![1], |n| vec![number(n)])),
            DataType::BitVarying(n) | DataType::VarBit(n) => ("bit varying", n.iter().map(|n| number(*n)).collect()),
            DataType::Uuid => ("uuid", Vec::new()),
            DataType::JSON => ("json", Vec::new()),
            DataType::JSONB => ("jsonb", Vec::new()),
            DataType::Custom(name, modifiers) if modifiers.is_empty() => {
                let name: Vec<String> = name.0.iter().map(part).collect();
                let name = name.join(".");
                return Ok(TypeName { name, modifiers: Vec::new(), dimensions: 0 });
            }
            other => return Err(Self::unsupported(span.clone(), &format!("the type {other}"), "compute it in the source query")),
        };
        Ok(TypeName { name: name.to_owned(), modifiers, dimensions: 0 })
    }
}

/// The parser's words as a sentence: `Expected: ), found: EOF`.
fn plain(words: &str) -> String {
    let Some((expected, found)) = words.strip_prefix("Expected: ").and_then(|words| words.rsplit_once(", found: ")) else {
        return words.to_owned();
    };
    let quoted = |word: &str| if word.contains(' ') { word.to_owned() } else { format!("`{word}`") };
    match found {
        "EOF" => format!("the expression ends where {} is expected", quoted(expected)),
        found => format!("{} is expected, not {}", quoted(expected), quoted(found)),
    }
}

/// Stands for the characters of `trim(leading from x)`, which the parser does not read without them. No text of PostgreSQL holds it.
const UNWRITTEN: &str = "\0";

fn is_unwritten(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::SingleQuotedString(text) if text == UNWRITTEN))
}

/// Puts [`UNWRITTEN`] between `trim (`, `trim (leading` and their like, and `from`.
fn with_spaces_to_trim(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len() + 1);
    // How much of `trim (leading` stands before the token.
    let mut seen = 0;
    for token in tokens {
        let keyword = match &token.token {
            Token::Whitespace(_) => {
                out.push(token);
                continue;
            }
            Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
            _ => None,
        };
        seen = match (seen, keyword) {
            (_, Some(Keyword::TRIM)) => 1,
            (1, None) if token.token == Token::LParen => 2,
            (2, Some(Keyword::BOTH | Keyword::LEADING | Keyword::TRAILING)) => 3,
            (2 | 3, Some(Keyword::FROM)) => {
                out.push(TokenWithSpan { token: Token::SingleQuotedString(UNWRITTEN.to_owned()), span: token.span });
                0
            }
            _ => 0,
        };
        out.push(token);
    }
    out
}

/// How deep a tree the tokens can make at most: operators in a row, summed over the parentheses that are open.
fn longest_chain(tokens: &[TokenWithSpan]) -> usize {
    let (mut open, mut here, mut below, mut longest) = (Vec::new(), 0, 0, 0);
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket => {
                open.push(here);
                below += here;
                here = 0;
            }
            Token::RParen | Token::RBracket => {
                here = open.pop().unwrap_or(0);
                below -= here;
            }
            Token::Comma => here = 0,
            Token::Word(word) => match word.keyword {
                Keyword::WHEN | Keyword::THEN | Keyword::ELSE => here = 0,
                Keyword::AND
                | Keyword::OR
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::BETWEEN
                | Keyword::LIKE
                | Keyword::ILIKE => here += 1,

                _ => {}
            },
            Token::Whitespace(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) => {}
            _ => here += 1,
        }
        longest = longest.max(below + here);
    }
    longest
}

/// What an operand is, as far as precedence goes. Operands in parentheses have no shape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Closed,
    Other,
    Match,
    Like,
    Comparison,
}

impl Shape {
    fn of(expr: &Expr) -> Self {
        match expr {
            Expr::BinaryOp { op, .. } => operator_name(op).map_or(Self::Closed, Self::of_operator),
            Expr::Like { .. } | Expr::ILike { .. } | Expr::InList { .. } | Expr::Between { .. } | Expr::SimilarTo { .. } => Self::Like,
            _ => Self::Closed,
        }
    }

    fn of_operator(name: &str) -> Self {
        match name {
            "=" | "<>" | "<" | "<=" | ">" | ">=" => Self::Comparison,
            "~" | "~*" | "!~" | "!~*" => Self::Match,
            "+" | "-" | "*" | "/" | "%" | "^" => Self::Closed,
            _ => Self::Other,
        }
    }
}

/// Whether the last operand of an expression has an operator in front that PostgreSQL binds weaker than arithmetic.
fn ends_in_prefix(mut expr: &Expr) -> bool {
    loop {
        expr = match expr {
            Expr::BinaryOp { right, .. } => right,
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => expr,
            Expr::UnaryOp { op, .. } => return *op != UnaryOperator::Not,
            _ => return false,
        };
    }
}

fn operator_name(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::PGExp => "^",
        BinaryOperator::StringConcat => "||",
        BinaryOperator::Gt => ">",
        BinaryOperator::Lt => "<",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::PGRegexMatch => "~",
        BinaryOperator::PGRegexIMatch => "~*",
        BinaryOperator::PGRegexNotMatch => "!~",
        BinaryOperator::PGRegexNotIMatch => "!~*",
        BinaryOperator::PGStartsWith => "^@",
        BinaryOperator::Arrow => "->",
        BinaryOperator::LongArrow => "->>",
        BinaryOperator::HashArrow => "#>",
        BinaryOperator::HashLongArrow => "#>>",
        BinaryOperator::HashMinus => "#-",
        BinaryOperator::AtArrow => "@>",
        BinaryOperator::ArrowAt => "<@",
        BinaryOperator::AtQuestion => "@?",
        BinaryOperator::AtAt => "@@",
        BinaryOperator::Question => "?",
        BinaryOperator::QuestionAnd => "?&",
        BinaryOperator::QuestionPipe => "?|",
        BinaryOperator::BitwiseAnd => "&",
        BinaryOperator::BitwiseOr => "|",
        BinaryOperator::PGBitwiseXor => "#",
        BinaryOperator::PGBitwiseShiftLeft => "<<",
        BinaryOperator::PGBitwiseShiftRight => ">>",
        BinaryOperator::PGOverlap => "&&",
        BinaryOperator::Custom(name) if name == "<<=" => "<<=",
        BinaryOperator::Custom(name) if name == ">>=" => ">>=",
        _ => return None,
    })
}

/// Folds a name that was not quoted, as PostgreSQL does: ASCII letters to lower case.
fn fold(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

fn part(part: &ObjectNamePart) -> String {
    match part {
        ObjectNamePart::Identifier(ident) => fold(ident),
        ObjectNamePart::Function(function) => function.to_string(),
    }
}

fn last_name(name: &ObjectName) -> String {
    name.0.last().map(part).unwrap_or_default()
}
