"""Tables that read well both on a terminal and as Markdown, and what machine they were made on."""

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .data import ROOT


def table(head, rows):
    """A Markdown table with its columns lined up: the first to the left, figures to the right."""
    lines = [head, *rows]
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    ruler = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]

    def row(cells):
        texts = [str(cell).rjust(width) for cell, width in zip(cells, widths)]
        return "| " + " | ".join([str(cells[0]).ljust(widths[0]), *texts[1:]]) + " |"

    return "\n".join([row(head), row(ruler), *map(row, rows)])


def seconds(value):
    """A duration to three figures."""
    return f"{value * 1000:.2f} ms" if value < 0.01 else f"{value:.3g} s" if value < 100 else f"{value:.0f} s"


def megabytes(value):
    """A size in memory or on disk, in units of 10^6 bytes."""
    return f"{value / 1e6:.0f} MB"


def count(value):
    """A number of things, in groups of three digits."""
    return f"{value:,}".replace(",", " ")


def ratio(value):
    """How many times."""
    return f"{value:.1f} x" if value < 10 else f"{value:.0f} x"


def machine(packages):
    """Where and with what this was measured, as rows of a table."""
    rows = [
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", megabytes(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))),
        ("file system", _output("stat", "-f", "-c", "%T", str(ROOT))),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("load before the first run", f"{os.getloadavg()[0]:.2f}"),
        ("s3newip", _output("git", "-C", str(ROOT), "describe", "--always", "--dirty")),
        ("compiler", _output("rustc", "--version")),
        ("Python", platform.python_version()),
    ]
    return rows + [(name, _version(name)) for name in packages]


def _processor():
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found.group(1) if found else platform.processor() or platform.machine()


def _output(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
