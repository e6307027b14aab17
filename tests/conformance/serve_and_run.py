#!/usr/bin/env python3
"""Starts a conformance server on a free port, plays the vectors against it, and stops it.

serve_and_run.py SERVER [ARGUMENT OF run.py ...]
serve_and_run.py SERVER --echo [ARGUMENT OF echo.py ...]
serve_and_run.py SERVER --tls [--echo] [ARGUMENT OF ...]      by wss://, with a certificate that `openssl` makes

Fails when a case does, and when the server does not come up, ends early, or does not end with 0 on SIGTERM.
SWILL_PATIENCE multiplies all limits of time (1); SWILL_CASES_AT_A_TIME is run.py's -j (8).
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
PATIENCE = float(os.environ.get("SWILL_PATIENCE", "1"))
CASES_AT_A_TIME = os.environ.get("SWILL_CASES_AT_A_TIME", "8")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(server, port):
    """Whether the port accepts connections within 20 s, while the server lives."""
    limit = time.monotonic() + 20 * PATIENCE
    while time.monotonic() < limit and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.02)  # between two looks; there is nothing to wait on
    return False


def stop(server):
    """The exit status after SIGTERM; a server that takes over 20 s is killed."""
    server.send_signal(signal.SIGTERM)
    try:
        return server.wait(20 * PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        return "none within the limit: killed"


def make_certificate(directory):
    """(file of a certificate for 127.0.0.1, file of its key)"""
    certificate, key = f"{directory}/certificate.pem", f"{directory}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=conformance",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    return certificate, key


def serve_and_run(program, arguments, log, directory):
    tls = arguments[:1] == ["--tls"]
    arguments = arguments[tls:]
    echo = arguments[:1] == ["--echo"]
    runner, path = ("echo.py", "echo") if echo else ("run.py", "ws")
    port = free_port()
    where, scheme, trust = ["--port", str(port)], "ws", []
    if tls:
        certificate, key = make_certificate(directory)
        where, scheme, trust = ["--listen-tls", f"127.0.0.1:{port}", "--listen-tls-cert", certificate, "--listen-tls-key", key], "wss", ["--ca", certificate]
    server = subprocess.Popen([program, *where, *(["--test-echo"] if echo else [])], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        if not wait_until_listening(server, port):
            return [f"{program} does not listen on port {port}; exit status {server.poll()}"]
        wrongs = []
        cases = subprocess.run(
            [sys.executable, HERE / runner, "--url", f"{scheme}://127.0.0.1:{port}/{path}", *trust, "--patience", str(PATIENCE),
             "-j", CASES_AT_A_TIME, *arguments[echo:]], check=False)
        if cases.returncode != 0:
            wrongs.append("not all cases passed")
        if server.poll() is not None:
            return [*wrongs, f"the server ended by itself; exit status {server.returncode}"]
        status = stop(server)
        if status != 0:
            wrongs.append(f"exit status after SIGTERM: {status}")
        return wrongs
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as directory:
        wrongs = serve_and_run(sys.argv[1], sys.argv[2:], log, directory)
        if wrongs:
            log.seek(0)
            lines = log.read().decode(errors="replace").splitlines()
            print(f"--- the server's last lines, of {len(lines)}", *lines[-200:], sep="\n")
        for wrong in wrongs:
            print(f"serve_and_run.py: {wrong}")
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
