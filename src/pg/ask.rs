//! Questions of a user to a database: a query of theirs, put so that it gives one number, run where it can change nothing. Boundary: how
//! it is asked; what the number should be is the plan's matter.

use std::time::Duration;

use tokio_postgres::types::{FromSql, Type};

use super::param::SqlParam;
use super::{PgError, Row, Session, SourceQuery, types};
use crate::row::SqlType;

/// A question, as SQL that gives one row with one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    before: String,
    text: String,
    behind: &'static str,
    /// Blank characters that stand before the text where it is written.
    leading: usize,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Rows,
    Value,
    Exceptions,
}

impl Question {
    /// How many rows a query gives.
    pub fn rows(query: &SourceQuery) -> Self {
        Self::of(query, "SELECT pg_catalog.count(*)::text FROM (", "\n) AS q", Form::Rows)
    }

    /// The only value that a query gives.
    pub fn value(query: &SourceQuery) -> Self {
        Self::of(query, "SELECT v::text FROM (", "\n) AS q (v) LIMIT 2", Form::Value)
    }

    /// For how many rows of `from`, an expression of the FROM clause, a condition is not true: false or NULL.
    pub fn exceptions(from: &str, condition: &str) -> Self {
        let before = format!("SELECT pg_catalog.count(*)::text {from} WHERE (");
        Self { before, text: condition.to_owned(), behind: "\n) IS NOT TRUE", leading: 0, form: Form::Exceptions }
    }

    fn of(query: &SourceQuery, before: &str, behind: &'static str, form: Form) -> Self {
        let (with, from, closing) = query.parts();
        // What `parts` puts behind the text are a line break and, rarely, a parenthesis of its own.
        let text = format!("{from}{closing}");
        let leading = query.from.chars().take_while(|c| c.is_whitespace()).count();
        Self { before: format!("{before}{with}"), text, behind, leading, form }
    }

    /// The whole question.
    pub fn sql(&self) -> String {
        format!("{}{}{}", self.before, self.text, self.behind)
    }

    /// The error of the server with its position counted in the user's text, from 1; without one where it is not in it.
    fn located(&self, error: PgError) -> PgError {
        let PgError::Server { server, mut error } = error else { return error };
        error.position = error.position.and_then(|at| {
            let at = (at as usize).checked_sub(self.before.chars().count())?;
            (1..=self.text.chars().count()).contains(&at).then(|| u32::try_from(at + self.leading).ok()).flatten()
        });
        PgError::Server { server, error }
    }

    /// Whether the server understands the question and lets it be asked, without asking it; within the transaction that is open, which is
    /// as before afterwards. Gives what keeps the query from being one number, in words.
    pub fn check(&self, session: &mut Session) -> Result<Option<String>, PgError> {
        behind_savepoint(session, "", |session| self.look(session))
    }

    /// Whether the server understands all of these questions, lets them be asked, and each gives one number; asked together, within the
    /// transaction that is open. Where it is not so, [`Self::check`] tells of each by itself.
    pub fn are_understood(session: &mut Session, questions: &[Self]) -> Result<bool, PgError> {
        let understood = behind_savepoint(session, "", |session| {
            let bare: Vec<String> = questions.iter().filter(|q| q.form == Form::Value).map(|q| q.bare().sql()).collect();
            let mut oids = Vec::with_capacity(bare.len());
            for statement in session.prepare_all(&bare)? {
                match statement?.columns() {
                    [column] => oids.push(column.type_().oid()),
                    _ => return Ok(false),
                }
            }
            let types = types::resolve(session, &oids)?;
            if !oids.iter().all(|oid| types.get(oid).is_some_and(|known| is_number(&known.ty))) {
                return Ok(false);
            }
            Ok(plans(session, questions.iter().map(Self::sql))?.is_some())
        });
        understood.or_else(|error| error.refusal().map(|_| false))
    }

    /// The bare query: with its only column given a name and a cast, other mistakes would come up.
    fn bare(&self) -> Self {
        let head = self.before.replacen("SELECT v::text", "SELECT *", 1);
        Self { before: head, behind: "\n) AS q", ..self.clone() }
    }

    fn look(&self, session: &mut Session) -> Result<Option<String>, PgError> {
        if self.form == Form::Value {
            let bare = self.bare();
            let statement = session.prepare(&bare.sql()).map_err(|e| bare.located(e))?;
            let oids: Vec<u32> = statement.columns().iter().map(|c| c.type_().oid()).collect();
            let [oid] = oids.as_slice() else { return Ok(Some(format!("it gives {} columns", oids.len()))) };
            let ty = types::known(&types::resolve(session, &oids)?, *oid, session)?.ty.clone();
            if !is_number(&ty) {
                return Ok(Some(format!("it gives a value of type {ty}")));
            }
        }
        // Preparing does not look at privileges; planning does.
        session.query(&format!("EXPLAIN {}", self.sql()), &[]).map_err(|e| self.located_behind(e, "EXPLAIN ".len()))?;
        Ok(None)
    }

    fn located_behind(&self, error: PgError, extra: usize) -> PgError {
        let PgError::Server { server, mut error } = error else { return error };
        error.position = error.position.and_then(|at| at.checked_sub(u32::try_from(extra).unwrap_or(0)));
        self.located(PgError::Server { server, error })
    }
}

/// A value of type `json`, whose binary form is its text. What is no JSON is NULL there: estimates are not worth an error.
struct Json(serde_json::Value);

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(serde_json::from_slice(raw).unwrap_or_default()))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
}

fn is_number(ty: &SqlType) -> bool {
    ty.is_integer() || matches!(ty, SqlType::Numeric | SqlType::Bool)
}

