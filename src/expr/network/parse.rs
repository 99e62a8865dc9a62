//! The text forms of `inet` and `cidr`, read as PostgreSQL's copy of BIND's functions reads them, oddities included. Boundary: reading.

use super::super::context::{EvalError, Evaluated};
use super::super::registry::text_of;
use super::Inet;
use crate::row::Value;

/// `inet_in`
pub(in crate::expr) fn parse_inet(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    let parsed = if text.contains(':') { parse_v6(text.as_bytes()) } else { parse_v4(text.as_bytes()) };
    parsed.map(|inet| inet.value(false)).ok_or_else(|| EvalError::sql("22P02", "invalid input syntax for type inet"))
}

/// `cidr_in`
pub(in crate::expr) fn parse_cidr(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    let parsed = if text.contains(':') { parse_v6(text.as_bytes()) } else { parse_v4_network(text.as_bytes()) };
    match parsed {
        Some(inet) if inet.network() == inet => Ok(inet.value(true)),
        Some(_) => Err(EvalError::sql("22P02", "invalid cidr value: it has bits set to right of mask")),
        None => Err(EvalError::sql("22P02", "invalid input syntax for type cidr")),
    }
}

fn digits(text: &[u8]) -> (u32, &[u8]) {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = text[..count].iter().fold(0_u32, |n, d| n.saturating_mul(10).saturating_add(u32::from(d - b'0')));
    (number, &text[count..])
}

/// The bits behind `/`; `None` where the text is wrong, `Some(None)` where there are none.
#[allow(clippy::option_option, reason = "wrong, not there, there")]
fn prefix(rest: &[u8]) -> Option<Option<u8>> {
    match rest {
        [] => Some(None),
        [b'/', behind @ ..] if behind.first().is_some_and(u8::is_ascii_digit) => {
            let (bits, rest) = digits(behind);
            (bits <= 32 && rest.is_empty()).then_some(u8::try_from(bits).ok())
        }
        _ => None,
    }
}

/// `inet_net_pton_ipv4`
fn parse_v4(mut rest: &[u8]) -> Option<Inet> {
    let (mut address, mut octets) = ([0; 16], 0);
    while rest.first().is_some_and(u8::is_ascii_digit) {
        let (octet, behind) = digits(rest);
        *address.get_mut(octets).filter(|_| octets < 4)? = u8::try_from(octet).ok()?;
        octets += 1;
        rest = behind;
        match rest {
            [] | [b'/', ..] => break,
            [b'.', behind @ ..] => rest = behind,
            _ => return None,
        }
    }
    let bits = match prefix(rest)? {
        Some(bits) => bits,
        None if octets == 4 => 32,
        None => return None,
    };
    (octets > 0 && usize::from(bits / 8) <= octets).then_some(Inet { address, length: 4, bits })
}

