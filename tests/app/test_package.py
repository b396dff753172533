"""What is in the package: names, modes, owners, times, versions, conf files, icons, executables."""

import json
import os
import re
import subprocess
import sys
import unittest

import package

sys.path.insert(0, str(package.REPOSITORY / "scripts"))
import icons  # noqa: E402

FILES = {
    "LICENSE",
    "README.md",
    "app.manifest",
    "default/app.conf",
    "default/commands.conf",
    "default/data/ui/nav/default.xml",
    "default/distsearch.conf",
    "default/macros.conf",
    "default/savedsearches.conf",
    "default/searchbnf.conf",
    "default/transforms.conf",
    f"{package.HISTORY}.default",
    "metadata/default.meta",
    "static/appIcon.png",
    "static/appIconAlt.png",
    "static/appIconAlt_2x.png",
    "static/appIcon_2x.png",
}


def cargo_version():
    """The version in Cargo.toml, in its [package] table."""
    text = (package.REPOSITORY / "Cargo.toml").read_text()
    return re.search(r'^\[package\][^\[]*?^version = "([^"]+)"', text, re.DOTALL | re.MULTILINE).group(1)


class Archive(unittest.TestCase):
    def test_the_files_are_these_and_no_others(self):
        binaries = {package.BINARIES[architecture] for architecture in package.architectures()}
        self.assertTrue(binaries)
        self.assertEqual(package.names(), FILES | binaries)

    def test_the_file_is_named_by_the_version(self):
        self.assertEqual(package.path().name, f"s3newip-{cargo_version()}.tgz")

    def test_modes_say_that_only_folders_and_binaries_are_executable(self):
        for member in package.members():
            executable = member.isdir() or member.name.endswith("/bin/s3newip")
            with self.subTest(member.name):
                self.assertEqual(oct(member.mode), oct(0o755 if executable else 0o644))

    def test_everything_belongs_to_root_by_number_alone(self):
        owners = {(member.uid, member.gid, member.uname, member.gname) for member in package.members()}
        self.assertEqual(owners, {(0, 0, "", "")})

    def test_everything_has_one_time_the_source_s(self):
        times = {member.mtime for member in package.members()}
        self.assertEqual(times, {int(os.environ["SOURCE_DATE_EPOCH"])})

    def test_members_are_sorted_files_and_folders_under_one_folder(self):
        names = [member.name for member in package.members()]
        self.assertEqual(names, sorted(names))
        self.assertEqual({name.split("/")[0] for name in names}, {"s3newip"})
        self.assertTrue(all(member.isfile() or member.isdir() for member in package.members()))

    def test_gzip_s_header_tells_neither_name_nor_time(self):
        self.assertEqual(package.path().read_bytes()[:8], b"\x1f\x8b\x08\0\0\0\0\0")

    def test_the_sum_beside_the_package_is_right(self):
        subprocess.run(
            ["sha256sum", "--check", "--quiet", f"{package.path().name}.sha256"], cwd=package.path().parent, check=True
        )


