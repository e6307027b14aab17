import { Client } from "../../typescript/src/client.js";
import { decode as decodeValue } from "../../typescript/src/codec.js";
import { openWebSocket, type Transport } from "../../typescript/src/transport.js";
import { print } from "./json.ts";
import { link, type Handler } from "./type.ts";

/** One envelope as it went over the wire. */
export interface Envelope {
  readonly isOut: boolean;
  /** Milliseconds since the page was opened. */
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly seq: number;
  /** The handler, where it is known. */
  readonly rpc: string;
}

/** Somebody who wants to know of the envelopes of one request. */
export interface Watcher {
  readonly rpc: string;
  /** Set when its first envelope leaves. */
  seq?: number;
  passed(envelope: Envelope): void;
}

const KEPT = 2000; // envelopes,
const KEPT_BYTES = 1 << 24; // and of these so many bytes
const PING = "swill.ping";

export const decode = (bytes: Uint8Array) => decodeValue(bytes) as unknown[];

/** The client of the page, and all that passes between it and the server. */
export class Connection {
  readonly client = new Client();
  /** Of the WebSocket endpoint, on the server that the page is from. */
  path = "/ws";
  token = "";
  /** The newest, but for heartbeats. */
  readonly envelopes: Envelope[] = [];
  #bytes = 0;
  /** Called when there is another envelope. */
  onEnvelope = () => {};
  /** Those whose request has not left yet, and those whose has, by its seq. */
  readonly #waiting: Watcher[] = [];
  readonly #watchers = new Map<number, Watcher>();
  readonly #names = new Map<number, string>();
  #connections = 0;

  get url(): URL {
    const url = new URL(location.origin.replace(/^http/, "ws"));
    url.pathname = this.path;
    return url;
  }

  /** The page says where the endpoint is in a header of its own. */
  async open(): Promise<void> {
    try {
      const { headers } = await fetch(location.pathname, { method: "HEAD" });
      this.path = headers.get("Swill-Endpoint") ?? this.path;
    } catch {
      // Nobody answers; the client says so, and goes on trying.
    }
    this.connect();
  }

  connect(): void {
    this.client.close();
    this.client.connect(({ signal }) => this.#dial(signal), { timeoutMs: Infinity }).catch(() => {}); // its state has the reason
  }

  async handlers(builtin: boolean): Promise<Handler[]> {
    const all: Handler[] = [];
    for await (const handler of this.client.stream<Handler>("swill.introspect", builtin ? { builtin } : null)) {
      handler.text = print(handler);
      link(handler.request.type);
      link(handler.response.type);
      all.push(handler);
    }
    return all;
  }

  forgetEnvelopes(): void {
    this.envelopes.length = this.#bytes = 0;
  }

  /** The next request of that name that leaves is the watcher's: it is told of its envelopes, until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.#waiting.push(watcher);
    return () => {
      const at = this.#waiting.indexOf(watcher);
      if (at >= 0) this.#waiting.splice(at, 1);
      if (watcher.seq !== undefined) this.#watchers.delete(watcher.seq);
    };
  }

  async #dial(signal: AbortSignal): Promise<Transport> {
    const url = this.url;
    if (this.token) url.searchParams.set("session", this.token);
    url.searchParams.set("client", this.client.id);
    url.searchParams.set("client_number", `${++this.#connections}`);
    const inner = await openWebSocket(url, undefined, signal);
    this.#names.clear();
    this.#watchers.clear();
    const outer: Transport = {
      send: (bytes) => {
        this.#note(true, bytes);
        inner.send(bytes);
      },
      close: (code) => inner.close(code),
      get bufferedAmount() {
        return inner.bufferedAmount ?? 0;
      },
      onMessage: undefined,
      onClose: undefined,
    };
    inner.onMessage = (bytes) => {
      this.#note(false, bytes);
      outer.onMessage?.(bytes);
    };
    inner.onClose = (ending) => outer.onClose?.(ending);
    return outer;
  }

  #note(isOut: boolean, bytes: Uint8Array): void {
    const at = performance.now();
    const seq = seqOf(bytes);
    if (isOut && !this.#names.has(seq)) this.#begin(seq, String(decode(bytes)[2]));
    const rpc = this.#names.get(seq) ?? "";
    if (rpc === PING) {
      if (!isOut) this.#names.delete(seq);
      return;
    }
    const envelope = { isOut, at, bytes, seq, rpc };
    this.envelopes.push(envelope);
    this.#bytes += bytes.length;
    while (this.envelopes.length > KEPT || (this.#bytes > KEPT_BYTES && this.envelopes.length > 1)) {
      this.#bytes -= this.envelopes.shift()!.bytes.length;
    }
    this.#watchers.get(seq)?.passed(envelope);
    this.onEnvelope();
  }

  #begin(seq: number, rpc: string): void {
    this.#names.set(seq, rpc);
    const first = this.#waiting.findIndex((watcher) => watcher.rpc === rpc);
    const [watcher] = first < 0 ? [] : this.#waiting.splice(first, 1);
    if (!watcher) return;
    watcher.seq = seq;
    this.#watchers.set(seq, watcher);
  }
}

/** The first element of an envelope: an integer of any width. Streams are long, so the rest is decoded only when somebody looks at it. */
export function seqOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(1);
  if (first === 0xcc) return view.getUint8(2);
  if (first === 0xcd) return view.getUint16(2);
  if (first === 0xce) return view.getUint32(2);
  return first === 0xcf ? Number(view.getBigUint64(2)) : first;
}
