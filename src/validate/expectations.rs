//! Expectations of the plan: the target answers now, the source has answered in the snapshot that was read. Boundary: asks and judges; an
//! answer is a number, never a value of a row that nobody asked for.

use super::finding::{Alarm, AlarmKind, Difference, DifferenceKind, Expectation, Validation};
use super::{Request, ValidateError};
use crate::pg::{PgError, Question, Session, ask_all, read_only};
use crate::plan::{EntityPlan, ExpectOn, ExpectPlan, Gravity};
use crate::source::source_question;
use crate::staging::{Moment, StagingReader};
use crate::target::target_question;

/// What came of asking: the answer and when it was true, or why there is none.
type Answer = Result<(String, Moment), String>;

/// Judges all expectations that concern the selected entities.
pub(super) fn check_expectations(
    request: &Request<'_>,
    reader: &StagingReader,
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    of_source(request, reader, found)?;
    of_target(request, session, found)
}

fn entity<'p>(request: &Request<'p>, index: Option<usize>) -> Option<&'p EntityPlan> {
    index.map(|index| &request.plan.entities[index])
}

/// The recorded answer counts as long as the question is the same; a question that is new is asked now, where the source can be reached.
fn of_source(request: &Request<'_>, reader: &StagingReader, found: &mut Validation) -> Result<(), ValidateError> {
    let mut asked_now: Vec<Asked<'_>> = Vec::new();
    for (index, expect) in request.plan.expectations(ExpectOn::Source, request.selected) {
        let entity = entity(request, index);
        let question = source_question(request.plan, entity, expect);
        match reader.answer(&expect.name)?.filter(|answer| answer.question == question.sql()) {
            Some(answer) => judge(entity, expect, &question, Ok((answer.found, answer.taken)), found),
            None => asked_now.push((entity, expect, question)),
        }
    }
    if asked_now.is_empty() {
        return Ok(());
    }
    let mut session = match request.source.map(crate::pg::Endpoint::connect) {
        Some(Ok(session)) => session,
        gone => {
            let why = gone.and_then(Result::err).map_or_else(|| "no source is given".to_owned(), |error| error.to_string());
            for (entity, expect, question) in asked_now {
                judge(
                    entity,
                    expect,
                    &question,
                    Err(format!("it is newer than the rows that were read, and the source cannot be asked: {why}")),
                    found,
                );
            }
            return Ok(());
        }
    };
    read_only(&mut session, |session| judge_all(session, &asked_now, found))
}

fn of_target(request: &Request<'_>, session: &mut Session, found: &mut Validation) -> Result<(), ValidateError> {
    let expectations = request.plan.expectations(ExpectOn::Target, request.selected);
    if request.selected.contains(&false) {
        for expect in request.plan.expects.iter().filter(|expect| expect.on == ExpectOn::Target) {
            let question = target_question(None, expect);
            judge(None, expect, &question, Err("not all entities are selected, and it is about the target as a whole".to_owned()), found);
        }
    }
    if expectations.is_empty() {
        return Ok(());
    }
    let questions: Vec<_> = expectations
        .into_iter()
        .map(|(index, expect)| {
            let entity = entity(request, index);
            (entity, expect, target_question(entity, expect))
        })
        .collect();
    read_only(session, |session| judge_all(session, &questions, found))
}

/// What is asked: of an entity or of all, and how the answer is judged.
type Asked<'p> = (Option<&'p EntityPlan>, &'p ExpectPlan, Question);

/// Asks all together and judges the answers. A refusal of the server is an answer, too: nobody knows whether the expectation is met.
fn judge_all(session: &mut Session, asked: &[Asked<'_>], found: &mut Validation) -> Result<(), ValidateError> {
    let timed: Vec<_> = asked.iter().map(|(_, expect, question)| (question, expect.timeout)).collect();
    for ((entity, expect, question), answer) in asked.iter().zip(ask_all(session, &timed)?) {
        let answer = match answer {
            Ok(found) => found,
            Err(PgError::Server { error, .. }) => format!("refused (SQLSTATE {})", error.sqlstate),
            Err(other) => return Err(other.into()),
        };
        judge(*entity, expect, question, Ok((answer, Moment::now())), found);
    }
    Ok(())
}

fn judge(entity: Option<&EntityPlan>, expect: &ExpectPlan, question: &Question, answer: Answer, found: &mut Validation) {
    let of = entity.map(|entity| entity.name.clone());
    let mut result = Expectation {
        entity: of.clone(),
        name: expect.name.clone(),
        on: expect.on,
        severity: expect.gravity,
        expected: expect.wanted.words(),
        found: None,
        met: None,
        answered: None,
        why: None,
        sql: question.sql(),
    };
    match answer {
        Ok((text, moment)) => {
            let met = expect.wanted.is_met_by(&text);
            result.met = Some(met);
            result.answered = Some(moment.to_string());
            if !met {
                tell(of, expect, &text, found);
            }
            result.found = Some(text);
        }
        Err(why) => {
            // What is about the whole is told by the next command that is about the whole.
            if expect.on == ExpectOn::Source {
                let message = format!("expectation `{}` was not asked: {why}", expect.name);
                found.alarms.push(Alarm { kind: AlarmKind::Expectation, entity: of.unwrap_or_default(), column: None, message });
            }
            result.why = Some(why);
        }
    }
    found.expectations.push(result);
}

fn tell(entity: Option<String>, expect: &ExpectPlan, answer: &str, found: &mut Validation) {
    let what = format!("expectation `{}` is not met by the {}", expect.name, expect.on.word());
    match expect.gravity {
        Gravity::Error => {
            let mut difference = Difference::new(DifferenceKind::Expectation, what);
            difference.entity = entity;
            difference.expected = Some(expect.wanted.words());
            difference.found = Some(answer.to_owned());
            found.add(difference);
        }
        Gravity::Alarm => {
            let message = format!("{what}: expected {}, found {answer}", expect.wanted.words());
            found.alarms.push(Alarm { kind: AlarmKind::Expectation, entity: entity.unwrap_or_default(), column: None, message });
        }
    }
}
