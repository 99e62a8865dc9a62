//! Expectations: does the server understand what is asked, and, of the source, is the answer the expected one. Boundary: read only, in one
//! snapshot that leaves nothing behind; the answer that counts for a migration is asked again in the snapshot that is read.

use super::source::token;
use crate::pg::{PgError, Question, Session, ask, read_only};
use crate::plan::{ExpectOn, ExpectPlan, Gravity, Plan, Problem, Problems, Severity};
use crate::source::source_question;
use crate::target::target_question;

/// An expectation that was looked at, and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Its name.
    pub name: String,
    /// Which database it is about.
    pub on: ExpectOn,
    /// What is expected, in words.
    pub wanted: String,
    /// The answer; `None` where it was not asked yet.
    pub found: Option<String>,
    /// Whether it is met; `None` where it was not asked.
    pub met: Option<bool>,
}

/// Looks at the expectations about a database that concern the selected entities, and asks them where `asked`. Everything that is wrong
/// is a problem where it is written; only a failing connection is an error.
pub(super) fn look(
    plan: &Plan,
    selected: &[bool],
    on: ExpectOn,
    asked: bool,
    session: &mut Session,
    problems: &mut Problems,
) -> Result<Vec<Looked>, PgError> {
    let expectations = plan.expectations(on, selected);
    if expectations.is_empty() {
        return Ok(Vec::new());
    }
    let question = |(entity, expect): &(Option<usize>, &ExpectPlan)| {
        let entity = entity.map(|index| &plan.entities[index]);
        match on {
            ExpectOn::Source => source_question(plan, entity, expect),
            ExpectOn::Target => target_question(entity, expect),
        }
    };
    let questions: Vec<Question> = expectations.iter().map(question).collect();
    read_only(session, |session| {
        let understood = Question::are_understood(session, &questions)?;
        let mut looked = Vec::new();
        for ((_, expect), question) in expectations.into_iter().zip(&questions) {
            looked.extend(one(expect, question, (understood, asked), session, problems)?);
        }
        Ok(looked)
    })
}

fn one(
    expect: &ExpectPlan,
    question: &Question,
    (understood, asked): (bool, bool),
    session: &mut Session,
    problems: &mut Problems,
) -> Result<Option<Looked>, PgError> {
    let mut looked = Looked { name: expect.name.clone(), on: expect.on, wanted: expect.wanted.words(), found: None, met: None };
    let checked = if understood { Ok(None) } else { question.check(session) };
    let answer = checked.and_then(|unfit| match unfit {
        Some(unfit) => Ok(Err(unfit)),
        None if asked => ask(session, question, expect.timeout).map(|found| Ok(Some(found))),
        None => Ok(Ok(None)),
    });
    match answer {
        Ok(Err(unfit)) => {
            let message = format!("expectation `{}` compares a number, and its query gives none: {unfit}", expect.name);
            let help = "give one column that is a whole number, a numeric or a boolean: select count(*) …; or leave out `equals`, `min` and `max`, and no row is expected";
            problems.error("E0362", Some(expect.asked.text().whole()), message, "this query", Some(help.to_owned()));
            return Ok(None);
        }
        Ok(Ok(None)) => {}
        Ok(Ok(Some(found))) => {
            let met = expect.wanted.is_met_by(&found);
            if !met {
                problems.push(not_met(expect, &found));
            }
            (looked.found, looked.met) = (Some(found), Some(met));
        }
        Err(error) => {
            refused(expect, &error.refusal()?, problems);
            return Ok(None);
        }
    }
    Ok(Some(looked))
}

fn not_met(expect: &ExpectPlan, found: &str) -> Problem {
    let (severity, help) = match expect.gravity {
        Gravity::Error => {
            (Severity::Error, "mend the source or the plan that rests on it; severity = \"alarm\" where it is only to be told")
        }
        Gravity::Alarm => (Severity::Warning, "an alarm: the migration can run"),
    };
    Problem {
        severity,
        code: "E0360",
        message: format!("expectation `{}` is not met by the {}", expect.name, expect.on.word()),
        place: Some(expect.asked.text().whole()),
        label: format!("expected {}, found {found}", expect.wanted.words()),
        help: Some(help.to_owned()),
    }
}

fn refused(expect: &ExpectPlan, error: &crate::pg::ServerError, problems: &mut Problems) {
    let text = expect.asked.text();
    let (place, label) = match error.position {
        Some(at) => (text.place(&token(&text.value, at)), "here"),
        None => (text.whole(), "in this"),
    };
    let help = match error.sqlstate.as_str() {
        "57014" => {
            Some(format!("it took more than {} s: ask for less, or allow more with timeout = \"5min\"", expect.timeout.as_secs_f32()))
        }
        "25006" => Some("an expectation only reads".to_owned()),
        _ => error.hint.clone(),
    };
    let message = format!(
        "the {} refuses what expectation `{}` asks: {} (SQLSTATE {})",
        expect.on.word(),
        expect.name,
        error.safe_message(),
        error.sqlstate
    );
    problems.error("E0361", Some(place), message, label, help);
}
