"""The command line of the checks that look at files of a tree: NAME.py [--write] [ROOT].

A check is a function of the tree's root that yields one line for each thing that is wrong; one that can also put it right takes `write`.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(check, can_write=False):
    """Prints what `check` finds; the program ends with 1 when it finds anything."""
    arguments = sys.argv[1:]
    options = {"write": "--write" in arguments} if can_write else {}
    paths = [a for a in arguments if not (can_write and a == "--write")]
    problems = list(check(pathlib.Path(paths[0]) if paths else ROOT, **options))
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)
