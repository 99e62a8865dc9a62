//! Report files. Boundary: how they get to the disk; each is there whole or not at all, and only its owner can read it, because reasons and
//! keys stand in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{ReportError, Summary};

impl Summary {
    /// Writes the summary as JSON.
    pub fn write_json(&self, path: &Path) -> Result<(), ReportError> {
        let mut json = serde_json::to_string_pretty(self).map_err(|source| ReportError::Json { source })?;
        json.push('\n');
        write(path, &json)
    }

    /// Writes the report as one HTML page.
    pub fn write_html(&self, path: &Path) -> Result<(), ReportError> {
        write(path, &self.to_html())
    }

    /// Writes the report as Markdown.
    pub fn write_markdown(&self, path: &Path) -> Result<(), ReportError> {
        write(path, &self.to_markdown())
    }
}

fn write(path: &Path, text: &str) -> Result<(), ReportError> {
    replace(path, text.as_bytes()).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

/// Writes beside and renames: whoever reads the report meanwhile sees the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path)?;
    // Left behind by a process that had our number and was killed.
    match fs::remove_file(&beside) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => return Err(failure),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What was begun is of no use; the first failure is the one to tell.
        let _ = fs::remove_file(&beside);
        return written;
    }
    // The rename itself is durable once the folder is.
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this is no file name"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_report_is_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "older, and readable for all").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("report.md");
        let failure = write(&path, "text").unwrap_err().to_string();
        assert!(failure.contains("nowhere/report.md") && failure.contains("etl report"), "{failure}");
    }
}
