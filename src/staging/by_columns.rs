//! Tuples by columns: first what stands in the first column of every row, then what stands in the second. Rows differ, columns
//! repeat themselves, so what follows compresses better and sooner. Boundary: the framing of tuples, and back to the byte; what
//! the fields mean is not known here. The layout is in `staging/FORMAT.md`.

use std::ops::RangeInclusive;

/// Values of so many bytes are cut into planes, where a column has no others: numbers, dates and times, whose high bytes are
/// nearly always the same. Longer ones are texts that are equally long, and keys, which are random.
const PLANES: RangeInclusive<usize> = 2..=8;
/// Tuples of more bytes stay as they are: some value among them is so large that its neighbours do not matter, and the copy would.
pub(super) const MAX_BYTES: usize = 64 << 20;
/// The field count that stands before each tuple, and the length before each field.
pub(super) const FIELD_COUNT: usize = 2;
const LENGTH: usize = 4;

/// What stands in a column, apart from the lengths.
#[derive(Clone, Copy)]
struct Column {
    /// Fields that are not NULL.
    filled: usize,
    /// Bytes of their values.
    bytes: usize,
    /// The length of all of them, where it is the same.
    width: Option<usize>,
}

impl Column {
    /// Looks at the lengths of a column; `None` where one is negative and not that of NULL.
    fn of(lengths: impl Iterator<Item = i32>) -> Option<Self> {
        let (mut filled, mut bytes, mut first, mut all_same) = (0, 0, None, true);
        for length in lengths {
            if length == -1 {
                continue;
            }
            let length = usize::try_from(length).ok()?;
            filled += 1;
            bytes += length;
            all_same &= *first.get_or_insert(length) == length;
        }
        Some(Self { filled, bytes, width: first.filter(|_| all_same) })
    }

    fn planes(&self) -> Option<usize> {
        self.width.filter(|width| PLANES.contains(width))
    }
}

/// Rearranges tuples; `None` where they are not so many rows of so many fields, or more bytes than are rearranged.
pub(super) fn by_columns(tuples: &[u8], columns: usize, rows: usize) -> Option<Vec<u8>> {
    if columns == 0 || rows == 0 || tuples.len() > MAX_BYTES {
        return None;
    }
    let (mut fields, lengths) = lengths(tuples, columns, rows)?;
    let mut arranged = Vec::with_capacity(tuples.len() - FIELD_COUNT * rows);
    for lengths in lengths.chunks_exact(rows) {
        let column = Column::of(lengths.iter().copied())?;
        for shift in [24, 16, 8, 0] {
            let byte = |length: i32| (length >> shift).to_le_bytes()[0];
            match column.width {
                // Known without another look at each row, as for most columns.
                Some(_) if column.filled == rows => arranged.resize(arranged.len() + rows, byte(lengths[0])),
                _ => arranged.extend(lengths.iter().map(|length| byte(*length))),
            }
        }
        let values = lengths.iter().zip(&mut fields).filter_map(|(length, at)| {
            let start = *at + LENGTH;
            let Ok(length) = usize::try_from(*length) else {
                *at = start;
                return None;
            };
            *at = start + length;
            Some(&tuples[start..*at])
        });
        let begin = arranged.len();
        match column.planes() {
            Some(width) => {
                arranged.resize(begin + column.bytes, 0);
                let planes = &mut arranged[begin..];
                match width {
                    4 => cut::<4>(values, planes),
                    8 => cut::<8>(values, planes),
                    _ => {
                        for (row, value) in values.enumerate() {
                            for (byte, plane) in value.iter().zip(planes.chunks_exact_mut(column.filled)) {
                                plane[row] = *byte;
                            }
                        }
                    }
                }
            }
            None => values.for_each(|value| arranged.extend_from_slice(value)),
        }
    }
    Some(arranged)
}

/// The widths of most numbers, with planes whose number is known to the compiler: half the time.
fn cut<'a, const WIDTH: usize>(values: impl Iterator<Item = &'a [u8]>, planes: &mut [u8]) {
    let filled = planes.len() / WIDTH;
    let mut rest = planes;
    let mut planes: [&mut [u8]; WIDTH] = std::array::from_fn(|_| {
        let (plane, behind) = std::mem::take(&mut rest).split_at_mut(filled);
        rest = behind;
        plane
    });
    for (row, value) in values.enumerate() {
        if let Some(value) = value.first_chunk::<WIDTH>() {
            for (byte, plane) in value.iter().zip(&mut planes) {
                plane[row] = *byte;
            }
        }
    }
}

