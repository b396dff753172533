"""What the app's searches say: the command accepts every `| s3newip ...` that is written anywhere, and every field that a
saved search names is there when it is named. Which fields come out of `s3newip` is asked of the packaged binary itself.
"""

import json
import platform
import re
import tempfile
import unittest

import command
import package
import spl

DETECTIONS = [
    "Detect S3 access from a new IP",
    "Detect S3 access from a new IP - By Arrival",
    "Detect S3 access from a new IP - At Scale",
    "Detect S3 access from a new IP - Daily Sweep",
]
SWEEP = DETECTIONS[3]
SUPPORT = "Previously Seen S3 Bucket Access by Remote IP"
# Enterprise Security itself adds these to what it hands on.
ADDED_BY_SECURITY = {"info_min_time", "info_max_time"}
ROW = {
    "_time": str(command.NOW - 600),
    "bucket_name": "documents",
    "remote_ip": "192.0.2.7",
    "http_status": "200",
    "firstTime": str(command.NOW - 600),
    "lastTime": str(command.NOW - 600),
    "count": "1",
}


def invocations(text):
    """The arguments of every `| s3newip` in a text, up to the next bar, quotation mark of code, or line."""
    found = re.findall(r"\|\s*s3newip\b([^|`\n]*)", text)
    return [arguments.split() for arguments in found if "..." not in arguments]


def documents():
    """Every text in which a reader may find a search: (name, text)."""
    for name in ("README.md", *(f"default/{name}" for folder, name in package.conf_files() if folder == "default")):
        yield f"app/{name}", package.content(name).decode()
    for pattern in ("*.md", "docs/**/*.md", "samples/**/*.md"):
        for path in sorted(package.REPOSITORY.glob(pattern)):
            yield str(path.relative_to(package.REPOSITORY)), path.read_text()


def tokens_in(value):
    """The fields that a text of Enterprise Security names between dollar signs."""
    return set(re.findall(r"\$(\w+)\$", value))


