//! What a regular expression matches: where, and which groups. Boundary: trees come from `regex_syntax.rs`; functions are `regexp.rs`'s.
//!
//! The `regex` crate says *whether* and *from where* a pattern matches: both are the same for every engine. It takes the first of several
//! matches in the order of trying, PostgreSQL the longest or the shortest (see `regex_tree.rs`). Where that can differ, the end is found by
//! an automaton that knows all matches, and groups are found by taking the match apart as PostgreSQL's `cdissect` does. All of that is linear
//! in the text, but for groups, which take a pass for each place where a part can end, as they do on a server.

use std::collections::HashSet;
use std::panic::{RefUnwindSafe, UnwindSafe};

use regex::Regex;
use regex_automata::hybrid::dfa::{Cache, DFA, OverlappingState};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind};

use super::context::EvalError;
use super::regex_class::NOT_WORD;
use super::regex_syntax::{self, Options, Parsed, Refusal};
use super::regex_tree::{Branch, Item, is_plain, preference, write_branches};

/// Begin and end, in bytes.
pub(super) type Span = (usize, usize);

/// What is asked of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Whether it matches.
    Match,
    /// Where.
    Span,
    /// Where its groups match.
    Groups,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// `None` where the crate's end is right.
    bounds: Option<Bounds>,
    /// Number of capturing groups.
    pub groups: usize,
    /// `None` where the crate's groups are right, or none are asked for.
    tree: Option<Node>,
    /// What is asked about texts before a pattern with word boundaries is matched: the crate takes some characters for parts of words
    /// that PostgreSQL does not. Texts with those are refused rather than matched otherwise.
    strange: Option<Regex>,
}

fn too_large<E>(_: E) -> Refusal {
    "the pattern is too large".to_owned()
}

impl Pattern {
    /// Compiles a pattern as far as it is needed.
    pub fn new(pattern: &str, options: Options, need: Need) -> Result<Self, Refusal> {
        let Parsed { branches, groups, words } = regex_syntax::read(pattern, options)?;
        let plain = is_plain(&branches);
        let captured = need == Need::Groups && groups > 0;
        let mut text = String::new();
        write_branches(&branches, captured && plain, &mut text);
        let regex = Regex::new(&text).map_err(too_large)?;
        let bounds = if plain || need == Need::Match {
            None
        } else {
            let longest = preference(&branches) != Some(false);
            Some(if words { Bounds::slow(&text, longest)? } else { Bounds::Fast(Box::new(Automaton::new(&text)?), longest) })
        };
        let tree = match captured && !plain {
            true if words => {
                return Err("groups beside word boundaries (\\y, \\m, \\M) are not supported with alternatives or repeated groups".into());
            }
            true => Some(Node::new(&branches)?),
            false => None,
        };
        let strange = words.then(|| Regex::new(NOT_WORD)).transpose().map_err(too_large)?;
        Ok(Self { regex, bounds, groups, tree, strange })
    }

    /// Whether a text can be refused.
    pub fn fallible(&self) -> bool {
        self.strange.is_some()
    }

    /// Refuses texts that are matched otherwise than on a server.
    pub fn check(&self, text: &str) -> Result<(), EvalError> {
        match &self.strange {
            Some(strange) if !text.is_ascii() && strange.is_match(text) => {
                Err(EvalError::sql("0A000", "a text with combining marks, for a pattern with word boundaries"))
            }
            _ => Ok(()),
        }
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The leftmost match at or behind `from`.
    pub fn find(&self, text: &str, from: usize) -> Result<Option<Span>, EvalError> {
        let Some(found) = self.regex.find_at(text, from) else { return Ok(None) };
        let end = match &self.bounds {
            None => found.end(),
            Some(bounds) => bounds.end(text, found.start())?,
        };
        Ok(Some((found.start(), end)))
    }

    /// The groups of a match.
    pub fn groups(&self, text: &str, (start, end): Span) -> Result<Vec<Option<Span>>, EvalError> {
        let mut groups = vec![None; self.groups];
        match &self.tree {
            Some(tree) => drop(tree.dissect(text, start, end, &mut groups)?),
            None => {
                if let Some(captures) = self.regex.captures_at(text, start) {
                    for (at, group) in groups.iter_mut().enumerate() {
                        *group = captures.get(at + 1).map(|m| (m.start(), m.end()));
                    }
                }
            }
        }
        Ok(groups)
    }

    /// All matches from `from` on as PostgreSQL goes through them: behind an empty one it goes a character further.
    pub fn matches<'p, 't>(&'p self, text: &'t str, from: usize) -> Matches<'p, 't> {
        Matches { pattern: self, text, from: Some(from) }
    }
}

/// See [`Pattern::matches`].
pub(super) struct Matches<'p, 't> {
    pattern: &'p Pattern,
    text: &'t str,
    /// `None` where the end was passed.
    from: Option<usize>,
}

impl Iterator for Matches<'_, '_> {
    type Item = Result<Span, EvalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.pattern.find(self.text, self.from?).transpose();
        self.from = match &found {
            Some(Ok((start, end))) if start == end => self.text[*end..].chars().next().map(|c| end + c.len_utf8()),
            Some(Ok((_, end))) => Some(*end),
            _ => None,
        };
        found
    }
}

