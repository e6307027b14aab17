#!/usr/bin/env python3
"""Starts docker-compose.yml with three gateways and two workers, and tries everything through the balancer.

check.py [--no-build] [--keep]

Beside that it does what README.md and docs/operations.md say of compose: scaling, and replacing all gateways by the lines that stand there.
Uses the Docker engine that answers, a compose project of its own and a free port; removes all of it at the end, unless told to keep it.
Exits with 1 at the first thing that does not hold.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))
import run as wire  # noqa: E402  its MessagePack

PROJECT = f"swill-check-{os.getpid()}"
GATEWAYS = 3
MESSAGE, END_OF_STREAM, METADATA, ERROR = range(4)


class Failed(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Failed(what)
    print(f"  ok: {what}", flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def compose(*arguments, port, check=True, capture=True):
    environment = {**os.environ, "SWILL_PUBLISHED_PORT": str(port)}
    done = subprocess.run(["docker", "compose", "-p", PROJECT, *arguments], cwd=ROOT, env=environment, text=True,
                          capture_output=capture, timeout=1800, check=False)
    if check and done.returncode != 0:
        raise Failed(f"docker compose {' '.join(arguments)}:\n{done.stdout or ''}{done.stderr or ''}")
    return done.stdout


def until(what, holds, limit):
    """Asks again and again until it holds: what happens in another container tells nobody here."""
    end = time.monotonic() + limit
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {limit} s: {what}")
        time.sleep(0.05)


class Client:
    """One connection: unary calls, and streams whose items are asked for."""

    def __init__(self, port, headers=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /ws HTTP/1.1", "Host: swill", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: swill.v1", *headers]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self._read()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        if " 101 " not in self.head.split("\r\n")[0]:
            raise OSError(f"no upgrade: {self.head.splitlines()[0]}")
        self.seq = 0
        self.waiting = {}

    def _read(self):
        some = self.socket.recv(65536)
        if not some:
            raise OSError("closed")
        return some

    def header(self, name):
        for line in self.head.split("\r\n")[1:]:
            key, _, text = line.partition(":")
            if key.lower() == name.lower():
                return text.strip()
        return None

    def _frame(self):
        while True:
            if len(self.rest) >= 2:
                length, at = self.rest[1] & 127, 2
                if length == 126 and len(self.rest) >= 4:
                    length, at = struct.unpack(">H", self.rest[2:4])[0], 4
                if length < 126 or at == 4:
                    if len(self.rest) >= at + length:
                        op, payload = self.rest[0] & 15, self.rest[at:at + length]
                        self.rest = self.rest[at + length:]
                        return op, payload
            self.rest += self._read()

    def open(self, rpc, data=None):
        """Opens a request; its envelopes are for next()."""
        self.seq += 1
        self.socket.sendall(wire.frame(wire.encode([self.seq, data, rpc])))
        return self.seq

    def next(self, seq, timeout=10):
        """(type, data, leading) of the next envelope of that request."""
        queue = self.waiting.setdefault(seq, [])
        self.socket.settimeout(timeout)
        while not queue:
            op, payload = self._frame()
            if op == 9:
                self.socket.sendall(wire.frame(payload, op=10))
            elif op == 8:
                raise OSError("closed")
            elif op == 2:
                got, data, kind, leading, *_ = wire.decode(payload)[0]
                self.waiting.setdefault(got, []).append((kind, plain(data), plain(leading)))
        return queue.pop(0)

    def call(self, rpc, data=None):
        kind, answer, _ = self.next(self.open(rpc, data))
        if kind == ERROR:
            raise Failed(f"{rpc}: {answer}")
        return answer

    def close(self):
        self.socket.close()


class Load:
    """Clients that connect, make one call and go, one after the other on each of four threads: how long each waited for its 101, who was
    refused, and what became of the calls."""

    def __init__(self, port, rpc="math.add"):
        self.port, self.rpc = port, rpc
        self.waited, self.refused, self.answers = [], [], []  # (when, how long), what came instead, 5 or an error
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(4)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()

    def _run(self):
        while not self.stop.is_set():
            begin = time.monotonic()
            try:
                c = Client(self.port)
            except OSError as e:
                self.refused.append(str(e))
                continue
            self.waited.append((begin, time.monotonic() - begin))
            try:
                kind, answer, _ = c.next(c.open(self.rpc, [2, 3]), timeout=5)
                self.answers.append(answer)
            except OSError:
                pass  # it was on the one that stops or stands still: clients of that one connect again
            finally:
                c.close()
            self.stop.wait(0.01)

    def slowest(self, since):
        return max((t for b, t in list(self.waited) if b > since), default=0)

    def wait_for(self, count, limit=10):
        """Until that many more have been served."""
        wanted = len(self.waited) + count
        until("clients are served", lambda: len(self.waited) >= wanted, limit)


def plain(v):
    if isinstance(v, wire.Map):
        return {plain(k): plain(x) for k, x in v}
    return [plain(x) for x in v] if isinstance(v, list) else v


def containers(port):
    text = compose("ps", "--all", "--format", "json", port=port).strip()
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    return {row["Name"]: row for row in rows}


def of_service(port, service):
    return [row for row in containers(port).values() if row["Service"] == service]


def healthy(port):
    rows = [row for row in containers(port).values() if row["Service"] != "secret"]
    return len(rows) >= GATEWAYS + 2 and all(row["Health"] == "healthy" for row in rows)


def up(port):
    compose("up", "--detach", "--no-build", "--scale", f"gateway={GATEWAYS}", "--scale", "worker=2", port=port)


def newest_image():
    return subprocess.run(["docker", "image", "inspect", "-f", "{{.Id}}", "swill"], check=True, text=True, capture_output=True).stdout.strip()


def age_image():
    """Puts another, older image in the place of the one that was built, which `docker compose build` makes the newest again. Returns the id
    of the one that was built."""
    built = newest_image()
    subprocess.run(["docker", "build", "--quiet", "--tag", "swill", "-"], input="FROM swill\nLABEL swill.check=old\n", check=True, text=True,
                   capture_output=True)
    return built


def check_containers(port):
    until("all are healthy", lambda: healthy(port), 60)
    gateways = of_service(port, "gateway")
    require(len(gateways) == GATEWAYS, f"{GATEWAYS} gateways run")
    for service in ("gateway", "worker", "balancer"):
        uid = compose("exec", "-T", service, "id", "-u", port=port).strip()
        require(uid != "0", f"{service} is not root, but {uid}")
    size = int(subprocess.run(["docker", "image", "inspect", "-f", "{{.Size}}", "swill"], check=True, text=True,
                              capture_output=True).stdout)
    require(size < 200e6, f"the image has {size / 1e6:.0f} MB")


def check_calls(port):
    c = Client(port)
    require(c.call("math.add", [2, 3]) == 5, "a call through the balancer")
    until("a worker serves", lambda: served_by_worker(port), 15)
    require(all(served_by_worker(port) for _ in range(4 * GATEWAYS)), "a worker's handler, on whatever gateway")
    c.close()


def served_by_worker(port):
    c = Client(port)
    try:
        return c.call("work.math.add", [2, 3]) == 5
    except Failed:
        return False
    finally:
        c.close()


def visits(port, cookie):
    c = Client(port, [f"Cookie: {cookie}"])
    try:
        return c.call("example.visits")
    finally:
        c.close()


def check_sessions(port):
    c = Client(port)
    cookie = c.header("Set-Cookie").split(";")[0]
    first = c.call("example.visits")
    c.close()
    seen = [visits(port, cookie) for _ in range(3 * GATEWAYS)]
    require(seen == list(range(first + 1, first + 1 + len(seen))), "one session, counted on by every gateway")
    return cookie, seen[-1]


def subscribe(port, since=None):
    c = Client(port)
    seq = c.open("swill.subscribe", {"topic": "chat.check", **({"since": since} if since else {})})
    kind, data, leading = c.next(seq)
    if kind == ERROR:
        raise Failed(f"swill.subscribe: {data}")
    return c, seq, leading


def writer(port):
    c = Client(port)
    c.call("chat.login", {"name": "ann"})
    return c


def publish(port, text):
    for _ in range(20):
        try:
            c = writer(port)
            at = c.call("swill.publish", {"topic": "chat.check", "data": {"text": text}})
            c.close()
            return at
        except OSError:
            continue
    raise Failed("no gateway takes a publish")


def items(c, seq, count):
    out = []
    while len(out) < count:
        kind, data, _ = c.next(seq)
        if kind == ERROR:
            raise Failed(f"subscription: {data}")
        if data is not None:
            out.append(data["data"]["text"])
    return out


def check_topics(port):
    readers = [subscribe(port) for _ in range(3 * GATEWAYS)]
    wanted = [f"m{i}" for i in range(20)]
    for text in wanted:
        last = publish(port, text)
    for c, seq, _ in readers:
        if items(c, seq, len(wanted)) != wanted:
            raise Failed("a subscriber missed messages")
    require(True, f"{len(readers)} subscribers got what was published anywhere, in order")
    for c, _, _ in readers:
        c.close()
    return last


def check_a_gateway_dies(port, last):
    victim = of_service(port, "gateway")[0]["Name"]
    subprocess.run(["docker", "kill", victim], check=True, capture_output=True)
    wanted = [f"n{i}" for i in range(5)]
    for text in wanted:
        publish(port, text)
    c, seq, leading = until("a subscription", lambda: resumed(port, last), 10)
    require(leading["recovered"] is True and items(c, seq, len(wanted)) == wanted,
            "a gateway is killed: its client resumes on another, nothing is missing")
    c.close()
    subprocess.run(["docker", "start", victim], check=True, capture_output=True)  # killed by hand: docker leaves it so
    until("the gateway is back", lambda: healthy(port), 60)


def check_connections(port):
    invented = "198.51.100.1"
    c = Client(port, [f"X-Forwarded-For: {invented}"])
    balancer = subprocess.run(["docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
                               of_service(port, "balancer")[0]["Name"]], check=True, text=True, capture_output=True).stdout.strip()

    def addresses(show):
        out = compose("exec", "-T", "gateway", "swill", "--json", "conns", *show, "ls", port=port, check=False).strip()
        return [row["remote_address"] for row in json.loads(out)["connections"]] if out else []

    mine = [a for a in addresses(["--admin-token-file", "/run/swill/admin"]) if a != "127.0.0.1"]
    require(mine and not {balancer, invented} & set(mine), f"administrators see connections, by their own addresses: {mine}")
    require(addresses([]) == [], "and nobody else does")
    require(c.call("math.add", [2, 3]) == 5, "a connection that was listed goes on")
    c.close()


def check_a_worker_dies(port):
    victim = of_service(port, "worker")[0]["Name"]
    subprocess.run(["docker", "kill", victim], check=True, capture_output=True)
    until("the other worker serves", lambda: all(served_by_worker(port) for _ in range(4 * GATEWAYS)), 5)
    require(True, "a worker is killed: the other serves")
    subprocess.run(["docker", "start", victim], check=True, capture_output=True)
    until("the worker is back", lambda: healthy(port), 60)


def check_a_gateway_stands_still(port):
    victim = of_service(port, "gateway")[0]["Name"]
    with Load(port) as load:
        load.wait_for(20)
        begin = time.monotonic()
        subprocess.run(["docker", "pause", victim], check=True, capture_output=True)
        try:
            until("it is out of rotation", lambda: "is DOWN, reason: Layer7 timeout" in compose("logs", "balancer", port=port), 5)
            out = time.monotonic()
            load.wait_for(200)
        finally:
            subprocess.run(["docker", "unpause", victim], check=True, capture_output=True)
    require(not load.refused, f"a gateway stands still: none of {len(load.waited)} new connections is refused {load.refused[:3]}")
    require(load.slowest(begin) < 3, f"nobody waits for a 101 longer than 3 s, but {load.slowest(begin):.2f} s at most")
    require(load.slowest(out) < 1, f"out of rotation after {out - begin:.1f} s; after that they wait {load.slowest(out):.2f} s at most")
    until("it is healthy again", lambda: healthy(port), 60)


def documented_replacement(image, build):
    """The lines of docs/operations.md that replace all gateways. Without `build` the image is there, and only gets its name."""
    found = re.search(r"^```sh\n(docker compose build\n)(.*?)```",
                      (ROOT / "docs" / "operations.md").read_text(), re.S | re.M)
    if not found:
        raise Failed("docs/operations.md does not say how to replace gateways")
    return (found[1] if build else f"docker tag {image} swill\n") + found[2]


def images_of(port, service):
    """The image of each container of that service, by the container's id."""
    ids = compose("ps", "--all", "--quiet", service, port=port).split()
    out = subprocess.run(["docker", "inspect", "-f", "{{.Image}}", *ids], check=True, text=True, capture_output=True).stdout
    return dict(zip(ids, out.split()))


