import { beforeEach, describe, expect, it, vi } from "vitest";
import { Client, presence, publish, SwillError, textsOf, topic, ValidationError } from "../src/index.js";
import { FakeServer, settle } from "../src/testing.js";

let server: FakeServer;
let client: Client;

beforeEach(async () => {
  server = new FakeServer();
  client = new Client();
  await client.connect(server.target);
  return () => client.close();
});

describe("a call", () => {
  it("sends its message and gets the answer", async () => {
    const sum = client.call("add", [1, 2]);

    expect(server.link.last).toEqual([2, [1, 2], "add"]);
    server.link.reply(2, 3);
    expect(await sum).toBe(3);
  });

  it("gets its own answer, in whatever order they come", async () => {
    const [a, b] = [client.call("a"), client.call("b")];

    server.link.reply(3, "b");
    server.link.reply(2, "a");

    expect(await Promise.all([a, b])).toEqual(["a", "b"]);
  });

  it("fails with the server's error, its data, and whether a retry helps", async () => {
    const answers = [client.call("a"), client.call("b"), client.call("c"), client.call("d")];

    server.link.fail(2, 409, "too late", { by: 3 });
    server.link.fail(3, 503, "down", { retry_after_ms: 20 });
    server.link.fail(4, 429);
    server.link.fail(5, 409, "again", { retryable: true });

    const errors = (await Promise.allSettled(answers)).map((a) => (a as PromiseRejectedResult).reason as SwillError);
    expect(errors.every((e) => e instanceof SwillError && e instanceof Error)).toBe(true);
    expect(errors.map((e) => [e.code, e.message, e.retryable])).toEqual([
      [409, "too late", false],
      [503, "down", true],
      [429, "no", true],
      [409, "again", true],
    ]);
    expect(errors[0]!.data).toEqual({ by: 3 });
    expect(errors[1]!.retryAfterMs).toBe(20);
  });

  it("fails with the fields that are wrong", async () => {
    const answer = client.call("user.create", {});

    server.link.fail(2, 422, "Validation Error", { name: [{ description: "Missing required field" }] });

    const error = await answer.catch((e) => e);
    expect(error).toBeInstanceOf(ValidationError);
    expect(error.fields.name).toEqual([{ description: "Missing required field" }]);
  });

  it("fails with the name of its handler, which consoles show, and with the message as it came", async () => {
    const answers = [client.call("greeter.helo"), client.stream("clock.tick").next(), client.call("slow")].map((a) => a.catch((e) => e));

    server.link.fail(2, 404, "No such handler");
    server.link.fail(3, 404, "No such handler");
    client.close();

    const [call, stream, lost] = await Promise.all(answers);
    expect([call, stream, lost].map((e) => e.rpc)).toEqual(["greeter.helo", "clock.tick", "slow"]);
    expect([call.message, call.stack.split("\n")[0]]).toEqual(["No such handler", "SwillError: 404 greeter.helo: No such handler"]);
    expect(lost.stack).toMatch(/^MaybeExecutedError: slow: the connection broke/);
  });

  it("says in words what it was given wrongly", async () => {
    for (const source of [5, undefined, {}, null] as any[]) {
      const why = `sum: the source of an upload is an iterable, such as an array or an async generator; ${source} is none`;
      await expect(client.upload("sum", source)).rejects.toThrow(new TypeError(why));
      expect(() => client.duplex("sum", source)).toThrow(new TypeError(why));
    }
    expect(() => new Client({ token: "abc" as any })).toThrow(new TypeError("token is a function that gives the token: it is asked before every attempt"));
    for (const ask of [topic, presence, publish] as any[]) {
      expect(() => ask("chat")).toThrow(new TypeError(`${ask.name} wants a client, and then the name of a topic: ${ask.name}(client, name)`));
    }
    expect(server.link.sent).toEqual([]);
  });

  it("fails with texts by the paths of what is wrong", async () => {
    const answer = client.call("order.place", {}).catch((e) => e);
    const no = (description: string) => [{ description }];
    const lines = [...no("too long"), { index: 1, errors: [{ sku: no("unknown"), "*": no("sold out") }] }, { index: 2, errors: no("Expected Line, got int") }];
    const prices = [{ key: "us d", errors: no("less than 0") }, { key: 7, errors: [...no("a"), ...no("b")] }];

    server.link.fail(2, 422, "Validation Error", { lines, prices, "*": no("empty"), to: [{ key: [{ index: 0, errors: no("odd") }] }] });

    expect((await answer).texts).toEqual({
      lines: ["too long"],
      "lines[1].sku": ["unknown"],
      "lines[1]": ["sold out"],
      "lines[2]": ["Expected Line, got int"],
      'prices["us d"]': ["less than 0"],
      "prices[7]": ["a", "b"],
      "*": ["empty"],
      "to.key[0]": ["odd"],
    });
    expect(textsOf({ "*": [{ index: 0, errors: no("no") }] })).toEqual({ "[0]": ["no"] });
    expect([textsOf(undefined), textsOf("of an application's own" as any), textsOf({ a: ["so", null] } as any), new ValidationError(422, "no").texts]).toEqual([{}, {}, {}, {}]);
  });

  it("sends metadata, and tells those of the server", async () => {
    const told: unknown[] = [];
    const answer = client.call("a", 1, {
      metadata: { who: "me" },
      onLeading: (m) => told.push(["leading", m]),
      onTrailing: (m) => told.push(["trailing", m]),
    });

    expect(server.link.last).toEqual([2, 1, "a", 0, { who: "me" }]);
    server.link.reply(2, null, 2, { lead: 1 });
    server.link.reply(2, "done", 0, null, { trail: 2 });

    expect(await answer).toBe("done");
    expect(told).toEqual([
      ["leading", { lead: 1 }],
      ["trailing", { trail: 2 }],
    ]);
  });

  it("has a deadline, here and at the server", async () => {
    vi.useFakeTimers();
    const answer = client.call("a", 1, { timeoutMs: 50 }).catch((e) => e);

    expect(server.link.last).toEqual([2, 1, "a", 0, { timeout_ms: 50 }]);
    await vi.advanceTimersByTimeAsync(50);

    expect((await answer).code).toBe(408);
    expect(server.link.last).toEqual([2, null, "a", 3]);
    vi.useRealTimers();
  });

  it("is cancelled by its signal, with the signal's reason, once", async () => {
    const controller = new AbortController();
    const answer = client.call("a", 1, { signal: controller.signal }).catch((e) => e);

    controller.abort(new Error("enough"));
    controller.abort();

    expect((await answer).message).toBe("enough");
    expect(server.link.sent).toEqual([
      [2, 1, "a"],
      [2, null, "a", 3],
    ]);
  });

  it("is not sent when its signal was aborted before", async () => {
    await expect(client.call("a", 1, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");

    expect(server.link.sent).toEqual([]);
  });

  it("leaves no listener at its signal", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const answer = client.call("a", 1, { signal });

    server.link.reply(2, 1);
    await answer;

    expect(remove.mock.calls.map((c) => c[1])).toEqual(add.mock.calls.map((c) => c[1]));
  });

  it("leaves no timer", async () => {
    vi.useFakeTimers();
    const answer = client.call("a", 1, { timeoutMs: 1000 });
    const late = new Client();
    const waiting = late.call("a", 1, { timeoutMs: 1000 }).catch((e) => e);
    expect(vi.getTimerCount()).toBe(3);

    server.link.reply(2, 1);
    await answer;
    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);

    expect((await waiting).code).toBe(408);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("ignores an answer that comes after its cancellation", async () => {
    const controller = new AbortController();
    const answer = client.call("a", 1, { signal: controller.signal }).catch(() => "cancelled");
    controller.abort();
    server.link.reply(2, "late");

    expect(await answer).toBe("cancelled");
  });

  it("fails by itself when its message cannot be encoded", async () => {
    await expect(client.call("a", () => {})).rejects.toThrow("a function cannot be sent");

    const next = client.call("b");
    server.link.reply(server.link.last[0], "well");
    expect(await next).toBe("well");
  });

  it("is counted while it is under way", async () => {
    vi.useFakeTimers();
    const answer = client.call("a");
    client.stream("s");

    await vi.advanceTimersByTimeAsync(100);
    expect(client.pending).toEqual({ count: 1, oldestMs: 100 });
    server.link.reply(2, 1);
    await answer;

    expect(client.pending).toEqual({ count: 0, oldestMs: 0 });
    vi.useRealTimers();
  });

  it.each([[[0x95, 0x02]], [[0x01]], [[]]])("ends with the connection when %j comes, which is no envelope", async (bytes) => {
    const answer = client.call("a").catch((e) => e);

    server.link.onMessage!(new Uint8Array(bytes));

    expect((await answer).name).toBe("MaybeExecutedError");
    expect(server.link.closed).toBe(true);
  });

  it("is not disturbed by what the application throws in a callback", async () => {
    vi.useFakeTimers();
    const answer = client.call("a", 1, { onLeading: () => { throw new Error("mine"); } });

    server.link.reply(2, "fine", 0, { lead: 1 });

    expect(await answer).toBe("fine");
    expect(() => vi.runOnlyPendingTimers()).toThrow("mine");
    vi.useRealTimers();
  });
});

describe("an upload", () => {
  it("opens at once, sends each item, ends, and gets the answer", async () => {
    const sum = client.upload("sum", [1, 2, 3]);
    await settle();

    expect(server.link.sent).toEqual([
      [2, null, "sum", 2],
      [2, 1, "sum"],
      [2, 2, "sum"],
      [2, 3, "sum"],
      [2, null, "sum", 1],
    ]);
    server.link.reply(2, 6);
    expect(await sum).toBe(6);
  });

  it("stops its source when the server answers early", async () => {
    const { source, ended } = endless();
    const answer = client.upload("first", source);
    await settle();

    server.link.reply(2, "enough");

    expect(await answer).toBe("enough");
    await vi.waitFor(() => expect(ended()).toBe(true));
  });

  it("is cancelled when its source fails, and fails with that", async () => {
    async function* source() {
      yield 1;
      throw new Error("no more");
    }
    const answer = client.upload("sum", source()).catch((e) => e);
    await settle();

    expect((await answer).message).toBe("no more");
    expect(server.link.last).toEqual([2, null, "sum", 3]);
  });

  it("waits while much is unsent", async () => {
    vi.useFakeTimers();
    server.link.bufferedAmount = 2 << 20;
    void client.upload("sum", [1, 2, 3]).catch(() => {});
    await vi.advanceTimersByTimeAsync(100);
    expect(server.link.sent).toHaveLength(2); // opening envelope and one item

    server.link.bufferedAmount = 0;
    await vi.advanceTimersByTimeAsync(100);

    expect(server.link.sent).toHaveLength(5);
    vi.useRealTimers();
  });
});

/** Numbers without end, one in each turn; and whether somebody has ended them. */
function endless() {
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
  return { source: source(), ended: () => isOver };
}
