import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { delayOf, isFinal, namedDelay } from "../src/backoff.js";
import {
  Client,
  type ClientOptions,
  ConnectionError,
  MaybeExecutedError,
  NotSentError,
  StreamBrokenError,
  type WebSocketLike,
} from "../src/index.js";
import { urlOf } from "../src/transport.js";
import { FakeServer, settle } from "../src/testing.js";

let server: FakeServer;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server = new FakeServer();
  client = new Client();
  return () => client.close();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A client that has been connected for long enough to count as stable. */
async function connect(options: ClientOptions = {}) {
  client = new Client(options);
  await client.connect(server.target);
  await advance(5000);
}

const failure = (promise: Promise<unknown>) => promise.then(() => undefined, (problem) => problem);

describe("the wait before an attempt", () => {
  const backoff = { firstMs: 500, longestMs: 30_000 };
  const spans = (code?: number) => [0, 1, 2, 6, 50].map((n) => delayOf({ reason: "", code }, n, backoff) * 2);

  it("is a random part of a span that doubles, up to the longest", () => {
    expect(spans()).toEqual([500, 1000, 2000, 30_000, 30_000]);
    vi.spyOn(Math, "random").mockReturnValue(0);
    expect(spans()).toEqual([0, 0, 0, 0, 0]); // full jitter: of the whole span
  });

  it.each([1001, 1012])("is the same when a server goes away: %d", (code) => {
    expect(spans(code)).toEqual(spans());
  });

  it("is longer when the server asks to try again later: 1013", () => {
    expect(spans(1013)[0]).toBe(2000);
  });

  it.each([
    [{ reason: "retry after 5 s" }, 5000],
    [{ reason: "too many; Retry-After: 2" }, 2000],
    [{ reason: "retry_after_ms=700" }, 700],
    [{ reason: "retry after 250ms" }, 250],
    [{ reason: "retry after 1.5" }, 1500],
    [{ reason: "bye" }, 0],
    [{ reason: "", retryAfterMs: 3000 }, 3000],
    [{ reason: "", retryAfterMs: -1 }, 0],
    [{ reason: "", retryAfterMs: NaN }, 0], // a header that is no date
    [{ reason: "retry after 1.2.3 s" }, 0],
    [{ reason: "", retryAfterMs: 1e12 }, 3_600_000],
  ])("is not shorter than %j says", (ending, ms) => {
    expect(namedDelay(ending)).toBe(ms);
    expect(delayOf(ending, 0, backoff)).toBe(ms + 250);
  });

  it("begins anew after a connection that lasted, not after one that broke at once", async () => {
    await connect();
    server.link.lose();
    expect(client.state).toMatchObject({ status: "waiting", attempt: 0, delayMs: 250 });
    await advance(250);
    expect(client.state.status).toBe("connected");

    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      server.link.lose();
      delays.push(client.state.delayMs);
      await advance(client.state.delayMs);
    }
    expect(delays).toEqual([250, 500, 1000, 2000]);

    await advance(5000);
    server.link.lose();
    expect(client.state).toMatchObject({ attempt: 0, delayMs: 250 });
  });

  it("does not grow by a long outage that is over, when the server goes once more", async () => {
    await connect();
    server.refusal = { reason: "down" };
    server.link.lose();
    while (client.state.attempt < 8) await advance(100);
    server.refusal = undefined;
    await advance(client.state.delayMs);
    expect(client.state.status).toBe("connected");

    server.link.lose();
    expect(client.state).toMatchObject({ attempt: 1, delayMs: 250 });
    await advance(250);
    server.link.lose();
    expect(client.state).toMatchObject({ attempt: 2, delayMs: 500 });
  });
});

