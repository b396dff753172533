"""Populations of strangers and of staff. Each function lets its population use one bucket from `start` on."""

from . import parameters as p
from .access import moments, office_moments, role, user
from .people import Wandering

CDN = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE{}"


def web_site(setting, bucket, visitors, has_cdn=False, preflight=0.0, start=p.START):
    """Anonymous visitors, a part of them through a CDN; scanners; deployments by CI."""
    rng = setting.bucket(bucket, "web sites", start)
    identity = CDN.format(bucket.upper().replace("-", ""))
    for time in moments(rng, visitors, start):
        if has_cdn and rng.random() < p.SITE_CDN:
            setting.add(rng, time, bucket, rng.choice(setting.networks.cdn_edges), identity, "web sites")
        else:
            _visitor(setting, rng, time, bucket, preflight)
    for time in moments(rng, p.SITE_SCANNERS, start):
        scanner = setting.networks.any_of(rng, setting.networks.hosting)
        setting.add(rng, time, bucket, scanner, "-", "web sites", authentication="-")
    for time in office_moments(rng, p.SITE_DEPLOYMENTS, start):
        runner = setting.networks.any_of(rng, setting.networks.runners)
        setting.add(rng, time, bucket, runner, role(f"deploy-{bucket}", "GitHubActions"), "web sites",
                    operation="REST.PUT.OBJECT")


def _visitor(setting, rng, time, bucket, preflight):
    address = setting.networks.consumer(rng)
    visits = [time]
    if rng.random() < p.SITE_RETURN:
        visits.append(time + rng.expovariate(1 / (p.SITE_RETURN_DAYS * p.DAY)))
    for visit in visits:
        setting.add(rng, visit, bucket, address, "-", "web sites", operation="REST.GET.OBJECT", authentication="-")
        if rng.random() < preflight:
            setting.add(rng, visit, bucket, address, "-", "web sites", operation="REST.OPTIONS.PREFLIGHT",
                        status="200", authentication="-")


def presigned_downloads(setting, bucket, consumers, start=p.START):
    """Customers who download what the portal's role has signed for them, and the portal itself."""
    rng = setting.bucket(bucket, "presigned downloads", start)
    portal = role(f"{bucket}-role", "portal")
    for time in moments(rng, consumers, start):
        address = setting.networks.consumer(rng)
        visits = [time]
        if rng.random() < p.PORTAL_RETURN:
            visits.append(time + rng.expovariate(1 / (p.PORTAL_RETURN_DAYS * p.DAY)))
        for visit in visits:
            setting.add(rng, visit, bucket, address, portal, "presigned downloads", authentication="QueryString")
    own = setting.networks.any_of(rng, setting.networks.region)
    for time in moments(rng, p.PORTAL_UPLOADS, start):
        setting.add(rng, time, bucket, own, portal, "presigned downloads", operation="REST.PUT.OBJECT")


def partners(setting, bucket, start=p.START):
    """Companies with a user and a fixed address each, which sometimes changes."""
    rng = setting.bucket(bucket, "partners", start)
    for number in range(rng.randint(*p.PARTNER_USERS)):
        partner(setting, rng, bucket, f"{bucket}-{number}", start)


def partner(setting, rng, bucket, name, start):
    """One partner."""
    address = Wandering(rng, setting.networks, setting.networks.hosting, p.PARTNER_ADDRESS_DAYS)
    for time in office_moments(rng, p.PARTNER_VISITS, start):
        setting.add(rng, time, bucket, address.at(time), user(name), "partners")


def new_partners(setting):
    """Partners that begin some day, in one of the partners' buckets."""
    rng = setting.dice("new partners")
    buckets = [name for name, (population, _) in setting.buckets.items() if population == "partners"]
    for number, time in enumerate(moments(rng, 1 / p.PARTNER_NEW_EVERY)):
        partner(setting, rng, rng.choice(buckets), f"partner-new-{number}", time)


def staff_data(setting, bucket, team, start=p.START):
    """A team's bucket: each of the team works with it now and then."""
    rng = setting.bucket(bucket, "staff data", start)
    for person in team:
        for time in office_moments(rng, p.STAFF_VISITS, start):
            setting.visit(rng, time, bucket, person, "staff data")


def ipv6_application(setting, bucket, start=p.START):
    """Developers and operators who work over IPv6 everywhere."""
    rng = setting.bucket(bucket, "IPv6 applications", start)
    for number in range(p.IPV6_PEOPLE):
        person = setting.person(f"{bucket}-n{number}", bucket, always_ipv6=True)
        for time in office_moments(rng, p.IPV6_VISITS, start):
            setting.visit(rng, time, bucket, person, "IPv6 applications")


def dormant(setting, bucket, team, start=p.START):
    """A bucket that one of its team looks into now and then."""
    rng = setting.bucket(bucket, "dormant", start)
    for time in moments(rng, p.DORMANT_VISITS, start):
        setting.visit(rng, time, bucket, rng.choice(team), "dormant")