def check_replacement(port, image, build):
    """All gateways, then all workers, are replaced by those of another image, as documented: whoever connects meanwhile is served."""
    lines = documented_replacement(image, build)
    environment = {**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, "SWILL_PUBLISHED_PORT": str(port)}
    for service in ("gateway", "worker"):
        before = images_of(port, service)
        with Load(port, "work.math.add") as load:
            load.wait_for(20)
            done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", lines.replace("gateway", service)], cwd=ROOT,
                                  env=environment, text=True, capture_output=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise Failed(f"docs/operations.md, rolling restarts:\n{done.stdout}{done.stderr}")
        after = images_of(port, service)
        require(len(after) == len(before) and set(after.values()) == {newest_image()} and not set(after.values()) & set(before.values()),
                f"the documented lines replace each {service}: {len(after)} of the new image, none of the old")
        require(not load.refused, f"meanwhile {len(load.waited)} new connections were served, {len(load.refused)} were not {load.refused[:3]}")
        later = [a for a in load.answers if a != 5 and not (isinstance(a, dict) and a.get("code") == 503)]
        tried = sum(a != 5 for a in load.answers)
        require(load.answers and not later, f"{len(load.answers)} calls of a worker's handler: {tried} may be tried again, no other fails {later[:3]}")

    ids = {service: set(images_of(port, service)) for service in ("gateway", "worker")}
    up(port)
    require(ids == {service: set(images_of(port, service)) for service in ids}, "a later `up` finds nothing to do")
    until("all are healthy", lambda: healthy(port), 60)