describe("the first connection", () => {
  it("is tried again until it is there", async () => {
    server.refusal = { reason: "down", status: 503, retryAfterMs: 1000 };
    const connected = client.connect(server.target);
    await advance(0);
    expect(client.state).toEqual({ status: "waiting", attempt: 1, delayMs: 1250, reason: "down" });

    server.refusal = undefined;
    await advance(1250);

    await connected;
    expect(client.state).toEqual({ status: "connected", attempt: 0, delayMs: 0, reason: "" });
  });

  it("fails after timeoutMs with the last reason, and the client is closed", async () => {
    server.refusal = { reason: "down" };
    const problem = failure(client.connect(server.target, { timeoutMs: 1000 }));
    await advance(1000);

    expect(await problem).toBeInstanceOf(ConnectionError);
    expect((await problem).message).toBe("down");
    expect(client.state.status).toBe("closed");
    const { attempts } = server;
    await advance(60_000);
    expect(server.attempts).toBe(attempts);
  });

  it("ends with its signal", async () => {
    server.refusal = { reason: "down" };
    const controller = new AbortController();
    const problem = failure(client.connect(server.target, { signal: controller.signal }));
    await advance(0);

    controller.abort(new Error("enough"));

    expect((await problem).message).toBe("enough");
    expect(client.state.status).toBe("closed");
  });

  it("takes no second connect, but one after close", async () => {
    await client.connect(server.target);
    expect((await failure(client.connect(server.target))).message).toMatch("close first");

    client.close();
    await client.connect(server.target);

    expect(client.state.status).toBe("connected");
    expect(server.links.map((l) => l.closed)).toEqual([true, false]);
  });

  it("is refused at once for what is no address", async () => {
    expect(await failure(client.connect("ws://a b"))).toBeInstanceOf(TypeError);
    expect(client.state.status).toBe("closed");
  });

  it.each([undefined, null, 8080, {}, new FakeServer().target()])("is refused at once for %s, in words, and calls do not wait for it", async (target: any) => {
    const waits = failure(client.call("a"));
    const problem = await failure(client.connect(target, { timeoutMs: Infinity }));

    expect(problem).toBeInstanceOf(TypeError);
    expect(problem.message).toMatch(/^connect\(\) wants an address/);
    expect(await waits).toMatchObject({ name: "ConnectionError", message: `not sent: ${problem.message}` });
  });

  it("that a function gives and that is no address is refused at once", async () => {
    const problem = await failure(client.connect(() => undefined as any));

    expect(problem).toBeInstanceOf(TypeError);
    expect(client.state).toMatchObject({ status: "closed", reason: problem.message });
  });

  it("is not waited for after close", async () => {
    const answer = failure(client.call("a"));

    client.close();

    expect(client.state.status).toBe("closed");
    for (const problem of [await answer, await failure(client.call("b")), await failure(client.stream("c").next())]) {
      expect(problem).toMatchObject({ name: "ConnectionError", retryable: false, message: "not sent: closed" });
    }
  });

  it.each([400, 404, 405, 301, 200])("is refused at once by a status that says that the path is wrong: %d", async (status) => {
    server.refusal = { reason: "wrong path", status };

    expect(await failure(client.connect(server.target, { timeoutMs: Infinity }))).toMatchObject({ name: "ConnectionError", code: status });
    expect(client.state).toMatchObject({ status: "closed", reason: "wrong path" });
  });

  it.each([408, 425, 429, 500, 502, 503])("is tried again after a status that may pass: %d", async (status) => {
    server.refusal = { reason: "later", status };
    void failure(client.connect(server.target));
    await advance(0);

    expect(client.state.status).toBe("waiting");
  });

  it("once there, is sought again also after a 404, as of a balancer while a node is replaced", async () => {
    await connect();
    server.refusal = { reason: "nobody", status: 404 };
    server.link.lose();
    await advance(250);
    expect(client.state).toMatchObject({ status: "waiting", reason: "nobody" });
    server.refusal = undefined;
    await advance(500);

    expect(client.state.status).toBe("connected");
  });

  it("is refused at once where the platform refuses to try", async () => {
    class Forbidding {
      constructor() {
        throw new Error("insecure");
      }
    }
    client = new Client({ webSocket: Forbidding as any });

    expect((await failure(client.connect("localhost"))).message).toBe("insecure");
    expect(client.state).toMatchObject({ status: "closed", reason: "no connection to ws://localhost:8080/ws: insecure" });
  });
});

