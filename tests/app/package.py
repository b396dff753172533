"""The package under test: a .tgz as `make dist` or `make app` packs it, read without unpacking it first.

S3NEWIP_PACKAGE names the file. The package of `make app` has this machine's binary, the one of `make dist` both.
"""

import functools
import os
import subprocess
import tarfile
from pathlib import Path

from addonfactory_splunk_conf_parser_lib import COMMENT_KEY, TABConfigParser

REPOSITORY = Path(__file__).resolve().parent.parent.parent
APP = "s3newip"
BINARIES = {"x86_64": "linux_x86_64/bin/s3newip", "aarch64": "bin/s3newip"}
HISTORY = "lookups/previously_seen_S3_access_from_remote_ip.csv"


def path():
    """The package's file."""
    return Path(os.environ["S3NEWIP_PACKAGE"])


@functools.cache
def members():
    """Every member of the archive, in its order."""
    with tarfile.open(path()) as archive:
        return archive.getmembers()


@functools.cache
def names():
    """The paths of the app's files inside its folder."""
    return {member.name.removeprefix(f"{APP}/") for member in members() if member.isfile()}


@functools.cache
def content(name):
    """The bytes of one of the app's files."""
    with tarfile.open(path()) as archive:
        return archive.extractfile(f"{APP}/{name}").read()


def architectures():
    """The architectures that the package has a binary for."""
    return [architecture for architecture, name in BINARIES.items() if name in names()]


def conf(name, folder="default"):
    """A conf file as a dictionary of stanzas, read by Splunk's own parser for app builders."""
    parser = TABConfigParser()
    parser.read_string(content(f"{folder}/{name}").decode(), name)
    return {
        stanza: {key: value for key, value in parser.items(stanza) if not key.startswith(COMMENT_KEY)}
        for stanza in parser.sections()
    }


def conf_files():
    """The conf files and the metadata, as (folder, name)."""
    return sorted(
        tuple(name.split("/")) for name in names() if name.endswith((".conf", ".meta")) and name.count("/") == 1
    )


def install(apps):
    """Unpacks the package over what is in the folder of the apps, as an installation and an upgrade do."""
    subprocess.run(["tar", "--extract", "--no-same-owner", "--file", path(), "--directory", apps], check=True)
    return apps / APP
