"""Every number of the simulated world, in one place.

Where a number comes from stands beside it:

    [S]   a source that anybody can read, named in the comment
    [F]   measured in one real hour of access logs (1,069 records, 17 Athena workers under 2 requesters)
    [A]   assumed: plausible, and checked against nothing

Rates are a day unless a name says otherwise.
"""

import calendar

# Time.
START = calendar.timegm((2026, 1, 5, 0, 0, 0))  # a Monday, midnight UTC
DAYS = 60
JUDGED_FROM = 30
SEARCH_EVERY = 3600
SEARCH_MINUTE = 300  # the original's schedule: five minutes past each hour
DAY = 86_400
OFFICE_HOURS = (8 * 3600, 18 * 3600)  # [A] staff work Monday to Friday

# Delivery of a log record.
DELAY_LEAST, DELAY_MOST = 11 * 60, 70 * 60  # [F] 11 to 70 minutes
DELAY_BETA = (4.0, 1.25)  # [A] a shape that puts the median near the measured 58 minutes
LATE, LATE_DELAY = 0.04, (1.2 * 3600, 6 * 3600)  # [A] AWS documents "most within a few hours"
VERY_LATE, VERY_LATE_DELAY = 0.004, (6 * 3600, 48 * 3600)  # [A]
POLL_EVERY = 300  # [A] how often the add-on fetches

# Status: does a record hold a 200, or only 206 and the like?
PLAIN_STATUS_LAKE = 11 / 30  # [F] 11 of 30 pairs ever had a 200
PLAIN_STATUS = 0.85  # [A] all others
OTHER_STATUS = "206"

# Networks, as numbers of /16s.
REGION_WIDE = 40  # [F] scaled: 17 workers were in 14 of them
RUNNER_WIDE = 120  # [S] hosted runners: about 4,000 CIDRs and no stable addresses, github/docs#30693
HOSTING_WIDE = 300  # [A]
PROVIDERS, PROVIDER_WIDE = 20, 60  # [S] 20 providers in Padmanabhan 2016 (labs.ripe.net); [A] their /16s
CARRIERS, CARRIER_WIDE = 3, 4  # [A] mobile
CDN_EDGES = 400  # [A] addresses from which the CDN fetches
TOR_EXITS = 1200  # [A] all in hosting networks
SUBNETS_PRIVATE = 3  # [A] /20s of one network of virtual machines: 12,288 addresses

# Data lakes.
LAKE_WORKERS_AN_HOUR = (17, 8, 5, 3, 2, 1)  # [F] 17; the others [A]
LAKE_REUSED = 0.05  # [A]
LAKE_ROLES = ("airflow", "sisense", "analytics")  # [A]
EMR_BUCKETS, EMR_NODES_A_NIGHT = 2, 12  # [A]
DATABASE_NODES, DATABASE_BUCKETS, DATABASE_VISITS = 10, 2, 2  # [A] visits of each node to each bucket

# Backups.
BACKUPS = 8
BACKUP_ADDRESS_DAYS = 120  # [A] mean life of the address
RESTORES = 0.03  # [A] a bucket

# Staff.
TEAMS, TEAM_SIZE = 8, 70  # [A]
STAFF_VISITS = 0.2  # [A] sessions of one person on a working day
OFFICE_ADDRESSES = 2  # [A] one office for all teams
REMOTE = 0.45  # [A] of the sessions
HOME_DAYS = 30  # [A] mean life of a home's address
HOME_DAILY = 0.15  # [S] share of homes that renumber daily (Padmanabhan 2016)
CHANGE_NARROW, CHANGE_WIDE = 0.30, 0.22  # [S] a changed address stays in the /24, in the /16; else another prefix
VPN, VPN_ADDRESSES = 0.35, 4  # [A] share of staff
IPV6 = 0.35  # [A] share of staff
IPV6_PREFIX_DAYS = 120  # [S] stable for months; the interface part changes daily (DynamIPs; arXiv 1506.08134)
MOBILE, TRAVEL = 0.02, 0.004  # [A] of the sessions
SSO = 0.70  # [A] share of staff by single sign-on, the rest are IAM users
SSO_ROLE = "staff-{team}"  # [A] federated into a role of the team; others.py has the roles of IAM Identity Center

