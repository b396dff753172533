"""The intrusions: 17 kinds. Each function says who comes, from where, into which buckets."""

from . import parameters as p
from .access import END
from .addresses import in_wide
from .victims import ROLE, credentials

NOT_PRIVATE = {"web sites", "presigned downloads"}


class Intrusion:
    """One intrusion under construction."""

    def __init__(self, setting, victims, kind, number):
        self.setting, self.victims, self.kind, self.number = setting, victims, kind, number
        self.rng = setting.dice("intrusion", kind, number)
        last = END - p.INTRUSION_BEFORE_END * p.DAY
        self.time = self.rng.uniform(p.START + p.JUDGED_FROM * p.DAY, last)
        self.lasts = p.INTRUSION_LASTS

    def come(self, requester, buckets, addresses, operations=("REST.GET.BUCKET", "REST.GET.OBJECT"), **columns):
        """Every address visits every bucket once to three times, some time while the intrusion lasts."""
        for bucket in buckets:
            for address in addresses:
                for visit in range(self.rng.randint(*p.INTRUSION_VISITS)):
                    operation = operations[min(visit, len(operations) - 1)]
                    self.visit(requester, bucket, address, operation, **columns)

    def visit(self, requester, bucket, address, operation="REST.GET.OBJECT", offset=None, **columns):
        """One visit."""
        offset = self.rng.uniform(0, self.lasts) if offset is None else offset
        self.setting.add(self.rng, self.time + offset, bucket, address, requester, self.kind, operation=operation,
                         intrusion=self.number, **columns)

    def used(self, requester):
        """One to three of the buckets that these credentials have used."""
        buckets = self.victims.buckets(credentials(requester), self.time)
        return self.rng.sample(buckets, min(self.rng.randint(*p.INTRUSION_BUCKETS), len(buckets)))

    def key(self):
        """A stolen key, of a person or of a machine."""
        return self.victims.key(self.rng, self.time, self.rng.random() < p.STOLEN_FROM_STAFF)

    def stolen_role(self, name):
        """The credentials of a role as the thief uses them: the session is that of the instance they came from."""
        return self.victims.requester(name)

    def hosting(self, number=1):
        """Addresses of hosting providers."""
        networks = self.setting.networks
        return [networks.any_of(self.rng, networks.hosting) for _ in range(number)]

    def private_bucket(self):
        """A bucket that strangers never visit."""
        return self.rng.choice([name for name in self.setting.existing(self.time)
                                if self.setting.buckets[name][0] not in NOT_PRIVATE])


def stolen_key(one):
    key = one.key()
    one.come(key, one.used(key), one.hosting())


def tor(one):
    key = one.key()
    exits = one.rng.sample(one.setting.networks.tor_exits, one.rng.randint(*p.TOR_USED))
    one.come(key, one.used(key), exits)


def residential_proxies(one):
    key = one.key()
    proxies = [one.setting.networks.consumer(one.rng) for _ in range(one.rng.randint(*p.PROXIES_USED))]
    one.come(key, one.used(key), proxies)


def ssrf_hosting(one):
    requester = one.stolen_role(one.victims.application(one.rng, one.time))
    one.come(requester, one.used(requester), one.hosting())


def ssrf_region(one):
    requester = one.stolen_role(one.victims.application(one.rng, one.time))
    networks = one.setting.networks
    one.come(requester, one.used(requester), [networks.any_of(one.rng, networks.region)])


def leaked_link(one):
    if one.rng.random() < p.LEAK_FROM_PORTAL:
        signer = one.stolen_role(one.victims.portal(one.rng, one.time))
    elif one.rng.random() < 0.5:
        signer = one.victims.person(one.rng, one.time).requester
    else:
        signer = one.stolen_role(one.victims.application(one.rng, one.time))
    bucket = one.rng.choice(one.victims.buckets(credentials(signer), one.time))
    consumers = [one.setting.networks.consumer(one.rng) for _ in range(one.rng.randint(*p.LINK_CONSUMERS))]
    one.come(signer, [bucket], consumers, ("REST.GET.OBJECT",), authentication="QueryString")


def made_public(one):
    one.come("-", [one.private_bucket()], one.hosting(one.rng.randint(*p.PUBLIC_SCANNERS)), authentication="-")


def insider_outside(one):
    person = one.victims.person(one.rng, one.time)
    at_home = one.rng.random() < 0.5
    address = person.home(one.time) if at_home else one.setting.networks.mobile(one.rng)
    one.come(person.requester, one.used(person.requester), [address])


