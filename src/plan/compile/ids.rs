//! Which target column is the new key, and of which type new keys are. Boundary: where a key that is kept makes no sense is told here.

use super::{CompiledColumn, Compiler, KeyColumns, TargetShape};
use crate::plan::resolve::{ColumnPlan, EntityPlan, NewIds};
use crate::plan::text::Text;
use crate::row::{KeyKind, SqlType};

/// The type of an entity's new keys. Where its key cannot be kept, its own problems say so, and nothing else does.
pub(super) fn new_keys(entity: &EntityPlan, shape: Option<&TargetShape>, key: Option<&KeyColumns>) -> SqlType {
    let column = shape.zip(key).and_then(|(shape, key)| shape.source.get(*key.columns.first()?));
    match (entity.ids, column) {
        (NewIds::UuidV5, _) => SqlType::Uuid,
        (NewIds::Keep, Some(column)) => column.ty.clone(),
        (NewIds::Keep, None) => SqlType::Int8,
    }
}

impl Compiler<'_> {
    /// The position of the column with the new key.
    pub(super) fn id_column(&mut self, key: Option<&KeyColumns>, columns: &[CompiledColumn]) -> Option<usize> {
        self.adopts_without_key();
        match self.entity.ids {
            NewIds::UuidV5 => self.minted_column(columns),
            NewIds::Keep => self.kept_column(key?, columns),
        }
    }

    fn minted_column(&mut self, columns: &[CompiledColumn]) -> Option<usize> {
        let mut found = columns.iter().enumerate().filter(|(_, c)| c.expr.is_new_id());
        let id = found.next().map(|(at, _)| at);
        let several = found.next().is_some();
        if id.is_none() || several {
            let written = self.entity.columns.iter().any(|c| c.text.value.trim() == "new_id()");
            if several || !written {
                let message =
                    format!("entity `{}` has {} column that is new_id()", self.entity.name, if several { "more than one" } else { "no" });
                let help = Some("exactly one target column takes the new key: id = \"new_id()\"".to_owned());
                self.problems.error("E0233", Some(self.entity.target.whole()), message, "the target table", help);
            }
        }
        id
    }

    /// The column of the key that is kept: `new_id()`, or the key column itself.
    fn kept_column(&mut self, key: &KeyColumns, columns: &[CompiledColumn]) -> Option<usize> {
        let entity = self.entity;
        if key.kind != KeyKind::Int {
            let what = match key.columns.as_slice() {
                _ if entity.has_no_key() => "the physical place of its rows".to_owned(),
                [at] => format!("a key of type {}", self.shape.source[*at].ty),
                several => format!("a key of {} columns", several.len()),
            };
            let message = format!("entity `{}` cannot keep {what}", entity.name);
            let help = "only one smallint, integer or bigint column can be kept; write ids = \"uuid_v5\" in the entity's file";
            self.problems.error("E0238", entity.key.first().map(Text::whole), message, "the key", Some(help.to_owned()));
            return None;
        }
        if let (Some(_), Some(mappings)) = (&entity.merge, &self.plan.mappings) {
            let message = format!("entity `{}` merges rows and keeps its keys, which {} cannot tell", entity.name, mappings.value);
            let help = "merged keys are published as UUIDs: write ids = \"uuid_v5\" in the entity's file, or leave out `mappings`";
            self.problems.error("E0239", Some(entity.target.whole()), message, "the target table", Some(help.to_owned()));
        }
        let written = |is: &dyn Fn(&CompiledColumn) -> bool| (0..columns.len()).filter(|at| is(&columns[*at])).collect::<Vec<_>>();
        let mut found = written(&|c| c.expr.is_new_id());
        if found.is_empty() {
            found = written(&|c| c.expr.as_whole_number() == key.columns.first().copied());
        }
        let [id] = found.as_slice() else {
            let name = &entity.key[0].value;
            let spoilt = |c: &ColumnPlan| matches!(c.text.value.trim(), "new_id()") || c.text.value.trim() == name;
            if !found.is_empty() || !entity.columns.iter().any(spoilt) {
                let count = if found.is_empty() { "no" } else { "more than one" };
                let message = format!("entity `{}` has {count} column that is the key it keeps", entity.name);
                let help = format!("exactly one target column takes the key: id = \"new_id()\", or id = \"{name}\" where no other is that");
                self.problems.error("E0233", Some(entity.target.whole()), message, "the target table", Some(help));
            }
            return None;
        };
        let column = &columns[*id].column;
        if !column.ty.is_integer() {
            let message = format!("entity `{}` keeps whole numbers, and `{}` is {}", entity.name, column.name, column.ty);
            let help = "make the column smallint, integer or bigint, or write ids = \"uuid_v5\" in the entity's file";
            let place = entity.columns.iter().find(|planned| planned.name == column.name).map(|planned| planned.place.clone());
            self.problems.error("E0238", place, message, "takes the key", Some(help.to_owned()));
        }
        self.adopts_itself(&column.name);
        Some(*id)
    }

    /// Which row stood at a place when the target was filled, nobody can say now.
    fn adopts_without_key(&mut self) {
        let entity = self.entity;
        let adopt = entity.adopt.as_ref().filter(|_| entity.has_no_key());
        if let Some(adopted) = adopt.and_then(|adopt| adopt.column.as_ref().or(adopt.pairs.as_ref())) {
            let message = format!("entity `{}` adopts rows by their physical place, where other rows may stand by now", entity.name);
            let help = "name columns that tell its rows apart as `key`, or leave out `adopt`";
            self.problems.error("E0241", Some(adopted.whole()), message, "here", Some(help.to_owned()));
        }
    }

    /// A row that keeps its key can be in the target under no other one.
    fn adopts_itself(&mut self, id: &str) {
        let entity = self.entity;
        let Some(adopt) = &entity.adopt else { return };
        let other = adopt.column.as_ref().filter(|column| column.value != id).or(adopt.pairs.as_ref());
        if let Some(other) = other {
            let message = format!("entity `{}` keeps its keys, and adopts others", entity.name);
            let help = format!("write adopt = \"{id}\", the column of the key that is kept, or ids = \"uuid_v5\" in the entity's file");
            self.problems.error("E0239", Some(other.whole()), message, "here", Some(help));
        }
    }
}
