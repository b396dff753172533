"""The other end of the chunked protocol, as small as these tests need it: the app installed in a SPLUNK_HOME of its
own, and searches that send it rows.

    chunked 1.0,<metadata bytes>,<body bytes>\\n<metadata JSON><body CSV>

The binary of another architecture runs under the emulator that S3NEWIP_TEST_RUNNER names.
"""

import csv
import io
import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path

import package

NOW = 1767268800
HEADER = re.compile(rb"chunked 1.0,(\d+),(\d+)\n")


def frame(metadata, rows=()):
    """One request: the metadata and the rows, a list of dictionaries with the same keys."""
    body = io.StringIO()
    if rows:
        writer = csv.DictWriter(body, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    data = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n" % (len(data), len(body.getvalue().encode())) + data + body.getvalue().encode()


def replies(output):
    """The replies in what the command wrote: pairs of metadata and rows."""
    while output:
        lengths = HEADER.match(output)
        assert lengths, f"expected a header of the protocol, found {output[:60]!r}"
        metadata_end = lengths.end() + int(lengths[1])
        body_end = metadata_end + int(lengths[2])
        body = output[metadata_end:body_end].decode()
        yield json.loads(output[lengths.end() : metadata_end]), list(csv.DictReader(io.StringIO(body)))
        output = output[body_end:]


class Installed:
    """The app in a SPLUNK_HOME, with the binary of one architecture."""

    def __init__(self, home, architecture):
        self.home = Path(home)
        self.architecture = architecture
        apps = self.home / "etc/apps"
        apps.mkdir(parents=True)
        self.app = package.install(apps)
        self.history = self.app / package.HISTORY

    def upgrade(self):
        """Installs the package once more."""
        package.install(self.app.parent)

    def argv(self):
        """How splunkd starts the command, through an emulator where the machine is another one."""
        runner = [] if self.architecture == platform.machine() else [os.environ["S3NEWIP_TEST_RUNNER"]]
        return [*runner, str(self.app / package.BINARIES[self.architecture])]

    def searchinfo(self, arguments):
        """What splunkd says about a search, and the search's dispatch folder with its now()."""
        sid = f"{NOW}.{time.monotonic_ns()}"
        dispatch = self.home / "var/run/splunk/dispatch" / sid
        dispatch.mkdir(parents=True)
        (dispatch / "info.csv").write_text(f"_sid,now\n{sid},{NOW}.000000000\n")
        return {
            "args": [argument.replace('"', "") for argument in arguments],
            "raw_args": arguments,
            "dispatch_dir": str(dispatch),
            "sid": sid,
            "app": "search",
            "owner": "admin",
            "username": "admin",
            "session_key": "",
            "splunkd_uri": "https://127.0.0.1:8089",
            "splunk_version": "9.4.0",
            "command": "s3newip",
            "maxresultrows": 50000,
            "earliest_time": "0",
            "latest_time": "0",
        }

    def converse(self, arguments, *rows_of_chunks):
        """Sends getinfo and the chunks, the last one finished, and returns the replies."""
        searchinfo = self.searchinfo(arguments)
        requests = [frame({"action": "getinfo", "preview": False, "searchinfo": searchinfo})]
        for number, rows in enumerate(rows_of_chunks, start=1):
            requests.append(frame({"action": "execute", "finished": number == len(rows_of_chunks)}, rows))
        binary = Path(self.argv()[-1])
        done = subprocess.run(
            self.argv(),
            input=b"".join(requests),
            capture_output=True,
            cwd=binary.parent,
            env={"SPLUNK_HOME": str(self.home), "PATH": os.environ["PATH"]},
            timeout=60,
            check=False,
        )
        return list(replies(done.stdout))

    def probe(self, arguments):
        """The answer to getinfo, from a process that is asked nothing more: splunkd starts several of them."""
        ((metadata, _rows),) = self.converse(arguments)
        return metadata

    def refusal(self, arguments):
        """What the command has against these arguments, or None."""
        return self.probe(arguments).get("error")

    def search(self, arguments, rows):
        """The rows that a search over these rows returns. A reporting command gets the fields it asked for, no others."""
        capabilities = self.probe(arguments)
        if capabilities.get("type") == "reporting":
            wanted = capabilities["required_fields"]
            rows = [{field: value for field, value in row.items() if field in wanted} for row in rows]
        found = self.converse(arguments, rows)
        errors = [metadata["error"] for metadata, _rows in found if "error" in metadata]
        assert not errors, errors
        return [row for _metadata, rows in found[1:] for row in rows]
