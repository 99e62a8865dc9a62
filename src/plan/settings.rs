//! Settings that come from outside the plan: `${NAME}` from the environment or a `.env` beside the plan, `${file:/path}` from a
//! file. Boundary: text in, text out. What is expanded here (passwords among it) is never stored and never logged.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// A setting that cannot be filled in.
#[derive(Debug, Error)]
pub enum SettingError {
    /// `${NAME}` is nowhere.
    #[error("the plan wants ${{{name}}}, which is neither in the environment nor in {}; set it: export {name}=…", dot_env.display())]
    Unset {
        /// The variable.
        name: String,
        /// The `.env` that was looked at.
        dot_env: PathBuf,
    },
    /// `${file:…}` cannot be read.
    #[error("the plan wants ${{file:{}}}, which cannot be read: {source}; check the path and its permissions", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `${` without `}`.
    #[error("a setting of the plan has `${{` without `}}`; write ${{NAME}} or ${{file:/path}}")]
    Unclosed,
}

/// Fills in the `${…}` of a setting; `folder` is the plan's.
pub fn expand(setting: &str, folder: &Path) -> Result<String, SettingError> {
    let mut out = String::with_capacity(setting.len());
    let mut rest = setting;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let inner = &rest[start + 2..];
        let end = inner.find('}').ok_or(SettingError::Unclosed)?;
        let name = &inner[..end];
        if let Some(path) = name.strip_prefix("file:") {
            let path = folder.join(path);
            let text = std::fs::read_to_string(&path).map_err(|source| SettingError::File { path, source })?;
            out.push_str(text.trim_end_matches(['\n', '\r']));
        } else {
            let dot_env = folder.join(".env");
            let value = std::env::var(name).ok().or_else(|| from_dot_env(&dot_env, name));
            out.push_str(&value.ok_or_else(|| SettingError::Unset { name: name.to_owned(), dot_env })?);
        }
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn from_dot_env(file: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('=')).find(|(key, _)| key.trim() == name).map(
        |(_, value)| {
            let value = value.trim();
            let quoted = |q: char| value.len() >= 2 && value.starts_with(q) && value.ends_with(q);
            if quoted('"') || quoted('\'') { value[1..value.len() - 1].to_owned() } else { value.to_owned() }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_files_and_dot_env_and_names_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(".env"), "# c\nexport ETL_TEST_A='postgres://x'\nETL_TEST_B=plain\n").expect("write");
        std::fs::write(folder.path().join("pw"), "s3cret\n").expect("write");
        assert_eq!(expand("${ETL_TEST_A}/${ETL_TEST_B}:${file:pw}", folder.path()).expect("filled"), "postgres://x/plain:s3cret");
        assert!(expand("${ETL_TEST_NOWHERE}", folder.path()).expect_err("unset").to_string().contains("ETL_TEST_NOWHERE"));
        assert!(matches!(expand("${X", folder.path()), Err(SettingError::Unclosed)));
    }
}
