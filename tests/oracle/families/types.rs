//! Addresses, bit strings and citext.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    Family { name: "types", setup: format!("{SETUP}{}", rows()), expressions: EXPRESSIONS.iter().map(|text| (*text).to_owned()).collect() }
}

const SETUP: &str = "
drop extension if exists citext cascade; create extension citext;
create table cases (id int primary key, i inet, i2 inet, c cidr, c2 cidr, m macaddr, m2 macaddr, e macaddr8, e2 macaddr8, b bit(9), b2 bit(9), w varbit, w2 varbit,
  x citext, x2 citext, t text, v varchar, p char(6), ti text, tc text, tm text, te text, tb text, k int, l bigint);
";

#[rustfmt::skip]
const INETS: &[&str] = &[
    "0.0.0.0/0", "192.168.1.5/24", "192.168.1.5", "10.1.2.3/9", "255.255.255.255", "127.0.0.1/32", "10.0.0.0/8", "10.255.0.0/16", "::", "::/0", "::1", "::1/127",
    "::ffff:1.2.3.4", "::1.2.3.4", "::ffff:1.2.3.4/99", "2001:db8::8a2e:370:7334/64", "2001:db8:0:0:1:0:0:1", "1:0:0:2::3", "fe80::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1",
    "0:0:1::", "1::", "64:ff9b::192.0.2.33", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:0",
];
#[rustfmt::skip]
const CIDRS: &[&str] = &["0.0.0.0/0", "192.168.1.0/24", "10.1.2.3/32", "10.0.0.0/8", "10", "224", "172.16", "::/0", "2001:db8::/32", "::1/128", "::ffff:1.2.3.0/120", "fe80::/10"];
#[rustfmt::skip]
const INET_TEXTS: &[&str] = &[
    "1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3/24", "1.2/24", "1/8", "1", "1.2.3.4.", "1.2.3./24", "256.1.1.1", "01.02.03.004", "1..2.3", "", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/024",
    "::", ":", ":::", "1::2::3", "::1/129", "::1/0128", "::1/0", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "12345::", "ABCD::EF", "::1.2.3", "::1.2.3.4.5", "::1.2.3.4/96",
    "::01.2.3.4", "::1.2.3.256", "::1..2", "::1.2.3./9", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1:", "1:", ":1", "g::", "::%eth0", "::/", "1.2.3.4/-1", "1.2.3.4/1x", "::fFfF:0:0", "é", "1::/64/",
    "::ffff.1.2.3", "1234.1.1.1::", "::1.",
];
#[rustfmt::skip]
const CIDR_TEXTS: &[&str] = &[
    "10", "10.", "10.1", "10.1.2", "10.1.2.3", "10/8", "10/7", "10.1/16", "10.1/15", "128", "192", "224", "240", "224.1", "172.16/12", "0xA", "0xA0", "0x0a01/16", "0xA0B0C0D0E0", "0x", "0xg", "1.2.3.4/32",
    "1.2.3.4/31", "::1", "::1/127", "2001:db8::/32", "2001:db8::1/32", "", "x", "300", "10/33", "10 ", "1.2.3.4.5", "10.1.2.3/08", "::/0", "0/0", "1.2.3.0/24/1",
];
#[rustfmt::skip]
const MACS: &[&str] = &["08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:23:45:67:89:ab", "80:00:00:00:00:00"];
#[rustfmt::skip]
const MAC8S: &[&str] = &["08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:fe:ff:ff:ff", "00:00:00:00:00:00:00:00", "08:00:2b:ff:fe:01:02:03", "80:00:00:ff:fe:00:00:00"];
#[rustfmt::skip]
const MAC_TEXTS: &[&str] = &[
    "08:00:2b:01:02:03", "08-00-2b-01-02-03", "08002b:010203", "08002b-010203", "0800.2b01.0203", "0800-2b01-0203", "08002b010203", "8:0:2B:1:2:3", "8:0:2b:1:2:3 ", " 8:0:2b:1:2:3", "8: 0:2b:1:2:3", "08:00:2b:01:02",
    "08:00:2b:01:02:03:04", "08:00:2b:01:02:103", "08:00:2b:01:02:fffffffff", "08:00-2b:01:02:03", "", "x", "08:00:2b:01:02:0g", "08002b01020", "08002b0102034", "08:00:2b:01:02:03 x", "0 8:00:2b:01:02:03", "8002b:010203", "é",
];
#[rustfmt::skip]
const MAC8_TEXTS: &[&str] = &[
    "08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05", "08-00-2b-01-02-03-04-05", "08002b:0102030405", "0800.2b01.0203.0405", "08002b0102030405", "08002b01020304056", "08002b010203", "08002b0102034", "8:0:2B:1:2:3", " 08:00:2b:01:02:03 ",
    "08:00-2b:01:02:03", "08:00:2b:01:02", "08:00:2b:01:02:03:", "08:00:2b:01:02:03 x", "", "0", "08:00:2b:01:02:03:04", "08:00:2B:01:02:0G", "08002b:010203:04:05", "\\t08002B010203\\n",
];
#[rustfmt::skip]
const BITS: &[&str] = &["000000000", "111111111", "101010101", "000000001", "100000000"];
#[rustfmt::skip]
const VARBITS: &[&str] = &["", "0", "1", "10", "1010101010101010101", "00000000", "000000000", "111111111111111111111111", "0000000100000000"];
#[rustfmt::skip]
const BIT_TEXTS: &[&str] = &["", "0", "1011", "b101", "B", "xF0", "X0f1", "x", "102", "xG", " 1", "1 ", "bb1", "1é", "x0 "];
#[rustfmt::skip]
const CITEXTS: &[&str] = &["", "a", "A", "abc", "ABC", "äÖ", "ÄÖ", "straße", "STRASSE", "İ", "i", "a%", "A_c", "日本", "e\u{301}", "E\u{301}", "k\u{212a}", "\u{1F600}x", "x\u{1F600}", " a", "a "];
#[rustfmt::skip]
const TEXTS: &[&str] = &["a", "ABC", "äö", "", "A%", "a_c", "I", "x", "K"];
#[rustfmt::skip]
const BPCHARS: &[&str] = &["a", "ABC", "", "äö"];

