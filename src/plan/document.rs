//! The plan as written: TOML read key by key, so that every unknown key, wrong type and missing setting is found in one go and
//! has its place. Boundary: no meaning is given to expressions or names here; that is `resolve`.

mod checks;

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::problem::{Problems, nearest};
use super::text::Text;
pub(super) use checks::{ExpectDocument, ExpectedDocument, TestDocument, ValueDocument};

/// A file of the plan.
#[derive(Clone, Debug)]
pub struct PlanFile {
    /// Its path, relative to the folder of `etl.toml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A key with its string value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) name: String,
    pub(super) place: (usize, Range<usize>),
    pub(super) value: Text,
}

/// A code table as written.
#[derive(Clone, Debug)]
pub struct CodesDocument {
    pub(super) name: String,
    pub(super) place: (usize, Range<usize>),
    pub(super) evidence: Option<Text>,
    pub(super) on_null: Option<Text>,
    pub(super) otherwise: Option<Text>,
    pub(super) entries: Vec<Entry>,
}

/// A function as written.
#[derive(Clone, Debug)]
pub struct FunctionDocument {
    pub(super) name: String,
    pub(super) args: Vec<Text>,
    pub(super) expr: Text,
}

/// A column as written.
#[derive(Clone, Debug)]
pub struct ColumnDocument {
    pub(super) name: String,
    pub(super) place: (usize, Range<usize>),
    pub(super) expr: Text,
    pub(super) on_error: Option<Text>,
}

/// A filter as written.
#[derive(Clone, Debug)]
pub struct FilterDocument {
    pub(super) name: Text,
    pub(super) when: Text,
}

/// A control sum as written.
#[derive(Clone, Debug)]
pub struct ControlDocument {
    pub(super) name: String,
    pub(super) place: (usize, Range<usize>),
    pub(super) source: Option<Text>,
    pub(super) target: Option<Text>,
    pub(super) by: Vec<GroupDocument>,
}

/// What a control sum is grouped by, as written: a string is the source side alone.
#[derive(Clone, Debug)]
pub struct GroupDocument {
    pub(super) place: (usize, Range<usize>),
    pub(super) source: Option<Text>,
    pub(super) plan: Option<Text>,
    pub(super) target: Option<Text>,
}

/// `[merge]` as written.
#[derive(Clone, Debug)]
pub struct MergeDocument {
    pub(super) place: (usize, Range<usize>),
    pub(super) into: Option<Text>,
    pub(super) by: Vec<Text>,
}

/// `adopt` as written.
#[derive(Clone, Debug)]
pub struct AdoptDocument {
    pub(super) place: (usize, Range<usize>),
    pub(super) column: Option<Text>,
    pub(super) pairs: Option<Text>,
}

/// An entity as written.
#[derive(Clone, Debug)]
pub struct EntityDocument {
    pub(super) name: String,
    pub(super) file: usize,
    pub(super) target: Option<Text>,
    pub(super) key: Vec<Text>,
    pub(super) from: Option<Text>,
    pub(super) ids: Option<Text>,
    pub(super) phase: Option<Text>,
    pub(super) unique: Vec<Text>,
    pub(super) columns: Vec<ColumnDocument>,
    pub(super) ignore: Vec<Entry>,
    pub(super) filters: Vec<FilterDocument>,
    pub(super) merge: Option<MergeDocument>,
    pub(super) adopt: Option<AdoptDocument>,
    pub(super) controls: Vec<ControlDocument>,
    pub(super) expects: Vec<ExpectDocument>,
    pub(super) tests: Vec<TestDocument>,
}

/// The whole plan as written.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub(super) folder: PathBuf,
    pub(super) files: Vec<PlanFile>,
    pub(super) name: Option<Text>,
    pub(super) staging: Option<Text>,
    pub(super) ids: Option<Text>,
    pub(super) namespace: Option<Text>,
    pub(super) quarantine: Option<Text>,
    pub(super) source_url: Option<Text>,
    pub(super) with: Vec<Entry>,
    pub(super) target_url: Option<Text>,
    pub(super) mappings: Option<Text>,
    pub(super) constraints: Option<Text>,
    pub(super) triggers: Option<Text>,
    pub(super) codes: Vec<CodesDocument>,
    pub(super) functions: Vec<FunctionDocument>,
    pub(super) entities: Vec<EntityDocument>,
    pub(super) expects: Vec<ExpectDocument>,
}

