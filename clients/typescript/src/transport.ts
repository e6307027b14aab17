import { FrameWriter, type RawReceiver, type RawSocket, readFrames } from "./frames.js";

/** Why a transport ended, or could not be had. */
export interface Ending {
  /** What happened, for people. */
  reason: string;
  /** The close code of the WebSocket (RFC 6455 §7.4), if it came to that. */
  code?: number;
  /** The HTTP status that refused the handshake. Browsers do not tell it. */
  status?: number;
  /** The server's wish when to come again. */
  retryAfterMs?: number;
  /** What a client whose first attempt this is fails with: the address is none. */
  problem?: unknown;
}

/** Carries whole binary messages both ways, in order. What a client is on: a WebSocket, a MessagePort, a test's own. */
export interface Transport {
  /** `bytes` may be kept, unless `copies` is true; nobody changes them afterwards. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** `send` is done with the bytes when it returns. Then they are not copied for it. */
  readonly copies?: boolean;
  close(code: number): void;
  /** Bytes that `send` has taken and that have not left yet; uploads wait while it is above 1 MiB. */
  readonly bufferedAmount?: number;
  /** Set by the client, as soon as it has the transport. */
  onMessage: ((bytes: Uint8Array) => void) | undefined;
  /** Set by the client. To be called once, when the transport is over, whoever closed it. */
  onClose: ((ending: Ending) => void) | undefined;
}

/** What a client needs of the WebSocket of a browser, of Deno, Bun, Node 22, or of the package `ws`. */
export type WebSocketClass = new (url: string, protocols: string[], options?: any) => WebSocketLike;

export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  readonly extensions?: string;
  readonly bufferedAmount: number;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  /** Of `ws` alone: the socket beneath, and what reads its frames. */
  readonly _socket?: RawSocket | null;
  readonly _receiver?: RawReceiver | null;
  /** Of `ws` alone, which also tells why a handshake was refused. */
  on?(event: "message" | "unexpected-response", listener: (...given: any[]) => void): unknown;
}

/** The name that browsers let pass; `swill/1` means the same (docs/protocol.md §1). */
const PROTOCOL = "swill.v1";

/**
 * The URL of a server. A bare host, with or without a port or path, means port 8080 and path `/ws`, by `ws:`; on a page that came by https:
 * port 443, by `wss:`. Of a URL, http and https stand for ws and wss, and no path for `/ws`. Throws a `TypeError` for what is no address.
 */
