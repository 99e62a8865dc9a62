//! Overloads that PostgreSQL has of names that are known here, and that are not supported: they stand in the table so that no other
//! one is chosen in their place. Written by `UPDATE_OVERLOADS=1 cargo test --test oracle every_overload`; one that a family
//! takes on is passed over.

use super::registry::{Builtin, Ty};

const INSTEAD: &str = "compute it in the source query";

#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::refuse("json_populate_record", &[Ty::AnyElement, Ty::Json, Ty::Bool], Ty::AnyElement, INSTEAD),
    Builtin::refuse("json_populate_recordset", &[Ty::AnyElement, Ty::Json, Ty::Bool], Ty::AnyElement, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::Time, Ty::Interval, Ty::Time, Ty::Interval], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::Time, Ty::Interval, Ty::Time, Ty::Time], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::Time, Ty::Time, Ty::Time, Ty::Interval], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::TimeTz, Ty::TimeTz, Ty::TimeTz, Ty::TimeTz], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::Timestamp, Ty::Interval, Ty::Timestamp, Ty::Interval], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::Timestamp, Ty::Interval, Ty::Timestamp, Ty::Timestamp], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::Timestamp, Ty::Timestamp, Ty::Timestamp, Ty::Interval], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::TimestampTz, Ty::Interval, Ty::TimestampTz, Ty::Interval], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::TimestampTz, Ty::Interval, Ty::TimestampTz, Ty::TimestampTz], Ty::Bool, INSTEAD),
    Builtin::refuse("overlaps", &[Ty::TimestampTz, Ty::TimestampTz, Ty::TimestampTz, Ty::Interval], Ty::Bool, INSTEAD),
];

#[rustfmt::skip]
pub(super) const OPERATORS: &[Builtin] = &[
    Builtin::refuse("@@", &[Ty::Text, Ty::Text], Ty::Bool, INSTEAD),
    Builtin::refuse("||", &[Ty::AnyArray, Ty::AnyArray], Ty::AnyArray, INSTEAD),
    Builtin::refuse("||", &[Ty::AnyArray, Ty::AnyElement], Ty::AnyArray, INSTEAD),
    Builtin::refuse("||", &[Ty::AnyElement, Ty::AnyArray], Ty::AnyArray, INSTEAD),
    Builtin::refuse("||", &[Ty::AnyElement, Ty::Text], Ty::Text, INSTEAD),
    Builtin::refuse("||", &[Ty::Text, Ty::AnyElement], Ty::Text, INSTEAD),
    Builtin::refuse("||", &[Ty::Text, Ty::Text], Ty::Text, INSTEAD),
    Builtin::refuse("||", &[Ty::Varbit, Ty::Varbit], Ty::Varbit, INSTEAD),
];
