//! The block of a payload: one zstd frame. Boundary: the only place that knows zstd; what the bytes are is not its business.

use std::cell::RefCell;
use std::io;

use zstd::bulk::Compressor;
use zstd::stream::raw::{CParameter, DParameter, Decoder, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe::get_frame_content_size;

use super::PayloadError;

/// Measured on the rows of the orthodontics example: see "Speed" in ARCHITECTURE.md.
const LEVEL: i32 = 1;
/// How far back a frame may refer, as a power of two: 2 MiB, a chunk as it is read by default.
const WINDOW_LOG: u32 = 21;
/// How much room is taken at once for each byte of a block. Rows come to less; what comes to more gets its room step by step.
const USUAL_GROWTH: usize = 256;

thread_local! {
    // One of each for a thread that needs it: setting up their tables would be work for every chunk.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECODER: RefCell<Option<Decoder<'static>>> = const { RefCell::new(None) };
}

/// Compresses into one frame that says how many bytes are in it. It has no checksum: the payload has one.
/// Open to tests, which make hostile payloads.
#[doc(hidden)]
pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, PayloadError> {
    with(&COMPRESSOR, compressor, |compressor| compressor.compress(bytes).map_err(malformed))
}

/// Expands a block that must be one frame of so many bytes.
pub(super) fn expand(block: &[u8], bytes: usize) -> Result<Vec<u8>, PayloadError> {
    match get_frame_content_size(block) {
        Ok(Some(declared)) if declared == bytes as u64 => {}
        Ok(Some(declared)) => return Err(PayloadError::Count { what: "bytes", found: declared, expected: bytes as u64 }),
        Ok(None) => return Err(bad("it does not say its size")),
        Err(_) => return Err(bad("it is no zstd frame")),
    }
    with(&DECODER, decoder, |decoder| {
        // Whatever an earlier block that was malformed left in it.
        decoder.reinit().map_err(malformed)?;
        let mut expanded = Vec::with_capacity(first_room(block.len(), bytes));
        let mut input = InBuffer::around(block);
        loop {
            let at = expanded.len();
            let left = decoder.run(&mut input, &mut OutBuffer::around_pos(&mut expanded, at)).map_err(malformed)?;
            if left == 0 {
                break;
            }
            if expanded.len() < expanded.capacity() {
                return Err(bad("it is cut off"));
            }
            if expanded.len() >= bytes {
                return Err(bad("it holds more than it says"));
            }
            // Twice what has really come, so that a few bytes cannot ask for gigabytes.
            expanded.reserve_exact(expanded.len().min(bytes - expanded.len()));
        }
        if input.pos() != block.len() {
            return Err(bad("something stands behind the frame"));
        }
        if expanded.len() != bytes {
            return Err(PayloadError::Count { what: "bytes", found: expanded.len() as u64, expected: bytes as u64 });
        }
        Ok(expanded)
    })
}

/// The room that is taken before a byte was expanded. Where it is all that is needed, zstd writes straight into it.
fn first_room(block: usize, bytes: usize) -> usize {
    bytes.min(block.saturating_mul(USUAL_GROWTH))
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    compressor.set_parameter(CParameter::ContentSizeFlag(true))?;
    compressor.set_parameter(CParameter::ChecksumFlag(false))?;
    Ok(compressor)
}

fn decoder() -> io::Result<Decoder<'static>> {
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
    Ok(decoder)
}

/// What this thread has of its kind, made when it is first needed.
fn with<T, R>(
    kept: &'static std::thread::LocalKey<RefCell<Option<T>>>,
    make: impl FnOnce() -> io::Result<T>,
    work: impl FnOnce(&mut T) -> Result<R, PayloadError>,
) -> Result<R, PayloadError> {
    kept.with_borrow_mut(|kept| {
        let kept = match kept {
            Some(kept) => kept,
            None => kept.insert(make().map_err(malformed)?),
        };
        work(kept)
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn malformed(failure: io::Error) -> PayloadError {
    PayloadError::Block { detail: failure.to_string() }
}

fn bad(detail: &str) -> PayloadError {
    PayloadError::Block { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_compressed_is_expanded(bytes in prop::collection::vec(0_u8..5, 0..5_000)) {
            prop_assert_eq!(expand(&compress(&bytes).unwrap(), bytes.len()).unwrap(), bytes);
        }

        #[test]
        fn a_malformed_block_does_not_spoil_the_next(block in prop::collection::vec(any::<u8>(), 0..50), cut in 5_usize..20) {
            let bytes = b"one two three one two three one two three";
            let good = compress(bytes).unwrap();
            prop_assert!(expand(&block, 3).is_err());
            prop_assert!(expand(&good[..cut], bytes.len()).is_err());
            prop_assert_eq!(expand(&good, bytes.len()).unwrap(), bytes);
        }
    }

    #[test]
    fn bytes_that_are_nearly_nothing_get_their_room_as_they_come() {
        let bytes = vec![7; 50_000_000];
        let block = compress(&bytes).unwrap();
        assert!(first_room(block.len(), bytes.len()) < 2_000_000, "{}", block.len());
        assert_eq!(expand(&block, bytes.len()).unwrap(), bytes);
    }

    /// A frame with a window of 1 KiB that claims to hold `declared` bytes, and one raw block of four.
    fn claiming(declared: u64) -> Vec<u8> {
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x00];
        frame.extend_from_slice(&declared.to_le_bytes());
        frame.extend_from_slice(&[0x21, 0, 0, 1, 2, 3, 4]);
        frame
    }

    #[test]
    fn a_block_that_lies_about_its_size_takes_no_room() {
        assert_eq!(expand(&claiming(4), 4).unwrap(), [1, 2, 3, 4]);
        for lie in [0, 3, 5, 2 << 30, u64::MAX >> 1] {
            assert!(expand(&claiming(lie), 4).is_err(), "{lie}");
            assert!(expand(&claiming(lie), usize::try_from(lie).unwrap()).is_err(), "{lie}");
            assert!(first_room(claiming(lie).len(), usize::try_from(lie).unwrap()) < 6_000);
        }
    }

    #[test]
    fn one_frame_and_nothing_behind_it() {
        let mut block = compress(b"abc").unwrap();
        block.push(0);
        assert!(expand(&block, 3).is_err());
        block.pop();
        block.extend(compress(b"").unwrap());
        assert!(expand(&block, 3).is_err());
    }

    #[test]
    fn the_frame_is_the_documented_one() {
        let block = compress(&[1; 300]).unwrap();
        assert_eq!(block[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        assert_eq!(block[4] & 0b111, 0, "no checksum, no dictionary");
        assert!(compress(&vec![1; 5 << 20]).unwrap()[5] >> 3 <= 11, "a window of at most 2^(10 + 11) bytes");
    }
}
