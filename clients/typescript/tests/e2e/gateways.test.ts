import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client, type ClientOptions, presence, publish, topic } from "../../src/index.js";
import { cuttable, missing, REDIS, serve, serveRedis, type Server } from "../support/servers.js";

// What a reconnect means, with three gateways that share a Redis, and are killed, stopped and drained.

const isLeftOut = missing("swill-gateway", REDIS);

const quick: ClientOptions = {
  heartbeatMs: 300,
  heartbeatTimeoutMs: 300,
  dialMs: 1000,
  waitMs: 15_000,
  backoff: { firstMs: 50, longestMs: 200 },
};

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean) {
  while (!condition()) await sleep(5);
}

describe.skipIf(isLeftOut)("three gateways", { timeout: 60_000 }, () => {
  let redis: Server;
  let gateways: Server[];
  const options = () => ["--redis", redis.url, "--topic-history", "10000", "--drain-timeout", "500"];
  const clients: Client[] = [];

  beforeAll(async () => {
    redis = await serveRedis();
    gateways = await Promise.all([0, 1, 2].map(() => serve("swill-gateway", options())));
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all([...(gateways ?? []), redis].map((s) => s?.stop()));
  });

  /** A client that goes to the next gateway with each attempt, as a balancer would send it. */
  async function connect(first: number): Promise<Client> {
    const client = new Client(quick);
    clients.push(client);
    let next = first;
    await client.connect(() => gateways[next++ % gateways.length]!.url);
    return client;
  }

  const port = (i: number) => Number(new URL(gateways[i]!.url).port);

  async function kill(i: number) {
    await gateways[i]!.stop();
    gateways[i] = await serve("swill-gateway", options(), port(i));
  }

  async function freeze(i: number) {
    await gateways[i]!.freeze();
    await sleep(1500);
    gateways[i]!.kill("SIGCONT");
  }

  async function drain(i: number) {
    gateways[i]!.kill("SIGTERM");
    await until(() => gateways[i]!.process.exitCode !== null);
    gateways[i] = await serve("swill-gateway", options(), port(i));
  }

  it("lose and double no message of a topic, no publish and no idempotent call, whatever happens to them", async () => {
    const name = "chat.ledger";
    const heard: number[][] = [];
    let missed = 0;
    for (let i = 0; i < 3; i++) {
      const client = await connect(i);
      const own: number[] = [];
      heard.push(own);
      const begun = topic<{ text: string }>(client, name);
      void (async () => {
        for await (const event of begun) {
          if (event.missed) missed++;
          else own.push(Number(event.data.text));
        }
      })().catch(() => {}); // the client is closed at the end
      await until(() => begun.getSnapshot().status === "live");
    }
    const speaker = await connect(0);
    const caller = await connect(1);
    let isOver = false;
    const published: number[] = [];
    const speaks = (async () => {
      for (let n = 0; !isOver; n++) {
        await publish(speaker, name, { text: String(n) }); // throws if it is ever given up
        published.push(n);
        await sleep(2);
      }
    })();
    let calls = 0;
    const asks = (async () => {
      while (!isOver) {
        expect(await caller.call("math.add", [calls, 1], { idempotent: true })).toBe(calls + 1);
        calls++;
        await sleep(1);
      }
    })();

    for (const disturb of [kill, freeze, drain]) {
      for (const i of [0, 1, 2]) {
        await disturb(i);
        await sleep(200);
      }
    }
    isOver = true;
    await Promise.all([speaks, asks]);
    await until(() => heard.every((own) => own.at(-1) === published.length - 1));

    expect(missed).toBe(0);
    for (const own of heard) expect(own).toEqual(published);
    expect(published.length).toBeGreaterThan(100);
    expect(calls).toBeGreaterThan(100);
  });

  it("notice a gateway that hangs within the bound, and end calls and streams with a type", async () => {
    const client = await connect(0);
    const ticks = client.stream("clock.ticks", 1000);
    await ticks.next();
    await gateways[0]!.freeze();
    const begun = performance.now();
    const call = client.call("math.add", [1, 2]).catch((e) => e);
    const repeated = client.call("math.add", [1, 2], { idempotent: true });

    expect((await call).name).toBe("MaybeExecutedError");
    expect(performance.now() - begun).toBeLessThan(3000); // 300 + 300, and a machine that others use
    expect(await repeated).toBe(3);
    await expect(async () => {
      for await (const _ of ticks);
    }).rejects.toMatchObject({ name: "StreamBrokenError", received: 1 });
    gateways[0]!.kill("SIGCONT");
    client.close();
  });

  it("know who is present, before and after", async () => {
    const [a, b] = [await connect(0), await connect(1)];
    const end = topic(a, "chat.room").subscribe(() => {});
    const who = presence(b, "chat.room");
    who.subscribe(() => {});
    await until(() => who.getSnapshot().members.length === 1);

    await kill(1);
    await until(() => who.getSnapshot().status === "live");
    expect(who.getSnapshot().members).toHaveLength(1);
    end();

    await until(() => who.getSnapshot().members.length === 0);
  });

  it.each([
    ["the same gateway", 0],
    ["another", 1],
  ])("see nobody twice whose connection is cut without a word, and who comes back to %s", async (_, back) => {
    const way = await cuttable(gateways[0]!);
    const seen: string[][] = [];
    const who = presence(await connect(2), "chat.twice");
    who.subscribe(() => seen.push(who.getSnapshot().members.map(({ id }) => id)));
    const client = new Client(quick);
    clients.push(client);
    let attempts = 0;
    await client.connect(() => (attempts++ ? gateways[back]!.url : way.url));
    topic(client, "chat.twice").subscribe(() => {});
    await until(() => who.getSnapshot().members.length === 1);
    const [first] = who.getSnapshot().members;

    way.cut();
    await until(() => client.state.status !== "connected");
    await until(() => seen.at(-1)!.some((id) => id !== first!.id));

    expect(seen.filter((ids) => ids.length > 1)).toEqual([]);
    client.close();
    way.close();
    await until(() => who.getSnapshot().members.length === 0);
  });
});
