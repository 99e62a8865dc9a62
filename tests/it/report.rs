//! What a report says: sums by group, alarms, profiles, and the page itself.

use super::support::{Shop, shop};

/// Items have a sum by kind, which the source knows as a number and the target as a label, and people one by city and name's length.
fn grouped() -> Shop {
    let shop = shop();
    shop.migration.edit(
        "entities/items.toml",
        "target = \"price\"\n",
        "target = \"price\"\nby = { source = \"case kind when 0 then 'small' when 1 then 'medium' when 2 then 'large' end\", target = \"kind\" }\n",
    );
    shop.migration.edit(
        "entities/people.toml",
        "target = \"credit\"\n",
        "target = \"credit\"\nby = [{ source = \"id % 3\", target = \"legacy_id % 3\" }, { plan = \"length(name)\", target = \"length(name)\" }]\n",
    );
    shop
}

fn alarms(summary: &serde_json::Value) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = summary["alarms"].as_array().unwrap();
    list.iter().map(|alarm| format!("{} {}.{}", text(&alarm["kind"]), text(&alarm["entity"]), text(&alarm["column"]))).collect()
}

#[test]
fn sums_close_in_every_group_and_a_cent_between_groups_is_red_though_the_total_stands() {
    let shop = grouped();
    let summary = shop.migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    let control = |summary: &serde_json::Value, entity: &str| {
        summary["controls"].as_array().unwrap().iter().find(|c| c["entity"] == entity).unwrap().clone()
    };
    let items = control(&summary, "items");
    // Three kinds, and the unknown ones, which are all in quarantine.
    assert_eq!(items["groups_found"], 4, "{items}");
    let unknown = items["groups"].as_array().unwrap().iter().find(|g| g["group"][0].is_null()).unwrap().clone();
    assert_eq!((unknown["equal"].as_bool(), unknown["source"] == unknown["held"]), (Some(true), true), "{unknown}");
    for group in items["groups"].as_array().unwrap() {
        assert_eq!(group["equal"], true, "{group}");
        assert_eq!(group["target"], group["loaded"], "{group}");
        assert!(group["source"].is_string());
    }
    let people = control(&summary, "people");
    assert!(people["groups_found"].as_u64().unwrap() >= 9, "{people}");
    assert!(people["groups"].as_array().unwrap().iter().all(|g| g["source"].is_null() && g["equal"] == true), "{people}");

    shop.migration.target.exec(
        "UPDATE items SET price = price + CASE legacy_id WHEN 10 THEN 0.01 ELSE -0.01 END WHERE legacy_id IN (10, 11) AND kind IN ('small', 'medium', 'large')",
    );
    let red = shop.migration.etl(&["validate", "--json", "--progress", "none"]).exits(4).json();
    let items = control(&red, "items");
    assert_eq!(items["target"], items["loaded"], "the total stands");
    assert_eq!(items["equal"], false);
    let differing = items["groups"].as_array().unwrap().iter().filter(|g| g["equal"] == false).count();
    assert_eq!(differing, 2, "{items}");
    let of_groups = red["differences"].as_array().unwrap().iter().filter(|d| d["kind"] == "control").collect::<Vec<_>>();
    assert!(of_groups.len() == 2 && of_groups.iter().all(|d| d["message"].as_str().unwrap().contains("of the group")), "{of_groups:?}");
}

#[test]
fn nothing_alarms_in_a_mapping_that_is_meant() {
    let summary = shop().migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    assert_eq!(alarms(&summary), Vec::<String>::new());
    let profile = summary["profiles"].as_array().unwrap().iter().find(|p| p["entity"] == "items").unwrap().clone();
    let column = |name: &str| profile["target"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
    let items = summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == "items").unwrap();
    assert_eq!(profile["rows"], items["loaded"]);
    assert_eq!(column("kind")["distinct"], 3);
    assert_eq!(column("id")["distinct_exact"], false);
    assert!(column("label")["min"].is_null() && column("label").get("samples").is_none(), "a text shows nothing of itself");
    assert_eq!(column("legacy_id")["min"], "2");
    assert_eq!(column("price")["made_of"], serde_json::json!(["price"]));
}

#[test]
fn a_mapping_gone_wrong_alarms_though_every_cell_is_as_it_was_staged() {
    let shop = shop();
    shop.migration.edit("entities/people.toml", "lower(btrim(mail))", "case when mail is not null then 'x@example.org' end");
    shop.migration.edit(
        "entities/people.toml",
        "ref('cities', city_id, on_missing => 'null')",
        "ref('cities', city_id + 5000, on_missing => 'null')",
    );
    shop.migration.edit("entities/items.toml", "made = \"made\"", "made = \"nullif(made, made)\"");
    shop.migration.edit("entities/items.toml", "ref('people', person_id)", "ref('people', coalesce(nullif(person_id, person_id), 1))");
    let summary = shop.migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    let found = alarms(&summary);
    for expected in ["reference_never_hit people.city_id", "constant people.mail", "all_null items.made", "single_parent items.person_id"] {
        assert!(found.iter().any(|alarm| alarm == expected), "{expected} is not among {found:?}");
    }
    assert_eq!(summary["differences_found"], 0);
}

#[test]
fn the_page_is_written_and_can_be_made_again_without_the_databases() {
    let shop = grouped();
    shop.migration.etl(&["run", "--progress", "none"]).exits(0).says("report.html");
    let folder = shop.migration.folder();
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for part in ["id=\"ledger\"", "id=\"money\"", "id=\"graph\"", "id=\"timings\"", "id=\"profiles\"", "id=\"checks\"", "medium"] {
        assert!(page.contains(part), "{part} is missing");
    }
    for personal in ["m100@example.org", "person 1<", "city 1<"] {
        assert!(!page.contains(personal), "{personal} is a value of a row");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(folder.join("report.html")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let nowhere = "postgres://nobody@127.0.0.1:1/none";
    let output = shop
        .migration
        .command(&["report", "--format", "html"])
        .env("SOURCE_DATABASE_URL", nowhere)
        .env("TARGET_DATABASE_URL", nowhere)
        .output()
        .unwrap();
    let again = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for part in ["id=\"money\"", "id=\"profiles\"", "id=\"timings\"", "DIFFERS"] {
        assert_eq!(again.contains(part), page.contains(part), "{part}");
    }
    let json = shop.migration.etl(&["report", "--json"]).exits(0).json();
    assert!(json["stages"].as_array().unwrap().iter().any(|s| s["stage"] == "validate"));
    for span in json["stages"].as_array().unwrap() {
        assert!(span["began"].as_f64() <= span["ended"].as_f64(), "{span}");
    }
}