/// Every value of every column occurs, and each meets many of the others.
fn rows() -> String {
    #[rustfmt::skip]
    let columns: [(&[&str], usize); 22] = [
        (INETS, 1), (INETS, 7), (CIDRS, 1), (CIDRS, 5), (MACS, 1), (MACS, 3), (MAC8S, 1), (MAC8S, 2), (BITS, 1), (BITS, 3), (VARBITS, 1), (VARBITS, 4), (CITEXTS, 1), (CITEXTS, 2), (TEXTS, 1), (TEXTS, 2),
        (BPCHARS, 1), (INET_TEXTS, 1), (CIDR_TEXTS, 1), (MAC_TEXTS, 1), (MAC8_TEXTS, 1), (BIT_TEXTS, 1),
    ];
    let numbers = ["0", "1", "-1", "8", "9", "32", "33", "128", "-2147483648", "2147483647", "17", "300"];
    let mut sql = String::new();
    for id in 0..120 {
        let _ = write!(sql, "insert into cases values ({id}");
        for (values, step) in columns {
            let _ = write!(sql, ", e'{}'", values[(id * step + id / values.len()) % values.len()]);
        }
        let _ = writeln!(sql, ", {}, {});", numbers[id % numbers.len()], numbers[(id / 3) % numbers.len()]);
    }
    sql + "insert into cases values (999);"
}

