/** Types of envelopes (docs/protocol.md §2). */
export const MESSAGE = 0;
export const END_OF_STREAM = 1;
export const METADATA = 2;
export const CANCEL = 3;
export const ERROR = 3;

let time = 0;
const forgetTime = () => {
  time = 0;
};

/** The time, asked for once for all that happens in one go. */
export function recently(): number {
  if (!time) {
    time = performance.now();
    queueMicrotask(forgetTime);
  }
  return time;
}

/** What travels beside messages. */
export type Metadata = Record<string, unknown>;

/** What every request may be told. */
export interface RequestOptions {
  /** Cancels the request: the server gets CANCEL at once, and the caller the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the request fails with code 408, here and at the server. Default: none; the server may have one. */
  timeoutMs?: number;
  /** Milliseconds that the request may wait for a connection before it fails with `NotSentError`. Default: that of the client. */
  waitMs?: number;
  metadata?: Metadata;
  /** Called once, when the server's leading metadata are there. */
  onLeading?: (metadata: Metadata) => void;
  /** Called once, before the end, when the server sends trailing metadata. */
  onTrailing?: (metadata: Metadata) => void;
}

/** What becomes of a request. `item` is called for each message; then `end` or `fail`, once. */
export interface Sink {
  item(data: any, size: number): void;
  end(): void;
  /** By an Error, or what a signal was aborted with. */
  fail(problem: any): void;
}

/** One request: from its begin, over the wait for a connection and its time on the wire, to its end. */
export class Exchange {
  /** On the wire: its seq. Else 0. */
  seq = 0;
  /** Whether it has ever been on the wire. */
  hasLeft = false;
  isOver = false;
  received = 0;
  itemsSent = 0;
  /** Bytes of the largest envelope of it that has been sent on this connection. */
  largest = 0;
  begun = recently();
  /** Until when it waits for a connection; 0: it does not wait yet. */
  waitsUntil = 0;
  waitTimer: ReturnType<typeof setTimeout> | undefined;
  deadlineTimer: ReturnType<typeof setTimeout> | undefined;
  onAbort: (() => void) | undefined;
  /** Of a request that is a stream: the opening envelope has left, items may follow. */
  onSent: (() => void) | undefined;
  /** The request is over, however it ended. */
  onOver: (() => void) | undefined;

  constructor(
    readonly rpc: string,
    readonly data: unknown,
    readonly options: RequestOptions & { idempotent?: boolean },
    readonly sink: Sink,
    /** Whether the response is a stream. */
    readonly streams = false,
    /** The type of the opening envelope: METADATA where the request is a stream. */
    readonly opening: typeof MESSAGE | typeof METADATA = MESSAGE,
  ) {}
}
