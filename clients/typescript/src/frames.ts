// A small call costs the package `ws` more than the client. So small messages go past it, in both directions; all else it does: the handshake, large messages and
// those in pieces, pings, the close, what is wrong.

/** What is used of the socket beneath a WebSocket of `ws`. */
export interface RawSocket {
  write(bytes: Uint8Array): unknown;
}

/** What is used of its reader of frames. False: no more for now. */
export interface RawReceiver {
  write(bytes: Uint8Array): boolean;
}

const CHUNK = 1 << 16; // bytes; each is filled, and let go when what stands in it has been written
const LARGEST = 4096; // bytes of a message
const MASKS = 1024;
const EARLY = 4; // messages

/**
 * Writes binary messages of a client as frames (RFC 6455 §5.2). Of those of one go the first few leave by themselves, and the others together: so the server is
 * at work while the rest is being made, and neither sleeps while the other works.
 */
export class FrameWriter {
  readonly #socket: RawSocket;
  #chunk = new Uint8Array(CHUNK);
  #begin = 0;
  #end = 0;
  #masks = new Uint8Array(4 * MASKS);
  #mask = 4 * MASKS;
  /** How many messages there have been in this go. */
  #count = 0;
  readonly #later = () => {
    this.#count = 0;
    this.flush();
  };

  constructor(socket: RawSocket) {
    this.#socket = socket;
  }

  /** False for a message that is better sent by `ws`, after a `flush`. */
  write(message: Uint8Array): boolean {
    const { length } = message;
    if (length > LARGEST) return false;
    if (this.#end + length + 8 > CHUNK) {
      this.flush();
      this.#chunk = new Uint8Array(CHUNK);
      this.#begin = this.#end = 0;
    }
    if (this.#mask === 4 * MASKS) {
      crypto.getRandomValues(this.#masks);
      this.#mask = 0;
    }
    if (!this.#count++) queueMicrotask(this.#later);
    const chunk = this.#chunk;
    const masks = this.#masks;
    const mask = this.#mask;
    let at = this.#end;
    chunk[at++] = 0x82;
    if (length < 126) chunk[at++] = 0x80 | length;
    else {
      chunk[at++] = 0xfe;
      chunk[at++] = length >> 8;
      chunk[at++] = length;
    }
    for (let i = 0; i < 4; i++) chunk[at++] = masks[mask + i]!;
    for (let i = 0; i < length; i++) chunk[at++] = message[i]! ^ masks[mask + (i & 3)]!;
    this.#end = at;
    this.#mask = mask + 4;
    if (this.#count === EARLY) this.flush();
    return true;
  }

  flush(): void {
    if (this.#begin === this.#end) return;
    this.#socket.write(this.#chunk.subarray(this.#begin, this.#end));
    this.#begin = this.#end;
  }
}

/** Takes whole binary messages out of what comes for `receiver`, which gets the other frames as they are. */
export function readFrames(receiver: RawReceiver, onMessage: (message: Uint8Array) => void): void {
  const { write } = receiver;
  /** The begin of a frame whose end has not come. */
  let rest: Uint8Array | undefined;
  /** So many bytes more are the receiver's. */
  let through = 0;
  let isInPieces = false;
  receiver.write = (given) => {
    const chunk: Uint8Array = rest ? (globalThis as any).Buffer.concat([rest, given]) : given;
    rest = undefined;
    let wantsMore = true;
    for (let at = 0; at < chunk.length; ) {
      if (through) {
        const end = Math.min(chunk.length, at + through);
        wantsMore = write.call(receiver, chunk.subarray(at, end));
        through -= end - at;
        at = end;
        continue;
      }
      const left = chunk.length - at;
      const first = chunk[at]!;
      const second = left > 1 ? chunk[at + 1]! : 127;
      const isSized = (second & 127) < 126;
      const head = isSized ? 2 : second & 1 ? 10 : 4;
      let size = isSized ? second & 127 : 0;
      for (let i = 2; i < head; i++) size = size * 256 + chunk[at + i]!;
      const isWhole = left >= head + size; // not, where the size has not come: NaN
      if (left >= head && (first !== 0x82 || second > 127 || size > LARGEST || isInPieces)) {
        if (!(first & 8)) isInPieces = first < 128;
        through = head + size;
      } else if (isWhole) {
        onMessage(new Uint8Array(chunk.buffer, chunk.byteOffset + at + head, size));
        at += head + size;
      } else {
        rest = chunk.subarray(at);
        break;
      }
    }
    return wantsMore;
  };
}
