//! A stream of binary COPY that arrives in pieces of any size is the same stream. The first bytes are the number of columns and
//! the sizes of the pieces.
#![no_main]

use etl::pg::{CopySplitter, copy_header};
use etl::row::Tuples;
use libfuzzer_sys::fuzz_target;

/// The tuples of a stream, and whether it was well.
fn tuples(columns: usize, pieces: &[&[u8]], batch: usize) -> (Vec<u8>, u32, bool) {
    let mut splitter = CopySplitter::new(columns, batch);
    let (mut all, mut rows) = (Vec::new(), 0);
    for piece in pieces {
        let well = splitter.push(piece).is_ok();
        while let Some(batch) = splitter.take_full() {
            all.extend_from_slice(&batch.tuples);
            rows += batch.rows;
        }
        if !well {
            return (all, rows, false);
        }
    }
    match splitter.finish() {
        Ok(rest) => {
            if let Some(batch) = rest {
                all.extend_from_slice(&batch.tuples);
                rows += batch.rows;
            }
            (all, rows, true)
        }
        Err(_) => (all, rows, false),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[columns, first, second, header, batch], body)) = data.split_first_chunk() else { return };
    let mut stream = Vec::new();
    if header % 4 != 0 {
        copy_header(&mut stream);
    }
    stream.extend_from_slice(body);
    let columns = usize::from(columns % 8);
    let (first, second) = (usize::from(first) + 1, usize::from(second) + 1);
    let whole = tuples(columns, &[&stream], usize::MAX);
    let pieces: Vec<&[u8]> = stream
        .chunks(first + second)
        .flat_map(|both| {
            let (one, two) = both.split_at(first.min(both.len()));
            [one, two]
        })
        .collect();
    let cut = tuples(columns, &pieces, usize::from(batch));
    assert_eq!(whole.2, cut.2, "a stream is well or not, however it is cut");
    if whole.2 {
        assert_eq!(whole, cut);
        let (mut walk, mut fields, mut rows) = (Tuples::new(&whole.0, columns), Vec::new(), 0);
        while walk.next_into(&mut fields).expect("whole tuples").is_some() {
            rows += 1;
        }
        assert_eq!(rows, whole.1);
    }
});