def check_an_own_worker(port):
    """A worker of somebody else's in the compose file: it serves nothing of the example's names, and is healthy."""
    own = {"services": {"own": {"extends": {"file": str(ROOT / "docker-compose.yml"), "service": "worker"},
                                "command": "swill-worker --gateway gateway:4510 --secret-file /run/swill/secret --prefix own"}}}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(own, file)  # which is YAML as well
        file.flush()
        files = ["-f", str(ROOT / "docker-compose.yml"), "-f", file.name]
        compose(*files, "up", "--detach", "--no-build", "--no-deps", "--no-recreate", "--wait", "--wait-timeout", "30", "own", port=port)
        c = Client(port)
        require(c.call("own.math.add", [2, 3]) == 5, "an own worker is healthy, and serves")
        c.close()
        compose(*files, "rm", "--stop", "--force", "own", port=port)


def check_networks(port):
    def reaches(service, address, number):
        probe = f"exec 3<>/dev/tcp/{address}/{number}"
        done = subprocess.run(["docker", "compose", "-p", PROJECT, "exec", "-T", service, "timeout", "2", "bash", "-c", probe], cwd=ROOT,
                              env={**os.environ, "SWILL_PUBLISHED_PORT": str(port)}, capture_output=True, check=False)
        return done.returncode == 0

    require(reaches("worker", "gateway", 4510), "workers reach gateways")
    require(not reaches("worker", "redis", 6379) and not reaches("worker", "balancer", 8080), "and nobody else")
    require(not reaches("balancer", "redis", 6379) and not reaches("balancer", "worker", 4510), "the balancer reaches gateways alone")


