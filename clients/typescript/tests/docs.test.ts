import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { api, checkGuest, isErrorOf } from "./generated/gateway.js";
import { asLocalhost, missing, serve, type Server } from "./support/servers.js";
// The package as users get it, so that what the pages show is what works.
import {
  Client,
  ConnectionError,
  MaybeExecutedError,
  portTransport,
  presence,
  publish,
  SwillError,
  textsOf,
  topic,
  type Transport,
  ValidationError,
} from "@swill/swill";

// What docs/typescript.md and README.md show stands here between marks, and is run.

describe.skipIf(missing("swill-gateway"))("the documentation", () => {
  let server: Server;
  let restore: () => void;
  let out: unknown[][] = [];
  const console = { log: (...what: unknown[]) => out.push(what) };

  beforeAll(async () => {
    server = await serve("swill-gateway");
    restore = asLocalhost(server);
  });

  afterAll(async () => {
    restore?.();
    await server?.stop();
  });

  it("shows a first call", async () => {
    out = [];
    // [first]
    const client = new Client();
    await client.connect("localhost");

    console.log(await client.call("math.add", [1, 2])); // 3
    for await (const time of client.stream<Date>("clock.ticks", 2)) console.log(time);
    client.close();
    // [/first]
    expect(out).toEqual([[3], [expect.any(Date)], [expect.any(Date)]]);
  });

  it("shows each shape", async () => {
    out = [];
    const client = new Client();
    await client.connect("localhost");
    // [shapes]
    interface Greeting {
      text: string;
      at: Date;
    }
    const { text } = await client.call<Greeting>("greeter.hello", { name: "Ada" }); // a message for a message
    const total = await client.upload<number>("math.sum", [1, 2, 3]); // a stream for a message

    async function* lines() {
      yield "one";
      yield "two";
    }
    for await (const line of client.duplex<string>("chat.echo", lines())) console.log(line); // a stream for a stream
    // [/shapes]
    expect([text, total]).toEqual(["Hello, Ada!", 6]);
    expect(out).toEqual([["one"], ["two"]]);
    client.close();
  });

  it("shows what goes wrong", async () => {
    out = [];
    const client = new Client();
    await client.connect("localhost");
    // [errors]
    async function greet(name: string) {
      try {
        await client.call("greeter.hello", { name });
      } catch (problem) {
        if (problem instanceof ValidationError) console.log(problem.fields.name); // code 422: what is wrong with which field
        else if (problem instanceof MaybeExecutedError) console.log("it may have run"); // look, before trying again
        else if (problem instanceof ConnectionError) console.log("not connected", problem.retryable);
        else if (problem instanceof SwillError) console.log(problem.code, problem.message, problem.data);
        else throw problem;
      }
    }
    // [/errors]
    await greet("");
    client.close();
    await greet("Ada");
    expect(out).toEqual([[[{ description: "length less than 1" }]], ["not connected", false]]);
  });

  it("shows texts for a form", async () => {
    const client = new Client();
    await client.connect("localhost");
    let hints: Record<string, string[]> = {};
    const form = { name: "" };
    // [texts]
    hints = textsOf(checkGuest(form)); // { name: ["length less than 1"] }; of an item of a list: "lines[1].sku"
    await client.call("greeter.hello", form).catch((problem) => {
      if (problem instanceof ValidationError) hints = problem.texts; // the same, of what the server says
      else throw problem;
    });
    // [/texts]
    expect([hints, textsOf(checkGuest(form))]).toEqual([{ name: ["length less than 1"] }, { name: ["length less than 1"] }]);
    client.close();
  });

  it("shows a generated client", async () => {
    out = [];
    const client = new Client();
    await client.connect("localhost");
    // [generated]
    const { clock, greeter } = api(client);
    const { text } = await greeter.hello({ name: "Ada", language: "fr" }); // another language, or none of these fields: tsc says no
    for await (const time of clock.ticks(2)) console.log(text, time.getFullYear());

    const form = { name: "" };
    console.log(checkGuest(form)); // { name: [{ description: "length less than 1" }] }, and nothing was sent
    try {
      await greeter.hello(form);
    } catch (problem) {
      if (!isErrorOf("greeter.hello", problem)) throw problem; // a connection, or an error that any handler may answer
      if (problem.code === 422) console.log(problem.data); // the same, from the server
    }
    // [/generated]
    const problems = { name: [{ description: "length less than 1" }] };
    expect(out).toEqual([...Array(2).fill(["Bonjour, Ada!", expect.any(Number)]), [problems], [problems]]);
    client.close();
  });

  it("tells the types of what errors say", async () => {
    const client = new Client();
    await client.connect("localhost");
    const { clock } = api(client);

    const problem: unknown = await clock.wait(1001).catch((e) => e);

    if (!isErrorOf("clock.wait", problem) || problem.code !== 400) throw problem;
    expect(problem.data.most satisfies number).toBe(1000);
    client.close();
  });

  it("shows how to cancel", async () => {
    out = [];
    const client = new Client();
    await client.connect("localhost");
    // [cancel]
    const controller = new AbortController();
    const slow = client.call("clock.wait", 1000, { signal: controller.signal });
    slow.catch((problem) => console.log(problem.message)); // the signal's reason
    controller.abort(new Error("changed my mind"));

    const limited = client.call("clock.wait", 1000, { timeoutMs: 50 }); // from now on, here and at the server
    limited.catch((problem) => console.log(problem.code)); // 408

    for await (const time of client.stream<Date>("clock.ticks", 1000)) {
      if (time.getTime() > 0) break; // the handler is cancelled now, not at its next item
    }
    // [/cancel]
    await vi.waitFor(() => expect(out).toEqual([["changed my mind"], [408]]));
    client.close();
  });

  it("shows topics", async () => {
    out = [];
    const client = new Client();
    await client.connect("localhost");
    // [topic]
    interface Line {
      from: string;
      text: string;
    }
    async function follow(room: string) {
      for await (const { missed, data } of topic<Line>(client, room)) {
        if (missed) console.log("some were missed"); // more than the server keeps: load what is there now
        else console.log(data.from, data.text);
      }
    }
    // [/topic]
    void follow("chat.lobby").catch(() => {});
    await vi.waitFor(() => expect(topic(client, "chat.lobby").getSnapshot().status).toBe("live"));
    // [publish]
    await publish(client, "chat.lobby", { text: "hi" }); // once, however often it has to be sent

    const people = presence(client, "chat.lobby");
    const stop = people.subscribe(() => console.log(people.getSnapshot().members.map((m) => m.user)));
    // [/publish]
    const byKind = () => [out.filter((line) => line.length === 2), out.filter((line) => line.length === 1)]; // which are as quick as they like
    await vi.waitFor(() => expect(byKind()).toEqual([[["guest", "hi"]], [[[]], [[""]]]]));
    stop();
    client.close();
  });

  it("shows what a page tells its user", async () => {
    out = [];
    const banner = { hidden: true };
    // [state]
    const client = new Client();
    client.subscribe(() => console.log(client.state.status, client.state.reason)); // connecting, connected, waiting …
    client.onLost((isLost) => {
      banner.hidden = !isLost; // after 5 s without a connection, and when it is back
    });
    const mayLeave = () => client.pending.count === 0;
    // [/state]
    await client.connect("localhost");
    expect(out).toEqual([
      ["connecting", ""],
      ["connected", ""],
    ]);
    expect([banner.hidden, mayLeave()]).toEqual([true, true]);
    client.close();
  });

  it("shows how a client is told where and who", async () => {
    const tokens = ["t1"];
    const fetchToken = async () => tokens.shift();
    // [options]
    const client = new Client({
      token: async () => await fetchToken(), // asked before every attempt; travels as ?session=…
      heartbeatMs: 20_000,
      backoff: { firstMs: 250, longestMs: 10_000 },
    });
    const nodes = ["ws://localhost:8080/ws", "ws://localhost:8080/ws?second"];
    await client.connect(({ attempt }) => nodes[attempt % nodes.length]!, { timeoutMs: Infinity });
    // [/options]
    expect(await client.call("math.add", [1, 2])).toBe(3);
    expect(tokens).toEqual([]);
    client.close();
  });

  it("shows a transport of one's own", async () => {
    const { port1, port2 } = new MessageChannel();
    // A worker that answers everything with nil.
    port2.onmessage = ({ data }: { data: Uint8Array }) => port2.postMessage(new Uint8Array([0x95, data[1]!, 0xc0, 0x00, 0xc0, 0xc0]));
    const port = port1;
    // [transport]
    const client = new Client();
    await client.connect((): Transport => portTransport(port)); // of a MessageChannel, such as to a SharedWorker that has the socket
    // [/transport]
    expect(await client.call("anything")).toBe(null);
    client.close();
    port2.close();
  });
});
