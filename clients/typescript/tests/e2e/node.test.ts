import { createServer } from "node:http";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Client, ConnectionError, SwillError, ValidationError } from "../../src/index.js";
import { missing, serve, type Server } from "../support/servers.js";

const isLeftOut = missing("swill-conformance");

describe.skipIf(isLeftOut)("in Node, with the real server", () => {
  let server: Server;
  let client: Client;

  beforeAll(async () => {
    server = await serve("swill-conformance");
    client = new Client();
    await client.connect(server.url);
  });

  afterAll(async () => {
    client?.close();
    await server?.stop();
  });

  it("a bare host and port is enough, and the sample works as it is written", async () => {
    const port = new URL(server.url).port;
    const other = new Client();
    await other.connect(`localhost:${port}`);

    expect(await other.call("add", [1, 2])).toBe(3);
    other.close();
  });

  it("offers swill.v1", async () => {
    expect((await client.call("whoami")).subprotocol).toBe("swill.v1");
  });

  it("calls, with numbers of every size, times and bytes", async () => {
    for (const n of [0, -1, 255, 2 ** 32, -(2 ** 40), 2 ** 53 - 1, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(await client.call("echo_int", n)).toBe(n);
    }
    expect(await client.call("echo_uint", 2n ** 64n - 1n)).toBe(2n ** 64n - 1n);
    expect(await client.call("echo_int", 2 ** 60)).toBe(2n ** 60n);
    expect(await client.call("echo_float", 3)).toBe(3);
    const when = new Date(1700000000123);
    expect(await client.call("echo_datetime", when)).toEqual(when);
    expect(await client.call("echo_int", Date.now())).toBeGreaterThan(1.7e12);
    expect(await client.call("echo_bytes", new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]));
    expect(await client.call("echo_dict_int", new Map([[1, "a"]]))).toEqual({ 1: "a" });
    expect(await client.call("echo_set", new Set([2, 1]))).toEqual([1, 2]);
    expect(await client.call("sparse", { a: 1, b: undefined })).toEqual({ a: 1 });
  });

  it("fails with what the server says", async () => {
    await expect(client.call("fail_403")).rejects.toMatchObject({ code: 403, message: "Forbidden area" });
    await expect(client.call("nope")).rejects.toBeInstanceOf(SwillError);
    const problem = await client.call("first_error", { a: 1 }).catch((e) => e);
    expect(problem).toBeInstanceOf(ValidationError);
    expect(problem.fields).toEqual({
      a: [{ description: "less than 10" }],
      b: [{ description: "Missing required field" }],
    });
  });

  it("writes what is sent in one go in two: the first few, so that the server begins, and the rest", async () => {
    const sockets: any[] = [];
    class Watched extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    const other = new Client({ webSocket: Watched });
    await other.connect(server.url);
    const write = vi.spyOn(sockets[0]._socket, "write");

    await Promise.all(Array.from({ length: 100 }, (_, i) => other.call("add", [i, 1])));

    expect(write).toHaveBeenCalledTimes(2);
    other.close();
  });

  it("streams 100,000 items in order", async () => {
    let expected = 0;
    for await (const item of client.stream<number>("burst", 100_000)) {
      if (item !== expected++) throw new Error(`${item} instead of ${expected - 1}`);
    }
    expect(expected).toBe(100_000);
  });

  it("uploads 100,000 items", async () => {
    expect(await client.upload("sum_stream", Array(100_000).fill(1))).toBe(100_000);
    expect(await client.upload("sum_stream", [])).toBe(0);
    expect(await client.upload("first_only", Array(1000).fill(7))).toBe(7);
  });

  it("does both at the same time", async () => {
    async function* numbers() {
      for (let i = 0; i < 1000; i++) yield i;
    }
    const items: number[] = [];
    for await (const item of client.duplex<number>("echo_stream", numbers())) items.push(item);

    expect(items).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("sends and gets metadata", async () => {
    const told: unknown[] = [];
    const options = { onLeading: (m: unknown) => told.push(m), onTrailing: (m: unknown) => told.push(m) };

    expect(await client.call("echo_metadata", null, { metadata: { a: 1 } })).toEqual({ a: 1 });
    await client.call("both_metadata", null, options);
    for await (const _ of client.stream("stream_meta_now", 2, options));
    expect(await client.upload("upload_meta", [1, 2], options)).toBe(3);

    const stream = [{ lead: "now" }, { trail: "end" }];
    expect(told).toEqual([{ lead: 1 }, { trail: 2 }, ...stream, { ready: true }, { count: 2 }]);
  });

  it("has deadlines", async () => {
    await expect(client.call("sleep_ms", 10_000, { timeoutMs: 50 })).rejects.toMatchObject({ code: 408 });
  });

  it("cancels within 50 ms at the handler: by break, signal and return, also while a next waits", async () => {
    const token = Math.random().toString(36);
    const logged = new Client();
    await logged.connect(`${server.url}?log=${token}`);
    const ended = async () =>
      (await client.call<unknown[][]>("hooklog", token)).filter(([what]) => what === "handler.end").length;
    const ways = [
      async () => {
        for await (const _ of logged.stream("stall", 1)) break;
      },
      async () => {
        const stream = logged.stream("stall", 1);
        await stream.next();
        const waiting = stream.next();
        await stream.return();
        expect((await waiting).done).toBe(true);
      },
      async () => {
        const controller = new AbortController();
        const stream = logged.stream("stall", 1, { signal: controller.signal });
        await stream.next();
        const waiting = stream.next().catch(() => {});
        controller.abort();
        await waiting;
      },
    ];
    const times: number[] = [];
    for (let i = 0; i < 9; i++) {
      await ways[i % 3]!();
      const begun = performance.now();
      while ((await ended()) <= i);
      times.push(performance.now() - begun);
    }
    logged.close();

    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(50); // the median: others use this machine, too
  });

  it("ends a stream that is read too slowly, and the connection goes on", async () => {
    const stream = client.stream("burst", 1_000_000);
    await stream.next();
    await until(() => stream.getSnapshot().status === "failed");
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toMatchObject({ name: "OverflowError" });

    expect(await client.call("add", [1, 1])).toBe(2);
  });

  it.each([
    ["?reject=401", 401],
    ["?reject=403", 403],
  ])("stops at %s", async (query, code) => {
    const refused = new Client();
    const problem = await refused.connect(server.url + query).catch((e) => e);

    expect(problem).toBeInstanceOf(ConnectionError);
    expect(problem).toMatchObject({ code, message: expect.stringMatching(`^no connection to ws://.*: the server answered ${code}$`) });
    expect(refused.state.status).toBe("closed");
  });

  it("comes again after 503, and after a connection that is refused", async () => {
    const refused = new Client({ backoff: { firstMs: 20 } });
    void refused.connect(`${server.url}?reject=503`).catch(() => {});
    await until(() => refused.state.attempt >= 2);
    expect(refused.state.reason).toMatch(/: the server answered 503$/);
    refused.close();

    const nobody = new Client({ backoff: { firstMs: 20 } });
    void nobody.connect("127.0.0.1:9").catch(() => {});
    await until(() => nobody.state.attempt >= 2);
    expect(nobody.state.reason).toMatch("ECONNREFUSED");
    nobody.close();
  });

  it.each([
    ["2", 2000, 2500],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_500_000, 3_601_000],
  ])("waits as long as the header Retry-After says: %s", async (header, least, most) => {
    const busy = createServer((_, response) => response.writeHead(503, { "retry-after": header }).end()).listen(0);
    const { port } = busy.address() as { port: number };
    const refused = new Client();
    void refused.connect(`127.0.0.1:${port}`).catch(() => {});

    await until(() => refused.state.status === "waiting");

    expect(refused.state.delayMs).toBeGreaterThanOrEqual(least);
    expect(refused.state.delayMs).toBeLessThanOrEqual(most);
    refused.close();
    busy.close();
  });

  it("connects again after the server has closed, with the codes of the close", async () => {
    const other = new Client({ backoff: { firstMs: 20 } });
    await other.connect(server.url);
    const seen: string[] = [];
    other.subscribe(() => seen.push(`${other.state.status} ${other.state.reason}`));

    await expect(other.call("fail_close")).rejects.toMatchObject({ name: "MaybeExecutedError" });
    await until(() => other.state.status === "connected");

    expect(seen).toEqual(["waiting from handler", "connecting from handler", "connected "]);
    expect(await other.call("add", [1, 2])).toBe(3);
    other.close();
  });

  it("stops when the server closes with 4401", async () => {
    const other = new Client();
    await other.connect(server.url);

    await other.call("close_with", { code: 4401, reason: "log in again" }).catch(() => {});

    await until(() => other.state.status === "closed");
    expect(other.state.reason).toBe("log in again");
  });
});

async function until(condition: () => boolean) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
