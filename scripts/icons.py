#!/usr/bin/env python3
"""Draws the app's icons, app/static/appIcon*.png, with the standard library alone.

A bucket, and a dot for the address that has never been there: 36 and 72 pixels wide, as Splunk Web wants them,
in colour for the launcher and in white for its bars. The same source gives the same bytes.

    usage: scripts/icons.py [FOLDER]
"""

import struct
import sys
import zlib
from pathlib import Path

BLUE, WHITE, ORANGE = (28, 62, 99), (255, 255, 255), (255, 153, 51)
SAMPLES = 4


def on_tile(x, y):
    """A square with round corners, all coordinates from 0 to 1."""
    radius = 0.18
    dx = max(radius - x, x - (1 - radius), 0)
    dy = max(radius - y, y - (1 - radius), 0)
    return dx * dx + dy * dy <= radius * radius


def in_ellipse(x, y, centre_x, centre_y, radius_x, radius_y):
    return ((x - centre_x) / radius_x) ** 2 + ((y - centre_y) / radius_y) ** 2 <= 1


def on_bucket(x, y):
    """A bucket: walls that lean inwards, a round bottom, and a rim with the opening left free."""
    half = 0.30 - 0.10 * (y - 0.42) / 0.36
    walls = 0.42 <= y <= 0.78 and abs(x - 0.46) <= half
    bottom = y > 0.78 and in_ellipse(x, y, 0.46, 0.78, 0.20, 0.07)
    rim = in_ellipse(x, y, 0.46, 0.42, 0.30, 0.10)
    opening = in_ellipse(x, y, 0.46, 0.42, 0.24, 0.06)
    return (walls or bottom or rim) and not opening


def on_dot(x, y, radius=0.13):
    return in_ellipse(x, y, 0.76, 0.24, radius, radius)


def colour_of(x, y):
    if on_dot(x, y):
        return ORANGE
    if on_bucket(x, y):
        return WHITE
    return BLUE if on_tile(x, y) else None


def white_of(x, y):
    return WHITE if on_dot(x, y) or on_bucket(x, y) else None


def pixel(paint, column, row, size):
    """The mean of a pixel's samples as red, green, blue, alpha."""
    steps = [(n + 0.5) / SAMPLES for n in range(SAMPLES)]
    hits = [paint((column + dx) / size, (row + dy) / size) for dy in steps for dx in steps]
    drawn = [hit for hit in hits if hit]
    if not drawn:
        return bytes(4)
    channels = [round(sum(hit[n] for hit in drawn) / len(drawn)) for n in range(3)]
    return bytes([*channels, round(255 * len(drawn) / len(hits))])


def png(paint, size):
    """A PNG file of size x size pixels, eight bits per channel with alpha."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"".join(pixel(paint, column, row, size) for column in range(size)) for row in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def icons():
    """The icons by file name."""
    return {
        f"{name}{suffix}.png": png(paint, size)
        for name, paint in (("appIcon", colour_of), ("appIconAlt", white_of))
        for suffix, size in (("", 36), ("_2x", 72))
    }


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "app/static")
    for name, data in icons().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
