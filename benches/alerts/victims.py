"""Whose credentials there are to steal, and which buckets they have used until then."""

from .access import ACCOUNT

SERVICE_POPULATIONS = {"backups", "data lake", "service logs", "vendors"}
APPLICATION_POPULATIONS = {"functions", "VPC endpoints", "NAT gateways", "data lake"}
USER = f"arn:aws:iam::{ACCOUNT}:user/"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/"


def credentials(requester):
    """The requester without the session of a role: what a thief gets hold of. A person's session is the person."""
    if requester.startswith(ROLE) and "AWSReservedSSO_" not in requester:
        return requester.rpartition("/")[0]
    return requester


class Victims:
    """The credentials of the honest world, in groups; in each group by name, so that a seed says which is drawn."""

    def __init__(self, setting):
        self._setting = setting
        self._used, self._requesters, populations = {}, {}, {}
        for access in sorted(setting.accesses, key=lambda access: access.time):
            name = credentials(access.requester)
            self._used.setdefault(name, {}).setdefault(access.bucket, access.time)
            self._requesters.setdefault(name, access.requester)
            populations.setdefault(name, access.population)
        self._populations = populations
        self._taken = set()
        self._staff = {person.requester: person for person in setting.staff() + setting.on_call}

    def person(self, rng, time, is_user=None):
        """A member of staff who has worked with a bucket before; with `is_user`, one with keys."""
        names = [name for name, person in self._staff.items() if is_user is None or person.is_user == is_user]
        return self._staff[self._any(rng, time, names)]

    def service(self, rng, time):
        """A user that a machine works as."""
        return self._of(rng, time, SERVICE_POPULATIONS, USER, lambda name: name not in self._staff)

    def application(self, rng, time):
        """A role that an application works as."""
        return self._of(rng, time, APPLICATION_POPULATIONS, ROLE)

    def ci(self, rng, time):
        """A role of CI."""
        return self._of(rng, time, {"CI artefacts"}, f"{ROLE}ci-")

    def portal(self, rng, time):
        """The role that signs a portal's links."""
        return self._of(rng, time, {"presigned downloads"}, ROLE)

    def partner(self, rng, time):
        """A partner's user."""
        return self._of(rng, time, {"partners"}, USER)

    def key(self, rng, time, from_staff):
        """A user's key: of a person, or of a machine."""
        return self.person(rng, time, is_user=True).requester if from_staff else self.service(rng, time)

    def requester(self, name):
        """A requester that the log has for these credentials."""
        return self._requesters[name]

    def buckets(self, name, time):
        """The buckets that these credentials have used until then."""
        return [bucket for bucket, first in self._used.get(name, {}).items() if first < time]

    def _of(self, rng, time, populations, prefix, wanted=lambda name: True):
        names = [name for name, population in self._populations.items()
                 if population in populations and name.startswith(prefix) and wanted(name)]
        return self._any(rng, time, names)

    def bastion(self, rng, time):
        """The role of a bastion."""
        return self._of(rng, time, {"bastions"}, ROLE)

    def _any(self, rng, time, names):
        """One that no other intrusion has, as long as there are such: a thief's own visits are no honest habit."""
        names = sorted(name for name in names if self.buckets(name, time))
        name = rng.choice([name for name in names if name not in self._taken] or names)
        self._taken.add(name)
        return name
