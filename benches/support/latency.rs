//! A TCP proxy that delays what passes by a fixed time in each direction and does not limit how much passes:
//! the network between two places, for `scripts/bench`.
//!
//! ```text
//! latency LISTEN_PORT TO_HOST:PORT DELAY_MS
//! ```
//!
//! A delay line, not a pause for each piece: pieces are stamped when they come in and sent when they are old enough, so many are under way at once.
//! Port 0 takes a free one; the port is the first line on standard output. Ends when its standard input is closed.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most that is read at once.
const PIECE: usize = 256 * 1024;
/// Bytes under way in one direction: with 10 ms it allows 3 GB/s, and a receiver that does not read holds its sender up.
const UNDER_WAY: usize = 32 * 1024 * 1024;

#[derive(Default)]
struct Line {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// No more pieces come: the sender has ended, or the receiver is gone.
    ended: bool,
}

#[derive(Default)]
struct Shared {
    line: Mutex<Line>,
    changed: Condvar,
}

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut Line) -> T) -> T {
        let result = change(&mut self.line.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        result
    }

    /// Waits until there is room for more, or the line has ended.
    fn wait_for_room(&self) -> bool {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |line: &mut Line| line.bytes >= UNDER_WAY && !line.ended;
        !self.changed.wait_while(line, full).unwrap_or_else(PoisonError::into_inner).ended
    }

    /// The next piece and when it is due; none when the line has ended and is empty.
    fn next(&self) -> Option<(Instant, Vec<u8>)> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = |line: &mut Line| line.pieces.is_empty() && !line.ended;
        self.changed.wait_while(line, nothing).unwrap_or_else(PoisonError::into_inner).pieces.pop_front()
    }
}

/// One direction of one connection.
fn relay(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let shared = Arc::new(Shared::default());
    let sender = Arc::clone(&shared);
    thread::spawn(move || {
        while let Some((due, piece)) = sender.next() {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
            sender.with(|line| line.bytes -= piece.len());
        }
        sender.with(|line| line.ended = true);
        // The other end may be gone already.
        to.shutdown(Shutdown::Write).ok();
    });
    let mut buffer = vec![0; PIECE];
    while shared.wait_for_room() {
        match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => shared.with(|line| {
                line.bytes += read;
                line.pieces.push_back((Instant::now() + delay, buffer[..read].to_vec()));
            }),
        }
    }
    shared.with(|line| line.ended = true);
    from.shutdown(Shutdown::Read).ok();
}

fn connect(client: &TcpStream, to: &str, delay: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(to)?;
    for (from, to) in [(client, &server), (&server, client)] {
        from.set_nodelay(true)?;
        let (from, to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || relay(from, to, delay));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, to, delay] = arguments.as_slice() else {
        return Err("usage: latency LISTEN_PORT TO_HOST:PORT DELAY_MS".into());
    };
    let (to, delay) = (to.clone(), Duration::from_millis(delay.parse()?));
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?))?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A server that does not answer is told to the client by the connection's end.
            connect(&client, &to, delay).ok();
        }
    });
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