export function urlOf(target: string | URL): URL {
  const refuse = (why: string) => {
    throw new TypeError(`connect() wants an address, HOST, HOST:PORT or a URL such as ws://HOST:PORT/ws, or a function that gives one: ${why}`);
  };
  if (typeof target !== "string" && typeof target?.href !== "string") refuse(`${target} is none`);
  const given = String(target);
  let text = given;
  if (!text.includes("://")) {
    const isSecure = (globalThis as { location?: Location }).location?.protocol === "https:";
    const host = /^[^/?#]*/.exec(text)![0];
    text = isSecure ? `wss://${text}` : `ws://${/:\d+$/.test(host) ? host : `${host}:8080`}${text.slice(host.length)}`;
  }
  let url!: URL;
  try {
    url = new URL(text.replace(/^http/i, "ws"));
  } catch {
    refuse(`"${given}" is none`);
  }
  if (!/^wss?:$/.test(url.protocol)) refuse(`"${given}" has a scheme that is not ws, wss, http or https`);
  if (url.port === "0") refuse(`"${given}" has no port from 1 to 65535`);
  if (url.hash) refuse(`"${given}" has a fragment`);
  if (url.pathname === "/") url.pathname = "/ws";
  return url;
}

/** Opens a WebSocket; resolves when it is open, rejects with an `Ending`. */
export async function openWebSocket(url: URL, given: WebSocketClass | undefined, signal: AbortSignal): Promise<Transport> {
  const Class = given ?? (await findClass());
  return new Promise((resolve, reject: (ending: Ending) => void) => {
    const nobody = `no connection to ${url.origin}${url.pathname}`; // without the query, which may hold a token, and would be shown to people
    let socket!: WebSocketLike;
    try {
      socket = new Class(url.href, [PROTOCOL], { perMessageDeflate: false }); // for ws: small messages do not shrink by it
    } catch (problem) {
      reject({ reason: `${nobody}: ${(problem as Error).message}`, problem }); // such as ws: in a page that came by https
      return;
    }
    socket.binaryType = socket.on ? "nodebuffer" : "arraybuffer"; // ws: an ArrayBuffer for each message costs much
    let frames: FrameWriter | undefined;
    const transport: Transport & { copies: boolean } = {
      copies: false,
      send(bytes) {
        if (frames?.write(bytes)) return;
        frames?.flush();
        socket.send(bytes);
      },
      close(code) {
        frames?.flush();
        frames = undefined;
        socket.close(code);
      },
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      onMessage: undefined,
      onClose: undefined,
    };
    const ending: Ending = { reason: nobody };
    const abort = () => socket.close();
    signal.addEventListener("abort", abort);
    socket.onopen = () => {
      signal.removeEventListener("abort", abort);
      transport.copies = !socket.extensions; // ws compresses later than it is called, where that was agreed on
      if (socket._socket && socket._receiver && transport.copies) {
        frames = new FrameWriter(socket._socket);
        readFrames(socket._receiver, (bytes) => transport.onMessage?.(bytes));
      }
      resolve(transport);
    };
    if (socket.on) socket.on("message", (data: Uint8Array) => transport.onMessage?.(data)); // without an Event for each
    else socket.onmessage = ({ data }) => transport.onMessage?.(new Uint8Array(data));
    socket.onerror = ({ message }) => {
      if (!message || ending.status) return;
      ending.reason = `${nobody}: ${message.replace(url.search, "")}`;
      ending.status = Number(/status code: (\d+)/.exec(message)?.[1]) || undefined; // Deno and Bun tell it in words
    };
    socket.on?.("unexpected-response", (request, response) => {
      ending.reason = `${nobody}: the server answered ${(ending.status = response.statusCode)}`;
      const after = response.headers["retry-after"];
      if (after) ending.retryAfterMs = /^\d+$/.test(after) ? after * 1000 : Date.parse(after) - Date.now();
      request.destroy();
      reject(ending);
    });
    socket.onclose = ({ code, reason }) => {
      frames = undefined;
      if (transport.onClose) ending.reason = reason || `closed with ${code}`;
      ending.code = code;
      reject(ending);
      transport.onClose?.(ending);
    };
  });
}

/**
 * That of the platform. In Node that of `ws` where it is installed: Node 20 has none, and that of newer ones takes twice as long and does not say why a handshake
 * was refused.
 */
async function findClass(): Promise<WebSocketClass> {
  const platform = globalThis as { WebSocket?: WebSocketClass; process?: { versions?: Record<string, string> } };
  const { node, bun, deno } = platform.process?.versions ?? {};
  if (node && !bun && !deno) {
    try {
      return (await import(/* @vite-ignore */ ["ws"].join())).WebSocket; // the name is computed, or bundlers would take the package in
    } catch {}
  }
  if (platform.WebSocket) return platform.WebSocket;
  throw { reason: "no WebSocket: install ws, or give the option webSocket", status: 406 };
}

/** What a client needs of the MessagePort of a browser or of Node. */
export interface Port {
  onmessage: ((event: any) => void) | null;
  postMessage(message: any): void;
  close(): void;
}

/** One end of a MessageChannel as a transport, such as towards a SharedWorker that has the socket. The other end gets and posts Uint8Arrays. */
export function portTransport(port: Port): Transport {
  const transport: Transport = {
    send: (bytes) => port.postMessage(bytes),
    close: () => {
      port.close();
      transport.onClose?.({ reason: "closed" });
    },
    onMessage: undefined,
    onClose: undefined,
  };
  port.onmessage = ({ data }) => transport.onMessage?.(data);
  return transport;
}
