//! The load order: references give it, nobody writes it down. Boundary: indices in, levels or a cycle out.

/// For each node its level: 0 without parents, else one more than its highest parent.
///
/// # Errors
/// The nodes of one cycle, each referring to the next and the last to the first.
pub(super) fn levels(parents: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for (node, above) in parents.iter().enumerate() {
        for parent in above {
            children[*parent].push(node);
        }
    }
    // A node is settled with the last of its parents, which may stand on several levels.
    let mut open: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut levels: Vec<Option<usize>> = vec![None; parents.len()];
    let mut settled: Vec<usize> = (0..parents.len()).filter(|node| open[*node] == 0).collect();
    while let Some(node) = settled.pop() {
        levels[node] = Some(parents[node].iter().filter_map(|parent| levels[*parent]).map(|level| level + 1).max().unwrap_or(0));
        for child in &children[node] {
            open[*child] -= 1;
            if open[*child] == 0 {
                settled.push(*child);
            }
        }
    }
    match levels.iter().position(Option::is_none) {
        None => Ok(levels.into_iter().flatten().collect()),
        Some(start) => Err(cycle_from(start, parents, &levels)),
    }
}

/// Every unsettled node has an unsettled parent, so walking up must come back to a node already seen.
fn cycle_from(start: usize, parents: &[Vec<usize>], levels: &[Option<usize>]) -> Vec<usize> {
    let mut walked = vec![start];
    loop {
        let at = walked[walked.len() - 1];
        let Some(up) = parents[at].iter().copied().find(|p| levels[*p].is_none()) else { return walked };
        if let Some(seen) = walked.iter().position(|w| *w == up) {
            return walked.split_off(seen);
        }
        walked.push(up);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_the_longest_way_up() {
        assert_eq!(levels(&[vec![], vec![0], vec![0, 1], vec![]]), Ok(vec![0, 1, 2, 0]));
    }

    #[test]
    fn a_cycle_is_named_without_what_hangs_on_it() {
        assert_eq!(levels(&[vec![2], vec![0], vec![1], vec![0]]), Err(vec![0, 2, 1]));
    }
}
