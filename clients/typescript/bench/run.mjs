// The client beside that of Socket.IO with its MessagePack parser and its own server: the same calls, in the same process, in turns.
//
// run.mjs PROGRAMS [--minutes N]
//
// PROGRAMS is where swill-conformance and swill-gateway are. Prints medians: calls a second and processor time of this process for a call, at depth 16; items a
// second of a stream; and what the heap does while a topic that is too quick is read too slowly, for N minutes, 1 if not given. Exits with 1 when a bar is missed.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { parseArgs } from "node:util";
import { Client, publish, topic } from "@swill/swill";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";

const ROUNDS = 7;
const CALLS = 30_000;
const DEPTH = 16;
const ITEMS = 1_000_000;
const BARS = { calls: 2, time: 0.5, growth: 1 }; // of Socket.IO's, of Socket.IO's, MB of heap

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

if (process.argv[2] === "--serve-socket-io") {
  const server = new Server(Number(process.argv[3]), { parser, transports: ["websocket"] });
  server.on("connection", (socket) => socket.on("add", ([a, b], answer) => answer(a + b)));
} else await main();

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { minutes: { type: "string", default: "1" } } });
  const programs = positionals[0];
  const [one, two, three] = [await freePort(), await freePort(), await freePort()];
  const started = [
    spawn(`${programs}/swill-conformance`, ["--port", `${one}`], { stdio: "ignore" }),
    spawn(`${programs}/swill-gateway`, ["--port", `${two}`], { stdio: "ignore" }),
    fork(process.argv[1], ["--serve-socket-io", `${three}`]),
  ];
  try {
    for (const port of [one, two, three]) await listening(port);
    await compareCalls(one, three);
    await readStream(one);
    await readTooSlowly(two, Number(values.minutes));
  } finally {
    for (const server of started) server.kill("SIGKILL");
  }
}

async function compareCalls(swillPort, socketIoPort) {
  const client = new Client();
  await client.connect(`127.0.0.1:${swillPort}`);
  const socket = io(`http://127.0.0.1:${socketIoPort}`, { parser, transports: ["websocket"] });
  await new Promise((resolve) => socket.on("connect", resolve));
  const rivals = {
    swill: () => client.call("add", [1, 2]),
    "socket.io": () => new Promise((resolve) => socket.emit("add", [1, 2], resolve)),
  };
  const figures = { swill: [], "socket.io": [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, call] of Object.entries(rivals)) {
      const figure = await measureCalls(call);
      if (round > 0) figures[name].push(figure); // the first warms up
    }
  }
  const [swill, other] = ["swill", "socket.io"].map((name) => {
    const [rate, cpu] = [0, 1].map((i) => median(figures[name].map((f) => f[i])));
    console.log(`${name.padEnd(10)} ${Math.round(rate)} calls/s, ${cpu.toFixed(2)} us of this process for each`);
    return [rate, cpu];
  });
  const [calls, time] = [0, 1].map((i) => swill[i] / other[i]);
  console.log(`swill / socket.io: ${calls.toFixed(2)} of the calls, ${time.toFixed(2)} of the time for each`);
  hold(calls >= BARS.calls, `at least ${BARS.calls} of the calls`);
  hold(time <= BARS.time, `at most ${BARS.time} of the time`);
  client.close();
  socket.close();
}

function hold(isHeld, bar) {
  if (isHeld) return;
  console.log(`missed: ${bar}`);
  process.exitCode = 1;
}

async function measureCalls(call) {
  let begun = 0;
  const cpu = process.cpuUsage();
  const since = performance.now();
  const caller = async () => {
    while (begun++ < CALLS) await call();
  };
  await Promise.all(Array.from({ length: DEPTH }, caller));
  const { user, system } = process.cpuUsage(cpu);
  return [(CALLS / (performance.now() - since)) * 1000, (user + system) / CALLS];
}

async function readStream(port) {
  const client = new Client();
  await client.connect(`127.0.0.1:${port}`);
  const since = performance.now();
  let count = 0;
  for await (const _ of client.stream("burst", ITEMS)) count++;
  console.log(`a stream of ${count}: ${Math.round((count / (performance.now() - since)) * 1000)} items/s`);
  client.close();
}

/** A topic at 1,000 messages/s, and a reader of 10 messages/s, which begins anew whenever it is told that it is too slow. */
async function readTooSlowly(port, minutes) {
  const [writer, reader] = [new Client(), new Client()];
  for (const client of [writer, reader]) await client.connect(`127.0.0.1:${port}`);
  const until = performance.now() + minutes * 60_000;
  let told = 0;
  let read = 0;
  const reads = (async () => {
    while (performance.now() < until) {
      try {
        for await (const _ of topic(reader, "chat.bench")) {
          read++;
          await sleep(100);
          if (performance.now() > until) break;
        }
      } catch {
        told++;
      }
    }
  })();
  const text = "x".repeat(1000);
  const heaps = [];
  for (let published = 0, since = performance.now(); performance.now() < until; ) {
    const due = Math.min(performance.now() - since, published + 100); // a machine that stood still is not made up for in one go: a server takes 128 requests of a connection
    const batch = [];
    for (; published < due; published++) batch.push(publish(writer, "chat.bench", { text }));
    await Promise.all(batch);
    await sleep(5);
    if (heaps.length < ((performance.now() - since) / (minutes * 60_000)) * 10) {
      gc();
      heaps.push(process.memoryUsage().heapUsed / 1e6);
    }
  }
  await reads;
  console.log(`a topic of 1,000 messages/s, read at 10/s for ${minutes} min: ${read} read, told ${told} times that it is too slow`);
  console.log(`heap in MB, ten times: ${heaps.map((h) => h.toFixed(1)).join(" ")}`);
  // The first two are from before the queue was full and the server's answers to that were known.
  hold(Math.max(...heaps.slice(2)) - heaps[2] <= BARS.growth, `a heap that grows by at most ${BARS.growth} MB`);
  for (const client of [writer, reader]) client.close();
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function listening(port) {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await new Promise((resolve) => socket.on("connect", () => resolve(true)).on("error", () => resolve(false)));
    socket.destroy();
    if (isThere) return;
    await sleep(20);
  }
}
