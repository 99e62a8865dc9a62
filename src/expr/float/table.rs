//! The signatures. Boundary: which exist and what they are called.

use super::math::{self, one, same, trigonometric, two};
use crate::expr::registry::{Builtin, Run, Ty};
use crate::row::Value;

const F: Ty = Ty::Float8;
const F4: Ty = Ty::Float4;
const DEGREES: &str = "write the function of radians: sin(radians(x))";
const CUBE_ROOT: &str = "its last digit differs from one C library to the next: compute it in the source query";
const INVERSE: &str = "compute it in the source query";

pub(in crate::expr) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("abs", &[F4], F4, |a| same(a, f64::abs), "without its sign"),
    Builtin::new("abs", &[F], F, |a| same(a, f64::abs), "without its sign"),
    Builtin::new("round", &[F], F, |a| same(a, f64::round_ties_even), "the nearest whole number, half to even"),
    Builtin::new("trunc", &[F], F, |a| same(a, f64::trunc), "without its fraction"),
    Builtin::new("ceil", &[F], F, |a| same(a, f64::ceil), "the least whole number not below it"),
    Builtin::new("ceiling", &[F], F, |a| same(a, f64::ceil), "the least whole number not below it"),
    Builtin::new("floor", &[F], F, |a| same(a, f64::floor), "the greatest whole number not above it"),
    Builtin::new("sign", &[F], F, |a| one(a, math::sign), "-1, 0 or 1"),
    fails("sqrt", &[F], |a| one(a, math::sqrt), "the square root"),
    Builtin::refuse("cbrt", &[F], F, CUBE_ROOT),
    fails("exp", &[F], |a| one(a, math::exp), "e raised to it"),
    fails("ln", &[F], |a| one(a, math::ln), "the natural logarithm"),
    fails("log", &[F], |a| one(a, math::log10), "the logarithm to base 10"),
    fails("log10", &[F], |a| one(a, math::log10), "the logarithm to base 10"),
    fails("power", &[F, F], |a| two(a, math::power), "the first raised to the second"),
    fails("pow", &[F, F], |a| two(a, math::power), "the first raised to the second"),
    Builtin::new("pi", &[], F, |_| Ok(Value::Float8(std::f64::consts::PI)), "π"),
    fails("degrees", &[F], |a| one(a, math::degrees), "radians as degrees"),
    fails("radians", &[F], |a| one(a, math::radians), "degrees as radians"),
    fails("sin", &[F], |a| one(a, |x| trigonometric(x, f64::sin)), "the sine"),
    fails("cos", &[F], |a| one(a, |x| trigonometric(x, f64::cos)), "the cosine"),
    fails("tan", &[F], |a| one(a, |x| trigonometric(x, f64::tan)), "the tangent"),
    fails("cot", &[F], |a| one(a, |x| trigonometric(x, |x| 1.0 / x.tan())), "the cotangent"),
    fails("asin", &[F], |a| one(a, |x| math::inverse(x, f64::asin)), "the angle with this sine"),
    fails("acos", &[F], |a| one(a, |x| math::inverse(x, f64::acos)), "the angle with this cosine"),
    Builtin::new("atan", &[F], F, |a| one(a, |x| Ok(x.atan())), "the angle with this tangent"),
    Builtin::new("atan2", &[F, F], F, |a| two(a, |y, x| Ok(y.atan2(x))), "the angle whose tangent is the quotient"),
    Builtin::new("sinh", &[F], F, |a| one(a, |x| Ok(x.sinh())), "the hyperbolic sine"),
    Builtin::new("cosh", &[F], F, |a| one(a, |x| Ok(x.cosh())), "the hyperbolic cosine"),
    Builtin::new("tanh", &[F], F, |a| one(a, |x| Ok(x.tanh())), "the hyperbolic tangent"),
    Builtin::refuse("asinh", &[F], F, INVERSE),
    Builtin::refuse("acosh", &[F], F, INVERSE),
    Builtin::refuse("atanh", &[F], F, INVERSE),
    Builtin::refuse("sind", &[F], F, DEGREES),
    Builtin::refuse("cosd", &[F], F, DEGREES),
    Builtin::refuse("tand", &[F], F, DEGREES),
    Builtin::refuse("cotd", &[F], F, DEGREES),
    Builtin::refuse("asind", &[F], F, DEGREES),
    Builtin::refuse("acosd", &[F], F, DEGREES),
    Builtin::refuse("atand", &[F], F, DEGREES),
    Builtin::refuse("atan2d", &[F, F], F, DEGREES),
    Builtin::new("width_bucket", &[F, F, F, Ty::Int4], Ty::Int4, math::width_bucket, "which of n equal parts between two bounds").fails(),
];

pub(in crate::expr) const OPERATORS: &[Builtin] = &[
    op("+", &[F4, F4], F4, math::add),
    op("+", &[F4, F], F, math::add),
    op("+", &[F, F4], F, math::add),
    op("+", &[F, F], F, math::add),
    op("-", &[F4, F4], F4, math::subtract),
    op("-", &[F4, F], F, math::subtract),
    op("-", &[F, F4], F, math::subtract),
    op("-", &[F, F], F, math::subtract),
    op("*", &[F4, F4], F4, math::multiply),
    op("*", &[F4, F], F, math::multiply),
    op("*", &[F, F4], F, math::multiply),
    op("*", &[F, F], F, math::multiply),
    op("/", &[F4, F4], F4, math::divide),
    op("/", &[F4, F], F, math::divide),
    op("/", &[F, F4], F, math::divide),
    op("/", &[F, F], F, math::divide),
    op("^", &[F, F], F, |a| two(a, math::power)),
    op("|/", &[F], F, |a| one(a, math::sqrt)),
    Builtin::refuse("||/", &[F], F, CUBE_ROOT),
    Builtin::new("-", &[F4], F4, |a| same(a, |x| -x), ""),
    Builtin::new("-", &[F], F, |a| same(a, |x| -x), ""),
    Builtin::new("+", &[F4], F4, |a| same(a, |x| x), ""),
    Builtin::new("+", &[F], F, |a| same(a, |x| x), ""),
    Builtin::new("@", &[F4], F4, |a| same(a, f64::abs), ""),
    Builtin::new("@", &[F], F, |a| same(a, f64::abs), ""),
];

const fn op(name: &'static str, args: &'static [Ty], result: Ty, run: Run) -> Builtin {
    Builtin::new(name, args, result, run, "").fails()
}

const fn fails(name: &'static str, args: &'static [Ty], run: Run, summary: &'static str) -> Builtin {
    Builtin::new(name, args, F, run, summary).fails()
}
