"""The data of the benchmarks: made once by benches/generate, kept under target/bench.

A file's name says how it was made; all are thrown away when the generator's source has changed.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "target" / "bench"

# The generator's own: the second the searches were started, and the start of the window of newness.
NOW = 1_785_549_617
THRESHOLD = (NOW - 70 * 60) // 60 * 60


class Data:
    """Makes files of the sizes asked for and returns their paths."""

    def __init__(self):
        self.folder = PLACE / f"data-{source_digest()}"
        for old in set(PLACE.glob("data-*")) - {self.folder}:
            shutil.rmtree(old)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.generator = build_generator()

    def history(self, pairs):
        """A lookup of this many pairs."""
        return self._made(f"history-{pairs}.csv", ["history", "--pairs", pairs])

    def events(self, shape, events, pairs, plain=False):
        """The standard input of a search over this many events: (stream, plain CSV or None)."""
        return self._stream(f"{shape}-{events}-of-{pairs}", [shape, "--events", events, "--pairs", pairs], plain)

    def summary(self, rows, pairs):
        """The standard input of a search that `stats` has summarised into this many rows."""
        arguments = ["summary", "--rows", rows, "--pairs", pairs, "--arg", "output=pairs"]
        return self._stream(f"summary-{rows}-of-{pairs}", arguments, False)[0]

    def probe(self):
        """What splunkd sends to find out what the command is, and nothing after it."""
        return self._stream("probe", ["probe"], False)[0]

    def log(self, size, pairs):
        """A raw access log of this many bytes."""
        return self._made(f"log-{size}-of-{pairs}.log", ["log", "--bytes", size, "--pairs", pairs])

    def _stream(self, name, arguments, plain):
        arguments = [*arguments, "--dispatch-dir", PLACE / "dispatch"]
        csv = self.folder / f"{name}.csv"
        if plain:
            arguments += ["--plain", csv]
            if not csv.exists():
                (self.folder / f"{name}.stream").unlink(missing_ok=True)
        return self._made(f"{name}.stream", arguments), csv if plain else None

    def _made(self, name, arguments):
        path = self.folder / name
        if path.exists():
            return path
        beside = path.with_suffix(".part")
        with open(beside, "wb") as file:
            subprocess.run([self.generator, *map(str, arguments)], stdout=file, check=True)
        os.replace(beside, path)
        return path


def source_digest():
    """Tells one state of the generator's source from another."""
    sources = sorted((ROOT / "benches" / "generate").glob("*.rs"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def build_generator():
    """Builds benches/generate as the tests are built, and returns the program's path."""
    cargo = ["cargo", "build", "--quiet", "--locked", "--bench", "generate", "--message-format=json"]
    built = subprocess.run(cargo, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    messages = map(json.loads, built.stdout.splitlines())
    programs = (message for message in messages if message.get("executable"))
    return next(Path(program["executable"]) for program in programs if program["target"]["name"] == "generate")


def build_product():
    """Builds the product as it is shipped, and returns the program's path."""
    script = [ROOT / "scripts" / "build-static.sh", platform.machine()]
    built = subprocess.run(script, stdout=subprocess.PIPE, text=True, check=True)
    return Path(built.stdout.strip())


def absolute(path):
    """A path of the command line, whatever folder is current later."""
    return Path(path).resolve()
