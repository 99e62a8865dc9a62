//! `make_interval(days => 3)`: arguments by name. Boundary: binding; what the call does is in `interval.rs`.

use std::ops::Range;

use crate::expr::ast::{Kind, Node as AstNode};
use crate::expr::bind::Binder;
use crate::expr::diagnostic::{Diagnostic, codes};

/// The parameters of `make_interval`, in their order.
const PARAMETERS: [&str; 7] = ["years", "months", "weeks", "days", "hours", "mins", "secs"];

impl Binder<'_> {
    /// The arguments of `make_interval` in their order, 0 for those that are not given.
    pub(in crate::expr) fn interval_arguments(
        &mut self,
        args: &[AstNode],
        named: &[(String, AstNode)],
        span: &Range<usize>,
    ) -> Option<Vec<AstNode>> {
        let mut places: [Option<&AstNode>; 7] = [None; 7];
        for (place, arg) in places.iter_mut().zip(args) {
            *place = Some(arg);
        }
        for (name, value) in named {
            let known = PARAMETERS.iter().position(|parameter| parameter == name).filter(|at| places[*at].is_none());
            let Some(at) = known.filter(|_| args.len() <= PARAMETERS.len()) else {
                let message = format!("`make_interval` has no parameter `{name}`, or it is given twice");
                let help = format!("its parameters are {}", PARAMETERS.join(", "));
                return self.refuse(Diagnostic::new(codes::OPTION, value.span.clone(), message).help(help));
            };
            places[at] = Some(value);
        }
        let last = places.iter().rposition(Option::is_some)?;
        let zero = || AstNode { kind: Kind::Number("0".to_owned()), span: span.clone() };
        Some(places[..=last].iter().map(|place| place.cloned().unwrap_or_else(zero)).collect())
    }
}
