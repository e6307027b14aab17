import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the programs of the build are. */
const PROGRAMS = process.env.SWILL_PROGRAMS ?? fileURLToPath(new URL("../../../../build/release/bin", import.meta.url));

export const REDIS = "/usr/bin/redis-server";

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
export class Server {
  constructor(
    readonly process: ChildProcess,
    readonly url: string,
  ) {}

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

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const over = once(this.process, "exit");
    this.process.kill("SIGCONT");
    this.process.kill("SIGKILL");
    await over;
  }
}

/** Starts `program` of the build on a free port, or on `port`; resolves when it serves. */
export async function serve(program: string, options: string[] = [], port?: number): Promise<Server> {
  const own = port ?? (await freePort());
  return start(path(program), ["--port", `${own}`, ...options], own, `ws://127.0.0.1:${own}/ws`);
}

/** Starts Redis on a free port, without a file. */
export async function serveRedis(): Promise<Server> {
  const port = await freePort();
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
  return start(REDIS, options, port, `redis://127.0.0.1:${port}`);
}

async function start(program: string, options: string[], port: number, url: string): Promise<Server> {
  const child = spawn(program, options, { stdio: "ignore" });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${program} has ended with ${child.exitCode} before it served`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return new Server(child, url);
}

/** Whether somebody listens there. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const socket = createServer().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as { port: number };
  socket.close();
  await once(socket, "close");
  return port;
}
