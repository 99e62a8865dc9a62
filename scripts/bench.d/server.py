"""The private PostgreSQL server of the benchmark, and how a command is timed beside it.

Every client finds the server by the environment (PGHOST, PGPORT, PGUSER, PGPASSWORD), so no password stands in a process list.
"""
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LONGEST = 1800  # seconds: what hangs is killed and counts as failed
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """A candidate or a step failed; its text names the command and what it printed last."""


@dataclass
class Sample:
    """One timed command: wall-clock seconds, CPU seconds of the command with its children, CPU seconds of all processes of the
    server meanwhile, and the largest resident set of one process of the command in bytes."""
    wall: float
    cpu: float
    server_cpu: float
    rss: int

    def __add__(self, other):
        return Sample(self.wall + other.wall, self.cpu + other.cpu, self.server_cpu + other.server_cpu, max(self.rss, other.rss))


class Server:
    def __init__(self, url):
        found = re.fullmatch(r"postgres(?:ql)?://([^:@/]+):([^@/]+)@([^:/]+):(\d+)/\w+", url)
        if not found:
            raise Failed("the server's URL is not of the form postgres://user:password@host:port/database")
        self.user, self.password, self.host, port = found.groups()
        self.port = int(port)
        self.made = set()  # databases that stand there because of us
        os.environ.update(PGUSER=self.user, PGPASSWORD=self.password, PGHOST=self.host, PGPORT=port, PGDATABASE="postgres",
                          PGOPTIONS="-c client_min_messages=warning -c timezone=UTC")
        self.version_num = int(self.value("postgres", "show server_version_num"))
        self.postmaster = self._postmaster()

    def _postmaster(self):
        """The process id of the postmaster: the parent of a session that is still open when it is asked for."""
        session = subprocess.Popen(psql("postgres", "-At"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        session.stdin.write(b"select pg_backend_pid();\n")
        session.stdin.flush()
        backend = int(session.stdout.readline())
        parent = int(stat_fields(backend)[1])
        session.stdin.close()
        session.wait()
        return parent

    def url(self, database, port=None):
        return f"postgres://{self.user}:{self.password}@{self.host}:{port or self.port}/{database}"

    def sql(self, database, *commands):
        """Runs each command in a transaction of its own; returns what they print, unaligned, without headers."""
        arguments = [part for command in commands for part in ("-c", command)]
        return output(psql(database, "-At", *arguments)).decode().strip()

    def script(self, database, text):
        """Runs a script of many commands from standard input."""
        return output(psql(database, "-At"), text.encode()).decode().strip()

    def value(self, database, query):
        return self.sql(database, query)

    def recreate(self, name, template=None):
        """An empty database `name`, or a copy of `template`."""
        create = f"create database {name}"
        if template:
            # Files are copied faster than their contents are logged; servers before 15 know no other way and not the word.
            create += f" template {template}" + (" strategy file_copy" if self.version_num >= 150000 else "")
        self.made.add(name)
        self.sql("postgres", f"drop database if exists {name} (force)", create)

    def drop(self, *names):
        for name in names:
            self.sql("postgres", f"drop database if exists {name} (force)")

    def settle(self):
        """What was written before is on disk, so that no candidate pays for another one's writes."""
        self.sql("postgres", "checkpoint")
        os.sync()

    def cpu(self):
        """CPU seconds of all processes of the server so far: those that ended are counted at the postmaster."""
        own = stat_fields(self.postmaster)
        ticks = sum(int(own[i]) for i in (11, 12, 13, 14))
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    fields = stat_fields(entry.name)
                except (FileNotFoundError, ProcessLookupError):
                    continue  # ended meanwhile: counted at the postmaster the next time
                if int(fields[1]) == self.postmaster:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS


def stat_fields(pid):
    """/proc/PID/stat after the command's name: [state, ppid, …, 11 utime, 12 stime, 13 cutime, 14 cstime]."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def psql(database, *arguments):
    return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments]


def output(command, given=None):
    done = subprocess.run(command, input=given, stdin=None if given is not None else subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise Failed(f"{command[0]} ended with exit code {done.returncode}: {tail(done.stderr)}")
    return done.stdout


def tail(printed, lines=12):
    return "\n".join(printed.decode(errors="replace").strip().splitlines()[-lines:])


def timed(server, command, env=None, stdin=None, stdout=None):
    """Runs `command` (a list, or a text for bash) and returns its Sample. `stdin` and `stdout` are paths or None.

    Its process group's CPU time and memory come from wait4, which counts the children it waited for too."""
    if isinstance(command, str):
        command = ["bash", "-o", "pipefail", "-c", command]
    with tempfile.TemporaryFile() as errors:
        source = open(stdin, "rb") if stdin else subprocess.DEVNULL
        sink = open(stdout, "wb") if stdout else errors
        before = server.cpu()
        began = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], env={**os.environ, **(env or {})}, stdin=source, stdout=sink, stderr=errors)
        limit = threading.Timer(LONGEST, process.kill)
        limit.start()
        _, status, used = os.wait4(process.pid, 0)
        limit.cancel()
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        after = server.cpu()
        for opened in (source, sink):
            if hasattr(opened, "close") and opened is not errors:
                opened.close()
        if process.returncode:
            errors.seek(0)
            raise Failed(f"{Path(command[0]).name} ended with exit code {process.returncode}: {tail(errors.read())}")
    return Sample(wall, used.ru_utime + used.ru_stime, after - before, used.ru_maxrss * 1024)