describe("an attempt", () => {
  it("has a deadline", async () => {
    server.deaf = true;
    void failure(client.connect(server.target));
    await advance(9_999);
    expect(client.state.status).toBe("connecting");

    await advance(1);

    expect(client.state).toMatchObject({ status: "waiting", reason: "no connection in time" });
    expect(server.link.closed).toBe(true);
  });

  it("is connected only when somebody has answered a ping, be it that there is no such handler", async () => {
    server.deaf = true;
    void failure(client.connect(server.target));
    await advance(0);
    expect(server.link.pings).toBe(1);
    expect(client.state.status).toBe("connecting");

    server.link.fail(1, 404);

    expect(client.state.status).toBe("connected");
  });

  it.each([
    [{ reason: "who are you?", status: 401 }, 401],
    [{ reason: "not you", status: 403 }, 403],
    [{ reason: "no such protocol", status: 406 }, 406],
    [{ reason: "log in", code: 4401 }, 4401],
    [{ reason: "forbidden", code: 3003 }, 3003],
  ])("is the last one after %j", async (ending, code) => {
    await connect();
    const call = failure(client.call("a"));
    server.refusal = ending;

    server.link.lose();
    await advance(250);

    expect(client.state).toMatchObject({ status: "closed", reason: ending.reason });
    expect(await call).toBeInstanceOf(MaybeExecutedError);
    expect(await failure(client.call("b"))).toMatchObject({ name: "ConnectionError", retryable: false, message: `not sent: ${ending.reason}` });
    expect(isFinal(ending)).toBe(true);
    const fresh = await failure(client.connect(server.target));
    expect([fresh.name, fresh.code, fresh.message]).toEqual(["ConnectionError", code, ending.reason]);
  });

  it.each([{ reason: "", status: 503 }, { reason: "", status: 429 }, { reason: "", code: 1006 }, { reason: "", code: 1008 }])(
    "is not the last one after %j",
    (ending) => expect(isFinal(ending)).toBe(false),
  );

  /** A WebSocket that is refused after 10 ms; and the addresses that were tried. */
  function refusing(message?: string) {
    const urls: string[] = [];
    class Socket implements WebSocketLike {
      binaryType = "";
      protocol = "";
      bufferedAmount = 0;
      onopen: any;
      onmessage: any;
      onclose: any;
      onerror: any;
      constructor(url: string, protocols: string[]) {
        urls.push(`${url} ${protocols}`);
        setTimeout(() => {
          this.onerror({ message });
          this.onclose({ code: 1006, reason: "" });
        }, 10);
      }
      send() {}
      close() {}
    }
    return { Socket, urls };
  }

  it("asks for a token and an address each time, and has the same id and the next number each time", async () => {
    const { Socket, urls } = refusing();
    let n = 0;
    client = new Client({ webSocket: Socket, token: async () => `t${++n}` });
    void failure(client.connect(({ attempt }) => `node${attempt}.example:9000`));

    await advance(3000);

    const { id } = client;
    expect(urls.slice(0, 3)).toEqual([
      `ws://node0.example:9000/ws?session=t1&client=${id}&client_number=1 swill.v1`,
      `ws://node1.example:9000/ws?session=t2&client=${id}&client_number=2 swill.v1`,
      `ws://node2.example:9000/ws?session=t3&client=${id}&client_number=3 swill.v1`,
    ]);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Client().id).not.toBe(id);
  });

  it("does not tell the token that was in the address", async () => {
    const message = "cannot connect to 'ws://localhost:8080/ws?client=me&session=secret'";
    client = new Client({ webSocket: refusing(message).Socket, token: () => "secret" });
    void failure(client.connect("ws://localhost:8080/ws?client=me"));
    await advance(10);

    expect(client.state).toMatchObject({ status: "waiting", reason: "no connection to ws://localhost:8080/ws: cannot connect to 'ws://localhost:8080/ws'" });
  });

  it("says where there was nobody, without the token, also where the platform does not say why", async () => {
    client = new Client({ webSocket: refusing().Socket, token: () => "secret" });
    void failure(client.connect("wss://example.org/rpc?a=1"));
    await advance(10);

    expect(client.state.reason).toBe("no connection to wss://example.org/rpc");
  });

  it("leaves a client in the address as it is", async () => {
    const { Socket, urls } = refusing();
    client = new Client({ webSocket: Socket });
    void failure(client.connect("ws://node.example/ws?client=me"));
    await advance(0);

    expect(urls).toEqual(["ws://node.example/ws?client=me swill.v1"]);
  });

  it.each([
    ["NetworkError: failed to connect to WebSocket: Invalid status code: 401", 401], // Deno
    ["WebSocket connection to 'ws://localhost/ws' failed: Expected 101 status code: 403", 403], // Bun
  ])("is the last one after the words %s", async (message, code) => {
    client = new Client({ webSocket: refusing(message).Socket });
    const problem = failure(client.connect("localhost"));
    await advance(10);

    expect(await problem).toMatchObject({ name: "ConnectionError", code, message: `no connection to ws://localhost:8080/ws: ${message}` });
  });

  it("fails, and is followed by another, when the token cannot be had", async () => {
    client = new Client({ token: async () => Promise.reject(new Error("no token")) });
    void failure(client.connect("localhost"));
    await advance(0);

    expect(client.state).toMatchObject({ status: "waiting", reason: "no token" });
  });
});

