import { beforeEach, describe, expect, it, vi } from "vitest";
import { Client, OverflowError, type Stream } from "../src/index.js";
import { Queue } from "../src/queue.js";
import { type FakeConnection, FakeServer, settle } from "../src/testing.js";

let link: FakeConnection;
let client: Client;

beforeEach(async () => {
  const server = new FakeServer();
  client = new Client();
  await client.connect(server.target);
  link = server.link;
  return () => client.close();
});

const END = 1;
const CANCEL = [2, null, "count", 3];

/** Items first, first + 1 … in a turn of their own, as a WebSocket of a browser gives them. */
async function send(from: number, to: number) {
  for (let i = from; i < to; i++) {
    link.reply(2, i);
    await Promise.resolve();
  }
}

describe("a stream", () => {
  it("begins at once, gives its items in order, and ends", async () => {
    const stream = client.stream<number>("count", 3);
    expect(link.last).toEqual([2, 3, "count"]);
    for (const i of [1, 2, 3]) link.reply(2, i);
    link.reply(2, null, END);

    const items: number[] = [];
    for await (const item of stream) items.push(item);

    expect(items).toEqual([1, 2, 3]);
    expect(link.sent).toHaveLength(1); // no CANCEL: it was over
  });

  it("gives what had come before an error, then the error, then the end", async () => {
    const stream = client.stream("count");
    link.reply(2, 1);
    link.fail(2, 410, "gone");

    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await expect(stream.next()).rejects.toMatchObject({ code: 410 });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  const ways: Record<string, (stream: Stream<number>) => Promise<unknown>> = {
    break: async (stream) => {
      for await (const _ of stream) break;
    },
    "a throw in the loop": async (stream) => {
      const loop = async () => {
        for await (const _ of stream) throw new Error("mine");
      };
      await expect(loop()).rejects.toThrow("mine");
    },
    return: (stream) => stream.return(),
    throw: (stream) => expect(stream.throw(new Error("mine"))).rejects.toThrow("mine"),
    cancel: async (stream) => stream.cancel(),
    "the end of a using block": async (given) => {
      using stream = given;
      await stream.next();
    },
  };
  it.each(Object.keys(ways))("is cancelled at once by %s", async (way) => {
    const stream = client.stream<number>("count");
    link.reply(2, 1);
    link.reply(2, 2);

    await ways[way]!(stream);

    expect(link.last).toEqual(CANCEL);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(link.sent).toHaveLength(2);
  });

  it("has one loop, whose iterator may be handed on, and says so to a second", async () => {
    const stream = client.stream<number>("count");
    const loop = stream[Symbol.asyncIterator]();
    for (let i = 1; i <= 3; i++) link.reply(2, i);

    expect(() => stream[Symbol.asyncIterator]()).toThrow(new TypeError("a stream has one loop: each item is given out once"));
    expect((await loop.next()).value).toBe(1);
    expect((await stream.next()).value).toBe(2);
    for await (const item of loop) {
      expect(item).toBe(3);
      break;
    }

    expect(link.last).toEqual(CANCEL);
    for await (const _ of stream) expect.unreachable(); // it is over: nothing is shared
  });

  it("is cancelled while a next is pending, which then ends", async () => {
    const stream = client.stream("count");
    const pending = stream.next();

    const ended = stream.return();

    expect(link.last).toEqual(CANCEL);
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(await ended).toEqual({ done: true, value: undefined });
  });

  it("is cancelled by its signal while a next is pending, which then fails", async () => {
    const controller = new AbortController();
    const stream = client.stream("count", 1, { signal: controller.signal });
    const pending = stream.next();

    controller.abort(new Error("enough"));

    expect(link.last).toEqual(CANCEL);
    await expect(pending).rejects.toThrow("enough");
  });

  it("drops what comes after its cancellation", async () => {
    const stream = client.stream("count");
    stream.cancel();
    await send(0, 5000);

    expect(stream.getSnapshot()).toMatchObject({ status: "ended", received: 0 });
  });

  it("answers several nexts in their order", async () => {
    const stream = client.stream("count");
    const all = [stream.next(), stream.next(), stream.next()];

    link.reply(2, 1);
    link.reply(2, 2);
    link.reply(2, null, END);

    expect((await Promise.all(all)).map((r) => r.value)).toEqual([1, 2, undefined]);
  });

  it("tells leading and trailing metadata", async () => {
    const told: unknown[] = [];
    const stream = client.stream("count", 1, { onLeading: (m) => told.push(m), onTrailing: (m) => told.push(m) });

    link.reply(2, 1, 0, { lead: 1 });
    link.reply(2, null, END, null, { trail: 2 });
    await stream.next();

    expect(told).toEqual([{ lead: 1 }, { trail: 2 }]);
  });
});

describe("the queue of a stream", () => {
  it("holds 1,024 items, and one more cancels the stream with a typed error", async () => {
    const stream = client.stream<number>("count");
    await send(0, 1024);
    expect(link.sent).toHaveLength(1);

    await send(1024, 1025);

    expect(link.last).toEqual(CANCEL);
    const items: number[] = [];
    const loop = async () => {
      for await (const item of stream) items.push(item);
    };
    const error = await loop().catch((e) => e);
    expect(error).toBeInstanceOf(OverflowError);
    expect(error.received).toBe(1024);
    expect(items).toEqual(Array.from({ length: 1024 }, (_, i) => i));
  });

  it("holds 4 MiB", async () => {
    const stream = client.stream("count");
    const item = new Uint8Array(1 << 20);
    for (let i = 0; i < 4; i++) {
      link.reply(2, item);
      await Promise.resolve();
    }
    expect(link.sent).toHaveLength(1);

    link.reply(2, item);

    expect(link.last).toEqual(CANCEL);
    expect(stream.getSnapshot().problem).toBeInstanceOf(OverflowError);
  });

  it("has the length and size that it was given", async () => {
    client.stream("count", 1, { queueLength: 2 });
    await send(0, 2);
    expect(link.sent).toHaveLength(1);

    await send(2, 3);

    expect(link.last).toEqual(CANCEL);
  });

  it("takes a burst in one go as a whole, as nobody can read meanwhile, and no second one", async () => {
    const stream = client.stream<number>("count");
    for (let i = 0; i < 5000; i++) link.reply(2, i);
    await settle();
    expect(stream.getSnapshot().status).toBe("open");

    link.reply(2, 5000);

    expect(link.last).toEqual(CANCEL);
  });

  it("keeps up with a reader that keeps up, and holds nothing", async () => {
    const stream = client.stream<number>("count");
    let expected = 0;
    const loop = async () => {
      for await (const item of stream) expect(item).toBe(expected++);
    };
    const all = loop();
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 1000; i++) link.reply(2, round * 1000 + i);
      await new Promise((resolve) => setImmediate(resolve));
    }
    link.reply(2, null, END);
    await all;

    expect(expected).toBe(100_000);
  });
});

