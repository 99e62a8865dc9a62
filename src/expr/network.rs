//! `inet`, `cidr`, `macaddr` and `macaddr8`: their text forms, parts and containment. Boundary: values stand as field bytes, their
//! framing is `row`'s; equality and order are `compare.rs`.
//!
//! Arithmetic on addresses (`+`, `-`, `&`, `|`, `~`) and the short form of `cidr` are refused: compute them in the source query.

#![allow(clippy::needless_pass_by_value, reason = "casts have one signature")]

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, int_of, mismatch, text_of};
use crate::row::Value;

const IN_SOURCE: &str = "compute it in the source query";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("host", &[Ty::Inet], Ty::Text, |a| text(inet_of(&a[0])?.host()), "the address without its mask"),
    Builtin::new("family", &[Ty::Inet], Ty::Int4, |a| Ok(Value::Int4(if inet_of(&a[0])?.is_v4() { 4 } else { 6 })), "4 or 6"),
    Builtin::new("masklen", &[Ty::Inet], Ty::Int4, |a| Ok(Value::Int4(inet_of(&a[0])?.bits.into())), "bits of the mask"),
    Builtin::new("abbrev", &[Ty::Inet], Ty::Text, |a| text(inet_of(&a[0])?.short()), "the address, its mask where it is not the whole address"),
    Builtin::refuse("abbrev", &[Ty::Cidr], Ty::Text, IN_SOURCE),
    Builtin::new("network", &[Ty::Inet], Ty::Cidr, |a| Ok(inet_of(&a[0])?.network().value(true)), "the address without the bits behind the mask"),
    Builtin::new("netmask", &[Ty::Inet], Ty::Inet, |a| Ok(inet_of(&a[0])?.mask(true).value(false)), "the mask as an address"),
    Builtin::new("hostmask", &[Ty::Inet], Ty::Inet, |a| Ok(inet_of(&a[0])?.mask(false).value(false)), "the inverted mask as an address"),
    Builtin::new("broadcast", &[Ty::Inet], Ty::Inet, |a| Ok(inet_of(&a[0])?.broadcast().value(false)), "the last address of the network"),
    Builtin::new("set_masklen", &[Ty::Inet, Ty::Int4], Ty::Inet, |a| set_masklen(a, false), "the address with a mask of so many bits").fails(),
    Builtin::new("set_masklen", &[Ty::Cidr, Ty::Int4], Ty::Cidr, |a| set_masklen(a, true), "the network of so many bits").fails(),
    Builtin::new(
        "inet_same_family",
        &[Ty::Inet, Ty::Inet],
        Ty::Bool,
        |a| Ok(Value::Bool(inet_of(&a[0])?.is_v4() == inet_of(&a[1])?.is_v4())),
        "whether both are of IPv4 or both of IPv6",
    ),
    Builtin::new("inet_merge", &[Ty::Inet, Ty::Inet], Ty::Cidr, merge, "the smallest network that holds both").fails(),
    Builtin::new("trunc", &[Ty::Macaddr], Ty::Macaddr, maker, "the address with the last three bytes 0"),
    Builtin::new("trunc", &[Ty::Macaddr8], Ty::Macaddr8, maker, "the address with the last five bytes 0"),
    Builtin::new("macaddr8_set7bit", &[Ty::Macaddr8], Ty::Macaddr8, set_7th_bit, "the address with its seventh bit set, as IPv6 has it"),
];

pub(super) const OPERATORS: &[Builtin] = &[
    Builtin::new("<<", &[Ty::Inet, Ty::Inet], Ty::Bool, |a| within(a, false, true), ""),
    Builtin::new("<<=", &[Ty::Inet, Ty::Inet], Ty::Bool, |a| within(a, false, false), ""),
    Builtin::new(">>", &[Ty::Inet, Ty::Inet], Ty::Bool, |a| within(a, true, true), ""),
    Builtin::new(">>=", &[Ty::Inet, Ty::Inet], Ty::Bool, |a| within(a, true, false), ""),
    Builtin::new("&&", &[Ty::Inet, Ty::Inet], Ty::Bool, overlap, ""),
    Builtin::refuse("&", &[Ty::Inet, Ty::Inet], Ty::Inet, IN_SOURCE),
    Builtin::refuse("|", &[Ty::Inet, Ty::Inet], Ty::Inet, IN_SOURCE),
    Builtin::refuse("~", &[Ty::Inet], Ty::Inet, IN_SOURCE),
    Builtin::refuse("+", &[Ty::Inet, Ty::Int8], Ty::Inet, IN_SOURCE),
    Builtin::refuse("+", &[Ty::Int8, Ty::Inet], Ty::Inet, IN_SOURCE),
    Builtin::refuse("-", &[Ty::Inet, Ty::Int8], Ty::Inet, IN_SOURCE),
    Builtin::refuse("-", &[Ty::Inet, Ty::Inet], Ty::Int8, IN_SOURCE),
    Builtin::refuse("&", &[Ty::Macaddr, Ty::Macaddr], Ty::Macaddr, IN_SOURCE),
    Builtin::refuse("|", &[Ty::Macaddr, Ty::Macaddr], Ty::Macaddr, IN_SOURCE),
    Builtin::refuse("~", &[Ty::Macaddr], Ty::Macaddr, IN_SOURCE),
    Builtin::refuse("&", &[Ty::Macaddr8, Ty::Macaddr8], Ty::Macaddr8, IN_SOURCE),
    Builtin::refuse("|", &[Ty::Macaddr8, Ty::Macaddr8], Ty::Macaddr8, IN_SOURCE),
    Builtin::refuse("~", &[Ty::Macaddr8], Ty::Macaddr8, IN_SOURCE),
];

