"""Counts the instructions of the shipped program on small fixed inputs, and compares with benches/instructions.tsv.

    make bench-instr                         print the table
    python3 benches/instructions.py --save   and keep the counts as the ones to compare with

Time on a shared machine differs from run to run by more than a change does; the number of instructions under
`valgrind --tool=callgrind` hardly does (the random keys of the hash tables: less than one in a thousand). Counts
are comparable for one compiler and one kind of processor only, so those are kept with them. Never fails for a count.
"""

import argparse
import platform
import re
import shutil
import subprocess
import sys

from harness.check import Wrong, check
from harness.contenders import Product, Scan, Task
from harness.data import ROOT, Data, absolute, build_product
from harness.report import count, table

KEPT = ROOT / "benches" / "instructions.tsv"
# Below this the difference may be the hash tables' random keys.
NOISE = 0.002


def loads(data, program):
    """The inputs: what each is called, who runs, and how its answer is checked."""
    history = data.history(50_000)
    real, worst = (data.events(shape, events, 50_000)[0] for shape, events in (("real", 5_000), ("worst", 20_000)))
    yield "probe", Product(Task(data.probe(), history), program), None
    yield "real, 5 000 events", Product(Task(real, history), program), "events"
    yield "worst, 20 000 events", Product(Task(worst, history), program), "events"
    yield "summary, 1 000 rows", Product(Task(data.summary(1_000, 50_000), history), program), "pairs"
    yield "scan, 5 MB", Scan(Task(data.log(5_000_000, 50_000), history), program), "scan"


def instructions(contender, kind):
    """How many instructions one run takes, after checking that its answer is right."""
    contender.prepare()
    command = contender.command()
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    with open(command.feed or "/dev/null", "rb") as stdin, open(command.output, "wb") as stdout:
        argv = [*valgrind, *map(str, command.argv)]
        done = subprocess.run(argv, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"bench-instr: {contender.name}: {done.stderr}")
    if kind:
        task = contender.task
        check(kind, task.stream, task.history, contender.merged, contender.events)
    return int(found.group(1))


def measured_with():
    """What counts depend on beside the code."""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"# {rustc}, {platform.machine()}"


def kept():
    """The counts to compare with, by name."""
    if not KEPT.exists():
        return {}
    with_what, *lines = KEPT.read_text(encoding="utf-8").splitlines()
    if with_what != measured_with():
        print(f"the kept counts are of another compiler: {with_what}\n", file=sys.stderr)
    return {name: int(number) for name, number in (line.split("\t") for line in lines)}


def change(now, before):
    """How a count differs from the kept one."""
    if before is None:
        return "new"
    part = now / before - 1
    return f"{part:+.1%}" if abs(part) > NOISE else "="


def main():
    parser = argparse.ArgumentParser(description="Counts instructions.")
    parser.add_argument("--save", action="store_true", help="keep the counts as the ones to compare with")
    parser.add_argument("--program", type=absolute, help="count in this, do not build what is shipped")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("bench-instr: expected valgrind, found none: install the package of that name")
    program = options.program or build_product()
    before = kept()
    now = {name: instructions(contender, kind) for name, contender, kind in loads(Data(), program)}
    rows = [(name, count(number), change(number, before.get(name))) for name, number in now.items()]
    print(table(("load", "instructions", "change"), rows))
    if options.save:
        lines = [measured_with(), *(f"{name}\t{number}" for name, number in now.items())]
        KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"bench-instr: {wrong}")
