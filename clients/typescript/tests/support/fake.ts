import { MessageDecoder, MessageEncoder } from "../../src/codec.js";
import type { Ending, Transport } from "../../src/index.js";

const encoder = new MessageEncoder();
const decoder = new MessageDecoder();

/** One connection to a server that the test plays. It answers pings by itself, as long as it is not `deaf`. */
export class FakeLink implements Transport {
  onMessage: ((bytes: Uint8Array) => void) | undefined;
  onClose: ((ending: Ending) => void) | undefined;
  bufferedAmount = 0;
  deaf = false;
  closed = false;
  pings = 0;
  /** Envelopes that the client has sent, but for pings. */
  readonly sent: any[][] = [];
  /** How many of them came in each turn of the event loop. */
  readonly turns: number[] = [];
  #isTurn = false;

  send(bytes: Uint8Array): void {
    const envelope = decoder.decode(bytes) as any[];
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
  }

  close(): void {
    this.closed = true;
  }

  reply(seq: number, data: unknown, type = 0, leading: unknown = null, trailing: unknown = null): void {
    this.onMessage?.(encoder.encode([seq, data, type, leading, trailing]));
  }

  fail(seq: number, code: number, message = "no", data?: unknown): void {
    this.reply(seq, { code, message, data }, 3);
  }

  lose(ending: Partial<Ending> = {}): void {
    this.onClose?.({ reason: "gone", code: 1006, ...ending });
  }

  /** The envelope that the client has sent last. */
  get last(): any[] {
    return this.sent.at(-1)!;
  }
}

/** A server that the test plays: `client.connect(server.target)`. */
export class FakeServer {
  readonly links: FakeLink[] = [];
  /** Thrown at whoever connects. */
  refusal: Ending | undefined;
  /** New connections answer no ping. */
  deaf = false;
  attempts = 0;

  readonly target = (): Transport => {
    this.attempts++;
    if (this.refusal) throw this.refusal;
    const link = new FakeLink();
    link.deaf = this.deaf;
    this.links.push(link);
    return link;
  };

  /** The newest connection. */
  get link(): FakeLink {
    return this.links.at(-1)!;
  }
}

/** Lets everything run that waits for no timer. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
