//! Password files and service files, as libpq reads them. Boundary: their text; which of them is read is decided in `address`.

use std::collections::BTreeMap;
use std::path::Path;

/// The parameters of a service among `known` ones; `None` where it is not defined.
pub(super) fn service(file: &Path, service: &str, known: &[&str]) -> Option<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(str::trim).skip_while(|l| *l != format!("[{service}]"));
    lines.next()?;
    let own = lines.take_while(|l| !l.starts_with('['));
    let pairs = own.filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('='));
    Some(pairs.map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned())).filter(|(k, _)| known.contains(&k.as_str())).collect())
}

/// The text of a password file; `None` when it is not there, or when others can read it, which libpq refuses too.
pub(super) fn passwords(file: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    if mode & 0o077 != 0 {
        log::warn!("the password file {} is not used, because others can read it; type: chmod 600 {}", file.display(), file.display());
        return None;
    }
    std::fs::read_to_string(file).ok()
}

/// The password for host, port, database and user in a password file's text.
pub(super) fn password(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = split_escaped(line);
        let [host, port, database, user, password] = fields.as_slice() else { return None };
        let fits = |field: &str, wanted: &str| field == "*" || field == wanted;
        // A socket's directory is called localhost there.
        let host_fits = fits(host, wanted[0]) || (wanted[0].starts_with('/') && host == "localhost");
        (host_fits && fits(port, wanted[1]) && fits(database, wanted[2]) && fits(user, wanted[3])).then(|| password.clone())
    })
}

/// Splits at `:`, four times at most; a backslash takes the next character as it is.
fn split_escaped(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        match c {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields[last].extend(chars.next()),
            c => fields[last].push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_files_are_read_as_libpq_reads_them() {
        let text = "# comment\nother:*:*:*:no\n*:5432:d\\:b:u:pa\\:ss\\\\\nlocalhost:*:*:*:sock\n";
        assert_eq!(password(text, ["h", "5432", "d:b", "u"]).as_deref(), Some("pa:ss\\"));
        assert_eq!(password(text, ["/run/pg", "1", "x", "y"]).as_deref(), Some("sock"));
        assert_eq!(password(text, ["h", "1", "x", "y"]), None);
    }
}
