#!/usr/bin/env python3
"""Runs the commands of the documentation, each page from its top to its end, as a reader who pastes them.

commands.py BUILD [--clean] [PAGE...]

BUILD is a build directory of this tree, whose programs the commands find. Each page has a home directory of its own. There, for README.md,
stands a tree whose `./dev` does not build but takes what BUILD has; the other pages find the programs in PATH. All of it happens in a
network namespace, so that ports are those of the pages; where that is not allowed, on the machine's loopback if the ports are free, and
otherwise not at all (exit code 77).

With --clean, README.md is followed to the letter: BUILD is of no use, a clone of this tree's HEAD is built by its own `./dev`, and what
needs the network is run, too. That takes as long as building takes.

pages.py lists the marks that a block of commands may have. Prints what a page's commands have said when one of them fails, and exits with 1.
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pages

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = [8080, 9000]  # that the pages use
LIMIT = 300           # seconds for one block; one compiles
PATIENCE = 120        # seconds until a program serves; one is built first

DEV = """#!/bin/bash
# Does what ./dev does, with a build that is there.
set -eu
case $1 in
  run) exec build/release/bin/swill-gateway ;;
  install) cmake --install build/release --prefix "$2" ;;
  *) echo "./dev $1 is not known to the test of the documentation" >&2 && exit 2 ;;
esac
"""


class Failed(Exception):
    pass


class Reader:
    """Somebody who follows one page. Programs that serve go on until the next Ctrl-C, or the page's end."""

    def __init__(self, page, home, build, clean):
        self.page, self.home, self.clean = page, home, clean
        self.files = home / ".test"
        self.files.mkdir()
        self.directory = home
        self.serving = []  # processes, and the files that they write to
        self.said = ""
        self.left_out = []
        path = os.environ["PATH"]
        if page == "README.md":
            self.directory = home / "checkout"
            self.get_tree(build)
        elif page == "docs/first-app.md": # projects need an installed library
            subprocess.run(["cmake", "--install", build, "--prefix", home / ".swill"], check=True, stdout=subprocess.DEVNULL)
            path = f"{home / '.swill' / 'bin'}:{path}"
        else:
            path = f"{build / 'bin'}:{path}"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SWILL_")}
        self.environment |= {"HOME": str(home), "PATH": path}

    def get_tree(self, build):
        if self.clean:
            subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, self.directory], check=True)
            return
        (self.directory / "build").mkdir(parents=True)
        (self.directory / "build" / "release").symlink_to(build)
        (self.directory / "dev").write_text(DEV)
        (self.directory / "dev").chmod(0o755)

    def read(self, block):
        if "ctrl-c" in block.marks:
            self.end_last(block)
        if "file" in block.marks:
            (self.directory / block.marks["file"]).write_text(block.text)
        if "output" in block.marks and self.said not in (None, block.text):
            raise Failed(f"{block}: the commands before it have printed\n{self.said}")
        if block.language != "sh" or "not run" in block.marks or "run by" in block.marks:
            return
        if "needs" in block.marks and not (self.clean and shutil.which(block.marks["needs"])):
            self.left_out.append(f"{block}: needs {block.marks['needs']}")
            self.said = None
        elif "serves" in block.marks:
            self.start(block)
        else:
            self.run(block)

    def run(self, block):
        state = self.files / "pwd"
        limit = LIMIT if not self.clean else 3600
        with subprocess.Popen(["bash", "-euc", f"{block.text}\npwd > '{state}'"], cwd=self.directory, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as process:
            try:
                self.said, errors = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise Failed(f"{block}: has not ended after {limit} s") from None
        if process.returncode != 0:
            raise Failed(f"{block}: ended with {process.returncode}\n{self.said}{errors}")
        self.directory = pathlib.Path(state.read_text().rstrip("\n"))

    def start(self, block):
        output = self.files / f"output-{len(self.serving)}-{block.line}"
        with output.open("w") as file:
            process = subprocess.Popen(["bash", "-euc", block.text], cwd=self.directory, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
        self.serving.append((process, output))
        end = time.monotonic() + (PATIENCE if not self.clean else 3600)
        while block.marks["serves"] not in output.read_text():
            if process.poll() is not None or time.monotonic() > end:
                raise Failed(f"{block}: has not said \"{block.marks['serves']}\"")
            time.sleep(0.02)

    def end_last(self, block=None):
        process, output = self.serving.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Failed(f"{block or self.page}: Ctrl-C does not end it\n{output.read_text()}") from None

    def end(self):
        """What the programs that still served have written."""
        texts = []
        while self.serving:
            texts.append(self.serving[-1][1].read_text())
            self.end_last()
        return "".join(texts)


def check_marks(block):
    """A block that others run is known to them."""
    if "run by" not in block.marks:
        return
    test = ROOT / block.marks["run by"]
    if not test.exists() or pathlib.Path(block.page).name not in test.read_text():
        raise Failed(f"{block}: {block.marks['run by']} does not know this page")


def follow(page, build, clean):
    """Problems of one page: one text, or none."""
    blocks = pages.blocks_of(ROOT, page)
    if not any(block.language == "sh" for block in blocks):
        return None
    with tempfile.TemporaryDirectory(prefix="swill-docs-") as home:
        reader = Reader(page, pathlib.Path(home), build, clean)
        problem = None
        try:
            for block in blocks:
                check_marks(block)
                reader.read(block)
        except Failed as e:
            problem = str(e)
        try:
            text = reader.end()
        except Failed as e:
            text, problem = "", problem or str(e)
        for line in reader.left_out:
            print(f"left out: {line}")
        return f"{problem}\n{text}" if problem else None


def enter_namespace():
    """Begins anew where all ports are free. Returns when that is not allowed."""
    if subprocess.run(["unshare", "--map-root-user", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode != 0:
        return
    script = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "--map-root-user", "--net", "bash", "-c", script, "bash", sys.executable, *sys.argv, "--inside"])


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("page", nargs="*")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not chosen.inside and not chosen.clean and shutil.which("unshare") and shutil.which("ip"):
        enter_namespace()
    if taken := [port for port in PORTS if not is_free(port)]:
        print(f"ports {taken} are taken, and there is no network namespace to be had")
        return 77
    problems = []
    for page in chosen.page or pages.pages_of(ROOT):
        begin = time.monotonic()
        if problem := follow(page, chosen.build.resolve(), chosen.clean):
            problems.append(problem)
        print(f"{page}: {'failed' if problem else 'ok'}, {time.monotonic() - begin:.1f} s", flush=True)
    print(*problems, sep="\n", end="")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
