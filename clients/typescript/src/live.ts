import { LONGEST_WISH } from "./backoff.js";
import type { Client } from "./client.js";
import { OverflowError, StreamBrokenError, SwillError } from "./errors.js";
import { Exchange, type Metadata } from "./exchange.js";
import { Observable } from "./observable.js";
import type { Queue } from "./queue.js";
import { makeQueue, type QueueOptions } from "./stream.js";

/**
 * `idle`: nobody listens. `opening`: the server has been asked. `live`: what comes is what is. `stale`: the connection is gone, what was last
 * known is kept, and it goes on by itself. `failed`: the server refuses, or the client is closed.
 */
export type LiveStatus = "idle" | "opening" | "live" | "stale" | "failed";

/**
 * A stream without end that goes on over any number of connections. It is open while somebody listens: a loop, or a listener of
 * `subscribe`; all of them share one request. Each loop has a queue of its own.
 */
export abstract class Live<S, E> extends Observable<S> implements AsyncIterable<E> {
  readonly #client: Client;
  readonly #rpc: string;
  readonly #options: QueueOptions;
  readonly #readers = new Set<Queue<E>>();
  #users = 0;
  #listeners = 0;
  #exchange: Exchange | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** How often in a row the server was not able to. */
  #refused = 0;
  /** @internal */
  protected status: LiveStatus = "idle";
  /** @internal */
  protected problem: Error | undefined;

  /** @internal */
  constructor(client: Client, rpc: string, options: QueueOptions) {
    super();
    this.#client = client;
    this.#rpc = rpc;
    this.#options = options;
  }

  /** @internal What to ask the server for, so that it goes on where this is. */
  protected abstract request(): unknown;
  /** @internal */
  protected abstract begun(leading: Metadata): void;
  /** @internal What readers get of an item. */
  protected abstract came(item: any): E;
  /** @internal Nobody listens any more. */
  protected abstract ended(): void;

  [Symbol.asyncIterator](): AsyncIterableIterator<E, undefined> & Disposable {
    const queue = makeQueue<E>(this.#options);
    this.#readers.add(queue);
    this.#retain();
    const end = () => {
      if (!this.#readers.delete(queue)) return;
      queue.clear();
      queue.finish();
      this.#release();
    };
    return {
      next: () => queue.next(),
      async return() {
        end();
        return { done: true, value: undefined };
      },
      async throw(problem) {
        end();
        throw problem;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.dispose]: end,
    };
  }

  /** @internal */
  protected override watched(count: number): void {
    const before = this.#listeners;
    this.#listeners = count;
    if (count > before) this.#retain();
    else this.#release();
  }

  /** @internal */
  protected emit(event: E, size: number): void {
    for (const queue of this.#readers) {
      if (!queue.push(event, size)) this.#end(queue, new OverflowError(this.#exchange!.received - 1));
    }
  }

  /** A loop does not say that it leaves when it is ended by an error. */
  #end(queue: Queue<E>, problem: unknown): void {
    this.#readers.delete(queue);
    queue.finish(problem);
    this.#release();
  }

  #retain(): void {
    this.#users++;
    if (!this.#exchange && !this.#timer) this.#open("opening");
  }

  /** Who leaves and comes back in one go, as components do that are mounted twice, finds what was there. */
  #release(): void {
    if (--this.#users) return;
    queueMicrotask(() => {
      if (this.#users) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const x = this.#exchange;
      this.#exchange = undefined;
      if (x) this.#client.cancel(x);
      if (this.status !== "failed") this.#set("idle");
      this.ended();
    });
  }

  #open(status: LiveStatus): void {
    this.#timer = undefined;
    this.#set(status);
    const fail = (problem: Error) => {
      if (this.#exchange !== x) return;
      this.#exchange = undefined;
      const { code, retryable, retryAfterMs } = problem as SwillError;
      if (problem instanceof StreamBrokenError) this.#open("stale"); // waits for the next connection
      else if (code && retryable && (code === 503 || retryAfterMs !== undefined)) {
        this.#set("stale");
        const delay = Math.min(LONGEST_WISH, retryAfterMs ?? this.#client.retryDelay(this.#refused++));
        this.#timer = setTimeout(() => this.#open("stale"), delay);
      } else {
        this.#set("failed", problem);
        for (const queue of this.#readers) this.#end(queue, problem);
      }
    };
    const onLeading = (leading: Metadata) => {
      this.#refused = 0;
      this.status = "live";
      this.begun(leading);
      this.changed();
    };
    const sink = {
      item: (item: unknown, size: number) => {
        this.status = "live"; // also where there are no leading metadata
        this.emit(this.came(item), size);
        this.changed();
      },
      end: () => fail(new SwillError(503, "the stream has ended")),
      fail,
    };
    const x: Exchange = new Exchange(this.#rpc, this.request(), { waitMs: Infinity, onLeading }, sink, true);
    this.#exchange = x;
    this.#client.begin(x);
  }

  #set(status: LiveStatus, problem?: Error): void {
    this.status = status;
    this.problem = problem;
    this.changed();
  }
}

const shared = new WeakMap<Client, Map<string, Observable<any>>>();

/** What those share who ask that client for equal things, by what tells these apart. */
export function sharedBy(client: Client): Map<string, Observable<any>> {
  let known = shared.get(client);
  if (!known) shared.set(client, (known = new Map()));
  return known;
}

/** The object of that key which the client has, or the one that `make` makes. So equal subscriptions of a client are one on the wire. */
export function share<L extends Observable<any>>(client: Client, key: string, make: () => L): L {
  const known = sharedBy(client);
  let live = known.get(key) as L | undefined;
  if (!live) known.set(key, (live = make()));
  return live;
}