describe("an address", () => {
  it.each([
    ["localhost", "ws://localhost:8080/ws"],
    ["example.org:9000", "ws://example.org:9000/ws"],
    ["[::1]", "ws://[::1]:8080/ws"],
    ["wss://example.org", "wss://example.org/ws"],
    ["https://example.org/rpc?a=1", "wss://example.org/rpc?a=1"],
    ["http://example.org", "ws://example.org/ws"],
    ["HTTPS://example.org", "wss://example.org/ws"],
    ["example.org:9000/rpc?a=1", "ws://example.org:9000/rpc?a=1"],
    ["example.org/rpc", "ws://example.org:8080/rpc"],
    [new URL("http://example.org"), "ws://example.org/ws"],
  ])("%s means %s", (target, url) => {
    expect(urlOf(target).href).toBe(url);
  });

  it.each([
    ["", '"" is none'],
    ["localhost:abc", '"localhost:abc" is none'],
    ["localhost:99999", '"localhost:99999" is none'],
    ["localhost:0", '"localhost:0" has no port from 1 to 65535'],
    ["/ws", '"/ws" is none'],
    ["ftp://example.org", '"ftp://example.org" has a scheme that is not ws, wss, http or https'],
    ["ws://example.org/ws#top", '"ws://example.org/ws#top" has a fragment'],
  ])("%j is refused, in words that say what would be right", (target, why) => {
    const right = "HOST, HOST:PORT or a URL such as ws://HOST:PORT/ws, or a function that gives one";
    expect(() => urlOf(target)).toThrow(new TypeError(`connect() wants an address, ${right}: ${why}`));
  });

  it("without more is that of a balancer with TLS, on a page that came by https", () => {
    vi.stubGlobal("location", { protocol: "https:" });
    expect(urlOf("example.org").href).toBe("wss://example.org/ws");
  });
});

describe("the heartbeat", () => {
  it("notices a half-open link within its bound", async () => {
    await connect();
    server.link.deaf = true;
    const call = failure(client.call("a"));

    await advance(14_999 + 10_000 - 5000); // since the last answer, which was the first
    expect(client.state.status).toBe("connected");
    await advance(1);

    expect(client.state.status).toBe("waiting");
    expect(client.state.reason).toMatch("the server has not answered");
    expect(server.links[0]!.closed).toBe(true);
    expect(await call).toBeInstanceOf(MaybeExecutedError);
  });

  it("asks nothing while something comes, and stays connected while it is answered", async () => {
    await connect();
    const stream = client.stream("s", 1, { queueLength: 1e6 });
    for (let i = 0; i < 60; i++) {
      server.link.reply(2, i);
      await advance(1000);
    }
    expect(server.link.pings).toBe(1); // the first

    await advance(600_000);

    expect(server.link.pings).toBeGreaterThan(30);
    expect(client.state.status).toBe("connected");
    stream.cancel();
  });

  it("is patient while an upload is open, since the server may be waiting for its handler", async () => {
    await connect();
    void failure(client.upload("slow", silent()));
    server.link.deaf = true;

    await advance(10_000 + 60_000 - 1);
    expect(client.state.status).toBe("connected");
    await advance(1);

    expect(client.state.status).toBe("waiting");
  });

  it("asks again after this machine has slept, instead of blaming the server", async () => {
    await connect();
    server.link.deaf = true;
    await advance(15_000);
    const { pings } = server.link;
    server.link.deaf = false;
    const ahead = performance.now() + 3_600_000;
    vi.spyOn(performance, "now").mockImplementation(() => ahead);
    await advance(10_000);

    expect(server.link.pings).toBe(pings + 1);
    expect(client.state.status).toBe("connected");
  });
});

