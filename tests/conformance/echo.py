#!/usr/bin/env python3
"""Plays cases of RFC 6455 against a server's /echo: messages of every size, fragments, UTF-8, control frames, close codes, violations.

echo.py [--url ws://127.0.0.1:8080/echo] [--patience X] [-j IGNORED]

Prints a line for each case that failed, and `N passed, M failed`; exit code 0 only if all passed.
"""
import argparse
import socket
import ssl
import struct
import sys
import urllib.parse

from run import frame

UPGRADE = ("GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
NO_MASK = b"\0\0\0\0"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
TEXT_SAMPLE = "Hello-µ@ßöäüàá-UTF-8!! κόσμε €😀".encode()
NO_UTF8 = [b"\xc3\x28", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xe2\x82",
           b"\xf0\x9f\x98", b"\xc3", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"]
EDGES_OF_UTF8 = [b"\0", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbf",
                 b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf"]
GOOD_CODES = [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999]
BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


GONE = ConnectionError, ssl.SSLError


class Connection:
    def __init__(self, options):
        url = urllib.parse.urlsplit(options.url)
        self.sock = socket.create_connection((url.hostname, url.port or 80), timeout=10 * options.patience)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each write of a byte travels alone, and at once
        if options.ca:
            self.sock = ssl.create_default_context(cafile=options.ca).wrap_socket(self.sock, server_hostname=url.hostname)
        self.sock.sendall(UPGRADE.format(path=url.path, host=url.netloc).encode())
        self.buf = b""
        while b"\r\n\r\n" not in self.buf:
            data = self.sock.recv(4096)
            if not data:
                raise OSError("no answer to the upgrade request")
            self.buf += data
        head, self.buf = self.buf.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise OSError(f"no upgrade: {head[:60]}")

    def write(self, data, size):
        """All of it, in writes of `size` bytes; the server may close meanwhile."""
        try:
            for i in range(0, len(data), size):
                self.sock.sendall(data[i:i + size])
        except GONE:
            pass

    def take(self, n):
        parts = [self.buf]
        have = len(self.buf)
        while have < n:
            data = self.sock.recv(1 << 20)
            if not data:
                raise ConnectionError
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self.buf = whole[n:]
        return whole[:n]

    def next(self):
        """(first byte, payload) of the next frame, "end" of TCP, or "nothing" within the limit."""
        try:
            first, n = self.take(2)
            n = n if n < 126 else int.from_bytes(self.take(2 if n == 126 else 8))
            return first, self.take(n)
        except TimeoutError:
            return "nothing"
        except GONE:
            return "end"


def whole(op, payload):
    return 0x80 | op, payload


def closed(code):
    return 0x80 | CLOSE, struct.pack(">H", code)


def fragments(op, parts, **options):
    return b"".join(frame(p, op if i == 0 else CONTINUATION, fin=i == len(parts) - 1, **options) for i, p in enumerate(parts))


def bytewise(payload):
    return [payload[i:i + 1] for i in range(len(payload))]


def echoes(name, data, op, payload):
    yield name, data, [whole(op, payload)]


def closes(name, data, *codes):
    """One close frame, of which only the code matters, and the end of TCP."""
    yield name, data, [codes, "end"]


def messages():
    for op, sizes in ((TEXT, (0, 1, 125, 126, 127, 65535, 65536)), (BINARY, (0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 1 << 24))):
        for n in sizes:
            payload = b"*" * n
            yield from echoes(f"opcode {op}, {n} bytes", frame(payload, op, mask=NO_MASK), op, payload)
    large = b"*" * (1 << 24)
    yield from echoes("16 MiB in fragments of 64 KiB", fragments(TEXT, [large[i:i + 65536] for i in range(0, len(large), 65536)], mask=NO_MASK),
                      TEXT, large)
    yield from closes("the header of a frame over the limit", frame(large + b"*", BINARY, mask=NO_MASK)[:14], 1009)
    yield from echoes("binary that is no UTF-8", frame(b"\xff\xfe", BINARY), BINARY, b"\xff\xfe")


def fragmentation():
    text = TEXT_SAMPLE
    for i in range(len(text) + 1):
        yield from echoes(f"text in two fragments, cut at {i}", fragments(TEXT, [text[:i], text[i:]]), TEXT, text)
    yield from echoes("text in fragments of one byte", fragments(TEXT, bytewise(text)), TEXT, text)
    yield from echoes("empty fragments", fragments(TEXT, [b"", b"a", b"", b"b", b""]), TEXT, b"ab")
    yield from closes("a continuation alone", frame(b"a", CONTINUATION), 1002)
    yield from closes("an unfinished continuation alone", frame(b"a", CONTINUATION, fin=False), 1002)
    yield from closes("a new message among fragments", frame(b"a", TEXT, fin=False) + frame(b"b", TEXT), 1002)
    yield "a ping among fragments", frame(b"a", TEXT, fin=False) + frame(b"p", PING) + frame(b"b", CONTINUATION), [whole(PONG, b"p"), whole(TEXT, b"ab")]
    yield from closes("a close among fragments", frame(b"a", TEXT, fin=False) + frame(b"\x03\xe8", CLOSE) + frame(b"b", CONTINUATION), 1000)


def utf8():
    for text in EDGES_OF_UTF8:
        yield from echoes(f"{text}", frame(text, TEXT), TEXT, text)
        yield from echoes(f"{text} in fragments", fragments(TEXT, bytewise(text)), TEXT, text)
    for text in NO_UTF8:
        yield from closes(f"{text} is no UTF-8", frame(text, TEXT), 1007)
        yield from closes(f"{text} behind text", frame(b"ab" + text, TEXT), 1007)
        for i in range(len(text) + 1):
            yield from closes(f"{text} cut at {i}", fragments(TEXT, [text[:i], text[i:]]), 1007)


def control_frames():
    for n in (0, 5, 125):
        yield f"a ping of {n} bytes", frame(b"p" * n, PING), [whole(PONG, b"p" * n)]
    yield "ten pings", b"".join(frame(bytes([i]), PING) for i in range(10)), [whole(PONG, bytes([i])) for i in range(10)]
    yield "a pong that nobody asked for", frame(b"x", PONG) + frame(b"p", PING), [whole(PONG, b"p")]
    for op in (CLOSE, PING, PONG):
        yield from closes(f"opcode {op} of 126 bytes", frame(b"\x03\xe8" + b"a" * 124, op), 1002)
        yield from closes(f"opcode {op} in fragments", frame(b"", op, fin=False) + frame(b"", CONTINUATION), 1002)
    for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield f"opcode {op} behind a message", frame(b"a", TEXT) + frame(b"", op) + frame(b"", PING), [whole(TEXT, b"a"), (1002,), "end"]
    for bits in range(1, 8):
        for op in (TEXT, PING, CLOSE):
            yield from closes(f"reserved bits {bits:03b} with opcode {op}", frame(b"\x03\xe8", op, rsv=bits), 1002)
    yield from closes("an unmasked frame", frame(b"a", TEXT, masked=False), 1002)


def close_frames():
    for code in GOOD_CODES:
        yield from closes(f"close {code}", frame(struct.pack(">H", code) + b"bye", CLOSE), code)
    for code in BAD_CODES:
        yield from closes(f"close {code}", frame(struct.pack(">H", code), CLOSE), 1002)
    yield "a close without a code", frame(b"", CLOSE), [(None, 1000), "end"]
    yield from closes("a close of one byte", frame(b"\x03", CLOSE), 1002)
    yield from closes("a close with a reason of 123 bytes", frame(b"\x03\xe8" + b"r" * 123, CLOSE), 1000)
    yield from closes("a close with a reason that is no UTF-8", frame(b"\x03\xe8\xed\xa0\x80", CLOSE), 1002, 1007)
    yield from closes("a ping and a message behind a close", frame(b"\x03\xe8", CLOSE) + frame(b"p", PING) + frame(b"a", TEXT), 1000)


def fits(wanted, got):
    """Codes are a tuple of ints; otherwise it is the frame itself, or a word."""
    if isinstance(wanted, tuple) and not isinstance(wanted[-1], bytes):
        return isinstance(got, tuple) and got[0] == 0x80 | CLOSE and (int.from_bytes(got[1][:2]) if got[1] else None) in wanted
    return got == wanted


def play(options, data, size, wanted):
    """None, or what was wrong."""
    try:
        c = Connection(options)
    except OSError as e:
        return str(e)
    with c.sock:
        c.write(data, size)
        for w in wanted:
            got = c.next()
            if not fits(w, got):
                return f"expected {str(w)[:100]}; got {str(got)[:100]}"
    return None


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--url", default="ws://127.0.0.1:8080/echo")
    ap.add_argument("--ca", metavar="FILE", help="by TLS: whose certificate the server may have")
    ap.add_argument("--patience", type=float, default=1.0)
    ap.add_argument("-j", default=1, help=argparse.SUPPRESS)
    options = ap.parse_args()
    passed, failed = 0, 0
    for group in (messages, fragmentation, utf8, control_frames, close_frames):
        for name, data, wanted in group():
            # In one write, and byte by byte where that is no long wait.
            for size in (max(1, len(data)), 1) if len(data) < 200 else (max(1, len(data)),):
                wrong = play(options, data, size, wanted)
                passed, failed = (passed, failed + 1) if wrong else (passed + 1, failed)
                if wrong:
                    print(f"FAIL {group.__name__}: {name}, in writes of {size}: {wrong}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
