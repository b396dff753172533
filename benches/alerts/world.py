"""A whole world: its accesses in the order in which the log records of them reach the index."""

from typing import NamedTuple

from . import honest, intrusions
from . import parameters as p
from .setting import Setting
from .victims import Victims


class Search(NamedTuple):
    """One hourly search: its now(), and the records that were indexed since the search before."""

    now: int
    arrived: list


class World:
    """`kinds` has the kind of each intrusion by its number; `records` is (index time, access), in that order;
    `buckets` is their number."""

    def __init__(self, seed):
        setting = Setting(seed)
        honest.fill(setting)
        self.kinds = intrusions.add(setting, Victims(setting))
        self.buckets = len(setting.buckets)
        rng = setting.dice("delivery")
        ordered = sorted(setting.accesses, key=lambda access: access.time)
        self.records = sorted(((_index_time(rng, access.time), access) for access in ordered), key=lambda pair: pair[0])

    def searches(self):
        """The hourly searches, each with what arrived since the one before."""
        position = 0
        for number in range(p.DAYS * p.DAY // p.SEARCH_EVERY):
            now = p.START + number * p.SEARCH_EVERY + p.SEARCH_MINUTE
            start = position
            while position < len(self.records) and self.records[position][0] <= now:
                position += 1
            yield Search(now, [access for _, access in self.records[start:position]])


def _index_time(rng, time):
    """When a record is indexed: delivered late, and fetched at the next poll."""
    drawn = rng.random()
    if drawn < p.VERY_LATE:
        delay = rng.uniform(*p.VERY_LATE_DELAY)
    elif drawn < p.VERY_LATE + p.LATE:
        delay = rng.uniform(*p.LATE_DELAY)
    else:
        delay = p.DELAY_LEAST + (p.DELAY_MOST - p.DELAY_LEAST) * rng.betavariate(*p.DELAY_BETA)
    return -int(-(time + delay) // p.POLL_EVERY) * p.POLL_EVERY