describe("a page", () => {
  let heard: Record<string, () => void>;
  let page: { hidden: boolean; addEventListener: any; removeEventListener: any };
  beforeEach(() => {
    heard = {};
    const addEventListener = (name: string, f: () => void) => (heard[name] = f);
    const removeEventListener = (name: string, f: () => void) => {
      if (heard[name] === f) delete heard[name];
    };
    page = { hidden: false, addEventListener, removeEventListener };
    vi.stubGlobal("addEventListener", addEventListener);
    vi.stubGlobal("removeEventListener", removeEventListener);
    vi.stubGlobal("document", page);
  });

  it.each(["online", "visibilitychange"])("connects at once on %s", async (event) => {
    await connect();
    server.refusal = { reason: "no network" };
    server.link.lose();
    await advance(600_000); // ten minutes
    expect(client.state.status).toBe("waiting");
    expect(client.state.delayMs).toBe(15_000);
    server.refusal = undefined;

    heard[event]!();
    await advance(0);

    expect(client.state.status).toBe("connected");
  });

  it("does not connect while it is hidden, nor before the server's wish", async () => {
    await connect();
    page.hidden = true;
    server.refusal = { reason: "down", retryAfterMs: 60_000 };
    server.link.lose();
    heard.visibilitychange!();
    await advance(0);
    expect(server.attempts).toBe(1);

    page.hidden = false;
    await advance(250);
    expect(server.attempts).toBe(2);
    heard.online!();
    await advance(0);

    expect(server.attempts).toBe(2);
  });

  it("that loses its network keeps a connection that answers, and does not end a wait", async () => {
    await connect();
    const { pings } = server.link;
    heard.offline!();
    await advance(3000);
    expect([server.link.pings, client.state.status]).toEqual([pings + 1, "connected"]);

    server.refusal = { reason: "down" };
    server.link.lose();
    heard.offline!();
    await advance(0);

    expect(server.attempts).toBe(1);
  });

  it.each(["visibilitychange", "offline"])("asks at once on %s whether the server is still there, and goes on within 3 s if not", async (event) => {
    await connect();
    server.link.deaf = true;

    heard[event]!();
    await advance(3000 + 250);

    expect(server.links).toHaveLength(2);
    expect(client.state.status).toBe("connected");
  });

  it("is left alone after close", async () => {
    await connect();
    expect(Object.keys(heard).sort()).toEqual(["offline", "online", "visibilitychange"]);

    client.close();

    expect(Object.keys(heard)).toEqual([]);
  });
});

describe("a transport that does not send", () => {
  it("is lost", async () => {
    await connect();
    server.link.send = () => {
      throw new Error("not open");
    };

    const problem = failure(client.call("a"));
    await advance(250);

    expect(await problem).toBeInstanceOf(MaybeExecutedError);
    expect((await problem).message).toMatch("not open");
    expect(server.links).toHaveLength(2);
  });
});

describe("after a lost connection, the client", () => {
  it("is the same object, and its state says what goes on", async () => {
    await connect();
    const states: string[] = [];
    client.subscribe(() => states.push(`${client.getSnapshot().status} ${client.state.attempt} ${client.state.reason}`));
    server.refusal = { reason: "down" };

    server.link.lose({ reason: "restart", code: 1012 });
    await advance(250);
    server.refusal = undefined;
    await advance(250);

    expect(states).toEqual([
      "waiting 0 restart",
      "connecting 0 restart",
      "waiting 1 down",
      "connecting 1 down",
      "connected 0 ",
    ]);
  });

  it("tells of a loss of 5 s, once, and of its end, and not of a short one", async () => {
    await connect();
    const told: boolean[] = [];
    const end = client.onLost((isLost) => told.push(isLost));
    server.link.lose();
    await advance(4_000);
    expect(client.state.status).toBe("connected");
    expect(told).toEqual([]);

    server.refusal = { reason: "down" };
    server.link.lose();
    await advance(4_999);
    expect(told).toEqual([]);
    await advance(1);
    expect(told).toEqual([true]);
    await advance(60_000);
    server.refusal = undefined;
    await advance(30_000);

    expect(told).toEqual([true, false]);
    end();
  });

  it("does not connect again when it was closed", async () => {
    await connect();

    client.close();
    server.link.lose();
    await advance(60_000);

    expect(client.state).toMatchObject({ status: "closed", reason: "" });
    expect(server.attempts).toBe(1);
  });
});

