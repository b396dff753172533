"""One world under one rule: the unit that runs in a process of its own."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from . import parameters
from .agreement import Agreement
from .judge import label
from .program import Program
from .rules import RULES
from .world import World


MAIN_WORLD = ""


@dataclass
class Outcome:
    """What came of it."""

    seed: int
    rule: str
    world: str
    kinds: list
    accesses: int
    buckets: int
    alerts: list = field(default_factory=list)
    agreement: Agreement = field(default_factory=Agreement)
    seconds: float = 0.0


@dataclass
class Job:
    """What to run. `app` is the app's folder, or None to let the plain model decide; `settings` are parameters that
    differ from those in parameters.py, `world` is what to call such a world."""

    seed: int
    rule: str
    app: Path | None
    work: Path
    settings: dict
    world: str = MAIN_WORLD


def run(job):
    """Runs all searches of a world under a rule."""
    began = time.monotonic()
    vars(parameters).update(job.settings)
    world = World(job.seed)
    model = RULES[job.rule]()
    home = job.work / f"{job.rule}-{job.seed}"
    decider = Program(job.app, home, model.arguments) if job.app else model
    outcome = Outcome(job.seed, job.rule, job.world, world.kinds, len(world.records), world.buckets)
    for search in world.searches():
        accesses = model.feed(search)
        rows = decider.search(search.now, accesses)
        outcome.alerts.extend(label(search.now, accesses, rows))
        if job.app:
            outcome.agreement.compare(search.now, model.search(search.now, accesses), rows)
    outcome.seconds = time.monotonic() - began
    return outcome
