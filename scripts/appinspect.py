"""Runs Splunk AppInspect on a package and prints what it says, one line for each set of checks.

The sets a private app for Splunk Cloud is vetted with must be clean: no error, failure, warning or future failure. The
run with every check there is must say what EXPECTED says, and nothing else.

    usage: python scripts/appinspect.py FILE.tgz FOLDER-FOR-REPORTS      (scripts/appinspect.sh makes the environment)
"""

import json
import subprocess
import sys
from pathlib import Path

CLEAN = ("cloud", "private_victoria", "private_classic")
BAD = ("error", "failure", "future_failure", "warning")
# The tag aarch64_compatibility, in none of the sets above, asks that every binary of a package run on aarch64. A package for
# both architectures cannot pass it: the binary in linux_x86_64/ is for x86_64. What it is about, indexers on aarch64, does
# not meet this app, whose command runs on search heads; and bin/ has the aarch64 binary.
EXPECTED = {("check_aarch64_compatibility", "linux_x86_64/bin/s3newip")}


def inspect(package, reports, tag):
    """AppInspect's report for one tag, or for all of them where tag is None."""
    name = tag or "all"
    report = reports / f"{name}.json"
    report.unlink(missing_ok=True)
    tool = Path(sys.executable).parent / "splunk-appinspect"
    selection = ["--included-tags", tag] if tag else []
    with (reports / f"{name}.log").open("w") as log:
        # Its exit code tells findings apart from nothing else; the report does, and its absence is a crash.
        subprocess.run(
            [tool, "inspect", package, "--output-file", report, *selection], stdout=log, stderr=log, check=False
        )
    return json.loads(report.read_text())


def findings(report):
    """Each bad finding as (check, file, text)."""
    for app in report["reports"]:
        for group in app["groups"]:
            for check in group["checks"]:
                for message in check["messages"] if check["result"] in BAD else []:
                    yield check["name"], message.get("message_filename") or message.get("filename"), message["message"]


def main():
    package, reports = sys.argv[1], Path(sys.argv[2])
    reports.mkdir(parents=True, exist_ok=True)
    wrong = False
    for tag in (*CLEAN, None):
        report = inspect(package, reports, tag)
        summary = report["summary"]
        counts = ", ".join(f"{summary[kind]} {kind.replace('_', ' ')}" for kind in (*BAD, "success", "not_applicable"))
        print(f"{tag or 'all tags'}: {counts}")
        expected = set() if tag else EXPECTED
        for check, file, text in findings(report):
            known = (check, file) in expected
            wrong = wrong or not known
            print(f"    {'expected' if known else 'NOT EXPECTED'}: {check}: {file}: {text}")
        if sum(summary[kind] for kind in BAD) != len(expected):
            wrong = True
            print(f"    NOT EXPECTED: {len(expected)} findings were expected")
    if wrong:
        sys.exit(f"AppInspect found what it should not; its reports are in {reports}")


if __name__ == "__main__":
    main()
