"""What is right, worked out by a few lines of plain Python, and whether a contender says the same.

The new rows must be the same in all their columns, and the history must hold the same rows; the order is free in
both. Runs as a program of its own, so that its memory is not the driver's:

    python -m harness.check KIND STREAM HISTORY CONTENDER_HISTORY CONTENDER_ROWS

KIND is `events`, `pairs` or `scan`. A set of rows is compared by the number of its rows and the sum of the hashes that
Python gives their text, without the random seed it would have otherwise.
What is right is worked out once for a stream and a history and kept beside the stream.
"""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from .data import NOW, THRESHOLD

KEY = ("bucket_name", "remote_ip")
# Quotes are where S3 puts them in the generated log: none is inside a field.
LINE = re.compile(r'\S+ (\S+) \[01/Aug/2026:(\d\d):(\d\d):(\d\d) \+0000\] (\S+) .*?"[^"]*" (\d\d\d) ')
MIDNIGHT = NOW // 86_400 * 86_400


class Wrong(Exception):
    """The contender's answer is not the right one, or is no answer."""


class Rows:
    """A multiset of rows, as its size and a sum of hashes."""

    def __init__(self):
        self.number, self.sum = 0, 0

    def add(self, text):
        self.number += 1
        self.sum += hash(text)

    def figures(self):
        return [self.number, f"{self.sum & (2**64 - 1):016x}"]


def check(kind, stream, history, merged, rows):
    """Compares a contender's history and rows with the right ones; called by the driver."""
    argv = [sys.executable, "-m", __name__, kind, stream, history, merged, rows]
    benches = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    argv = [str(word) for word in argv]
    done = subprocess.run(argv, cwd=benches, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(done.stderr.strip())


def _main(kind, stream, history, merged, rows):
    right = _kept(kind, Path(stream), Path(history))
    found = {"history": _history(merged).figures(), "rows": _answer(kind, Path(rows)).figures()}
    for what in ("history", "rows"):
        if right[what] != found[what]:
            sys.exit(f"{what}: should be {right[what]} (rows, hash), is {found[what]}")


def _kept(kind, stream, history):
    keep = stream.with_name(f"{stream.stem}.{history.stem}.{kind}.json")
    newest = max(path.stat().st_mtime for path in (stream, history, Path(__file__)))
    if not keep.exists() or keep.stat().st_mtime <= newest:
        keep.write_text(json.dumps(_right(kind, stream, history)))
    return json.loads(keep.read_text())


def _right(kind, stream, history):
    accesses = _log if kind == "scan" else _successes
    sightings, counts = {}, Counter()
    for key, first, last, count, _ in accesses(stream):
        before = sightings.get(key, (first, last))
        sightings[key] = (min(before[0], first), max(before[1], last))
        counts[key] += count
    merged, new = _merge(sightings, history, unseen=kind == "scan")
    rows = Rows()
    if kind == "events":
        for key, _, _, _, row in accesses(stream):
            if key in new:
                rows.add(_named(row | {"firstTime": new[key][0], "lastTime": new[key][1], "newIP": 1}))
    for key, times in new.items():
        if kind == "pairs":
            rows.add(_text(*key, *times, counts[key]))
        elif kind == "scan":
            rows.add(_text(*key))
    return {"history": merged.figures(), "rows": rows.figures()}


def _merge(sightings, history, unseen):
    merged, new, known = Rows(), {}, set()
    for line in _lines(history):
        bucket, address, first, last = line.split(",")
        key = (bucket, address)
        if key in sightings:
            known.add(key)
            seen = sightings[key]
            times = (min(int(first), seen[0]), max(int(last), seen[1]))
            if times[0] >= THRESHOLD and not unseen:
                new[key] = times
            line = _text(*key, *times)
        merged.add(line)
    for key, times in sightings.items():
        if key not in known:
            merged.add(_text(*key, *times))
            if unseen or times[0] >= THRESHOLD:
                new[key] = times
    return merged, new


def _successes(stream):
    for row in _rows_of_stream(stream):
        if row["http_status"] == "304" or row["http_status"].startswith("2"):
            first = int(row.get("_time") or row["firstTime"])
            last = int(row.get("_time") or row["lastTime"])
            yield (row[KEY[0]], row[KEY[1]]), first, last, int(row.get("count", 1)), row


def _log(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            bucket, hour, minute, second, address, status = LINE.match(line).groups()
            if status == "304" or status.startswith("2"):
                time = MIDNIGHT + int(hour) * 3600 + int(minute) * 60 + int(second)
                yield (bucket, address), time, time, 1, None


def _history(path):
    rows = Rows()
    for line in _lines(path):
        rows.add(line if '"' not in line else _text(*next(csv.reader([line]))))
    return rows


def _lines(path):
    """The rows of a history as they stand: it has millions, and no cell that needs quotes."""
    with open(path, encoding="utf-8") as file:
        if next(file).rstrip() != _text(*KEY, "firstTime", "lastTime"):
            raise Wrong(f"{path} has another header")
        for line in file:
            yield line.rstrip()


def _text(*cells):
    return ",".join(map(str, cells))


def _answer(kind, path):
    with open(path, "rb") as file:
        is_stream = file.read(7) == b"chunked"
    rows = Rows()
    for row in _rows_of_stream(path) if is_stream else _rows_of_csv(path):
        if kind == "events":
            rows.add(_named(row))
        elif kind == "pairs":
            rows.add(_text(*(row[name] for name in (*KEY, "firstTime", "lastTime", "count"))))
        else:
            rows.add(_text(row["bucket_name"], row.get("remote_ip") or row.get("src_ip")))
    return rows


def _named(row):
    """A row in the order of its columns' names, as contenders order columns differently; a plain CSV has a multivalue
    field's values with spaces between them."""
    named = (f"{name}={row[name]}" for name in sorted(row) if not name.startswith("__mv_"))
    return "\n".join(cell.replace("\n", " ") for cell in named)


def _rows_of_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _rows_of_stream(path):
    with open(path, "rb") as file:
        while header := file.readline():
            _, metadata, body = header.split(b",")
            _complain(json.loads(file.read(int(metadata))))
            text = file.read(int(body)).decode()
            yield from csv.DictReader(io.StringIO(text, newline=""))


def _complain(metadata):
    messages = metadata.get("inspector", {}).get("messages", [])
    errors = [text for level, text in messages if level in ("ERROR", "FATAL")]
    if metadata.get("error") or errors:
        raise Wrong(metadata.get("error") or "; ".join(errors))


if __name__ == "__main__":
    csv.field_size_limit(1 << 30)
    try:
        _main(*sys.argv[1:])
    except Wrong as wrong:
        sys.exit(str(wrong))
