#!/usr/bin/env python3
"""Writes samples/access-logs: made-up S3 server access logs of four days to learn from, and of today.

The same bytes on every run. Companies, buckets, keys and people are invented; addresses, account and domain are those
that RFC 5737, RFC 3849, AWS and RFC 2606 set aside for documentation. samples/README.md says what is to be found.
"""

import base64
import gzip
import hashlib
import random
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent / "samples" / "access-logs"
LEARNT = [datetime(2026, 3, day, tzinfo=timezone.utc) for day in (2, 3, 4, 5)]
TODAY = datetime(2026, 3, 6, tzinfo=timezone.utc)

OWNER = hashlib.sha256(b"owner of the orchard buckets").hexdigest()
USER = "arn:aws:iam::111122223333:user/"
ROLE = "arn:aws:sts::111122223333:assumed-role/"
CLOUDFRONT = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE1OAI"
SIGNED, PRESIGNED, UNSIGNED = ("SigV4", "AuthHeader"), ("SigV4", "QueryString"), ("-", "-")

dice = random.Random(20260306)


def pick(choices):
    # Only random() gives the same numbers in every version of Python.
    return choices[int(dice.random() * len(choices))]


def identifier(length):
    return "".join(pick("0123456789ABCDEF") for _ in range(length))


def line(time, bucket, ip, requester, operation, key, uri, status, error="-", sent="-", size="-", agent="-",
         referrer="-", auth=SIGNED, bare=False, region=None, fields=26):
    """One record; `bare` leaves the quotes off what the request did not have, as S3 does for batch deletions."""
    quote = (lambda text: text) if bare else (lambda text: f'"{text}"')
    took = "-" if status == "-" or bare else str(8 + int(dice.random() * 90))
    turn_around = took if error == "-" and status != "304" else "-"
    words = [
        OWNER, bucket, f"[{time:%d/%b/%Y:%H:%M:%S} +0000]", ip, requester, identifier(16), operation, key, quote(uri),
        status, error, sent, size, took, turn_around, quote(referrer), quote(agent), "-",
    ]
    if fields > 18:
        host = base64.b64encode(hashlib.sha256(words[5].encode()).digest()).decode()
        cipher, domain, tls = "TLS_AES_128_GCM_SHA256", f"{bucket}.s3.amazonaws.com", "TLSv1.3"
        if operation.startswith("S3."):
            cipher, domain, tls = "-", "-", "-"
        words += [host, auth[0], cipher, auth[1], domain, tls, "-", "-"]
    if region:
        words.append(region)
    return " ".join(words)


