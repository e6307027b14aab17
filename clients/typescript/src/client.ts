import { type Backoff, delayOf, isFinal, LONGEST_WISH, namedDelay } from "./backoff.js";
import { decode, encode, encodeShared } from "./codec.js";
import {
  ConnectionError,
  errorOf,
  MaybeExecutedError,
  NotSentError,
  StreamBrokenError,
  SwillError,
} from "./errors.js";
import {
  CANCEL,
  END_OF_STREAM,
  ERROR,
  Exchange,
  METADATA,
  recently,
  type RequestOptions,
  type Sink,
} from "./exchange.js";
import { guard, Observable } from "./observable.js";
import { randomId } from "./random.js";
import { iterable, pump, Stream, type StreamOptions } from "./stream.js";
import { type Ending, openWebSocket, type Transport, urlOf, type WebSocketClass } from "./transport.js";

export interface ClientOptions {
  /** Where the platform has none, and `ws` is not installed. */
  webSocket?: WebSocketClass;
  /** Asked before every attempt to connect; what it gives travels as `session` in the query (docs/sessions.md). */
  token?: () => string | undefined | Promise<string | undefined>;
  /** How long a request waits for a connection before it fails with `NotSentError`. Milliseconds, default 10,000. */
  waitMs?: number;
  /** How many requests may wait for a connection; one more fails with `NotSentError`. Default 1,024. */
  waiting?: number;
  /** Limit of one attempt, from the token to the first answer of the server. Milliseconds, default 10,000. */
  dialMs?: number;
  /** Silence after which the server is asked whether it is still there. Milliseconds, default 15,000. */
  heartbeatMs?: number;
  /** How long it may take to answer; then the connection counts as lost. Milliseconds, default 10,000. */
  heartbeatTimeoutMs?: number;
  backoff?: Partial<Backoff>;
}

/** Where the server is: a host, `host:port` or URL; or a function that is asked before every attempt, and may give a transport instead. */
export type Target =
  | string
  | URL
  | ((attempt: { attempt: number; signal: AbortSignal }) => Place | Promise<Place>);
type Place = string | URL | Transport;

export interface ConnectOptions {
  /** Gives up, and closes the client. */
  signal?: AbortSignal;
  /** How long the first connection may take, all attempts together; then the client is closed. Milliseconds, default 30,000; Infinity: for ever. */
  timeoutMs?: number;
}

export interface CallOptions extends RequestOptions {
  /** The call does no harm when it runs twice: after a lost connection, or a retryable 503, it is sent again. */
  idempotent?: boolean;
}

/** What a client is doing. A new object after each change. */
export interface ClientState {
  readonly status: "idle" | "connecting" | "connected" | "waiting" | "closed";
  /** Attempts that have failed in a row. */
  readonly attempt: number;
  /** While it waits: until the next attempt, from the begin of the wait. */
  readonly delayMs: number;
  /** Why there is no connection. Empty when there is one, or nobody wants one. */
  readonly reason: string;
}

/** Calls that have no answer yet. */
export interface Pending {
  readonly count: number;
  /** How long the oldest has been under way. Milliseconds, 0 when there is none. */
  readonly oldestMs: number;
}

/** One attempt to connect, and the connection that it leads to. */
interface Link {
  readonly controller: AbortController;
  transport: Transport | undefined;
  /** Since when it is up. */
  since: number | undefined;
  /** When something last came. */
  heard: number;
  /** Bytes of the largest envelope that has been sent. */
  largest: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const PING = "swill.ping";
const LATE = "no connection in time";
const STABLE_MS = 5000; // a connection that lived as long was no failure
const WAKE_MS = 3000; // how long a server may take to answer after a page was away
const UPLOAD_MS = 60_000; // the same while uploads are open: the server may be waiting for their handlers, and reads no ping meanwhile
const LONGEST_TIMER = 2 ** 31 - 1;
const UNSENT_BYTES = 1 << 20; // above it uploads wait

const now = () => performance.now();

/** A stream may have told the application half of itself already. */
const canRepeat = (x: Exchange) => x.options.idempotent && !x.streams && !x.opening;

/** Calls handlers of a server over one connection, and gets a new one when that is lost. */
export class Client extends Observable<ClientState> {
  /**
   * The same over all its connections, and of no other client. Travels as `client` in the query: by it the server ends a connection that this client has lost before it
   * lets the next one in. A secret: who knows it can end the connection.
   */
  readonly id = randomId();
  /** Connections that it has asked for. */
  #connections = 0;
  readonly #options;
  readonly #open = new Map<number, Exchange>();
  readonly #waiting = new Set<Exchange>();
  #state: ClientState = { status: "idle", attempt: 0, delayMs: 0, reason: "" };
  #target: Target | undefined;
  #link: Link | undefined;
  #seq = 0;
  /** Attempts in a row of which nothing came; or else, connections that did not last. */
  #failures = 0;
  /** Connections in a row that were there and did not last. */
  #brief = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Before that the server does not want to be asked. */
  #notBefore = 0;
  #connected: ((problem?: unknown) => void) | undefined;

