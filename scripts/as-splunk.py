#!/usr/bin/env python3
"""Runs `| s3newip` over sample logs as splunkd would: the installed app's program, fed through the chunked protocol.

    make app && scripts/as-splunk.py [--args 'new=unseen output=pairs'] [LOG FOLDER ...]

Learns from the older days first (seed=true, with the search's own lookup and key fields), then searches today. Prints
each frame's metadata and the rows. The app is a copy in a Splunk of its own, target/demo/splunk, so that its history
starts empty each time. Exit status: that of the last search. Standard library only.
"""

import argparse
import calendar
import csv
import gzip
import io
import json
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "access-logs"
# What the Splunk Add-on for AWS extracts, as far as it matters here: up to the status, by quotes.
LINE = re.compile(rb'(\S+) (\S+) \[([^\]]+)\] (\S+) (.+?) (\S+) (\S+\.\S+) (\S+) (?:"([^"]*)"|-) (\S+)')
COLUMNS = ["_time", "_raw", "bucket_name", "remote_ip", "requester", "operation", "request_uri", "http_status"]


def events(folder):
    """The rows of an event search over the logs in a folder."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        for line in data.splitlines():
            if found := LINE.match(line):
                _, bucket, when, address, requester, _, operation, _, uri, status = found.groups()
                epoch = calendar.timegm(time.strptime(when.decode().split()[0], "%d/%b/%Y:%H:%M:%S"))
                cells = [line, bucket, address, requester, operation, uri or b"-", status]
                yield [str(epoch)] + [cell.decode("utf-8", "replace") for cell in cells]


def frame(metadata, body=b""):
    """One frame of the protocol."""
    metadata = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n" % (len(metadata), len(body)) + metadata + body


def table(rows):
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
    return out.getvalue().encode()


def replies(stream):
    """The metadata and the body of each frame."""
    while header := stream.readline():
        lengths = [int(number) for number in header.split(b",")[1:]]
        yield json.loads(stream.read(lengths[0])), stream.read(lengths[1]).decode()


def search(program, arguments, folders):
    """Runs one search and prints the conversation."""
    rows = [row for folder in folders for row in events(folder)]
    info = {"args": shlex.split(arguments), "sid": f"{int(time.time())}.1", "app": "s3newip"}
    print(f"\n| s3newip {arguments}    ({len(rows)} events)")
    chunks = [rows[at : at + 100] for at in range(0, len(rows), 100)] or [[]]
    sent = frame({"action": "getinfo", "preview": False, "searchinfo": info})
    for number, chunk in enumerate(chunks, 1):
        sent += frame({"action": "execute", "finished": number == len(chunks)}, table(chunk))
    done = subprocess.run([program], input=sent, stdout=subprocess.PIPE, check=False)
    for metadata, body in replies(io.BytesIO(done.stdout)):
        print(json.dumps(metadata))
        print(body, end="")
    return done.returncode


def learning(arguments):
    """The arguments that learn into the history which a search with these reads."""
    words = shlex.split(arguments)
    key = words[words.index("by") :] if "by" in words else []
    return shlex.join(["seed=true", *[word for word in words if word.startswith("lookup=")], *key])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--args", default="new=unseen output=pairs", help="what stands after | s3newip")
    parser.add_argument("folders", nargs="*", type=pathlib.Path, default=[SAMPLES / "today"])
    arguments = parser.parse_args()
    installed = ROOT / "target" / "app" / "s3newip"
    if not installed.is_dir():
        parser.error("there is no target/app/s3newip: run make app first")
    app = ROOT / "target" / "demo" / "splunk" / "etc" / "apps" / "s3newip"
    shutil.rmtree(app, ignore_errors=True)
    shutil.copytree(installed, app)
    folder = "linux_x86_64/bin" if platform.machine() in ("x86_64", "AMD64") else "bin"
    program = app / folder / "s3newip"
    search(program, learning(arguments.args), sorted(SAMPLES.glob("2026-*")))
    sys.exit(search(program, arguments.args, arguments.folders))


if __name__ == "__main__":
    main()
