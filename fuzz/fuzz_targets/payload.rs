//! Payloads of the staging file: any bytes, any block under a right checksum, and a bit that flipped.
#![no_main]

use etl::staging::{decode_payload, encode_payload, seal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = decode_payload(data);
    let Some((&[columns, rows, raw_low, raw_high, place, bit], rest)) = data.split_first_chunk() else { return };
    // A block that no compressor made.
    let raw_bytes = u64::from(raw_low) + 256 * u64::from(raw_high);
    if let Ok(payload) = decode_payload(&seal(columns.into(), rows.into(), raw_bytes, rest).expect("small enough")) {
        assert_eq!(payload.tuples.len() as u64, raw_bytes);
    }
    let mut packed = encode_payload(columns.into(), rows.into(), rest).expect("small enough");
    let unpacked = decode_payload(&packed).expect("our own");
    assert_eq!((unpacked.columns, unpacked.rows, unpacked.tuples.as_slice()), (columns.into(), rows.into(), rest));
    let place = usize::from(place) * packed.len() / 256;
    packed[place] ^= 1 << (bit % 8);
    assert!(decode_payload(&packed).is_err(), "a flipped bit is seen");
});
