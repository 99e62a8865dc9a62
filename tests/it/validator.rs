//! The validator's own tests: one thing in the target is changed by hand, and it must turn red and name it.

use super::support::{Outcome, Shop, shop};

fn migrated() -> Shop {
    let shop = shop();
    shop.migration.etl(&["run", "--progress", "none"]).exits(0);
    shop.migration.etl(&["validate", "--progress", "none"]).exits(0);
    shop
}

fn red(shop: &Shop, mutation: &str) -> Outcome {
    shop.migration.target.exec(mutation);
    shop.migration.etl(&["validate", "--progress", "none"]).exits(4)
}

#[test]
fn a_changed_cell_is_named_with_row_and_column() {
    let shop = migrated();
    let id = shop.migration.target.value("SELECT id FROM items WHERE legacy_id = 4321");
    let outcome = red(&shop, "UPDATE items SET price = price + 0.01 WHERE legacy_id = 4321").says(&id).says("price").says("4321");
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    let value = shop.migration.target.value("SELECT price FROM items WHERE legacy_id = 4321");
    assert!(!said.contains(&value), "digests are shown, values are not");
    let json = shop.migration.etl(&["validate", "--progress", "none", "--json"]).exits(4).json();
    let differences = json["differences"].as_array().unwrap();
    assert!(differences.iter().any(|d| d["column"] == "price" && d.to_string().contains(&id)), "{differences:?}");
}

#[test]
fn a_missing_row_is_named() {
    let shop = migrated();
    let id = shop.migration.target.value("SELECT id FROM items WHERE legacy_id = 55");
    red(&shop, "DELETE FROM items WHERE legacy_id = 55").says(&id);
}

#[test]
fn a_row_too_many_is_named() {
    let shop = migrated();
    let id = "11111111-2222-4333-8444-555555555555";
    let insert =
        format!("INSERT INTO items SELECT '{id}', person_id, 'one more', price, gen_random_uuid(), made, kind, 999999 FROM items LIMIT 1");
    red(&shop, &insert).says(id);
}

#[test]
fn a_reference_to_another_valid_parent_is_named() {
    let shop = migrated();
    let change = "UPDATE items SET person_id = (SELECT id FROM people p WHERE p.id <> items.person_id LIMIT 1) WHERE legacy_id = 77";
    red(&shop, change).says("person_id");
}

#[test]
fn a_cent_moved_between_two_rows_is_found_though_the_sum_stands() {
    let shop = migrated();
    red(&shop, "UPDATE people SET credit = credit + CASE legacy_id WHEN 1 THEN 0.01 ELSE -0.01 END WHERE legacy_id IN (1, 2)")
        .says("credit");
}

#[test]
fn an_altered_mapping_is_named() {
    let shop = migrated();
    red(&shop, "UPDATE migration_mappings SET new_id = gen_random_uuid() WHERE entity_type = 'people' AND legacy_id = '5'").says("people");
}
