//! Mistakes in an expression, as the author of a plan sees them. Boundary: code, byte range and words; rendering with file and
//! line is the command line's.

use std::fmt;
use std::ops::Range;

/// A mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// One of [`codes`]; `etl explain` knows it.
    pub code: &'static str,
    /// Where, in bytes of the expression's text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// One suggestion.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(super) fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// The codes of expression diagnostics.
pub mod codes {
    /// The text is not an expression.
    pub const SYNTAX: &str = "E0101";
    /// Syntax of PostgreSQL that is not part of the expression language.
    pub const UNSUPPORTED_SYNTAX: &str = "E0102";
    /// Operators whose precedence must be made plain with parentheses.
    pub const PRECEDENCE: &str = "E0103";
    /// No such column in the source query.
    pub const UNKNOWN_COLUMN: &str = "E0110";
    /// No such function.
    pub const UNKNOWN_FUNCTION: &str = "E0111";
    /// A function whose result changes from call to call.
    pub const VOLATILE_FUNCTION: &str = "E0112";
    /// A function that exists, but not for these arguments.
    pub const WRONG_ARGUMENTS: &str = "E0113";
    /// An operator that does not exist for these types.
    pub const UNKNOWN_OPERATOR: &str = "E0114";
    /// Types that do not go together, or not where they stand.
    pub const TYPE_MISMATCH: &str = "E0115";
    /// A literal that is not a value of its type.
    pub const BAD_LITERAL: &str = "E0116";
    /// No cast, or none that keeps the value.
    pub const NO_CAST: &str = "E0117";
    /// Something PostgreSQL does and this tool does not.
    pub const UNSUPPORTED: &str = "E0118";
    /// A pattern that is invalid, or cannot be matched as PostgreSQL matches it.
    pub const PATTERN: &str = "E0119";
    /// No such entity.
    pub const UNKNOWN_ENTITY: &str = "E0120";
    /// Arguments of `ref` that are not the entity's key.
    pub const REFERENCE_KEY: &str = "E0121";
    /// No such code table.
    pub const UNKNOWN_CODE_TABLE: &str = "E0122";
    /// An entry of a code table that does not fit where its value goes.
    pub const CODE_ENTRY: &str = "E0123";
    /// An option that the function does not have, or not with this value.
    pub const OPTION: &str = "E0124";
    /// A text that is no label of the enumerated type.
    pub const ENUM_LABEL: &str = "E0125";
    /// A function of the plan with another number of arguments.
    pub const FUNCTION_ARITY: &str = "E0126";
    /// A function of the plan that calls itself.
    pub const FUNCTION_RECURSION: &str = "E0127";
    /// A function of the plan that cannot be defined.
    pub const FUNCTION_DEFINITION: &str = "E0128";
}

/// The name nearest to `name`, where one is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + name.len().max(candidate.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
