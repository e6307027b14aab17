import { decode, encode } from "./codec.js";
import { CANCEL, END_OF_STREAM, ERROR, MESSAGE, METADATA } from "./exchange.js";
import { type Ending, type Metadata, type Position, SwillError, type Transport } from "./index.js";
import { Queue } from "./queue.js";

/** A handler that a test plays. What it returns is the answer, an async iterable is a stream; what it throws is an error, as it is where it is a `SwillError`. */
export type FakeHandler = (data: any, call: FakeCall) => unknown;

export interface FakeCall {
  /** The items of an upload. */
  readonly items: AsyncIterable<any>;
  /** Aborted when the client has cancelled the call, or the connection is gone. */
  readonly signal: AbortSignal;
  /** Sends leading metadata. */
  lead(metadata: Metadata): void;
}

interface OpenRequest {
  items: Queue<unknown>;
  controller: AbortController;
}

/** One connection to a server that a test plays. It answers pings by itself, as long as it is not `deaf`. */
export class FakeConnection implements Transport {
  onMessage: ((bytes: Uint8Array) => void) | undefined;
  onClose: ((ending: Ending) => void) | undefined;
  bufferedAmount = 0;
  deaf = false;
  closed = false;
  pings = 0;
  /** Envelopes that the client has sent, but for pings: `[seq, data, rpc, type, metadata]` (docs/protocol.md §2). */
  readonly sent: any[][] = [];
  /** How many of them came in each turn of the event loop. */
  readonly turns: number[] = [];
  readonly #handlers: ReadonlyMap<string, FakeHandler>;
  readonly #open = new Map<number, OpenRequest>();
  #isTurn = false;

  constructor(handlers: ReadonlyMap<string, FakeHandler> = new Map()) {
    this.#handlers = handlers;
  }

  send(bytes: Uint8Array): void {
    const envelope = decode(bytes) as any[];
    if (envelope[2] === "swill.ping") {
      this.pings++;
      if (!this.deaf) queueMicrotask(() => this.reply(envelope[0], null));
      return;
    }
    this.sent.push(envelope);
    if (this.#isTurn) this.turns[this.turns.length - 1]!++;
    else {
      this.turns.push(1);
      this.#isTurn = true;
      queueMicrotask(() => (this.#isTurn = false));
    }
    this.#serve(envelope);
  }

  close(): void {
    this.closed = true;
    this.#cancelAll();
  }

  /** An envelope for the request of that seq. */
  reply(seq: number, data: unknown, type = MESSAGE, leading: unknown = null, trailing: unknown = null): void {
    this.onMessage?.(encode([seq, data, type, leading, trailing]));
  }

  /** An ERROR for the request of that seq. */
  fail(seq: number, code: number, message = "no", data?: unknown): void {
    this.reply(seq, { code, message, data }, ERROR);
  }

  /** The connection breaks. */
  lose(ending: Partial<Ending> = {}): void {
    this.#cancelAll();
    this.onClose?.({ reason: "gone", code: 1006, ...ending });
  }

  /** The envelope that the client has sent last. */
  get last(): any[] {
    return this.sent.at(-1)!;
  }

  #cancelAll(): void {
    for (const [seq] of this.#open) this.#cancel(seq);
  }

  #cancel(seq: number): void {
    const request = this.#open.get(seq);
    this.#open.delete(seq);
    request?.items.finish(new Error("cancelled"));
    request?.controller.abort();
  }

  #serve([seq, data, rpc, type = MESSAGE]: any[]): void {
    const request = this.#open.get(seq);
    if (type === CANCEL) this.#cancel(seq);
    else if (request && type === END_OF_STREAM) request.items.finish();
    else if (request) request.items.push(data, 0);
    else if (this.#handlers.has(rpc)) void this.#answer(seq, data, rpc, type === METADATA);
  }

  async #answer(seq: number, data: unknown, rpc: string, isUpload: boolean): Promise<void> {
    const request: OpenRequest = { items: new Queue(Infinity, Infinity), controller: new AbortController() };
    const { items, controller } = request;
    this.#open.set(seq, request);
    if (!isUpload) items.finish();
    const call: FakeCall = {
      items: { [Symbol.asyncIterator]: () => ({ next: () => items.next() }) },
      signal: controller.signal,
      lead: (metadata) => this.reply(seq, null, METADATA, metadata),
    };
    try {
      await Promise.resolve(); // as an answer of a real server, this comes later
      const result = await this.#handlers.get(rpc)!(data, call);
      if (!isStream(result)) {
        if (!controller.signal.aborted) this.reply(seq, result);
      } else {
        for await (const item of result) {
          if (controller.signal.aborted) return;
          this.reply(seq, item);
        }
        if (!controller.signal.aborted) this.reply(seq, null, END_OF_STREAM);
      }
    } catch (problem) {
      if (controller.signal.aborted) return;
      if (problem instanceof SwillError) this.fail(seq, problem.code, problem.message, problem.data);
      else this.fail(seq, 500, String(problem));
    } finally {
      this.#open.delete(seq);
    }
  }
}

const isStream = (value: any): value is AsyncIterable<unknown> => typeof value?.[Symbol.asyncIterator] === "function";

interface FakeTopic {
  readonly messages: unknown[];
  /** Called with each message that is new. */
  readonly wake: Set<() => void>;
}

/**
 * A server that a test plays, in the same program: `client.connect(server.target)`. What no handler answers is answered by the test itself: `server.link.sent` is what
 * came, `server.link.reply` answers it.
 */
export class FakeServer {
  /** All connections that there have been. */
  readonly links: FakeConnection[] = [];
  /** Thrown at whoever connects. */
  refusal: Ending | undefined;
  /** New connections answer no ping. */
  deaf = false;
  attempts = 0;
  readonly #handlers = new Map<string, FakeHandler>();
  readonly #topics = new Map<string, FakeTopic>();

