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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Interval, Value};
    use proptest::prelude::*;

    const PATTERN: &str =
        r#"(FM|FX|YYYY|YY|MM|DD|DDD|WW|IW|ID|IYYY|CC|J|HH12|HH24|MI|SS|MS|US|AM|BC|RM|month|Day|Q|TZH|TH|"|\\|Y,YYY|[-/. ]|é){0,8}"#;

    proptest! {
        #[test]
        fn hostile_templates_never_panic(template in PATTERN, text in r"([-+0-9]{0,6}|[-/. :,]|[a-z]{1,4}|é){0,8}", micros: i64, months: i32) {
            let literals = [None, Some(template.as_str())];
            for prepared in [read::prepare(&literals, true), read::prepare(&literals, false)].into_iter().flatten() {
                let _ = prepared.run(&mut [Value::text(&text), Value::text(&template)]);
            }
            let span = Interval { months, days: months.wrapping_mul(7), micros };
            for (source, value) in [(Source::Timestamp, Value::Timestamp(micros)), (Source::Interval, Value::Interval(span))] {
                if let Ok(prepared) = show::prepare(&literals, source) {
                    let _ = prepared.run(&mut [value, Value::text(&template)]);
                }
            }
        }

        #[test]
        fn hostile_pictures_never_panic(template in r#"(FM|9|0|,|\.|S|MI|PL|SG|PR|TH|V|EEEE|B|"|x|é){0,9}"#, text in r"([-+0-9]{0,4}|[<>., ]|é){0,6}", n: i64, f: f64) {
            let literals = [None, Some(template.as_str())];
            if let Ok(prepared) = number::prepare_show(&literals) {
                let _ = prepared.run(&mut [Value::Int8(n), Value::text(&template)]);
                let _ = prepared.run(&mut [Value::Float8(f), Value::text(&template)]);
            }
            if let Ok(prepared) = scan::prepare(&literals) {
                let _ = prepared.run(&mut [Value::text(&text), Value::text(&template)]);
            }
        }
    }
}
