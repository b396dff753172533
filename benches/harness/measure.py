"""Measures whole processes: how long they take, how much memory they hold at most.

A command that reads a stream gets it through a pipe, from `cat`, as it does from splunkd.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Run:
    """One finished process: wall seconds, seconds of CPU in user and system, peak resident bytes."""

    seconds: float
    cpu: float
    memory: int


@dataclass
class Command:
    """A process to measure: what it is, what is poured into it, where its output goes, the bytes of a pipe that is wider
    than the system's from the start."""

    argv: list
    feed: Path | None = None
    output: Path = Path(os.devnull)
    folder: Path | None = None
    pipe: int | None = None


LAUNCHER = Path(__file__).with_name("launcher.py")


class CommandFailed(Exception):
    """The process ended with another exit code than 0."""


def run(command, repeat=1):
    """Measures the command this many times, in a row; returns the list of runs."""
    os.sync()
    way = [str(word or "") for word in (command.feed, command.pipe, command.output)]
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(repeat), *way]
    argv = [str(word) for word in command.argv]
    done = subprocess.run(launcher + argv, cwd=command.folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(argv)}\n{done.stderr.strip()}")
    return [Run(*json.loads(line)) for line in done.stdout.splitlines()]