def insider_elsewhere(one):
    person = one.victims.person(one.rng, one.time)
    theirs = set(one.victims.buckets(person.requester, one.time))
    others = [name for name in one.setting.existing(one.time)
              if one.setting.buckets[name][0] == "staff data" and name not in theirs]
    at_home = one.rng.random() < 0.5
    address = person.home(one.time) if at_home else person.office(one.rng, one.time)
    one.come(person.requester, [one.rng.choice(others)], [address])


def service_key_in_office(one):
    key = one.victims.service(one.rng, one.time)
    one.come(key, one.used(key), [one.rng.choice(one.setting.networks.office)])


def ransom(one):
    key = one.key()
    buckets = one.used(key)
    reader, writer = one.hosting(2)
    one.come(key, buckets, [reader])
    one.time += one.lasts
    one.come(key, buckets, [writer], ("REST.PUT.OBJECT",))
    for bucket in buckets:
        one.visit(key, bucket, writer, "REST.DELETE.OBJECT", status="204")


def foreign_account(one):
    one.come(f"arn:aws:iam::99998888777{one.number % 10}:user/reader", [one.private_bucket()], one.hosting())


def ci_token(one):
    requester = one.stolen_role(one.victims.ci(one.rng, one.time))
    one.come(requester, one.used(requester), one.hosting())


def foothold(one):
    name = one.victims.bastion(one.rng, one.time)
    buckets = [bucket for bucket in one.setting.existing(one.time)
               if one.setting.buckets[bucket][0] not in NOT_PRIVATE
               and bucket not in one.victims.buckets(name, one.time)]
    chosen = one.rng.sample(buckets, one.rng.randint(*p.FOOTHOLD_BUCKETS))
    one.come(one.stolen_role(name), chosen, [one.setting.bastions[name.removeprefix(ROLE)]])


def partner_key(one):
    key = one.victims.partner(one.rng, one.time)
    address = one.hosting()[0]
    if one.rng.random() < p.PARTNER_SAME_WIDE:
        address = in_wide(one.rng, _wide_of(one.setting, key))
    one.come(key, one.used(key), [address])


def _wide_of(setting, requester):
    own = next(access.address for access in setting.accesses if access.requester == requester)
    return ".".join(own.split(".")[:2])


def slow_drip(one):
    key = one.key()
    bucket, address = one.used(key)[0], one.hosting()[0]
    for number in range(p.DRIP_VISITS):
        one.visit(key, bucket, address, offset=(number + one.rng.random()) * p.DRIP_LASTS / p.DRIP_VISITS)


def reconnaissance(one):
    requester = one.stolen_role(one.victims.application(one.rng, one.time))
    name = credentials(requester)
    own = [access.address for access in one.setting.accesses
           if credentials(access.requester) == name and one.time - 2 * p.DAY < access.time < one.time]
    address = one.rng.choice(own) if own else one.hosting()[0]
    targets = [name for name in one.setting.existing(one.time)
               if one.setting.buckets[name][0] in ("service logs", "dormant")]
    chosen = one.rng.sample(targets, one.rng.randint(*p.RECONNAISSANCE_BUCKETS))
    one.come(requester, chosen, [address], ("REST.GET.BUCKET",))


KINDS = {
    "stolen key, hosting provider": stolen_key,
    "stolen key, Tor": tor,
    "stolen key, residential proxies": residential_proxies,
    "role out of an SSRF, hosting provider": ssrf_hosting,
    "role out of an SSRF, cloud region": ssrf_region,
    "leaked presigned link": leaked_link,
    "private bucket made public": made_public,
    "insider from home or mobile": insider_outside,
    "insider in another team's bucket": insider_elsewhere,
    "service's key in the office network": service_key_in_office,
    "ransom": ransom,
    "foreign account let in": foreign_account,
    "CI token, hosting provider": ci_token,
    "foothold with the bastion's role": foothold,
    "partner's key": partner_key,
    "slow drip": slow_drip,
    "reconnaissance of logs and dormant buckets": reconnaissance,
}


def add(setting, victims):
    """Adds each kind as often as the parameters say, and returns the kind of each intrusion by its number."""
    kinds = [kind for kind in KINDS for _ in range(p.EACH_KIND)]
    for number, kind in enumerate(kinds):
        KINDS[kind](Intrusion(setting, victims, kind, number))
    return kinds
