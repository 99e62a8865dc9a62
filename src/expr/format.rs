//! `to_char`, `to_date`, `to_timestamp`, `to_number`: values by a template. Boundary: templates are literals and are read once; what a
//! template asks for and cannot be told exactly is refused by the name of the pattern.
//!
//! Refused: `TM`, `L`, `TZ`, `OF` (locale or time zone of the session); `to_char(timestamptz, …)`; `to_timestamp` without `TZH`.
//! `to_char(date, …)` takes patterns of the day only, because PostgreSQL makes the date a `timestamptz` first.

mod number;
mod picture;
mod read;
mod reader;
mod scan;
mod show;
mod template;

use super::registry::{Builtin, Ty};
use show::Source;

const ZONE: &str = "it depends on the time zone of the session: write to_char(x at time zone 'Europe/Berlin', '…')";
const FLOAT4: &str = "cast it to double precision or numeric";
const SHOWN: &str = "as text, by a template";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::prepared("to_char", &[Ty::Timestamp, Ty::Text], Ty::Text, &[1], |l| show::prepare(l, Source::Timestamp), SHOWN),
    Builtin::prepared("to_char", &[Ty::Date, Ty::Text], Ty::Text, &[1], |l| show::prepare(l, Source::Date), SHOWN),
    Builtin::refuse("to_char", &[Ty::TimestampTz, Ty::Text], Ty::Text, ZONE),
    Builtin::prepared("to_char", &[Ty::Interval, Ty::Text], Ty::Text, &[1], |l| show::prepare(l, Source::Interval), SHOWN),
    Builtin::prepared("to_char", &[Ty::Int4, Ty::Text], Ty::Text, &[1], number::prepare_show, SHOWN),
    Builtin::prepared("to_char", &[Ty::Int8, Ty::Text], Ty::Text, &[1], number::prepare_show, SHOWN),
    Builtin::prepared("to_char", &[Ty::Numeric, Ty::Text], Ty::Text, &[1], number::prepare_show, SHOWN),
    Builtin::refuse("to_char", &[Ty::Float4, Ty::Text], Ty::Text, FLOAT4),
    Builtin::prepared("to_char", &[Ty::Float8, Ty::Text], Ty::Text, &[1], number::prepare_show, SHOWN),
    Builtin::prepared("to_date", &[Ty::Text, Ty::Text], Ty::Date, &[1], |l| read::prepare(l, true), "a date out of text, by a template"),
    Builtin::prepared(
        "to_timestamp",
        &[Ty::Text, Ty::Text],
        Ty::TimestampTz,
        &[1],
        |l| read::prepare(l, false),
        "a moment out of text, by a template with TZH",
    ),
    Builtin::prepared("to_number", &[Ty::Text, Ty::Text], Ty::Numeric, &[1], scan::prepare, "a number out of text, by a template"),
];
