//! The driver: one connection of `tokio-postgres`, used by one thread that waits. Boundary: requests and their order on the wire; errors are the
//! driver's own here, and are given a server's name in `session`.
//!
//! The `postgres` crate is this driver with a waiting face. It enters its runtime once for every message, and a row of a COPY is a message: a sixth
//! of a run's CPU. And each request waits for the answer to the one before, which is most of the time where the server is far away. Here a batch of
//! rows is one entry, and requests that do not need one another's answers are sent together.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{join, join_all, join3};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, CopyInSink, CopyOutStream, Error, Row, SimpleQueryMessage, Socket, Statement};

use super::copy::{CopyFormatError, CopySplitter, TupleBatch, copy_header, copy_trailer};
use super::param::SqlParam;

/// How much goes into one COPY message. Large enough that a message costs nothing, small enough that the server works on one while
/// the next is copied.
const MESSAGE_BYTES: usize = 256 * 1024;
/// How long a connection may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

type Answer<T> = Result<T, Error>;

/// A connection. Its socket is looked after only while somebody waits for an answer, by the thread that waits.
pub(super) struct Driver {
    /// What is used again and again, by its SQL.
    prepared: HashMap<String, Statement>,
    /// Statements that go with the next request, each a message of its own: what is sent as one message is one transaction.
    ahead: Vec<String>,
    /// The shortest that an answer took; `None` as long as nothing was asked for by itself.
    round_trip: Option<Duration>,
    /// Before the line: the connection ends when nobody can ask anything any more.
    wire: Wire,
    line: Line,
}

/// Where requests are put.
struct Wire {
    client: Client,
    /// A COPY to the server could not begin. The driver then ends it a second time, the server answers a second time, and whoever asks next gets
    /// that answer: so nobody is to ask any more.
    spoilt: Cell<bool>,
}

/// What looks after the socket.
struct Line {
    runtime: Runtime,
    /// `None` when it has ended.
    socket: Option<JoinHandle<Answer<()>>>,
}

/// A COPY to the server within a [`Flight`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct CopyIn<'a> {
    /// `COPY … FROM STDIN (FORMAT binary)`.
    pub sql: &'a str,
    /// Whole tuples.
    pub tuples: &'a [u8],
    /// How many rows must come in; `None` where it does not matter.
    pub rows: Option<u64>,
}

/// A transaction that is known beforehand, so that its statements do not wait for one another's answers.
#[derive(Clone, Copy)]
pub(crate) struct Flight<'a> {
    /// The first statement with its parameters. Where it concerns no row, all is rolled back.
    pub enter: (&'a str, &'a [&'a dyn SqlParam]),
    /// What is copied.
    pub first: CopyIn<'a>,
    /// What is copied then.
    pub second: Option<CopyIn<'a>>,
}

/// How a [`Flight`] ended where nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// All is committed.
    Committed,
    /// The first statement concerned no row, and nothing happened.
    NotEntered,
    /// A COPY brought in another number of rows than it must, and nothing happened.
    OtherCount,
}

/// Where a [`Flight`] failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leg {
    /// BEGIN or COMMIT: a deferred constraint speaks at COMMIT.
    Transaction,
    /// The first statement.
    Enter,
    /// The first COPY.
    First,
    /// The second COPY.
    Second,
}

/// What came of reading on in a COPY from the server.
pub(super) enum Piece {
    Batch(TupleBatch),
    End,
    Malformed(CopyFormatError),
}

impl Driver {
    pub(super) fn connect<T>(runtime: Runtime, config: &Config, tls: T) -> Answer<Self>
    where
        T: MakeTlsConnect<Socket>,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
        T::Stream: Send + 'static,
    {
        let (client, connection) = runtime.block_on(config.connect(tls))?;
        let socket = runtime.spawn(connection);
        let wire = Wire { client, spoilt: Cell::new(false) };
        Ok(Self { prepared: HashMap::new(), ahead: Vec::new(), round_trip: None, wire, line: Line { runtime, socket: Some(socket) } })
    }

