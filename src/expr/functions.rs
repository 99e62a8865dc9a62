//! The plan's own small functions, put in where they are called. Boundary: substitution on the untyped tree; the result is
//! bound like anything else, so a function has no types of its own and costs nothing at run time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Ast, Kind, Node};
use super::diagnostic::{Diagnostic, codes};
use super::registry;

/// The functions that a plan defines.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    functions: BTreeMap<String, Function>,
}

#[derive(Clone, Debug)]
struct Function {
    args: Vec<String>,
    body: Node,
}

/// Substitution multiplies text: a few functions that each use their argument twice grow beyond any bound.
const MOST_NODES: usize = 20_000;
/// And so does the depth; the walks over the tree recur.
const DEEPEST: usize = 140;

impl Functions {
    /// No functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of the functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// Defines `name(args…)` as `body`. Functions may call each other whatever the order of definition; one that calls itself, directly or not,
    /// is refused where it is called.
    pub fn define(&mut self, name: &str, args: Vec<String>, body: Ast) -> Result<(), Diagnostic> {
        let refuse = |span, message: String| Diagnostic::new(codes::FUNCTION_DEFINITION, span, message);
        let whole = 0..body.text.len();
        if self.functions.contains_key(name) {
            return Err(refuse(whole, format!("function `{name}` is defined twice")).help("remove one of the two"));
        }
        if registry::is_known(name) {
            return Err(refuse(whole, format!("`{name}` is a function already")).help("choose another name"));
        }
        if let Some(twice) = args.iter().enumerate().find(|(at, arg)| args[..*at].contains(arg)) {
            return Err(refuse(whole, format!("function `{name}` has two arguments named `{}`", twice.1)));
        }
        for (column, span) in body.columns() {
            if !args.contains(&column) {
                return Err(refuse(span, format!("`{column}` is not an argument of function `{name}`"))
                    .help("a function sees its arguments alone; add one and pass the column"));
            }
        }
        self.functions.insert(name.to_owned(), Function { args, body: body.root });
        Ok(())
    }

    /// The names of the functions that expressions call, directly or through one another.
    pub fn used_by(&self, expressions: &[&Ast]) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        let mut waiting: Vec<&Node> = expressions.iter().map(|ast| &ast.root).collect();
        while let Some(node) = waiting.pop() {
            node.walk(&mut |node| {
                if let Kind::Call { name, .. } = &node.kind
                    && let Some(function) = self.functions.get(name)
                    && used.insert(name.clone())
                {
                    waiting.push(&function.body);
                }
            });
        }
        used
    }

    /// The tree with every call of a plan function replaced by its body.
    pub(super) fn expand(&self, node: &Node) -> Result<Node, Diagnostic> {
        let mut left = MOST_NODES;
        self.expand_within(node, &mut Vec::new(), &mut left)
    }

    fn expand_within(&self, node: &Node, calling: &mut Vec<String>, left: &mut usize) -> Result<Node, Diagnostic> {
        *left = left.checked_sub(1).ok_or_else(|| {
            Diagnostic::new(
                codes::FUNCTION_RECURSION,
                node.span.clone(),
                format!("the plan's functions grow this beyond {MOST_NODES} parts"),
            )
            .help("compute the repeated part in the source query")
        })?;
        let mut node = Cow::Borrowed(node);
        if let Kind::Call { name, args, named } = &node.kind
            && let Some(function) = self.functions.get(name)
        {
            if calling.contains(name) {
                return Err(Diagnostic::new(codes::FUNCTION_RECURSION, node.span.clone(), format!("function `{name}` calls itself"))
                    .help("functions are put in where they are called, so they cannot recur"));
            }
            if args.len() != function.args.len() || !named.is_empty() {
                let (wants, has) = (function.args.len(), args.len() + named.len());
                return Err(Diagnostic::new(
                    codes::FUNCTION_ARITY,
                    node.span.clone(),
                    format!("`{name}` takes {wants} arguments, not {has}"),
                )
                .help(format!("write {name}({})", function.args.join(", "))));
            }
            // Arguments are expanded in the caller's surroundings, before the name of the function counts as being called.
            let mut values = Vec::with_capacity(args.len());
            for arg in args {
                values.push(self.expand_within(arg, calling, left)?);
            }
            let deepest = values.iter().map(Node::depth).max().unwrap_or(0);
            if function.body.depth() + deepest > DEEPEST {
                let message = "the plan's functions nest this too deeply";
                return Err(Diagnostic::new(codes::FUNCTION_RECURSION, node.span.clone(), message)
                    .help("compute the repeated part in the source query"));
            }
            calling.push(name.clone());
            let mut body = function.body.clone();
            // Spans inside the body point into another text; a mistake is shown at the call.
            body.place(&node.span);
            let mut body = self.expand_within(&body, calling, left)?;
            calling.pop();
            let by_name: BTreeMap<&str, &Node> = function.args.iter().map(String::as_str).zip(&values).collect();
            body.substitute(&by_name, left)?;
            return Ok(body);
        }
        for child in node.to_mut().children_mut() {
            *child = self.expand_within(child, calling, left)?;
        }
        Ok(node.into_owned())
    }
}

impl Node {
    fn place(&mut self, span: &std::ops::Range<usize>) {
        self.span = span.clone();
        for child in self.children_mut() {
            child.place(span);
        }
    }

    fn substitute(&mut self, values: &BTreeMap<&str, &Node>, left: &mut usize) -> Result<(), Diagnostic> {
        if let Kind::Column(name) = &self.kind {
            if let Some(value) = values.get(name.as_str()) {
                let mut size = 0;
                value.walk(&mut |_| size += 1);
                *left = left.checked_sub(size).ok_or_else(|| {
                    Diagnostic::new(
                        codes::FUNCTION_RECURSION,
                        self.span.clone(),
                        format!("the plan's functions grow this beyond {MOST_NODES} parts"),
                    )
                    .help("compute the repeated part in the source query")
                })?;
                *self = (*value).clone();
            }
            return Ok(());
        }
        for child in self.children_mut() {
            child.substitute(values, left)?;
        }
        Ok(())
    }
}
