"""Who works in many buckets, and what changes in the company. All run once the buckets exist."""

from . import parameters as p
from .access import moments, office_moments, role, user
from .addresses import in_private

def run(setting):
    """Adds all of them."""
    security_scanner(setting)
    vendors(setting)
    terraform(setting)
    bastions(setting)
    on_call(setting)
    hires(setting)
    new_jobs(setting)


def security_scanner(setting):
    """Looks into each bucket once a week, from two addresses."""
    rng = setting.dice("audit")
    own = [setting.networks.any_of(rng, setting.networks.region) for _ in range(p.AUDIT_ADDRESSES)]
    for bucket, (_, start) in setting.buckets.items():
        for time in moments(rng, 1 / p.AUDIT_EVERY, start):
            setting.add(rng, time, bucket, rng.choice(own), role("security-audit", "scanner"), "security scanner",
                        operation="REST.GET.BUCKET")


def vendors(setting):
    """Companies that work in a dozen buckets each, from few addresses."""
    for number in range(p.VENDORS):
        rng = setting.dice("vendor", number)
        own = [setting.networks.any_of(rng, setting.networks.hosting) for _ in range(p.VENDOR_ADDRESSES)]
        for bucket in rng.sample(list(setting.buckets), p.VENDOR_BUCKETS):
            for time in moments(rng, 1 / p.VENDOR_EVERY, setting.buckets[bucket][1]):
                setting.add(rng, time, bucket, rng.choice(own), user(f"vendor-{number}"), "vendors")


def terraform(setting):
    """Infrastructure as code, from the runners' cloud into any bucket."""
    rng = setting.dice("terraform")
    for time in office_moments(rng, p.TERRAFORM_VISITS):
        bucket = rng.choice(setting.existing(time))
        address = setting.networks.any_of(rng, setting.networks.runners)
        setting.add(rng, time, bucket, address, role("terraform", "GitHubActions"), "infrastructure as code",
                    operation="REST.GET.BUCKET")


def bastions(setting):
    """The host in each private network from which people work in the application's bucket, with the host's role."""
    setting.bastions = {}
    for bucket, (population, start) in list(setting.buckets.items()):
        if population == "VPC endpoints":
            rng = setting.dice("bastion", bucket)
            name = f"bastion-{bucket}"
            setting.bastions[name] = in_private(rng, setting.networks.private())
            for time in office_moments(rng, p.BASTION_VISITS, start):
                setting.add(rng, time, bucket, setting.bastions[name], role(name, "i-0ba5710n"), "bastions")


def on_call(setting):
    """People on call who look into a bucket that is not theirs."""
    rng = setting.dice("on call")
    for time in moments(rng, p.ON_CALL_VISITS):
        setting.visit(rng, time, rng.choice(setting.existing(time)), rng.choice(setting.on_call), "on call")


def hires(setting):
    """People who join a team."""
    rng = setting.dice("hires")
    staffed = [name for name, (population, _) in setting.buckets.items() if population == "staff data"]
    for number, start in enumerate(moments(rng, p.HIRES)):
        bucket = rng.choice(staffed)
        person = setting.person(f"hire{number}", f"team-of-{bucket}")
        for time in office_moments(rng, p.STAFF_VISITS, start):
            setting.visit(rng, time, bucket, person, "hires")


def new_jobs(setting):
    """Jobs with a role of their own that begin some day, from the address of a NAT gateway."""
    rng = setting.dice("new jobs")
    for number, start in enumerate(moments(rng, p.NEW_JOBS)):
        bucket = rng.choice(setting.existing(start))
        gateways = rng.choice(setting.gateways)
        for time in (start, *moments(rng, p.JOB_VISITS, start)):
            setting.add(rng, time, bucket, rng.choice(gateways).at(time), role(f"job-{number}", "run"), "new jobs")
