//! The bytes of a chunk's rows as they stand in the staging file: format byte, bincode envelope, checksum, compressed block.
//! Boundary: the only place that knows bincode; how the tuples are arranged in the block is the matter of `by_columns`, how it is
//! compressed that of `block`. The layout to the byte is in `staging/FORMAT.md`.

use std::hash::Hasher as _;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::{BorrowDecode, Encode};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use thiserror::Error;

use super::block::{compress, expand};
use super::by_columns::{FIELD_COUNT, MAX_BYTES, by_columns, by_rows};

/// The first byte of every payload.
const FORMAT: u8 = 1;
/// What SQLite stores in one value (`SQLITE_MAX_LENGTH`), less room for the rest of the row.
const MAX_STORED: usize = 999_000_000;
/// What the tuples of one chunk may come to. A field is at most 1 GiB, and a chunk holds at least one row.
const MAX_RAW: u64 = 2 << 30;
/// How the tuples stand in the block: one behind the other.
const AS_THEY_ARE: u8 = 0;
/// How the tuples stand in the block: by columns.
const BY_COLUMNS: u8 = 1;

const ENVELOPE: Configuration<LittleEndian, Fixint, Limit<MAX_STORED>> =
    bincode::config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<MAX_STORED>();

/// Bytes that are no payload, or rows that cannot be one.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PayloadError {
    /// No bytes.
    #[error("the payload is empty")]
    Empty,
    /// Another format byte.
    #[error("the payload has format {found}, this etl reads format {FORMAT}")]
    Format {
        /// The byte found.
        found: u8,
    },
    /// The envelope cannot be read.
    #[error("the envelope is malformed: {detail}")]
    Envelope {
        /// What bincode says.
        detail: String,
    },
    /// Bytes behind the envelope.
    #[error("{extra} bytes stand behind the envelope")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// The checksum is not that of the bytes.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum is not the one that was recorded with the chunk.
    #[error("the payload is not the one that was stored with the chunk")]
    Exchanged,
    /// The compressed block is malformed.
    #[error("the compressed block is malformed: {detail}")]
    Block {
        /// What is wrong with it.
        detail: String,
    },
    /// More than a chunk can hold.
    #[error("{bytes} bytes are more than one chunk can hold; leave the large column out, or move it apart")]
    TooLarge {
        /// How many.
        bytes: u64,
    },
    /// The number of rows or columns is not that of the chunk.
    #[error("{what}: {found} where {expected} are expected")]
    Count {
        /// What was counted.
        what: &'static str,
        /// In the payload.
        found: u64,
        /// By the chunk.
        expected: u64,
    },
}

#[derive(Encode, BorrowDecode)]
struct Envelope<'a> {
    columns: u16,
    rows: u32,
    raw_bytes: u64,
    arrangement: u8,
    checksum: [u8; 16],
    block: &'a [u8],
}

impl Envelope<'_> {
    /// Over everything in the payload but the checksum itself, so that no bit of it can change unseen.
    fn checksum_of(&self) -> [u8; 16] {
        let mut hasher = SipHasher13::new();
        hasher.write_u8(FORMAT);
        hasher.write(&self.columns.to_le_bytes());
        hasher.write(&self.rows.to_le_bytes());
        hasher.write(&self.raw_bytes.to_le_bytes());
        hasher.write_u8(self.arrangement);
        hasher.write(self.block);
        u128::from(hasher.finish128()).to_le_bytes()
    }
}

/// Rows that were taken out of the staging file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Fields of each tuple.
    pub columns: usize,
    /// How many tuples.
    pub rows: u64,
    /// The tuples, one behind the other, in the layout of `row::Tuples`.
    pub tuples: Vec<u8>,
}

/// What a payload says of itself; read without expanding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PayloadHead {
    pub columns: usize,
    pub rows: u64,
    pub raw_bytes: u64,
    pub digest: [u8; 16],
}

