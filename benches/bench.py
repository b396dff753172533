"""Measures s3newip against what people would run instead, and against the parts of the work that no program can leave out.

    make bench                                      everything, into benches/RESULTS.md
    scripts/bench.sh --only headline --rounds 9     one section, more rounds, printed only
    scripts/bench.sh --quick                        tiny sizes, without peers: does the harness work?

Whole processes are measured, all contenders of a section in turn, round after round; medians are compared. Before
each run the history is put back as it was; after it, history and new rows must be the right ones, or the bench
fails. It never fails for being slow.
"""

import argparse
import datetime
import shlex
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass

from harness import report
from harness.check import Wrong, check
from harness.contenders import (
    CatAndCopy,
    CatStream,
    CopyHistory,
    CountLines,
    DuckDb,
    Polars,
    Product,
    PythonSdk,
    Scan,
    Task,
)
from harness.data import ROOT, Data, absolute, build_product
from harness.measure import CommandFailed, run
from harness.report import count, megabytes, ratio, seconds, table

PACKAGES = ["splunk-sdk", "duckdb", "polars"]


@dataclass
class Sizes:
    """How much of everything."""

    real: int
    worst: int
    history: int
    large_history: int
    summary: int
    log: int
    steps_events: tuple
    steps_pairs: tuple
    steps_history: tuple
    probes: int


FULL = Sizes(
    real=200_000,
    worst=1_000_000,
    history=1_000_000,
    large_history=10_000_000,
    summary=10_000,
    log=1_000_000_000,
    steps_events=(100_000, 400_000, 1_600_000),
    steps_pairs=(10_000, 100_000, 1_000_000),
    steps_history=(100_000, 1_000_000, 10_000_000),
    probes=50,
)
QUICK = Sizes(
    real=2_000,
    worst=10_000,
    history=10_000,
    large_history=40_000,
    summary=1_000,
    log=1_000_000,
    steps_events=(1_000, 2_000, 4_000),
    steps_pairs=(100, 1_000, 10_000),
    steps_history=(1_000, 10_000, 40_000),
    probes=5,
)


class Median:
    """What is reported of one contender's runs."""

    def __init__(self, runs):
        self.seconds = statistics.median(one.seconds for one in runs)
        self.fastest = min(one.seconds for one in runs)
        self.cpu = statistics.median(one.cpu for one in runs)
        self.memory = max(one.memory for one in runs)


