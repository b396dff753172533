"""The alert policy in plain Python: exact counts, everything in memory, nothing shared with the program.

    score = who + where, in bits

who:   is the requester new to this bucket, and how rarely does that happen?
where: is its network new to this requester anywhere, and how rarely does that happen?
"""

import bisect
import functools
import ipaddress
import math

DAY = 86_400
KNOWN_FOR = 7  # days after which a requester's own habit is believed
PRESIGNED_OPERATIONS = ("REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.PUT.OBJECT")


def bits(n, days):
    """The surprise of something that happened n times in so many days happening on a given day."""
    return -math.log2(-math.expm1(-(n + 0.5) / days))


def principal(requester, authentication="", operation="", is_ambiguous=False):
    """The requester as the history keys it."""
    name = _without_session(requester)
    if is_ambiguous or operation == "REST.OPTIONS.PREFLIGHT":
        return f"{name}!"
    if authentication == "QueryString" and (operation in PRESIGNED_OPERATIONS or not operation):
        return f"{name}?"
    return name


def _without_session(requester):
    parts = requester.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "sts":
        return requester
    kind, _, name = parts[5].partition("/")
    if kind == "assumed-role" and not name.startswith("AWSReservedSSO_"):
        return requester[: -len(name)] + name.partition("/")[0]
    if kind == "federated-user":
        return requester[: -len(name) - 1]
    return requester


@functools.lru_cache(maxsize=None)
def networks(address):
    """The narrow and the wide network: /24 and /16, or /64 and /32. A text that is no address is its own."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address, address
    narrow, wide = (24, 16) if number.version == 4 else (64, 32)
    return tuple(str(ipaddress.ip_network((number, length), strict=False)) for length in (narrow, wide))


class Firsts:
    """When each of a context's things was first seen."""

    def __init__(self):
        self._times = {}
        self._ordered = []  # the same times

    def __contains__(self, name):
        return name in self._times

    @property
    def first(self):
        """When the context itself was first seen."""
        return self._ordered[0]

    def add(self, name, time):
        """Learns that a thing was seen."""
        known = self._times.get(name)
        if known is not None:
            if known <= time:
                return
            del self._ordered[bisect.bisect_left(self._ordered, known)]
        self._times[name] = time
        bisect.insort(self._ordered, time)

    def since(self, time):
        """How many were first seen at that time or later."""
        return len(self._ordered) - bisect.bisect_left(self._ordered, time)


class Habits:
    """The history as the policy sees it, with `habit` and `forget` in days. Search by search: score, then learn."""

    def __init__(self, habit=30, forget=None):
        self.habit, self.forget = habit, forget
        self.rows = {}  # (bucket, address, principal): [first, last]
        self._clear()

    def _clear(self):
        self.first = math.inf  # of all rows with a requester
        self.oldest_last = math.inf
        self.pairs = {}  # (bucket, address): whether one of its rows has a requester
        self.bucket_requesters = {}
        self.requester_buckets, self.requester_addresses = {}, {}
        self.requester_narrow, self.requester_wide = {}, {}

    def start(self, now):
        """Forgets what is too old. To be called at the beginning of each search."""
        limit = now - self.forget * DAY if self.forget else -math.inf
        if self.oldest_last >= limit:
            return
        kept = {key: times for key, times in self.rows.items() if times[1] >= limit}
        self.rows = {}
        self._clear()
        for key, times in kept.items():
            self.learn(key, *times)

    def learn(self, key, first, last):
        """Merges one sighting of a pair and a requester."""
        known = self.rows.get(key)
        if known and known[0] <= first:
            known[1] = max(known[1], last)
            return
        self.rows[key] = [first, max(last, known[1]) if known else last]
        self.oldest_last = min(self.oldest_last, last)
        self._index(*key, first)

    def _index(self, bucket, address, name, first):
        if not name.endswith("!"):
            self.pairs[bucket, address] = self.pairs.get((bucket, address), False) or name != ""
        if name == "":
            return
        self.first = min(self.first, first)
        narrow, wide = networks(address)
        if not name.endswith("!"):
            self.bucket_requesters.setdefault(bucket, Firsts()).add(name, first)
        for habits, thing in ((self.requester_buckets, bucket), (self.requester_addresses, address),
                              (self.requester_narrow, narrow), (self.requester_wide, wide)):
            habits.setdefault(name, Firsts()).add(thing, first)

    def is_candidate(self, key):
        """Whether the merge would add a row that can deserve an alert."""
        return key not in self.rows and self.pairs.get(key[:2], True)

    def who(self, bucket, name, now):
        """The bits of a requester that is new to the bucket."""
        own = self.requester_buckets.get(name)
        if own and bucket in own:
            return 0.0
        is_established = own is not None and self._age(own.first, now) >= KNOWN_FOR
        own_habit = self._rate(own, now) if is_established else math.inf
        if bucket in self.bucket_requesters:
            return min(self._rate(self.bucket_requesters[bucket], now), own_habit)
        if is_established:
            return own_habit
        age = self._age(self.first, now)
        return bits(0, self._held(age)) if age >= KNOWN_FOR else 0.0

    def where(self, address, name, now):
        """The bits of a network that is new to the requester."""
        if name not in self.requester_addresses:
            return 0.0
        narrow, wide = networks(address)
        if address in self.requester_addresses[name] or narrow in self.requester_narrow[name]:
            return 0.0
        if wide in self.requester_wide[name]:
            return self._rate(self.requester_narrow[name], now)
        return self._rate(self.requester_wide[name], now)

    def _rate(self, firsts, now):
        return bits(firsts.since(now - self.habit * DAY), self._held(self._age(firsts.first, now)))

    def _held(self, age):
        return min(max(age, 1), self.habit)

    @staticmethod
    def _age(first, now):
        return (now - first) / DAY if first != math.inf else 0.0
