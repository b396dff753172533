"""How the app behaves where it is installed, with each of the package's binaries."""

import platform
import tempfile
import unittest

import command
import package


def access(bucket, address, minutes_ago=10):
    """An event as the detection sends it to the command."""
    return {
        "_time": str(command.NOW - 60 * minutes_ago),
        "bucket_name": bucket,
        "remote_ip": address,
        "http_status": "200",
    }


class Behaviour:
    """The tests of one architecture."""

    architecture = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="splunk-home-")
        self.addCleanup(folder.cleanup)
        self.installed = command.Installed(folder.name, self.architecture)

    def test_the_first_search_finds_a_new_pair_and_learns_it(self):
        found = self.installed.search([], [access("documents", "192.0.2.7")])
        self.assertEqual(
            [(row["bucket_name"], row["remote_ip"], row["newIP"]) for row in found], [("documents", "192.0.2.7", "1")]
        )
        self.assertIn("documents,192.0.2.7,", self.installed.history.read_text())

    def test_what_is_known_is_new_no_more(self):
        self.installed.search(["seed=true"], [access("documents", "192.0.2.7", minutes_ago=300)])
        rows = [access("documents", "192.0.2.7"), access("documents", "2001:db8::7")]
        found = self.installed.search(["new=unseen"], rows)
        self.assertEqual([row["remote_ip"] for row in found], ["2001:db8::7"])

    def test_an_upgrade_leaves_the_learnt_history_alone(self):
        self.installed.search(["seed=true"], [access("documents", "192.0.2.7"), access("images", "198.51.100.9")])
        before, then = self.installed.history.read_bytes(), self.installed.history.stat()
        self.installed.upgrade()
        self.assertEqual(self.installed.history.read_bytes(), before)
        now = self.installed.history.stat()
        self.assertEqual((now.st_ino, now.st_mtime_ns, now.st_mode), (then.st_ino, then.st_mtime_ns, then.st_mode))
        self.assertEqual(self.installed.search(["new=unseen"], [access("images", "198.51.100.9")]), [])

    def test_learning_leaves_nothing_else_in_the_app_s_folder(self):
        def files():
            return {path for path in self.installed.app.rglob("*") if path.is_file()}

        before = files()
        self.installed.search([], [access("documents", "192.0.2.7")])
        self.assertEqual(files() - before, {self.installed.history})


@unittest.skipUnless("x86_64" in package.architectures() and platform.machine() == "x86_64", "not for this machine")
class OnX86(Behaviour, unittest.TestCase):
    architecture = "x86_64"


@unittest.skipUnless("aarch64" in package.architectures(), "the package has no binary for aarch64")
class OnAarch64(Behaviour, unittest.TestCase):
    architecture = "aarch64"


if __name__ == "__main__":
    unittest.main()
