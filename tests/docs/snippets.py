#!/usr/bin/env python3
"""Holds the code of the documentation against code that the tests compile and run, and every block to somebody who looks after it.

snippets.py [--write] [ROOT]

In a page, every block of C++, CMake and TypeScript stands behind a line that names its source:

    <!-- snippet tests/docs/handlers_test.cpp first -->

and must equal what stands there between the lines `// [first]` and `// [/first]` (`#` in CMake), without the indentation they have in
common. `<!-- snippet templates/app/src/app.cpp whole -->` is all of a file that `swill new shop` makes. Commands (sh) are run by commands.py, JavaScript is a file that they run. What is only shown says text, json or mermaid. Prints one
line for each block that is otherwise and exits with 1; with --write it puts the sources' text into the pages. A snippet that no page shows
is reported too.
"""
import pathlib
import re
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402
import pages  # noqa: E402

SOURCES = ["tests/docs/*.cpp", "tests/package/*/CMakeLists.txt", "clients/typescript/tests/docs*.test.ts*"]
FROM_SOURCE = {"cpp", "cmake", "ts", "tsx"}
SHOWN = {"text", "json", "mermaid"}

BLOCK = re.compile(r"^<!-- snippet (\S+) (\S+) -->\n((?:<!-- [^\n]* -->\n)*)```(\w+)\n(.*?)^```$", re.M | re.S)
SNIPPET = re.compile(r"^[ \t]*(?://|#) \[([\w-]+)\]\n(.*?)^[ \t]*(?://|#) \[/\1\]$", re.M | re.S)


def snippets_of(root):
    """(path, name) -> text."""
    found = {}
    for path in sorted(path for pattern in SOURCES for path in root.glob(pattern)):
        for name, text in SNIPPET.findall(path.read_text()):
            found[str(path.relative_to(root)), name] = textwrap.dedent(text)
    return found


def wholes_of(root):
    """The same of files of new projects, which no page has to show."""
    paths = (root / "templates").rglob("src/*.[ch]pp")
    return {(str(path.relative_to(root)), "whole"): path.read_text().replace("@NAME@", "shop") for path in paths}


def write_into(path, known):
    def replaced(match):
        source, name, marks, language, _ = match.groups()
        if (source, name) not in known:
            return match.group()
        return f"<!-- snippet {source} {name} -->\n{marks}```{language}\n{known[source, name]}```"

    text = path.read_text()
    new = BLOCK.sub(replaced, text)
    if new != text:
        path.write_text(new)


def check(root, write=False):
    """One line for each thing that is wrong."""
    snippets = snippets_of(root)
    known = snippets | wholes_of(root)
    shown = set()
    for page in pages.pages_of(root):
        if write:
            write_into(root / page, known)
        for block in pages.blocks_of(root, page):
            if block.language in FROM_SOURCE:
                snippet = tuple(block.marks.get("snippet", "").split())
                shown.add(snippet)
                if not snippet:
                    yield f"{block}: code that names no source"
                elif snippet not in known:
                    yield f"{block}: no such snippet: {' '.join(snippet)}"
                elif block.text != known[snippet]:
                    yield f"{block}: differs from {' '.join(snippet)}: run tests/docs/snippets.py --write"
            elif block.language == "js":
                if "file" not in block.marks:
                    yield f"{block}: a program that no command runs"
            elif block.language not in SHOWN | {"sh"}:
                yield f"{block}: neither code that is compiled, nor commands that are run (sh), nor something to look at ({', '.join(sorted(SHOWN))})"
    for source, name in sorted(snippets.keys() - shown):
        yield f"{source}: no page shows {name}"


if __name__ == "__main__":
    checks.run(check, can_write=True)
