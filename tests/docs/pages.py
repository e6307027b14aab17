"""The pages of the documentation, and the blocks in them. Pages are README.md, CONTRIBUTING.md and all of docs/ but its decisions, which
are history.

A block may have marks, each a comment on a line of its own before it, of one of the kinds in MARKS:

    <!-- snippet tests/docs/handlers_test.cpp first -->

Commands that only the tests need, and no reader, stand in a comment that begins with a line `<!-- sh`.
"""
import re
from typing import NamedTuple

MARKS = {
    "snippet": "SOURCE NAME: the block is that part of a source (snippets.py)",
    "file": "NAME: commands.py writes the block to this file, where the commands around it find it",
    "serves": "TEXT: the commands go on in the background once they have printed TEXT",
    "ctrl-c": "the program that was started last in the background ends first",
    "output": "the block is what the commands before it print",
    "needs": "PROGRAM: left out where that is not found, or the network is out of reach",
    "run by": "PATH: that test runs these commands",
    "not run": "REASON",
}

FENCE = re.compile(r"^```(\w*)$")
MARK = re.compile(rf"^<!-- ({'|'.join(MARKS)}):? ?(.*?) ?-->$")


class Block(NamedTuple):
    page: str
    line: int  # of its fence
    language: str
    text: str
    marks: dict

    def __str__(self):
        return f"{self.page}:{self.line}"


def pages_of(root):
    """Paths of the pages, from the root."""
    paths = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    return [str(path.relative_to(root)) for path in paths if path.exists()]


def blocks_of(root, page):
    """The blocks of a page, from its top to its end."""
    blocks, marks, lines = [], {}, iter(enumerate((root / page).read_text().split("\n"), 1))

    def add(number, language, end):
        text = []
        for _, line in lines:
            if line == end:
                break
            text.append(line + "\n")
        blocks.append(Block(page, number, language, "".join(text), marks))

    for number, line in lines:
        if fence := FENCE.match(line):
            add(number, fence[1], "```")
        elif line == "<!-- sh":
            add(number, "sh", "-->")
        elif mark := MARK.match(line):
            marks[mark[1]] = mark[2]
            continue
        elif not line:
            continue
        marks = {}
    return blocks