/// Packs tuples for the staging file. Pure, so that it can be done beside the thread that writes.
pub fn encode_payload(columns: usize, rows: u64, tuples: &[u8]) -> Result<Vec<u8>, PayloadError> {
    let raw_bytes = tuples.len() as u64;
    let too_large = |bytes| PayloadError::TooLarge { bytes };
    if raw_bytes > MAX_RAW {
        return Err(too_large(raw_bytes));
    }
    let columns = u16::try_from(columns).map_err(|_| PayloadError::Count {
        what: "columns",
        found: columns as u64,
        expected: u64::from(u16::MAX),
    })?;
    let rows = u32::try_from(rows).map_err(|_| PayloadError::Count { what: "rows", found: rows, expected: u64::from(u32::MAX) })?;
    let bytes = match by_columns(tuples, usize::from(columns), rows as usize) {
        Some(arranged) => seal(columns, rows, raw_bytes, BY_COLUMNS, &compress(&arranged)?)?,
        None => seal(columns, rows, raw_bytes, AS_THEY_ARE, &compress(tuples)?)?,
    };
    if bytes.len() > MAX_STORED { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// A payload of this block with the checksum that belongs to it, whatever the block is. Open to tests, which make hostile ones.
#[doc(hidden)]
pub fn seal(columns: u16, rows: u32, raw_bytes: u64, arrangement: u8, block: &[u8]) -> Result<Vec<u8>, PayloadError> {
    let mut envelope = Envelope { columns, rows, raw_bytes, arrangement, checksum: [0; 16], block };
    envelope.checksum = envelope.checksum_of();
    let mut bytes = Vec::with_capacity(block.len() + 64);
    bytes.push(FORMAT);
    bincode::encode_into_std_write(&envelope, &mut bytes, ENVELOPE)
        .map_err(|error| PayloadError::Envelope { detail: error.to_string() })?;
    Ok(bytes)
}

/// Unpacks and verifies a payload.
pub fn decode_payload(bytes: &[u8]) -> Result<Payload, PayloadError> {
    let envelope = open(bytes)?;
    if envelope.checksum_of() != envelope.checksum {
        return Err(PayloadError::Checksum);
    }
    // Checked before any room is taken; the block itself gets room as its bytes come.
    if envelope.raw_bytes > MAX_RAW {
        return Err(PayloadError::TooLarge { bytes: envelope.raw_bytes });
    }
    let raw_bytes = usize::try_from(envelope.raw_bytes).map_err(|_| PayloadError::TooLarge { bytes: envelope.raw_bytes })?;
    let (columns, rows) = (usize::from(envelope.columns), envelope.rows as usize);
    let malformed = |detail: &str| PayloadError::Block { detail: detail.to_owned() };
    let tuples = match envelope.arrangement {
        AS_THEY_ARE => expand(envelope.block, raw_bytes)?,
        BY_COLUMNS if raw_bytes > MAX_BYTES => return Err(PayloadError::TooLarge { bytes: envelope.raw_bytes }),
        BY_COLUMNS => {
            let arranged = raw_bytes.checked_sub(FIELD_COUNT * rows).ok_or_else(|| malformed("it has more rows than bytes"))?;
            by_rows(&expand(envelope.block, arranged)?, columns, rows, raw_bytes).map_err(malformed)?
        }
        other => return Err(malformed(&format!("it is arranged in a way of the number {other}"))),
    };
    Ok(Payload { columns, rows: u64::from(envelope.rows), tuples })
}

/// Reads what a payload says of itself.
pub(super) fn payload_head(bytes: &[u8]) -> Result<PayloadHead, PayloadError> {
    let envelope = open(bytes)?;
    Ok(PayloadHead {
        columns: usize::from(envelope.columns),
        rows: u64::from(envelope.rows),
        raw_bytes: envelope.raw_bytes,
        digest: envelope.checksum,
    })
}

fn open(bytes: &[u8]) -> Result<Envelope<'_>, PayloadError> {
    let (format, rest) = bytes.split_first().ok_or(PayloadError::Empty)?;
    if *format != FORMAT {
        return Err(PayloadError::Format { found: *format });
    }
    let (envelope, read) =
        bincode::borrow_decode_from_slice(rest, ENVELOPE).map_err(|error| PayloadError::Envelope { detail: error.to_string() })?;
    match rest.len() - read {
        0 => Ok(envelope),
        extra => Err(PayloadError::Trailing { extra }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(columns in 0_usize..50, rows in 0_u64..1_000, tuples in prop::collection::vec(any::<u8>(), 0..5_000)) {
            let packed = encode_payload(columns, rows, &tuples).unwrap();
            let head = payload_head(&packed).unwrap();
            prop_assert_eq!((head.columns, head.rows, head.raw_bytes), (columns, rows, tuples.len() as u64));
            prop_assert_eq!(decode_payload(&packed).unwrap(), Payload { columns, rows, tuples });
        }

        #[test]
        fn any_flipped_bit_is_seen(tuples in prop::collection::vec(0_u8..4, 0..300), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut packed = encode_payload(3, 7, &tuples).unwrap();
            let at = at.index(packed.len());
            packed[at] ^= 1 << bit;
            prop_assert!(decode_payload(&packed).is_err());
        }

        #[test]
        fn a_cut_is_seen(tuples in prop::collection::vec(0_u8..4, 0..300), at in any::<prop::sample::Index>()) {
            let packed = encode_payload(3, 7, &tuples).unwrap();
            prop_assert!(decode_payload(&packed[..at.index(packed.len())]).is_err());
        }

        #[test]
        fn hostile_bytes_are_an_error_never_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
            if ours && !bytes.is_empty() {
                bytes[0] = FORMAT;
            }
            prop_assert!(decode_payload(&bytes).is_err());
        }

        #[test]
        fn a_hostile_block_under_a_right_checksum_is_an_error_never_a_panic(
            block in prop::collection::vec(any::<u8>(), 0..200), framed in any::<bool>(),
            columns in 0_u16..4, rows in 0_u32..10, raw_bytes in 0_u64..300, arrangement in 0_u8..3,
        ) {
            let block = if framed { compress(&block).unwrap() } else { block };
            if let Ok(payload) = decode_payload(&seal(columns, rows, raw_bytes, arrangement, &block).unwrap()) {
                prop_assert_eq!(payload.tuples.len() as u64, raw_bytes);
            }
        }

        #[test]
        fn tuples_are_packed_by_columns_and_unpacked(values in prop::collection::vec(any::<[u8; 4]>(), 1..300)) {
            let tuples: Vec<u8> = values.iter().flat_map(|value| [&[0, 1, 0, 0, 0, 4], &value[..]].concat()).collect();
            let packed = encode_payload(1, values.len() as u64, &tuples).unwrap();
            prop_assert_eq!(packed[15], BY_COLUMNS);
            prop_assert_eq!(decode_payload(&packed).unwrap().tuples, tuples);
        }
    }

    #[test]
    fn columns_that_are_more_than_is_arranged_are_not_even_expanded() {
        let (rows, raw_bytes) = (1 << 23, 6 << 23);
        let tuples = [0, 1, 0xff, 0xff, 0xff, 0xff].repeat(1 << 23);
        let packed = encode_payload(1, rows, &tuples).unwrap();
        assert_eq!((packed[15], decode_payload(&packed).unwrap().tuples == tuples), (BY_COLUMNS, true));
        let more = [tuples.as_slice(), &tuples].concat();
        let packed = encode_payload(1, 2 * rows, &more).unwrap();
        assert_eq!((packed[15], decode_payload(&packed).unwrap().tuples == more), (AS_THEY_ARE, true));
        let hostile = seal(1, 1 << 24, 2 * raw_bytes, BY_COLUMNS, &[]).unwrap();
        assert_eq!(decode_payload(&hostile), Err(PayloadError::TooLarge { bytes: 2 * raw_bytes }));
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let packed = encode_payload(2, 1, &[0, 2]).unwrap();
        assert_eq!(encode_payload(1, 1, &[0, 1, 0xff, 0xff, 0xff, 0xff]).unwrap()[15], 1, "by columns");
        assert_eq!(packed[0], 1);
        assert_eq!(packed[1..3], [2, 0], "columns, u16 little endian");
        assert_eq!(packed[3..7], [1, 0, 0, 0], "rows, u32");
        assert_eq!(packed[7..15], [2, 0, 0, 0, 0, 0, 0, 0], "bytes of the tuples, u64");
        assert_eq!(packed[15], 0, "no tuples: as they are");
        assert_eq!(u64::from_le_bytes(packed[32..40].try_into().unwrap()), packed.len() as u64 - 40, "length of the block, u64");
    }
}
