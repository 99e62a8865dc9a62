//! Tuples: rows as PostgreSQL's binary COPY carries them, a field count of two bytes, then for each field a length of four
//! bytes (-1 for NULL) and the bytes. This is also how rows stand in the staging file, from the source and for the target
//! alike, so that no stage re-frames them. Boundary: framing only; what the bytes mean is the field codec's matter.

use thiserror::Error;

/// Bytes that are no tuple.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("malformed tuple at byte {at}: {what}")]
pub struct MalformedTuple {
    /// Offset in the buffer.
    pub at: usize,
    /// What was expected.
    pub what: &'static str,
}

/// Reads the tuple at `at` of `bytes` into `fields` (cleared first) and gives the offset behind it.
///
/// # Errors
/// When the bytes end early, a length is negative other than -1, or there are not `columns` fields.
pub fn read_tuple<'a>(bytes: &'a [u8], at: usize, columns: usize, fields: &mut Vec<Option<&'a [u8]>>) -> Result<usize, MalformedTuple> {
    fields.clear();
    let count = bytes.get(at..at + 2).ok_or(MalformedTuple { at, what: "a field count" })?;
    if usize::from(u16::from_be_bytes([count[0], count[1]])) != columns {
        return Err(MalformedTuple { at, what: "as many fields as columns" });
    }
    let mut next = at + 2;
    for _ in 0..columns {
        let length = bytes.get(next..next + 4).ok_or(MalformedTuple { at: next, what: "a field length" })?;
        let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        next += 4;
        match usize::try_from(length) {
            Ok(length) => {
                let field = next.checked_add(length).and_then(|end| bytes.get(next..end));
                fields.push(Some(field.ok_or(MalformedTuple { at: next, what: "the bytes of a field" })?));
                next += length;
            }
            Err(_) if length == -1 => fields.push(None),
            Err(_) => return Err(MalformedTuple { at: next - 4, what: "a field length or -1" }),
        }
    }
    Ok(next)
}

/// Walks the tuples of a buffer.
#[derive(Debug)]
pub struct Tuples<'a> {
    bytes: &'a [u8],
    columns: usize,
    at: usize,
}

impl<'a> Tuples<'a> {
    /// Tuples of `columns` fields each.
    pub fn new(bytes: &'a [u8], columns: usize) -> Self {
        Self { bytes, columns, at: 0 }
    }

    /// Reads the next tuple into `fields`; gives its byte range, or `None` at the end of the buffer.
    pub fn next_into(&mut self, fields: &mut Vec<Option<&'a [u8]>>) -> Result<Option<std::ops::Range<usize>>, MalformedTuple> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let start = self.at;
        self.at = read_tuple(self.bytes, start, self.columns, fields)?;
        Ok(Some(start..self.at))
    }
}

/// Writes tuples into a buffer. A tuple that was begun and not finished can be taken back.
#[derive(Debug, Default)]
pub struct TupleWriter {
    bytes: Vec<u8>,
    begun_at: usize,
}

impl TupleWriter {
    /// An empty writer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), begun_at: 0 }
    }

    /// Begins a tuple of `columns` fields.
    ///
    /// # Panics
    /// With more than 65,535 columns; PostgreSQL's limit is 1,664.
    pub fn begin(&mut self, columns: usize) {
        self.begun_at = self.bytes.len();
        let columns = u16::try_from(columns).expect("a table has at most 1,664 columns");
        self.bytes.extend_from_slice(&columns.to_be_bytes());
    }

    /// Adds a NULL field.
    pub fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// Adds a field of these bytes.
    pub fn field(&mut self, bytes: &[u8]) {
        self.field_with(|out| out.extend_from_slice(bytes));
    }

    /// Adds a field whose bytes `write` appends; the length is filled in behind it.
    ///
    /// # Panics
    /// When one field is larger than PostgreSQL's limit of 1 GiB.
    pub fn field_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let length = i32::try_from(self.bytes.len() - at - 4).expect("a field is at most 1 GiB");
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// Takes back the tuple that was begun last.
    pub fn abandon(&mut self) {
        self.bytes.truncate(self.begun_at);
    }

    /// Takes back everything behind `length` bytes: what was begun of a field.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Empties the buffer and keeps its room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.begun_at = 0;
    }

    /// The bytes so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The finished buffer.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 3), 0..9)) {
            let mut writer = TupleWriter::default();
            for row in &rows {
                writer.begin(3);
                for field in row {
                    match field {
                        Some(bytes) => writer.field(bytes),
                        None => writer.null(),
                    }
                }
            }
            let bytes = writer.into_bytes();
            let mut tuples = Tuples::new(&bytes, 3);
            let mut fields = Vec::new();
            for row in &rows {
                prop_assert!(tuples.next_into(&mut fields).unwrap().is_some());
                let expected: Vec<_> = row.iter().map(|f| f.as_deref()).collect();
                prop_assert_eq!(&fields, &expected);
            }
            prop_assert!(tuples.next_into(&mut fields).unwrap().is_none());
        }

        #[test]
        fn hostile_bytes_are_an_error_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), columns in 0_usize..4) {
            let mut tuples = Tuples::new(&bytes, columns);
            let mut fields = Vec::new();
            while let Ok(Some(_)) = tuples.next_into(&mut fields) {}
        }
    }
}
