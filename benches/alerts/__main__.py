"""Judges the rules on seeded worlds.

    make alerts                                       three seeds through the program, into benches/ALERTS.md
    cd benches && python3 -m alerts --model-only      the plain model alone, printed
    ... --model-only --set STAFF_VISITS=0.4           another world: any name of parameters.py

Standard library only. Exit status 1 where the program and the plain model disagree.
"""

import argparse
import ast
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from . import parameters
from .others import OTHERS
from .program import Program, ProgramFailed
from .report import report
from .rules import RULES, Scored
from .run import Job, run

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "benches/ALERTS.md"
BY_PROGRAM = "The program decided, driven through Splunk's protocol as one process a search."
BY_MODEL = "The plain model of the rules decided (`--model-only`), not the program."


def main():
    arguments = _arguments()
    work = ROOT / "target/alerts"
    app = None if arguments.model_only else arguments.app
    if app:
        _demand_scores(app, work)
    began = time.monotonic()
    settings = dict(arguments.set)
    jobs = [Job(seed, rule, app, work, settings) for rule in reversed(RULES) for seed in arguments.seeds]
    if arguments.others:
        jobs += [Job(seed, "scored", None, work, settings | differs, world)
                 for world, differs in OTHERS.items() for seed in arguments.seeds]
    outcomes = list(_run_all(jobs, arguments.jobs))
    page = report(outcomes, BY_MODEL if app is None else BY_PROGRAM)
    print(page)
    _say(f"{len(jobs)} runs in {time.monotonic() - began:.0f} s")
    if arguments.write:
        PAGE.write_text(page, encoding="utf-8")
    return _disagreement(outcomes)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m alerts", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--app", type=Path, default=ROOT / "target/app/s3newip", help="the folder of `make app`")
    parser.add_argument("--model-only", action="store_true", help="without the program")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at a time")
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--others", action="store_true", help="other worlds too, by the plain model")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    return parser.parse_args()


def _setting(text):
    name, _, value = text.partition("=")
    if not hasattr(parameters, name):
        raise argparse.ArgumentTypeError(f"parameters.py has no {name}")
    return name, ast.literal_eval(value)


def _demand_scores(app, work):
    """Stops where the program is missing or does not score."""
    if not app.is_dir():
        sys.exit(f"expected the app in {app}, found no folder: run `make app`, or use --model-only")
    if refusal := Program(app, work / "probe", Scored.arguments).refusal():
        sys.exit(f"the program in {app} refuses {' '.join(Scored.arguments)}: {refusal}\n"
                 "it is older than scoring: build it with `make app`, or use --model-only")


def _run_all(jobs, processes):
    """The outcomes. Each job has a process of its own, so that its settings stay with it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(run, job) for job in jobs]):
            outcome = future.result()
            _say(" ".join([f"{outcome.rule}, seed {outcome.seed}: {outcome.seconds:.0f} s", outcome.world]).rstrip())
            yield outcome


def _disagreement(outcomes):
    differing = [one for one in outcomes if one.agreement.agreed < one.agreement.rows]
    for one in differing:
        number = one.agreement.rows - one.agreement.agreed
        _say(f"{one.rule}, seed {one.seed}: {number} rows differ, the first: {one.agreement.first_difference}")
    return 1 if differing else 0


def _say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProgramFailed as failure:
        sys.exit(str(failure))
