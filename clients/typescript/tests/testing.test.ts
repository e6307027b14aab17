import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Client, publish, SwillError, topic } from "../src/index.js";
import { FakeServer, settle, startGateway, startServer } from "../src/testing.js";
import { missing, PROGRAMS } from "./support/servers.js";

describe("a fake server", () => {
  let server: FakeServer;
  let client: Client;

  beforeEach(async () => {
    server = new FakeServer();
    client = new Client();
    await client.connect(server.target);
    return () => client.close();
  });

  it("answers a call, with what its handler returns, promises or throws", async () => {
    server
      .handle("add", ([a, b]) => a + b)
      .handle("later", async (ms) => `${ms} ms`)
      .handle("refuse", () => {
        throw new SwillError(409, "too late", { by: 3 });
      })
      .handle("break", () => {
        throw new Error("a bug");
      });

    expect(await client.call("add", [1, 2])).toBe(3);
    expect(await client.call("later", 5)).toBe("5 ms");
    await expect(client.call("refuse")).rejects.toMatchObject({ code: 409, message: "too late", data: { by: 3 } });
    await expect(client.call("break")).rejects.toMatchObject({ code: 500, message: "Error: a bug" });
  });

  it("streams, takes uploads, does both, and sends leading metadata", async () => {
    server
      .handle("count", async function* (n: number, { lead }) {
        lead({ of: n });
        for (let i = 1; i <= n; i++) yield i;
      })
      .handle("sum", async (_, { items }) => {
        let sum = 0;
        for await (const item of items) sum += item;
        return sum;
      })
      .handle("echo", (_, { items }) => items);
    const told: unknown[] = [];
    const all = async (stream: AsyncIterable<unknown>) => {
      const list = [];
      for await (const item of stream) list.push(item);
      return list;
    };

    expect(await all(client.stream("count", 3, { onLeading: (m) => told.push(m) }))).toEqual([1, 2, 3]);
    expect(told).toEqual([{ of: 3 }]);
    expect(await client.upload("sum", [1, 2, 3])).toBe(6);
    expect(await all(client.duplex("echo", ["a", "b"]))).toEqual(["a", "b"]);
  });

  it("tells a handler that its call is cancelled, or the connection lost", async () => {
    const ended: string[] = [];
    server.handle("wait", (name, { signal }) => {
      signal.addEventListener("abort", () => ended.push(name));
      return new Promise(() => {});
    });
    const controller = new AbortController();
    client.call("wait", "a", { signal: controller.signal }).catch(() => {});
    client.call("wait", "b").catch(() => {});
    await settle();
    controller.abort();
    expect(ended).toEqual(["a"]);

    server.link.lose();

    expect(ended).toEqual(["a", "b"]);
  });

  it("has topics, which go on where a subscriber was", async () => {
    vi.useFakeTimers();
    const chat = server.topic("chat");
    const events: string[] = [];
    const loop = async () => {
      for await (const { data, position } of topic(client, "chat")) events.push(`${data}@${position.offset}`);
    };
    loop().catch(() => {}); // ends with the client
    await settle();
    chat.publish("a");
    expect(await publish(client, "chat", "b")).toEqual({ epoch: 1, offset: 2 });
    await settle();
    server.link.lose();
    expect(chat.publish("c")).toEqual({ epoch: 1, offset: 3 });
    await vi.advanceTimersByTimeAsync(500);
    chat.publish("d");
    await settle();
    vi.useRealTimers();

    expect(events).toEqual(["a@1", "b@2", "c@3", "d@4"]);
    expect(topic(client, "chat").getSnapshot()).toMatchObject({ status: "live", recovered: true });
  });

  it("leaves to the test what no handler answers", async () => {
    const answer = client.call("other", 1);
    await settle();
    expect(server.link.last).toEqual([2, 1, "other"]);

    server.link.reply(2, "by hand");

    expect(await answer).toBe("by hand");
  });
});

describe("a program that is started for a test", () => {
  afterEach(() => vi.unstubAllEnvs());

  it.skipIf(missing("swill-gateway"))("is the gateway, on a port of its own, until it is stopped", async () => {
    vi.stubEnv("SWILL_GATEWAY", join(PROGRAMS, "swill-gateway"));
    const [one, other] = await Promise.all([startGateway(), startGateway(["--topic-history", "5"])]);
    const client = new Client();
    await client.connect(one.url);

    expect(await client.call("math.add", [1, 2])).toBe(3);
    expect(one.url).not.toBe(other.url);
    client.close();
    await Promise.all([one.stop(), other.stop()]);
    expect([one.process.signalCode, other.process.signalCode]).toEqual(["SIGKILL", "SIGKILL"]);
  });

  it("says why it has not begun to serve", async () => {
    await expect(startServer("/nowhere/gateway")).rejects.toThrow("/nowhere/gateway cannot be started: spawn /nowhere/gateway ENOENT");
    await expect(startServer("/bin/sh", ["-c", "exit 3"])).rejects.toThrow("/bin/sh has ended with");
  });
});
