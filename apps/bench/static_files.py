#!/usr/bin/env python3
"""Static files of a gateway beside nginx, in the same run.

static_files.py GATEWAY [--seconds N] [--rounds N] [--connections N]

GATEWAY is the program swill-gateway; nginx and wrk are those in the path (Debian: nginx-light, wrk). Both serve one directory, with one I/O
thread and one worker process. Prints, as medians of interleaved rounds, the requests a second for a file of 10 KB, and the server's own processor time for each; then how much memory
the gateway takes while it sends a file of 1 GB to a client, and to one that reads slowly.
"""
import argparse
import http.client
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until_open(port):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on port {port}")


def processes_below(pid):
    """That process and its children."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += processes_below(int(child))
    return found


def cpu_seconds(pid):
    total = 0
    for p in processes_below(pid):
        fields = pathlib.Path(f"/proc/{p}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def start_nginx(directory, top):
    port = free_port()
    configuration = top / "nginx.conf"
    configuration.write_text(f"""
daemon off; worker_processes 1; pid {top}/nginx.pid; error_log {top}/error.log;
events {{ worker_connections 1024; }}
http {{
  include /etc/nginx/mime.types; access_log off; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {top}; proxy_temp_path {top}; fastcgi_temp_path {top}; uwsgi_temp_path {top}; scgi_temp_path {top};
  server {{ listen 127.0.0.1:{port}; root {directory}; }}
}}
""")
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    return subprocess.Popen([nginx, "-c", str(configuration)], stderr=subprocess.DEVNULL), port


def start_gateway(program, directory):
    port = free_port()
    command = [program, "--listen", f"127.0.0.1:{port}", "--io-threads", "1", "--static", f"/={directory}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL), port


def load(port, path, connections, seconds):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    return int(re.search(r"(\d+) requests in", said)[1])


def compare(servers, path, options):
    rates = {name: [] for name in servers}
    costs = {name: [] for name in servers}
    for _ in range(options.rounds):
        for name, (process, port) in servers.items():
            before, began = cpu_seconds(process.pid), time.monotonic()
            n = load(port, path, options.connections, options.seconds)
            rates[name].append(n / (time.monotonic() - began))
            costs[name].append((cpu_seconds(process.pid) - before) / n * 1e6)
    for name in servers:
        print(f"{path} {options.connections} connections, {name:8} {statistics.median(rates[name]):8.0f} a second, "
              f"{statistics.median(costs[name]):6.1f} us of processor time each")
    medians = {name: statistics.median(rates[name]) for name in servers}
    print(f"{path} {options.connections} connections, swill / nginx: {medians['swill'] / medians['nginx']:.2f}")


def fetch_large(pid, port, pause):
    """The most memory the server had while it sent the large file, and how long that took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/large")
    response = connection.getresponse()
    began, most, got = time.monotonic(), 0, 0
    next_look = 0
    while piece := response.read(1 << 20):
        got += len(piece)
        if got >= next_look:
            most, next_look = max(most, memory_kb(pid)), got + (64 << 20)
            time.sleep(pause)
    if got != 1 << 30:
        raise SystemExit(f"the large file had {got} bytes")
    return most, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gateway")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        top.chmod(0o755)  # nginx's worker is nobody's
        directory = top / "www"
        directory.mkdir()
        (directory / "ten.bin").write_bytes(os.urandom(10 * 1024))
        with open(directory / "large", "wb") as large:
            large.truncate(1 << 30)
        servers = {"swill": start_gateway(options.gateway, directory), "nginx": start_nginx(directory, top)}
        try:
            for _, port in servers.values():
                until_open(port)
            compare(servers, "/ten.bin", options)
            process, port = servers["swill"]
            at_rest = memory_kb(process.pid)
            for pause in (0, 0.1):
                most, took = fetch_large(process.pid, port, pause)
                print(f"/large, 1 GB: {at_rest} KB at rest, at most {most} KB while it is sent, in {took:.1f} s")
        finally:
            for process, _ in servers.values():
                process.terminate()
            for process, _ in servers.values():
                process.wait()


if __name__ == "__main__":
    main()
