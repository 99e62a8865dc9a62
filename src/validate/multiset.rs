//! Sets of rows, compared without keeping or sorting them. Each row is hashed with a key that is drawn anew for every validation, and
//! the hashes of a bucket are added up: two sides with equal sums and counts hold the same rows, whatever order they came in.
//! Boundary: hashing only; where rows come from is known in `staged` and `cells`.
//!
//! Why a sum, not an exclusive or: a row that is there twice would cancel itself out. Why a random key: nobody, not even by accident,
//! can have arranged rows whose sums collide; the chance for two different sides to agree is about 2^-128 for each bucket.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// How many buckets a side has. A million rows leave some 250 in each, so that one wrong row costs looking at few others, and a side takes
/// 128 KB: rows come in no order, and each adds to a bucket that should still be in the processor's cache.
pub(super) const BUCKETS: u16 = 1 << 12;

/// All buckets.
pub(super) fn all_buckets() -> std::ops::Range<u16> {
    0..BUCKETS
}

/// Hashes rows with the key of this validation.
#[derive(Clone, Debug)]
pub(super) struct RowHasher(SipHasher13);

/// Which fields of a row are hashed, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// All, as they stand.
    Whole,
    /// These.
    Picked(Vec<usize>),
}

impl Shape {
    /// The fields at `positions` of a row of `columns` fields.
    pub fn new(positions: Vec<usize>, columns: usize) -> Self {
        let whole = positions.len() == columns && positions.iter().enumerate().all(|(at, position)| at == *position);
        if whole { Self::Whole } else { Self::Picked(positions) }
    }
}

impl RowHasher {
    /// With a key of the system's randomness.
    pub fn new() -> Self {
        // The hashes of two texts under the secret random key of the standard library's own tables.
        let random = RandomState::new();
        Self::with_key(random.hash_one("first half"), random.hash_one("second half"))
    }

    fn with_key(first: u64, second: u64) -> Self {
        Self(SipHasher13::new_with_keys(first, second))
    }

    /// The hash of a row: `tuple` is all of it in `row::tuple` layout, `fields` the same apart. The lengths are hashed with the
    /// fields, so that no byte can move from one field to the next unseen.
    pub fn row(&self, shape: &Shape, tuple: &[u8], fields: &[Option<&[u8]>]) -> u128 {
        let mut hasher = self.0;
        match shape {
            // Behind the field count stand lengths and bytes exactly as they are hashed below.
            Shape::Whole => hasher.write(tuple.get(2..).unwrap_or_default()),
            Shape::Picked(positions) => {
                for at in positions {
                    write_field(&mut hasher, fields.get(*at).copied().flatten());
                }
            }
        }
        hasher.finish128().into()
    }

    /// The hash of single bytes.
    pub fn bytes(&self, bytes: &[u8]) -> u128 {
        let mut hasher = self.0;
        hasher.write(bytes);
        hasher.finish128().into()
    }

    /// A row's id as a number: a UUID is one, anything else is hashed to one.
    pub fn id(&self, id: Option<&[u8]>) -> u128 {
        let id = id.unwrap_or_default();
        <[u8; 16]>::try_from(id).map_or_else(|_| self.bytes(id), u128::from_be_bytes)
    }
}

fn write_field(hasher: &mut SipHasher13, field: Option<&[u8]>) {
    // PostgreSQL's limit of a field is 1 GiB, and the rows came in this layout.
    let length = field.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    hasher.write(&length.to_be_bytes());
    hasher.write(field.unwrap_or_default());
}

/// The bucket of an id. The last bits, because they are random in every kind of UUID, while the first bits of a UUIDv7 are the time.
#[allow(clippy::cast_possible_truncation, reason = "the last bits are what is wanted")]
pub(super) fn bucket_of(id: u128) -> u16 {
    id as u16 % BUCKETS
}

/// One side: for each bucket the sum of the rows' hashes and their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Multiset(Vec<(u128, u64)>);

impl Multiset {
    /// Without rows.
    pub fn new() -> Self {
        Self(vec![(0, 0); usize::from(BUCKETS)])
    }

    /// Adds a row.
    pub fn add(&mut self, id: u128, hash: u128) {
        let bucket = &mut self.0[usize::from(bucket_of(id))];
        *bucket = (bucket.0.wrapping_add(hash), bucket.1 + 1);
    }

    /// How many rows a bucket has.
    pub fn rows_in(&self, bucket: u16) -> u64 {
        self.0[usize::from(bucket)].1
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.0.iter().map(|(_, rows)| rows).sum()
    }

    /// The buckets in which two sides differ.
    pub fn differing(&self, other: &Self) -> Vec<u16> {
        all_buckets().filter(|bucket| self.0[usize::from(*bucket)] != other.0[usize::from(*bucket)]).collect()
    }
}

/// A set of buckets.
#[derive(Clone, Debug)]
pub(super) struct BucketSet(Vec<bool>);