class WithTheApp(unittest.TestCase):
    """The package installed, with the binary of this machine."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="splunk-home-")
        self.addCleanup(folder.cleanup)
        self.installed = command.Installed(folder.name, platform.machine())
        self.searches = package.conf("savedsearches.conf")
        self.macros = package.conf("macros.conf")

    def fields_of(self, search):
        """The fields at the end of a search."""
        return spl.fields_after(spl.expand(search, self.macros), self.fields_out_of_s3newip)

    def fields_out_of_s3newip(self, arguments, fields):
        row = {field: ROW.get(field, "x") for field in sorted(fields)}
        row["_raw"] = ""
        self.installed.history.unlink(missing_ok=True)
        (found, *_) = self.installed.search(arguments, [row])
        return {field for field in found if not field.startswith("__mv_")}


class Invocations(WithTheApp):
    def test_the_command_accepts_every_one_that_is_written_anywhere(self):
        checked = 0
        for name, text in documents():
            for arguments in invocations(text):
                with self.subTest(file=name, arguments=" ".join(arguments)):
                    self.assertIsNone(self.installed.refusal(arguments))
                checked += 1
        self.assertGreater(checked, 10)

    def test_the_command_refuses_what_it_does_not_know(self):
        self.assertIn("widow", self.installed.refusal(["widow=-70m@m"]))

    def test_searchbnf_shows_every_option_and_an_example_for_most(self):
        stanza = package.conf("searchbnf.conf")["s3newip-command"]
        options = ["lookup", "window", "new", "status", "output", "maxevents", "update", "seed", "publish"]
        self.assertEqual(re.findall(r"\((\w+)=", stanza["simplesyntax"]), options)
        for option in options:
            self.assertIn(option.upper(), stanza["description"])
            self.assertTrue(any(f"{option}=" in stanza[key] for key in stanza if key.startswith("example")), option)


class SavedSearches(WithTheApp):
    def test_there_are_three_detections_the_sweep_and_the_support_search(self):
        self.assertEqual(sorted(self.searches), sorted([*DETECTIONS, SUPPORT]))

    def test_all_are_shipped_disabled_and_say_when_to_choose_them(self):
        for name, stanza in self.searches.items():
            with self.subTest(name):
                self.assertEqual(stanza["disabled"], "1")
                self.assertGreater(len(stanza["description"]), 100)

    def test_every_field_they_name_on_the_way_is_there(self):
        for name, stanza in self.searches.items():
            with self.subTest(name):
                self.assertTrue(self.fields_of(stanza["search"]))

    def test_the_first_has_the_original_s_table_schedule_and_window(self):
        stanza = self.searches[DETECTIONS[0]]
        table = "_time bucket_name src_ip City Country operation request_uri"
        self.assertIn(f"| table {table} | `detect_s3_access_from_a_new_ip_filter`", stanza["search"])
        self.assertEqual(self.fields_of(stanza["search"]), set(table.split()))
        self.assertEqual(stanza["cron_schedule"], "0 * * * *")
        self.assertEqual(stanza["dispatch.earliest_time"], "-70m@m")
        self.assertEqual(stanza["dispatch.latest_time"], "-10m@m")

    def test_the_sweep_reads_two_days_of_arrivals_that_the_hourly_runs_have_behind_them(self):
        stanza, hourly = self.searches[SWEEP], self.searches["Detect S3 access from a new IP - By Arrival"]
        self.assertIn("_index_earliest=-49h@h _index_latest=-1h@m", stanza["search"])
        self.assertIn("_index_earliest=-70m@m _index_latest=-10m@m", hourly["search"])
        # At 50 minutes past, an hour before is ten minutes before the full hour: where the last hourly run ended.
        self.assertEqual(stanza["cron_schedule"].split()[0], "50")
        self.assertEqual(hourly["cron_schedule"].split()[0], "0")
        # An event that By Arrival still reads ten days late, two days later.
        self.assertEqual((hourly["dispatch.earliest_time"], stanza["dispatch.earliest_time"]), ("-10d@d", "-14d@d"))
        self.assertIn("new=unseen", stanza["search"])

    def test_the_sweep_reads_the_line_itself(self):
        def line(uri, status, agent="curl"):
            return (
                "0123456789abcdef billing [14/Nov/2023:22:13:20 +0000] 192.0.2.7 - 3E57427F3EXAMPLE "
                f"REST.GET.OBJECT a {uri} "
                f'{status} - 113 113 7 6 "-" "{agent}" - x= SigV4 - AuthHeader billing.s3.amazonaws.com TLSv1.3 - -'
            )

        forged, long = 'GET /a" 403 - HTTP/1.1', "GET /" + "x" * 12000
        for raw, status in (
            (line('"GET /a HTTP/1.1"', 200), "200"),
            (line('"GET /a HTTP/1.1"', 403), "403"),
            # Not certain, so access: a forged status in the URL or the agent, a line that is or may be cut.
            (line(f'"{forged}"', 200), "-"),
            (line('"GET /a HTTP/1.1"', 403, 'x" 200 -'), "-"),
            (line(f'"{long}"', 200)[:10000], "-"),
            (line(f'"GET /a" 403 - {long}"', 200)[:10000], "-"),
            # No URL, so no client's text before the status: what the add-on has extracted.
            (line("-", 204), "204"),
        ):
            with self.subTest(raw=raw[:200]):
                event = {"_raw": raw, "http_status": "204"}
                self.assertEqual(spl.swept(self.searches[SWEEP]["search"], event), ("billing", "192.0.2.7", status))
        for raw in ('{"bucket": "a b [c] 192.0.2.66 "}', '"quoted" billing [x] 192.0.2.66 - '):
            event = {"_raw": raw, "bucket_name": "b", "remote_ip": "192.0.2.1", "http_status": "403"}
            self.assertEqual(spl.swept(self.searches[SWEEP]["search"], event), ("b", "192.0.2.1", "403"))

    def test_the_support_search_returns_the_counts_of_what_it_learnt(self):
        fields = self.fields_of(self.searches[SUPPORT]["search"])
        self.assertEqual(fields, {"pairs_seen", "pairs_added", "pairs_updated", "pairs_total"})

    def test_risk_names_fields_of_the_results(self):
        for name in DETECTIONS:
            stanza, fields = self.searches[name], self.fields_of(self.searches[name]["search"])
            for entry in json.loads(stanza["action.risk.param._risk"]):
                field = entry.get("risk_object_field", entry.get("threat_object_field"))
                with self.subTest(name, field=field):
                    self.assertIn(field, fields)
            self.assertLessEqual(tokens_in(stanza["action.risk.param._risk_message"]), fields)

    def test_notable_events_and_their_drilldowns_name_fields_of_the_results(self):
        for name in DETECTIONS:
            stanza, fields = self.searches[name], self.fields_of(self.searches[name]["search"])
            named = set(stanza["action.notable.param.nes_fields"].split(","))
            for setting in ("rule_title", "rule_description"):
                named |= tokens_in(stanza[f"action.notable.param.{setting}"])
            for drilldown in json.loads(stanza["action.notable.param.drilldown_searches"]):
                named |= tokens_in(" ".join(drilldown.values())) - ADDED_BY_SECURITY
                self.assertTrue(spl.fields_after(drilldown["search"], None))
            with self.subTest(name):
                self.assertLessEqual(named, fields)

    def test_suppression_is_per_pair(self):
        for name in DETECTIONS:
            stanza = self.searches[name]
            with self.subTest(name):
                self.assertEqual(stanza["alert.digest_mode"], "0")
                self.assertEqual(stanza["alert.suppress.fields"], "bucket_name,src_ip")
                self.assertLessEqual(set(stanza["alert.suppress.fields"].split(",")), self.fields_of(stanza["search"]))

    def test_annotations_are_what_enterprise_security_reads(self):
        for name in DETECTIONS:
            annotations = json.loads(self.searches[name]["action.correlationsearch.annotations"])
            with self.subTest(name):
                self.assertEqual(annotations["mitre_attack"], ["T1530"])
                self.assertTrue(annotations["kill_chain_phases"])
                self.assertEqual(annotations["analytic_story"], ["Suspicious AWS S3 Activities"])

    def test_no_drilldown_runs_the_command(self):
        for name in DETECTIONS:
            with self.subTest(name):
                self.assertNotIn("s3newip", self.searches[name]["action.notable.param.drilldown_searches"])


if __name__ == "__main__":
    unittest.main()
