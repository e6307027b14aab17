#!/usr/bin/env python3
"""Starts a project that `swill new NAME --cluster` has made, by the lines of docs/first-app.md, and tries it through its balancer.

project.py SWILL [--keep]

SWILL is the command line tool of a build. Uses the Docker engine that answers, a compose project of its own and a free port; removes its containers and
volumes at the end, unless told to keep them. Exits with 1 at the first thing that does not hold.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import check
from check import Failed, require, until

ROOT = check.ROOT
PROJECT = f"swill-project-{os.getpid()}"
NAME = "two"


def documented(words):
    """The block of docs/first-app.md that begins so."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / "first-app.md").read_text(), re.S | re.M)
    found = [block for block in blocks if block.startswith(words)]
    if len(found) != 1:
        raise Failed(f"docs/first-app.md has no lines that begin with {words}")
    return found[0]


class Project:
    def __init__(self, swill, directory, port):
        self.swill, self.directory = swill, directory
        self.url = f"ws://127.0.0.1:{port}/ws"
        self.environment = {**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, "PUBLISHED_PORT": str(port)}

    def run(self, *command, limit=1800):
        done = subprocess.run(command, cwd=self.directory, env=self.environment, text=True, capture_output=True, timeout=limit, check=False)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def call(self, rpc, data):
        done = subprocess.run([self.swill, "--url", self.url, "--timeout", "5s", "--json", "call", rpc, json.dumps(data)], text=True,
                              capture_output=True, timeout=20, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def greets(self, times=9):
        return all(self.call(f"{NAME}.greet", {"name": "Ada"}) == "Hello, Ada!" for _ in range(times))

    def container(self, service):
        return self.run("docker", "compose", "ps", "--quiet", service).split()[0]


def check_topics(project):
    """Who listens at any gateway hears what a worker publishes."""
    command = [project.swill, "--url", project.url, "--timeout", "60s", "sub", "greetings", "-n", "1"]
    listening = [subprocess.Popen(command, text=True, stdout=subprocess.PIPE) for _ in range(6)]
    time.sleep(3)  # until all are there; who comes later hears the next one
    end = time.monotonic() + 30
    while any(p.poll() is None for p in listening) and time.monotonic() < end:
        project.greets(1)
        time.sleep(0.5)
    heard = [json.loads(p.communicate(timeout=60)[0])["data"] for p in listening]
    require(heard == ["Hello, Ada!"] * len(listening), f"{len(heard)} subscribers, on any of three gateways, hear a greeting of a worker")


def check_all(project, port):
    until("calls through the balancer", project.greets, 60)
    require(True, "calls through the balancer are answered by workers")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
        require(f"<title>{NAME}</title>" in page.read().decode(), "gateways serve the page")
    check_topics(project)
    for service, patience in (("worker", 10), ("gateway", 10)):
        project.run("docker", "kill", project.container(service))
        until(f"calls after the death of a {service}", project.greets, patience)
        require(True, f"a {service} is killed: the others go on")
    project.run("docker", "compose", "up", "--detach", "--scale", "gateway=3", "--scale", "worker=2")
    until("all are back", project.greets, 60)


def check_ci(project):
    """What the project's CI runs, in the container that it runs in: on a copy, whose files are this user's."""
    workflow = (project.directory / ".github" / "workflows" / "ci.yml").read_text()
    image = re.search(r"^ +container: .*'([\w-]+)' }}$", workflow, re.M)
    steps = re.findall(r"^ +- run: (.+)$", workflow, re.M)
    if not image or not steps:
        raise Failed(f"no container, or no steps, in the project's CI file:\n{workflow}")
    for step in steps:
        said = project.run("docker", "run", "--rm", "--volume", f"{project.directory}:/checkout:ro", image[1], "bash", "-euc",
                           f"cp -r /checkout /project; cd /project; {step}")
        require("100% tests passed" in said, f"its CI's step, {step}, passes in {image[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("swill", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    port = check.free_port()
    with tempfile.TemporaryDirectory(prefix="swill-cluster-") as work:
        project = Project(chosen.swill.resolve(), pathlib.Path(work), port)
        try:
            print("building Swill's images", flush=True)
            subprocess.run(["bash", "-euc", documented("docker build --target swill-dev")], cwd=ROOT, check=True, timeout=3600)
            project.run(project.swill, "new", NAME, "--cluster")
            project.directory /= NAME
            check_ci(project)
            print(f"building and starting {PROJECT} on port {port}", flush=True)
            project.run("bash", "-euc", documented("docker compose up"), limit=3600)
            check_all(project, port)
            print("project: everything holds")
            return 0
        except (Failed, OSError, subprocess.SubprocessError) as e:
            print(f"project: {e}", file=sys.stderr)
            return 1
        finally:
            if not chosen.keep and project.directory.name == NAME:
                project.run("docker", "compose", "down", "--volumes", "--remove-orphans", "--timeout", "5")


if __name__ == "__main__":
    sys.exit(main())
