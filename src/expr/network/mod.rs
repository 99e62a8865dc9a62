//! `inet`, `cidr`, `macaddr` and `macaddr8`: their text forms, parts and containment. Boundary: values stand as field bytes, their
//! framing is `row`'s; equality and order are `compare.rs`.
//!
//! Arithmetic on addresses (`+`, `-`, `&`, `|`, `~`) and the short form of `cidr` are refused: compute them in the source query.

#![allow(clippy::needless_pass_by_value, reason = "casts have one signature")]

mod mac;
mod parse;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, int_of, mismatch};
pub(super) use mac::{mac_output, mac_to_mac8, mac8_to_mac, parse_mac, parse_mac8};
use mac::{maker, set_7th_bit};
pub(super) use parse::{parse_cidr, parse_inet};

use crate::row::Value;

const IN_SOURCE: &str = "compute it in the source query";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("host", &[Ty::Inet], Ty::Text, |a| text(inet_of(&a[0])?.host()), "the address without its mask"),
    Builtin::new("family", &[Ty::Inet], Ty::Int4, |a| Ok(Value::Int4(if inet_of(&a[0])?.is_v4() { 4 } else { 6 })), "4 or 6"),
    Builtin::new("masklen", &[Ty::Inet], Ty::Int4, |a| Ok(Value::Int4(inet_of(&a[0])?.bits.into())), "bits of the mask"),
    Builtin::new(
        "abbrev",
        &[Ty::Inet],
        Ty::Text,
        |a| text(inet_of(&a[0])?.short()),
        "the address, its mask where it is not the whole address",
    ),
    Builtin::refuse("abbrev", &[Ty::Cidr], Ty::Text, IN_SOURCE),
    Builtin::new(
        "network",
        &[Ty::Inet],
        Ty::Cidr,
        |a| Ok(inet_of(&a[0])?.network().value(true)),
        "the address without the bits behind the mask",
    ),
    Builtin::new("netmask", &[Ty::Inet], Ty::Inet, |a| Ok(inet_of(&a[0])?.mask(true).value(false)), "the mask as an address"),
    Builtin::new("hostmask", &[Ty::Inet], Ty::Inet, |a| Ok(inet_of(&a[0])?.mask(false).value(false)), "the inverted mask as an address"),
    Builtin::new("broadcast", &[Ty::Inet], Ty::Inet, |a| Ok(inet_of(&a[0])?.broadcast().value(false)), "the last address of the network"),
    Builtin::new("set_masklen", &[Ty::Inet, Ty::Int4], Ty::Inet, |a| set_masklen(a, false), "the address with a mask of so many bits")
        .fails(),
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