/// `inet_cidr_pton_ipv4`: fewer octets are allowed, and without a mask the old classes decide.
fn parse_v4_network(text: &[u8]) -> Option<Inet> {
    let (mut address, mut octets) = ([0; 16], 0);
    let mut push = |octet: u8| {
        *address.get_mut(octets).filter(|_| octets < 4)? = octet;
        octets += 1;
        Some(())
    };
    let mut rest = text;
    if let [b'0', b'x' | b'X', digit, ..] = text
        && digit.is_ascii_hexdigit()
    {
        let count = text[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        for pair in text[2..2 + count].chunks(2) {
            let value = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            push(value(pair[0])? << 4 | pair.get(1).map_or(Some(0), |b| value(*b))?)?;
        }
        rest = &text[2 + count..];
    } else {
        loop {
            if !rest.first()?.is_ascii_digit() {
                return None;
            }
            let (octet, behind) = digits(rest);
            push(u8::try_from(octet).ok()?)?;
            rest = behind;
            match rest {
                [] | [b'/', ..] => break,
                [b'.', behind @ ..] => rest = behind,
                _ => return None,
            }
        }
    }
    let given = u8::try_from(8 * octets).ok()?;
    let bits = match prefix(rest)? {
        Some(bits) => bits,
        None => {
            let class = match address[0] {
                240.. => 32,
                224.. => 8,
                192.. => 24,
                128.. => 16,
                _ => 8,
            };
            let bits = given.max(class);
            if bits == 8 && address[0] == 224 { 4 } else { bits }
        }
    };
    Some(Inet { address, length: 4, bits })
}

/// `inet_cidr_pton_ipv6`
fn parse_v6(text: &[u8]) -> Option<Inet> {
    let mut address = [0_u8; 16];
    let (mut filled, mut gap) = (0_usize, None);
    let mut rest = match text {
        [b':', b':', ..] => &text[1..],
        [b':', ..] => return None,
        _ => text,
    };
    let (mut token, mut value, mut seen, mut bits) = (rest, 0_u32, 0, None);
    let mut store = |value: u32, filled: &mut usize| {
        let place = address.get_mut(*filled..*filled + 2)?;
        place.copy_from_slice(&u16::try_from(value).ok()?.to_be_bytes());
        *filled += 2;
        Some(())
    };
    let mut embedded = None;
    while let [c, behind @ ..] = rest {
        rest = behind;
        if let Some(digit) = char::from(*c).to_digit(16) {
            value = value << 4 | digit;
            seen += 1;
            if seen > 4 {
                return None;
            }
            continue;
        }
        match c {
            b':' => {
                token = rest;
                if seen == 0 {
                    if gap.is_some() {
                        return None;
                    }
                    gap = Some(filled);
                    continue;
                }
                if rest.is_empty() {
                    return None;
                }
                store(value, &mut filled)?;
                (value, seen) = (0, 0);
            }
            b'.' if filled + 4 <= 16 => {
                let (octets, width) = embedded_v4(token)?;
                embedded = Some((filled, octets));
                filled += 4;
                bits = width;
                seen = 0;
                break;
            }
            b'/' => {
                bits = Some(width(rest)?);
                break;
            }
            _ => return None,
        }
    }
    if seen > 0 {
        store(value, &mut filled)?;
    }
    if let Some((at, octets)) = embedded {
        address[at..at + 4].copy_from_slice(&octets);
    }
    if let Some(gap) = gap {
        if filled == 16 {
            return None;
        }
        address.copy_within(gap..filled, 16 - (filled - gap));
        address[gap..16 - (filled - gap)].fill(0);
    } else if filled != 16 {
        return None;
    }
    Some(Inet { address, length: 16, bits: bits.unwrap_or(128) })
}

/// `getbits`: no zeros in front.
fn width(text: &[u8]) -> Option<u8> {
    let well = !text.is_empty() && text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || text[0] != b'0');
    u8::try_from(digits(text).0).ok().filter(|bits| well && *bits <= 128)
}

/// `getv4`: an address of IPv4 at the end of one of IPv6, octets that are left out being 0.
#[allow(clippy::type_complexity, reason = "the address, the bits of the mask where they are there")]
fn embedded_v4(text: &[u8]) -> Option<([u8; 4], Option<u8>)> {
    let (address, mask) = match text.iter().position(|b| *b == b'/') {
        Some(at) => (&text[..at], Some(width(&text[at + 1..])?)),
        None => (text, None),
    };
    let mut octets = [0; 4];
    let parts: Vec<&[u8]> = address.split(|b| *b == b'.').collect();
    if parts.len() > 4 || (mask.is_none() && parts.last().is_some_and(|last| last.is_empty())) {
        return None;
    }
    for (octet, part) in octets.iter_mut().zip(parts) {
        if !part.iter().all(u8::is_ascii_digit) || (part.len() > 1 && part[0] == b'0') {
            return None;
        }
        *octet = u8::try_from(digits(part).0).ok()?;
    }
    Some((octets, mask))
}
