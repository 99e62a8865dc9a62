//! Random values: the edges of every type, and values at random between them, as the texts that PostgreSQL reads.

use std::fmt::Write as _;

use etl::row::SqlType;

use super::pools as pool;
use super::rng::Rng;
use super::types::MOODS;

/// A value as a literal's text.
pub fn value(ty: &SqlType, column: usize, rng: &mut Rng) -> String {
    use SqlType as T;
    match ty {
        T::Bool => rng.word(&["true", "false"]).to_owned(),
        T::Int2 => whole(rng, column, i64::from(i16::MIN), i64::from(i16::MAX)),
        T::Int4 => whole(rng, column, i64::from(i32::MIN), i64::from(i32::MAX)),
        T::Int8 => whole(rng, column, i64::MIN, i64::MAX),
        T::Numeric => numeric(rng, column),
        T::Float4 => float(rng, pool::FLOAT4),
        T::Float8 => float(rng, pool::FLOAT8),
        T::Text | T::Varchar => text(rng, column),
        T::Bpchar => rng.word(pool::BPCHAR).to_owned(),
        T::Name => rng.word(&["", "a", "Name", "é😀", "pg_class", "with space"]).to_owned(),
        T::Bytea => bytes(rng),
        T::Date => date(rng),
        T::Time => time(rng),
        T::TimeTz => format!("{}{}", time(rng), rng.pick(pool::OFFSETS)),
        T::Timestamp => timestamp(rng),
        T::TimestampTz => match timestamp(rng) {
            plain if plain.ends_with("infinity") => plain,
            plain => match plain.strip_suffix(" BC") {
                Some(start) => format!("{start}+00 BC"),
                None => {
                    format!("{plain}{}", if plain.starts_with("294276") { "+00" } else { rng.pick(&["+00", "+02", "-05:30", "+05:45"]) })
                }
            },
        },
        T::Interval => interval(rng),
        T::Uuid => uuid(rng),
        T::Json | T::Jsonb => json(rng, 3),
        T::Inet => rng.word(pool::INET).to_owned(),
        T::Cidr => rng.word(pool::CIDR).to_owned(),
        T::Macaddr => rng.word(&["08:00:2b:01:02:03", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:23:45:67:89:ab"]).to_owned(),
        T::Macaddr8 => rng.word(&["08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"]).to_owned(),
        T::Bit => bits(rng, 5),
        T::Varbit => {
            let length = *rng.pick(&[0, 1, 3, 7, 8, 9, 16, 33, 64]);
            bits(rng, length)
        }
        T::Enum(_) => rng.word(MOODS).to_owned(),
        T::Array(array) => of_array(&array.element, column, rng),
        _ => String::new(),
    }
}

fn whole(rng: &mut Rng, column: usize, low: i64, high: i64) -> String {
    // The second column holds the small numbers that functions take as lengths, counts and places.
    if column == 1 || rng.percent(20) {
        return rng.between(-4, 13).to_string();
    }
    match rng.below(10) {
        0 => low.to_string(),
        1 => high.to_string(),
        2 => (high - 1).to_string(),
        3 => (low + 1).to_string(),
        4..=6 => (*rng.pick(&[0, 1, -1, 10, 31, 59, 100, 255, 1000, 1970, 2024, 9999, -100, 32767, -32768])).clamp(low, high).to_string(),
        // Not in the middle: a length of some hundred millions is no error, and takes a server minutes.
        7 => rng.between(low, low / 2).to_string(),
        8 => rng.between(high - high / 2, high).to_string(),
        _ => rng.between(-1000, 1000).to_string(),
    }
}

fn digits(rng: &mut Rng, n: usize) -> String {
    (0..n).map(|_| char::from(b'0' + u8::try_from(rng.below(10)).expect("a digit"))).collect()
}

fn numeric(rng: &mut Rng, column: usize) -> String {
    if column == 1 || rng.percent(25) {
        return format!("{}.{}", rng.between(-20, 20), rng.pick(&["0", "5", "25", "50", "125", "999", "001"]));
    }
    if rng.percent(40) {
        return rng.word(pool::NUMERIC).to_owned();
    }
    let whole = *rng.pick(&[0, 1, 3, 4, 5, 8, 9, 17, 28, 29, 30, 60]);
    let fraction = *rng.pick(&[0, 0, 1, 2, 3, 4, 5, 8, 16, 28, 29, 40]);
    let sign = if rng.percent(40) { "-" } else { "" };
    let point = if fraction > 0 { "." } else { "" };
    format!("{sign}0{}{point}{}", digits(rng, whole), digits(rng, fraction))
}

fn float(rng: &mut Rng, edges: &[&str]) -> String {
    match rng.below(3) {
        0 => rng.pick(edges).to_string(),
        1 => format!("{}.{}", rng.between(-20, 20), rng.pick(&["0", "5", "25", "1", "3333333"])),
        _ => {
            let exponent = rng.between(-12, 18);
            format!("{}{}.{}e{exponent}", if rng.percent(50) { "-" } else { "" }, rng.below(10), digits(rng, 9))
        }
    }
}

fn text(rng: &mut Rng, column: usize) -> String {
    // The first column holds anything, the second what reads as a value of another type, the third short words, the fourth both.
    let kind = if column == 3 { rng.below(3) } else { column };
    match kind {
        1 => match rng.below(14) {
            0 => date(rng),
            1 => timestamp(rng),
            2 => numeric(rng, 0),
            3 => whole(rng, 0, i64::from(i32::MIN), i64::from(i32::MAX)),
            4 => uuid(rng),
            5 => json(rng, 2),
            6 => interval(rng),
            7 => of_array(rng.pick(&[SqlType::Int4, SqlType::Text]), 0, rng),
            8 => time(rng),
            9 => rng.word(pool::INET).to_owned(),
            10 => float(rng, pool::FLOAT8),
            11 => rng.word(pool::BOOLS).to_owned(),
            12 => rng.word(pool::HALF_VALUES).to_owned(),
            _ => rng.word(pool::ENCODED).to_owned(),
        },
        2 => {
            let length = rng.below(6);
            (0..length).map(|_| *rng.pick(&['a', 'b', 'c', 'A', ' ', '%', '_', ',', '1', 'é', '-'])).collect()
        }
        _ if rng.percent(50) => rng.word(pool::TEXT).to_owned(),
        _ if rng.percent(4) => "long é ".repeat(rng.below(400)),
        _ => {
            let length = rng.below(14);
            (0..length).map(|_| *rng.pick(pool::CHARACTERS)).collect()
        }
    }
}

fn bytes(rng: &mut Rng) -> String {
    if rng.percent(40) {
        return rng.word(pool::BYTEA).to_owned();
    }
    let length = rng.below(24);
    let mut out = String::from("\\x");
    for _ in 0..length {
        let _ = write!(out, "{:02x}", rng.below(256));
    }
    out
}

fn date(rng: &mut Rng) -> String {
    match rng.below(3) {
        0 => rng.word(pool::DATES).to_owned(),
        1 => format!("{:04}-{:02}-{:02}", rng.between(1, 9999), rng.between(1, 12), rng.between(1, 28)),
        _ => format!("{:04}-{:02}-{:02}", rng.between(1960, 2040), rng.between(1, 12), rng.between(1, 28)),
    }
}

fn time(rng: &mut Rng) -> String {
    if rng.percent(30) {
        return rng.word(&["00:00:00", "24:00:00", "23:59:59.999999", "12:00:00", "00:00:00.000001", "01:30:00"]).to_owned();
    }
    let fraction = *rng.pick(&["", ".5", ".123456", ".000001", ".9"]);
    format!("{:02}:{:02}:{:02}{fraction}", rng.below(24), rng.below(60), rng.below(60))
}

fn timestamp(rng: &mut Rng) -> String {
    if rng.percent(30) {
        return rng.word(pool::TIMESTAMPS).to_owned();
    }
    let date = loop {
        let date = date(rng);
        // Days outside the range of timestamps.
        if !date.contains("infinity") && !date.starts_with("5874897") && !date.starts_with("4714") {
            break date;
        }
    };
    match date.strip_suffix(" BC") {
        Some(start) => format!("{start} {} BC", time(rng)),
        None => format!("{date} {}", time(rng)),
    }
}

fn interval(rng: &mut Rng) -> String {
    if rng.percent(45) {
        return rng.word(pool::INTERVALS).to_owned();
    }
    let (months, days, seconds) = (rng.between(-40, 40), rng.between(-60, 60), rng.between(-200_000, 200_000));
    match rng.below(4) {
        0 => format!("{months} months"),
        1 => format!("{days} days {seconds} seconds"),
        2 => format!("{seconds}.{} seconds", digits(rng, 6)),
        _ => format!("{months} months {days} days {seconds}.25 seconds"),
    }
}

fn uuid(rng: &mut Rng) -> String {
    if rng.percent(30) {
        return rng.word(pool::UUIDS).to_owned();
    }
    let (a, b) = (rng.next(), rng.next());
    let hex = format!("{a:016x}{b:016x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn json(rng: &mut Rng, deeper: usize) -> String {
    if rng.percent(35) {
        return rng.word(pool::JSON).to_owned();
    }
    if deeper == 0 || rng.percent(40) {
        return rng
            .word(&[
                "1",
                "-2.50",
                "null",
                "true",
                "false",
                "\"a\"",
                "\"é😀\"",
                "\"\"",
                "0",
                "1e3",
                "12345678901234567890",
                "\"\\u0001\\\"\"",
            ])
            .to_owned();
    }
    let count = rng.below(5);
    if rng.percent(45) {
        let items: Vec<String> = (0..count).map(|_| json(rng, deeper - 1)).collect();
        format!("[{}]", items.join(", "))
    } else {
        let items: Vec<String> = (0..count)
            .map(|_| format!("\"{}\": {}", rng.pick(&["a", "b", "c", "aa", "", "é", "k", "1", "0", "ab"]), json(rng, deeper - 1)))
            .collect();
        format!("{{{}}}", items.join(", "))
    }
}

fn bits(rng: &mut Rng, n: usize) -> String {
    (0..n).map(|_| *rng.pick(&['0', '1'])).collect()
}

/// The text of an array: NULLs, bounds and two dimensions among them.
fn of_array(element: &SqlType, column: usize, rng: &mut Rng) -> String {
    let item = |rng: &mut Rng| {
        if rng.percent(15) {
            return "NULL".to_owned();
        }
        let text = value(element, column, rng);
        format!("\"{}\"", text.chars().take(60).collect::<String>().replace('\\', "\\\\").replace('"', "\\\""))
    };
    // A text that was cut is no JSON.
    let mut item = |rng: &mut Rng| loop {
        let one = item(rng);
        if *element != SqlType::Jsonb || one.len() < 60 {
            return one;
        }
    };
    let list = |rng: &mut Rng, n: usize, item: &mut dyn FnMut(&mut Rng) -> String| {
        let items: Vec<String> = (0..n).map(|_| item(rng)).collect();
        format!("{{{}}}", items.join(","))
    };
    match rng.below(10) {
        0 => "{}".to_owned(),
        1 => {
            let (rows, width) = (1 + rng.below(3), 1 + rng.below(3));
            let rows: Vec<String> = (0..rows).map(|_| list(rng, width, &mut item)).collect();
            format!("{{{}}}", rows.join(","))
        }
        2 => {
            let (low, n) = (*rng.pick(&[-2_i64, 0, 2, 5]), 1 + rng.below(4));
            let high = low + i64::try_from(n).expect("small") - 1;
            format!("[{low}:{high}]={}", list(rng, n, &mut item))
        }
        _ => {
            let n = 1 + rng.below(5);
            list(rng, n, &mut item)
        }
    }
}
