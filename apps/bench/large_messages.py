#!/usr/bin/env python3
"""Messages of 64 KB that a handler refuses: CPU time of a gateway for each of them, gateways taking turns.

    apps/bench/large_messages.py now=build/release/bin/swill-gateway before=PATH/swill-gateway
"""

import base64
import os
import socket
import statistics
import struct
import subprocess
import sys
import time

ROUNDS = 7
MESSAGES = 20_000
PORT = 18_123
UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: swill.v1\r\nSec-WebSocket-Key: {}\r\n\r\n"
)


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def masked_frame(payload):
    mask = os.urandom(4)
    pad = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(pad, "little")
    return struct.pack(">BBQ", 0x82, 0x80 | 127, len(payload)) + mask + masked.to_bytes(len(payload), "little")


def take_answer(connection):
    """The payload of a frame of up to 64 KB."""
    got = b""
    while True:
        if len(got) >= 4:
            short = got[1] & 127
            head, size = (4, struct.unpack(">H", got[2:4])[0]) if short == 126 else (2, short)
            if len(got) >= head + size:
                return got[head : head + size]
        more = connection.recv(65536)
        if not more:
            sys.exit("the gateway has closed the connection")
        got += more


def connect(port):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
    sys.exit("the gateway does not listen")


def measure(program, port):
    gateway = subprocess.Popen(
        [program, "--listen", f"127.0.0.1:{port}", "--io-threads", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        connection = connect(port)
        connection.sendall(UPGRADE.format(base64.b64encode(os.urandom(16)).decode()).encode())
        assert b" 101 " in connection.recv(4096)
        # [1, 65,536 bytes, "math.add"]
        call = masked_frame(b"\x93\x01\xc6\x00\x01\x00\x00" + bytes(65536) + b"\xa8math.add")
        connection.sendall(call)
        assert b"\xcd\x01\xa6" in take_answer(connection)  # error 422
        begin = cpu_of(gateway.pid)
        for _ in range(MESSAGES):
            connection.sendall(call)
            take_answer(connection)
        return (cpu_of(gateway.pid) - begin) / MESSAGES * 1e6
    finally:
        gateway.terminate()
        gateway.wait()


def main(arguments):
    gateways = [argument.split("=", 1) for argument in arguments]
    if not gateways or any(len(gateway) != 2 for gateway in gateways):
        sys.exit(__doc__)
    times = {label: [] for label, _ in gateways}
    for turn in range(ROUNDS):
        for label, program in gateways:
            times[label].append(measure(program, PORT + turn % 3))
    for label, all_of_it in times.items():
        print(f"{label}: {statistics.median(all_of_it):.1f} us ({min(all_of_it):.1f} to {max(all_of_it):.1f})")


main(sys.argv[1:])
