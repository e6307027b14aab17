#!/usr/bin/env python3
"""Does what docs/first-app.md tells a user to do, with an installation of this build, and what may go wrong on the way.

check.py BUILD [NAME...]

Installs BUILD into a directory of its own, and makes projects with its `swill`, in directories outside of this tree. NAME chooses among the
checks below. Prints one line for each, with the time that it took, and exits with 1 when one fails.

From `swill new` to an answered call it may take 60 s, and from an edit to the program that does as it says 10 s, on two processors that do nothing
else. A machine that does something else, or is slow, is given three times that; SWILL_PATIENCE=5 makes it five times, 1 what it says.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = float(os.environ.get("SWILL_PATIENCE", "3"))
FIRST_ANSWER = 60
EDIT = 10
MOST_FILES = 15


class Failed(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Failed(what)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, holds, limit):
    end = time.monotonic() + limit * PATIENCE
    while not (value := holds()):
        if time.monotonic() > end:
            raise Failed(f"not within {limit * PATIENCE:.0f} s: {what}")
        time.sleep(0.05)
    return value


def processes_in(directory):
    """Processes that work there."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if pathlib.Path(os.readlink(entry / "cwd")).is_relative_to(directory):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            pass
    return found


class World:
    """An installation, and a directory in which nothing is yet."""

    def __init__(self, build, home):
        self.home = home
        self.prefix = home / "prefix"
        self.work = home / "work"
        self.work.mkdir()
        subprocess.run(["cmake", "--install", build, "--prefix", self.prefix], check=True, stdout=subprocess.DEVNULL)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SWILL_")}
        # As strict as it gets, for what users start with.
        self.environment |= {"PATH": f"{self.prefix}/bin:{os.environ['PATH']}", "HOME": str(home), "CXXFLAGS": "-Wall -Wextra -Werror"}

    def run(self, *command, where=None, limit=600, **more):
        environment = self.environment | more.pop("environment", {})
        return subprocess.run(command, cwd=where or self.work, env=environment, text=True, capture_output=True, timeout=limit * PATIENCE,
                              stdin=subprocess.DEVNULL, check=False, **more)

    def swill(self, *arguments, **more):
        return self.run("swill", *arguments, **more)


class Developing:
    """`swill dev` in a project, with what it says."""

    def __init__(self, world, directory, *arguments):
        self.port = free_port()
        self.said = directory / "build.said"
        self.world, self.directory = world, directory
        with self.said.open("w") as to:
            self.process = subprocess.Popen(["swill", "dev", "--", "--port", str(self.port), *arguments], cwd=directory, env=world.environment,
                                            stdin=subprocess.DEVNULL, stdout=to, stderr=to, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30 * PATIENCE)

    def text(self):
        return self.said.read_text()

    def wait_for(self, words, limit, times=1):
        def holds():
            if self.process.poll() is not None:
                raise Failed(f"swill dev has ended with {self.process.returncode}:\n{self.text()}")
            return self.text().count(words) >= times
        try:
            until(words, holds, limit)
        except Failed as e:
            raise Failed(f"{e}\n{self.text()}") from None

    def call(self, rpc, data):
        done = self.world.swill("--url", f"ws://127.0.0.1:{self.port}/ws", "--json", "call", rpc, json.dumps(data), where=self.directory)
        return json.loads(done.stdout) if done.returncode == 0 else (done.returncode, done.stderr)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()


def make(world, name, *more):
    done = world.swill("new", name, *more)
    require(done.returncode == 0, f"new: {done.returncode} {done.stdout}{done.stderr}")
    return world.work / name


def edit(path, before, after):
    text = path.read_text()
    require(before in text, f"{path} has no {before}")
    path.write_text(text.replace(before, after))


