"""The honest part of the world: 76 buckets, and everyone who uses them."""

from . import crowds, everywhere, machines
from . import parameters as p
from .addresses import in_wide


def fill(setting):
    """Adds every honest access."""
    _machines(setting)
    _applications(setting)
    _crowds(setting)
    _staff(setting)
    _new_buckets(setting)
    crowds.new_partners(setting)
    everywhere.run(setting)


def _machines(setting):
    rng = setting.dice("lake nodes")
    subnets = setting.networks.private()
    nodes = [in_wide(rng, setting.networks.region[0]) for _ in range(p.DATABASE_NODES)]
    for number, an_hour in enumerate(p.LAKE_WORKERS_AN_HOUR):
        bucket = f"lake-{number}"
        machines.data_lake(setting, bucket, an_hour)
        if number < p.EMR_BUCKETS:
            machines.emr_nodes(setting, bucket, subnets)
        if number < p.DATABASE_BUCKETS:
            machines.database_nodes(setting, bucket, nodes)
    for number in range(p.BACKUPS):
        machines.backups(setting, f"backup-{number}")
    for number, runs in enumerate(p.CI_RUNS):
        machines.ci_artefacts(setting, f"artefacts-{number}", runs)
    for number in range(p.LOG_BUCKETS):
        machines.service_logs(setting, f"logs-{number}")


def _applications(setting):
    for number, rate in enumerate(p.FUNCTION_ADDRESSES):
        machines.functions(setting, f"function-{number}", rate)
    for number, rate in enumerate(p.ENDPOINT_ADDRESSES):
        machines.vpc_endpoint(setting, f"service-{number}", rate)
    for number in range(p.GATEWAY_BUCKETS):
        machines.nat_gateways(setting, f"gateway-{number}", setting.gateways[number])


def _crowds(setting):
    for number, visitors in enumerate(p.SITE_VISITORS):
        preflight = p.SITE_PREFLIGHT if number == 0 else 0.0
        crowds.web_site(setting, f"site-{number}", visitors, number < p.SITES_WITH_CDN, preflight)
    for number, consumers in enumerate(p.PORTAL_CONSUMERS):
        crowds.presigned_downloads(setting, f"portal-{number}", consumers)
    for number in range(p.PARTNER_BUCKETS):
        crowds.partners(setting, f"partners-{number}")


def _staff(setting):
    for number, team in enumerate(setting.teams):
        crowds.staff_data(setting, f"team-{number}", team)
    for number in range(p.IPV6_BUCKETS):
        crowds.ipv6_application(setting, f"ipv6-{number}")
    for number in range(p.DORMANT_BUCKETS):
        crowds.dormant(setting, f"dormant-{number}", setting.teams[number % p.TEAMS])


def _new_buckets(setting):
    """Buckets that appear some day, each with a small population of one of the kinds."""
    rng = setting.dice("new buckets")
    for number in range(p.NEW_BUCKETS):
        start = p.START + rng.uniform(p.NEW_FROM, p.NEW_TO) * p.DAY
        name = f"new-{number}"
        rng.choice(_KINDS)(setting, name, start)


_KINDS = (
    lambda setting, name, start: machines.data_lake(setting, name, p.LAKE_WORKERS_AN_HOUR[-1], start),
    lambda setting, name, start: machines.backups(setting, name, start),
    lambda setting, name, start: crowds.staff_data(setting, name, setting.teams[0], start),
    lambda setting, name, start: crowds.web_site(setting, name, p.SITE_VISITORS[-1], start=start),
    lambda setting, name, start: crowds.presigned_downloads(setting, name, p.PORTAL_CONSUMERS[-1], start),
    lambda setting, name, start: crowds.partners(setting, name, start),
    lambda setting, name, start: machines.ci_artefacts(setting, name, p.CI_RUNS[-1], start),
    lambda setting, name, start: machines.service_logs(setting, name, start),
    lambda setting, name, start: crowds.ipv6_application(setting, name, start),
    lambda setting, name, start: machines.functions(setting, name, p.FUNCTION_ADDRESSES[-1], start),
    lambda setting, name, start: machines.vpc_endpoint(setting, name, p.ENDPOINT_ADDRESSES[-1], start),
    lambda setting, name, start: machines.nat_gateways(setting, name, setting.gateways[0], start),
    lambda setting, name, start: crowds.dormant(setting, name, setting.teams[0], start),
)