    /// Whether the connection is known to be of no use any more.
    pub(super) fn is_closed(&self) -> bool {
        self.wire.spoilt.get() || self.wire.client.is_closed()
    }

    /// Waits for what `ask` asks. A request on a lost connection is told no more than "closed": why it was lost, the socket knows.
    fn wait<'d, T, F: Future<Output = Answer<T>>>(&'d mut self, ask: impl FnOnce(&'d Wire) -> F) -> Answer<T> {
        let Self { ahead, wire, line, .. } = self;
        let before = std::mem::take(ahead);
        let answer = line.runtime.block_on(async {
            if before.is_empty() {
                return ask(wire).await;
            }
            // Sent in this order; where the first fails, that is the error to tell.
            let sent = join_all(before.iter().map(|sql| wire.client.batch_execute(sql)));
            let (sent, answer) = join(sent, ask(wire)).await;
            sent.into_iter().collect::<Answer<()>>().and(answer)
        });
        answer.map_err(|error| if wire.spoilt.get() { error } else { line.why_lost(error) })
    }

    /// Lets a statement whose answer nobody waits for go with the next request, which fails if it fails.
    pub(super) fn ahead(&mut self, sql: &str) {
        self.ahead.push(sql.to_owned());
    }

    /// Sends them without another request.
    pub(super) fn send_off(&mut self) -> Answer<()> {
        if self.ahead.is_empty() { Ok(()) } else { self.wait(|_| std::future::ready(Ok(()))) }
    }

    /// The shortest that an answer took: what the network takes, and next to nothing of the server; `None` where it is not known.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Waits for the whole answer to one request.
    fn timed<T>(&mut self, ask: impl FnOnce(&mut Self) -> T) -> T {
        let alone = self.ahead.is_empty();
        let began = Instant::now();
        let answer = ask(self);
        if alone {
            let took = began.elapsed();
            self.round_trip = Some(self.round_trip.map_or(took, |shortest| shortest.min(took)));
        }
        answer
    }

    pub(super) fn batch_execute(&mut self, sql: &str) -> Answer<()> {
        self.timed(|driver| driver.wait(|wire| wire.client.batch_execute(sql)))
    }

    pub(super) fn simple_query(&mut self, sql: &str) -> Answer<Vec<SimpleQueryMessage>> {
        self.wait(|wire| wire.client.simple_query(sql))
    }

    pub(super) fn prepare(&mut self, sql: &str) -> Answer<Statement> {
        self.wait(|wire| wire.client.prepare(sql))
    }

    /// Prepares statements together; each has an answer of its own.
    pub(super) fn prepare_all(&mut self, statements: &[String]) -> Answer<Vec<Answer<Statement>>> {
        let prepared = self.wait(|wire| async move { Ok(join_all(statements.iter().map(|sql| wire.client.prepare(sql))).await) })?;
        Ok(prepared.into_iter().map(|one| one.map_err(|error| self.line.why_lost(error))).collect())
    }

    /// Rows of one statement, in one round trip.
    pub(super) fn query(&mut self, sql: &str, params: &[&dyn SqlParam]) -> Answer<Vec<Row>> {
        let typed = typed(params);
        self.timed(|driver| driver.wait(|wire| async move { wire.client.query_typed(sql, &typed).await }))
    }

    /// The rows of statements that do not need one another's answers, together in one round trip; the first error of any.
    pub(super) fn query_all(&mut self, asked: &[(&str, &[&dyn SqlParam])]) -> Answer<Vec<Vec<Row>>> {
        let typed: Vec<_> = asked.iter().map(|(sql, params)| (*sql, typed(params))).collect();
        self.timed(|driver| {
            driver.wait(|wire| async move {
                let answers = join_all(typed.iter().map(|(sql, params)| wire.client.query_typed(sql, params))).await;
                answers.into_iter().collect()
            })
        })
    }

