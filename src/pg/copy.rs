//! Binary COPY: its header and trailer, and tuples cut out of a stream that arrives in pieces of any size. Boundary: framing
//! (`src/backend/commands/copyto.c` on the server's side); tuples go on in the same layout, untouched.

use std::pin::Pin;

use thiserror::Error;
use tokio_postgres::CopyOutStream;

use super::driver::Piece;
use super::{PgError, Session};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, length of the header's extension.
const HEADER_BYTES: usize = SIGNATURE.len() + 8;
/// Flags that a reader must understand; none are in use today (bit 16 once announced OIDs).
const CRITICAL_FLAGS: u32 = 0xFFFF_0000;

/// A stream that is not binary COPY.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("malformed COPY stream: {what}")]
pub struct CopyFormatError {
    /// What is wrong.
    pub what: &'static str,
}

/// Appends the header of a binary COPY stream.
pub fn copy_header(out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[0; 8]);
}

/// Appends its trailer.
pub fn copy_trailer(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i16).to_be_bytes());
}

/// Whole tuples in `row::tuple` layout.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TupleBatch {
    /// The tuples.
    pub tuples: Vec<u8>,
    /// How many.
    pub rows: u32,
}

/// Cuts a binary COPY stream, which arrives in arbitrary pieces, into batches of whole tuples.
///
/// It keeps its place within an unfinished tuple, so every byte is looked at once however small the pieces are.
#[derive(Debug)]
pub struct CopySplitter {
    columns: u16,
    batch_bytes: usize,
    bytes: Vec<u8>,
    /// Where the next count or length stands; can lie behind `bytes` while a field is incomplete.
    at: usize,
    /// Fields of the current tuple that were not seen yet; `None` between tuples.
    fields_left: Option<u16>,
    /// End of the last whole tuple, and how many there are up to it.
    whole: usize,
    rows: u32,
    header_seen: bool,
    ended: bool,
}

impl CopySplitter {
    /// Batches of at least `batch_bytes`, except the last.
    pub fn new(columns: usize, batch_bytes: usize) -> Self {
        // More than 65,535 columns cannot be; the count then never matches and the first tuple is refused.
        let columns = u16::try_from(columns).unwrap_or(u16::MAX);
        Self { columns, batch_bytes, bytes: Vec::new(), at: 0, fields_left: None, whole: 0, rows: 0, header_seen: false, ended: false }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), CopyFormatError> {
        if self.ended && !piece.is_empty() {
            return Err(CopyFormatError { what: "bytes behind the trailer" });
        }
        self.bytes.extend_from_slice(piece);
        if !self.header_seen && !self.strip_header()? {
            return Ok(());
        }
        self.scan()
    }

    fn strip_header(&mut self) -> Result<bool, CopyFormatError> {
        let Some(header) = self.bytes.get(..HEADER_BYTES) else { return Ok(false) };
        if !header.starts_with(SIGNATURE) {
            return Err(CopyFormatError { what: "no binary COPY header" });
        }
        let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if word(SIGNATURE.len()) & CRITICAL_FLAGS != 0 {
            return Err(CopyFormatError { what: "the header has flags that are not known" });
        }
        let extension = usize::try_from(word(SIGNATURE.len() + 4)).unwrap_or(usize::MAX);
        // PostgreSQL sends no extension; a length that no server would send is damage, not something to wait for.
        if extension > 64 * 1024 {
            return Err(CopyFormatError { what: "the header's extension is too long" });
        }
        if self.bytes.len() < HEADER_BYTES + extension {
            return Ok(false);
        }
        self.bytes.drain(..HEADER_BYTES + extension);
        self.header_seen = true;
        Ok(true)
    }

    fn scan(&mut self) -> Result<(), CopyFormatError> {
        loop {
            match self.fields_left {
                None => {
                    let Some(count) = self.bytes.get(self.at..self.at + 2) else { return Ok(()) };
                    let count = i16::from_be_bytes([count[0], count[1]]);
                    if count == -1 {
                        self.ended = true;
                        if self.bytes.len() > self.at + 2 {
                            return Err(CopyFormatError { what: "bytes behind the trailer" });
                        }
                        self.bytes.truncate(self.at);
                        return Ok(());
                    }
                    if count.cast_unsigned() != self.columns {
                        return Err(CopyFormatError { what: "a tuple has not as many fields as there are columns" });
                    }
                    self.at += 2;
                    self.fields_left = Some(self.columns);
                }
                Some(0) => {
                    if self.at > self.bytes.len() {
                        return Ok(());
                    }
                    self.whole = self.at;
                    self.rows += 1;
                    self.fields_left = None;
                }
                Some(left) => {
                    let Some(length) = self.bytes.get(self.at..self.at.saturating_add(4)) else { return Ok(()) };
                    let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
                    self.at += 4;
                    match usize::try_from(length) {
                        Ok(length) => self.at += length,
                        Err(_) if length == -1 => {}
                        Err(_) => return Err(CopyFormatError { what: "a field has a negative length" }),
                    }
                    self.fields_left = Some(left - 1);
                }
            }
        }
    }

