//! The only place that prints. Results go to stdout, everything else to stderr. Boundary: where and how, not what.

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use indicatif::MultiProgress;
use serde_json::{Value, json};

use super::args::{Global, LogFormat, ProgressMode, When};
use crate::error::{Error, Exit};

/// Both streams, and what was asked of them.
#[derive(Debug)]
pub(super) struct Output {
    /// Results are JSON.
    pub json: bool,
    quiet: bool,
    color: bool,
    /// How progress is shown; never `Auto`.
    pub progress: ProgressMode,
    /// Something was printed on stdout.
    printed: AtomicBool,
    /// Bars on the terminal that lines must not be written over.
    bars: OnceLock<MultiProgress>,
}

impl Output {
    /// The streams as the command line wants them.
    pub fn new(global: &Global) -> Self {
        let terminal = io::stderr().is_terminal();
        let progress = match global.progress {
            ProgressMode::Auto if global.quiet => ProgressMode::None,
            ProgressMode::Auto if terminal => ProgressMode::Bar,
            ProgressMode::Auto => ProgressMode::Log,
            asked => asked,
        };
        let color = match global.color {
            When::Auto => terminal && std::env::var_os("NO_COLOR").is_none(),
            When::Always => true,
            When::Never => false,
        };
        Self { json: global.json, quiet: global.quiet, color, progress, printed: AtomicBool::new(false), bars: OnceLock::new() }
    }

    /// Prints a result. A reader that has gone is no error: it has what it wanted.
    pub fn result(&self, text: &str) -> Result<(), Error> {
        self.printed.store(true, Ordering::Relaxed);
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let write = |out: &mut dyn Write| {
            out.write_all(text.as_bytes())?;
            out.write_all(end.as_bytes())?;
            out.flush()
        };
        match self.around_bars(|| write(&mut io::stdout().lock())) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Prints a JSON object as the result.
    pub fn object(&self, object: &Value) -> Result<(), Error> {
        self.result(&object.to_string())
    }

    /// Says something on the way, unless silence was asked for.
    pub fn say(&self, text: &str) {
        if self.progress == ProgressMode::Json {
            self.event(&json!({"event": "note", "message": text}));
        } else if !self.quiet {
            self.to_stderr(text);
        }
    }

    /// Says something that must not be missed.
    pub fn warn(&self, text: &str) {
        if self.progress == ProgressMode::Json {
            self.event(&json!({"event": "warning", "message": text}));
        } else {
            self.to_stderr(text);
        }
    }

    /// Writes one event of the run on a line of its own.
    pub fn event(&self, event: &Value) {
        self.to_stderr(&event.to_string());
    }

    /// Says why a command ended, with the causes, the server's words and what to do next.
    pub fn error(&self, error: &Error, show_values: bool) {
        if let Error::Problems { rendered, .. } = error {
            self.warn(rendered.trim_end());
        }
        let mut lines = vec![format!("{}: {error}", self.paint("error", "1;31"))];
        lines.extend(error.causes().iter().map(|cause| format!("  cause: {cause}")));
        if let Some(server) = error.server_error().filter(|_| show_values) {
            // Both quote values of rows.
            lines.extend(server.detail.iter().map(|detail| format!("  detail: {detail}")));
            lines.extend(server.context.iter().map(|context| format!("  context: {context}")));
        }
        if let Some(hint) = error.hint() {
            lines.push(format!("  {}: {hint}", self.paint("next", "1")));
        }
        self.warn(&lines.join("\n"));
    }

    /// The last words for programs: exactly one closing event, and one object where a result was promised and none was printed.
    pub fn close(&self, exit: Exit, reason: &str) {
        if self.json && !self.printed.load(Ordering::Relaxed) {
            let object = json!({"schema": 1, "run": null, "status": exit.word(), "exit": exit.code(), "reason": reason});
            // Nothing is left that could tell about a failure of this.
            let _ = self.object(&object);
        }
        if self.progress == ProgressMode::Json {
            self.event(&json!({"event": "finished", "status": exit.word(), "exit": exit.code(), "reason": reason}));
        }
    }

    /// The bars of this process; lines that are written from now on stand above them.
    pub fn bars(&self) -> &MultiProgress {
        self.bars.get_or_init(MultiProgress::new)
    }

    fn paint(&self, word: &str, code: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    fn to_stderr(&self, text: &str) {
        // A stderr that cannot be written leaves nobody to tell.
        let _ = self.around_bars(|| writeln!(io::stderr().lock(), "{text}"));
    }

    fn around_bars<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.bars.get() {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }
}

/// Prints what clap has to say: help and versions on stdout, mistakes on stderr.
pub(super) fn of_clap(error: &clap::Error) -> u8 {
    // A reader that has gone needs no help.
    let _ = error.print();
    u8::try_from(error.exit_code()).unwrap_or(Exit::Wrong.code())
}

/// Log lines go where everything else on stderr goes, so that they do not tear bars apart.
struct LogLines(Arc<Output>);

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.around_bars(|| io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Sets logging up: `RUST_LOG` where it is set, `-v` and `-vv` otherwise.
pub(super) fn log_to(output: &Arc<Output>, global: &Global) {
    let default = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "etl=info,warn",
        _ => "etl=debug,info",
    };
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(default));
    builder.target(env_logger::Target::Pipe(Box::new(LogLines(Arc::clone(output)))));
    if global.log_format == LogFormat::Json || output.progress == ProgressMode::Json {
        builder.format(|out, record| {
            let line = json!({"event": "log", "level": record.level().as_str().to_lowercase(), "target": record.target(), "message": record.args().to_string()});
            writeln!(out, "{line}")
        });
    }
    // A second logger (a test's) stays the one it is.
    let _ = builder.try_init();
}