    /// The rows of statements without parameters, each after its own `before` (statements that give nothing), all in one round trip. Each has an
    /// answer of its own, so `before` should take back what the statement ahead of it may have broken.
    pub(super) fn query_each(&mut self, asked: &[(String, String)]) -> Answer<Vec<Answer<Vec<Row>>>> {
        self.wait(|wire| async move {
            let each = asked.iter().map(|(before, sql)| async move {
                let (begun, rows) = join(wire.client.batch_execute(before), wire.client.query_typed(sql, &[])).await;
                begun.and(rows)
            });
            // In the order in which they stand there: each is first polled, and sent, before the next.
            Ok(join_all(each).await)
        })
    }

    /// How many rows one statement concerned, in one round trip.
    pub(super) fn execute(&mut self, sql: &str, params: &[&dyn SqlParam]) -> Answer<u64> {
        let typed = typed(params);
        self.wait(|wire| async move { wire.client.execute_typed(sql, &typed).await })
    }

    /// Runs a COPY with pieces that together are whole tuples; gives the number of rows.
    pub(super) fn copy_in<'a>(&mut self, sql: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Answer<u64> {
        self.wait(|wire| async move {
            let mut sink = wire.begin(&wire.client.prepare(sql).await?).await?;
            send(&mut sink, pieces).await;
            // When the server refuses a row, sending fails with no more than "closed"; what it said comes with the end.
            sink.as_mut().finish().await
        })
    }

    /// Begins a COPY from the server.
    pub(super) fn copy_out(&mut self, sql: &str) -> Answer<Pin<Box<CopyOutStream>>> {
        self.wait(|wire| async move { Ok(Box::pin(wire.client.copy_out(sql).await?)) })
    }

    /// Reads on until a batch is full, or the end.
    pub(super) fn read_on(&mut self, stream: &mut Pin<Box<CopyOutStream>>, splitter: &mut CopySplitter) -> Answer<Piece> {
        self.wait(|_| async move {
            loop {
                if let Some(batch) = splitter.take_full() {
                    return Ok(Piece::Batch(batch));
                }
                let Some(piece) = stream.next().await else { return Ok(Piece::End) };
                if let Err(malformed) = splitter.push(&piece?) {
                    return Ok(Piece::Malformed(malformed));
                }
            }
        })
    }

    /// Runs a transaction in four round trips: BEGIN, the first statement and the beginning of the first COPY go together, then come its rows, the
    /// beginning of the second, and the rows of that with COMMIT.
    pub(super) fn fly(&mut self, flight: &Flight<'_>) -> Result<Landing, (Leg, Error)> {
        let copies = [Some(&flight.first), flight.second.as_ref()].into_iter().flatten().map(|copy| copy.sql);
        let sent = self.statements([flight.enter.0].into_iter().chain(copies));
        let statements = sent.map_err(|(at, error)| ([Leg::Enter, Leg::First, Leg::Second][at], error))?;
        let mut leg = Leg::Transaction;
        let landing = self.wait(|wire| wire.cross(flight, &statements, &mut leg));
        if !matches!(landing, Ok(Landing::Committed)) {
            // The error that came first is the one to tell; a connection that cannot roll back is gone, and the server rolls back.
            let _ = self.batch_execute("ROLLBACK");
        }
        landing.map_err(|error| (leg, error))
    }

    /// These statements, prepared now or before; an error names the one by its number.
    fn statements<'a>(&mut self, all: impl Iterator<Item = &'a str>) -> Result<Vec<Statement>, (usize, Error)> {
        let all: Vec<&str> = all.collect();
        let unknown: Vec<String> = all.iter().filter(|sql| !self.prepared.contains_key(**sql)).map(|sql| (*sql).to_owned()).collect();
        if !unknown.is_empty() {
            let prepared = self.prepare_all(&unknown).map_err(|error| (0, error))?;
            for (sql, statement) in unknown.into_iter().zip(prepared) {
                let statement = statement.map_err(|error| (all.iter().position(|one| *one == sql).unwrap_or(0), error))?;
                self.prepared.insert(sql, statement);
            }
        }
        Ok(all.iter().filter_map(|sql| self.prepared.get(*sql).cloned()).collect())
    }
}