  readonly target = (): Transport => {
    this.attempts++;
    if (this.refusal) throw this.refusal;
    const link = new FakeConnection(this.#handlers);
    link.deaf = this.deaf;
    this.links.push(link);
    return link;
  };

  /** The newest connection. */
  get link(): FakeConnection {
    return this.links.at(-1)!;
  }

  /** Lets `handler` answer from now on. */
  handle(rpc: string, handler: FakeHandler): this {
    this.#handlers.set(rpc, handler);
    return this;
  }

  /** A topic that this server keeps as a whole. From the first call on, it answers for all topics. */
  topic(name: string): { publish(data: unknown): Position } {
    const found = (name: string) => {
      let topic = this.#topics.get(name);
      if (!topic) this.#topics.set(name, (topic = { messages: [], wake: new Set() }));
      return topic;
    };
    const publish = (name: string, data: unknown): Position => {
      const { messages, wake } = found(name);
      messages.push(data);
      for (const one of wake) one();
      return { epoch: 1, offset: messages.length };
    };
    this.handle("swill.publish", ({ topic, data }) => publish(topic, data));
    this.handle("swill.subscribe", async function* ({ topic, since }, { signal, lead }) {
      const { messages, wake } = found(topic);
      let offset: number = since?.offset ?? messages.length;
      lead({ epoch: 1, offset, recovered: true });
      while (!signal.aborted) {
        while (offset < messages.length) yield { data: messages[offset], offset: ++offset };
        await new Promise<void>((resolve) => {
          const go = () => {
            wake.delete(go);
            resolve();
          };
          wake.add(go);
          signal.addEventListener("abort", go);
        });
      }
    });
    return { publish: (data) => publish(name, data) };
  }
}

/** Lets everything run that waits for no timer. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** What is used of Node's ChildProcess. */
export interface Program {
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  kill(signal?: any): boolean;
  once(event: "exit", listener: () => void): unknown;
}

/** A program that serves, and ends with the test. */
export class RunningServer {
  constructor(
    readonly process: Program,
    /** For `client.connect`. */
    readonly url: string,
  ) {}

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    const { process } = this;
    if (process.exitCode !== null || process.signalCode !== null) return;
    const over = new Promise<void>((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a program that says where it listens, as all of Swill do, on a port that is free or on `port`. In Node, Deno and Bun. */
export async function startServer(program: string, options: readonly string[] = [], port = 0): Promise<RunningServer> {
  const { process } = globalThis as any;
  const { spawn } = await import(/* @vite-ignore */ ["node:child_process"].join()); // the name is computed, or bundlers for pages would look for it
  const child = spawn(program, ["--port", `${port}`, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: unknown) => {
      said += chunk;
      const [, url] = /listens on (ws[^,\s]+)[,\s]/.exec(said) ?? [];
      if (url) resolve(new RunningServer(child, url));
      if (url || said.length > 10_000) said = "";
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", (problem: Error) => reject(new Error(`${program} cannot be started: ${problem.message}`)));
    child.once("close", (code: unknown) => reject(new Error(`${program} has ended with ${code} before it served: ${said}`)));
  });
}

/** Starts `swill-gateway`: that of the environment's `SWILL_GATEWAY`, else that of `PATH`. `options` are those of its command line. */
export function startGateway(options: readonly string[] = []): Promise<RunningServer> {
  return startServer((globalThis as any).process.env.SWILL_GATEWAY ?? "swill-gateway", options);
}
