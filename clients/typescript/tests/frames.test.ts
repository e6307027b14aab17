import { describe, expect, it } from "vitest";
import * as ws from "ws";
import { FrameWriter, readFrames } from "../src/frames.js";

const { Receiver, Sender } = ws as any; // which its types leave out

const SIZES = [0, 1, 125, 126, 127, 4095, 4096];

/** What `ws` reads in frames of a client. */
function messagesIn(frames: Uint8Array): string[] {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: true });
  receiver.on("message", (data: Buffer) => messages.push(textOf(data)));
  receiver.on("error", (problem: unknown) => {
    throw problem;
  });
  receiver.write(frames);
  return messages;
}

const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => size + i);
/** Quicker to compare. */
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

describe("a writer of frames", () => {
  function writer() {
    const written: Uint8Array[] = [];
    return { written, frames: new FrameWriter({ write: (bytes) => written.push(bytes) }) };
  }

  it("writes messages of each size as others read them, and leaves large ones to ws", async () => {
    const { written, frames } = writer();
    for (const size of SIZES) expect(frames.write(bytesOf(size))).toBe(true);
    expect(frames.write(bytesOf(4097))).toBe(false);
    await Promise.resolve();

    expect(messagesIn(Buffer.concat(written))).toEqual(SIZES.map((size) => textOf(bytesOf(size))));
  });

  it("writes those of one go in two: the first four, and all others", async () => {
    const { written, frames } = writer();
    for (let i = 0; i < 100; i++) frames.write(bytesOf(1));
    await Promise.resolve();
    for (let i = 0; i < 3; i++) frames.write(bytesOf(1));
    await Promise.resolve();

    expect(written.map((bytes) => bytes.length)).toEqual([4 * 7, 96 * 7, 3 * 7]);
  });

  it("writes what there is at once when it is told to", () => {
    const { written, frames } = writer();
    frames.write(bytesOf(1));
    frames.flush();
    frames.flush();

    expect(written).toHaveLength(1);
  });

  it("changes nothing of what it has written, however much follows", async () => {
    const { written, frames } = writer();
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 50; i++) frames.write(bytesOf(4096 - i));
      await Promise.resolve();
    }

    const messages = messagesIn(Buffer.concat(written));
    expect(messages).toHaveLength(1500);
    expect(messages.every((message, i) => message === textOf(bytesOf(4096 - (i % 50))))).toBe(true);
  });

  it("masks each frame with other bytes", async () => {
    const { written, frames } = writer();
    for (let i = 0; i < 3000; i++) frames.write(bytesOf(0));
    await Promise.resolve();
    const all = Buffer.concat(written);
    const masks = new Set(Array.from({ length: 3000 }, (_, i) => all.readUInt32BE(6 * i + 2)));

    expect(masks.size).toBeGreaterThan(2990); // of 2^32
  });
});

describe("a reader of frames", () => {
  const frame = (size: number, opcode = 2, fin = true): Buffer =>
    Buffer.concat(Sender.frame(Buffer.from(bytesOf(size)), { fin, opcode, mask: false, rsv1: false, readOnly: true }));

  /** Small and large messages, one in pieces with a ping and what looks like a small message between them, and a ping. */
  const stream = [
    ...[3, ...SIZES, 4097, 65_536, 5].map((size) => frame(size)),
    frame(10, 2, false),
    frame(4, 9),
    frame(11, 0, false),
    frame(12, 0, true),
    frame(7),
    frame(2, 9),
    frame(8),
  ];
  const expected = [...[3, ...SIZES, 4097, 65_536, 5].map(bytesOf), Buffer.concat([10, 11, 12].map(bytesOf)), bytesOf(7), bytesOf(8)].map(textOf);

  function reader() {
    const messages: string[] = [];
    const seen = { small: 0, pings: 0, problem: undefined as unknown };
    const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
    receiver.on("message", (data: Buffer) => messages.push(textOf(data)));
    receiver.on("ping", () => seen.pings++);
    receiver.on("error", (problem: unknown) => (seen.problem = problem));
    readFrames(receiver, (message) => {
      seen.small++;
      messages.push(textOf(message));
    });
    return { messages, seen, write: (bytes: Buffer): boolean => receiver.write(bytes) };
  }

  it("gives messages in their order, small ones without ws, and leaves all else to it", () => {
    const { messages, seen, write } = reader();
    write(Buffer.concat(stream));

    expect(messages).toEqual(expected);
    expect(seen).toEqual({ small: SIZES.length + 4, pings: 2, problem: undefined });
  });

  it("does so wherever what comes is cut", () => {
    const all = Buffer.concat(stream);
    const begins = stream.map((_, i) => Buffer.concat(stream.slice(0, i)).length);
    const places = begins.flatMap((begin) => Array.from({ length: 24 }, (_, i) => begin + i - 12)).filter((place) => place > 0 && place < all.length);
    for (const place of places) {
      const { messages, write } = reader();
      write(Buffer.from(all.subarray(0, place)));
      write(Buffer.from(all.subarray(place)));
      if (messages.join() !== expected.join()) throw new Error(`cut at ${place}`);
    }
  });

  it("does so byte by byte", () => {
    const { messages, seen, write } = reader();
    for (const byte of Buffer.concat(stream)) write(Buffer.from([byte]));

    expect(messages).toEqual(expected);
    expect(seen.pings).toBe(2);
  });

  it("leaves what is wrong to ws: a whole message between the pieces of another", async () => {
    const { messages, seen, write } = reader();
    write(Buffer.concat([frame(10, 2, false), frame(4, 9), frame(3)]));
    await new Promise((resolve) => setTimeout(resolve));

    expect(messages).toEqual([]);
    expect(String(seen.problem)).toMatch("invalid opcode 2");
  });

  it("leaves what is wrong to ws: a frame of a server that is masked", async () => {
    const { messages, seen, write } = reader();
    write(Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5]));

    await new Promise((resolve) => setTimeout(resolve));
    expect(messages).toEqual([]);
    expect(String(seen.problem)).toMatch("MASK must be clear");
  });
});
