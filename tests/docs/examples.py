#!/usr/bin/env python3
"""Holds the bytes in docs/protocol.md against the values beside them.

examples.py [ROOT]

An example is hex and then the value in the page's notation, on the same line or the next. Prints one line for each that
does not fit and exits with 1.
"""
import json
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "conformance")]
import checks  # noqa: E402
import run as conformance  # noqa: E402  (its encoder writes the shortest form, as a server does)

PAGE = "docs/protocol.md"
EXAMPLE = re.compile(r"^((?:[0-9a-f]{2} )*[0-9a-f]{2})\s+(\[.*\])$", re.M)


def check(root):
    found = EXAMPLE.findall((root / PAGE).read_text())
    if not found:
        yield f"{PAGE}: no examples"
    for digits, notation in found:
        value = json.loads(re.sub(r"\bnil\b", "null", notation))
        encoded = conformance.encode(value)
        if encoded != bytes.fromhex(digits):
            yield f"{PAGE}: {notation} is {encoded.hex(' ')}, not {digits}"


if __name__ == "__main__":
    checks.run(check)
