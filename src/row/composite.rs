//! Values of composite types in the form of their field bytes (`record_send`): a count of attributes, then for each the OID of its
//! type, a length of four bytes (-1 for NULL) and its bytes. Boundary: framing only, as in `array.rs`.

/// The attributes of a composite value, read in place. Every length in it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Attributes<'a> {
    /// Walks all attributes once. `None` where the bytes are no such value with this number of attributes.
    pub fn read(bytes: &'a [u8], attributes: usize) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk()?;
        if usize::try_from(i32::from_be_bytes(*count)).ok()? != attributes {
            return None;
        }
        let read = Self { rest, left: attributes };
        let mut walk = read.clone();
        for _ in 0..attributes {
            walk.step()?;
        }
        walk.rest.is_empty().then_some(read)
    }

    #[allow(clippy::option_option, reason = "a mistake, NULL, an attribute")]
    fn step(&mut self) -> Option<Option<&'a [u8]>> {
        let (_oid, rest) = self.rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk()?;
        match i32::from_be_bytes(*length) {
            -1 => {
                self.rest = rest;
                Some(None)
            }
            length => {
                let (field, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                self.rest = rest;
                Some(Some(field))
            }
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.step()
    }
}

/// Makes the field bytes of a composite value.
#[derive(Debug)]
pub struct AttributeWriter {
    bytes: Vec<u8>,
}

impl AttributeWriter {
    /// Begins a value behind what `bytes` hold already; as many attributes must follow.
    pub fn append(mut bytes: Vec<u8>, attributes: usize) -> Self {
        bytes.extend_from_slice(&u32::try_from(attributes).unwrap_or(u32::MAX).to_be_bytes());
        Self { bytes }
    }

    /// An attribute that is NULL.
    pub fn null(&mut self, oid: u32) {
        self.bytes.extend_from_slice(&oid.to_be_bytes());
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// An attribute whose bytes `write` appends.
    pub fn attribute<E>(&mut self, oid: u32, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.bytes.extend_from_slice(&oid.to_be_bytes());
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes)?;
        let length = u32::try_from(self.bytes.len() - at - 4).unwrap_or(u32::MAX);
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