# Web sites.
SITE_VISITORS = (600, 320, 170, 90, 50, 25)  # [A] new ones
CONSUMER_IPV6 = 0.40  # [A]
SITE_RETURN, SITE_RETURN_DAYS = 1 / 3, 5  # [A] who comes back, after how long (mean)
SITE_CDN, SITES_WITH_CDN = 0.5, 2  # [A]
SITE_SCANNERS = 3  # [A]
SITE_PREFLIGHT = 0.03  # [A] of the visits to the first site: OPTIONS, which needs no right
SITE_DEPLOYMENTS = 1  # [A] on working days

# Presigned downloads.
PORTAL_CONSUMERS = (160, 76, 36, 17, 8)  # [A]
PORTAL_RETURN, PORTAL_RETURN_DAYS = 0.1, 5  # [A]
PORTAL_UPLOADS = 4  # [A] by the portal itself

# Partners.
PARTNER_BUCKETS, PARTNER_USERS = 6, (2, 5)  # [A]
PARTNER_ADDRESS_DAYS = 90  # [A]
PARTNER_VISITS = 1  # [A] on working days
PARTNER_NEW_EVERY = 17  # [A] days, over all buckets

# Continuous integration.
CI_RUNS = (160, 80, 40, 20, 10)  # [A] on working days
CI_WEEKEND = 1 / 15  # [A]
CI_DEVELOPERS, CI_DEVELOPER_VISITS = 6, 0.1  # [A]

# Service logs.
LOG_BUCKETS, LOG_WRITERS, LOG_WRITES, LOG_WRITER_DAYS = 4, 12, 12, 20  # [A]
LOG_READS = 6  # [A]

# Applications with IPv6.
IPV6_BUCKETS, IPV6_PEOPLE, IPV6_VISITS = 4, 8, 0.5  # [A]

# Applications.
FUNCTION_ADDRESSES = (60, 25, 8)  # [A] new ones
ENDPOINT_ADDRESSES = (24, 12, 6, 3)  # [A] new private ones
GATEWAY_BUCKETS, GATEWAYS, GATEWAY_VISITS = 3, 2, 24  # [A]

# Dormant buckets.
DORMANT_BUCKETS, DORMANT_VISITS = 6, 0.08  # [A]

# New buckets.
NEW_BUCKETS, NEW_FROM, NEW_TO = 8, 8, 55  # [A] days

# Everywhere.
AUDIT_ADDRESSES, AUDIT_EVERY = 2, 7  # [A] the security scanner sees each bucket once in so many days
VENDORS, VENDOR_ADDRESSES, VENDOR_BUCKETS, VENDOR_EVERY = 3, 3, 12, 3  # [A]
TERRAFORM_VISITS = 10  # [A] on working days
BASTION_VISITS = 1  # [A] of each private network's bastion, on working days
ON_CALL_PEOPLE, ON_CALL_VISITS = 12, 2  # [A]
HIRES = 0.12  # [A]
NEW_JOBS, JOB_VISITS = 0.25, 1  # [A]
GATEWAY_CHANGES = 0.05  # [A]

# Intrusions.
EACH_KIND = 4  # [A] a seed
INTRUSION_BUCKETS = (1, 3)  # [A] of those that the stolen requester uses
INTRUSION_LASTS = 6 * 3600  # [A] seconds from the first to the last visit, where nothing else is said
INTRUSION_VISITS = (1, 3)  # [A] visits of each address to each bucket
INTRUSION_BEFORE_END = 1.5  # [A] days before the end at which the last one begins: its records must arrive
STOLEN_FROM_STAFF = 0.5  # [A] else a service's key
LEAK_FROM_PORTAL = 0.5  # [A] else a link that a person or an application signed
LINK_CONSUMERS = (3, 19)  # [A]
TOR_USED, PROXIES_USED = (4, 11), (2, 7)  # [A]
PUBLIC_SCANNERS = (2, 8)  # [A] who find a bucket that became public
DRIP_VISITS, DRIP_LASTS = 5, 1.5 * DAY  # [A]
FOOTHOLD_BUCKETS, RECONNAISSANCE_BUCKETS = (1, 4), (3, 6)  # [A]
PARTNER_SAME_WIDE = 0.25  # [A] uses the partner's own /16
