//! Field bytes of every type: what decodes is written, and what is written decodes to the same bytes. The first byte chooses the type.
#![no_main]

use std::sync::{Arc, LazyLock};

use etl::row::{ArrayType, CompositeField, CompositeType, EnumType, ServerOid, SqlType, Typmod, decode, encode};
use libfuzzer_sys::fuzz_target;

static TYPES: LazyLock<Vec<SqlType>> = LazyLock::new(|| {
    let mut types: Vec<SqlType> = (0..10_000).filter_map(SqlType::builtin).collect();
    types.push(SqlType::Citext);
    types.push(SqlType::Other { oid: ServerOid(600), name: "point".into() });
    let mood = SqlType::Enum(Arc::new(EnumType { name: "mood".to_owned(), labels: vec!["sad".to_owned(), "ok".to_owned()] }));
    types.push(mood.clone());
    let array = |element: &SqlType, oid| {
        SqlType::Array(Arc::new(ArrayType { element: element.clone(), element_typmod: Typmod::NONE, element_oid: ServerOid(oid) }))
    };
    let mut arrays: Vec<SqlType> = types.iter().map(|ty| array(ty, ty.builtin_oid().unwrap_or(77_777))).collect();
    let field = |name: &str, ty: &SqlType, oid| CompositeField { name: name.to_owned(), ty: ty.clone(), typmod: Typmod::NONE, oid: ServerOid(oid) };
    let inner = vec![field("t", &SqlType::Text, 25), field("n", &SqlType::Numeric, 1700), field("m", &array(&mood, 5), 6)];
    let inner = SqlType::Composite(Arc::new(CompositeType { name: "inner".to_owned(), fields: inner }));
    let outer = vec![field("one", &inner, 7), field("many", &array(&inner, 7), 8), field("i", &SqlType::Int4, 23)];
    let outer = SqlType::Composite(Arc::new(CompositeType { name: "outer".to_owned(), fields: outer }));
    types.append(&mut arrays);
    types.extend([array(&inner, 7), array(&outer, 9), inner, outer]);
    types
});

fn written(ty: &SqlType, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let value = decode(ty, bytes).ok()?;
    encode(&value, ty, &mut out).expect("what decodes is of its type");
    Some(out)
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let ty = &TYPES[usize::from(*which) % TYPES.len()];
    let Some(once) = written(ty, bytes) else { return };
    // Numerics, arrays and rows can be written in more than one way; all others are what they were.
    if !matches!(ty, SqlType::Numeric | SqlType::Array(_) | SqlType::Composite(_)) {
        assert_eq!(once, bytes, "{ty}");
    }
    let twice = written(ty, &once).expect("what was written decodes");
    assert_eq!(once, twice, "{ty}");
});
