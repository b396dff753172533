"""One record of the world, and when things happen in it."""

import random
from typing import NamedTuple

from . import parameters as p

END = p.START + p.DAYS * p.DAY
ACCOUNT = "111122223333"


class Access(NamedTuple):
    """What one client did in one bucket within some minutes. `intrusion` is its number, None for honest work."""

    time: int
    bucket: str
    address: str
    requester: str
    population: str
    operation: str = "REST.GET.OBJECT"
    status: str = "200"
    authentication: str = "AuthHeader"
    intrusion: int | None = None


def role(name, session):
    """The requester of an assumed role, as the log has it."""
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"


def user(name):
    """The requester of an IAM user."""
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def status(rng, plain=p.PLAIN_STATUS):
    """200, or a status that the original never looks at."""
    return "200" if rng.random() < plain else p.OTHER_STATUS


def dice(*names):
    """A random generator of its own for each part of the world: a change in one part shifts no other."""
    return random.Random("/".join(map(str, names)))


def moments(rng, rate, start=p.START, end=END):
    """Random times, `rate` a day on average."""
    if rate <= 0:
        return
    time = start + rng.expovariate(rate / p.DAY)
    while time < end:
        yield time
        time += rng.expovariate(rate / p.DAY)


def office_moments(rng, rate, start=p.START, end=END):
    """Random times in the office hours of working days, `rate` a working day on average."""
    first, last = p.OFFICE_HOURS
    for time in moments(rng, rate, start, end):
        if not is_weekend(time):
            midnight = time - (time - p.START) % p.DAY
            time = midnight + first + (time - midnight) / p.DAY * (last - first)
            if start <= time < end:
                yield time


def is_weekend(time):
    """Saturday or Sunday."""
    return int((time - p.START) // p.DAY) % 7 >= 5