  constructor(options: ClientOptions = {}) {
    super();
    if (options.token && typeof options.token !== "function") throw new TypeError("token is a function that gives the token: it is asked before every attempt");
    this.#options = {
      waitMs: 10_000,
      waiting: 1024,
      dialMs: 10_000,
      heartbeatMs: 15_000,
      heartbeatTimeoutMs: 10_000,
      ...options,
      backoff: { firstMs: 500, longestMs: 30_000, ...options.backoff },
    };
  }

  get state(): ClientState {
    return this.#state;
  }

  /** @internal */
  protected override snapshot(): ClientState {
    return this.#state;
  }

  get pending(): Pending {
    let count = 0;
    let oldest = now();
    for (const some of [this.#open.values(), this.#waiting]) {
      for (const x of some) {
        if (x.streams || x.rpc === PING) continue;
        count++;
        oldest = Math.min(oldest, x.begun);
      }
    }
    return { count, oldestMs: now() - oldest };
  }

  /**
   * Calls `listener` with true when there has been no connection for `afterMs`, and with false when there is one again: a banner that it shows
   * does not flicker. Until the returned function is called.
   */
  onLost(listener: (isLost: boolean) => void, afterMs = 5000): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isLost = false;
    const tell = (lost: boolean) => {
      timer = undefined;
      isLost = lost;
      guard(() => listener(lost));
    };
    const look = () => {
      if (!this.#state.reason) {
        clearTimeout(timer);
        timer = undefined;
        if (isLost) tell(false);
      } else if (!isLost) timer ??= setTimeout(tell, afterMs, true);
    };
    const end = this.subscribe(look);
    look();
    return () => {
      end();
      clearTimeout(timer);
    };
  }