type CachePool = Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>>;

/// An automaton that knows every place where a match from a given place can end.
struct Automaton {
    dfa: DFA,
    caches: CachePool,
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Automaton")
    }
}

/// The automaton gave up, which none without word boundaries does.
fn gave_up<E>(_: E) -> EvalError {
    EvalError::sql("0A000", "a text that the pattern cannot be matched against here")
}

impl Automaton {
    fn new(pattern: &str) -> Result<Self, Refusal> {
        let config = DFA::config().match_kind(MatchKind::All);
        let dfa = DFA::builder().configure(config).build(pattern).map_err(too_large)?;
        let create = dfa.clone();
        Ok(Self { dfa, caches: Pool::new(Box::new(move || create.create_cache())) })
    }

    /// The longest or the shortest end of a match that begins at `start`.
    fn end(&self, text: &str, start: usize, longest: bool) -> Result<Option<usize>, EvalError> {
        let input = Input::new(text).range(start..).anchored(Anchored::Yes).earliest(!longest);
        Ok(self.dfa.try_search_fwd(&mut self.caches.get(), &input).map_err(gave_up)?.map(|found| found.offset()))
    }

    /// All ends up to `limit`, ascending.
    fn ends(&self, text: &str, start: usize, limit: usize) -> Result<Vec<usize>, EvalError> {
        let input = Input::new(text).range(start..limit).anchored(Anchored::Yes);
        let (mut cache, mut state, mut ends) = (self.caches.get(), OverlappingState::start(), Vec::new());
        loop {
            self.dfa.try_search_overlapping_fwd(&mut cache, &input, &mut state).map_err(gave_up)?;
            match state.get_match() {
                Some(found) if ends.last() == Some(&found.offset()) => {}
                Some(found) => ends.push(found.offset()),
                None => return Ok(ends),
            }
        }
    }

    fn spans(&self, text: &str, start: usize, end: usize) -> Result<bool, EvalError> {
        Ok(self.ends(text, start, end)?.last() == Some(&end))
    }
}

/// How the end of a match is found.
enum Bounds {
    Fast(Box<Automaton>, bool),
    /// With word boundaries, which the automaton does not know in texts that are not ASCII.
    Slow(Box<PikeVM>, bool),
}

impl std::fmt::Debug for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bounds")
    }
}

impl Bounds {
    fn slow(pattern: &str, longest: bool) -> Result<Self, Refusal> {
        let config = PikeVM::config().match_kind(MatchKind::All);
        let vm = PikeVM::builder().configure(config).build(pattern).map_err(too_large)?;
        Ok(Self::Slow(Box::new(vm), longest))
    }

    fn end(&self, text: &str, start: usize) -> Result<usize, EvalError> {
        match self {
            Self::Fast(automaton, longest) => automaton.end(text, start, *longest)?,
            Self::Slow(vm, longest) => {
                let input = Input::new(text).range(start..).anchored(Anchored::Yes).earliest(!longest);
                let mut found = vm.create_captures();
                vm.search(&mut vm.create_cache(), &input, &mut found);
                found.get_match().map(|found| found.end())
            }
        }
        .ok_or_else(|| gave_up(()))
    }
}

/// A part of a pattern that a match is taken apart by.
#[derive(Debug)]
struct Node {
    automaton: Automaton,
    prefers: Option<bool>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// No groups within.
    Leaf,
    Group(usize, Box<Node>),
    Alternatives(Vec<Node>),
    Pair(Box<[Node; 2]>),
    /// Any number of times up to this one, none included.
    Iteration(Box<Node>, Option<u32>),
}

/// `parseqatom`: which parts of a pattern are taken apart, and in which order.
impl Node {
    fn of(branches: &[Branch], prefers: Option<bool>, kind: Kind) -> Result<Self, Refusal> {
        let mut text = String::new();
        write_branches(branches, false, &mut text);
        Ok(Self { automaton: Automaton::new(&text)?, prefers, kind })
    }

    fn new(branches: &[Branch]) -> Result<Self, Refusal> {
        if let [one] = branches {
            return Self::branch(one);
        }
        let alternatives = branches.iter().map(|branch| Self::branch(branch)).collect::<Result<_, _>>()?;
        Self::of(branches, Some(true), Kind::Alternatives(alternatives))
    }

    fn leaf(items: &[Item], prefers: Option<bool>) -> Result<Self, Refusal> {
        Self::of(&[items.to_vec()], prefers, Kind::Leaf)
    }

    fn pair(items: &[Item], left: Self, right: Self) -> Result<Self, Refusal> {
        let prefers = left.prefers.or(right.prefers);
        Self::of(&[items.to_vec()], prefers, Kind::Pair(Box::new([left, right])))
    }

