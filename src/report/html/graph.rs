//! The load order as a picture: levels from left to right, an edge from each parent to its child. Boundary: see `html`.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::page::{Page, escape};
use crate::report::number::thousands;
use crate::report::{EntitySummary, Summary};

const BOX: [usize; 2] = [168, 36];
const GAP: [usize; 2] = [76, 12];
const EDGE: usize = 8;
/// Characters of a name that fit into a box.
const FITS: usize = 22;

/// The picture.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.entities.is_empty() {
        return;
    }
    let places = arrange(&s.entities);
    let by_name: HashMap<&str, usize> = s.entities.iter().enumerate().map(|(at, e)| (e.name.as_str(), at)).collect();
    let place = |name: &str| by_name.get(name).map(|at| places[*at]);
    let levels = places.iter().map(|(level, _)| level + 1).max().unwrap_or(1);
    let tallest = places.iter().map(|(_, row)| row + 1).max().unwrap_or(1);
    let [width, height] = [levels * (BOX[0] + GAP[0]) - GAP[0] + 2 * EDGE, tallest * (BOX[1] + GAP[1]) - GAP[1] + 2 * EDGE];
    page.section("graph", "Load order");
    page.note("An entity is loaded when those it refers to are. Solid: no row without its parent. Dashed: the plan lets rows go without. ↻ refers to itself.");
    page.raw("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Load order\">\n");
    let mut svg = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{} entities in {levels} levels\">\n",
        s.entities.len()
    );
    for (child, to) in s.entities.iter().zip(&places) {
        for edge in child.parents.iter().filter(|edge| edge.entity != child.name) {
            let Some(from) = place(&edge.entity) else { continue };
            let class = if edge.optional { " class=\"optional\"" } else { "" };
            let ([x1, y1], [x2, y2]) = (corner(from), corner(*to));
            let (x1, y1, y2) = (x1 + BOX[0], y1 + BOX[1] / 2, y2 + BOX[1] / 2);
            let middle = GAP[0] * 3 / 5;
            let _ = writeln!(
                svg,
                "<path{class} d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"><title>{}</title></path>",
                x1 + middle,
                x2.saturating_sub(middle),
                escape(&format!("{} → {}{}", edge.entity, child.name, if edge.optional { ", optional" } else { "" }))
            );
            let _ = writeln!(svg, "<path class=\"arrow\" d=\"M{x2} {y2}l-6 -3.5v7z\"/>");
        }
    }
    for (entity, at) in s.entities.iter().zip(&places) {
        let [x, y] = corner(*at);
        let held = if entity.quarantined > 0 { " class=\"held\"" } else { "" };
        let itself = if entity.parents.iter().any(|edge| edge.entity == entity.name) { " ↻" } else { "" };
        let mut name: String = entity.name.chars().take(FITS).collect();
        if name != entity.name {
            name.push('…');
        }
        let mut rows = format!("{} rows", thousands(entity.read));
        if entity.quarantined > 0 {
            let _ = write!(rows, ", {} held", thousands(entity.quarantined));
        }
        let _ = writeln!(
            svg,
            "<g><title>{}</title><rect{held} x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}{itself}</text>\
             <text class=\"small\" x=\"{}\" y=\"{}\">{rows}</text></g>",
            escape(&format!("{} → {}", entity.name, entity.target)),
            BOX[0],
            BOX[1],
            x + 9,
            y + 15,
            escape(&name),
            x + 9,
            y + 29
        );
    }
    svg.push_str("</svg>\n</div>\n");
    page.raw(&svg);
    page.again("the levels", "etl check");
    page.end();
}

fn corner((level, row): (usize, usize)) -> [usize; 2] {
    [EDGE + level * (BOX[0] + GAP[0]), EDGE + row * (BOX[1] + GAP[1])]
}

/// Level and row of each entity. Within a level an entity stands where its parents stand on the average, so that few edges cross.
fn arrange(entities: &[EntitySummary]) -> Vec<(usize, usize)> {
    let mut places = vec![(0, 0); entities.len()];
    let levels = entities.iter().map(|e| e.level).max().unwrap_or(0);
    // Levels of entities that are not in the staging file are left out.
    let by_name: HashMap<&str, usize> = entities.iter().enumerate().map(|(at, e)| (e.name.as_str(), at)).collect();
    let mut of_level: Vec<Vec<usize>> = vec![Vec::new(); levels + 1];
    entities.iter().enumerate().for_each(|(at, e)| of_level[e.level].push(at));
    let there = of_level.into_iter().enumerate().filter(|(_, members)| !members.is_empty());
    for (column, (level, mut members)) in there.enumerate() {
        members.sort_by_cached_key(|at| {
            let rows: Vec<usize> = entities[*at]
                .parents
                .iter()
                .filter_map(|edge| by_name.get(edge.entity.as_str()).copied().filter(|at| entities[*at].level < level))
                .map(|parent| places[parent].1)
                .collect();
            (rows.iter().sum::<usize>() * 100).checked_div(rows.len()).unwrap_or(usize::MAX)
        });
        for (row, at) in members.into_iter().enumerate() {
            places[at] = (column, row);
        }
    }
    places
}
