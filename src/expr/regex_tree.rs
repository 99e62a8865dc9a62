//! A regular expression as a tree: what it prefers, and how it is written for the `regex` crate. Boundary: no text is matched here.
//!
//! Which of several matches PostgreSQL takes is decided by *preferences*, not by the order in which a backtracking engine tries: a
//! pattern takes the longest or the shortest match as a whole, and then each of its parts does, from left to right, within that span.

use std::fmt::Write as _;

/// What stands one behind the other.
pub(super) type Branch = Vec<Item>;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Matches one character: a class in the crate's syntax.
    One(String),
    /// Matches a place, in the crate's syntax.
    Place(&'static str),
    /// Alternatives, captured where they have a number.
    Group { index: Option<usize>, branches: Vec<Branch> },
    /// A quantifier; `greedy` is `None` where it has no preference of its own.
    Repeat { item: Box<Item>, least: u32, most: Option<u32>, greedy: Option<bool> },
}

impl Item {
    /// Whether there is a capturing group in it.
    pub fn captures(&self) -> bool {
        match self {
            Self::One(_) | Self::Place(_) => false,
            Self::Group { index, branches } => index.is_some() || branches.iter().flatten().any(Self::captures),
            Self::Repeat { item, .. } => item.captures(),
        }
    }

    /// The preference: `Some(true)` for the longest, `Some(false)` for the shortest, `None` for what does not say.
    pub fn prefers(&self) -> Option<bool> {
        match self {
            Self::One(_) | Self::Place(_) | Self::Repeat { most: Some(0), .. } => None,
            Self::Group { branches, .. } => preference(branches),
            Self::Repeat { item, greedy, .. } => greedy.or_else(|| item.prefers()),
        }
    }

    /// The preferences that occur in it, the longest and the shortest.
    pub fn preferences(&self) -> (bool, bool) {
        let both = |l: (bool, bool), r: (bool, bool)| (l.0 || r.0, l.1 || r.1);
        match self {
            Self::One(_) | Self::Place(_) | Self::Repeat { most: Some(0), .. } => (false, false),
            Self::Group { branches, .. } => branches.iter().flatten().map(Self::preferences).fold((branches.len() > 1, false), both),
            Self::Repeat { item, greedy, .. } => both(item.preferences(), (*greedy == Some(true), *greedy == Some(false))),
        }
    }

    /// Whether a backtracking engine finds the same spans for it: single characters repeated greedily, one behind the other. Of two ways
    /// to spread characters over such parts, the one that gives the first part more can always be continued as far as the other one.
    fn is_plain(&self) -> bool {
        match self {
            Self::One(_) | Self::Place(_) => true,
            Self::Group { branches, .. } => match &branches[..] {
                [one] => one.iter().all(Self::is_plain),
                several => several.iter().all(|branch| matches!(&branch[..], [Self::One(_)])),
            },
            Self::Repeat { item, greedy, .. } => *greedy != Some(false) && matches!(**item, Self::One(_)),
        }
    }

    /// Appends the part in the crate's syntax.
    pub fn write(&self, captures: bool, out: &mut String) {
        match self {
            Self::One(class) => out.push_str(class),
            Self::Place(place) => out.push_str(place),
            Self::Group { index, branches } => {
                out.push_str(if captures && index.is_some() { "(" } else { "(?:" });
                write_branches(branches, captures, out);
                out.push(')');
            }
            Self::Repeat { item, least, most, greedy } => {
                out.push_str("(?:");
                item.write(captures, out);
                let _ = match most {
                    Some(most) => write!(out, "){{{least},{most}}}"),
                    None => write!(out, "){{{least},}}"),
                };
                if *greedy == Some(false) {
                    out.push('?');
                }
            }
        }
    }
}

/// The preference of alternatives: several always prefer the longest, one prefers what its first part with a preference does.
pub(super) fn preference(branches: &[Branch]) -> Option<bool> {
    match branches {
        [one] => one.iter().find_map(Item::prefers),
        _ => Some(true),
    }
}

/// Whether a backtracking engine finds the same spans.
pub(super) fn is_plain(branches: &[Branch]) -> bool {
    matches!(branches, [one] if one.iter().all(Item::is_plain))
}

/// Alternatives in the crate's syntax.
pub(super) fn write_branches(branches: &[Branch], captures: bool, out: &mut String) {
    for (at, branch) in branches.iter().enumerate() {
        if at > 0 {
            out.push('|');
        }
        for item in branch {
            item.write(captures, out);
        }
    }
}
