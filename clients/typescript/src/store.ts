import type { CallOptions, Client } from "./client.js";
import { encode } from "./codec.js";
import { share, sharedBy } from "./live.js";
import { Observable } from "./observable.js";
import type { StreamOptions, StreamSnapshot } from "./stream.js";
import { topic, type TopicOptions, type TopicSnapshot } from "./topic.js";

/** What a user interface shows. Clients, streams, topics and presence lists are stores, too. */
export interface Store<S> {
  /** Calls `listener` after each change, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void;
  /** What it is now. The same value is returned until something changes. */
  readonly getSnapshot: () => S;
}

/**
 * A store that asks the server as long as somebody listens. Equal ones of a client, of the same name, data, metadata and `keep`, are one: they share a
 * request and what it has brought.
 */
export interface SharedStore<S> extends Store<S> {
  /** The same for equal ones. */
  readonly key: string;
}

/** The name of a handler or topic; or nothing, and then nobody is asked. */
export type Name = string | false | null | undefined;

export interface Again {
  /** Asks anew. Nothing happens while nobody listens. */
  readonly again: () => void;
}

export interface AnswerSnapshot<R> extends Again {
  readonly status: "idle" | "pending" | "done" | "failed";
  /** The newest answer. It stays while another is waited for, and when that fails. */
  readonly data: R | undefined;
  readonly problem: Error | undefined;
}

export interface KeepOptions {
  /** How many items are kept: the newest. Default 1,000. */
  keep?: number;
}

export interface ItemsSnapshot<T> extends Again, Omit<StreamSnapshot<T>, "status"> {
  readonly status: "idle" | StreamSnapshot<T>["status"];
  /** The newest, in their order. */
  readonly items: readonly T[];
}

export interface MessagesSnapshot<T> extends Again, TopicSnapshot<T> {
  /** The newest, in their order. */
  readonly items: readonly T[];
}

/** What is going on for a store that somebody listens to. */
interface Work<S> {
  now: () => S;
  end: () => void;
}

/** Begins it; `changed` is to be called after each change of what `now` gives. `before` is what was known until then. */
type Open<S> = (changed: () => void, before: S) => Work<S>;

const nothing = () => {};

/** What equal stores share. */
class Shared<S extends { status: string }> extends Observable<S & Again> {
  readonly #open: Open<S>;
  readonly #forget: () => void;
  #before: S;
  #work: Work<S> | undefined;
  #count = 0;

  constructor(open: Open<S>, before: S, forget: () => void) {
    super();
    this.#open = open;
    this.#before = before;
    this.#forget = forget;
  }

