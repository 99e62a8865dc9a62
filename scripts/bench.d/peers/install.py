"""Whether a peer is there, and its installation by name where it was asked for (`scripts/bench --peers`)."""
import os
import shutil
import subprocess

from server import PROJECT, Failed, output, say, tail

VENV = PROJECT / "target/bench-venv"
PSYCOPG = "psycopg[binary]==3.2.13"


def program(name, install):
    """The path of a program of Debian's package of the same name."""
    if not shutil.which(name) and install:
        say(f"installing {name}")
        sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
        done = subprocess.run([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", name], capture_output=True)
        if done.returncode:
            raise Failed(f"apt-get could not install {name}: {tail(done.stderr, 2)}")
    if not shutil.which(name):
        raise Failed(f"{name} is not installed; --peers installs it")
    return shutil.which(name)


def python(install):
    """A Python with psycopg and its C implementation, in an environment of its own under target/."""
    python_ = VENV / "bin/python"
    if not python_.exists() and install:
        say(f"installing {PSYCOPG}")
        for command in (["python3", "-m", "venv", VENV], [VENV / "bin/pip", "-q", "install", PSYCOPG]):
            done = subprocess.run(command, capture_output=True)
            if done.returncode:
                shutil.rmtree(VENV, ignore_errors=True)
                raise Failed(f"psycopg could not be installed: {tail(done.stderr + done.stdout, 2)}")
    if not python_.exists():
        raise Failed("psycopg is not installed; --peers installs it")
    return python_


def versions():
    """{peer: version} of those that are there."""
    found = {}
    for name, command in {
        "pgloader": ["pgloader", "--version"],
        "pgcopydb": ["pgcopydb", "--version"],
        "psycopg": [VENV / "bin/python", "-c", "import psycopg, sys; print(f'{psycopg.__version__} ({psycopg.pq.__impl__}), Python', sys.version.split()[0])"],
    }.items():
        if shutil.which(command[0]):
            found[name] = output(command).decode().splitlines()[0].removeprefix("pgloader version ").removeprefix("pgcopydb version ").strip('"')
    return found