  /**
   * Resolves when the server has answered. From then on the client connects again by itself whenever the connection is lost, until `close`,
   * or until it is refused for good; state, calls and topics go on in the same objects.
   */
  connect(target: Target, { signal, timeoutMs = 30_000 }: ConnectOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#target) throw new ConnectionError("connected before: close first");
      if (typeof target !== "function") {
        try {
          urlOf(target);
        } catch (problem) {
          this.#stop((problem as Error).message, problem); // calls that wait for a connection need not wait
          throw problem;
        }
      }
      this.#target = target;
      this.#watchPage("addEventListener");
      const give = (why: string) => this.#stop(why, signal?.reason);
      const abort = () => give("aborted");
      const timer =
        timeoutMs < LONGEST_TIMER
          ? setTimeout(() => give(this.#state.reason || LATE), timeoutMs)
          : undefined;
      this.#connected = (problem) => {
        this.#connected = undefined;
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        if (problem === undefined) resolve();
        else reject(problem);
      };
      if (signal?.aborted) abort();
      else {
        signal?.addEventListener("abort", abort);
        this.#dial();
      }
    });
  }

  /** Ends the connection, and everything that goes on over it. The client may `connect` again. */
  close(): void {
    if (this.#state.status !== "closed") this.#stop("");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A message for a message. Fails with `SwillError`, or a class derived from it. */
  call<R = any>(rpc: string, data?: unknown, options: CallOptions = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      this.begin(new Exchange(rpc, data, options, { item: resolve, end: resolve as () => void, fail: reject }));
    });
  }

  /** A message for a stream. It begins at once; `for await` takes its items, and whatever ends the loop early cancels it. */
  stream<T = any>(rpc: string, data?: unknown, options: StreamOptions = {}): Stream<T> {
    return new Stream<T>(this, rpc, data, options);
  }

  /** A stream for a message. When the server answers early, or the call fails, `source` is told to `return`. */
  upload<R = any>(rpc: string, source: Source<unknown>, options: RequestOptions = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      const sink: Sink = { item: resolve, end: resolve as () => void, fail: reject };
      this.begin(pump(this, iterable(source, rpc), new Exchange(rpc, undefined, options, sink, false, METADATA)));
    });
  }

  /** A stream for a stream. Both go on at the same time. */
  duplex<T = any>(rpc: string, source: Source<unknown>, options: StreamOptions = {}): Stream<T> {
    return new Stream<T>(this, rpc, undefined, options, iterable(source, rpc));
  }

  // --- requests

  /** @internal */
  begin(x: Exchange): void {
    const { signal, timeoutMs } = x.options;
    if (signal?.aborted) {
      this.#fail(x, signal.reason);
      return;
    }
    if (this.#state.status === "closed") {
      this.#fail(x, this.#lost(x, this.#state.reason || "closed"));
      return;
    }
    signal?.addEventListener("abort", (x.onAbort = () => this.cancel(x, signal.reason)));
    if (timeoutMs! < LONGEST_TIMER) {
      x.deadlineTimer = setTimeout(() => this.cancel(x, new SwillError(408, "Deadline exceeded")), timeoutMs);
    }
    if (this.#state.status === "connected") this.#transmit(x);
    else this.#wait(x);
  }

  /** @internal Ends a request that nobody wants any more; with a problem it fails by that. */
  cancel(x: Exchange, ...problem: [unknown?]): void {
    if (x.isOver) return;
    if (x.seq) this.#send([x.seq, null, x.rpc, CANCEL]);
    if (problem.length) this.#fail(x, problem[0]);
    else if (this.#finish(x)) x.sink.end();
  }

  /** @internal An item of an upload; resolves when there is room for another. */
  async sendItem(x: Exchange, item: unknown): Promise<void> {
    this.#send([x.seq, item, x.rpc], x);
    x.itemsSent++;
    while (!x.isOver && (this.#link?.transport?.bufferedAmount ?? 0) > UNSENT_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** @internal */
  endItems(x: Exchange): void {
    this.#send([x.seq, null, x.rpc, END_OF_STREAM]);
  }

  /** @internal */
  retryDelay(attempt: number): number {
    return delayOf({ reason: "" }, attempt, this.#options.backoff);
  }

  /** Until when it may wait for a connection, or for the server to be able. */
  #patience(x: Exchange): number {
    return (x.waitsUntil ||= now() + (x.options.waitMs ?? this.#options.waitMs));
  }

  #wait(x: Exchange): void {
    if (this.#waiting.size >= this.#options.waiting) {
      this.#fail(x, new NotSentError("too many wait for a connection"));
      return;
    }
    this.#waiting.add(x);
    const left = this.#patience(x) - now();
    if (left < LONGEST_TIMER) x.waitTimer = setTimeout(() => this.#fail(x, this.#lost(x, LATE)), left);
  }

  #leaveWait(x: Exchange): void {
    this.#waiting.delete(x);
    clearTimeout(x.waitTimer);
  }

  #transmit(x: Exchange): void {
    if (x.waitsUntil) this.#leaveWait(x);
    const { metadata, timeoutMs } = x.options;
    const seq = ++this.#seq;
    const envelope: unknown[] = [seq, x.data, x.rpc];
    if (x.opening || metadata || timeoutMs !== undefined) envelope.push(x.opening);
    if (timeoutMs! < LONGEST_TIMER) {
      const left = Math.max(0, Math.ceil(x.begun + timeoutMs! - now()));
      envelope.push({ ...metadata, timeout_ms: left });
    } else if (metadata) envelope.push(metadata);
    x.largest = 0; // of those of another connection
    try {
      this.#send(envelope, x);
    } catch (problem) {
      this.#fail(x, problem); // data that cannot be encoded
      return;
    }
    x.seq = seq;
    x.hasLeft = true;
    this.#open.set(seq, x);
    x.onSent?.();
  }

  #send(envelope: unknown[], x?: Exchange): void {
    const link = this.#link!;
    const transport = link.transport!;
    const bytes = (transport.copies ? encodeShared : encode)(envelope);
    const size = bytes.byteLength;
    if (x && size > x.largest) x.largest = size;
    if (size > link.largest) link.largest = size;
    try {
      transport.send(bytes);
    } catch (problem) {
      queueMicrotask(() => this.#lose(link, { reason: String(problem) })); // after the request counts as open
    }
  }

  #receive(link: Link, bytes: Uint8Array): void {
    link.heard = recently();
    let envelope: any[];
    try {
      envelope = decode(bytes) as any[];
      if (!Array.isArray(envelope)) throw envelope;
    } catch {
      this.#lose(link, { reason: "a message could not be decoded" });
      return;
    }
    const { 0: seq, 1: data, 2: type, 3: leading, 4: trailing } = envelope; // not as an array: that would make an iterator
    const x = this.#open.get(seq);
    if (!x) return; // cancelled, and the answer had left already
    if (leading) guard(() => x.options.onLeading?.(leading));
    if (trailing) guard(() => x.options.onTrailing?.(trailing));
    if (type === METADATA || x.isOver) return;
    if (type === ERROR) this.#refuse(x, errorOf(data));
    else if (type === END_OF_STREAM) {
      if (this.#finish(x)) x.sink.end();
    } else {
      x.received++;
      if (!x.streams) this.#finish(x);
      x.sink.item(data, bytes.byteLength);
    }
  }

  /** The server answers with an error. */
  #refuse(x: Exchange, problem: SwillError): void {
    const delay = Math.min(LONGEST_WISH, problem.retryAfterMs ?? this.retryDelay(0));
    if (!canRepeat(x) || problem.code !== 503 || !problem.retryable || now() + delay >= this.#patience(x)) {
      this.#fail(x, problem);
      return;
    }
    this.#open.delete(x.seq);
    x.seq = 0;
    this.#wait(x);
    setTimeout(() => {
      if (this.#waiting.has(x) && this.#state.status === "connected") this.#transmit(x);
    }, delay);
  }

  #fail(x: Exchange, problem: unknown): void {
    if (!this.#finish(x)) return;
    if (problem instanceof SwillError) problem.blame(x.rpc);
    x.sink.fail(problem);
  }

  /** False when it was over before. */
  #finish(x: Exchange): boolean {
    if (x.isOver) return false;
    x.isOver = true;
    this.#open.delete(x.seq);
    if (x.waitsUntil) this.#leaveWait(x);
    if (x.deadlineTimer) clearTimeout(x.deadlineTimer);
    if (x.onAbort) x.options.signal!.removeEventListener("abort", x.onAbort);
    x.onOver?.();
    return true;
  }

  /** What the caller of a request learns whose connection is gone. */
  #lost(x: Exchange, why: string): unknown {
    if (!x.hasLeft) return this.#state.status === "closed" ? new ConnectionError(`not sent: ${why}`) : new NotSentError(why);
    if (x.streams || x.opening) return new StreamBrokenError(why, x.received, x.itemsSent);
    return new MaybeExecutedError(why);
  }

  // --- connections

  #set(status: ClientState["status"], delayMs = 0, reason = ""): void {
    this.#state = { status, attempt: status === "connected" ? 0 : this.#failures, delayMs, reason };
    this.changed();
  }

  #dial(): void {
    clearTimeout(this.#timer);
    const controller = new AbortController();
    const link: Link = { controller, transport: undefined, since: undefined, heard: 0, largest: 0, timer: undefined };
    this.#link = link;
    link.timer = setTimeout(() => this.#lose(link, { reason: LATE }), this.#options.dialMs);
    this.#set("connecting", 0, this.#state.reason);
    this.#transport(this.#failures, controller.signal).then(
      (transport) => {
        if (this.#link !== link) {
          transport.close(1000);
          return;
        }
        link.transport = transport;
        transport.onMessage = (bytes) => this.#receive(link, bytes);
        transport.onClose = (ending) => this.#lose(link, ending);
        this.#ping(() => this.#up(link)); // somebody who speaks the protocol is there, not just an open socket
      },
      (problem) => this.#lose(link, problem?.reason ? problem : { reason: String(problem?.message ?? problem) }),
    );
  }

  async #transport(attempt: number, signal: AbortSignal): Promise<Transport> {
    const target = this.#target!;
    const place = typeof target === "function" ? await target({ attempt, signal }) : target;
    if (typeof (place as Transport)?.send === "function") return place as Transport;
    let url: URL;
    try {
      url = urlOf(place as string | URL);
    } catch (problem) {
      throw { reason: (problem as Error).message, problem };
    }
    const token = await this.#options.token?.();
    if (token !== undefined) url.searchParams.set("session", token);
    if (!url.searchParams.has("client")) {
      url.searchParams.set("client", this.id);
      url.searchParams.set("client_number", `${++this.#connections}`);
    }
    return openWebSocket(url, this.#options.webSocket, signal);
  }

  #up(link: Link): void {
    if (this.#link !== link || link.since !== undefined) return;
    link.since = now();
    this.#listen(link);
    this.#set("connected");
    for (const x of this.#waiting) this.#transmit(x);
    this.#connected?.();
  }

  #lose(link: Link, ending: Ending): void {
    if (this.#link !== link) return;
    this.#drop();
    if (isFinal(ending, !!this.#connected)) {
      const why = ending.reason || "refused";
      this.#stop(why, ending.problem ?? new ConnectionError(why, false, ending.status ?? ending.code));
      return;
    }
    const wasStable = now() - link.since! >= STABLE_MS; // not, where it was never up: NaN
    if (wasStable) this.#failures = this.#brief = 0;
    else this.#failures = link.since === undefined ? this.#failures + 1 : ++this.#brief; // what failed before somebody was there is over
    const delay = delayOf(ending, Math.max(0, this.#failures - 1), this.#options.backoff);
    this.#notBefore = now() + namedDelay(ending);
    this.#timer = setTimeout(() => this.#dial(), delay);
    const isTooLarge = ending.code === 1009; // and would be again
    const why = isTooLarge ? `a message was larger than the server takes: ${ending.reason}` : ending.reason || "gone";
    this.#set("waiting", delay, why);
    this.#breakOpen(why, !isTooLarge, isTooLarge ? link.largest : NaN);
  }

  /** Ends what there is of a connection. */
  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    clearTimeout(this.#timer);
    clearTimeout(link?.timer);
    link?.controller.abort();
    link?.transport?.close(1000);
  }

  #stop(reason: string, problem: unknown = new ConnectionError(reason || "closed")): void {
    this.#drop();
    this.#target = undefined;
    this.#watchPage("removeEventListener");
    this.#failures = this.#brief = 0;
    this.#set("closed", 0, reason);
    this.#breakOpen(reason || "closed", false);
    for (const x of this.#waiting) this.#fail(x, this.#lost(x, reason || "closed"));
    this.#connected?.(problem);
  }

  /** Of all messages, one of size `tooLarge` was certainly larger than the server takes. Smaller ones may have been. */
  #breakOpen(why: string, mayRepeat: boolean, tooLarge = NaN): void {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const x of all) x.seq = 0; // first: what the application is told may make it cancel others
    for (const x of all) {
      if (x.isOver || x.rpc === PING) continue;
      if (canRepeat(x) && mayRepeat) {
        x.waitsUntil = 0;
        this.#wait(x);
      } else this.#fail(x, x.largest === tooLarge ? new SwillError(413, why) : this.#lost(x, why));
    }
  }

  // --- is the server still there?

  /** `answered` is called at any answer: an older server that knows no such handler lives, too. */
  #ping(answered: () => void): void {
    this.#transmit(new Exchange(PING, undefined, {}, { item: answered, end: answered, fail: answered }));
  }

  /** Until nothing has come for so long that somebody should ask. */
  #listen(link: Link, wait = this.#options.heartbeatMs): void {
    clearTimeout(link.timer);
    link.timer = setTimeout(() => {
      const silent = now() - link.heard;
      if (silent + 1 < this.#options.heartbeatMs) this.#listen(link, this.#options.heartbeatMs - silent);
      else this.#probe(link, this.#options.heartbeatTimeoutMs);
    }, wait);
  }

  #probe(link: Link, patience: number): void {
    clearTimeout(link.timer);
    const asked = now();
    this.#ping(() => this.#listen(link));
    const look = () => {
      const waited = now() - asked;
      if (link.heard >= asked) this.#listen(link);
      else if (waited > patience + UPLOAD_MS) this.#probe(link, patience); // this machine slept, not the server
      else if (waited < UPLOAD_MS && [...this.#open.values()].some((x) => x.opening)) link.timer = setTimeout(look, patience);
      else this.#lose(link, { reason: `the server has not answered for ${Math.round(waited)} ms` });
    };
    link.timer = setTimeout(look, patience);
  }

  // --- the page that the client is in

  readonly #wake = (): void => {
    if ((globalThis as { document?: Document }).document?.hidden) return;
    this.#doubt();
    if (this.#state.status === "waiting" && now() >= this.#notBefore) this.#dial();
  };

  /** A connection may outlive an `offline`, such as one to this machine: so it is asked, and not given up. */
  readonly #doubt = (): void => {
    const link = this.#link;
    if (link?.since !== undefined) this.#probe(link, Math.min(WAKE_MS, this.#options.heartbeatTimeoutMs));
  };

  #watchPage(verb: "addEventListener" | "removeEventListener"): void {
    const page = globalThis as { document?: Document } & Partial<EventTarget>;
    page[verb]?.("online", this.#wake);
    page[verb]?.("offline", this.#doubt);
    page.document?.[verb]?.("visibilitychange", this.#wake);
  }
}

/** What an upload takes its items from. */
export type Source<T> = AsyncIterable<T> | Iterable<T>;
