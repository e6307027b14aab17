import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningServer, startServer } from "../../src/testing.js";

/** Where the programs of the build are. */
export const PROGRAMS = process.env.SWILL_PROGRAMS ?? join(import.meta.dirname, "../../../../build/release/bin");

export const REDIS = "/usr/bin/redis-server";

export const CHROMIUM = process.env.SWILL_CHROMIUM ?? "/usr/bin/chromium";
// The last: a page of another origin may speak to this machine.
export const CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-features=LocalNetworkAccessChecks"];

const path = (program: string) => join(PROGRAMS, program);

/** What end-to-end tests are left out for, in words; undefined: nothing is missing. */
export function missing(...programs: string[]): string | undefined {
  const absent = programs.filter((program) => !existsSync(program.startsWith("/") ? program : path(program)));
  if (absent.length === 0) return undefined;
  const why = `left out: there is no ${absent.join(", ")} (programs of the build are looked for in ${PROGRAMS}, or where SWILL_PROGRAMS says)`;
  console.warn(why);
  return why;
}

/** A program that was started here, and is ended with the test. */
export class Server extends RunningServer {
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.process.kill(signal);
  }

  /** Resolves when it runs no more, as if its machine were cut off. */
  async freeze(): Promise<void> {
    this.process.kill("SIGSTOP");
    const tasks = `/proc/${this.process.pid}/task`;
    while (!readdirSync(tasks).every((task) => / T /.test(readFileSync(`${tasks}/${task}/stat`, "utf8")))) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Starts `program` of the build on a free port, or on `port`; resolves when it serves. */
export async function serve(program: string, options: string[] = [], port?: number): Promise<Server> {
  const { process, url } = await startServer(path(program), options, port);
  return new Server(process, url);
}

/** Lets localhost:8080, where the pages have their gateway, be that server; until the returned function is called. */
export function asLocalhost(server: Server): () => void {
  const { connect } = net;
  net.connect = ((options: { port: unknown }, ...more: []) =>
    connect({ ...options, port: `${options.port}` === "8080" ? Number(new URL(server.url).port) : options.port } as net.NetConnectOpts, ...more)) as typeof connect;
  return () => {
    net.connect = connect;
  };
}

/** Starts Redis on a free port, without a file. */
export async function serveRedis(): Promise<Server> {
  const port = await freePort();
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
  const child = spawn(REDIS, options, { stdio: "ignore" });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`Redis has ended with ${child.exitCode} before it served`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return new Server(child, `redis://127.0.0.1:${port}`);
}

/** A way to a server that can be cut: what goes over it then goes nowhere, and neither side is told. */
export async function cuttable(server: Server): Promise<{ url: string; cut(): void; close(): void }> {
  const url = new URL(server.url);
  const port = Number(url.port);
  const ends: net.Socket[] = [];
  const way = net.createServer((near) => {
    const far = net.connect(port, "127.0.0.1");
    for (const [from, into] of [[near, far], [far, near]] as const) {
      from.on("error", () => {});
      from.pipe(into);
      ends.push(from);
    }
  });
  await once(way.listen(0, "127.0.0.1"), "listening");
  url.port = String((way.address() as net.AddressInfo).port);
  return {
    url: url.href,
    cut: () => ends.forEach((end) => end.unpipe().resume()),
    close: () => {
      way.close();
      for (const end of ends) end.destroy();
    },
  };
}

/** Whether somebody listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const socket = net.createServer().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as { port: number };
  socket.close();
  await once(socket, "close");
  return port;
}