/// Reads `etl.toml` at `path` and the entity files that it names. Everything wrong goes to `problems`; what could be read is
/// given back all the same, so that later steps find their own problems in the same run.
pub fn read(path: &Path, problems: &mut Problems) -> Document {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let mut document = Document { folder: folder.clone(), ..Document::default() };
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let Some(root) = read_file(path, &name, &mut document, problems) else { return document };
    let text = document.files[root].text.clone();
    let patterns = parse(&text, root, problems, |table, problems| read_root(&table, &mut document, problems));
    for pattern in patterns.into_iter().flatten() {
        let errors = problems.errors();
        let files = entity_files(&folder, &pattern, problems);
        let nothing_found = files.is_empty() && problems.errors() == errors;
        for file in files {
            let name = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
            if document.files.iter().any(|f| f.name == name) {
                continue;
            }
            let Some(number) = read_file(&file, &name, &mut document, problems) else { continue };
            let text = document.files[number].text.clone();
            let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            if let Some(entity) = parse(&text, number, problems, |table, problems| read_entity(&table, stem, problems)) {
                document.entities.push(entity);
            }
        }
        if nothing_found {
            let message = format!("no entity file matches `{}`", pattern.value);
            problems.error(
                "E0005",
                Some(pattern.whole()),
                message,
                "nothing here",
                Some(format!("put one file an entity under {}", folder.display())),
            );
        }
    }
    document
}

fn read_file(path: &Path, name: &str, document: &mut Document, problems: &mut Problems) -> Option<usize> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let number = problems.add_file(name, &text);
            document.files.push(PlanFile { name: name.to_owned(), text });
            Some(number)
        }
        Err(error) => {
            let help = "name the plan with --plan FILE, or go to its folder; examples/orthodontics/etl.toml is a whole one";
            problems.error("E0001", None, format!("cannot read the plan {}: {error}", path.display()), "", Some(help.to_owned()));
            None
        }
    }
}

fn entity_files(folder: &Path, pattern: &Text, problems: &mut Problems) -> Vec<PathBuf> {
    // The folder may hold characters that mean something in a pattern; only the plan's own part is one.
    let full = Path::new(&glob::Pattern::escape(&folder.display().to_string())).join(&pattern.value).display().to_string();
    match glob::glob(&full) {
        Ok(paths) => paths.flatten().collect(),
        Err(error) => {
            problems.error("E0005", Some(pattern.whole()), format!("`{}` is no file pattern: {error}", pattern.value), "here", None);
            Vec::new()
        }
    }
}

fn parse<T>(text: &str, file: usize, problems: &mut Problems, read: impl FnOnce(Table<'_>, &mut Problems) -> T) -> Option<T> {
    let (table, errors) = DeTable::parse_recoverable(text);
    // Behind the first mistake of a line, the others are mostly its consequences.
    let mut seen = Vec::new();
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let line = text.get(..span.start).map(|before| before.matches('\n').count());
        if seen.contains(&line) {
            continue;
        }
        seen.push(line);
        let place = Some((file, span));
        problems.error("E0002", place, format!("this is no TOML: {}", error.message()), "here", None);
    }
    if !errors.is_empty() {
        return None;
    }
    let span = table.span();
    Some(read(Table { file, text, span, keys: table.get_ref(), what: String::new() }, problems))
}

/// A TOML table with the means to report what is wrong in it.
struct Table<'d> {
    file: usize,
    text: &'d str,
    span: Range<usize>,
    keys: &'d DeTable<'d>,
    what: String,
}

impl<'d> Table<'d> {
    fn at(&self, span: Range<usize>) -> (usize, Range<usize>) {
        (self.file, span)
    }