class Bench:
    """The sections; each returns its Markdown."""

    def __init__(self, options):
        self.options = options
        self.sizes = QUICK if options.quick else FULL
        if options.log_size:
            self.sizes.log = options.log_size
        self.program = options.program or build_product()
        self.data = Data()

    def race(self, contenders, kind, rounds=None):
        """Runs all contenders in turn, round after round; their medians by name. Round 0 does not count: it finds memory
        and caches as the making of the data or another section left them."""
        runs = defaultdict(list)
        for number in range((rounds or self.options.rounds) + 1):
            for contender in contenders:
                contender.prepare()
                measured = run(contender.command())
                self.say(f"round {number}: {contender.name} {seconds(measured[-1].seconds)}")
                if number > 0:
                    runs[contender.name] += measured
                if contender.checked:
                    task = contender.task
                    check(kind, task.stream, task.history, contender.merged, contender.events)
        return {name: Median(of_one) for name, of_one in runs.items()}

    def say(self, text):
        """Tells how far the bench is."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def headline(self):
        """Both shapes of work against the peers and the floor."""
        real = self.shape("real", self.sizes.real, fast=5, sdk=40, memory=40)
        worst = self.shape("worst", self.sizes.worst, fast=1.3, sdk=10, memory=128)
        return f"{real}\n\n{worst}"

    def shape(self, shape, events, fast, sdk, memory):
        """One shape: the table of contenders, the table of goals."""
        history = self.data.history(self.sizes.history)
        stream, plain = self.data.events(shape, events, self.sizes.history, plain=self.options.peers)
        task = Task(stream, history, plain)
        peers = [PythonSdk(task), DuckDb(task), Polars(task)] if self.options.peers else []
        contenders = [Product(task, self.program), *peers, CatStream(task), CopyHistory(task), CatAndCopy(task)]
        medians = self.race(contenders, "events")
        ours = medians["s3newip"]
        goals = [goal("peak memory, MB", ours.memory / 1e6, at_most=memory)]
        if self.options.peers:
            fastest = min(medians["DuckDB"].seconds, medians["Polars"].seconds)
            goals = [
                goal("times faster than the Python SDK", medians["Python SDK"].seconds / ours.seconds, at_least=sdk),
                goal("times faster than the faster of DuckDB and Polars", fastest / ours.seconds, at_least=fast),
                *goals,
            ]
        size = f"{count(events)} events ({megabytes(stream.stat().st_size)})"
        title = f"## {shape}: {size}, {count(self.sizes.history)} pairs of history"
        return f"{title}\n\n{ranking(medians, ours)}\n\n{goal_table(goals)}"

    def large(self):
        """A large history: the memory of the real shape, and summarised rows against the copy of the file."""
        pairs = self.sizes.large_history
        history = self.data.history(pairs)
        stream, _ = self.data.events("real", self.sizes.real, self.sizes.history)
        task = Task(stream, history)
        real = self.race([Product(task, self.program), CopyHistory(task)], "events", rounds=self.few())
        task = Task(self.data.summary(self.sizes.summary, pairs), history)
        summary = self.race([Product(task, self.program), CopyHistory(task)], "pairs")
        times = summary["s3newip"].seconds / summary["cp and fsync"].seconds
        goals = [
            goal("peak memory of the real shape, MB", real["s3newip"].memory / 1e6, at_most=40),
            goal("times the cp and fsync, summarised rows", times, at_most=2.5),
        ]
        size = f"{count(pairs)} pairs of history ({megabytes(history.stat().st_size)})"
        parts = [
            f"## {size}",
            f"The real shape, {count(self.sizes.real)} events:",
            ranking(real, real["s3newip"]),
            f"{count(self.sizes.summary)} summarised rows, `output=pairs`:",
            ranking(summary, summary["s3newip"]),
            goal_table(goals),
        ]
        return "\n\n".join(parts)

    def scaling(self):
        """How time and memory grow with events, with pairs seen, and with the history."""
        sizes, history = self.sizes, self.sizes.history
        events = [("real", events, min(sizes.steps_pairs), history) for events in sizes.steps_events]
        pairs = [("worst", sizes.worst, pairs, history) for pairs in sizes.steps_pairs]
        histories = [("real", sizes.real, min(sizes.steps_history), pairs) for pairs in sizes.steps_history]
        parts = [
            "## Growth",
            f"Events, {count(min(sizes.steps_pairs))} pairs, {count(history)} pairs of history:",
            self.steps("events", sizes.steps_events, events),
            f"Pairs the events are drawn from, {count(sizes.worst)} events, {count(history)} pairs of history:",
            self.steps("pairs", sizes.steps_pairs, pairs),
            f"History, {count(sizes.real)} events:",
            self.steps("history", sizes.steps_history, histories),
            f"First run, {count(sizes.real)} events, all of them new, since the history is empty:",
            self.steps("history", (0,), [("real", sizes.real, history, 0)]),
        ]
        return "\n\n".join(parts)

    def steps(self, what, values, loads):
        """One row for each step: the shape of the work, events, pairs they are drawn from, pairs of history."""
        rows, first = [], None
        for value, (shape, events, pairs, history) in zip(values, loads):
            task = Task(self.data.events(shape, events, pairs)[0], self.data.history(history))
            median = self.race([Product(task, self.program)], "events", rounds=self.few())["s3newip"]
            first = first or median.seconds
            figures = (seconds(median.seconds), ratio(median.seconds / first), seconds(median.cpu))
            rows.append((count(value), *figures, megabytes(median.memory)))
        return table((what, "time", "of the first", "CPU", "peak memory"), rows)

    def probe(self):
        """What splunkd waits for when it only asks what the command is."""
        rows, goals = [], []
        for pairs in (min(self.sizes.steps_history), self.sizes.large_history):
            product = Product(Task(self.data.probe(), self.data.history(pairs)), self.program)
            product.prepare()
            median = Median(run(product.command(), self.sizes.probes))
            rows.append((count(pairs), seconds(median.seconds)))
            goals.append(goal(f"ms, {count(pairs)} pairs of history", median.seconds * 1000, at_most=5))
        times = table(("history", "time"), rows)
        return f"## Probe: getinfo and the end of the input\n\n{times}\n\n{goal_table(goals)}"

    def scan(self):
        """Raw logs without Splunk."""
        pairs = min(self.sizes.large_history, self.sizes.history) // 10
        log = self.data.log(self.sizes.log, pairs)
        task = Task(log, self.data.history(pairs))
        medians = self.race([Scan(task, self.program), CountLines(task)], "scan")
        ours = medians["s3newip scan"]
        size = log.stat().st_size
        goals = [
            goal("MB/s for each second of CPU", size / 1e6 / ours.cpu, at_least=400),
            goal("times wc -l", ours.seconds / medians["wc -l"].seconds, at_most=3),
        ]
        return f"## Scan of {megabytes(size)} of raw logs\n\n{ranking(medians, ours)}\n\n{goal_table(goals)}"

    def few(self):
        """Rounds where the time is not compared between contenders."""
        return min(3, self.options.rounds)


def ranking(medians, ours):
    """Contenders with their figures, and their time as a multiple of ours."""
    rows = []
    for name, median in medians.items():
        times = (seconds(median.seconds), seconds(median.fastest), ratio(median.seconds / ours.seconds))
        rows.append((name, *times, seconds(median.cpu), megabytes(median.memory)))
    return table(("contender", "median", "fastest", "of ours", "CPU", "peak memory"), rows)


def goal(what, value, at_least=None, at_most=None):
    """One row of the table of goals."""
    met = value >= at_least if at_most is None else value <= at_most
    bound = f"at least {at_least}" if at_most is None else f"at most {at_most}"
    return what, bound, f"{value:.1f}", "yes" if met else "no"


def goal_table(goals):
    """The goals of a section and whether they are met."""
    return table(("goal", "bound", "measured", "met"), goals)


def parse():
    parser = argparse.ArgumentParser(description="Measures s3newip against its peers.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round, without peers")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender (default 5)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave the peers out")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="a section to run (again for more)")
    parser.add_argument("--log-size", type=int, help="bytes of raw log to scan (default 1 GB)")
    parser.add_argument("--program", type=absolute, help="measure this, do not build what is shipped")
    parser.add_argument("--write", action="store_true", help="write benches/RESULTS.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.peers = 1, False
    return options


SECTIONS = {
    "headline": Bench.headline,
    "large": Bench.large,
    "scaling": Bench.scaling,
    "probe": Bench.probe,
    "scan": Bench.scan,
}


def main():
    options = parse()
    command = shlex.join(["scripts/bench.sh", *sys.argv[1:]])
    now = datetime.datetime.now(datetime.timezone.utc)
    head = f"# Measured {now:%Y-%m-%d} by `{command}`"
    note = "Made by the bench; do not edit. How to read it: README.md beside this file."
    parts = [head, note, table(("with", "what"), report.machine(PACKAGES))]
    print("\n\n".join(parts), flush=True)
    bench = Bench(options)
    for name in options.only or SECTIONS:
        bench.say(name)
        parts.append(SECTIONS[name](bench))
        print("\n" + parts[-1], flush=True)
    if options.write:
        (ROOT / "benches" / "RESULTS.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (CommandFailed, Wrong) as failure:
        sys.exit(f"bench: {failure}")
