"""Staff: who they are for AWS, and from which address they work at a given time."""

import bisect

from . import parameters as p
from .access import END, dice, role, user
from .addresses import in_narrow, in_prefix, in_wide, ipv6_prefix


class Person:
    """A member of staff. The home's address changes as providers change them."""

    def __init__(self, seed, networks, name, team, always_ipv6=False):
        rng = dice(seed, "person", name)
        self.name, self.team, self.networks = name, team, networks
        self.is_user = rng.random() >= p.SSO
        self.requester = user(name) if self.is_user else role(p.SSO_ROLE.format(team=team), name)
        self.has_vpn = rng.random() < p.VPN and not always_ipv6
        self.has_ipv6 = rng.random() < p.IPV6 or always_ipv6
        self.provider = networks.provider(rng)
        is_daily = rng.random() < p.HOME_DAILY
        self._homes = _changes(rng, 1 if is_daily else p.HOME_DAYS, self._first_home, self._next_home)
        self._prefixes = _changes(rng, p.IPV6_PREFIX_DAYS, self._prefix, lambda rng, _: self._prefix(rng))
        self._seed, self._always_ipv6 = seed, always_ipv6

    def _first_home(self, rng):
        return self.networks.any_of(rng, self.networks.providers[self.provider])

    def _next_home(self, rng, address):
        drawn = rng.random()
        if drawn < p.CHANGE_NARROW:
            return in_narrow(rng, address)
        if drawn < p.CHANGE_NARROW + p.CHANGE_WIDE:
            return in_wide(rng, ".".join(address.split(".")[:2]))
        return self._first_home(rng)

    def _prefix(self, rng):
        return ipv6_prefix(rng, self.provider)

    def home(self, time):
        """The home's address: of IPv6 where there is one, with an interface part that changes daily."""
        if self.has_ipv6:
            return self._of_the_day(_at(self._prefixes, time), time)
        return _at(self._homes, time)

    def _of_the_day(self, prefix, time):
        return in_prefix(dice(self._seed, "interface", self.name, prefix, int(time // p.DAY)), prefix)

    def office(self, rng, time):
        """The office's address."""
        if self._always_ipv6:
            return self._of_the_day(self.networks.office_ipv6, time)
        return rng.choice(self.networks.office)

    def address(self, rng, time):
        """From where the person works now."""
        drawn = rng.random()
        if drawn < p.TRAVEL:
            return self.networks.consumer(rng)
        if drawn < p.TRAVEL + p.MOBILE:
            return self.networks.mobile(rng)
        if rng.random() >= p.REMOTE:
            return self.office(rng, time)
        return rng.choice(self.networks.vpn) if self.has_vpn else self.home(time)


class Wandering:
    """A fixed address that changes now and then, as homes' addresses do."""

    def __init__(self, rng, networks, wide, days):
        self._wide, self._networks = wide, networks
        self._addresses = _changes(rng, days, self._any, self._next)

    def _any(self, rng):
        return self._networks.any_of(rng, self._wide)

    def _next(self, rng, address):
        drawn = rng.random()
        if drawn < p.CHANGE_NARROW:
            return in_narrow(rng, address)
        if drawn < p.CHANGE_NARROW + p.CHANGE_WIDE:
            return in_wide(rng, ".".join(address.split(".")[:2]))
        return self._any(rng)

    def at(self, time):
        """The address at a time."""
        return _at(self._addresses, time)


def _changes(rng, days, first, following):
    """A list of (time, value): a value lives `days` on average, or exactly one where it is 1."""
    time, value = p.START, first(rng)
    changes = [(time, value)]
    while time < END:
        time += p.DAY if days == 1 else rng.expovariate(1 / (days * p.DAY))
        value = following(rng, value)
        changes.append((time, value))
    return changes


def _at(changes, time):
    return changes[max(bisect.bisect_right(changes, time, key=lambda change: change[0]) - 1, 0)][1]
