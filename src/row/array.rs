//! Arrays in the form of their field bytes (`array_send`): a header with dimensions, a flag and the elements' type, then for each
//! element a length of four bytes (-1 for NULL) and its bytes. Elements are found without a copy and decoded only when they
//! are asked for. Boundary: framing only; what an element's bytes mean is `field.rs`, what functions do with arrays is `expr`'s.

/// One dimension of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Number of elements.
    pub length: i32,
    /// The first index, 1 unless it was set otherwise.
    pub lower: i32,
}

/// An array of any number of dimensions, read in place. Every length in it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    dimensions: Vec<Dimension>,
    elements: &'a [u8],
    count: usize,
}

/// PostgreSQL's limit (`MAXDIM`).
pub const MOST_DIMENSIONS: usize = 6;
const HEADER: usize = 12;

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..at + 4)?.try_into().ok().map(i32::from_be_bytes)
}

impl<'a> Array<'a> {
    /// Reads the header and walks all elements once. `None` where the bytes are no array.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let dimensions = usize::try_from(int(bytes, 0)?).ok().filter(|n| *n <= MOST_DIMENSIONS)?;
        if !matches!(int(bytes, 4)?, 0 | 1) {
            return None;
        }
        let start = HEADER + 8 * dimensions;
        let dimensions: Vec<Dimension> = (0..dimensions)
            .map(|n| Some(Dimension { length: int(bytes, HEADER + 8 * n)?, lower: int(bytes, HEADER + 8 * n + 4)? }))
            .collect::<Option<_>>()?;
        let mut count = usize::from(!dimensions.is_empty());
        for dimension in &dimensions {
            count = count.checked_mul(usize::try_from(dimension.length).ok()?)?;
            dimension.lower.checked_add(dimension.length)?;
        }
        let array = Self { dimensions, elements: bytes.get(start..)?, count };
        let mut walk = array.iter();
        let mut walked = 0;
        while let Some(element) = walk.step() {
            element?;
            walked += 1;
        }
        (walked == count && walk.rest.is_empty()).then_some(array)
    }

    /// The dimensions; none where the array is empty.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Number of elements in all dimensions.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The elements' bytes, the last dimension fastest; `None` for NULL.
    pub fn iter(&self) -> Elements<'a> {
        Elements { rest: self.elements, left: self.count }
    }
}

impl<'a> IntoIterator for &Array<'a> {
    type Item = Option<&'a [u8]>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Elements<'a> {
        self.iter()
    }
}

/// The elements of an array that was checked.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Elements<'a> {
    /// The next element; `Some(None)` where the bytes end early.
    #[allow(clippy::option_option, reason = "the end, a mistake, NULL, an element")]
    fn step(&mut self) -> Option<Option<Option<&'a [u8]>>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.take())
    }

    #[allow(clippy::option_option, reason = "a mistake, NULL, an element")]
    fn take(&mut self) -> Option<Option<&'a [u8]>> {
        let length = int(self.rest, 0)?;
        let rest = self.rest.get(4..)?;
        if length == -1 {
            self.rest = rest;
            return Some(None);
        }
        let (element, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(Some(element))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().flatten()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// Makes the field bytes of an array.
#[derive(Debug)]
pub struct ArrayWriter {
    bytes: Vec<u8>,
    flag: usize,
}

impl ArrayWriter {
    /// An array with these dimensions; as many elements must follow as they have. The elements' OID is set when the array is
    /// written for a server.
    pub fn new(dimensions: &[Dimension], element_oid: u32) -> Self {
        Self::append(Vec::new(), dimensions, element_oid)
    }

    /// The same, behind what `bytes` hold already.
    pub fn append(mut bytes: Vec<u8>, dimensions: &[Dimension], element_oid: u32) -> Self {
        let empty = dimensions.iter().any(|d| d.length == 0);
        let dimensions = if empty { &[] } else { dimensions };
        let flag = bytes.len() + 7;
        bytes.extend_from_slice(&u32::try_from(dimensions.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(&0_u32.to_be_bytes());
        bytes.extend_from_slice(&element_oid.to_be_bytes());
        for dimension in dimensions {
            bytes.extend_from_slice(&dimension.length.to_be_bytes());
            bytes.extend_from_slice(&dimension.lower.to_be_bytes());
        }
        Self { bytes, flag }
    }

    /// A NULL element.
    pub fn null(&mut self) {
        self.bytes[self.flag] = 1;
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// An element whose bytes `write` appends.
    pub fn element<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
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
