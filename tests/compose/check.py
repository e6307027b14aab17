#!/usr/bin/env python3
"""Starts docker-compose.yml with three gateways and two workers, and tries everything through the balancer.

check.py [--no-build] [--keep]

Uses the Docker engine that answers, a compose project of its own and a free port; removes all of it at the end, unless told to keep it.
Exits with 1 at the first thing that does not hold.
"""
import argparse
import base64
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
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
    environment = {**os.environ, "SWILL_PORT": str(port)}
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


def check_rolling_restart(port):
    """Gateways restart one after the other: whoever connects meanwhile is served."""
    seen = []
    stop = threading.Event()

    def connect_and_call():
        while not stop.is_set():
            try:
                c = Client(port)
            except OSError as e:
                seen.append(f"refused: {e}")
                continue
            try:
                seen.append(c.call("math.add", [2, 3]) == 5)
            except (Failed, OSError):
                pass  # it was on the one that stops: clients of that one connect again
            finally:
                c.close()

    caller = threading.Thread(target=connect_and_call)
    caller.start()
    try:
        for g in of_service(port, "gateway"):
            subprocess.run(["docker", "restart", g["Name"]], check=True, capture_output=True)
            until("it is healthy again", lambda: healthy(port), 60)
    finally:
        stop.set()
        caller.join()
    refused = [s for s in seen if s is not True]
    require(not refused, f"gateways restart in turn: {len(seen)} new connections were served, {len(refused)} were not {refused[:3]}")


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
        compose("up", "--detach", "--no-build", "--scale", f"gateway={GATEWAYS}", "--scale", "worker=2", port=port)
        check_containers(port)
        check_calls(port)
        cookie, count = check_sessions(port)
        last = check_topics(port)
        check_connections(port)
        check_a_gateway_dies(port, last)
        check_a_worker_dies(port)
        check_rolling_restart(port)
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
