import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Client, OverflowError, presence, publish, topic, type TopicEvent } from "../src/index.js";
import { FakeServer, settle } from "../src/testing.js";

let server: FakeServer;
let client: Client;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server = new FakeServer();
  client = new Client();
  await client.connect(server.target);
  return () => client.close();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The server says where a subscription begins. */
function begin(seq: number, epoch: number, offset: number, recovered = true) {
  server.link.reply(seq, null, 2, { epoch, offset, recovered });
}

/** What a loop gets, as it comes. */
function collect<E>(items: AsyncIterable<E>) {
  const events: E[] = [];
  const ended = (async () => {
    for await (const event of items) events.push(event);
  })();
  ended.catch(() => {});
  return { events, ended };
}

const brief = (events: TopicEvent<unknown>[]) => events.map((e) => (e.missed ? `missed@${e.position.offset}` : `${e.data}@${e.position.offset}`));

describe("a topic", () => {
  it("is subscribed to by the first who listens, and left with the last", async () => {
    const chat = topic(client, "chat");
    expect(chat.getSnapshot().status).toBe("idle");
    expect(server.link.sent).toEqual([]);

    const end = chat.subscribe(() => {});
    const loop = chat[Symbol.asyncIterator]();
    expect(server.link.sent).toEqual([[2, { topic: "chat" }, "swill.subscribe"]]);
    end();
    await settle();
    expect(server.link.sent).toHaveLength(1);
    await loop.return!();
    await settle();

    expect(server.link.last).toEqual([2, null, "swill.subscribe", 3]);
    expect(chat.getSnapshot().status).toBe("idle");
  });

  it("gives messages with their positions, and notes where some are missing", async () => {
    const { events } = collect(topic(client, "chat"));
    begin(2, 7, 0);
    server.link.reply(2, { offset: 1, data: "a" });
    server.link.reply(2, { epoch: 8, offset: 3, recovered: false });
    server.link.reply(2, { offset: 4, data: null });
    await settle();

    expect(events).toEqual([
      { missed: false, data: "a", position: { epoch: 7, offset: 1 } },
      { missed: true, data: undefined, position: { epoch: 8, offset: 3 } },
      { missed: false, data: null, position: { epoch: 8, offset: 4 } },
    ]);
  });

  it("is one object and one subscription for all who ask for it by name", async () => {
    const [a, b] = [collect(topic(client, "chat")), collect(topic(client, "chat"))];
    expect(topic(client, "chat")).toBe(topic(client, "chat"));
    begin(2, 1, 0);
    server.link.reply(2, { offset: 1, data: "x" });
    await settle();

    expect(server.link.sent).toHaveLength(1);
    expect([brief(a.events), brief(b.events)]).toEqual([["x@1"], ["x@1"]]);
  });

  it("stays open for who leaves and comes back in one go", async () => {
    const chat = topic(client, "chat");
    const end = chat.subscribe(() => {});

    end();
    chat.subscribe(() => {});
    await settle();

    expect(server.link.sent).toHaveLength(1);
  });

  it("begins where it is told to", () => {
    void collect(topic(client, "chat", { since: { epoch: 1, offset: 5 } }));

    expect(server.link.last).toEqual([2, { topic: "chat", since: { epoch: 1, offset: 5 } }, "swill.subscribe"]);
  });

  it("tells one loop that it is too slow, and goes on for the others", async () => {
    const slow = topic(client, "chat", { queueLength: 1024 })[Symbol.asyncIterator]();
    const quick = collect(topic(client, "chat"));
    begin(2, 1, 0);
    for (let i = 1; i <= 1025; i++) {
      server.link.reply(2, { offset: i, data: i });
      await settle();
    }

    expect(quick.events).toHaveLength(1025);
    for (let i = 0; i < 1024; i++) await slow.next();
    await expect(slow.next()).rejects.toBeInstanceOf(OverflowError);
    expect(server.link.sent).toHaveLength(1); // no CANCEL
  });

  it("fails when the server refuses, and may be tried again", async () => {
    const chat = topic(client, "chat");
    const { ended } = collect(chat);
    server.link.fail(2, 403, "not you");

    await expect(ended).rejects.toMatchObject({ code: 403 });
    expect(chat.getSnapshot()).toMatchObject({ status: "failed", problem: { code: 403 } });
    chat.subscribe(() => {});
    expect(server.link.last).toEqual([3, { topic: "chat" }, "swill.subscribe"]);
  });

  it("goes on by itself after 503, and after 429 that says when, with growing waits", async () => {
    const { events } = collect(topic(client, "chat"));
    begin(2, 1, 0);
    server.link.reply(2, { offset: 1, data: "a" });
    server.link.fail(2, 429, "too slow", { epoch: 1, offset: 1, retry_after_ms: 100 });
    await advance(100);
    expect(server.link.last).toEqual([3, { topic: "chat", since: { epoch: 1, offset: 1 } }, "swill.subscribe"]);
    for (const wait of [250, 500, 1000]) {
      server.link.fail(server.link.last[0], 503, "the broker is away", { retryable: true });
      const count = server.link.sent.length;
      await advance(wait - 1);
      expect(server.link.sent).toHaveLength(count);
      await advance(1);
      expect(server.link.sent).toHaveLength(count + 1);
    }
    const { length } = server.link.sent;
    topic(client, "chat").subscribe(() => {}); // somebody else comes while it waits
    expect(server.link.sent).toHaveLength(length);
    begin(server.link.last[0], 1, 1);
    server.link.reply(server.link.last[0], { offset: 2, data: "b" });
    await settle();
    expect(brief(events)).toEqual(["a@1", "b@2"]);

    server.link.fail(server.link.last[0], 503, "away again", { retryable: true });
    topic(client, "chat").subscribe(() => {});
    expect(server.link.sent).toHaveLength(length);
    await advance(250); // the first wait again
    expect(server.link.sent).toHaveLength(length + 1);
  });

  it("waits for an hour at most, whatever the server wishes", async () => {
    void collect(topic(client, "chat"));
    server.link.fail(2, 503, "away", { retry_after_ms: 1e12 });
    await advance(3_599_999);
    expect(server.link.sent).toHaveLength(1);

    await advance(1);

    expect(server.link.sent).toHaveLength(2);
  });

  it("begins at its end for who comes back after a pause", async () => {
    const chat = topic(client, "chat");
    const end = chat.subscribe(() => {});
    begin(2, 1, 5);
    end();
    await settle();

    chat.subscribe(() => {});

    expect(server.link.last).toEqual([3, { topic: "chat" }, "swill.subscribe"]);
  });

  it("fails with the client", async () => {
    const { ended } = collect(topic(client, "chat"));
    client.close();

    await expect(ended).rejects.toMatchObject({ name: "ConnectionError", retryable: false });
  });

  it("may be asked for before the client is connected", async () => {
    const late = new Client();
    const { events } = collect(topic(late, "chat"));
    await late.connect(server.target);
    begin(2, 1, 0);
    server.link.reply(2, { offset: 1, data: "a" });
    await settle();

    expect(brief(events)).toEqual(["a@1"]);
    late.close();
  });
});

