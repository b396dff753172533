"""What the populations of one world share: its networks, its staff, its buckets and the list of accesses."""

from . import parameters as p
from .access import END, Access, dice, status
from .addresses import Networks
from .people import Person, Wandering


class Setting:
    """A world under construction. `buckets` maps a name to its population and the time from which it exists."""

    def __init__(self, seed):
        self.seed = seed
        self.networks = Networks(self.dice("networks"))
        self.teams = [[self.person(f"t{team}n{one}", f"team{team}") for one in range(p.TEAM_SIZE)]
                      for team in range(p.TEAMS)]
        self.on_call = [self.person(f"oncall{one}", "operations") for one in range(p.ON_CALL_PEOPLE)]
        self.gateways = self._gateways()
        self.buckets = {}
        self.accesses = []

    def dice(self, *names):
        """Random numbers for one part of this world."""
        return dice(self.seed, *names)

    def person(self, name, team, always_ipv6=False):
        """A member of staff."""
        return Person(self.seed, self.networks, name, team, always_ipv6)

    def staff(self):
        """All members of the teams."""
        return [person for team in self.teams for person in team]

    def bucket(self, name, population, start=p.START):
        """Makes a bucket known, and returns the random numbers of those who use it."""
        self.buckets[name] = (population, start)
        return self.dice(population, name)

    def existing(self, time):
        """The names of the buckets that exist at a time."""
        return [name for name, (_, start) in self.buckets.items() if start <= time]

    def add(self, rng, time, bucket, address, requester, population, plain=p.PLAIN_STATUS, **columns):
        """An access whose status is drawn, unless it is given. What would happen after the end is left out."""
        if time < END:
            columns.setdefault("status", status(rng, plain))
            self.accesses.append(Access(int(time), bucket, address, requester, population, **columns))

    def visit(self, rng, time, bucket, person, population):
        """An access by a member of staff, from where that person is."""
        operation = "REST.GET.BUCKET" if rng.random() < 0.4 else "REST.GET.OBJECT"
        self.add(rng, time, bucket, person.address(rng, time), person.requester, population, operation=operation)

    def _gateways(self):
        """The addresses of the NAT gateways of each of the applications with such; few ever change."""
        rng = self.dice("gateways")
        number = p.GATEWAY_BUCKETS * p.GATEWAYS
        days = number / p.GATEWAY_CHANGES
        return [[Wandering(rng, self.networks, self.networks.region, days) for _ in range(p.GATEWAYS)]
                for _ in range(p.GATEWAY_BUCKETS)]
