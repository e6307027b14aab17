import type { Client, Source } from "./client.js";
import { OverflowError } from "./errors.js";
import { Exchange, MESSAGE, METADATA, type RequestOptions } from "./exchange.js";
import { Observable } from "./observable.js";
import { Queue } from "./queue.js";

/** How much may wait for an application that takes items more slowly than they come. Beyond it: `OverflowError`. */
export interface QueueOptions {
  /** Items; default 1,024. */
  queueLength?: number;
  /** Bytes of their messages; default 4 MiB. */
  queueBytes?: number;
}

export interface StreamOptions extends RequestOptions, QueueOptions {}

export function makeQueue<T>({ queueLength = 1024, queueBytes = 1 << 22 }: QueueOptions): Queue<T> {
  return new Queue<T>(queueLength, queueBytes);
}

/** What a stream is now. */
export interface StreamSnapshot<T> {
  readonly status: "open" | "ended" | "failed";
  /** The item that came last, if one has. */
  readonly last: T | undefined;
  /** How many have come. */
  readonly received: number;
  /** Why it failed: mostly a `SwillError`. */
  readonly problem: Error | undefined;
}

/**
 * Items of a streaming response, in order. `for await` takes them; `break`, `return`, `throw`, `cancel`, the end of a `using` block and the
 * signal cancel it at once, also while a `next` waits. While somebody has subscribed and nobody has asked for items, none are kept: the
 * snapshot has the last.
 */
export class Stream<T> extends Observable<StreamSnapshot<T>> implements AsyncIterableIterator<T, undefined> {
  readonly #client: Client;
  readonly #exchange: Exchange;
  readonly #queue: Queue<T>;
  #status: StreamSnapshot<T>["status"] = "open";
  #last: T | undefined;
  #problem: Error | undefined;
  #isRead = false;
  #hasLoop = false;
  #isWatched = false;

  /** @internal */
  constructor(client: Client, rpc: string, data: unknown, options: StreamOptions, source?: Source<unknown>) {
    super();
    this.#client = client;
    this.#queue = makeQueue(options);
    const finish = (status: "ended" | "failed", ...problem: [Error?]) => {
      this.#status = status;
      this.#problem = problem[0];
      this.#queue.finish(...problem);
      this.changed();
    };
    const sink = {
      item: (item: T, size: number) => {
        this.#last = item;
        if ((this.#isRead || !this.#isWatched) && !this.#queue.push(item, size)) {
          client.cancel(this.#exchange, new OverflowError(this.#exchange.received - 1));
        }
        this.changed();
      },
      end: () => finish("ended"),
      fail: (problem: Error) => finish("failed", problem),
    };
    this.#exchange = new Exchange(rpc, data, options, sink, true, source ? METADATA : MESSAGE);
    client.begin(source ? pump(client, source, this.#exchange) : this.#exchange);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.#isRead = true;
    return this.#queue.next();
  }

  /** Ends the stream: the server gets CANCEL, and no more items come, also none of those that wait. */
  cancel(): void {
    this.#queue.clear();
    this.#client.cancel(this.#exchange);
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(problem: unknown): Promise<IteratorResult<T, undefined>> {
    this.cancel();
    return Promise.reject(problem);
  }

  /** One loop at a time: two would each get some of the items. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    if (this.#hasLoop && this.#status === "open") throw new TypeError("a stream has one loop: each item is given out once");
    this.#hasLoop = true;
    const loop: AsyncIterableIterator<T, undefined> = {
      next: () => this.next(),
      return: () => this.return(),
      throw: (problem) => this.throw(problem),
      [Symbol.asyncIterator]: () => loop,
    };
    return loop;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** @internal */
  protected override watched(count: number): void {
    this.#isWatched = count > 0;
    if (this.#isWatched && !this.#isRead) this.#queue.clear();
  }

  /** @internal */
  protected override snapshot(): StreamSnapshot<T> {
    return {
      status: this.#status,
      last: this.#last,
      received: this.#exchange.received,
      problem: this.#problem,
    };
  }
}

/** `source`, or a TypeError where it has no items. */
export function iterable(source: Source<unknown>, rpc: string): Source<unknown> {
  const { [Symbol.asyncIterator]: isAsync, [Symbol.iterator]: isPlain } = Object(source);
  if (!isAsync && !isPlain) throw new TypeError(`${rpc}: the source of an upload is an iterable, such as an array or an async generator; ${source} is none`);
  return source;
}

/** Lets the items of `source` follow the opening envelope of `x`, and returns that. Whatever ends the request ends the source. */
export function pump(client: Client, source: Source<unknown>, x: Exchange): Exchange {
  const items: AsyncIterator<unknown> | Iterator<unknown> =
    (source as AsyncIterable<unknown>)[Symbol.asyncIterator]?.() ?? (source as Iterable<unknown>)[Symbol.iterator]();
  x.onSent = async () => {
    try {
      for (;;) {
        const { done, value } = await items.next();
        if (x.isOver) return;
        if (done) break;
        await client.sendItem(x, value);
        if (x.isOver) return;
      }
      x.onOver = undefined;
      client.endItems(x);
    } catch (problem) {
      x.onOver = undefined; // the source has ended itself
      client.cancel(x, problem);
    }
  };
  x.onOver = async () => {
    try {
      await items.return?.();
    } catch {} // what it throws now interests nobody
  };
  return x;
}