  /** @internal */
  protected override snapshot(): S & Again {
    return { ...(this.#work?.now() ?? this.#before), again: this.#again };
  }

  /** @internal Who leaves and comes back in one go, as components do that are mounted twice, finds what was there. Who comes later does not get an old failure. */
  protected override watched(count: number): void {
    const isMore = count > this.#count;
    this.#count = count;
    if (!count) queueMicrotask(() => this.#count || this.#end());
    else if (isMore && (!this.#work || this.#work.now().status === "failed")) this.#again();
  }

  readonly #again = (): void => {
    if (!this.#count) return;
    this.#before = this.getSnapshot();
    this.#work?.end();
    this.#work = undefined;
    this.#work = this.#open(() => this.changed(), this.#before);
    this.changed();
  };

  #end(): void {
    this.#work?.end();
    this.#work = undefined;
    this.#forget();
  }
}

function shared<S extends { status: string }>(client: Client, what: unknown[], idle: S, open: Open<S>): SharedStore<S & Again> {
  const key = encode(what).join();
  const first = { ...idle, again: nothing };
  return {
    key,
    subscribe: (listener) =>
      what[1] ? share(client, key, () => new Shared(open, idle, () => sharedBy(client).delete(key))).subscribe(listener) : nothing,
    getSnapshot: () => (sharedBy(client).get(key) as Shared<S> | undefined)?.getSnapshot() ?? first,
  };
}

/**
 * The answer to a question: a call that does no harm when it runs twice, since it is sent again after a lost connection. It is cancelled when nobody listens
 * any more.
 */
export function answer<R = any>(
  client: Client,
  rpc: Name,
  data?: unknown,
  options: Omit<CallOptions, "signal"> = {},
): SharedStore<AnswerSnapshot<R>> {
  type Answer = Omit<AnswerSnapshot<R>, "again">;
  const idle: Answer = { status: rpc ? "pending" : "idle", data: undefined, problem: undefined };
  return shared<Answer>(client, ["answer", rpc, data, options.metadata], idle, (changed, before) => {
    const controller = new AbortController();
    let now: Answer = { ...before, status: "pending", problem: undefined };
    const become = (change: Partial<Answer>) => {
      now = { ...now, ...change };
      changed();
    };
    client.call<R>(rpc as string, data, { idempotent: true, ...options, signal: controller.signal }).then(
      (data) => become({ status: "done", data }),
      (problem) => become({ status: "failed", problem }),
    );
    return { now: () => now, end: () => controller.abort() };
  });
}

/** The newest of what `source` brings one by one, beside what it says itself. */
function collect<T, S extends { last: unknown; received: number }>(
  source: Store<S>,
  keep: number,
  changed: () => void,
  end = nothing,
): Work<S & { items: readonly T[] }> {
  const items: T[] = [];
  let seen = source.getSnapshot().received;
  const leave = source.subscribe(() => {
    const { last, received } = source.getSnapshot();
    if (received > seen) {
      seen = received;
      items.push(last as T);
      if (items.length > 2 * keep) items.splice(0, items.length - keep);
    }
    changed();
  });
  return {
    now: () => ({ ...source.getSnapshot(), items: items.slice(Math.max(0, items.length - keep)) }),
    end() {
      leave();
      end();
    },
  };
}

/** The newest items of a stream. It is cancelled when nobody listens any more. */
export function items<T = any>(
  client: Client,
  rpc: Name,
  data?: unknown,
  { keep = 1000, ...options }: Omit<StreamOptions, "signal"> & KeepOptions = {},
): SharedStore<ItemsSnapshot<T>> {
  type Items = Omit<ItemsSnapshot<T>, "again">;
  const idle: Items = { status: rpc ? "open" : "idle", last: undefined, received: 0, problem: undefined, items: [] };
  return shared<Items>(client, ["items", rpc, data, options.metadata, keep], idle, (changed) => {
    const stream = client.stream<T>(rpc as string, data, options);
    return collect<T, StreamSnapshot<T>>(stream, keep, changed, () => stream.cancel());
  });
}

/** The newest messages of a topic, from now on, or from `since` on. */
export function messages<T = any>(
  client: Client,
  name: Name,
  { keep = 1000, ...options }: TopicOptions & KeepOptions = {},
): SharedStore<MessagesSnapshot<T>> {
  type Messages = Omit<MessagesSnapshot<T>, "again">;
  const idle: Messages = {
    status: name ? "opening" : "idle",
    last: undefined,
    received: 0,
    missed: 0,
    position: undefined,
    recovered: undefined,
    problem: undefined,
    items: [],
  };
  return shared<Messages>(client, ["messages", name, options.since, keep], idle, (changed) =>
    collect<T, TopicSnapshot<T>>(topic<T>(client, name as string, options), keep, changed),
  );
}

/**
 * The `subscribe` of a store, for listeners that draw: they are called at most once in a frame, however much has come; in a page that is in the background
 * and draws no frames, at most every 250 ms.
 */
export function perFrame(subscribe: Store<unknown>["subscribe"]): Store<unknown>["subscribe"] {
  return (listener) => {
    let frame: number | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const drop = () => {
      if (frame !== undefined) cancelAnimationFrame(frame);
      clearTimeout(timer);
      timer = undefined;
    };
    const tell = () => {
      drop();
      listener();
    };
    const end = subscribe(() => {
      if (timer !== undefined) return;
      frame = globalThis.requestAnimationFrame?.(tell);
      timer = setTimeout(tell, frame === undefined ? 16 : 250);
    });
    return () => {
      end();
      drop();
    };
  };
}