describe("after a lost connection, a topic", () => {
  it("is the same object and loop, keeps its last message marked stale, and goes on at its position", async () => {
    const chat = topic(client, "chat");
    const { events } = collect(chat);
    begin(2, 7, 3);
    server.link.reply(2, { offset: 4, data: "a" });
    server.link.lose();
    expect(chat.getSnapshot()).toMatchObject({ status: "stale", last: "a", position: { epoch: 7, offset: 4 } });
    await advance(250);
    expect(server.link.sent).toEqual([[4, { topic: "chat", since: { epoch: 7, offset: 4 } }, "swill.subscribe"]]);

    begin(4, 7, 4);
    server.link.reply(4, { offset: 5, data: "b" });
    await settle();

    expect(chat.getSnapshot()).toMatchObject({ status: "live", last: "b", recovered: true });
    expect(brief(events)).toEqual(["a@4", "b@5"]);
  });

  it("says when not everything could be had", async () => {
    const chat = topic(client, "chat");
    const { events } = collect(chat);
    begin(2, 7, 0);
    server.link.reply(2, { offset: 1, data: "a" });
    server.link.lose();
    await advance(250);

    begin(4, 8, 10, false);
    server.link.reply(4, { offset: 11, data: "b" });
    await settle();

    expect(chat.getSnapshot()).toMatchObject({ recovered: false, position: { epoch: 8, offset: 11 } });
    expect(brief(events)).toEqual(["a@1", "missed@10", "b@11"]);
  });

  it("is resumed with all others in one go", async () => {
    for (let i = 0; i < 20; i++) void collect(topic(client, `t${i}`));
    for (let i = 0; i < 20; i++) begin(2 + i, 1, i);
    server.link.lose();
    await advance(250);

    expect(server.link.sent.map((e) => e[1])).toEqual(
      Array.from({ length: 20 }, (_, i) => ({ topic: `t${i}`, since: { epoch: 1, offset: i } })),
    );
    expect(server.link.turns).toEqual([20]);
  });

  it("has one resume at a time, however often connections break", async () => {
    const { events } = collect(topic(client, "chat"));
    begin(2, 1, 0);
    for (let i = 0; i < 5; i++) {
      server.link.lose();
      await advance(10_000);
      expect(server.link.sent).toHaveLength(1);
    }
    const seq = server.link.last[0];
    begin(seq, 1, 0);
    server.link.reply(seq, { offset: 1, data: "a" });
    server.links[0]!.reply(2, { offset: 1, data: "a" }); // from a connection that is over
    await settle();

    expect(brief(events)).toEqual(["a@1"]);
  });

  it("is not resumed when nobody listens any more", async () => {
    const loop = topic(client, "chat")[Symbol.asyncIterator]();
    begin(2, 1, 0);
    server.link.lose();
    await loop.return!();
    await advance(1000);

    expect(server.link.sent).toEqual([]);
  });
});

