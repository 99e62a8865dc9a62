//! `etl explain`: what a code means. Boundary: finding the code; the words are `explain`'s.

use serde_json::{Value, json};

use super::context::Context;
use crate::error::{Error, Exit};
use crate::explain::{self, Explanation};

pub(super) fn run(context: &Context<'_>, code: Option<&str>) -> Result<Exit, Error> {
    let Some(code) = code else {
        if context.out.json {
            let listed: Vec<Value> = explain::all().map(|e| json!({"code": e.code, "title": e.title})).collect();
            context.out.object(&json!({"schema": 1, "codes": listed}))?;
        } else {
            context.out.result(&explain::list())?;
        }
        return Ok(Exit::Done);
    };
    let found = explain::find(code).ok_or_else(|| unknown(code))?;
    if context.out.json {
        context.out.object(&object(found))?;
    } else {
        context.out.result(&found.render())?;
    }
    Ok(Exit::Done)
}

fn object(found: &Explanation) -> Value {
    json!({
        "schema": 1, "code": found.code, "title": found.title, "meaning": found.meaning,
        "wrong": found.wrong.text, "right": found.right.text, "next": found.next,
    })
}

fn unknown(code: &str) -> Error {
    let word = code.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    let hint = match explain::nearest(code) {
        Some(near) => format!("did you mean `{near}`? `etl explain` lists all codes"),
        // What the tool does not give, a plan may.
        None if word => "a reason of your own plan stands in a reject(…) or incident(…) of it; `etl explain` lists all others".to_owned(),
        None => "`etl explain` lists all codes".to_owned(),
    };
    Error::usage(format!("there is no code `{code}`"), hint)
}