class Contents(unittest.TestCase):
    def test_every_place_tells_cargo_s_version(self):
        app = package.conf("app.conf")
        manifest = json.loads(package.content("app.manifest"))
        told = {app["id"]["version"], app["launcher"]["version"], manifest["info"]["id"]["version"]}
        self.assertEqual(told, {cargo_version()})

    def test_every_place_tells_the_same_name(self):
        app = package.conf("app.conf")
        manifest = json.loads(package.content("app.manifest"))
        told = {app["id"]["name"], app["package"]["id"], manifest["info"]["id"]["name"]}
        self.assertEqual(told, {"s3newip"})

    def test_nothing_is_left_to_fill_in(self):
        for name in package.names() - set(package.BINARIES.values()):
            with self.subTest(name):
                self.assertNotIn(b"{{", package.content(name))

    def test_every_conf_file_parses(self):
        for folder, name in package.conf_files():
            with self.subTest(name):
                stanzas = package.conf(name, folder)
                self.assertTrue(stanzas)
                self.assertTrue(all(settings for settings in stanzas.values()))

    def test_no_conf_file_says_a_thing_twice(self):
        for folder, name in package.conf_files():
            text = re.sub(r"\\\n", " ", package.content(f"{folder}/{name}").decode())
            seen, stanza = set(), None
            for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
                stanza = line if line.startswith("[") else stanza
                setting = "" if line.startswith("[") else line.split("=")[0].strip()
                with self.subTest(file=name, stanza=stanza, setting=setting):
                    self.assertNotIn((stanza, setting), seen)
                    seen.add((stanza, setting))

    def test_the_first_history_is_a_header_that_the_lookup_definition_names(self):
        self.assertEqual(package.content(f"{package.HISTORY}.default"), b"bucket_name,remote_ip,firstTime,lastTime\n")
        definitions = package.conf("transforms.conf").values()
        self.assertEqual([f"lookups/{found['filename']}" for found in definitions], [package.HISTORY])

    def test_the_command_names_the_binaries_that_are_there(self):
        filename = package.conf("commands.conf")["s3newip"]["filename"]
        self.assertTrue({name for name in package.names() if name.endswith(f"bin/{filename}")})

    def test_the_icons_are_what_their_script_draws(self):
        for name, data in icons.icons().items():
            with self.subTest(name):
                self.assertEqual(package.content(f"static/{name}"), data)

    def test_the_licence_is_the_project_s(self):
        self.assertEqual(package.content("LICENSE"), (package.REPOSITORY / "LICENSE").read_bytes())


@unittest.skipIf(len(package.architectures()) < 2, "a package of one architecture has this machine's own build")
class Executables(unittest.TestCase):
    """ELF by its specification: e_type at byte 16, e_machine at 18, the program headers' table at 32, 54 and 56."""

    MACHINES = {"x86_64": 62, "aarch64": 183}
    INTERPRETER, EXECUTABLE, SYMBOLS = 3, 2, 2

    def setUp(self):
        self.binaries = {arch: package.content(name) for arch, name in package.BINARIES.items()}

    @staticmethod
    def number(data, offset, size):
        return int.from_bytes(data[offset : offset + size], "little")

    def table(self, data, offset, size, count):
        """The second or first word of each entry of a header table: its type."""
        start, step = self.number(data, offset, 8), self.number(data, size, 2)
        return [data[start + n * step :][:8] for n in range(self.number(data, count, 2))]

    def test_each_is_for_the_machine_of_its_folder(self):
        for architecture, data in self.binaries.items():
            with self.subTest(architecture):
                self.assertEqual(data[:5], b"\x7fELF\x02")
                self.assertEqual(self.number(data, 18, 2), self.MACHINES[architecture])

    def test_each_is_an_ordinary_executable_that_the_vetting_sees(self):
        for architecture, data in self.binaries.items():
            with self.subTest(architecture):
                self.assertEqual(self.number(data, 16, 2), self.EXECUTABLE)

    def test_each_is_static(self):
        for architecture, data in self.binaries.items():
            kinds = [self.number(entry, 0, 4) for entry in self.table(data, 32, 54, 56)]
            with self.subTest(architecture):
                self.assertTrue(kinds)
                self.assertNotIn(self.INTERPRETER, kinds)

    def test_each_is_stripped(self):
        for architecture, data in self.binaries.items():
            kinds = [self.number(entry, 4, 4) for entry in self.table(data, 40, 58, 60)]
            with self.subTest(architecture):
                self.assertTrue(kinds)
                self.assertNotIn(self.SYMBOLS, kinds)

    def test_none_tells_where_it_was_built(self):
        home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
        for architecture, data in self.binaries.items():
            with self.subTest(architecture):
                self.assertNotIn(str(package.REPOSITORY).encode() + b"/", data)
                self.assertNotIn(home.encode() + b"/", data)


if __name__ == "__main__":
    unittest.main()
