#!/usr/bin/env python3
"""Holds docs/limits.md against libswill/base/limits.hpp, the options of the plugins, and the constants in the sources that it names.

limits.py [--write] [ROOT]

The tables between `<!-- limits SECTION -->` and `<!-- end -->` are made from the header's members and their comments;
--write puts them in; those between `<!-- options HEADER STRUCT -->` and `<!-- end -->` are made from the numbers and times of that
struct, each of which needs a comment. A row of another table whose second column is a link to a source, `[name](../path)`, must have the
value that the source gives to that constant. Prints one line for each thing that is wrong and exits with 1.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402

HEADER = "libswill/base/limits.hpp"
PAGE = "docs/limits.md"

SECTION = re.compile(r"^  // --- (.*)$")
MEMBER = re.compile(r"^  (?:std::size_t|std::chrono::milliseconds) (\w+)(?: = (.*)|\{(.*)\});$")
NUMBER = r"(?:std::size_t|std::uint32_t|std::uint64_t|std::chrono::(?:milli)?seconds)"
OPTION = re.compile(rf"^  {NUMBER} (\w+)(?: = (.*)|\{{(.*)\}});(?:\s*///<? ?(.*))?$")
DURATION = re.compile(r"^std::chrono::(\w+)\{(.*)\}$")
MILLISECONDS = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
OPTIONS = re.compile(r"^<!-- options (\S+) (\w+) -->\n(.*?)^<!-- end -->$", re.M | re.S)
TABLE = re.compile(r"^<!-- limits (.*?) -->\n(.*?)^<!-- end -->$", re.M | re.S)
CONSTANT = re.compile(r"^\| .*? \| `(\w+)` in \[\S+\]\(\.\./(\S+)\) \| (.*?) \|", re.M)


def shown(value, is_time, is_count=False):
    """A default as people read it."""
    n = eval(value, {"__builtins__": {}})  # an integer expression of our own header
    if is_time:
        return "none" if n == 0 else f"{n} ms" if n % 1000 else f"{n // 1000} s"
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n >= size and n % size == 0 and "*" in value and not is_count:
            return f"{n // size} {unit}"
    return f"{n:,}"


def is_count(what):
    """Whether a comment speaks of a number of values, not of bytes."""
    return what.startswith("Values ")


def sections_of(header):
    """Section -> rows (name, default, what it is, what happens)."""
    sections, rows, comment = {}, None, []
    for line in header.split("\n"):
        if section := SECTION.match(line):
            rows = sections.setdefault(section[1], [])
            comment = []
        elif line.startswith("  ///"):
            comment.append(line[5:].strip())
        elif member := MEMBER.match(line):
            is_time = member[3] is not None
            about = " ".join(comment)
            what, _, when = about.partition(" When reached: ")
            when = when[:1].upper() + when[1:]
            rows.append((member[1], shown(member[3] if is_time else member[2], is_time, is_count(what)), what, when))
            comment = []
    return sections


def time_shown(value):
    """std::chrono::minutes{30}, or a number of milliseconds, as people read it."""
    if unit := DURATION.match(value):
        value = f"({unit[2].replace(chr(39), '')}) * {MILLISECONDS[unit[1]]}"
    ms = eval(value.replace("'", ""), {"__builtins__": {}})
    for name, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if ms >= size and ms % size == 0:
            return f"{ms // size} {name}"
    return shown(str(ms), True)


def options_of(header, struct):
    """Rows of a struct's numbers and times, as sections_of."""
    body = re.search(rf"^struct {struct} \{{\n(.*?)^\}};", header, re.M | re.S)
    rows, comment = [], []
    for line in body[1].split("\n") if body else []:
        if line.startswith("  ///"):
            comment.append(line[5:].strip())
        elif option := OPTION.match(line):
            about = " ".join(comment) or option[4] or ""
            what, _, when = about.partition(" When reached: ")
            default = time_shown(option[3]) if option[3] is not None else shown(option[2].replace("'", ""), False, is_count(what))
            rows.append((option[1], default, what, when[:1].upper() + when[1:]))
            comment = []
        else:
            comment = []
    return rows


def table_of(rows, owner="limits"):
    lines = [f"| `{owner}::` | default | what it bounds | when reached |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {default} | {what} | {when} |" for name, default, what, when in rows]
    return "\n".join(lines) + "\n"


def number(text):
    """64 KiB -> 65536, 1,000 -> 1000."""
    n, _, unit = text.partition(" ")
    return int(n.replace(",", "")) * {"KiB": 1 << 10, "MiB": 1 << 20}.get(unit, 1)


def check(root, write=False):
    path = root / PAGE
    text = path.read_text()
    sections = sections_of((root / HEADER).read_text())
    seen, problems = set(), []

    def replaced(match):
        name, body = match.groups()
        seen.add(name)
        if name not in sections:
            problems.append(f"{PAGE}: no section '{name}' in {HEADER}")
            return match.group()
        table = table_of(sections[name])
        if body != table and not write:
            problems.append(f"{PAGE}: the table of '{name}' differs from {HEADER}: run tests/docs/limits.py --write")
        return f"<!-- limits {name} -->\n{table}<!-- end -->"

    def options_replaced(match):
        header, struct, body = match.groups()
        rows = options_of((root / header).read_text(), struct)
        problems.extend(f"{header}: {struct}::{row[0]} has no comment" for row in rows if not row[2])
        if not rows:
            problems.append(f"{PAGE}: no numbers in {struct} of {header}")
        table = table_of(rows, struct)
        if body != table and not write:
            problems.append(f"{PAGE}: the table of {struct} differs from {header}: run tests/docs/limits.py --write")
        return f"<!-- options {header} {struct} -->\n{table}<!-- end -->"

    new = OPTIONS.sub(options_replaced, TABLE.sub(replaced, text))
    if write and new != text:
        path.write_text(new)
    problems += [f"{PAGE}: section '{name}' of {HEADER} is missing" for name in sections if name not in seen]
    for name, source, value in CONSTANT.findall(text):
        found = re.search(rf"\b{name}\b(?: = |\{{)([\d' *]+)", (root / source).read_text())
        actual = eval(found[1].replace("'", ""), {"__builtins__": {}}) if found else None
        if actual != number(value):
            problems.append(f"{PAGE}: {name} is {actual} in {source}, not {value}")
    return problems


if __name__ == "__main__":
    checks.run(check, can_write=True)