describe("a publish", () => {
  it("carries a key of its own that survives a lost connection and a 503", async () => {
    const published = publish(client, "chat", "hi");
    const first = server.link.last;
    expect(first[1]).toEqual({ topic: "chat", data: "hi", idempotency_key: expect.stringMatching(/^[-0-9a-z]{4,40}$/) });
    server.link.lose();
    await advance(250);
    expect(server.link.last.slice(1)).toEqual(first.slice(1));
    server.link.fail(server.link.last[0], 503, "down", { retryable: true });
    await advance(250);
    expect(server.link.last.slice(1)).toEqual(first.slice(1));
    server.link.reply(server.link.last[0], { epoch: 1, offset: 5 });

    expect(await published).toEqual({ epoch: 1, offset: 5 });
    void publish(client, "chat", "hi").catch(() => {});
    expect(server.link.last[1].idempotency_key).not.toBe(first[1].idempotency_key);
  });

  it("takes a key of the application's", () => {
    void publish(client, "chat", "hi", { idempotencyKey: "order 7" }).catch(() => {});

    expect(server.link.last[1].idempotency_key).toBe("order 7");
  });
});

describe("presence", () => {
  const member = (id: string) => ({ id, user: `user ${id}`, data: null });

  it("knows who is there, who comes and who goes, and keeps that while it is stale", async () => {
    const who = presence(client, "chat");
    expect(presence(client, "chat")).toBe(who);
    const listener = vi.fn();
    who.subscribe(listener);
    expect(server.link.last).toEqual([2, { topic: "chat" }, "swill.watch_presence"]);
    const ids = () => who.getSnapshot().members.map((m) => m.id);

    server.link.reply(2, { members: [member("a"), member("b")] });
    expect(ids()).toEqual(["a", "b"]);
    server.link.reply(2, { event: "join", member: member("c") });
    server.link.reply(2, { event: "join", member: member("c") }); // may be told twice
    server.link.reply(2, { event: "leave", member: member("a") });
    expect(ids()).toEqual(["b", "c"]);
    server.link.lose();
    expect(who.getSnapshot().status).toBe("stale");
    expect(ids()).toEqual(["b", "c"]);
    await advance(250);
    server.link.reply(4, { members: [member("d")] });

    expect(who.getSnapshot()).toEqual({ status: "live", members: [member("d")], problem: undefined });
    expect(listener).toHaveBeenCalled();
  });
});

describe("the heap", () => {
  it("stays flat over 1,000 topics that are subscribed to and left", async () => {
    const round = async (n: number) => {
      for (let i = 0; i < n; i++) {
        const { ended } = collect(topic(client, `t${i}`));
        const seq = server.link.last[0];
        begin(seq, 1, 0);
        const loop = topic(client, `t${i}`)[Symbol.asyncIterator]();
        server.link.reply(seq, { offset: 1, data: "x".repeat(10_000) });
        server.link.fail(seq, 403);
        await ended.catch(() => {});
        await loop.return!();
        await settle();
        server.link.sent.length = server.link.turns.length = 0;
      }
      await settle();
      gc!();
      return process.memoryUsage().heapUsed;
    };
    await round(200);

    const before = await round(100);
    const after = await round(1000);

    expect(after - before).toBeLessThan(1_000_000); // 10 MB of messages came
  });
});