#[allow(clippy::unnecessary_wraps, reason = "the end of functions that can fail")]
fn text<'r>(text: String) -> Evaluated<'r> {
    Ok(Value::Text(Cow::Owned(text)))
}

fn raw<'v>(value: &'v Value<'_>) -> Result<&'v [u8], EvalError> {
    match value {
        Value::Raw(bytes) => Ok(bytes),
        _ => Err(mismatch()),
    }
}

/// An address with its mask: sixteen bytes, of which IPv4 has the first four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inet {
    address: [u8; 16],
    length: usize,
    bits: u8,
}

/// The families' numbers in field bytes (`PGSQL_AF_INET`, `PGSQL_AF_INET6`).
const FAMILIES: [u8; 2] = [2, 3];

fn inet_of(value: &Value<'_>) -> Result<Inet, EvalError> {
    let [_, bits, _, _, address @ ..] = raw(value)? else { return Err(mismatch()) };
    let mut all = [0; 16];
    all.get_mut(..address.len()).ok_or_else(mismatch)?.copy_from_slice(address);
    if !matches!(address.len(), 4 | 16) || usize::from(*bits) > 8 * address.len() {
        return Err(mismatch());
    }
    Ok(Inet { address: all, length: address.len(), bits: *bits })
}

impl Inet {
    fn is_v4(&self) -> bool {
        self.length == 4
    }

    fn most_bits(&self) -> u8 {
        if self.is_v4() { 32 } else { 128 }
    }

    fn value<'r>(&self, cidr: bool) -> Value<'r> {
        let mut bytes = vec![FAMILIES[usize::from(!self.is_v4())], self.bits, u8::from(cidr), if self.is_v4() { 4 } else { 16 }];
        bytes.extend_from_slice(&self.address[..self.length]);
        Value::Raw(Cow::Owned(bytes))
    }

    /// Whether this bit of the address is behind the mask.
    fn byte_mask(&self, at: usize) -> u8 {
        let before = usize::from(self.bits).saturating_sub(8 * at).min(8);
        if before == 0 { 0 } else { 0xFF << (8 - before) }
    }

    fn map(self, bits: u8, byte: impl Fn(u8, u8) -> u8) -> Self {
        let mut address = [0; 16];
        for (at, out) in address.iter_mut().enumerate().take(self.length) {
            *out = byte(self.address[at], self.byte_mask(at));
        }
        Self { address, bits, ..self }
    }

    fn network(self) -> Self {
        self.map(self.bits, |byte, mask| byte & mask)
    }

    fn broadcast(self) -> Self {
        self.map(self.bits, |byte, mask| byte | !mask)
    }

    fn mask(self, net: bool) -> Self {
        self.map(self.most_bits(), |_, mask| if net { mask } else { !mask })
    }

    fn host(&self) -> String {
        if self.is_v4() {
            return self.dotted(0);
        }
        let words: Vec<u16> = self.address.chunks_exact(2).map(|w| u16::from_be_bytes([w[0], w[1]])).collect();
        let (mut best, mut best_length, mut at) = (0, 0, 0);
        while at < words.len() {
            let run = words[at..].iter().take_while(|word| **word == 0).count();
            if run > best_length {
                (best, best_length) = (at, run);
            }
            at += run.max(1);
        }
        if best_length < 2 {
            (best, best_length) = (usize::MAX, 0);
        }
        let mut out = String::new();
        for (at, word) in words.iter().enumerate() {
            if best_length > 0 && at >= best && at < best + best_length {
                if at == best {
                    out.push(':');
                }
                continue;
            }
            if at > 0 {
                out.push(':');
            }
            // An address of IPv4 in one of IPv6.
            if at == 6 && best == 0 && (best_length == 6 || (best_length == 5 && words[5] == 0xFFFF)) {
                out.push_str(&self.dotted(12));
                return out;
            }
            let _ = write!(out, "{word:x}");
        }
        if best_length > 0 && best + best_length == words.len() {
            out.push(':');
        }
        out
    }

