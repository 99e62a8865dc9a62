//! Zones that were merged with others whose clocks agree since 1970. PostgreSQL's own database and Debian's keep what these had before (the
//! database's `backzone`), the one in the program has not: before that, the two may differ.

/// 1970-01-02 and 1977-01-01, in seconds since 1970.
const FROM_1970: i64 = 86_400;
const FROM_1977: i64 = 220_924_800;

/// From when on the rules of a zone are the same in all editions; the name is in lower case.
pub(super) fn since(name: &str) -> i64 {
    if MERGED.binary_search(&name).is_ok() {
        FROM_1970
    } else if MERGED_LATER.contains(&name) {
        FROM_1977
    } else {
        i64::MIN
    }
}

const MERGED_LATER: [&str; 4] = ["america/ensenada", "america/santa_isabel", "america/tijuana", "mexico/bajanorte"];

#[rustfmt::skip]
const MERGED: &[&str] = &[
    "africa/accra", "africa/addis_ababa", "africa/asmara", "africa/bamako", "africa/bangui", "africa/banjul", "africa/blantyre",
    "africa/brazzaville", "africa/bujumbura", "africa/conakry", "africa/dakar", "africa/dar_es_salaam", "africa/djibouti", "africa/douala",
    "africa/freetown", "africa/gaborone", "africa/harare", "africa/kampala", "africa/kigali", "africa/kinshasa", "africa/libreville",
    "africa/lome", "africa/luanda", "africa/lubumbashi", "africa/lusaka", "africa/malabo", "africa/maseru", "africa/mbabane",
    "africa/mogadishu", "africa/niamey", "africa/nouakchott", "africa/ouagadougou", "africa/porto-novo", "america/anguilla",
    "america/antigua", "america/aruba", "america/atikokan", "america/blanc-sablon", "america/cayman", "america/creston", "america/curacao",
    "america/dominica", "america/grenada", "america/guadeloupe", "america/montserrat", "america/nassau", "america/port_of_spain",
    "america/st_kitts", "america/st_lucia", "america/st_thomas", "america/st_vincent", "america/tortola", "antarctica/dumontdurville",
    "antarctica/mcmurdo", "antarctica/syowa", "asia/aden", "asia/bahrain", "asia/brunei", "asia/kuala_lumpur", "asia/kuwait",
    "asia/muscat", "asia/phnom_penh", "asia/vientiane", "atlantic/reykjavik", "atlantic/st_helena", "europe/amsterdam",
    "europe/copenhagen", "europe/guernsey", "europe/isle_of_man", "europe/jersey", "europe/ljubljana", "europe/luxembourg",
    "europe/monaco", "europe/oslo", "europe/sarajevo", "europe/skopje", "europe/stockholm", "europe/vaduz", "europe/zagreb",
    "indian/antananarivo", "indian/christmas", "indian/cocos", "indian/comoro", "indian/kerguelen", "indian/mahe", "indian/mayotte",
    "indian/reunion", "pacific/chuuk", "pacific/funafuti", "pacific/majuro", "pacific/midway", "pacific/pohnpei", "pacific/saipan",
    "pacific/wake", "pacific/wallis",
];

#[cfg(test)]
pub(super) fn is_sorted() -> bool {
    MERGED.is_sorted()
}
