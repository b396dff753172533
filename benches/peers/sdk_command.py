"""The same search command on Splunk's own Python SDK: what a Splunk developer would write first.

The lookup is read into a dict of pairs, every event is looked up in it, and at the end the dict is written beside the
file, flushed to disk and renamed over it. It has no lock. Events of pairs that the lookup does not settle are kept
until the last chunk, since an event that comes later can still make its pair an old one.
"""

import csv
import os
import sys

from splunklib.searchcommands import Configuration, EventingCommand, dispatch

LOOKUP = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "lookups",
    "previously_seen_S3_access_from_remote_ip.csv",
)
WINDOW = 70 * 60


@Configuration()
class S3NewIp(EventingCommand):
    """Keeps the events of pairs of bucket and address that are seen for the first time."""

    def prepare(self):
        now = int(self.search_results_info.now)
        self.threshold = (now - WINDOW) // 60 * 60
        self.history = None
        self.undecided = []

    def transform(self, records):
        if self.history is None:
            self.history = read_history()
        history, threshold = self.history, self.threshold
        for record in records:
            status = record["http_status"]
            if not (status == "304" or (len(status) == 3 and status[0] == "2")):
                continue
            time = int(record["_time"])
            key = (record["bucket_name"], record["remote_ip"])
            times = history.get(key)
            if times is None:
                history[key] = times = [time, time]
            else:
                if time < times[0]:
                    times[0] = time
                if time > times[1]:
                    times[1] = time
            if times[0] >= threshold:
                self.undecided.append((times, record))
        if not self._finished:
            return
        write_history(history)
        for times, record in self.undecided:
            if times[0] >= threshold:
                record["firstTime"], record["lastTime"] = times
                record["newIP"] = 1
                yield record


def read_history():
    with open(LOOKUP, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        return {(bucket, ip): [int(first), int(last)] for bucket, ip, first, last in rows}


def write_history(history):
    with open(LOOKUP + ".tmp", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["bucket_name", "remote_ip", "firstTime", "lastTime"])
        rows.writerows([*key, *times] for key, times in history.items())
        file.flush()
        os.fsync(file.fileno())
    os.replace(LOOKUP + ".tmp", LOOKUP)


dispatch(S3NewIp, sys.argv, sys.stdin, sys.stdout, __name__)
