"""What the rows of a rule are worth: honest alerts by population, intrusions found, their rank in their day."""

from collections import Counter
from typing import NamedTuple

from . import parameters as p
from .rules import key_of

FIRST_IN_THEIR_DAY = 5


class Alert(NamedTuple):
    """A returned row and whose access it is about. `intrusion` is a number, or None."""

    day: int
    score: float | None
    population: str
    intrusion: int | None


class Verdict(NamedTuple):
    """The result of one rule, at one threshold, in one world."""

    honest: Counter  # by population, in all judged days
    busiest_day: int
    found: set  # numbers of intrusions
    on_top: set | None  # of those, the ones among the five highest of their day


def label(now, accesses, rows):
    """Says of each row whose access it is about. A row with an access of an intrusion counts as found."""
    day = (now - p.START) // p.DAY
    if day < p.JUDGED_FROM:
        return
    owners = {}
    for access in accesses:
        key = key_of(access)
        for name in (key, (*key[:2], None)):
            if access.intrusion is not None:
                owners[name] = access
            else:
                owners.setdefault(name, access)
    for row in rows:
        pair = (row.bucket, row.address, None)
        owner = owners.get((*pair[:2], row.principal)) or owners[pair]
        yield Alert(day, row.score, owner.population, owner.intrusion)


def judge(alerts, threshold=None):
    """The verdict on a rule's alerts, of those with at least this score."""
    if threshold is not None:
        alerts = [alert for alert in alerts if alert.score >= threshold]
    honest = [alert for alert in alerts if alert.intrusion is None]
    days = Counter(alert.day for alert in honest)
    found = {alert.intrusion for alert in alerts} - {None}
    on_top = None if threshold is None else _on_top(alerts)
    return Verdict(Counter(alert.population for alert in honest), max(days.values(), default=0), found, on_top)


def _on_top(alerts):
    """The intrusions among the five highest of a day, where each intrusion counts once, with its highest row. Of
    equal scores the one that was returned first is the higher."""
    on_top = set()
    days = {}
    for alert in alerts:
        days.setdefault(alert.day, []).append(alert)
    for of_the_day in days.values():
        listed = []
        for alert in sorted(of_the_day, key=lambda alert: -alert.score):
            if alert.intrusion is None or alert.intrusion not in listed:
                listed.append(alert.intrusion)
        on_top.update(listed[:FIRST_IN_THEIR_DAY])
    return on_top - {None}