def get(time, bucket, ip, requester, path, status="200", query="", size=None, **more):
    """A download, or what became of it."""
    size = size or str(2_000 + int(dice.random() * 900_000))
    failure = {"403": ("AccessDenied", "243", "-"), "404": ("NoSuchKey", "272", "-"), "304": ("-", "-", size)}
    part = str(max(1, int(size) // 8))
    error, sent, size = failure.get(status, ("-", part if status == "206" else size, size))
    return line(time, bucket, ip, requester, "REST.GET.OBJECT", path.replace("%", "%25"),
                f"GET /{path}{query} HTTP/1.1", status, error, sent, size, **more)


def put(time, bucket, ip, requester, path, **more):
    size = str(40_000 + int(dice.random() * 9_000_000))
    return line(time, bucket, ip, requester, "REST.PUT.OBJECT", path, f"PUT /{path} HTTP/1.1", "200", size=size, **more)


# The company's everyday traffic: (bucket, address, what one access of this client looks like, accesses a day).

def edge(time, bucket, ip):
    path = f"img/{pick(['apple', 'pear', 'quince', 'plum', 'medlar'])}-{1 + int(dice.random() * 9)}.jpeg"
    return get(time, bucket, ip, CLOUDFRONT, path, pick(["200", "200", "200", "304", "404"]), agent="Amazon CloudFront")


def not_modified(time, bucket, ip):
    return get(time, bucket, ip, CLOUDFRONT, "img/pear-3.jpeg", "304", agent="Amazon CloudFront")


def anonymous(time, bucket, ip, path, status="200", query=""):
    return get(time, bucket, ip, "-", path, status, query, auth=UNSIGNED, agent="curl/8.5.0")


def invoice_server(time, bucket, ip):
    path = f"2026/03/invoice-{1000 + int(dice.random() * 9000)}.pdf"
    role = f"{ROLE}invoice-app/i-0a1b2c3d4e5f60718"
    return pick([get, put])(time, bucket, ip, role, path, agent="Boto3/1.34.51")


def accountant(time, bucket, ip):
    if dice.random() < 0.3:
        uri = "GET /?list-type=2&prefix=2026/03/ HTTP/1.1"
        return line(time, bucket, ip, f"{USER}ana", "REST.GET.BUCKET", "-", uri, "200", sent="5230",
                    agent="S3Console/0.4")
    return get(time, bucket, ip, f"{USER}ana", f"2026/03/invoice-{1000 + int(dice.random() * 9000)}.pdf",
               agent="S3Console/0.4")


def customer(time, bucket, ip):
    number = 1000 + int(dice.random() * 9000)
    query = (f'?response-content-disposition=attachment;%20filename="invoice-{number}.pdf"&X-Amz-Algorithm=AWS4-HMAC-'
             f"SHA256&X-Amz-Expires=3600&X-Amz-Signature={identifier(16).lower()}")
    return get(time, bucket, ip, f"{ROLE}invoice-app/links", f"2026/02/invoice-{number}.pdf", query=query,
               auth=PRESIGNED, referrer="https://www.example.com/account", agent="Mozilla/5.0 (X11; Linux x86_64)")


def athena(time, bucket, ip):
    day = f"2026-0{1 + int(dice.random() * 3)}-1{int(dice.random() * 10)}"
    path = f"sales/day%3D{day}/part-0000{int(dice.random() * 8)}.parquet"
    return get(time, bucket, ip, f"{ROLE}analytics/athena", path, "206", agent="AWS_ATHENA, presto",
               region="us-east-1")


def analyst(time, bucket, ip):
    path = f"reports/week-{1 + int(dice.random() * 10)}.csv"
    return get(time, bucket, ip, f"{USER}ben", path, agent="aws-cli/2.15.30", region="us-east-1")


def backup_host(time, bucket, ip):
    if dice.random() < 0.2:
        return batch_delete(time, bucket, ip)
    path = f"nightly/db-{time:%Y%m%d}-{identifier(4)}.dump.gpg"
    return put(time, bucket, ip, f"{USER}backup", path, agent="restic/0.16.4")


def batch_delete(time, bucket, ip):
    key = f"nightly/db-202602{10 + int(dice.random() * 19)}.dump.gpg"
    return line(time, bucket, ip, f"{USER}backup", "BATCH.DELETE.OBJECT", key, "-", "204", size="7340032", bare=True)


def expiry(time, bucket, ip):
    key = f"nightly/db-{time - timedelta(days=30):%Y%m%d}.dump.gpg"
    return line(time, bucket, ip, "AmazonS3", "S3.EXPIRE.OBJECT", key, "-", "-", size="7340032", auth=UNSIGNED)


def delivery(time, bucket, ip):
    return put(time, bucket, ip, "svc:delivery.logs.amazonaws.com", f"vpc/{time:%Y/%m/%d}/flow-{identifier(8)}.log.gz")


def collector(time, bucket, ip):
    path = f"vpc/{time:%Y/%m/%d}/flow-{identifier(8)}.log.gz"
    return get(time, bucket, ip, f"{USER}siem", path, agent="Boto3/1.34.51")


CLIENTS = [
    ("orchard-media", "198.51.100.20", edge, 7),
    ("orchard-media", "198.51.100.21", edge, 6),
    ("orchard-media", "198.51.100.22", edge, 5),
    ("orchard-invoices", "192.0.2.10", invoice_server, 6),
    ("orchard-invoices", "192.0.2.11", invoice_server, 6),
    ("orchard-invoices", "203.0.113.5", accountant, 4),
    ("orchard-invoices", "203.0.113.31", customer, 2),
    ("orchard-invoices", "2001:db8:31::7", customer, 2),
    ("orchard-datalake", "198.51.100.101", athena, 5),
    ("orchard-datalake", "198.51.100.102", athena, 5),
    ("orchard-datalake", "198.51.100.103", athena, 4),
    ("orchard-datalake", "2001:db8:40::15", analyst, 3),
    ("orchard-backups", "192.0.2.50", backup_host, 5),
    ("orchard-backups", "-", expiry, 2),
    ("orchard-audit-logs", "-", delivery, 3),
    ("orchard-audit-logs", "192.0.2.60", collector, 3),
]


def ordinary(day, hours=24, times=1):
    """(time, bucket, record) of the first `hours` of a day on which every client does `times` its usual work."""
    for bucket, ip, access, count in CLIENTS:
        for _ in range(count * times):
            time = day + timedelta(seconds=int(dice.random() * hours * 3_600))
            yield time, bucket, access(time, bucket, ip)


def oddities_of_the_past():
    """What the learnt days have beside the ordinary: a record as S3 wrote them until 2018, and one failure."""
    time = LEARNT[0] + timedelta(hours=7, minutes=14)
    yield time, "orchard-media", get(time, "orchard-media", "198.51.100.20", CLOUDFRONT, "img/apple-1.jpeg",
                                     agent="Amazon CloudFront", fields=18)
    time = LEARNT[2] + timedelta(hours=16, minutes=2)
    yield time, "orchard-invoices", anonymous(time, "orchard-invoices", "203.0.113.99", "2026/03/", "403")


def surprises():
    """What is worth a look today; samples/README.md has the same list in words."""
    def at(hour, minute, second=0):
        return TODAY + timedelta(hours=hour, minutes=minute, seconds=second)

    forged = '?x=" 403 AccessDenied 243 - 8 - "-" "curl/8.5.0'
    for time, access, bucket, ip, *request in [
        (at(2, 11, 40), anonymous, "orchard-invoices", "203.0.113.66", "2026/03/invoice-4711.pdf", "200", forged),
        (at(2, 19, 3), anonymous, "orchard-audit-logs", "203.0.113.66", "vpc/2026/03/05/flow-0A1B2C3D.log.gz"),
        (at(3, 41, 18), batch_delete, "orchard-backups", "203.0.113.77"),
        (at(3, 41, 18), batch_delete, "orchard-backups", "203.0.113.77"),
        (at(9, 5, 21), invoice_server, "orchard-invoices", "192.0.2.12"),
        (at(9, 6, 2), invoice_server, "orchard-invoices", "192.0.2.12"),
        (at(10, 12), customer, "orchard-invoices", "203.0.113.33"),
        (at(11, 30, 7), athena, "orchard-datalake", "198.51.100.104"),
        (at(11, 30, 9), athena, "orchard-datalake", "198.51.100.104"),
        (at(13, 48), analyst, "orchard-datalake", "203.0.113.5"),
        (at(14, 20, 44), analyst, "orchard-datalake", "2001:db8:40::99"),
        (at(15, 2, 10), not_modified, "orchard-media", "198.51.100.23"),
        (TODAY - timedelta(minutes=71), accountant, "orchard-invoices", "198.51.100.200"),
        # Nothing new: denied, not found, and a known address in its long form.
        (at(2, 10, 2), anonymous, "orchard-invoices", "203.0.113.99", "2026/03/", "403"),
        (at(2, 10, 55), anonymous, "orchard-media", "203.0.113.99", ".git/config", "404"),
        (at(16, 33), analyst, "orchard-datalake", "2001:0db8:0040:0000:0000:0000:0000:0015"),
    ]:
        yield time, bucket, access(time, bucket, ip, *request)


def deliver(folder, records, compress=()):
    """Writes one object per bucket, as S3 does: best effort, so not quite in order, and named after its delivery."""
    folder.mkdir(parents=True)
    for bucket in sorted({bucket for _, bucket, _ in records}):
        mine = [(time + timedelta(seconds=dice.random() * 300), text) for time, of, text in records if of == bucket]
        mine.sort()
        delivered = mine[-1][0] + timedelta(seconds=600 + int(dice.random() * 2_400))
        name = f"{delivered:%Y-%m-%d-%H-%M-%S}-{identifier(16)}"
        content = "".join(text + "\n" for _, text in mine).encode()
        if bucket in compress:
            with open(folder / f"{name}.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
                packed.write(content)
        else:
            (folder / name).write_bytes(content)


def main():
    shutil.rmtree(LOGS, ignore_errors=True)
    past = list(oddities_of_the_past())
    for day in LEARNT:
        records = list(ordinary(day)) + [record for record in past if record[0].date() == day.date()]
        deliver(LOGS / f"{day:%Y-%m-%d}", records, ["orchard-invoices"] if day == LEARNT[1] else [])
    # What is left of a record whose first half was lost.
    torn = TODAY + timedelta(hours=12), "orchard-media", delivery(TODAY, "orchard-media", "-")[-120:]
    deliver(LOGS / "today", [*ordinary(TODAY, hours=17, times=2), *surprises(), torn])


if __name__ == "__main__":
    main()