impl Line {
    /// Why the connection was lost, where `error` says no more than that.
    fn why_lost(&mut self, error: Error) -> Error {
        match if error.is_closed() { self.end() } else { None } {
            Some(Err(reason)) => reason,
            _ => error,
        }
    }

    /// Waits until the connection has ended; gives how, where it did so in time and was not asked before.
    fn end(&mut self) -> Option<Answer<()>> {
        let socket = self.socket.take()?;
        self.runtime.block_on(async { tokio::time::timeout(FAREWELL, socket).await }).ok()?.ok()
    }
}

impl Drop for Line {
    /// Hangs up as the protocol wants it, so that the server's log does not tell of a lost client.
    fn drop(&mut self) {
        self.end();
    }
}

fn typed<'a>(params: &[&'a dyn SqlParam]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    params.iter().map(|param| (param.value(), param.sql_type())).collect()
}

/// Sends a binary COPY stream, as far as the server takes it.
async fn send<'a>(sink: &mut Pin<Box<CopyInSink<Bytes>>>, pieces: impl IntoIterator<Item = &'a [u8]>) {
    let mut edge = Vec::new();
    copy_header(&mut edge);
    let mut taken = sink.send(Bytes::from(std::mem::take(&mut edge))).await.is_ok();
    for message in pieces.into_iter().flat_map(|piece| piece.chunks(MESSAGE_BYTES)) {
        if !taken {
            return;
        }
        taken = sink.send(Bytes::copy_from_slice(message)).await.is_ok();
    }
    copy_trailer(&mut edge);
    if taken {
        let _ = sink.send(Bytes::from(edge)).await;
    }
}

impl Wire {
    /// Begins a COPY to the server.
    async fn begin(&self, statement: &Statement) -> Answer<Pin<Box<CopyInSink<Bytes>>>> {
        let begun = self.client.copy_in(statement).await;
        self.spoilt.set(self.spoilt.get() || begun.is_err());
        Ok(Box::pin(begun?))
    }

    /// Requests that are joined are sent in the order in which they stand there. `leg` says what an error that is given belongs to.
    async fn cross(&self, flight: &Flight<'_>, statements: &[Statement], leg: &mut Leg) -> Answer<Landing> {
        let client = &self.client;
        let parameters: Vec<&(dyn ToSql + Sync)> = flight.enter.1.iter().map(|param| param.value()).collect();
        let (begun, entered, first) =
            join3(client.batch_execute("BEGIN"), client.execute(&statements[0], &parameters), self.begin(&statements[1])).await;
        begun?;
        *leg = Leg::Enter;
        if entered? == 0 {
            return Ok(Landing::NotEntered);
        }
        *leg = Leg::First;
        let mut first = first?;
        send(&mut first, [flight.first.tuples]).await;
        // Not together with the beginning of the second: the server may refuse rows, and then that could not begin.
        let written = first.as_mut().finish().await?;
        if flight.first.rows.is_some_and(|rows| rows != written) {
            return Ok(Landing::OtherCount);
        }
        let committed = if let Some(copy) = &flight.second {
            *leg = Leg::Second;
            let mut second = self.begin(&statements[2]).await?;
            send(&mut second, [copy.tuples]).await;
            // After an error COMMIT rolls back.
            let (rows, committed) = join(second.as_mut().finish(), client.batch_execute("COMMIT")).await;
            rows?;
            committed
        } else {
            client.batch_execute("COMMIT").await
        };
        *leg = Leg::Transaction;
        committed.map(|()| Landing::Committed)
    }
}