    fn dotted(&self, from: usize) -> String {
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| self.address[from + at]);
        format!("{a}.{b}.{c}.{d}")
    }

    /// `inet_out`: the mask only where it is not the whole address.
    fn short(&self) -> String {
        if self.bits == self.most_bits() { self.host() } else { self.long() }
    }

    fn long(&self) -> String {
        format!("{}/{}", self.host(), self.bits)
    }

    fn common_bits(&self, other: &Self, most: u8) -> u8 {
        let bit = |of: &Self, at: u8| of.address[usize::from(at / 8)] >> (7 - at % 8) & 1;
        (0..most).find(|at| bit(self, *at) != bit(other, *at)).unwrap_or(most)
    }
}

/// `network_cmp`: the families, then the bits that both masks cover, then the masks, then the addresses.
pub(super) fn order_inet(left: &Value<'_>, right: &Value<'_>) -> Result<Ordering, EvalError> {
    let (l, r) = (inet_of(left)?, inet_of(right)?);
    if l.length != r.length {
        return Ok(l.length.cmp(&r.length));
    }
    let covered = l.bits.min(r.bits);
    let (cut_l, cut_r) = (Inet { bits: covered, ..l }.network(), Inet { bits: covered, ..r }.network());
    Ok(cut_l.address.cmp(&cut_r.address).then(l.bits.cmp(&r.bits)).then(l.address.cmp(&r.address)))
}

fn set_masklen<'r>(args: &mut [Value<'r>], cidr: bool) -> Evaluated<'r> {
    let (inet, bits) = (inet_of(&args[0])?, int_of(&args[1])?);
    let bits = if bits == -1 { inet.most_bits() } else { u8::try_from(bits).unwrap_or(u8::MAX) };
    if bits > inet.most_bits() {
        return Err(EvalError::sql("22023", "invalid mask length"));
    }
    let inet = Inet { bits, ..inet };
    Ok(if cidr { inet.network() } else { inet }.value(cidr))
}

fn merge<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (l, r) = (inet_of(&args[0])?, inet_of(&args[1])?);
    if l.length != r.length {
        return Err(EvalError::sql("22023", "cannot merge addresses from different families"));
    }
    let bits = l.common_bits(&r, l.bits.min(r.bits));
    Ok(Inet { bits, ..l }.network().value(true))
}

fn within<'r>(args: &mut [Value<'r>], inverted: bool, strictly: bool) -> Evaluated<'r> {
    let (inner, outer) = (inet_of(&args[usize::from(inverted)])?, inet_of(&args[usize::from(!inverted)])?);
    let narrower = if strictly { inner.bits > outer.bits } else { inner.bits >= outer.bits };
    Ok(Value::Bool(inner.length == outer.length && narrower && inner.common_bits(&outer, outer.bits) == outer.bits))
}

fn overlap<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (l, r) = (inet_of(&args[0])?, inet_of(&args[1])?);
    let least = l.bits.min(r.bits);
    Ok(Value::Bool(l.length == r.length && l.common_bits(&r, least) == least))
}