    fn wrong_type(&self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) {
        let message = format!("`{key}`{} must be {wanted}", self.inside());
        problems.error("E0003", Some(self.at(value.span())), message, format!("this is {}", article(value.get_ref().type_str())), None);
    }

    fn inside(&self) -> String {
        if self.what.is_empty() { String::new() } else { format!(" in [{}]", self.what) }
    }

    fn only(&self, known: &[&str], problems: &mut Problems) {
        for key in self.keys.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let help = nearest(key.get_ref(), known.iter().copied())
                    .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
                let message = format!("unknown key `{}`{}", key.get_ref(), self.inside());
                problems.error("E0004", Some(self.at(key.span())), message, "not known", Some(help));
            }
        }
    }

    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.keys.get(key)
    }

    fn text(&self, key: &str, problems: &mut Problems) -> Option<Text> {
        self.as_text(key, self.get(key)?, problems)
    }

    fn as_text(&self, key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Text> {
        if let DeValue::String(string) = value.get_ref() {
            return Some(Text::new(string, self.file, value.span(), self.text));
        }
        self.wrong_type(key, "a string", value, problems);
        None
    }

    /// A string, or a number or boolean in its written form.
    fn as_scalar(&self, key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Text> {
        match value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                Some(Text::new(self.text.get(value.span()).unwrap_or_default(), self.file, value.span(), self.text))
            }
            _ => self.as_text(key, value, problems),
        }
    }

    fn list(&self, key: &str, problems: &mut Problems) -> Vec<Text> {
        match self.get(key) {
            None => Vec::new(),
            Some(value) => match value.get_ref() {
                DeValue::Array(items) => items.iter().filter_map(|item| self.as_text(key, item, problems)).collect(),
                DeValue::String(_) => self.as_text(key, value, problems).into_iter().collect(),
                _ => {
                    self.wrong_type(key, "a string or a list of strings", value, problems);
                    Vec::new()
                }
            },
        }
    }

    fn sub(&self, key: &str, problems: &mut Problems) -> Option<Table<'d>> {
        let value = self.get(key)?;
        self.as_table(key, value, problems)
    }

    fn as_table(&self, key: &str, value: &'d Spanned<DeValue<'d>>, problems: &mut Problems) -> Option<Table<'d>> {
        let what = if self.what.is_empty() { key.to_owned() } else { format!("{}.{key}", self.what) };
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Table { file: self.file, text: self.text, span: value.span(), keys: table, what });
        }
        self.wrong_type(key, "a table", value, problems);
        None
    }

    fn tables(&self, key: &str, problems: &mut Problems) -> Vec<Table<'d>> {
        match self.get(key).map(|value| (value, value.get_ref())) {
            None => Vec::new(),
            Some((_, DeValue::Array(items))) => items.iter().filter_map(|item| self.as_table(key, item, problems)).collect(),
            Some((value, _)) => {
                self.wrong_type(key, &format!("a list of tables, [[{key}]]"), value, problems);
                Vec::new()
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>)> {
        self.keys.iter()
    }

    fn entries(&self, problems: &mut Problems) -> Vec<Entry> {
        let read = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
            let value = self.as_scalar(key.get_ref(), value, problems)?;
            Some(Entry { name: key.get_ref().to_string(), place: (self.file, key.span()), value })
        };
        self.iter().filter_map(read).collect()
    }
}

