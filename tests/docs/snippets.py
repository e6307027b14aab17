#!/usr/bin/env python3
"""Holds the C++ of the documentation against code that the tests compile and run.

snippets.py [--write] [ROOT]

In a page, every ```cpp block stands behind a line that names its source:

    <!-- snippet tests/docs/handlers_test.cpp first -->

and must equal what stands there between the lines `// [first]` and `// [/first]`, without the indentation they have in
common. Prints one line for each that does not and exits with 1; with --write it puts the source's text into the page.
A snippet that no page shows is reported too.
"""
import pathlib
import re
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402

PAGES = ["README.md", "docs/handlers.md", "docs/sessions.md", "docs/pubsub.md", "docs/connections.md", "docs/workers.md"]
SOURCES = "tests/docs/*.cpp"

BLOCK = re.compile(r"(?:^<!-- snippet (\S+) (\S+) -->\n+)?^```cpp\n(.*?)^```$", re.M | re.S)
SNIPPET = re.compile(r"^[ \t]*// \[([\w-]+)\]\n(.*?)^[ \t]*// \[/\1\]$", re.M | re.S)


def snippets_of(root):
    """(path, name) -> text."""
    found = {}
    for path in sorted(root.glob(SOURCES)):
        for name, text in SNIPPET.findall(path.read_text()):
            found[str(path.relative_to(root)), name] = textwrap.dedent(text)
    return found


def check(root, write=False):
    """One line for each thing that is wrong."""
    known = snippets_of(root)
    shown = set()
    for page in PAGES:
        path = root / page
        text = path.read_text()
        problems = []

        def replaced(match):
            line = text[: match.start()].count("\n") + 1
            source, name, code = match.groups()
            if source is None:
                problems.append(f"{page}:{line}: C++ that names no source")
            elif (source, name) not in known:
                problems.append(f"{page}:{line}: no snippet {name} in {source}")
            else:
                shown.add((source, name))
                if code != known[source, name]:
                    if write:
                        return f"<!-- snippet {source} {name} -->\n```cpp\n{known[source, name]}```"
                    problems.append(f"{page}:{line}: differs from {name} in {source}")
            return match.group()

        new = BLOCK.sub(replaced, text)
        if new != text:
            path.write_text(new)
        yield from problems
    for source, name in sorted(known.keys() - shown):
        yield f"{source}: no page shows {name}"


if __name__ == "__main__":
    checks.run(check, can_write=True)
