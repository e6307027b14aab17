#!/usr/bin/env python3
"""Holds that a reader finds the way: each page of docs/ says on top what it takes and gives, README.md lists it, and links lead somewhere.

tops.py [ROOT]

On top, within the first lines of a page, stand

    - **You need:** headers, as "libswill/swill.hpp", and CMake targets, as swill::swill
    - **You write:** …
    - **You get:** …

Headers and targets that are named there exist, sources that docs/architecture.md names do, verbs of ./dev that pages name do, commands are no code, and README.md names the packages
that a build needs. Prints one line for each thing that is wrong and exits with 1.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402
import pages  # noqa: E402

FIRST_LINES = 16
TOP = re.compile(r"^- \*\*You need:\*\* (.+)\n- \*\*You write:\*\* .+\n- \*\*You get:\*\* .+$", re.M)
HEADER = re.compile(r'`"(\S+\.hpp)"`')
TARGET = re.compile(r"swill::(\w+)")
SOURCE = re.compile(r"`([\w/]+\.[ch]pp)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.M)
BLOCK = re.compile(r"^```.*?^```$", re.M | re.S)


def targets_of(root):
    """The targets of the package: swill::…"""
    text = (root / "CMakeLists.txt").read_text()
    rooms = re.findall(r"^ *swill_room\((\w+)", text, re.M)
    return {*rooms, *re.findall(r"^add_library\(swill::(\w+) ALIAS", text, re.M), "test_support"}


def anchors_of(path):
    """What a link may name behind `#`, as the web makes it from headings."""
    headings = HEADING.findall(BLOCK.sub("", path.read_text()))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def check_top(root, page, text):
    top = TOP.search("\n".join(text.split("\n")[:FIRST_LINES]))
    if not top:
        yield f"{page}: does not say on top what one needs, writes and gets"
        return
    for header in HEADER.findall(top[1]):
        if not (root / header).exists():
            yield f"{page}: there is no {header}"
    for target in set(TARGET.findall(top[1])) - targets_of(root):
        yield f"{page}: there is no target swill::{target}"


def check_sources(root, page, text):
    """`detail/call.cpp` names a file by the end of its path."""
    rooms = [p.relative_to(root).as_posix() for top in ("libswill", "actors", "sessions", "pubsub", "programs", "apps", "tests")
             for p in (root / top).rglob("*.[ch]pp")]
    for name in sorted(set(SOURCE.findall(text))):
        if not any(("/" + room).endswith("/" + name) for room in rooms):
            yield f"{page}: there is no {name}"


def check_verbs(root, page, text):
    verbs = {v.replace("_", "-") for v in re.findall(r"^do_(\w+)\(\)", (root / "dev").read_text(), re.M)}
    for verb in sorted(set(re.findall(r"\./dev ([a-z][a-z-]*)", text)) - verbs):
        yield f"{page}: ./dev has no verb {verb}"


def check_commands(root, page):
    for block in pages.blocks_of(root, page):
        if block.language == "sh" and re.search(r"^(cmake_minimum_required|#include|project\()", block.text, re.M):
            yield f"{block}: code in the place of commands"


def check_packages(root, readme):
    lists = re.findall(r"^(?:build|test)_packages=\(\n(.*?)^\)", (root / "dev").read_text(), re.M | re.S)
    for package in re.findall(r"^  (\S+)", "".join(lists), re.M):
        if package != "ccache" and f"`{package}`" not in readme:
            yield f"README.md: does not name the package {package}"


def check_links(root, page, text):
    for link in LINK.findall(BLOCK.sub("", text)):
        name, _, anchor = link.partition("#")
        if ":" in name:
            continue
        path = (root / page).parent / name if name else root / page
        if not path.exists():
            yield f"{page}: {link} leads nowhere"
        elif anchor and anchor not in anchors_of(path):
            yield f"{page}: {link}: no such heading"


def check(root):
    readme = (root / "README.md").read_text()
    yield from check_packages(root, readme)
    for page in pages.pages_of(root):
        text = (root / page).read_text()
        yield from check_links(root, page, text)
        yield from check_verbs(root, page, text)
        yield from check_commands(root, page)
        if page.startswith("docs/"):
            yield from check_top(root, page, text)
        if page == "docs/architecture.md":
            yield from check_sources(root, page, text)
        if page != "README.md" and f"]({page})" not in readme:
            yield f"{page}: README.md does not list it"


if __name__ == "__main__":
    checks.run(check)
