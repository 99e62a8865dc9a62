//! What an expression asks of other entities and of code tables, and what becomes of a row that gets no answer. Boundary: who answers
//! is behind [`Context`].

use std::borrow::Cow;

use super::context::{Context, EvalError, Evaluated, Fault, OnCycle, OnMissing, Resolved};
use super::registry::{int_of, mismatch, text_of};
use super::typed::{Code, Entries, Otherwise, Ref};
use crate::row::{LegacyKey, NewKey, SqlType, Value, reason};

/// A value of the plan, without copying its text.
pub(super) fn lend<'r>(value: &'r Value<'static>) -> Value<'r> {
    value.borrowed()
}

/// A new key as a value. It is of the type that the legacy keys have, where they are kept, so that it is none of it only in a staging file of
/// another source.
#[inline]
pub(super) fn new_key<'r>(id: [u8; 16], ty: &SqlType) -> Evaluated<'r> {
    NewKey::from(id).to_value(ty).ok_or_else(mismatch)
}

impl Ref {
    pub(super) fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        let Some(key) = self.key(ctx)? else { return Ok(Value::Null) };
        let resolved = ctx.resolve(&self.reference, key);
        let parent = &self.reference.entity_name;
        let (code, what) = match resolved {
            Resolved::Found(id) => return new_key(id, &self.new_key),
            Resolved::Cycle => {
                if self.reference.on_cycle == Some(OnCycle::Null) {
                    ctx.incident(reason::SELF_CYCLE);
                    return Ok(Value::Null);
                }
                let message = Cow::Owned(format!("the reference to {parent} is part of a cycle"));
                return Err(Fault::Reject { code: Cow::Borrowed(reason::REF_CYCLE), message }.into());
            }
            Resolved::Missing => (reason::REF_MISSING, "is not in the source"),
            Resolved::ParentQuarantined => (reason::PARENT_QUARANTINED, "is in quarantine"),
            Resolved::ParentFiltered => (reason::PARENT_FILTERED, "was left out by a filter"),
        };
        let message = || Cow::Owned(format!("the row of {parent} that is referred to {what}"));
        match self.reference.on_missing {
            OnMissing::Null => {
                ctx.incident(reason::REF_NULLED);
                Ok(Value::Null)
            }
            OnMissing::Fail => Err(Fault::Fail { message: message() }.into()),
            OnMissing::Quarantine if resolved == Resolved::ParentFiltered => Err(Fault::ParentFiltered.into()),
            OnMissing::Quarantine => Err(Fault::Reject { code: Cow::Borrowed(code), message: message() }.into()),
        }
    }

    /// `None` where a part of the key is NULL.
    fn key<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Result<Option<LegacyKey>, EvalError> {
        let mut joined: Option<Cow<'r, str>> = None;
        for part in &self.key {
            let mut value = part.eval(ctx)?;
            if value.is_null() {
                return Ok(None);
            }
            if self.whole {
                return int_of(&value).map(|key| Some(LegacyKey::Int(key)));
            }
            let text = text_of(&mut value)?;
            joined = Some(match joined {
                None => text,
                Some(joined) => Cow::Owned(format!("{joined}:{text}")),
            });
        }
        Ok(joined.map(|key| LegacyKey::Text(key.into())))
    }
}

impl Code {
    pub(super) fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        let code = self.operand.eval(ctx)?;
        let found = match (&self.entries, &code) {
            (_, Value::Null) => Some(&self.on_null),
            (Entries::Ints(entries), code) => entries.get(&int_of(code)?),
            (Entries::Texts(entries), Value::Text(code)) => entries.get(&**code),
            _ => return Err(mismatch()),
        };
        match (found, &self.otherwise) {
            (Some(value), _) => Ok(lend(value)),
            (None, Otherwise::Null) => {
                ctx.incident(reason::CODE_NULLED);
                Ok(Value::Null)
            }
            (None, Otherwise::Default(value)) => {
                ctx.incident(reason::CODE_DEFAULTED);
                Ok(lend(value))
            }
            (None, Otherwise::Reject) => {
                let message = Cow::Owned(format!("the code is not in the code table {}", self.table));
                Err(Fault::Reject { code: Cow::Borrowed(reason::CODE_UNMAPPED), message }.into())
            }
        }
    }
}