describe("after a lost connection, a unary call", () => {
  it("that is idempotent is sent again", async () => {
    await connect();
    const answer = client.call("get", 1, { idempotent: true });
    server.link.lose();
    await advance(250);

    expect(server.link.sent).toEqual([[4, 1, "get"]]);
    server.link.reply(4, "well");

    expect(await answer).toBe("well");
  });

  it("that is idempotent waits for each next connection anew", async () => {
    await connect({ heartbeatMs: 1e6 });
    server.link.lose();
    const answer = client.call("get", 1, { idempotent: true }); // waits a first time
    await advance(20_000);
    server.link.lose();
    await advance(250);

    expect(server.link.sent).toEqual([[expect.any(Number), 1, "get"]]);
    server.link.reply(server.link.last[0], "well");
    expect(await answer).toBe("well");
  });

  it("that is idempotent keeps its deadline", async () => {
    await connect();
    const answer = failure(client.call("get", 1, { idempotent: true, timeoutMs: 1000 }));
    server.link.lose();
    await advance(250);
    expect(server.link.last).toEqual([4, 1, "get", 0, { timeout_ms: 750 }]);

    await advance(750);

    expect((await answer).code).toBe(408);
  });

  it("that is idempotent is also sent again after a retryable 503, when the server wishes", async () => {
    await connect();
    const answer = client.call("get", 1, { idempotent: true });
    server.link.fail(2, 503, "draining", { retry_after_ms: 100 });
    await advance(99);
    expect(server.link.sent).toHaveLength(1);

    await advance(1);
    server.link.reply(server.link.last[0], "well");

    expect(await answer).toBe("well");
  });

  it("that waits after a 503 is not sent when it is cancelled, nor twice when the connection is lost meanwhile", async () => {
    await connect();
    const controller = new AbortController();
    void failure(client.call("a", 1, { idempotent: true, signal: controller.signal }));
    void failure(client.call("b", 1, { idempotent: true }));
    server.link.fail(2, 503, "draining", { retry_after_ms: 1000 });
    server.link.fail(3, 503, "draining", { retry_after_ms: 1000 });

    controller.abort();
    server.link.lose();
    await advance(5000);

    expect(server.link.sent.map((e) => e[2])).toEqual(["b"]);
  });

  it("that is idempotent gives up on 503 after waitMs, and a call that is not, at once", async () => {
    await connect();
    const answers = [failure(client.call("get", 1, { idempotent: true, waitMs: 1000 })), failure(client.call("set"))];
    server.link.fail(2, 503);
    server.link.fail(3, 503);
    for (let i = 0; i < 8; i++) {
      await advance(250);
      if (server.link.last[0] > 3) server.link.fail(server.link.last[0], 503);
    }

    expect((await answers[0]).code).toBe(503);
    expect((await answers[1]).code).toBe(503);
  });

  it("that is idempotent is not sent again when it was too large: 1009", async () => {
    await connect();
    const large = failure(client.call("get", "x".repeat(1000), { idempotent: true }));
    const small = failure(client.call("get", 1, { idempotent: true }));
    const upload = failure(client.upload("put", ["x".repeat(100)]));
    await settle();

    server.link.lose({ code: 1009, reason: "message too big" });

    const message = "a message was larger than the server takes: message too big";
    expect(await large).toMatchObject({ name: "SwillError", code: 413, retryable: false, message });
    expect(await small).toMatchObject({ name: "MaybeExecutedError", retryable: false, message: `the connection broke (${message}); the call may have run` });
    expect(await upload).toBeInstanceOf(StreamBrokenError);
    await advance(1000);
    expect(server.link.sent).toEqual([]);
  });

  it("is told apart from an upload with an item that was too large: 1009", async () => {
    await connect();
    const upload = failure(client.upload("put", ["x".repeat(1000)]));
    const small = failure(client.call("get"));
    await settle();

    server.link.lose({ code: 1009, reason: "message too big" });

    expect(await upload).toMatchObject({ code: 413 });
    expect(await small).toBeInstanceOf(MaybeExecutedError);
  });

  it("may have run, and says so by a class of its own", async () => {
    await connect();
    const answer = failure(client.call("pay"));

    server.link.lose({ reason: "reset" });

    const problem = await answer;
    expect(problem).toBeInstanceOf(MaybeExecutedError);
    expect(problem).toMatchObject({ code: 0, retryable: false, message: "the connection broke (reset); the call may have run" });
    await advance(1000);
    expect(server.link.sent).toEqual([]);
  });

  it("that was begun without a connection is sent when there is one", async () => {
    await connect();
    server.link.lose();
    const answer = client.call("pay");
    await advance(250);

    server.link.reply(server.link.last[0], "paid");

    expect(await answer).toBe("paid");
  });

  it("that never left says so, after waitMs", async () => {
    await connect();
    server.refusal = { reason: "down" };
    server.link.lose();
    const answers = [failure(client.call("pay")), failure(client.call("pay", 1, { waitMs: 100 }))];

    await advance(100);
    expect(client.pending.count).toBe(1);
    await advance(9_900);

    for (const answer of answers) {
      expect(await answer).toBeInstanceOf(NotSentError);
      expect(await answer).toMatchObject({ retryable: true, message: "not sent: no connection in time" });
    }
  });

  it("that would be one too many to wait is not sent, and says so at once", async () => {
    await connect({ waiting: 2 });
    server.link.lose();
    void failure(client.call("a"));
    void failure(client.call("b"));

    expect((await failure(client.call("c"))).message).toBe("not sent: too many wait for a connection");
  });

  it("that is cancelled while it waits is never sent", async () => {
    await connect();
    server.link.lose();
    const controller = new AbortController();
    const answer = failure(client.call("pay", 1, { signal: controller.signal }));
    controller.abort(new Error("enough"));
    await advance(250);

    expect((await answer).message).toBe("enough");
    expect(server.link.sent).toEqual([]);
  });
});