#[rustfmt::skip]
const EXPRESSIONS: &[&str] = &[
    // text forms, both ways
    "i", "c", "m", "e", "b", "w", "x", "ti::inet", "tc::cidr", "ti::cidr", "tc::inet", "tm::macaddr /* iso */", "te::macaddr8", "tm::macaddr8", "tb::varbit", "tb::bit(5)", "tb::varbit(3)", "t::citext", "p::citext", "v::citext", "x::text", "x::varchar",
    "'192.168.1.7/24'::inet", "'10.0.0.0/8'::cidr", "'08:00:2b:01:02:03'::macaddr", "'08:00:2b:01:02:03'::macaddr8", "'101'::bit(2)", "'101'::bit(5)", "'x1f'::varbit", "'1010'::varbit(2)", "'Ab'::citext", "null::inet",
    "i::text", "c::text", "i::varchar", "m::text", "e::text", "b::text", "w::text", "i || ''", "'x' || c", "m || t", "concat(i, c)", "concat(m, e, b, w, x)", "concat_ws('-', i, x)", "i || t", "x || t", "x || 'y'", "t || x", "x || x2",
    "c::inet", "i::cidr", "m::macaddr8", "e::macaddr", "b::varbit", "w::bit(9)", "w::bit(3)", "b::bit(12)", "b::varbit(4)", "b::bit(1)", "x::citext", "i::citext", "k::citext", "x::inet /* x */",
    // comparisons
    "i = i2", "i <> i2", "i < i2", "i <= i2", "i > i2", "i >= i2", "i = c", "c = i", "c = c2", "c < c2", "c > i", "i is distinct from i2", "i = '192.168.1.5'", "c = '10.0.0.0/8'", "i in ('::1', '127.0.0.1')", "i between '10.0.0.0' and '10.255.255.255'",
    "m = m2", "m < m2", "m >= m2", "e = e2", "e < e2", "m = '08:00:2b:01:02:03'", "e <> '08:00:2b:ff:fe:01:02:03'", "b = b2", "b < b2", "b = w", "w = w2", "w < w2", "w >= w2", "w = '10'", "b = '101010101'", "x in ('a'::text, 'b')", "x not in (t, x2, 'a', 'äö')", "p in (t, 'abc ')", "p in ('a'::text, 'abc ')",
    "x = x2", "x <> x2", "x = 'abc'", "'ABC' = x", "x = t", "t = x", "x = v", "x = p", "x is distinct from x2", "x in ('abc', 'äö')", "x in (t, 'a')", "x collate \"C\" < x2", "case x when 'abc' then 1 else 2 end",
    "nullif(i, i2)", "nullif(c, c2)", "nullif(c, '10.0.0.0/8')", "nullif(x, x2)", "nullif(x, 'a')", "nullif(x, t)", "nullif(w, w2)", "nullif(b, w)", "nullif(m, m2)", "greatest(i, i2)", "least(i, c)", "greatest(w, w2)", "least(m, m2)",
    "coalesce(i, c)", "coalesce(c, i)", "coalesce(c, c2)", "coalesce(x, t)", "coalesce(t, x)", "coalesce(x, 'None')", "coalesce(b, w)", "case when k > 8 then c else i end", "case when k > 8 then x else x2 end",
    // citext
    "x like 'A%'", "x like 'a_C'", "x not like 'ab%'", "x ilike 'a%'", "x like x2", "x like t", "t like x", "'ABC' like x", "x ~ '^AB'", "x !~ 'b'", "x ~* 'B'", "x similar to '(A|b)%'", "x not similar to 'a_C'", "t similar to '(A|b)%'", "t ~ 'B'", "lower(x)", "upper(x)", "length(x)", "btrim(x)", "left(x, 1)", "x::text like 'A%'", "x::text = x2::text",
    // addresses
    "host(i)", "host(c)", "family(i)", "family(c)", "masklen(i)", "masklen(c)", "abbrev(i)", "network(i)", "network(c)", "netmask(i)", "hostmask(i)", "broadcast(i)", "broadcast(c)", "set_masklen(i, k)", "set_masklen(c, k)", "set_masklen(i, 24)",
    "inet_same_family(i, i2)", "inet_merge(i, i2)", "inet_merge(c, c2)", "i << i2", "i <<= i2", "i >> i2", "i >>= c", "c << i", "i && i2", "c && c2", "i <<= '10.0.0.0/8'", "trunc(m)", "trunc(e)", "macaddr8_set7bit(e)", "host(i)::inet",
    // bit strings
    "length(b)", "length(w)", "octet_length(w)", "octet_length(b)", "bit_length(w)", "bit_count(b)", "bit_count(w)", "b & b2", "b | b2", "b # b2", "w & w2", "w | w2", "w # w2", "b << k", "b >> k", "w << k", "w >> k", "b << 3", "w >> 9",
];
