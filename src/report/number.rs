//! Numbers for people. Boundary: text only; programs get the JSON.

/// A whole number with its thousands apart: `1,434,611`.
pub fn thousands(number: u64) -> String {
    grouped(&number.to_string())
}

/// An exact decimal with the thousands of its whole part apart; what is no number stays as it is. Zeros behind the second digit of the
/// fraction, which a division in the source leaves by the dozen, say nothing and are left out.
pub(super) fn decimal(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    if whole.is_empty() || !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return text.to_owned();
    }
    let fraction = fraction.map_or_else(String::new, |fraction| {
        let telling = fraction.trim_end_matches('0').len().max(fraction.len().min(2));
        format!(".{}", fraction.get(..telling).unwrap_or(fraction))
    });
    format!("{sign}{}{fraction}", grouped(whole))
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration in the largest units that are still telling: `0.3 s`, `8.1 s`, `2 min 05 s`, `1 h 12 min`.
pub fn duration(micros: u64) -> String {
    let tenths = micros.saturating_add(50_000) / 100_000;
    let seconds = tenths / 10;
    match seconds {
        0..60 => format!("{seconds}.{} s", tenths % 10),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// Seconds with one digit behind the point, for columns: `1,234.5`.
pub(super) fn seconds(micros: u64) -> String {
    let tenths = micros.saturating_add(50_000) / 100_000;
    format!("{}.{}", thousands(tenths / 10), tenths % 10)
}

/// Bytes in the unit that suits: `116.0 MiB`.
pub fn bytes(bytes: u64) -> String {
    let (mut unit, mut units) = (1_u64, ["B", "KiB", "MiB", "GiB", "TiB"].into_iter());
    let mut name = units.next().unwrap_or("B");
    while bytes / unit >= 1_024 {
        let Some(next) = units.next() else { break };
        name = next;
        unit *= 1_024;
    }
    if unit == 1 {
        return format!("{bytes} {name}");
    }
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_434_611, u64::MAX].map(thousands), ["0", "999", "1,000", "1,434,611", "18,446,744,073,709,551,615"]);
        let decimals = ["4265865.12", "-1000", "0.00", "-0.5", "NaN", "Infinity", "-Infinity", "not recorded"].map(decimal);
        assert_eq!(decimals, ["4,265,865.12", "-1,000", "0.00", "-0.5", "NaN", "Infinity", "-Infinity", "not recorded"]);
        assert_eq!(["745497.75000000", "1.00000", "0.1230", "1.0"].map(decimal), ["745,497.75", "1.00", "0.123", "1.0"]);
    }

    #[test]
    fn durations_and_bytes_read_well() {
        let durations = [0, 349_999, 8_100_000, 59_960_000, 125_000_000, 4_320_000_000].map(duration);
        assert_eq!(durations, ["0.0 s", "0.3 s", "8.1 s", "1 min 00 s", "2 min 05 s", "1 h 12 min"]);
        assert_eq!([12, 2_048, 121_634_816, 5 << 40].map(bytes), ["12 B", "2.0 KiB", "116.0 MiB", "5.0 TiB"]);
        assert_eq!(seconds(1_234_449_999), "1,234.4");
    }
}
