"""The real program, driven as splunkd drives it: the app in a SPLUNK_HOME of its own, one process a search, getinfo
and one chunk of rows on standard input, and now() in the dispatch folder.
"""

import csv
import io
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from .rules import Row

COLUMNS = ["_time", "bucket_name", "remote_ip", "requester", "authentication_type", "operation", "http_status"]
HEADER = re.compile(rb"chunked 1.0,(\d+),(\d+)\n")
BINARIES = {"x86_64": "linux_x86_64/bin/s3newip", "aarch64": "bin/s3newip"}


class ProgramFailed(Exception):
    """The program refused its options, failed, or answered what no reader understands."""


class Program:
    """A rule as the program decides it: the same `search` as the rules in plain Python."""

    def __init__(self, app, home, arguments):
        self._home, self._arguments = Path(home), list(arguments)
        installed = self._home / "etc/apps/s3newip"
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(app, installed)
        self._binary = installed / BINARIES.get(platform.machine(), BINARIES["aarch64"])
        self._dispatch = self._home / "var/run/splunk/dispatch/search"
        self._dispatch.mkdir(parents=True)

    def refusal(self):
        """What the program has against its options, or None."""
        ((metadata, _),) = self._converse(0)
        return metadata.get("error")

    def search(self, now, accesses):
        """The rows of one search."""
        (getinfo, _), (metadata, rows) = self._converse(now, _table(accesses))
        messages = metadata.get("inspector", {}).get("messages", [])
        errors = [text for level, text in messages if level in ("ERROR", "FATAL")]
        error = getinfo.get("error") or metadata.get("error") or "; ".join(errors)
        if error:
            raise ProgramFailed(f"s3newip {' '.join(self._arguments)} at now()={now}: {error}")
        return [_row(row) for row in rows]

    def _converse(self, now, body=None):
        sent = _frame({"action": "getinfo", "preview": False, "searchinfo": self._searchinfo(now)})
        if body is not None:
            sent += _frame({"action": "execute", "finished": True}, body)
        environment = {"SPLUNK_HOME": str(self._home), "PATH": os.environ["PATH"]}
        done = subprocess.run([self._binary], input=sent, capture_output=True, env=environment, check=False)
        replies = list(_replies(done.stdout))
        if len(replies) != (1 if body is None else 2) and not (replies and replies[0][0].get("error")):
            said = done.stderr.decode(errors="replace").strip()
            found = f"{len(replies)} replies, exit {done.returncode}: {said}"
            raise ProgramFailed(f"expected a reply to each request, found {found}")
        return replies if body is None or len(replies) == 2 else replies * 2

    def _searchinfo(self, now):
        sid = f"{now}.1"
        (self._dispatch / "info.csv").write_text(f"_sid,now\n{sid},{now}.000000000\n")
        return {
            "args": self._arguments, "raw_args": self._arguments, "dispatch_dir": str(self._dispatch), "sid": sid,
            "app": "s3newip", "owner": "admin", "username": "admin", "session_key": "", "command": "s3newip",
            "splunkd_uri": "https://127.0.0.1:8089", "splunk_version": "9.4.0", "maxresultrows": 50000,
            "earliest_time": "0", "latest_time": "0",
        }


def _row(row):
    score = row.get("score")
    return Row(row["bucket_name"], row["remote_ip"], row.get("principal"), float(score) if score else None)


def _table(accesses):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((a.time, a.bucket, a.address, a.requester, a.authentication, a.operation, a.status)
                     for a in accesses)
    return out.getvalue().encode()


def _frame(metadata, body=b""):
    data = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n" % (len(data), len(body)) + data + body


def _replies(output):
    position = 0
    while position < len(output):
        lengths = HEADER.match(output, position)
        if not lengths:
            raise ProgramFailed(f"expected a header of the protocol, found {output[position:position + 60]!r}")
        metadata_end = lengths.end() + int(lengths[1])
        position = metadata_end + int(lengths[2])
        body = output[metadata_end:position].decode()
        yield json.loads(output[lengths.end() : metadata_end]), list(csv.DictReader(io.StringIO(body)))