    fn branch(items: &[Item]) -> Result<Self, Refusal> {
        // Parts without groups and of one preference stay together.
        let mut seen = (false, false);
        let mut run = 0;
        for item in items {
            let (longest, shortest) = item.preferences();
            seen = (seen.0 || longest, seen.1 || shortest);
            if item.captures() || seen == (true, true) {
                break;
            }
            run += 1;
        }
        let Some(item) = items.get(run) else {
            return Self::leaf(items, items.iter().find_map(Item::prefers));
        };
        let mut node = Self::item(item)?;
        if run + 1 < items.len() {
            node = Self::pair(&items[run..], node, Self::branch(&items[run + 1..])?)?;
        }
        if run > 0 {
            let front = &items[..run];
            node = Self::pair(items, Self::leaf(front, front.iter().find_map(Item::prefers))?, node)?;
        }
        Ok(node)
    }

    fn item(item: &Item) -> Result<Self, Refusal> {
        let whole = std::slice::from_ref(item);
        match item {
            Item::Group { index, branches } if item.captures() => {
                let inner = Self::new(branches)?;
                let prefers = inner.prefers;
                match index {
                    Some(index) => Self::of(&[whole.to_vec()], prefers, Kind::Group(*index, Box::new(inner))),
                    None => Ok(inner),
                }
            }
            Item::Repeat { most: Some(0), .. } if item.captures() => Err("a group that is repeated no times is not supported".into()),
            Item::Repeat { item: inner, least, most, greedy } if item.captures() => {
                let mut node = Self::item(inner)?;
                let prefers = greedy.or(node.prefers);
                match (least, most) {
                    (1, Some(1)) => node.prefers = prefers,
                    (0, _) => node = Self::of(&[whole.to_vec()], prefers, Kind::Iteration(Box::new(node), *most))?,
                    // The last time is what groups are taken from.
                    _ => {
                        let before =
                            Item::Repeat { item: inner.clone(), least: least - 1, most: most.map(|most| most - 1), greedy: *greedy };
                        node = Self::pair(whole, Self::leaf(&[before], prefers)?, node)?;
                        node.prefers = prefers;
                    }
                }
                Ok(node)
            }
            _ => Self::leaf(whole, item.prefers()),
        }
    }

    /// The ends of this part in the order of its preference, the first one last.
    fn candidates(&self, text: &str, start: usize, limit: usize) -> Result<Vec<usize>, EvalError> {
        let mut ends = self.automaton.ends(text, start, limit)?;
        if self.prefers == Some(false) {
            ends.reverse();
        }
        Ok(ends)
    }

    /// `cdissect`: finds the groups of a span that this part matches.
    fn dissect(&self, text: &str, start: usize, end: usize, groups: &mut [Option<Span>]) -> Result<bool, EvalError> {
        match &self.kind {
            Kind::Leaf => Ok(true),
            Kind::Group(index, inner) => {
                let found = inner.dissect(text, start, end, groups)?;
                if let Some(group) = groups.get_mut(index - 1) {
                    *group = Some((start, end));
                }
                Ok(found)
            }
            Kind::Alternatives(alternatives) => {
                for alternative in alternatives {
                    if alternative.automaton.spans(text, start, end)? {
                        return alternative.dissect(text, start, end, groups);
                    }
                }
                Ok(false)
            }
            Kind::Pair(pair) => {
                let [left, right] = &**pair;
                for middle in left.candidates(text, start, end)?.into_iter().rev() {
                    if right.automaton.spans(text, middle, end)? {
                        return Ok(left.dissect(text, start, middle, groups)? && right.dissect(text, middle, end, groups)?);
                    }
                }
                Ok(false)
            }
            // The empty text is one time of a part that prefers the longest, where it can be, and no time of one that prefers the shortest.
            Kind::Iteration(inner, _) if start == end => {
                let once = inner.prefers != Some(false) && inner.automaton.spans(text, start, end)?;
                if once { inner.dissect(text, start, end, groups) } else { Ok(true) }
            }
            Kind::Iteration(inner, most) => match inner.last_time(text, start, end, *most)? {
                Some(last) => inner.dissect(text, last, end, groups),
                None => Ok(false),
            },
        }
    }

    /// `citerdissect`: where the last of several times begins. No time matches the empty text.
    fn last_time(&self, text: &str, start: usize, end: usize, most: Option<u32>) -> Result<Option<usize>, EvalError> {
        let most = most.and_then(|most| usize::try_from(most).ok());
        let mut dead = HashSet::new();
        let mut open = vec![(start, self.candidates(text, start, end)?)];
        while let Some((from, candidates)) = open.last_mut() {
            let from = *from;
            let Some(next) = candidates.pop() else {
                dead.insert((from, most.map(|_| open.len())));
                open.pop();
                continue;
            };
            if next == end {
                return Ok(Some(from));
            }
            let times = open.len() + 1;
            if next != from && most.is_none_or(|most| times <= most) && !dead.contains(&(next, most.map(|_| times))) {
                open.push((next, self.candidates(text, next, end)?));
            }
        }
        Ok(None)
    }
}
