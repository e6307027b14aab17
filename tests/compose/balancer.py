#!/usr/bin/env python3
"""Holds deploy/haproxy.cfg against gateways that are plain processes on the loopback: one stands still, one stops, and who is believed
about a client's address.

balancer.py GATEWAY

GATEWAY is the program swill-gateway; haproxy is the one in the path. Exits with 1 at the first thing that does not hold, with 77 when there
is no haproxy.
"""
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "compose"))
from check import Client, Failed, Load, free_port, require, until  # noqa: E402

HAPROXY = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
NOBODY = ""


class Process:
    """A program of ours or haproxy, with all that it says."""

    def __init__(self, command, environment=None):
        self.said = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, **(environment or {})})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip())

    def says(self, pattern):
        return any(re.search(pattern, line) for line in list(self.said))

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def configuration(port, servers):
    """The real one, but for its addresses."""
    text = (ROOT / "deploy" / "haproxy.cfg").read_text()
    lines = "".join(f"  server g{i} 127.0.0.1:{s}\n" for i, s in enumerate(servers))
    for pattern, other in ((r"  server-template .*\n", lines), (r"bind :8080", f"bind 127.0.0.1:{port}"),
                           (r"bind 127\.0\.0\.1:8404", f"bind 127.0.0.1:{free_port()}")):
        text, count = re.subn(pattern, other, text)
        if count != 1:
            raise Failed(f"deploy/haproxy.cfg: {count} lines with {pattern}")
    return text


class Balancer(Process):
    def __init__(self, servers, trusted=NOBODY):
        self.port = free_port()
        with tempfile.NamedTemporaryFile("w", suffix=".cfg", delete=False) as file:
            file.write(configuration(self.port, servers))
        super().__init__([HAPROXY, "-db", "-f", file.name],
                         {"TRUSTED_PROXIES": trusted})
        try:
            until("the balancer listens", self._listens, 10)
        finally:
            os.unlink(file.name)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False


def check_one_stands_still(gateways, balancer):
    stopped = gateways[1]
    idle = [Client(balancer.port) for _ in range(3)]  # one on each
    with Load(balancer.port) as load:
        load.wait_for(20)
        begin = time.monotonic()
        stopped.signal(signal.SIGSTOP)
        until("it is out of rotation", lambda: balancer.says("g1 is DOWN"), 5)
        out = time.monotonic()
        load.wait_for(200)
    require(not load.refused, f"a gateway stands still: no client of {len(load.waited)} is refused {load.refused[:3]}")
    require(load.slowest(begin) < 3, f"no client waits for its 101 longer than 3 s: {load.slowest(begin):.2f} s")
    require(load.slowest(out) < 1, f"out of rotation after {out - begin:.1f} s; later clients wait {load.slowest(out):.2f} s at most")

    stopped.signal(signal.SIGCONT)
    until("it is in rotation again", lambda: balancer.says("g1 is UP"), 5)
    require(all(c.call("math.add", [2, 3]) == 5 for c in idle), "what was open goes on, longer than a handshake may take")
    for c in idle:
        c.close()


def check_one_stops(gateways, balancer):
    with Load(balancer.port) as load:
        load.wait_for(20)
        gateways[2].signal(signal.SIGTERM)
        until("it is out of rotation", lambda: balancer.says("g2 is DOWN"), 5)
    require(not load.refused, f"a gateway stops: no client of {len(load.waited)} is refused {load.refused[:3]}")


class Heads(http.server.BaseHTTPRequestHandler):
    """Stands for a gateway and keeps what it was asked with."""
    last = None

    def do_GET(self):
        if self.path == "/ws":
            Heads.last = self.headers
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def forwarded(port, *headers):
    """X-Forwarded-For and X-Forwarded-Proto, as a gateway gets them."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall("\r\n".join(["GET /ws HTTP/1.1", "Host: h", *headers, "Connection: close", "", ""]).encode())
        while s.recv(4096):
            pass
    return Heads.last.get_all("X-Forwarded-For"), Heads.last.get_all("X-Forwarded-Proto")


def check_who_is_believed():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heads)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"
    for trusted, wanted in ((NOBODY, (["127.0.0.1"], ["http"])), ("192.0.2.1 127.0.0.0/8", (["203.0.113.7"], ["https"]))):
        balancer = Balancer([server.server_port], trusted)
        try:
            got = forwarded(balancer.port, *said)
            require(got == wanted, f"of a client by {'a proxy' if trusted != NOBODY else 'nobody'} that is trusted it says {got}")
            silent = forwarded(balancer.port)
            require(silent == (["127.0.0.1"], ["http"]), f"and of one that says nothing {silent}")
        finally:
            balancer.end()
    server.shutdown()


def main(gateway):
    ports = [free_port() for _ in range(3)]
    gateways = [Process([gateway, "--port", str(p), "--io-threads", "1"]) for p in ports]
    balancer = None
    try:
        for g in gateways:
            until("a gateway listens", lambda g=g: g.says("Swill listens"), 20)
        balancer = Balancer(ports)
        check_one_stands_still(gateways, balancer)
        check_one_stops(gateways, balancer)
        check_who_is_believed()
        return 0
    except (Failed, OSError) as e:
        print(f"balancer: {e}", *(balancer.said if balancer else []), sep="\n", file=sys.stderr)
        return 1
    finally:
        for p in [*gateways, *([balancer] if balancer else [])]:
            p.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if HAPROXY else 77)
