//! Text to tree. The only file that names `sqlparser`: its tree is turned into ours here, at once.
//!
//! Boundary: what `sqlparser` accepts and PostgreSQL would read otherwise (precedence of `~`, chains of comparisons) is
//! refused here rather than turned into something else. Names and types are `bind`'s.

use std::ops::Range;

use sqlparser::ast::{
    BinaryOperator, CastKind, CharacterLength, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgOperator, FunctionArguments, Ident, ObjectName, ObjectNamePart, Spanned, TimezoneInfo, TrimWhereField, UnaryOperator, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, Tokenizer};

use super::ast::{Ast, Kind, Node, Test, TypeName};
use super::diagnostic::{Diagnostic, codes};

/// Nesting beyond which an expression is refused: what the stack of a worker thread holds with a wide margin.
const DEEPEST: usize = 128;

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
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().map_err(|error| source.syntax_error(error))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let span = source.range(rest.span);
        return Err(
            Diagnostic::new(codes::SYNTAX, span, format!("`{}` is not expected here", rest.token)).help("one column takes one expression")
        );
    }
    let root = source.node(expr, 0)?;
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
                Diagnostic::new(codes::SYNTAX, start..end, words.to_owned())
            }
            Some((words, _)) => {
                Diagnostic::new(codes::SYNTAX, 0..self.text.len(), words.replace("found: EOF", "found the end of the expression"))
            }
            None => Diagnostic::new(codes::SYNTAX, 0..self.text.len(), message),
        }
    }

    fn too_deep(&self) -> Diagnostic {
        Diagnostic::new(codes::SYNTAX, 0..self.text.len(), "the expression is nested too deeply")
            .help("compute a part of it in the source query")
    }

    fn unsupported(span: Range<usize>, what: &str, help: &str) -> Diagnostic {
        Diagnostic::new(codes::UNSUPPORTED_SYNTAX, span, format!("{what} is not part of the expression language")).help(help)
    }

    fn boxed(&self, expr: Expr, depth: usize) -> Result<Box<Node>, Diagnostic> {
        self.node(expr, depth).map(Box::new)
    }

    fn node(&self, expr: Expr, depth: usize) -> Parsed {
        // Operators of one precedence make a tree that is deep to the left without any recursion in the parser.
        if depth > 4 * DEEPEST {
            return Err(self.too_deep());
        }
        let deeper = depth + 1;
        let span = self.range(expr.span());
        let is = |operand: Box<Expr>, test, negated| Ok(Kind::Is(self.boxed(*operand, deeper)?, test, negated));
        let kind = match expr {
            // Parentheses have done their work; the node keeps its own span.
            Expr::Nested(inner) => return self.node(*inner, deeper),
            Expr::Identifier(ident) => Self::name(ident),
            Expr::CompoundIdentifier(idents) => {
                let column = idents.last().map(|i| i.value.clone()).unwrap_or_default();
                return Err(Self::unsupported(span, "a qualified name", &format!("columns are those of the source query: write {column}")));
            }
            Expr::Value(value) => self.literal(value.value, &span)?,
            Expr::TypedString(typed) => {
                let name = self.type_name(&typed.data_type, &span)?;
                let kind = self.literal(typed.value.value, &span)?;
                Kind::Cast(Box::new(Node { kind, span: span.clone() }), name)
            }
            Expr::IsNull(e) => is(e, Test::Null, false)?,
            Expr::IsNotNull(e) => is(e, Test::Null, true)?,
            Expr::IsTrue(e) => is(e, Test::True, false)?,
            Expr::IsNotTrue(e) => is(e, Test::True, true)?,
            Expr::IsFalse(e) => is(e, Test::False, false)?,
            Expr::IsNotFalse(e) => is(e, Test::False, true)?,
            Expr::IsUnknown(e) => is(e, Test::Unknown, false)?,
            Expr::IsNotUnknown(e) => is(e, Test::Unknown, true)?,
            Expr::IsDistinctFrom(l, r) => Kind::Distinct { left: self.boxed(*l, deeper)?, right: self.boxed(*r, deeper)?, negated: false },
            Expr::IsNotDistinctFrom(l, r) => {
                Kind::Distinct { left: self.boxed(*l, deeper)?, right: self.boxed(*r, deeper)?, negated: true }
            }
            Expr::InList { expr, list, negated } => Kind::In {
                operand: self.boxed(*expr, deeper)?,
                list: list.into_iter().map(|item| self.node(item, deeper)).collect::<Result<_, _>>()?,
                negated,
            },
            Expr::Between { expr, negated, low, high } => Kind::Between {
                operand: self.boxed(*expr, deeper)?,
                low: self.boxed(*low, deeper)?,
                high: self.boxed(*high, deeper)?,
                negated,
            },
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(*expr, *pattern, escape_char, false, negated, deeper)?
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like(*expr, *pattern, escape_char, true, negated, deeper)?
            }
            Expr::BinaryOp { left, op, right } => self.binary(*left, op, *right, &span, deeper)?,
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Kind::Not(self.boxed(*expr, deeper)?),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.node(*expr, deeper)? {
                // PostgreSQL folds the sign in before it looks for a type: -2147483648 is an integer.
                Node { kind: Kind::Number(digits), .. } if !digits.starts_with('-') => Kind::Number(format!("-{digits}")),
                operand => Kind::Negate(Box::new(operand)),
            },
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => return self.node(*expr, deeper),
            Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, format: None } => {
                Kind::Cast(self.boxed(*expr, deeper)?, self.type_name(&data_type, &span)?)
            }
            Expr::Collate { expr, collation } => Kind::Collate(self.boxed(*expr, deeper)?, last_name(&collation)),
            Expr::Case { operand, conditions, else_result, .. } => Kind::Case {
                operand: operand.map(|e| self.boxed(*e, deeper)).transpose()?,
                branches: conditions
                    .into_iter()
                    .map(|when| Ok((self.node(when.condition, deeper)?, self.node(when.result, deeper)?)))
                    .collect::<Result<_, Diagnostic>>()?,
                otherwise: else_result.map(|e| self.boxed(*e, deeper)).transpose()?,
            },
            Expr::Function(function) => {
                let span = self.close(span);
                let kind = self.call(function, &span, deeper)?;
                return Ok(Node { kind, span });
            }
            Expr::Ceil { expr, field } => {
                let kind = format!("{field:?}");
                if !kind.contains("NoDateTime") {
                    return Err(Self::unsupported(span, "ceil with a second argument", "write ceil(x)"));
                }
                self.special("ceil", vec![*expr], deeper)?
            }
            Expr::Floor { expr, field } => {
                let kind = format!("{field:?}");
                if !kind.contains("NoDateTime") {
                    return Err(Self::unsupported(span, "floor with a second argument", "write floor(x)"));
                }
                self.special("floor", vec![*expr], deeper)?
            }
            Expr::Position { expr, r#in } => self.special("strpos", vec![*r#in, *expr], deeper)?,
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let from = match (substring_from, &substring_for) {
                    (Some(from), _) => *from,
                    (None, _) => Expr::value(Value::Number("1".to_owned(), false)),
                };
                let args = [*expr, from].into_iter().chain(substring_for.map(|e| *e)).collect();
                self.special("substring", args, deeper)?
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "btrim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let args = std::iter::once(*expr).chain(trim_what.map(|e| *e)).chain(trim_characters.into_iter().flatten()).collect();
                self.special(name, args, deeper)?
            }
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                return Err(Self::unsupported(span, "a subquery", "put it into the source query and use its column here"));
            }
            other => return Err(Self::refused(&other, span)),
        };
        Ok(Node { kind, span })
    }

    fn refused(expr: &Expr, span: Range<usize>) -> Diagnostic {
        let (what, help) = match expr {
            Expr::AnyOp { .. } | Expr::AllOp { .. } => ("`any` and `all` over an array", "write x in (…)"),
            Expr::Array(_) | Expr::CompoundFieldAccess { .. } => ("an array", "compute it in the source query"),
            Expr::AtTimeZone { .. } => ("`at time zone`", "compute it in the source query"),
            Expr::Extract { .. } => ("`extract`", "compute it in the source query"),
            Expr::Interval(_) => ("an interval", "compute it in the source query"),
            Expr::SimilarTo { .. } => ("`similar to`", "write a regular expression with ~"),
            Expr::Overlay { .. } => ("`overlay`", "write left(…) || … || substr(…)"),
            Expr::Tuple(_) => ("a row of several values", "compare the values one by one"),
            Expr::IsJson { .. } => ("`is json`", "write pg_input_is_valid(x, 'jsonb')"),
            Expr::Like { .. } | Expr::ILike { .. } => ("`like any`", "write one `like` for each pattern, joined by `or`"),
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => ("`*`", "name the column"),
            _ => ("this syntax", "compute it in the source query"),
        };
        Self::unsupported(span, what, help)
    }

    fn name(ident: Ident) -> Kind {
        Kind::Column(fold(ident))
    }

    fn literal(&self, value: Value, span: &Range<usize>) -> Result<Kind, Diagnostic> {
        Ok(match value {
            Value::Number(digits, false) => Kind::Number(digits.replace('_', "")),
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) | Value::UnicodeStringLiteral(text) => Kind::Text(text),
            Value::DollarQuotedString(text) => Kind::Text(text.value),
            Value::Boolean(value) => Kind::Bool(value),
            Value::Null => Kind::Null,
            other => return Err(Self::unsupported(span.clone(), &format!("the literal {other}"), "write a number or 'a text'")),
        })
    }

    fn like(
        &self,
        operand: Expr,
        pattern: Expr,
        escape: Option<Box<Expr>>,
        insensitive: bool,
        negated: bool,
        deeper: usize,
    ) -> Result<Kind, Diagnostic> {
        let escape = match escape.map(|e| self.node(*e, deeper)).transpose()? {
            None => None,
            Some(Node { kind: Kind::Text(text), .. }) => Some(text),
            Some(node) => return Err(Self::unsupported(node.span, "a computed escape character", "write escape '!'")),
        };
        Ok(Kind::Like { operand: self.boxed(operand, deeper)?, pattern: self.boxed(pattern, deeper)?, escape, insensitive, negated })
    }

    fn binary(&self, left: Expr, op: BinaryOperator, right: Expr, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let (l, r) = (Shape::of(&left), Shape::of(&right));
        let name = match op {
            BinaryOperator::And => return Ok(Kind::And(self.boxed(left, deeper)?, self.boxed(right, deeper)?)),
            BinaryOperator::Or => return Ok(Kind::Or(self.boxed(left, deeper)?, self.boxed(right, deeper)?)),
            BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch
            | BinaryOperator::PGNotLikeMatch
            | BinaryOperator::PGNotILikeMatch => {
                return Err(Self::unsupported(span.clone(), &format!("the operator {op}"), "write like or ilike"));
            }
            other => operator_name(&other)
                .ok_or_else(|| Self::unsupported(span.clone(), &format!("the operator {other}"), "compute it in the source query"))?,
        };
        // PostgreSQL: `~` binds as `||` does, before `like`, before comparisons, and a comparison has no chain.
        // The parser puts `~` among the comparisons, so where that matters the author must say what is meant.
        let plain = match Shape::of_operator(name) {
            Shape::Match => !matches!(l, Shape::Comparison | Shape::Like) && !matches!(r, Shape::Other | Shape::Like),
            Shape::Comparison => l != Shape::Comparison && r != Shape::Comparison,
            _ => true,
        };
        if !plain {
            let message = format!("the operands of `{name}` are not plain");
            return Err(Diagnostic::new(codes::PRECEDENCE, span.clone(), message).help("put parentheses around what belongs together"));
        }
        Ok(Kind::Binary(name, self.boxed(left, deeper)?, self.boxed(right, deeper)?))
    }

    fn special(&self, name: &str, args: Vec<Expr>, deeper: usize) -> Result<Kind, Diagnostic> {
        let args = args.into_iter().map(|arg| self.node(arg, deeper)).collect::<Result<_, _>>()?;
        Ok(Kind::Call { name: name.to_owned(), args, named: Vec::new() })
    }

    fn call(&self, function: Function, span: &Range<usize>, deeper: usize) -> Result<Kind, Diagnostic> {
        let mut name = last_name(&function.name);
        if function.name.0.len() > 1 {
            // `pg_catalog.lower(…)` is the same function; any other schema holds functions that are not here.
            if !function.name.to_string().to_lowercase().starts_with("pg_catalog.") {
                return Err(Self::unsupported(span.clone(), &format!("the function {}", function.name), "compute it in the source query"));
            }
        }
        if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() || function.null_treatment.is_some() {
            return Err(Self::unsupported(span.clone(), "a window or aggregate call", "compute it in the source query"));
        }
        let list = match function.args {
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
        for arg in list.args {
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
        if name == "position" && args.len() == 2 {
            // As a plain call, PostgreSQL's `position(string, substring)` has its arguments the other way round.
            "strpos".clone_into(&mut name);
        }
        Ok(Kind::Call { name, args, named })
    }

    fn type_name(&self, ty: &DataType, span: &Range<usize>) -> Result<TypeName, Diagnostic> {
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
            DataType::Uuid => ("uuid", Vec::new()),
            DataType::JSON => ("json", Vec::new()),
            DataType::JSONB => ("jsonb", Vec::new()),
            DataType::Custom(name, modifiers) if modifiers.is_empty() => {
                let name: Vec<String> = name.0.iter().map(part).collect();
                let name = name.join(".");
                return Ok(TypeName { name, modifiers: Vec::new() });
            }
            other => return Err(Self::unsupported(span.clone(), &format!("the type {other}"), "compute it in the source query")),
        };
        let _ = self;
        Ok(TypeName { name: name.to_owned(), modifiers })
    }
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
        _ => return None,
    })
}

/// Folds a name that was not quoted, as PostgreSQL does: ASCII letters to lower case.
fn fold(ident: Ident) -> String {
    if ident.quote_style.is_some() { ident.value } else { ident.value.to_ascii_lowercase() }
}

fn part(part: &ObjectNamePart) -> String {
    match part {
        ObjectNamePart::Identifier(ident) => fold(ident.clone()),
        ObjectNamePart::Function(function) => function.to_string(),
    }
}

fn last_name(name: &ObjectName) -> String {
    name.0.last().map(part).unwrap_or_default()
}