describe("the snapshot of a stream", () => {
  it("changes with each item, tells the listeners, and is the same object until then", () => {
    const stream = client.stream<number>("count");
    const listener = vi.fn();
    const { subscribe, getSnapshot } = stream; // without their object, as hooks call them
    const end = subscribe(listener);
    const before = getSnapshot();
    expect(getSnapshot()).toBe(before);

    link.reply(2, 7);
    expect(getSnapshot()).toEqual({ status: "open", last: 7, received: 1, problem: undefined });
    link.fail(2, 410, "gone");

    expect(listener).toHaveBeenCalledTimes(2);
    expect(getSnapshot()).toMatchObject({ status: "failed", last: 7, problem: { code: 410 } });
    end();
  });

  it("is all that is kept while somebody has subscribed and nobody takes items", async () => {
    const stream = client.stream<number>("count");
    const end = stream.subscribe(() => {});

    await send(0, 5000);

    expect(stream.getSnapshot()).toMatchObject({ status: "open", last: 4999, received: 5000 });
    end();
  });
});

describe("a loop that begins after somebody has subscribed", () => {
  it("gets what comes from then on, and nothing from before a gap", async () => {
    const stream = client.stream<number>("count");
    await send(0, 10);
    const end = stream.subscribe(() => {});
    await send(10, 20);

    const next = stream.next();
    await send(20, 21);

    expect(await next).toEqual({ done: false, value: 20 });
    end();
  });
});

describe("a duplex", () => {
  it("sends and receives at the same time, and ends its source when it is cancelled", async () => {
    let isOver = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) {
          yield i;
          await new Promise((resolve) => setTimeout(resolve));
        }
      } finally {
        isOver = true;
      }
    }
    const stream = client.duplex<number>("echo", source());
    await settle();
    expect(link.sent).toEqual([
      [2, null, "echo", 2],
      [2, 0, "echo"],
    ]);
    link.reply(2, 0);
    for await (const item of stream) {
      expect(item).toBe(0);
      break;
    }

    expect(link.last).toEqual([2, null, "echo", 3]);
    await vi.waitFor(() => expect(isOver).toBe(true));
    const count = link.sent.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(link.sent).toHaveLength(count);
  });

  it("goes on receiving when its source has ended", async () => {
    const stream = client.duplex<number>("echo", [1]);
    await settle();
    expect(link.last).toEqual([2, null, "echo", 1]);

    link.reply(2, 1);
    link.reply(2, null, END);

    expect(await stream.next()).toEqual({ done: false, value: 1 });
    expect((await stream.next()).done).toBe(true);
  });
});

describe("the queue", () => {
  it("does not hold what it has given out", async () => {
    const queue = new Queue<object>(10, 1000);
    queue.push({}, 1);
    queue.push({}, 1);
    const given = new WeakRef((await queue.next()).value!);
    await new Promise((resolve) => setTimeout(resolve)); // until then a WeakRef that was made or read holds its target
    gc!();

    expect(given.deref()).toBeUndefined();
    expect((await queue.next()).done).toBe(false);
  });
});

describe("the heap", () => {
  it("stays flat over 1,000 streams that are left, each with a listener", async () => {
    const signal = new AbortController().signal;
    const round = async (n: number) => {
      for (let i = 0; i < n; i++) {
        const stream = client.stream("count", 1, { signal });
        const end = stream.subscribe(() => {});
        link.reply(link.last[0], "x".repeat(10_000));
        end();
        stream.cancel();
        link.sent.length = link.turns.length = 0;
        if (i % 100 === 0) await settle();
      }
      gc!();
      return process.memoryUsage().heapUsed;
    };
    await round(200);

    const before = await round(100);
    const after = await round(1000);

    expect(after - before).toBeLessThan(1_000_000); // 10 MB of items came
  });
});