    /// A batch, when one is full.
    pub fn take_full(&mut self) -> Option<TupleBatch> {
        (self.rows > 0 && self.whole >= self.batch_bytes).then(|| self.take())
    }

    fn take(&mut self) -> TupleBatch {
        let rest = &self.bytes[self.whole..];
        // Room for the next batch at once: growing by doubling would copy it several times.
        let mut next = Vec::with_capacity(if self.ended { 0 } else { self.whole + self.whole / 16 + rest.len() });
        next.extend_from_slice(rest);
        let mut tuples = std::mem::replace(&mut self.bytes, next);
        tuples.truncate(self.whole);
        self.at -= self.whole;
        self.whole = 0;
        TupleBatch { tuples, rows: std::mem::take(&mut self.rows) }
    }

    /// The rest, at the end of the stream; an error when the stream was cut short.
    pub fn finish(&mut self) -> Result<Option<TupleBatch>, CopyFormatError> {
        if !self.ended {
            return Err(CopyFormatError { what: "it ended before its trailer" });
        }
        Ok((self.rows > 0).then(|| self.take()))
    }
}

/// A running `COPY … TO STDOUT (FORMAT binary)`.
pub struct CopyOut<'a> {
    session: &'a mut Session,
    stream: Pin<Box<CopyOutStream>>,
    splitter: CopySplitter,
    done: bool,
}

impl<'a> CopyOut<'a> {
    /// Starts it. `sql` is the whole statement, `columns` the number of fields of its rows.
    pub fn start(session: &'a mut Session, sql: &str, columns: usize, batch_bytes: usize) -> Result<Self, PgError> {
        let stream = session.copy_out(sql)?;
        Ok(Self { session, stream, splitter: CopySplitter::new(columns, batch_bytes), done: false })
    }

    /// The next batch of whole tuples, at least `batch_bytes` large but for the last; `None` at the end.
    pub fn next_batch(&mut self) -> Result<Option<TupleBatch>, PgError> {
        if self.done {
            return Ok(None);
        }
        let malformed = match self.session.read_on(&mut self.stream, &mut self.splitter)? {
            Piece::Batch(batch) => return Ok(Some(batch)),
            Piece::Malformed(malformed) => malformed,
            Piece::End => {
                self.done = true;
                match self.splitter.finish() {
                    Ok(rest) => return Ok(rest),
                    Err(malformed) => malformed,
                }
            }
        };
        Err(PgError::Protocol { server: self.session.server().to_owned(), what: malformed.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::row::TupleWriter;

    fn stream(rows: &[Vec<Option<Vec<u8>>>], columns: usize) -> (Vec<u8>, Vec<u8>) {
        let mut writer = TupleWriter::default();
        for row in rows {
            writer.begin(columns);
            for field in row {
                match field {
                    Some(bytes) => writer.field(bytes),
                    None => writer.null(),
                }
            }
        }
        let tuples = writer.into_bytes();
        let mut bytes = Vec::new();
        copy_header(&mut bytes);
        bytes.extend_from_slice(&tuples);
        copy_trailer(&mut bytes);
        (bytes, tuples)
    }

    fn split(bytes: &[u8], piece: usize, columns: usize, batch: usize) -> Result<Vec<TupleBatch>, CopyFormatError> {
        let mut splitter = CopySplitter::new(columns, batch);
        let mut batches = Vec::new();
        for piece in bytes.chunks(piece) {
            splitter.push(piece)?;
            batches.extend(splitter.take_full());
        }
        batches.extend(splitter.finish()?);
        Ok(batches)
    }

    proptest! {
        #[test]
        fn batches_hold_the_tuples_whatever_the_pieces(rows in prop::collection::vec(prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 2), 0..12), piece in 1_usize..40, batch in 1_usize..60) {
            let (bytes, tuples) = stream(&rows, 2);
            let batches = split(&bytes, piece, 2, batch).unwrap();
            let all: Vec<u8> = batches.iter().flat_map(|b| b.tuples.clone()).collect();
            prop_assert_eq!(all, tuples);
            prop_assert_eq!(batches.iter().map(|b| b.rows as usize).sum::<usize>(), rows.len());
            for batch in &batches {
                let mut walk = crate::row::Tuples::new(&batch.tuples, 2);
                let mut fields = Vec::new();
                let mut count = 0;
                while walk.next_into(&mut fields).unwrap().is_some() {
                    count += 1;
                }
                prop_assert_eq!(count, batch.rows);
            }
        }

        #[test]
        fn a_stream_that_is_cut_short_is_an_error(cut in 0_usize..58, piece in 1_usize..20) {
            let (bytes, _) = stream(&[vec![Some(vec![1, 2, 3]), None], vec![Some(vec![]), Some(vec![9; 8])]], 2);
            prop_assume!(cut < bytes.len());
            prop_assert!(split(&bytes[..cut], piece, 2, 8).is_err());
        }

        #[test]
        fn hostile_bytes_are_an_error_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), piece in 1_usize..20, with_header: bool) {
            let mut all = Vec::new();
            if with_header {
                copy_header(&mut all);
            }
            all.extend_from_slice(&bytes);
            let _ = split(&all, piece, 1, 8);
        }
    }
}