def check_new_to_answer_and_edit(world):
    begin = time.monotonic()
    shop = make(world, "shop")
    files = [p for p in shop.rglob("*") if p.is_file()]
    require(len(files) <= MOST_FILES, f"{len(files)} files")
    require(not any("@NAME@" in p.read_text() or "dot-" in p.name for p in files), "a place for the name is left")
    api = (shop / "page" / "api.js").read_text()

    with Developing(world, shop) as dev:
        dev.wait_for("ready; the playground is at", FIRST_ANSWER)
        require(dev.call("shop.greet", {"name": "Ada"}) == "Hello, Ada!", "no greeting")
        took = time.monotonic() - begin
        require(took < FIRST_ANSWER * PATIENCE, f"{took:.1f} s from new to an answer")
        print(f"  from new to an answer {took:.1f} s")
        require((shop / "page" / "api.js").read_text() == api, "the client of a new project is not that which is made of it")
        require("<title>shop</title>" in dev.get("/"), "no page")
        require("Content-Security-Policy" in str(urllib.request.urlopen(f"http://127.0.0.1:{dev.port}/playground").headers), "no playground")

        # an edit, with a new handler: the program and its client know it
        begin = time.monotonic()
        edit(shop / "src" / "app.cpp", "Hello, ", "Good day, ")
        until("the edited program", lambda: dev.call("shop.greet", {"name": "Ada"}) == "Good day, Ada!", EDIT)
        print(f"  from an edit to an answer {time.monotonic() - begin:.1f} s")
        edit(shop / "src" / "app.cpp", "  add_visits(handlers);",
             '  handlers.handle("twice", [](swill::request<int> r) { return 2 * r.data(); });\n  add_visits(handlers);')
        dev.wait_for("page/api.js is new", EDIT)
        require('client.call("shop.twice"' in (shop / "page" / "api.js").read_text(), "the client does not know the new handler")

        # one that does not compile: its message, and the program from before
        edit(shop / "src" / "app.cpp", "co_return text;", "co_return txet;")
        dev.wait_for("it does not build; the program from before goes on", 2 * EDIT)
        require("txet" in dev.text(), "no message of the compiler")
        require(dev.call("shop.twice", 4) == 8, "the old program has gone")
        edit(shop / "src" / "app.cpp", "co_return txet;", "co_return text;")
        dev.wait_for("something has changed", EDIT, times=4)

        # what ends by itself is told, and starts again
        dev.wait_for("built in", 2 * EDIT, times=3)
    require(dev.process.returncode == 130, f"swill dev has ended with {dev.process.returncode}")
    require(not processes_in(shop), f"left behind: {processes_in(shop)}")

    edit(shop / "src" / "app.cpp", "Good day, ", "Hello, ")
    done = world.swill("test", where=shop)
    require(done.returncode == 0 and "100% tests passed" in done.stdout, done.stdout + done.stderr)
    edit(shop / "src" / "app.cpp", "Hello, ", "Bye, ")
    done = world.swill("test", where=shop)
    require(done.returncode == 1 and "App.GreetsByName" in done.stdout, done.stdout + done.stderr)
    commands_of_readme(world, shop)


def commands_of_readme(world, shop):
    """Every block of commands in the project's README.md, on the port that is in it when that is free."""
    edit(shop / "src" / "app.cpp", "Bye, ", "Hello, ")
    blocks = re.findall(r"^```sh\n(.*?)^```$", (shop / "README.md").read_text(), re.M | re.S)
    require([b.split()[:2] for b in blocks] == [["swill", "dev"], ["swill", "call"], ["swill", "test"]], f"README.md has {blocks}")
    with Developing(world, shop) as dev:
        dev.wait_for("ready;", FIRST_ANSWER)
        url = {"SWILL_URL": f"ws://127.0.0.1:{dev.port}/ws"}
        done = world.run("bash", "-euc", blocks[1], where=shop, environment=url)
        require(done.returncode == 0 and done.stdout == '"Hello, Ada!"\n', f"{blocks[1]}: {done.stdout}{done.stderr}")
        done = world.run("bash", "-euc", blocks[2], where=shop)
        require(done.returncode == 0, f"{blocks[2]}: {done.stdout}{done.stderr}")


