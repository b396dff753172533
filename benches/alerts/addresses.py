"""The world's address plan, in reserved space: 240.0.0.0/4 (reserved), 10.0.0.0/8 (private) and
3fff::/20 (documentation, RFC 9637). The /16s and /32s below stand for the networks of clouds, providers and companies.
"""

import itertools

from . import parameters as p


class Networks:
    """Who owns which /16s: lists of prefixes like `241.17`, dealt out of a shuffled 240.0.0.0/4."""

    def __init__(self, rng):
        self._free = [f"{first}.{second}" for first in range(240, 255) for second in range(256)]
        rng.shuffle(self._free)
        self.region = self._take(p.REGION_WIDE)
        self.runners = self._take(p.RUNNER_WIDE)
        self.hosting = self._take(p.HOSTING_WIDE)
        self.providers = [self._take(p.PROVIDER_WIDE) for _ in range(p.PROVIDERS)]
        self.carriers = [self._take(p.CARRIER_WIDE) for _ in range(p.CARRIERS)]
        self.cdn = self._take(6)
        self.companies = self._take(1)[0]
        self.office = [f"{self.companies}.7.{10 + number}" for number in range(p.OFFICE_ADDRESSES)]
        self.vpn = [f"{self.companies}.90.{20 + number}" for number in range(p.VPN_ADDRESSES)]
        self.office_ipv6 = "3fff:f00:1:1"
        self.cdn_edges = [self.any_of(rng, self.cdn) for _ in range(p.CDN_EDGES)]
        self.tor_exits = [self.any_of(rng, self.hosting) for _ in range(p.TOR_EXITS)]
        # Large providers have most of the customers.
        self._weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(p.PROVIDERS)))
        self._private = 0

    def _take(self, number):
        return [self._free.pop() for _ in range(number)]

    def any_of(self, rng, wide):
        """An address out of one of these /16s."""
        return in_wide(rng, rng.choice(wide))

    def provider(self, rng):
        """The number of a consumers' provider."""
        return rng.choices(range(p.PROVIDERS), cum_weights=self._weights)[0]

    def consumer(self, rng):
        """A consumer's address, IPv4 or IPv6."""
        provider = self.provider(rng)
        if rng.random() < p.CONSUMER_IPV6:
            return in_prefix(rng, ipv6_prefix(rng, provider))
        return self.any_of(rng, self.providers[provider])

    def mobile(self, rng):
        """An address of a mobile carrier."""
        return self.any_of(rng, rng.choice(self.carriers))

    def private(self):
        """A company network of its own, as /20s of 10.0.0.0/8: for `in_private`."""
        self._private += 1
        return [(self._private, 16 * subnet) for subnet in range(p.SUBNETS_PRIVATE)]


def in_wide(rng, wide):
    """An address of a /16."""
    return f"{wide}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def in_narrow(rng, address):
    """An address of the same /24."""
    return f"{address.rpartition('.')[0]}.{rng.randrange(1, 255)}"


def in_private(rng, subnets):
    """An address of a private network."""
    second, third = rng.choice(subnets)
    return f"10.{second}.{third + rng.randrange(16)}.{rng.randrange(1, 255)}"


def ipv6_prefix(rng, provider):
    """A /64 of a provider's /32. No group is 0, so the text is the canonical one."""
    return f"3fff:{provider + 1:x}:{rng.randrange(1, 65536):x}:{rng.randrange(1, 65536):x}"


def in_prefix(rng, prefix):
    """An address of a /64."""
    return ":".join([prefix, *(f"{rng.randrange(4096, 65536):x}" for _ in range(4))])
