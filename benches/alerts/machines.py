"""Populations of machines. Each function lets its population use one bucket from `start` on."""

from . import parameters as p
from .access import is_weekend, moments, role, user
from .addresses import in_private
from .people import Wandering


def data_lake(setting, bucket, an_hour, start=p.START):
    """Query workers that get a new address nearly each time, out of the region's networks."""
    rng = setting.bucket(bucket, "data lake", start)
    used = []
    for time in moments(rng, an_hour * 24, start):
        if used and rng.random() < p.LAKE_REUSED:
            address = rng.choice(used)
        else:
            address = setting.networks.any_of(rng, setting.networks.region)
            used.append(address)
        worker = role(rng.choice(p.LAKE_ROLES), session(rng))
        setting.add(rng, time, bucket, address, worker, "data lake", p.PLAIN_STATUS_LAKE)


def session(rng):
    """The name of an instance, as a session has it."""
    return f"i-{rng.getrandbits(64):016x}"


def emr_nodes(setting, bucket, subnets):
    """A cluster that is made anew each night."""
    rng = setting.dice("emr", bucket)
    for night in range(p.DAYS):
        for _ in range(p.EMR_NODES_A_NIGHT):
            time = p.START + night * p.DAY + rng.uniform(1, 4) * 3600
            node = role("EMR_EC2_DefaultRole", session(rng))
            setting.add(rng, time, bucket, in_private(rng, subnets), node, "data lake", p.PLAIN_STATUS_LAKE)


def database_nodes(setting, bucket, nodes):
    """A database that reads the lake from addresses that never change."""
    rng = setting.dice("database", bucket)
    for address in nodes:
        for time in moments(rng, p.DATABASE_VISITS):
            setting.add(rng, time, bucket, address, user("vertica"), "data lake", p.PLAIN_STATUS_LAKE)


def backups(setting, bucket, start=p.START):
    """One server with a user of its own, each night; restores by people on call."""
    rng = setting.bucket(bucket, "backups", start)
    server = Wandering(rng, setting.networks, setting.networks.hosting, p.BACKUP_ADDRESS_DAYS)
    for night in moments_of_nights(rng, start):
        setting.add(rng, night, bucket, server.at(night), user(f"{bucket}-writer"), "backups",
                    operation="REST.PUT.OBJECT")
    for time in moments(rng, p.RESTORES, start):
        setting.visit(rng, time, bucket, rng.choice(setting.on_call), "backups")


def moments_of_nights(rng, start):
    """Some time after two o'clock each night."""
    first = int((start - p.START + p.DAY - 1) // p.DAY)
    for night in range(first, p.DAYS):
        yield p.START + night * p.DAY + 2 * 3600 + rng.uniform(0, 1800)


def ci_artefacts(setting, bucket, runs, start=p.START):
    """Runs in a cloud of runners, each from another address, and a few developers."""
    rng = setting.bucket(bucket, "CI artefacts", start)
    for time in moments(rng, runs, start):
        if not is_weekend(time) or rng.random() < p.CI_WEEKEND:
            operation = "REST.PUT.OBJECT" if rng.random() < 0.5 else "REST.GET.OBJECT"
            address = setting.networks.any_of(rng, setting.networks.runners)
            setting.add(rng, time, bucket, address, role(f"ci-{bucket}", "GitHubActions"), "CI artefacts",
                        operation=operation)
    for person in rng.sample(setting.staff(), p.CI_DEVELOPERS):
        for time in moments(rng, p.CI_DEVELOPER_VISITS, start):
            setting.visit(rng, time, bucket, person, "CI artefacts")


def service_logs(setting, bucket, start=p.START):
    """AWS services that write logs from addresses that change slowly, and one reader."""
    rng = setting.bucket(bucket, "service logs", start)
    region = setting.networks.region
    writers = [Wandering(rng, setting.networks, region, p.LOG_WRITER_DAYS) for _ in range(p.LOG_WRITERS)]
    for time in moments(rng, p.LOG_WRITES, start):
        setting.add(rng, time, bucket, rng.choice(writers).at(time), "svc:delivery.logs.amazonaws.com",
                    "service logs", operation="REST.PUT.OBJECT")
    reader = setting.networks.any_of(rng, region)
    for time in moments(rng, p.LOG_READS, start):
        setting.add(rng, time, bucket, reader, user("siem"), "service logs")


def functions(setting, bucket, new_addresses, start=p.START):
    """Functions of the cloud, which get another address out of the region's networks each time."""
    rng = setting.bucket(bucket, "functions", start)
    for time in moments(rng, new_addresses, start):
        address = setting.networks.any_of(rng, setting.networks.region)
        setting.add(rng, time, bucket, address, role(f"{bucket}-role", bucket), "functions")


def vpc_endpoint(setting, bucket, new_addresses, start=p.START):
    """Machines that come and go in a private network and use an endpoint."""
    rng = setting.bucket(bucket, "VPC endpoints", start)
    subnets = setting.networks.private()
    for time in moments(rng, new_addresses, start):
        setting.add(rng, time, bucket, in_private(rng, subnets), role(f"{bucket}-role", session(rng)),
                    "VPC endpoints")


def nat_gateways(setting, bucket, gateways, start=p.START):
    """Machines that share the few addresses of NAT gateways."""
    rng = setting.bucket(bucket, "NAT gateways", start)
    for time in moments(rng, p.GATEWAY_VISITS, start):
        setting.add(rng, time, bucket, rng.choice(gateways).at(time), role(f"{bucket}-role", session(rng)),
                    "NAT gateways")