/// Where the first field of each tuple begins, and the lengths of all fields column by column, when the bytes are that many
/// tuples and nothing else.
fn lengths(tuples: &[u8], columns: usize, rows: usize) -> Option<(Vec<usize>, Vec<i32>)> {
    // Before room is taken for them.
    if tuples.len() < rows.checked_mul(FIELD_COUNT + LENGTH * columns)? {
        return None;
    }
    let count = u16::try_from(columns).ok()?.to_be_bytes();
    let mut starts = Vec::with_capacity(rows);
    let mut lengths = vec![0; rows * columns];
    let mut at = 0;
    for row in 0..rows {
        if tuples.get(at..at + FIELD_COUNT)? != count {
            return None;
        }
        at += FIELD_COUNT;
        starts.push(at);
        for place in lengths[row..].iter_mut().step_by(rows) {
            let length = i32::from_be_bytes(*tuples.get(at..)?.first_chunk()?);
            *place = length;
            at += LENGTH;
            if length != -1 {
                at = at.checked_add(usize::try_from(length).ok()?)?;
            }
        }
    }
    (at == tuples.len()).then_some((starts, lengths))
}

/// A column as it stands among the arranged bytes.
struct Arranged<'a> {
    lengths: [&'a [u8]; LENGTH],
    /// The length in all rows, where it is the same: most columns need no look at each.
    always: Option<i32>,
    values: &'a [u8],
    column: Column,
}

impl<'a> Arranged<'a> {
    /// A column of these lengths, without its values; `None` where one is negative and not that of NULL.
    fn of(lengths: [&'a [u8]; LENGTH]) -> Option<Self> {
        let same = |plane: &&[u8]| plane[1..] == plane[..plane.len() - 1];
        let mut part = Self { lengths, always: None, values: &[], column: Column { filled: 0, bytes: 0, width: None } };
        part.column = if lengths.iter().all(same) {
            let rows = lengths[0].len();
            let length = part.lengths().next();
            part.always = length;
            let one = Column::of(part.always.into_iter())?;
            Column { filled: one.filled * rows, bytes: one.bytes.checked_mul(rows)?, width: one.width }
        } else {
            Column::of(part.lengths())?
        };
        Some(part)
    }

    fn lengths(&self) -> impl Iterator<Item = i32> {
        let [a, b, c, d] = self.lengths;
        a.iter().zip(b).zip(c.iter().zip(d)).map(|((a, b), (c, d))| i32::from_be_bytes([*a, *b, *c, *d]))
    }
}

/// The tuples that were rearranged, `bytes` in all.
pub(super) fn by_rows(arranged: &[u8], columns: usize, rows: usize, bytes: usize) -> Result<Vec<u8>, &'static str> {
    let framing = rows.checked_mul(FIELD_COUNT + LENGTH * columns);
    if columns == 0 || rows == 0 || framing.is_none_or(|framing| framing > bytes) {
        return Err("its numbers are not those of tuples by columns");
    }
    let (parts, mut fields) = parts(arranged, columns, rows)?;
    // Until here `fields` held how many bytes of values each row has; now it is where its next field goes.
    let mut end = 0;
    for field in &mut fields {
        let values = *field;
        *field = end + FIELD_COUNT;
        end += FIELD_COUNT + LENGTH * columns + values;
    }
    if end != bytes {
        return Err("its columns come to other bytes than its tuples");
    }
    let count = u16::try_from(columns).map_err(|_| "it has too many columns")?.to_be_bytes();
    let mut tuples = vec![0; bytes];
    for field in &fields {
        tuples[field - FIELD_COUNT..*field].copy_from_slice(&count);
    }
    for part in &parts {
        match part.column.planes() {
            Some(2) => join::<2>(part, &mut fields, &mut tuples),
            Some(4) => join::<4>(part, &mut fields, &mut tuples),
            Some(8) => join::<8>(part, &mut fields, &mut tuples),
            Some(width) => {
                let mut row = 0;
                place(part, &mut fields, &mut tuples, |field| {
                    for (byte, plane) in field.iter_mut().zip(part.values.chunks_exact(part.column.filled)).take(width) {
                        *byte = plane[row];
                    }
                    row += 1;
                });
            }
            None => {
                let mut rest = part.values;
                place(part, &mut fields, &mut tuples, |field| {
                    let (value, behind) = rest.split_at(field.len());
                    field.copy_from_slice(value);
                    rest = behind;
                });
            }
        }
    }
    Ok(tuples)
}