fn article(noun: &str) -> String {
    format!("{} {noun}", if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

fn read_root(root: &Table<'_>, document: &mut Document, problems: &mut Problems) -> Vec<Text> {
    root.only(&["migration", "source", "target", "codes", "functions", "expect"], problems);
    document.expects = root.tables("expect", problems).iter().map(|table| checks::read_expect(table, problems)).collect();
    let mut patterns = Vec::new();
    if let Some(migration) = root.sub("migration", problems) {
        migration.only(&["name", "staging", "entities", "ids", "namespace", "quarantine"], problems);
        document.name = migration.text("name", problems);
        document.staging = migration.text("staging", problems);
        document.ids = migration.text("ids", problems);
        document.namespace = migration.text("namespace", problems);
        document.quarantine = migration.get("quarantine").and_then(|value| migration.as_scalar("quarantine", value, problems));
        patterns = migration.list("entities", problems);
    } else {
        problems.error(
            "E0006",
            Some((root.file, 0..0)),
            "the plan has no [migration]",
            "here",
            Some("add [migration] with name, namespace and entities".into()),
        );
    }
    if let Some(source) = root.sub("source", problems) {
        source.only(&["url", "with"], problems);
        document.source_url = source.text("url", problems);
        document.with = source.sub("with", problems).map_or_else(Vec::new, |with| with.entries(problems));
    }
    if let Some(target) = root.sub("target", problems) {
        target.only(&["url", "mappings", "constraints", "triggers"], problems);
        document.target_url = target.text("url", problems);
        document.mappings = target.text("mappings", problems);
        document.constraints = target.text("constraints", problems);
        document.triggers = target.text("triggers", problems);
    }
    if let Some(codes) = root.sub("codes", problems) {
        for (key, value) in codes.iter() {
            let Some(table) = codes.as_table(key.get_ref(), value, problems) else { continue };
            let mut entries = table.entries(problems);
            let mut take = |name: &str| entries.iter().position(|e| e.name == name).map(|at| entries.remove(at).value);
            let (evidence, on_null, otherwise) = (take("evidence"), take("on_null"), take("else"));
            document.codes.push(CodesDocument {
                name: key.get_ref().to_string(),
                place: (root.file, key.span()),
                evidence,
                on_null,
                otherwise,
                entries,
            });
        }
    }
    if let Some(functions) = root.sub("functions", problems) {
        for (key, value) in functions.iter() {
            let Some(table) = functions.as_table(key.get_ref(), value, problems) else { continue };
            table.only(&["args", "expr"], problems);
            let name = key.get_ref().to_string();
            let Some(expr) = table.text("expr", problems) else {
                if table.get("expr").is_none() {
                    problems.error("E0006", Some(table.at(table.span.clone())), format!("function `{name}` has no `expr`"), "here", None);
                }
                continue;
            };
            document.functions.push(FunctionDocument { name, args: table.list("args", problems), expr });
        }
    }
    patterns
}

fn read_entity(root: &Table<'_>, stem: String, problems: &mut Problems) -> EntityDocument {
    root.only(
        &[
            "name", "target", "key", "from", "ids", "phase", "unique", "adopt", "columns", "ignore", "filter", "merge", "control",
            "expect", "test",
        ],
        problems,
    );
    let missing = |key: &str, example: &str, problems: &mut Problems| {
        if root.get(key).is_none() {
            problems.error(
                "E0006",
                Some((root.file, 0..0)),
                format!("the entity has no `{key}`"),
                "in this file",
                Some(format!("add {example}")),
            );
        }
    };
    missing("target", "target = \"public.table\"", problems);
    missing("key", "key = \"id\"", problems);
    missing("from", "from = \"legacy_table\" or a SELECT", problems);
    missing("columns", "[columns] with one expression a target column", problems);
    EntityDocument {
        name: root.text("name", problems).map_or(stem, |name| name.value),
        file: root.file,
        target: root.text("target", problems),
        key: root.list("key", problems),
        from: root.text("from", problems),
        ids: root.text("ids", problems),
        phase: root.text("phase", problems),
        unique: root.list("unique", problems),
        columns: root.sub("columns", problems).map_or_else(Vec::new, |columns| read_columns(&columns, problems)),
        ignore: root.sub("ignore", problems).map_or_else(Vec::new, |ignore| ignore.entries(problems)),
        filters: root.tables("filter", problems).iter().filter_map(|filter| read_filter(filter, problems)).collect(),
        merge: root.sub("merge", problems).map(|merge| {
            merge.only(&["into", "by"], problems);
            MergeDocument { place: (root.file, merge.span.clone()), into: merge.text("into", problems), by: merge.list("by", problems) }
        }),
        adopt: read_adopt(root, problems),
        controls: root.sub("control", problems).map_or_else(Vec::new, |controls| read_controls(&controls, problems)),
        expects: root.tables("expect", problems).iter().map(|table| checks::read_expect(table, problems)).collect(),
        tests: root.tables("test", problems).iter().map(|table| checks::read_test(table, problems)).collect(),
    }
}

/// `adopt = "column"`, or a table that says more.
fn read_adopt(root: &Table<'_>, problems: &mut Problems) -> Option<AdoptDocument> {
    let value = root.get("adopt")?;
    let place = (root.file, value.span());
    if let DeValue::String(_) = value.get_ref() {
        return Some(AdoptDocument { place, column: root.as_text("adopt", value, problems), pairs: None });
    }
    let table = root.as_table("adopt", value, problems)?;
    table.only(&["column", "pairs"], problems);
    Some(AdoptDocument { place, column: table.text("column", problems), pairs: table.text("pairs", problems) })
}

fn read_columns(columns: &Table<'_>, problems: &mut Problems) -> Vec<ColumnDocument> {
    let mut read = Vec::new();
    for (key, value) in columns.iter() {
        let (name, place) = (key.get_ref().to_string(), (columns.file, key.span()));
        if let DeValue::Table(_) = value.get_ref() {
            let Some(table) = columns.as_table(&name, value, problems) else { continue };
            table.only(&["expr", "on_error"], problems);
            match table.text("expr", problems) {
                Some(expr) => read.push(ColumnDocument { name, place, expr, on_error: table.text("on_error", problems) }),
                None if table.get("expr").is_none() => {
                    problems.error("E0006", Some(place), format!("column `{name}` has no `expr`"), "here", None);
                }
                // It has one of another type, which was said.
                None => {}
            }
        } else if let Some(expr) = columns.as_text(&name, value, problems) {
            read.push(ColumnDocument { name, place, expr, on_error: None });
        }
    }
    read
}

fn read_filter(filter: &Table<'_>, problems: &mut Problems) -> Option<FilterDocument> {
    filter.only(&["name", "when"], problems);
    let (name, when) = (filter.text("name", problems), filter.text("when", problems));
    if filter.get("name").is_none() || filter.get("when").is_none() {
        problems.error("E0006", Some(filter.at(filter.span.clone())), "a filter needs `name` and `when`", "here", None);
    }
    Some(FilterDocument { name: name?, when: when? })
}

fn read_controls(controls: &Table<'_>, problems: &mut Problems) -> Vec<ControlDocument> {
    let mut read = Vec::new();
    for (key, value) in controls.iter() {
        let (name, place) = (key.get_ref().to_string(), (controls.file, key.span()));
        if let DeValue::String(how) = value.get_ref() {
            if how != "sum" {
                problems.error(
                    "E0003",
                    Some(controls.at(value.span())),
                    format!("control `{name}` must be \"sum\" or a table"),
                    "here",
                    None,
                );
            }
            read.push(ControlDocument { name, place, source: None, target: None, by: Vec::new() });
        } else if let Some(table) = controls.as_table(&name, value, problems) {
            table.only(&["source", "target", "by"], problems);
            let (source, target) = (table.text("source", problems), table.text("target", problems));
            read.push(ControlDocument { name, place, source, target, by: read_groups(&table, problems) });
        }
    }
    read
}

/// `by`: a string, a table with the sides, or a list of these.
fn read_groups(control: &Table<'_>, problems: &mut Problems) -> Vec<GroupDocument> {
    let Some(value) = control.get("by") else { return Vec::new() };
    let items = if let DeValue::Array(items) = value.get_ref() { items.iter().collect() } else { vec![value] };
    let read = items.into_iter().filter_map(|item| {
        let place = control.at(item.span());
        if let DeValue::Table(_) = item.get_ref() {
            let table = control.as_table("by", item, problems)?;
            table.only(&["source", "plan", "target"], problems);
            let [source, plan, target] = ["source", "plan", "target"].map(|side| table.text(side, problems));
            return Some(GroupDocument { place, source, plan, target });
        }
        let source = control.as_text("by", item, problems)?;
        Some(GroupDocument { place, source: Some(source), plan: None, target: None })
    });
    read.collect()
}