impl BucketSet {
    /// Of these buckets.
    pub fn new(buckets: &[u16]) -> Self {
        let mut set = vec![false; usize::from(BUCKETS)];
        for bucket in buckets {
            set[usize::from(*bucket)] = true;
        }
        Self(set)
    }

    /// Whether an id falls into one of them.
    pub fn holds(&self, id: u128) -> bool {
        self.0[usize::from(bucket_of(id))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{TupleWriter, Tuples};

    type Row = (u8, Option<&'static str>, &'static str);

    /// Rows of an id, two text fields, in the layout of COPY.
    fn multiset(hasher: &RowHasher, shape: &Shape, rows: &[Row]) -> Multiset {
        let mut writer = TupleWriter::default();
        for (id, first, second) in rows {
            writer.begin(3);
            let mut uuid = [7; 16];
            uuid[15] = *id;
            writer.field(&uuid);
            match first {
                Some(text) => writer.field(text.as_bytes()),
                None => writer.null(),
            }
            writer.field(second.as_bytes());
        }
        let bytes = writer.into_bytes();
        let (mut walk, mut fields, mut set) = (Tuples::new(&bytes, 3), Vec::new(), Multiset::new());
        while let Some(range) = walk.next_into(&mut fields).expect("own tuples") {
            set.add(hasher.id(fields[0]), hasher.row(shape, &bytes[range], &fields));
        }
        set
    }

    fn differing(a: &[Row], b: &[Row]) -> usize {
        let hasher = RowHasher::new();
        multiset(&hasher, &Shape::Whole, a).differing(&multiset(&hasher, &Shape::Whole, b)).len()
    }

    const ROWS: [Row; 4] = [(1, Some("a"), "b"), (2, None, "b"), (3, Some(""), "c"), (4, Some("x"), "y")];

    #[test]
    fn order_does_not_matter() {
        let mut turned = ROWS;
        turned.reverse();
        assert_eq!(differing(&ROWS, &turned), 0);
    }

    #[test]
    fn one_changed_cell_is_one_differing_bucket() {
        let mut changed = ROWS;
        changed[3].2 = "z";
        assert_eq!(differing(&ROWS, &changed), 1);
    }

    #[test]
    fn null_and_empty_differ() {
        let mut changed = ROWS;
        changed[1].1 = Some("");
        assert_eq!(differing(&ROWS, &changed), 1);
    }

    #[test]
    fn bytes_that_move_to_the_next_field_are_seen() {
        assert_eq!(differing(&[(1, Some("ab"), "c")], &[(1, Some("a"), "bc")]), 1);
    }

    #[test]
    fn missing_extra_and_doubled_rows_are_seen() {
        assert_eq!(differing(&ROWS, &ROWS[1..]), 1);
        assert_eq!(differing(&ROWS[1..], &ROWS), 1);
        let doubled = [ROWS[0], ROWS[0], ROWS[2], ROWS[3]];
        assert_eq!(differing(&ROWS, &doubled), 2, "one row twice, another missing: the counts agree, the buckets do not");
        let twice = [ROWS[0], ROWS[0], ROWS[1], ROWS[1], ROWS[2], ROWS[3]];
        assert_eq!(differing(&ROWS, &twice), 2, "a doubled row does not cancel itself out");
    }

    #[test]
    fn cells_swapped_between_rows_are_seen() {
        let swapped = [(1, Some("a"), "y"), ROWS[1], ROWS[2], (4, Some("x"), "b")];
        assert_eq!(differing(&ROWS, &swapped), 2);
    }

    #[test]
    fn picked_fields_hash_as_the_whole_row_does() {
        let hasher = RowHasher::new();
        let picked = Shape::Picked(vec![0, 1, 2]);
        assert_eq!(multiset(&hasher, &Shape::Whole, &ROWS), multiset(&hasher, &picked, &ROWS));
        assert_eq!(Shape::new(vec![0, 1, 2], 3), Shape::Whole);
        assert_eq!(Shape::new(vec![0, 2], 3), Shape::Picked(vec![0, 2]));
        assert_eq!(Shape::new(vec![1, 0], 2), Shape::Picked(vec![1, 0]));
    }

    #[test]
    fn each_validation_has_its_own_key() {
        assert_ne!(RowHasher::new().bytes(b"row"), RowHasher::new().bytes(b"row"));
    }

    #[test]
    fn ids_of_other_types_have_buckets_too() {
        let hasher = RowHasher::new();
        assert_eq!(hasher.id(Some(&[9; 16])), u128::from_be_bytes([9; 16]));
        assert_eq!(hasher.id(Some(&[0, 0, 0, 1])), hasher.id(Some(&[0, 0, 0, 1])));
        assert_ne!(hasher.id(Some(&[0, 0, 0, 1])), hasher.id(Some(&[0, 0, 0, 2])));
    }
}
