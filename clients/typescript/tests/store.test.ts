import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answer, Client, items, messages, perFrame, type Store, topic } from "../src/index.js";
import { FakeServer, settle } from "../src/testing.js";

let server: FakeServer;
let client: Client;

beforeEach(async () => {
  server = new FakeServer();
  client = new Client();
  await client.connect(server.target);
  return () => client.close();
});

const sent = () => server.link.sent;
const nobody = () => {};

describe("equal stores of a client", () => {
  const kinds: [string, () => Store<any>, any[]][] = [
    ["answer", () => answer(client, "get", { id: 1n, at: new Date(5) }), [2, { id: 1, at: new Date(5) }, "get"]],
    ["items", () => items(client, "ticks", [1]), [2, [1], "ticks"]],
    ["messages", () => messages(client, "chat"), [2, { topic: "chat" }, "swill.subscribe"]],
  ];
  it.each(kinds)("are one on the wire, from the first listener to the last: %s", async (_, make, opening) => {
    const [a, b] = [make(), make()];
    expect(sent()).toEqual([]);

    const leave = [a.subscribe(nobody), b.subscribe(nobody)];
    expect(sent()).toEqual([opening]);
    expect(a.getSnapshot()).toBe(b.getSnapshot());
    leave[0]!();
    await settle();
    expect(sent()).toHaveLength(1);
    leave[1]!();
    await settle();

    expect(sent().slice(1)).toEqual([[2, null, opening[2], 3]]);
  });

  it.each(kinds)("go on for who leaves and comes back in one go: %s", async (_, make) => {
    make().subscribe(nobody)();
    make().subscribe(nobody);
    await settle();

    expect(sent()).toHaveLength(1);
  });

  it("are told apart by name, data, metadata and keep, and by the client", async () => {
    const other = new Client();
    await other.connect(server.target);
    const stores = [
      items(client, "a"),
      items(client, "b"),
      items(client, "a", 1),
      items(client, "a", "1"),
      items(client, "a", new Date(0)),
      items(client, "a", new Date(0).toISOString()),
      items(client, "a", undefined, { metadata: { a: 1 } }),
      items(client, "a", undefined, { keep: 5 }),
    ];
    for (const store of stores) store.subscribe(nobody);

    expect(server.links[0]!.sent).toHaveLength(stores.length);
    items(other, "a").subscribe(nobody);
    expect(server.links[1]!.sent).toHaveLength(1);
    other.close();
  });

  it("leave nothing behind when nobody has ever listened", () => {
    gc!();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20_000; i++) items(client, "a", { text: "x".repeat(100), i }).getSnapshot();
    gc!();

    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  });
});

describe("a store without a name", () => {
  it.each([
    ["answer", () => answer(client, null)],
    ["items", () => items(client, false)],
    ["messages", () => messages(client, "")],
  ] as [string, () => Store<any>][])("is idle and asks nobody: %s", async (_, make) => {
    const store = make();
    store.subscribe(nobody)();
    await settle();

    expect(store.getSnapshot().status).toBe("idle");
    expect(sent()).toEqual([]);
  });
});

describe("an answer", () => {
  it("is pending, then done, and can be asked for again, while what is known stays", async () => {
    const store = answer<string>(client, "get");
    const listener = vi.fn();
    store.subscribe(listener);
    expect(store.getSnapshot()).toMatchObject({ status: "pending", data: undefined });
    server.link.reply(2, "one");
    await settle();
    expect(store.getSnapshot()).toMatchObject({ status: "done", data: "one" });

    store.getSnapshot().again();
    expect(store.getSnapshot()).toMatchObject({ status: "pending", data: "one" });
    server.link.fail(3, 409, "late");
    await settle();
    expect(store.getSnapshot()).toMatchObject({ status: "failed", data: "one", problem: { code: 409 } });

    store.subscribe(nobody); // who comes later does not get an old failure
    server.link.reply(4, "two");
    await settle();
    expect(store.getSnapshot()).toMatchObject({ status: "done", data: "two", problem: undefined });
    expect(listener).toHaveBeenCalled();
  });

  it("is asked for again after a lost connection", async () => {
    vi.useFakeTimers();
    const store = answer(client, "get");
    store.subscribe(nobody);
    server.link.lose();
    await vi.advanceTimersByTimeAsync(500);
    vi.useRealTimers();

    expect(server.links).toHaveLength(2);
    server.link.reply(server.link.last[0], "here");
    await settle();
    expect(store.getSnapshot()).toMatchObject({ status: "done", data: "here" });
  });

  it("ignores what comes for a question that was asked before", async () => {
    const store = answer(client, "get");
    store.subscribe(nobody);
    store.getSnapshot().again();
    server.link.reply(2, "old");
    await settle();

    expect(store.getSnapshot().status).toBe("pending");
    expect(sent()[1]).toEqual([2, null, "get", 3]);
  });
});