/// How the server plans these statements, as the JSON of its EXPLAIN, asked together in one round trip; `None` where it refuses one of them. In a
/// transaction it is then as after an error.
pub fn plans(session: &mut Session, statements: impl Iterator<Item = String>) -> Result<Option<Vec<serde_json::Value>>, PgError> {
    let explains: Vec<String> = statements.map(|sql| format!("EXPLAIN (FORMAT JSON) {sql}")).collect();
    let asked: Vec<(&str, &[&dyn SqlParam])> = explains.iter().map(|sql| (sql.as_str(), [].as_slice())).collect();
    let plan = |rows: Vec<Row>| rows.first().and_then(|row| row.try_get(0).ok()).map_or(serde_json::Value::Null, |Json(plan)| plan);
    match session.query_all(&asked) {
        Ok(answers) => Ok(Some(answers.into_iter().map(plan).collect())),
        Err(error) => error.refusal().map(|_| None),
    }
}

/// Asks questions, each with the time that it may take, in one round trip, within the transaction that is open, which is as before afterwards,
/// whatever happens. Gives each answer as the server prints it; one that is refused leaves the others as they are.
pub fn ask_all(session: &mut Session, questions: &[(&Question, Duration)]) -> Result<Vec<Result<String, PgError>>, PgError> {
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let asked = questions.iter().enumerate().map(|(number, (question, timeout))| {
        // 0 would be no limit at all.
        let begin = format!("SAVEPOINT etl_question; SET LOCAL statement_timeout = {}", timeout.as_millis().max(1));
        // One prepared statement a question: the server takes no second one behind a semicolon.
        (if number == 0 { begin } else { format!("{BACK}; {begin}") }, question.sql())
    });
    let asked: Vec<(String, String)> = asked.collect();
    let answers = session.query_each(&asked)?;
    session.ahead(BACK);
    Ok(questions
        .iter()
        .zip(answers)
        .map(|((question, _), answer)| answer.map(|rows| told(&rows)).map_err(|e| question.located(e)))
        .collect())
}

/// Asks one question, in the same way.
pub fn ask(session: &mut Session, question: &Question, timeout: Duration) -> Result<String, PgError> {
    ask_all(session, &[(question, timeout)])?
        .pop()
        .unwrap_or_else(|| Err(PgError::Protocol { server: session.server().to_owned(), what: "no answer".to_owned() }))
}

/// Runs statements that each give one value in one row, many to a round trip, within the transaction that is open, which is as before
/// afterwards. The locks of each are given up before the next one takes its own: the server's room for locks is shared by everybody.
pub fn values_apart(session: &mut Session, statements: &[String]) -> Result<Vec<Option<String>>, PgError> {
    // A line break ends a comment in the statement.
    let apart: Vec<String> = statements.iter().map(|sql| format!("{sql}\n; ROLLBACK TO SAVEPOINT etl_question")).collect();
    behind_savepoint(session, "", |session| session.values(&apart))
}

/// `settings` go with the savepoint, and with it they are taken back.
fn behind_savepoint<T>(session: &mut Session, settings: &str, work: impl FnOnce(&mut Session) -> Result<T, PgError>) -> Result<T, PgError> {
    session.ahead(&format!("SAVEPOINT etl_question{settings}"));
    let done = work(session);
    // With whatever is asked next, at the latest the end of the transaction.
    session.ahead(BACK);
    done
}

/// As before the savepoint, also behind an error.
const BACK: &str = "ROLLBACK TO SAVEPOINT etl_question; RELEASE SAVEPOINT etl_question";

fn told(rows: &[Row]) -> String {
    match rows {
        [] => "no row".to_owned(),
        [row] => row.try_get::<_, Option<String>>(0).ok().flatten().unwrap_or_else(|| "NULL".to_owned()),
        _ => "several rows".to_owned(),
    }
}

/// Runs `work` in one snapshot in which nothing can be written, and ends it without a trace.
pub fn read_only<T, E: From<PgError>>(session: &mut Session, work: impl FnOnce(&mut Session) -> Result<T, E>) -> Result<T, E> {
    session.ahead("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    let done = work(session);
    // Not with whatever is asked next: until then the snapshot would be held, and locks with it, on a server that others use.
    match session.execute("ROLLBACK") {
        Ok(()) => done,
        Err(second) => done.and(Err(second.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(with: Option<&str>, from: &str) -> SourceQuery {
        SourceQuery { with: with.map(str::to_owned), from: from.to_owned(), ctid: false }
    }

    #[test]
    fn a_query_becomes_a_number() {
        let rows = Question::rows(&query(None, "select 1 from t -- all"));
        assert_eq!(rows.sql(), "SELECT pg_catalog.count(*)::text FROM (select 1 from t -- all\n\n) AS q");
        let value = Question::value(&query(Some("a AS (select 1)"), "select count(*) from a"));
        assert_eq!(value.sql(), "SELECT v::text FROM (WITH a AS (select 1)\nselect count(*) from a\n\n) AS q (v) LIMIT 2");
        let not = Question::exceptions("FROM (SELECT * FROM \"t\") AS src", "x > 0");
        assert_eq!(not.sql(), "SELECT pg_catalog.count(*)::text FROM (SELECT * FROM \"t\") AS src WHERE (x > 0\n) IS NOT TRUE");
    }

    #[test]
    fn a_position_is_one_of_the_users_text() {
        let question = Question::rows(&query(None, "select nmae from t"));
        let at = u32::try_from(question.sql().find("nmae").unwrap() + 1).unwrap();
        let error = super::super::ServerError { position: Some(at), ..super::super::ServerError::default() };
        let located = question.located(PgError::Server { server: "s".into(), error: Box::new(error) });
        assert_eq!(located.server_error().unwrap().position, Some(8));
    }
}
