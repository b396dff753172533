"""The three rules: the options that the program gets, what each search is fed, and the rule in plain Python."""

from typing import NamedTuple

from . import parameters as p
from .policy import Habits, principal

SUCCESS_CLASS = "2"  # and 304: the default of the program
NOT_MODIFIED = "304"
WINDOW, MARGIN = 70 * 60, 10 * 60  # the original's -70m@m to -10m@m
HABIT_DAYS, FORGET_DAYS = 30, 180


class Row(NamedTuple):
    """A row that a search returns. Rules without a score know no principal."""

    bucket: str
    address: str
    principal: str | None = None
    score: float | None = None


class Original:
    """First seen within 70 minutes, by event time, status 200."""

    name = "the original: first seen within 70 minutes, status 200"
    arguments = ("new=window", "window=-70m@m", "status=200", "output=pairs")

    def __init__(self):
        self._pool = []
        self._firsts = {}

    def feed(self, search):
        """What the hour before the last ten minutes has, as far as it has arrived."""
        self._pool = [access for access in self._pool + search.arrived if access.time >= search.now - WINDOW]
        return [access for access in self._pool if access.time < search.now - MARGIN]

    def search(self, now, accesses):
        """The pairs whose first time in history and search together is within the window."""
        sightings = {}
        for access in accesses:
            if access.status == "200":
                pair = (access.bucket, access.address)
                sightings[pair] = min(access.time, sightings.get(pair, access.time))
        for pair, first in sightings.items():
            self._firsts[pair] = min(first, self._firsts.get(pair, first))
        return [Row(*pair) for pair in sightings if self._firsts[pair] >= now - WINDOW]


class Unseen:
    """In no row of the history."""

    name = "new=unseen"
    arguments = ("new=unseen", "output=pairs")

    def __init__(self):
        self._seen = set()

    def feed(self, search):
        """What has arrived since the last search."""
        return search.arrived

    def search(self, _now, accesses):
        """The pairs that no search has seen."""
        pairs = dict.fromkeys((access.bucket, access.address) for access in accesses if is_success(access))
        rows = [Row(*pair) for pair in pairs if pair not in self._seen]
        self._seen.update(pairs)
        return rows


class Scored:
    """Every candidate with its score: the thresholds are applied by the judge, and learning does not depend on them."""

    name = "scored"
    arguments = ("minscore=0", f"habit={HABIT_DAYS}d", f"forget={FORGET_DAYS}d", "output=pairs")

    def __init__(self):
        self._habits = Habits(HABIT_DAYS, FORGET_DAYS)

    def feed(self, search):
        """What has arrived since the last search."""
        return search.arrived

    def search(self, now, accesses):
        """The candidates, scored by the history as it was before this search."""
        sightings = {}
        for access in accesses:
            if is_success(access):
                times = sightings.setdefault(key_of(access), [access.time, access.time])
                times[:] = min(times[0], access.time), max(times[1], access.time)
        habits = self._habits
        habits.start(now)
        rows = [self._row(key, now) for key in sightings if habits.is_candidate(key)]
        for key, (first, last) in sightings.items():
            if last >= now - FORGET_DAYS * p.DAY:
                habits.learn(key, first, last)
        return rows

    def _row(self, key, now):
        bucket, address, name = key
        score = self._habits.who(bucket, name, now) + self._habits.where(address, name, now)
        return Row(bucket, address, name, score)


RULES = {"original": Original, "unseen": Unseen, "scored": Scored}


def is_success(access):
    """2xx or 304."""
    return access.status.startswith(SUCCESS_CLASS) or access.status == NOT_MODIFIED


def key_of(access):
    """What a row of the history with requesters is about."""
    return access.bucket, access.address, principal(access.requester, access.authentication, access.operation)