/// `inet_out`
pub(super) fn inet_output(value: Value<'_>) -> Evaluated<'_> {
    text(inet_of(&value)?.short())
}

/// `cidr_out`, and the cast of `inet` to text, which always shows the mask.
pub(super) fn with_mask(value: Value<'_>) -> Evaluated<'_> {
    text(inet_of(&value)?.long())
}

/// `cidr` as `inet`
pub(super) fn cidr_to_inet(value: Value<'_>) -> Evaluated<'_> {
    Ok(inet_of(&value)?.value(false))
}

/// `inet` as `cidr`: what is behind the mask becomes 0.
pub(super) fn inet_to_cidr(value: Value<'_>) -> Evaluated<'_> {
    Ok(inet_of(&value)?.network().value(true))
}

/// `inet_in`
pub(super) fn parse_inet(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    let parsed = if text.contains(':') { parse_v6(text.as_bytes()) } else { parse_v4(text.as_bytes()) };
    parsed.map(|inet| inet.value(false)).ok_or_else(|| EvalError::sql("22P02", "invalid input syntax for type inet"))
}

/// `cidr_in`
pub(super) fn parse_cidr(mut value: Value<'_>) -> Evaluated<'_> {
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

fn maker<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let mut bytes = raw(&args[0])?.to_vec();
    bytes.iter_mut().skip(3).for_each(|byte| *byte = 0);
    Ok(Value::Raw(Cow::Owned(bytes)))
}

fn set_7th_bit<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let mut bytes = raw(&args[0])?.to_vec();
    *bytes.first_mut().ok_or_else(mismatch)? |= 0x02;
    Ok(Value::Raw(Cow::Owned(bytes)))
}

/// `macaddr_out`, `macaddr8_out`
pub(super) fn mac_output(value: Value<'_>) -> Evaluated<'_> {
    let bytes: Vec<String> = raw(&value)?.iter().map(|byte| format!("{byte:02x}")).collect();
    text(bytes.join(":"))
}

pub(super) fn mac_to_mac8(value: Value<'_>) -> Evaluated<'_> {
    let [a, b, c, d, e, f] = *raw(&value)? else { return Err(mismatch()) };
    Ok(Value::Raw(Cow::Owned(vec![a, b, c, 0xFF, 0xFE, d, e, f])))
}

pub(super) fn mac8_to_mac(value: Value<'_>) -> Evaluated<'_> {
    match *raw(&value)? {
        [a, b, c, 0xFF, 0xFE, d, e, f] => Ok(Value::Raw(Cow::Owned(vec![a, b, c, d, e, f]))),
        [_, _, _, _, _, _, _, _] => Err(EvalError::sql("22003", "macaddr8 data out of range to convert to macaddr")),
        _ => Err(mismatch()),
    }
}

/// `macaddr_in` reads with `scanf`, which takes more than anyone writes: signs and `0x` in front of bytes are refused.
pub(super) fn parse_mac(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    let odd = text.bytes().any(|b| matches!(b, b'x' | b'X' | b'+')) || text.split(|c: char| c.is_ascii_hexdigit()).any(|gap| gap.trim().len() > 1);
    if odd && text.bytes().filter(u8::is_ascii_hexdigit).count() >= 6 {
        return Err(EvalError::sql("0A000", "not in the form 08:00:2b:01:02:03"));
    }
    let shapes: [(&[usize], u8); 7] = [(&[1; 6], b':'), (&[1; 6], b'-'), (&[3, 3], b':'), (&[3, 3], b'-'), (&[2, 2, 2], b'.'), (&[2, 2, 2], b'-'), (&[6], b' ')];
    let found = shapes.iter().find_map(|(groups, separator)| scan(text.as_bytes(), groups, *separator));
    let bytes = found.ok_or_else(|| EvalError::sql("22P02", "invalid input syntax for type macaddr"))?;
    let bytes: Option<Vec<u8>> = bytes.into_iter().map(|byte| u8::try_from(byte).ok()).collect();
    bytes.map(|bytes| Value::Raw(Cow::Owned(bytes))).ok_or_else(|| EvalError::sql("22003", "invalid octet value in macaddr value"))
}

/// Groups of bytes with separators between them. A byte that is alone in its group can have any number of digits, else two at most.
fn scan(text: &[u8], groups: &[usize], separator: u8) -> Option<Vec<u32>> {
    let (mut rest, mut bytes) = (text, Vec::new());
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(&[separator])?;
        }
        for _ in 0..*group {
            rest = rest.trim_ascii_start();
            let most = if *group == 1 { usize::MAX } else { 2 };
            let count = rest.iter().take(most).take_while(|b| b.is_ascii_hexdigit()).count();
            let (hex, behind) = rest.split_at(count);
            if hex.is_empty() {
                return None;
            }
            let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0);
            bytes.push(hex.iter().fold(0_u32, |n, b| n.saturating_mul(16).saturating_add(digit(b))));
            rest = behind;
        }
    }
    rest.trim_ascii().is_empty().then_some(bytes)
}

/// `macaddr8_in`
pub(super) fn parse_mac8(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    read_mac8(text.as_bytes())
        .map(|bytes| Value::Raw(Cow::Owned(bytes)))
        .ok_or_else(|| EvalError::sql("22P02", "invalid input syntax for type macaddr8"))
}

fn read_mac8(text: &[u8]) -> Option<Vec<u8>> {
    let space = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let mut rest = &text[text.iter().take_while(|b| space(b)).count()..];
    let (mut bytes, mut spacer) = (Vec::new(), None);
    while let [high, low, behind @ ..] = rest {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        if bytes.len() == 8 {
            return None;
        }
        bytes.push(digit(*high)? << 4 | digit(*low)?);
        rest = behind;
        if let [c @ (b':' | b'-' | b'.'), behind @ ..] = rest {
            if *spacer.get_or_insert(*c) != *c {
                return None;
            }
            rest = behind;
        }
        if matches!(bytes.len(), 6 | 8) && rest.first().is_some_and(space) {
            if !rest.iter().all(space) {
                return None;
            }
            rest = &[];
        }
    }
    match *bytes.as_slice() {
        [a, b, c, d, e, f] => Some(vec![a, b, c, 0xFF, 0xFE, d, e, f]),
        [_, _, _, _, _, _, _, _] => Some(bytes),
        _ => None,
    }
}
