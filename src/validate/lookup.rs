//! The staged rows of some buckets, kept to be met by the target's rows one by one. Boundary: ids and hashes; rows themselves are read
//! again where they are to be shown.

/// Where a staged row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which of the table's entities.
    pub feed: u32,
    /// The chunk.
    pub chunk: i64,
    /// The row's position among the chunk's tuples.
    pub position: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: u128,
    hash: u128,
    place: Place,
    met: bool,
}

/// How a row of the target was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// A staged row has the same id and the same content.
    Same,
    /// The staged row with this id has other content.
    Altered(Place),
    /// No staged row has this id, or it was met before.
    Unknown,
}

/// How many rows are kept at a time: 64 bytes each, so 16 MB.
pub(super) const KEPT_ROWS: u64 = 1 << 18;

/// The staged rows.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    entries: Vec<Entry>,
}

impl Lookup {
    /// Adds a staged row; only before the first row is met.
    pub fn add(&mut self, id: u128, hash: u128, place: Place) {
        self.entries.push(Entry { id, hash, place, met: false });
    }

    /// Makes it ready to be met.
    pub fn ready(&mut self) {
        self.entries.sort_unstable_by_key(|entry| (entry.id, entry.place));
    }

    /// Meets a row of the target; `hash` gives its hash as an entity of the table sees it.
    ///
    /// Rows with one id twice, on either side, are met one by one: what is left over is altered, missing or unknown.
    pub fn meet(&mut self, id: u128, hash: impl Fn(u32) -> u128) -> Meeting {
        let first = self.entries.partition_point(|entry| entry.id < id);
        let mut altered = None;
        for (at, entry) in self.entries.iter().enumerate().skip(first).take_while(|(_, entry)| entry.id == id) {
            if !entry.met && entry.hash == hash(entry.place.feed) {
                self.entries[at].met = true;
                return Meeting::Same;
            }
            if !entry.met && altered.is_none() {
                altered = Some(at);
            }
        }
        match altered {
            Some(at) => {
                self.entries[at].met = true;
                Meeting::Altered(self.entries[at].place)
            }
            None => Meeting::Unknown,
        }
    }

    /// The staged rows that were not met.
    pub fn unmet(&self) -> impl Iterator<Item = Place> {
        self.entries.iter().filter(|entry| !entry.met).map(|entry| entry.place)
    }

    /// The ids of those that were not met, of the places asked for.
    pub fn unmet_ids(&self, of: impl Fn(&Place) -> bool) -> impl Iterator<Item = u128> {
        self.entries.iter().filter(move |entry| !entry.met && of(&entry.place)).map(|entry| entry.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(position: u32) -> Place {
        Place { feed: 0, chunk: 1, position }
    }

    #[test]
    fn rows_meet_once() {
        let mut lookup = Lookup::default();
        for (id, position) in [(9, 0), (3, 1), (5, 2), (7, 3)] {
            lookup.add(id, id * 10, place(position));
        }
        lookup.ready();
        assert_eq!(lookup.meet(3, |_| 30), Meeting::Same);
        assert_eq!(lookup.meet(5, |_| 51), Meeting::Altered(place(2)));
        assert_eq!(lookup.meet(4, |_| 40), Meeting::Unknown);
        assert_eq!(lookup.meet(3, |_| 30), Meeting::Unknown, "a second row with the same id is one too many");
        assert_eq!(lookup.unmet().collect::<Vec<_>>(), [place(3), place(0)]);
    }

    #[test]
    fn equal_ids_meet_the_equal_row_first() {
        let mut lookup = Lookup::default();
        lookup.add(1, 10, place(0));
        lookup.add(1, 11, place(1));
        lookup.ready();
        assert_eq!(lookup.meet(1, |_| 11), Meeting::Same);
        assert_eq!(lookup.meet(1, |_| 12), Meeting::Altered(place(0)));
        assert_eq!(lookup.unmet().count(), 0);
    }
}