describe("after a lost connection, a stream", () => {
  it("ends with how far it came", async () => {
    await connect();
    const stream = client.stream("count");
    server.link.reply(2, 1);
    server.link.reply(2, 2);

    server.link.lose({ reason: "reset" });

    expect((await stream.next()).value).toBe(1);
    expect((await stream.next()).value).toBe(2);
    const problem = await failure(stream.next());
    expect(problem).toBeInstanceOf(StreamBrokenError);
    expect(problem).toMatchObject({ received: 2, sent: 0 });
    expect(stream.getSnapshot().status).toBe("failed");
    expect((await stream.next()).done).toBe(true);
  });

  it("ends with how far it came, as an upload and a duplex too, and their sources end", async () => {
    await connect();
    const ended: string[] = [];
    async function* source(name: string) {
      try {
        yield 1;
        yield 2;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      } finally {
        ended.push(name);
      }
    }
    const upload = failure(client.upload("sum", source("upload")));
    const duplex = client.duplex("echo", source("duplex"));
    await settle();
    server.link.reply(3, 1);

    server.link.lose();
    await advance(1000);

    expect(await upload).toMatchObject({ name: "StreamBrokenError", received: 0, sent: 2 });
    expect((await duplex.next()).value).toBe(1);
    expect(await failure(duplex.next())).toMatchObject({ name: "StreamBrokenError", received: 1, sent: 2 });
    expect(ended.sort()).toEqual(["duplex", "upload"]);
    expect(server.link.sent).toEqual([]); // nothing of them reaches the next connection
  });

  it("that was begun without a connection begins when there is one", async () => {
    await connect();
    server.link.lose();
    const stream = client.stream("count");
    await advance(250);

    server.link.reply(server.link.last[0], 1);

    expect((await stream.next()).value).toBe(1);
  });

  it("may be cancelled by what the end of another makes the application do", async () => {
    await connect();
    const first = client.stream("a");
    const second = client.stream("b");
    first.subscribe(() => second.cancel());

    server.link.lose();
    await advance(250);

    expect(client.state.status).toBe("connected");
    expect(second.getSnapshot().status).toBe("ended");
  });
});

/** Items that never come. */
async function* silent() {
  yield await new Promise(() => {});
}
