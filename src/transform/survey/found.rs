//! The conclusions of a survey: which rows repeat others, which go because a row that they refer to goes, and which are in a cycle. Boundary: rows
//! that were looked at; how they were is `survey`'s.

use std::collections::{HashMap, HashSet};

use super::{Digest, End, NONE, Seen, Surveyor};
use crate::row::{KeyKind, LegacyKey};
use crate::transform::row::SelfEdge;

/// Rows equal to an earlier one, by their places: merged into it (`Some(winner)`), or not allowed (`None`).
pub(super) type Exceptions = HashMap<usize, Option<usize>>;

/// All rows that were looked at, in the order in which they count. A row is known by its place in it.
pub(super) struct Found<'s> {
    seen: &'s Surveyor,
    places: Places<'s>,
}

/// Where the row with a key is; only rows that are referred to are looked for.
enum Places<'s> {
    /// Parts that are each in the order of the keys.
    Sorted(Vec<&'s [Seen]>),
    Hashed(HashMap<&'s LegacyKey, usize>),
}

impl<'s> Places<'s> {
    fn of(seen: &'s Surveyor, kind: KeyKind) -> Self {
        if kind == KeyKind::Int {
            let begins = std::iter::once(0).chain(seen.later.iter().copied());
            let ends = seen.later.iter().copied().chain([seen.rows.len()]);
            return Self::Sorted(begins.zip(ends).map(|(begin, end)| &seen.rows[begin..end]).collect());
        }
        let wanted = !seen.edges.is_empty() || !seen.into.is_empty();
        let rows = seen.rows.iter().enumerate().filter(|_| wanted);
        Self::Hashed(rows.map(|(at, row)| (&row.key, at)).collect())
    }

    fn get(&self, key: &LegacyKey) -> Option<usize> {
        match self {
            Self::Hashed(places) => places.get(key).copied(),
            Self::Sorted(parts) => {
                let mut end: usize = parts.iter().map(|part| part.len()).sum();
                // A row that came again later counts there.
                parts.iter().rev().find_map(|part| {
                    end -= part.len();
                    part.binary_search_by(|row| row.key.cmp(key)).ok().map(|at| end + at)
                })
            }
        }
    }
}

/// The first row with each digest: places, found by the digest's own bits, which are as good as random. Some bytes a row instead of the
/// digest itself a second time.
struct Firsts<'d> {
    /// Places + 1; 0 is free. At most three quarters are taken.
    slots: Vec<u32>,
    /// By a row's number.
    digests: &'d [Digest],
    rows: &'d [Seen],
}

impl<'d> Firsts<'d> {
    fn new(digests: &'d [Digest], rows: &'d [Seen]) -> Self {
        let wanted = digests.iter().filter(|digest| **digest != NONE).count();
        Self { slots: vec![0; (wanted + wanted / 3 + 1).next_power_of_two()], digests, rows }
    }

    /// The digest of the row at a place, where it has one.
    fn digest(&self, place: usize) -> Option<Digest> {
        self.digests.get(self.rows[place].number as usize).copied().filter(|digest| *digest != NONE)
    }

    /// The place of the first row with the digest, or the slot that is free for it.
    fn find(&self, digest: Digest) -> Result<usize, usize> {
        let last = self.slots.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "as many bits as there are slots")]
        let mut slot = digest as usize & last;
        loop {
            match (self.slots[slot] as usize).checked_sub(1) {
                None => return Err(slot),
                Some(place) if self.digest(place) == Some(digest) => return Ok(place),
                Some(_) => slot = (slot + 1) & last,
            }
        }
    }

    /// Takes a row in unless there is one with its digest.
    fn insert(&mut self, digest: Digest, place: usize) {
        if let Err(slot) = self.find(digest) {
            // Numbers of rows fit, see `Surveyor::look_at`.
            self.slots[slot] = u32::try_from(place + 1).unwrap_or(u32::MAX);
        }
    }
}

impl<'s> Found<'s> {
    /// `seen` with its rows in the order in which they count.
    pub(super) fn new(seen: &'s Surveyor, kind: KeyKind) -> Self {
        Self { seen, places: Places::of(seen, kind) }
    }