describe("items", () => {
  it("are the newest, in their order, beside what the stream says", async () => {
    const store = items<number>(client, "count", 1, { keep: 3 });
    store.subscribe(nobody);
    const seen: (readonly number[])[] = [];
    for (let i = 0; i < 20; i++) {
      server.link.reply(2, i);
      seen.push(store.getSnapshot().items);
    }

    expect(seen.map((list) => list.join())).toEqual(
      Array.from({ length: 20 }, (_, i) => [i - 2, i - 1, i].filter((n) => n >= 0).join()),
    );
    expect(store.getSnapshot()).toMatchObject({ status: "open", last: 19, received: 20 });
    server.link.reply(2, null, 1);
    expect(store.getSnapshot()).toMatchObject({ status: "ended", items: [17, 18, 19] });
  });

  it("may be none", () => {
    const store = items<number>(client, "count", 1, { keep: 0 });
    store.subscribe(nobody);
    server.link.reply(2, 1);

    expect(store.getSnapshot()).toMatchObject({ last: 1, items: [] });
  });

  it("begin anew when they are asked for again, and for who comes after a failure", async () => {
    const store = items<number>(client, "count");
    store.subscribe(nobody);
    server.link.reply(2, 1);
    store.getSnapshot().again();
    expect(sent().slice(1)).toEqual([
      [2, null, "count", 3],
      [3, null, "count"],
    ]);
    server.link.reply(3, 7);
    expect(store.getSnapshot().items).toEqual([7]);
    server.link.fail(3, 410, "gone");
    expect(store.getSnapshot()).toMatchObject({ status: "failed", items: [7], problem: { code: 410 } });

    store.subscribe(nobody);

    expect(sent().at(-1)).toEqual([4, null, "count"]);
  });
});

describe("messages", () => {
  it("come once each, with a count of gaps, over a lost connection", async () => {
    vi.useFakeTimers();
    const store = messages<string>(client, "chat");
    store.subscribe(nobody);
    server.link.reply(2, null, 2, { epoch: 1, offset: 0, recovered: true });
    server.link.reply(2, { offset: 1, data: "a" });
    server.link.reply(2, { offset: 2, data: "a" }); // the same once more
    server.link.lose();
    await vi.advanceTimersByTimeAsync(500);
    vi.useRealTimers();
    const [seq] = server.link.last;
    server.link.reply(seq, null, 2, { epoch: 2, offset: 8, recovered: false });
    server.link.reply(seq, { epoch: 2, offset: 9, recovered: false });
    server.link.reply(seq, { offset: 10, data: "b" });

    expect(store.getSnapshot()).toMatchObject({ status: "live", items: ["a", "a", "b"], received: 3, missed: 2 });
  });

  it("share the topic with loops", async () => {
    messages(client, "chat").subscribe(nobody);
    const loop = topic(client, "chat")[Symbol.asyncIterator]();
    await settle();

    expect(sent()).toHaveLength(1);
    await loop.return!();
  });

  it("begin where they are told to", () => {
    messages(client, "chat", { since: { epoch: 1, offset: 5 } }).subscribe(nobody);

    expect(sent()).toEqual([[2, { topic: "chat", since: { epoch: 1, offset: 5 } }, "swill.subscribe"]]);
  });
});

describe("a listener per frame", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function source() {
    const listeners = new Set<() => void>();
    return {
      listeners,
      change: () => listeners.forEach((listener) => listener()),
      subscribe: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  it("is called once for all that has changed until then", () => {
    const frames: (() => void)[] = [];
    vi.stubGlobal("requestAnimationFrame", (callback: () => void) => frames.push(callback));
    vi.stubGlobal("cancelAnimationFrame", nobody);
    const { subscribe, change } = source();
    const listener = vi.fn();
    perFrame(subscribe)(listener);

    for (let frame = 1; frame <= 3; frame++) {
      for (let i = 0; i < 1000; i++) change();
      expect(frames).toHaveLength(frame);
      frames.at(-1)!();
      expect(listener).toHaveBeenCalledTimes(frame);
    }
  });

  it("is called every 250 ms where no frames are drawn, and every 16 ms where there are none", () => {
    vi.useFakeTimers();
    for (const [ms, request] of [[250, () => 1], [16, undefined]] as const) {
      vi.stubGlobal("requestAnimationFrame", request);
      vi.stubGlobal("cancelAnimationFrame", nobody);
      const { subscribe, change } = source();
      const listener = vi.fn();
      perFrame(subscribe)(listener);
      for (let i = 1; i <= 3; i++) {
        change();
        change();
        vi.advanceTimersByTime(ms - 1);
        expect(listener).toHaveBeenCalledTimes(i - 1);
        vi.advanceTimersByTime(1);
        expect(listener).toHaveBeenCalledTimes(i);
      }
    }
  });

  it("is called no more once it has left, and leaves no timer", () => {
    vi.useFakeTimers();
    const { subscribe, change, listeners } = source();
    const listener = vi.fn();
    const leave = perFrame(subscribe)(listener);
    change();
    leave();

    expect([listeners.size, vi.getTimerCount()]).toEqual([0, 0]);
    vi.advanceTimersByTime(1000);
    expect(listener).not.toHaveBeenCalled();
  });
});
