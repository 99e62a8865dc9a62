//! Room for the staging file. Boundary: what the file system says; how much is needed is an estimate and only ever warns.

use std::path::Path;

use super::run::EntitySize;

/// Bytes that a row costs besides its fields: its place in the id map with both keys, and SQLite's pages around it.
const BYTES_A_ROW: u64 = 120;

/// What the staging file will take for these entities: the source rows and what is made of them are both kept, each compressed to
/// about half.
pub(super) fn needed(sizes: &[Option<EntitySize>]) -> u64 {
    sizes.iter().flatten().map(|s| s.bytes.saturating_add(s.rows.saturating_mul(BYTES_A_ROW))).fold(0, u64::saturating_add)
}

/// Bytes that are free for us where a file is or will be; `None` where the system does not say.
pub fn free_bytes(file: &Path) -> Option<u64> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
