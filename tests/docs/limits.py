#!/usr/bin/env python3
"""Holds the tables of the documentation against libswill/base/limits.hpp, the options of servers and plugins, what they count, and the
constants in the sources.

limits.py [--write] [ROOT]

In docs/limits.md the tables between `<!-- limits SECTION -->` and `<!-- end -->` are made from that header's members and their comments.
On any page those between one of these lines and `<!-- end -->` are made from a struct, each of whose members needs a comment:

    <!-- options HEADER STRUCT -->   its numbers and times
    <!-- settings HEADER STRUCT -->  these, and what can be on or off, left empty, or is a policy
    <!-- members HEADER STRUCT -->   all of its members
    <!-- counts HEADER STRUCT -->    all of its members, without their defaults

--write puts them in. A row of another table of docs/limits.md whose second column is a link to a source, `[name](../path)`, must have the
value that the source gives to that constant. Prints one line for each thing that is wrong and exits with 1.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402
import pages  # noqa: E402

HEADER = "libswill/base/limits.hpp"
PAGE = "docs/limits.md"

SECTION = re.compile(r"^  // --- (.*)$")
MEMBER = re.compile(r"^  (?:std::size_t|std::chrono::milliseconds) (\w+)(?: = (.*)|\{(.*)\});$")
NUMBER = r"(?:std::size_t|std::uint32_t|std::uint64_t|std::chrono::(?:milli)?seconds)"
ANY_MEMBER = re.compile(r"^  (\w[\w:<>, ]*) (\w+)(?: = (.*?)|\{(.*)\})?;(?:\s*///<? ?(.*))?$")
OPTION = re.compile(rf"^  {NUMBER} (\w+)(?: = (.*)|\{{(.*)\}});(?:\s*///<? ?(.*))?$")
# Members of other kinds, and how their defaults read.
OTHER_OPTIONS = (
    (re.compile(r"^  bool (\w+) = false;(?:\s*///<? ?(.*))?$"), "off"),
    (re.compile(r"^  bool (\w+) = true;(?:\s*///<? ?(.*))?$"), "on"),
    (re.compile(r"^  std::optional<std::chrono::milliseconds> (\w+)\{\};(?:\s*///<? ?(.*))?$"), "empty"),
    (re.compile(r"^  \w+_policy (\w+)\{\};(?:\s*///<? ?(.*))?$"), "as above"),
)
DURATION = re.compile(r"^std::chrono::(\w+)\{(.*)\}$")
MILLISECONDS = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
STRUCT = re.compile(r"^<!-- (options|settings|members|counts) (\S+) (\w+) -->\n(.*?)^<!-- end -->$", re.M | re.S)
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


def options_of(header, struct, others=()):
    """Rows of a struct's numbers and times, and of its other options that are of these kinds, as sections_of."""
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
        elif other := next(((m, d) for r, d in others if (m := r.match(line))), None):
            member, default = other
            what, _, when = (" ".join(comment) or member[2] or "").partition(" When reached: ")
            rows.append((member[1], default, what, when[:1].upper() + when[1:]))
            comment = []
        else:
            comment = []
    return rows


def default_of(type_name, value):
    """What a member holds when nobody says otherwise, as people read it."""
    if "std::chrono" in type_name:
        return time_shown(value)
    if type_name in ("std::size_t", "int") or type_name.startswith("std::uint"):
        return shown(value.replace("'", ""), False)
    return f"`{value}`" if value else "none"


def members_of(header, struct):
    """Rows of all members of a struct, as sections_of."""
    body = re.search(rf"^struct {struct} \{{\n(.*?)^\}};", header, re.M | re.S)
    rows, comment = [], []
    for line in re.sub(r"=\n\s+", "= ", body[1]).split("\n") if body else []:
        if line.startswith("  ///"):
            comment.append(line[5:].strip())
        elif member := ANY_MEMBER.match(line):
            type_name, name, value, braces, after = member.groups()
            what, _, when = (" ".join(comment) or after or "").partition(" When reached: ")
            rows.append((name, default_of(type_name, value or braces or ""), what, when[:1].upper() + when[1:]))
            comment = []
        else:
            comment = []
    return rows


def table_of_members(rows, owner):
    lines = [f"| `{owner}::` | default | what it is |", "|---|---|---|"]
    lines += [f"| `{name}` | {default} | {what} |" for name, default, what, _ in rows]
    return "\n".join(lines) + "\n"


def table_of_counts(rows, owner):
    lines = [f"| `{owner}::` | what it counts |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, _, what, _ in rows]
    return "\n".join(lines) + "\n"


def table_of(rows, owner="limits"):
    lines = [f"| `{owner}::` | default | what it bounds | when reached |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {default} | {what} | {when} |" for name, default, what, when in rows]
    return "\n".join(lines) + "\n"


TABLES = {"options": (options_of, table_of),
          "settings": (lambda header, struct: options_of(header, struct, OTHER_OPTIONS), table_of),
          "members": (members_of, table_of_members),
          "counts": (members_of, table_of_counts)}


def number(text):
    """64 KiB -> 65536, 1,000 -> 1000."""
    n, _, unit = text.partition(" ")
    return int(n.replace(",", "")) * {"KiB": 1 << 10, "MiB": 1 << 20}.get(unit, 1)


def check_structs(root, page, text, problems, write):
    """The page's text with the tables that are made from structs."""
    def replaced(match):
        kind, header, struct, body = match.groups()
        rows_of, make_table = TABLES[kind]
        rows = rows_of((root / header).read_text(), struct)
        problems.extend(f"{header}: {struct}::{row[0]} has no comment" for row in rows if not row[2])
        if not rows:
            problems.append(f"{page}: no {kind} in {struct} of {header}")
        table = make_table(rows, struct)
        if body != table and not write:
            problems.append(f"{page}: the table of {struct} differs from {header}: run tests/docs/limits.py --write")
        return f"<!-- {kind} {header} {struct} -->\n{table}<!-- end -->"

    return STRUCT.sub(replaced, text)


def check_sections(root, text, problems, write):
    """The text of docs/limits.md with the tables of the limits."""
    sections = sections_of((root / HEADER).read_text())
    seen = set()

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

    new = TABLE.sub(replaced, text)
    problems += [f"{PAGE}: section '{name}' of {HEADER} is missing" for name in sections if name not in seen]
    return new


def check_constants(root, text):
    for name, source, value in CONSTANT.findall(text):
        found = re.search(rf"\b{name}\b(?: = |\{{)([\d' *]+)", (root / source).read_text())
        actual = eval(found[1].replace("'", ""), {"__builtins__": {}}) if found else None
        if actual != number(value):
            yield f"{PAGE}: {name} is {actual} in {source}, not {value}"


def check(root, write=False):
    problems = []
    for page in pages.pages_of(root):
        text = (root / page).read_text()
        new = check_structs(root, page, text, problems, write)
        if page == PAGE:
            new = check_sections(root, new, problems, write)
            problems += check_constants(root, text)
        if write and new != text:
            (root / page).write_text(new)
    return problems


if __name__ == "__main__":
    checks.run(check, can_write=True)