def check_logs(port):
    gateways = compose("logs", "--no-log-prefix", "gateway", port=port)
    require("Swill listens on ws://0.0.0.0:8080/ws" in gateways and "127.0.0.1" not in gateways and "Ctrl-C" not in gateways,
            "gateways say where they listen, and nothing that is true at a terminal only")
    workers = compose("logs", "--no-log-prefix", "worker", port=port)
    require("serves gateway" in workers and " warning " not in workers, "workers start without a warning")


def resumed(port, last):
    try:
        return subscribe(port, {"epoch": last["epoch"], "offset": last["offset"]})
    except OSError:
        return None


def check_redis_restarts(port, cookie, count):
    compose("restart", "redis", port=port)

    def goes_on():
        try:
            return visits(port, cookie)
        except (Failed, OSError):
            return None

    now = until("sessions are back", goes_on, 30)
    require(now > count, "Redis restarts: the session is still there")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-build", action="store_true", help="take the images as they are")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    chosen = parser.parse_args()
    port = free_port()
    try:
        if not chosen.no_build:
            print("building the images", flush=True)
            compose("build", port=port, capture=False)
        print(f"starting {PROJECT} on port {port}", flush=True)
        image = age_image()
        up(port)
        check_containers(port)
        check_networks(port)
        check_calls(port)
        check_logs(port)
        cookie, count = check_sessions(port)
        last = check_topics(port)
        check_connections(port)
        check_a_gateway_dies(port, last)
        check_a_worker_dies(port)
        check_a_gateway_stands_still(port)
        check_an_own_worker(port)
        check_replacement(port, image, not chosen.no_build)
        check_redis_restarts(port, cookie, count)
        print("compose: everything holds")
        return 0
    except (Failed, OSError, subprocess.SubprocessError) as e:
        print(f"compose: {e}", file=sys.stderr)
        print(compose("logs", "--tail", "40", port=port, check=False), file=sys.stderr)
        return 1
    finally:
        if not chosen.keep:
            compose("down", "--volumes", "--remove-orphans", "--timeout", "5", port=port, check=False)


if __name__ == "__main__":
    sys.exit(main())
