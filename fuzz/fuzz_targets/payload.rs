//! Payloads of the staging file: any bytes, any block under a right checksum, and a bit that flipped.
#![no_main]

use etl::staging::{compress, decode_payload, encode_payload, seal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = decode_payload(data);
    let Some((&[columns, rows, raw_low, raw_high, place, bit], rest)) = data.split_first_chunk() else { return };
    // A block that no compressor made; then one that holds what no transform made.
    let raw_bytes = u64::from(raw_low) + 256 * u64::from(raw_high);
    for block in [rest, &compress(rest).expect("small enough")] {
        for (arrangement, raw_bytes) in [(place % 3, raw_bytes), (1, rest.len() as u64 + 2 * u64::from(rows))] {
            let hostile = seal(columns.into(), rows.into(), raw_bytes, arrangement, block).expect("small enough");
            if let Ok(payload) = decode_payload(&hostile) {
                assert_eq!(payload.tuples.len() as u64, raw_bytes);
            }
        }
    }
    let mut packed = encode_payload(columns.into(), rows.into(), rest).expect("small enough");
    let unpacked = decode_payload(&packed).expect("our own");
    assert_eq!((unpacked.columns, unpacked.rows, unpacked.tuples.as_slice()), (columns.into(), rows.into(), rest));
    let place = usize::from(place) * packed.len() / 256;
    packed[place] ^= 1 << (bit % 8);
    assert!(decode_payload(&packed).is_err(), "a flipped bit is seen");
});
