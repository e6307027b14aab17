#!/usr/bin/env python3
"""Where the processor time of one message goes: runs a scenario of swill-bench, samples its server with perf, and adds up the samples by step.

    apps/bench/budget.py build/release/bin/swill-bench add-50x16
    apps/bench/budget.py build/release/bin/swill-bench stream-in --label old --server '/tmp/old/swill-bench serve --port {port} --io-threads {threads}'

Needs perf, which wants to see the kernel (kernel.perf_event_paranoid <= 1, or root). Sampling itself adds a tenth or two to the time, which is in the figures.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import tempfile
import time

# The first that matches the innermost function of a sample in user space. What was inlined counts where it is.
STEPS = [
    ("clock", r"clock_gettime|steady_clock|vdso"),
    ("encode", r"wire::writer|encode_message|begin_message|end_message|end_long_frame|field_writer|encoder"),
    ("frame", r"websocket::|copy_masked|server_connection::(decode|step|receive|deliver|take|is_turn_over|on_input|check_output|time_message|account|on_later|resume)"),
    ("envelope", r"decode_request|wire::usual_request|reader::scan|valid_utf8|element_reader|memcmp"),
    ("typed decoding", r"decode_data|decode_message|decode_or_throw|codec<|field_reader|detail::decoder|wire::reader|typed_input|read_as_real"),
    ("handler", r"typed_handler|typed_exchange|make_bench_app|add_ways|bench::\(anonymous|\badd\b|item_queue|awaiting<"),
    ("call", r"detail::call|message_passage|call_input|call_output|scope::|wait::|open_message|exchange"),
    ("actor", r"swill::actors|caf::"),
    ("loop and socket", r"net::|transport::|turn_job|asynccancel|__libc_recv|__libc_send|\brecv\b|\bsend\b|epoll_wait|epoll_ctl"),
    ("memory", r"malloc|free|operator new|operator delete|memmove|memcpy|memset|_int_"),
]
# The same for the kernel, anywhere in the chain of callers.
CALLS = [
    ("kernel: send", r"sys_sendto|sys_write"),
    ("kernel: recv", r"sys_recvfrom|sys_read"),
    ("kernel: epoll", r"sys_epoll"),
    ("kernel: connections", r"sys_accept|sys_close|task_work|fput"),
]


def step_of(frames):
    symbol, module = frames[0]
    if "kernel" in module or module.endswith(".ko"):
        chain = " ".join(s for s, _ in frames)
        return next((name for name, pattern in CALLS if re.search(pattern, chain)), "kernel: other")
    return next((name for name, pattern in STEPS if re.search(pattern, symbol + " " + module)), "other")


def samples_of(text):
    frames = []
    for line in text.splitlines() + [""]:
        at = re.match(r"\s+[0-9a-f]+ (.*) \((.*)\)$", line)
        if at:
            frames.append((at.group(1), at.group(2)))
        elif frames:
            yield frames
            frames = []


def children_of(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(c) for c in (task / "children").read_text().split()]
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("bench", help="the program swill-bench")
    options.add_argument("scenario", help="such as add-50x16")
    options.add_argument("--seconds", type=float, default=4)
    options.add_argument("--items", type=int, default=1_000_000, help="of one stream")
    options.add_argument("--label", default="ns", help="of the column")
    options.add_argument("--server", help="another server instead of its own, as swill-bench --server takes it")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        result, data = f"{directory}/bench.json", f"{directory}/perf.data"
        instead = ["--without", "swill", "--server", "other=" + given.server] if given.server else []
        bench = subprocess.Popen(
            [given.bench, *instead, "--rounds", "1", "--seconds", str(given.seconds), "--items", str(given.items), "--only", given.scenario,
             "--without", "bare", "--without", "bare-own", "--json", result],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(given.seconds / 4 + 1)  # the server has started, and warmed up
        server = children_of(bench.pid)[0]
        subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-g", "-o", data, "-p", str(server), "--", "sleep",
                        str(given.seconds / 2)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if bench.wait() != 0:
            raise SystemExit("swill-bench has failed")
        each = json.loads(pathlib.Path(result).read_text())["scenarios"][0]["servers"][0]["median"]["cpu_us"] * 1000
        script = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], check=True, capture_output=True, text=True).stdout
    seen = collections.Counter(step_of(frames) for frames in samples_of(script))
    total = sum(seen.values())
    print(f"| {given.scenario} | {given.label} |\n|---|--:|\n| all | {each:.0f} |")
    for name, _ in CALLS + [("kernel: other", "")] + STEPS + [("other", "")]:
        if seen[name]:
            print(f"| {name} | {each * seen[name] / total:.1f} |")


if __name__ == "__main__":
    main()
