"""Who runs: the product installed as an app, its peers, and the floor under all of them.

Each contender can be prepared (the history put back as it was), gives the command to measure, and says afterwards
where the merged history and the new events are.
"""

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .data import NOW, PLACE, ROOT
from .measure import Command

LOOKUP = "previously_seen_S3_access_from_remote_ip.csv"
APPS = PLACE / "splunk" / "etc" / "apps"
PEERS = ROOT / "benches" / "peers"


@dataclass
class Task:
    """A search: its stream, the same rows as a plain CSV (for peers), the history it starts from."""

    stream: Path
    history: Path
    plain: Path | None = None


def put(history, place):
    """Puts the history in its place. The file that was there is freed last, as that of the other contenders is: memory
    that was in use a moment ago is faster to write to, and all are to have the same."""
    beside = place.with_suffix(".part")
    subprocess.run(["cp", history, beside], check=True)
    beside.replace(place)


class Contender:
    """One way to do the task, or one part of it that no way can do without."""

    name = ""
    checked = True

    def __init__(self, task):
        self.task = task
        folder = PLACE / "output"
        folder.mkdir(parents=True, exist_ok=True)
        slug = self.name.replace(" ", "-")
        self.merged = folder / f"{slug}.history.csv"
        self.events = folder / f"{slug}.events"

    def prepare(self):
        """Leaves everything as it was before the first run."""
        self.merged.unlink(missing_ok=True)
        self.events.unlink(missing_ok=True)

    def command(self):
        """The command that is measured."""
        raise NotImplementedError


class Installed(Contender):
    """A command of an app: it finds the lookup from its own place."""

    def __init__(self, task, app):
        super().__init__(task)
        self.app = APPS / app
        self.merged = self.app / "lookups" / LOOKUP

    def prepare(self):
        self.merged.parent.mkdir(parents=True, exist_ok=True)
        put(self.task.history, self.merged)

    def install(self, program, place):
        """Puts the program where Splunk would start it from."""
        installed = self.app / place / program.name
        installed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, installed)
        return installed


class Product(Installed):
    """The search command, as the package lays it out."""

    name = "s3newip"

    def __init__(self, task, program):
        super().__init__(task, "s3newip")
        native = platform.machine() == "x86_64"
        self.program = self.install(program, "linux_x86_64/bin" if native else "bin")

    def command(self):
        return Command([self.program], self.task.stream, self.events, self.program.parent)


class PythonSdk(Installed):
    """The same command on Splunk's Python SDK."""

    name = "Python SDK"

    def __init__(self, task):
        super().__init__(task, "sdk_command")
        self.program = self.install(PEERS / "sdk_command.py", "bin")

    def command(self):
        return Command([sys.executable, self.program], self.task.stream, self.events, self.program.parent)


class Job(Contender):
    """A peer that reads plain files and writes plain files."""

    script = ""

    def command(self):
        task = self.task
        files = [task.plain, task.history, NOW, self.merged, self.events]
        return Command([sys.executable, PEERS / self.script, *files])


class DuckDb(Job):
    """The job in SQL."""

    name, script = "DuckDB", "duckdb_job.py"


class Polars(Job):
    """The job on data frames."""

    name, script = "Polars", "polars_job.py"


class CatStream(Contender):
    """The floor of the input: the stream through a pipe, and nothing done with it."""

    name, checked = "cat of the stream", False

    def command(self):
        return Command(["cat"], self.task.stream)


class CopyHistory(Contender):
    """The floor of the output: the history copied and flushed to disk."""

    name, checked = "cp and fsync", False

    def command(self):
        script = 'cp "$1" "$2" && sync "$2"'
        return Command(["sh", "-c", script, "sh", self.task.history, self.merged])


class CatAndCopy(Contender):
    """The floor of both: the stream through a pipe as wide as the product makes it, then the history copied and flushed.
    The copy cannot begin before the input ends: only then is it known what the history becomes."""

    name, checked = "cat, then cp", False

    def command(self):
        script = 'cat >/dev/null && cp "$1" "$2" && sync "$2"'
        argv = ["sh", "-c", script, "sh", self.task.history, self.merged]
        return Command(argv, self.task.stream, pipe=256 << 10)


class Scan(Contender):
    """The product on raw logs, without Splunk; the task's stream is the log."""

    name = "s3newip scan"

    def __init__(self, task, program):
        super().__init__(task)
        self.program = program

    def prepare(self):
        put(self.task.history, self.merged)

    def command(self):
        options = ["--lookup", self.merged, "--now", NOW, "--output", "pairs", "--format", "csv"]
        return Command([self.program, "scan", *options, self.task.stream], output=self.events)


class CountLines(Contender):
    """The floor of reading a log."""

    name, checked = "wc -l", False

    def command(self):
        return Command(["wc", "-l", self.task.stream])