    pub(super) fn duplicates(&self, gone: &HashSet<usize>) -> Exceptions {
        let rows = &self.seen.rows;
        let (mut first_by, mut first_unique) = (Firsts::new(&self.seen.by, rows), Firsts::new(&self.seen.unique, rows));
        let mut found = Exceptions::new();
        if self.seen.by.is_empty() && self.seen.unique.is_empty() {
            return found;
        }
        // What is in the target already comes before all others.
        let adopted = (0..rows.len()).filter(|_| !self.seen.adopted.is_empty()).filter(|at| rows[*at].end == End::Adopted);
        for place in adopted {
            if let Some(by) = first_by.digest(place) {
                first_by.insert(by, place);
            }
            if let Some(unique) = first_unique.digest(place) {
                first_unique.insert(unique, place);
            }
        }
        for place in (0..rows.len()).filter(|at| rows[*at].end == End::Written && !gone.contains(at)) {
            let (by, unique) = (first_by.digest(place), first_unique.digest(place));
            if let Some(winner) = by.and_then(|by| first_by.find(by).ok()) {
                found.insert(place, Some(winner));
                continue;
            }
            if let Some(unique) = unique {
                if first_unique.find(unique).is_ok() {
                    found.insert(place, None);
                    continue;
                }
                first_unique.insert(unique, place);
            }
            if let Some(by) = by {
                first_by.insert(by, place);
            }
        }
        found
    }

    /// A row whose mandatory parent is not there goes, and with it what depends on it. Gives whether one went: then what stood behind it may
    /// be a duplicate no more.
    pub(super) fn lose_children(&self, exceptions: &Exceptions, gone: &mut HashSet<usize>) -> bool {
        if self.seen.edges.is_empty() {
            return false;
        }
        let mut changed = false;
        for (place, row) in self.seen.rows.iter().enumerate() {
            let Some(edges) = self.seen.edges.get(&row.number) else { continue };
            if gone.contains(&place) || exceptions.contains_key(&place) {
                continue;
            }
            let parent_stands = |edge: &SelfEdge| {
                let end = self.places.get(&edge.parent).and_then(|parent| self.survivor(exceptions, parent));
                end.is_some_and(|end| self.stays(gone, exceptions, end))
            };
            if !edges.iter().filter(|edge| !edge.optional).all(parent_stands) {
                gone.insert(place);
                changed = true;
            }
        }
        changed
    }

    /// Whether a row, which no merge leads on from, is in the target in the end.
    pub(super) fn stays(&self, gone: &HashSet<usize>, exceptions: &Exceptions, place: usize) -> bool {
        self.seen.rows[place].end.stands() && !gone.contains(&place) && !exceptions.contains_key(&place)
    }

    /// Follows merges to the row that stands in the end; `None` when they go in a circle or lead nowhere.
    pub(super) fn survivor(&self, exceptions: &Exceptions, mut place: usize) -> Option<usize> {
        let rows = &self.seen.rows;
        for _ in 0..rows.len() {
            place = match (rows[place].end, exceptions.get(&place)) {
                (End::MergedInto, _) => self.places.get(self.seen.into.get(&rows[place].number)?)?,
                (_, Some(Some(winner))) => *winner,
                _ => return Some(place),
            };
        }
        None
    }

    /// Members of cycles of self references, column by column: each row has at most one parent in a column, so walking up from a
    /// row either ends or comes back.
    pub(super) fn cycles(&self) -> HashSet<(usize, LegacyKey)> {
        let rows = &self.seen.rows;
        let mut parents: HashMap<usize, HashMap<usize, usize>> = HashMap::new();
        for (place, row) in rows.iter().enumerate().filter(|_| !self.seen.edges.is_empty()) {
            for edge in self.seen.edges.get(&row.number).into_iter().flatten() {
                if let Some(parent) = self.places.get(&edge.parent) {
                    parents.entry(edge.column).or_default().insert(place, parent);
                }
            }
        }
        let mut members = HashSet::new();
        for (column, up) in parents {
            // 0 not seen; otherwise the number of the walk that saw it.
            let mut walk_of: HashMap<usize, usize> = HashMap::new();
            let mut starts: Vec<usize> = up.keys().copied().collect();
            starts.sort_unstable();
            for (walk, start) in starts.into_iter().enumerate() {
                let mut node = Some(start);
                while let Some(current) = node {
                    match walk_of.get(&current) {
                        Some(seen) if *seen == walk => {
                            let mut member = current;
                            loop {
                                members.insert((column, rows[member].key.clone()));
                                member = up[&member];
                                if member == current {
                                    break;
                                }
                            }
                            break;
                        }
                        Some(_) => break,
                        None => {
                            walk_of.insert(current, walk);
                            node = up.get(&current).copied();
                        }
                    }
                }
            }
        }
        members
    }
}
