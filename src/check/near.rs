//! "Did you mean": the names that exist, beside one that does not. Boundary: words; the names are handed in.

use crate::pg::ColumnList;

/// The table nearest to a name, written as it can be typed: without its schema where the name had none.
pub(super) fn table(wanted: &str, known: &[ColumnList]) -> Option<String> {
    let wanted = wanted.replace('"', "");
    let (schema, bare) = wanted.rsplit_once('.').map_or((None, wanted.as_str()), |(s, n)| (Some(s), n));
    let distance = |candidate: &ColumnList| {
        let far = strsim::damerau_levenshtein(bare, &candidate.table.name);
        let elsewhere = schema.is_some_and(|s| candidate.table.schema.as_deref() != Some(s));
        (far <= 1 + bare.len().max(candidate.table.name.len()) / 4).then_some((far, elsewhere))
    };
    let nearest = known.iter().filter_map(|c| Some((distance(c)?, c))).min_by_key(|(distance, _)| *distance)?.1;
    let same_name = known.iter().filter(|c| c.table.name == nearest.table.name).count();
    let bare_is_enough = schema.is_none() && same_name == 1;
    Some(if bare_is_enough { nearest.table.name.clone() } else { nearest.table.to_string() })
}

/// What stands in the first pair of double quotes of a server's message.
pub(super) fn quoted(message: &str) -> Option<&str> {
    message.split('"').nth(1).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::QualifiedName;

    fn tables(names: &[(&str, &str)]) -> Vec<ColumnList> {
        names.iter().map(|(s, n)| ColumnList { table: QualifiedName::new(*s, *n), columns: Vec::new() }).collect()
    }

    #[test]
    fn the_nearest_table_is_named_as_it_can_be_typed() {
        let known = tables(&[("public", "dispatch_task"), ("public", "orders"), ("shop", "orders")]);
        assert_eq!(table("dispatch_taks", &known).as_deref(), Some("dispatch_task"));
        assert_eq!(table("shop.order", &known).as_deref(), Some("shop.orders"));
        assert_eq!(table("order", &known).as_deref(), Some("public.orders"));
        assert_eq!(table("zebra", &known), None);
        assert_eq!(quoted("relation \"dispatch_taks\" does not exist"), Some("dispatch_taks"));
    }
}