/// Takes the columns apart; with them, how many bytes of values each row has.
fn parts(arranged: &[u8], columns: usize, rows: usize) -> Result<(Vec<Arranged<'_>>, Vec<usize>), &'static str> {
    let mut rest = arranged;
    let mut take = |bytes| {
        let (taken, behind) = rest.split_at_checked(bytes)?;
        rest = behind;
        Some(taken)
    };
    let cut = "its columns are cut off";
    let mut parts = Vec::with_capacity(columns);
    let (mut sizes, mut always) = (vec![0; rows], 0);
    for _ in 0..columns {
        let mut lengths = [&arranged[..0]; LENGTH];
        for plane in &mut lengths {
            *plane = take(rows).ok_or(cut)?;
        }
        let mut part = Arranged::of(lengths).ok_or("a length in it is negative")?;
        part.values = take(part.column.bytes).ok_or(cut)?;
        match part.always {
            Some(length) => always += usize::try_from(length).unwrap_or(0),
            None => {
                for (size, length) in sizes.iter_mut().zip(part.lengths()) {
                    *size += usize::try_from(length).unwrap_or(0);
                }
            }
        }
        parts.push(part);
    }
    if !rest.is_empty() {
        return Err("something stands behind its columns");
    }
    for size in &mut sizes {
        *size += always;
    }
    Ok((parts, sizes))
}

/// Joins the planes of a column whose values have `WIDTH` bytes.
fn join<const WIDTH: usize>(part: &Arranged<'_>, fields: &mut [usize], tuples: &mut [u8]) {
    let filled = part.column.filled;
    let planes: [&[u8]; WIDTH] = std::array::from_fn(|plane| &part.values[plane * filled..(plane + 1) * filled]);
    let mut row = 0;
    place(part, fields, tuples, |field| {
        if let Some(field) = field.first_chunk_mut::<WIDTH>() {
            *field = planes.map(|plane| plane[row]);
        }
        row += 1;
    });
}

/// Writes the lengths of a column to their places, and calls `fill` for the room of each value that is not NULL.
fn place(part: &Arranged<'_>, fields: &mut [usize], tuples: &mut [u8], mut fill: impl FnMut(&mut [u8])) {
    let mut each = |at: &mut usize, length: i32| {
        let value = *at + LENGTH;
        tuples[*at..value].copy_from_slice(&length.to_be_bytes());
        *at = value;
        if let Ok(length) = usize::try_from(length) {
            *at += length;
            fill(&mut tuples[value..*at]);
        }
    };
    match part.always {
        Some(length) => fields.iter_mut().for_each(|at| each(at, length)),
        None => fields.iter_mut().zip(part.lengths()).for_each(|(at, length)| each(at, length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of these fields as tuples.
    fn tuples(rows: &[Vec<Option<Vec<u8>>>]) -> Vec<u8> {
        let mut writer = crate::row::TupleWriter::with_capacity(0);
        for row in rows {
            writer.begin(row.len());
            for field in row {
                match field {
                    Some(bytes) => writer.field(bytes),
                    None => writer.null(),
                }
            }
        }
        writer.into_bytes()
    }

    /// A column whose values all have one length, or any.
    fn column() -> impl Strategy<Value = Vec<Option<Vec<u8>>>> {
        let values = |length| prop::collection::vec(prop::option::weighted(0.8, prop::collection::vec(any::<u8>(), length)), 40);
        prop_oneof![(0_usize..18).prop_flat_map(move |width| values(width..width + 1)), values(0..20)]
    }

    proptest! {
        #[test]
        fn columns_become_rows_again(columns in prop::collection::vec(column(), 1..6), rows in 1_usize..40) {
            let rows: Vec<Vec<_>> = (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect();
            let tuples = tuples(&rows);
            let arranged = by_columns(&tuples, columns.len(), rows.len()).unwrap();
            prop_assert_eq!(arranged.len(), tuples.len() - 2 * rows.len());
            prop_assert_eq!(by_rows(&arranged, columns.len(), rows.len(), tuples.len()).unwrap(), tuples);
        }

        #[test]
        fn what_is_no_tuples_is_left_alone(bytes in prop::collection::vec(0_u8..5, 0..60), columns in 0_usize..4, rows in 0_usize..6) {
            if let Some(arranged) = by_columns(&bytes, columns, rows) {
                prop_assert_eq!(by_rows(&arranged, columns, rows, bytes.len()).unwrap(), bytes);
            }
        }

        #[test]
        fn hostile_columns_are_an_error_never_a_panic(
            arranged in prop::collection::vec(prop_oneof![4 => Just(0), 1 => any::<u8>()], 0..120),
            columns in 0_usize..6, rows in 0_usize..6, bytes in 0_usize..200,
        ) {
            if let Ok(tuples) = by_rows(&arranged, columns, rows, bytes) {
                prop_assert_eq!(by_columns(&tuples, columns, rows).unwrap(), arranged);
            }
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let some = |bytes: &[u8]| Some(bytes.to_vec());
        let tuples = tuples(&[vec![some(&[0, 0, 0, 7]), some(b"a")], vec![None, some(b"bc")], vec![some(&[0, 0, 0, 9]), some(b"")]]);
        let expected = [
            [0, 255, 0, 0, 255, 0, 0, 255, 0, 4, 255, 4].as_slice(),
            &[0, 0, 0, 0, 0, 0, 7, 9],
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0],
            b"abc",
        ];
        assert_eq!(by_columns(&tuples, 2, 3).unwrap(), expected.concat());
    }

    #[test]
    fn numbers_that_ask_for_gigabytes_are_refused() {
        for (columns, rows) in [(65_535, usize::MAX), (65_535, 4_000_000_000), (1, 4_000_000_000)] {
            assert!(by_rows(&[0; 64], columns, rows, 64).is_err());
            assert!(by_columns(&[0; 64], columns, rows).is_none());
        }
    }
}