def check_bad_names(world):
    (world.work / "there").mkdir()
    (world.work / "link").symlink_to("nowhere")
    for name, words in {"": "empty", "a b": "is no name of a project", "a/b": "is no name", "../a": "is no name", "/tmp/a": "is no name", ".": "is no name",
                        "Shop": "is no name", "1a": "is no name", "-a": "", "ä": "is no name", "a" * 64: "is no name", "class": "have that word",
                        "test": "have that word", "there": "exists already", "link": "exists already"}.items():
        before = sorted(p.name for p in world.work.iterdir())
        done = world.swill("new", name)
        require(done.returncode == 1 and words in done.stderr, f"new {name!r}: {done.returncode} {done.stderr}")
        require(sorted(p.name for p in world.work.iterdir()) == before, f"new {name!r} has left something")
    require(world.swill("new", "a" * 63).returncode == 0, "a name of 63 letters")
    shutil.rmtree(world.work / ("a" * 63))
    for verb in (["dev"], ["test"], ["add", "cluster"]):
        done = world.swill(*verb)
        require(done.returncode == 1 and "no swill.json here" in done.stderr, f"{verb}: {done.stderr}")


def check_places_that_take_nothing(world):
    closed = world.home / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    as_somebody = {} if os.getuid() != 0 else {"user": 65534, "group": 65534, "extra_groups": []}
    world.home.chmod(0o755)
    done = world.swill("new", "shop", where=closed, **as_somebody)
    require(done.returncode == 12 and "cannot be written: Permission denied" in done.stderr, f"{done.returncode} {done.stderr}")

    # A file that may not grow is what a full disk is: some files fit, that of the client does not.
    limited = world.home / "limited"
    limited.mkdir()
    done = world.swill("new", "shop", where=limited, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    require(done.returncode == 12 and "cannot be written: File too large" in done.stderr, f"{done.returncode} {done.stderr}")
    require(not list(limited.iterdir()), f"left behind: {list(limited.iterdir())}")

    gone = world.home / "gone"
    gone.mkdir()
    done = world.run("sh", "-c", 'rmdir "$PWD"; exec swill new shop', where=gone)
    require(done.returncode == 1 and done.stderr.startswith("swill: the current directory has been removed: "), f"{done.returncode} {done.stderr}")


def check_missing_packages(world):
    shop = make(world, "poor")
    empty = world.home / "empty"
    empty.mkdir()
    done = world.run(world.prefix / "bin" / "swill", "dev", where=shop, environment={"PATH": str(empty)})
    require(done.returncode == 1, f"{done.returncode} {done.stderr}")
    require("sudo apt-get install --no-install-recommends g++ cmake ninja-build\n" in done.stderr, done.stderr)
    done = world.run(world.prefix / "bin" / "swill", "new", "poorer", environment={"PATH": str(empty)})
    require(done.returncode == 0 and "First, packages are missing: sudo apt-get install" in done.stderr, done.stderr)


def check_interrupted_while_it_compiles(world):
    shop = make(world, "hasty")
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        shutil.rmtree(shop / "build", ignore_errors=True)
        with Developing(world, shop) as dev:
            until("a compiler", lambda: any("cc1plus" in p and ".dir/" in p for p in processes_in(shop)), FIRST_ANSWER)
            dev.process.send_signal(how)
            dev.process.wait(20 * PATIENCE)
        until(f"the end of all after signal {how}: {processes_in(shop)}", lambda: not processes_in(shop), 20)


def hand_made(world, name, seconds):
    """A project whose build takes so long, and makes a program that sleeps."""
    project = world.work / name
    (project / "build").mkdir(parents=True)
    (project / "swill.json").write_text(json.dumps({"program": name}))
    (project / "build" / "build.ninja").write_text(
        f"rule make\n  command = sleep {seconds} && printf '#!/bin/sh\\necho running\\nexec sleep 600\\n' > $out && chmod +x $out\n"
        f"build {name}: make\n")
    return project


def check_long_build_says_that_it_goes_on(world):
    with Developing(world, hand_made(world, "slow", 17)) as dev:
        dev.wait_for("swill dev: builds slow for the first time", 10)
        dev.wait_for("swill dev: still building slow after 15 s", 20)
        dev.wait_for("running", 20)
        require("after 30 s" not in dev.text(), dev.text())


def check_cluster(world):
    two = make(world, "two", "--cluster")
    one = make(world, "one")
    done = world.run("cmake", "-G", "Ninja", "-B", "build", where=one, environment={"CMAKE_PREFIX_PATH": str(world.prefix)})
    require(done.returncode == 0, f"{done.stdout}{done.stderr}")
    done = world.swill("add", "cluster", where=one)
    require(done.returncode == 0, done.stderr)
    names = [sorted(str(p.relative_to(d)) for p in d.rglob("*") if p.is_file() and d / "build" not in p.parents) for d in (one, two)]
    require(names[0] == names[1], f"{names}")
    done = world.swill("add", "cluster", where=one)
    require(done.returncode == 1 and "exists already, and nothing was added" in done.stderr, done.stderr)
    run_cluster(world, one)


def run_cluster(world, one):
    """Its programs with a Redis, without containers: two gateways, and a worker of both."""
    done = world.run("cmake", "--build", "build", "--target", "one-gateway", "one-worker", where=one)
    require(done.returncode == 0, f"it was configured before it became a cluster: {done.stdout}{done.stderr}")
    (one / "secret").write_text("a secret of more than sixteen bytes\n")
    redis, *ports = [free_port() for _ in range(5)]
    shared = ["--redis", f"redis://127.0.0.1:{redis}"]
    commands = [["redis-server", "--port", str(redis), "--save", "", "--bind", "127.0.0.1"]]
    for port, workers in (ports[:2], ports[2:]):
        commands.append(["build/one-gateway", "--port", str(port), "--workers-listen", f"127.0.0.1:{workers}", "--workers-secret-file", "secret", *shared])
    commands.append(["build/one-worker", "--gateway", f"127.0.0.1:{ports[1]}", "--gateway", f"127.0.0.1:{ports[3]}", "--secret-file", "secret", *shared])
    running = [subprocess.Popen(c, cwd=one, env=world.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for c in commands]
    urls = [f"ws://127.0.0.1:{port}/ws" for port in ports[::2]]
    try:
        def greets(url):
            return world.swill("--url", url, "call", "one.greet", '{"name": "Ada"}').stdout == '"Hello, Ada!"\n'

        for url in urls:
            until("a worker's answer", lambda: greets(url), 20)
        listening = subprocess.Popen([world.prefix / "bin" / "swill", "--url", urls[0], "sub", "greetings", "-n", "1"], stdout=subprocess.PIPE, text=True)
        running.append(listening)
        until("a greeting of another gateway's client", lambda: greets(urls[1]) and listening.poll() is not None, 20)
        require(json.loads(listening.stdout.read())["data"] == "Hello, Ada!", "another greeting")
    finally:
        for process in running[::-1]:
            process.terminate()
            process.wait(30 * PATIENCE)


CHECKS = {name.removeprefix("check_"): f for name, f in globals().items() if name.startswith("check_")}


def main():
    build, *names = sys.argv[1:]
    failed = False
    for name in names or CHECKS:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="swill-project-") as home:
            try:
                CHECKS[name](World(pathlib.Path(build).resolve(), pathlib.Path(home).resolve()))
                print(f"{name}: ok, {time.monotonic() - begin:.1f} s", flush=True)
            except (Failed, subprocess.TimeoutExpired) as e:
                failed = True
                print(f"{name}: failed, {time.monotonic() - begin:.1f} s\n{e}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
